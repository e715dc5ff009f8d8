/**
 * What the package bash-completion brings, in our own words: the functions that completions are written with, and the loader
 * that reads a command's completion when it is first wanted.
 */
export const BASH_COMPLETION = `# Programmable completion of bash: functions for completions, and their loader.
shopt -s extglob progcomp

# _get_comp_words_by_ref [-n CHARS] [cur] [prev] [words] [cword]: the line's words in variables of the caller, where CHARS
# part no words whatever COMP_WORDBREAKS says.
_get_comp_words_by_ref() {
    local OPTIND=1 OPTARG _flag _keep= _cur=cur _prev=prev _words=words _cword=cword
    while getopts n:c:p:w:i: _flag "$@"; do
        case $_flag in
            n) _keep=$OPTARG ;;
            c) _cur=$OPTARG ;;
            p) _prev=$OPTARG ;;
            w) _words=$OPTARG ;;
            i) _cword=$OPTARG ;;
        esac
    done
    local _line=$COMP_LINE _all=() _i _word _gap _last= _start=0 _at _from
    for ((_i = 0; _i < \${#COMP_WORDS[@]}; _i++)); do
        _word=\${COMP_WORDS[_i]}
        if [[ -n $_word ]]; then _gap=\${_line%%"$_word"*}; else _gap=$_line; fi
        _line=\${_line:\${#_gap}}
        if [[ -n $_keep && $_i -gt 0 && -z $_gap && ( $_word == *[$_keep]* || $_last == *[$_keep] ) ]]; then
            _all[-1]+=$_word
        else
            _start=$((\${#COMP_LINE} - \${#_line}))
            _all+=("$_word")
        fi
        _line=\${_line:\${#_word}}
        _last=$_word
        ((_i == COMP_CWORD)) && _at=$((\${#_all[@]} - 1)) _from=$_start
    done
    printf -v "$_cur" %s "\${COMP_LINE:_from:COMP_POINT > _from ? COMP_POINT - _from : 0}"
    printf -v "$_prev" %s "$( ((_at > 0)) && printf %s "\${_all[_at - 1]}")"
    printf -v "$_cword" %s "$_at"
    eval "$_words=(\\"\\\${_all[@]}\\")"
}

# _init_completion [-n CHARS]: cur, prev, words and cword of the caller; false when files are completed behind > or <.
_init_completion() {
    local OPTIND=1 OPTARG _flag _keep=
    while getopts n:e:o:i:s _flag "$@"; do
        [[ $_flag == n ]] && _keep=$OPTARG
    done
    COMPREPLY=()
    _get_comp_words_by_ref -n "$_keep<>&" cur prev words cword
    if [[ $prev == *[\\<\\>] ]]; then
        _filedir
        return 1
    fi
    ((cword > 0))
}

# Takes from COMPREPLY what stands before the last colon of a word, where colons part words.
__ltrim_colon_completions() {
    [[ $1 == *:* && $COMP_WORDBREAKS == *:* ]] || return 0
    local _head=\${1%"\${1##*:}"}
    COMPREPLY=("\${COMPREPLY[@]#"$_head"}")
}

# _filedir [-d | PATTERN]: directories, and files whose names end in .PATTERN.
_filedir() {
    local IFS=$'\\n' _names
    _names=($(compgen -d -- "$cur"))
    if [[ \${1-} != -d ]]; then
        if [[ -n \${1-} ]]; then
            _names+=($(compgen -f -X "!*.@($1|\${1^^})" -- "$cur"))
        else
            _names+=($(compgen -f -- "$cur"))
        fi
    fi
    ((\${#_names[@]})) || return 0
    compopt -o filenames 2>/dev/null
    COMPREPLY+=("\${_names[@]}")
}

# Reads the completion of a command when it is first asked for.
_completion_loader() {
    local _name=\${1##*/} _dir
    [[ -n $_name ]] || return 1
    for _dir in ~/.local/share/bash-completion/completions /usr/local/share/bash-completion/completions \\
        /usr/share/bash-completion/completions; do
        [[ -r $_dir/$_name ]] && . "$_dir/$_name" && return 124
    done
    complete -o bashdefault -o default -- "$_name" && return 124
}
complete -D -o bashdefault -o default -F _completion_loader

# _command_offset N: completes as if the command began at the Nth word.
_command_offset() {
    local _i _spec _opt
    for ((_i = 0; _i < $1; _i++)); do
        COMP_POINT=$((COMP_POINT - \${#COMP_LINE}))
        COMP_LINE=\${COMP_LINE#*"\${COMP_WORDS[_i]}"}
        COMP_LINE=\${COMP_LINE#"\${COMP_LINE%%[![:blank:]]*}"}
        COMP_POINT=$((COMP_POINT + \${#COMP_LINE}))
    done
    COMP_WORDS=("\${COMP_WORDS[@]:$1}")
    COMP_CWORD=$((COMP_CWORD - $1))
    local cur=\${COMP_WORDS[COMP_CWORD]} _name=\${COMP_WORDS[0]}
    COMPREPLY=()
    if ((COMP_CWORD == 0)); then
        mapfile -t COMPREPLY < <(compgen -d -c -- "$cur")
        compopt -o filenames
        return
    fi
    if ! _spec=$(complete -p -- "\${_name##*/}" 2>/dev/null); then
        _completion_loader "$_name"
        _spec=$(complete -p -- "\${_name##*/}" 2>/dev/null) || return
    fi
    if [[ $_spec == *' -F '* ]]; then
        _opt=\${_spec#* -F }
        "\${_opt%% *}" "$_name" "$cur" "\${COMP_WORDS[COMP_CWORD - 1]}"
    elif [[ $_spec == *' -'[a-zA-Z]* ]]; then
        mapfile -t COMPREPLY < <(_spec=\${_spec#complete }; eval "compgen \${_spec% *} -- "$cur"" 2>/dev/null)
    fi
    while [[ $_spec == *' -o '* ]]; do
        _spec=\${_spec#* -o }
        compopt -o "\${_spec%% *}" 2>/dev/null
    done
}

# Completes the command that stands behind one that runs others, after its options.
_command() {
    local _at
    for ((_at = 1; _at < COMP_CWORD; _at++)); do
        [[ \${COMP_WORDS[_at]} == [-=]* || \${COMP_WORDS[_at + 1]-} == = || \${COMP_WORDS[_at - 1]} == = ]] || break
    done
    _command_offset "$_at"
}
complete -F _command sudo nohup exec nice eval time then else do command xargs env watch

# cd and pushd go on into directories.
_cd() {
    local cur prev words cword
    _init_completion && _filedir -d
}
complete -o nospace -F _cd cd pushd
complete -o filenames -d rmdir

for _file in /etc/bash_completion.d/*; do
    [[ -f $_file && -r $_file ]] && . "$_file"
done
unset -v _file
[[ -r ~/.bash_completion ]] && . ~/.bash_completion
:
`;

/**
 * Bash's completion of a program that is made with cobra, in our own words: it asks `PROGRAM __complete` and obeys the
 * bits of its answer (1 error, 2 no blank behind the word, 4 no files, 8 files that end so, 16 directories, 32 in this order).
 */
export function cobraCompletion(program: string): string {
  const name = program.replace(/[^A-Za-z0-9_]/g, "_");
  return `# bash completion for ${program}                                -*- shell-script -*-

__${name}_reply() {
    local line longest=0 plain room=\${COLUMNS:-80} text
    for line; do
        plain=\${line%%$'\\t'*}
        [[ -n $plain && $plain == "$cur"* ]] || continue
        COMPREPLY+=("$line")
        ((\${#plain} > longest)) && longest=\${#plain}
    done
    # One word alone, and words that are put into the line, stand without what is said of them.
    if ((\${#COMPREPLY[@]} == 1 || COMP_TYPE == 37 || COMP_TYPE == 42)); then
        COMPREPLY=("\${COMPREPLY[@]%%$'\\t'*}")
        return
    fi
    local i width
    for i in "\${!COMPREPLY[@]}"; do
        line=\${COMPREPLY[i]}
        [[ $line == *$'\\t'* ]] || continue
        plain=\${line%%$'\\t'*}
        text=\${line#*$'\\t'}
        width=$((room - longest - 4))
        if ((width > 8)); then printf -v plain '%-*s' "$longest" "$plain"; else width=$((room - \${#plain} - 4)); fi
        if ((width > 0)); then
            ((\${#text} > width)) && text=\${text:0:width - 1}…
            plain+="  ($text)"
        fi
        COMPREPLY[i]=$plain
    done
}

__start_${name}() {
    local cur prev words cword split
    COMPREPLY=()
    if declare -F _init_completion >/dev/null; then
        _init_completion -n =: || return
    else
        _get_comp_words_by_ref -n =: cur prev words cword || return
    fi
    words=("\${words[@]:0:cword + 1}")
    local ask="\${words[0]} __complete \${words[*]:1}" last=\${words[-1]} out directive found=() line filter=
    [[ -z $cur && \${last: -1} != = ]] && ask+=" ''"
    [[ $cur == -*=* ]] && cur=\${cur#*=}
    out=$(eval "$ask" 2>/dev/null)
    directive=\${out##*:}
    [[ $out == *:* ]] || directive=0
    out=\${out%:*}
    ((directive & 1)) && return
    ((directive & 2)) && compopt -o nospace
    ((directive & 32)) && compopt -o nosort
    ((directive & 4)) && compopt +o default
    while IFS= read -r line; do
        [[ -z $line || $line == '_activeHelp_ '* ]] || found+=("$line")
    done <<<"$out"
    if ((directive & 8)); then
        for line in "\${found[@]}"; do filter+="$line|"; done
        _filedir "$filter"
    elif ((directive & 16)); then
        if [[ -n \${found[0]-} ]]; then
            pushd "\${found[0]}" >/dev/null 2>&1 && _filedir -d && popd >/dev/null 2>&1
        else
            _filedir -d
        fi
    else
        __${name}_reply "\${found[@]}"
    fi
    local char head
    for char in : =; do
        [[ $cur == *$char* && $COMP_WORDBREAKS == *$char* ]] || continue
        head=\${cur%"\${cur##*$char}"}
        COMPREPLY=("\${COMPREPLY[@]#"$head"}")
    done
}

complete -o default -F __start_${name} ${program}
`;
}
