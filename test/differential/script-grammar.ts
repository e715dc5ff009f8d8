import fc from "fast-check";
import { wider } from "./script-grammar-wide.ts";

/** The language of random scripts: words, expressions, conditions, commands, and what they are put together to. */
const name = fc.constantFrom("a", "b", "c", "arr", "m");
const literal = fc.constantFrom(
  "x",
  "foo",
  "a b",
  "",
  "1",
  "42",
  "-7",
  "*",
  "a:b:c",
  "path/to/file.txt",
  "é",
  "한글",
  "$",
  "\\n",
  "~",
  "{1,2}",
  "[ab]",
);
const glob = fc.constantFrom("*", "?", "a*", "*o", "[a-f]*", "*:", "+([0-9])", "/*", "*/", "\\*", "o");

const parameter: fc.Arbitrary<string> = fc.oneof(
  name.map((n) => `$${n}`),
  name.map((n) => `\${${n}}`),
  name.map((n) => `\${#${n}}`),
  fc.tuple(name, fc.constantFrom(":-", "-", ":+", "+"), literal).map(([n, op, w]) => `\${${n}${op}${quoteFree(w)}}`),
  fc.tuple(name, fc.constantFrom("#", "##", "%", "%%"), glob).map(([n, op, g]) => `\${${n}${op}${g}}`),
  fc
    .tuple(name, fc.constantFrom("/", "//", "/#", "/%"), glob, literal)
    .map(([n, op, g, w]) => `\${${n}${op}${g.replaceAll("/", "")}/${quoteFree(w)}}`),
  fc
    .tuple(name, fc.integer({ min: -4, max: 4 }), fc.integer({ min: 0, max: 4 }))
    .map(([n, from, size]) => `\${${n}: ${from}:${size}}`),
  fc
    .tuple(
      name,
      fc.constantFrom("^", "^^", ",", ",,", "~~", "@Q", "@U", "@u", "@L", "@A", "@a", "@E", "@P", "@K", "@k"),
    )
    .map(([n, op]) => `\${${n}${op}}`),
  fc.constantFrom(
    "${arr[@]}",
    "${arr[*]}",
    "${#arr[@]}",
    "${arr[1]}",
    "${arr[-1]}",
    "${!arr[@]}",
    "${arr[@]:1:2}",
    "${arr[@]/o/0}",
    "${m[k]}",
    "${!m[@]}",
    "${!a@}",
    "${!ar*}",
    "${arr[@]@Q}",
    "${arr[*]@A}",
    "${m[@]@K}",
    "${arr[@]: -2}",
    "${arr[@]::2}",
    "${*:1:2}",
    "${@: -1}",
    "${arr[@]#o}",
    "${arr[*]^^}",
    "${ref}",
    "${!ref}",
    "${ref[@]}",
    "${#m[@]}",
    "${m[@]/v/w}",
    "${arr[$((1))]}",
    "${arr[@]:-none}",
    "${nope[@]+set}",
    "${1:-$2}",
    "${a:=$b}",
    "${m[k]:+yes}",
  ),
  fc.constantFrom(
    "$?",
    "$#",
    "$*",
    "$@",
    "$1",
    "${@:2}",
    "${10}",
    "$((1+2))",
    "$((a+1))",
    "$(echo sub)",
    "$(printf '%s-' $a)",
    "`echo old`",
  ),
);

function quoteFree(text: string): string {
  return text.replace(/[\\~{}$*[\]/]/g, "_");
}

const word: fc.Arbitrary<string> = fc.oneof(
  literal.map((text) => `'${text}'`),
  literal.map((text) => `"${text.replace(/[$\\]/g, "\\$&")}"`),
  parameter,
  parameter.map((text) => `"${text}"`),
  fc.tuple(parameter, literal).map(([p, l]) => `"<${p}>"'${l}'`),
  fc.constantFrom("{a,b}{1..3}", "{3..1}", "pre{x,y}post", "a{,b}", "$'t\\tn\\x41'", "foo", "-n", "x=1"),
);

const sum: fc.Arbitrary<string> = fc.letrec<{ e: string }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 3 },
    fc.integer({ min: 0, max: 99 }).map(String),
    fc.constantFrom("a", "b", "0x1f", "010", "arr[1]", "2#101"),
    fc
      .tuple(
        tie("e"),
        fc.constantFrom("+", "-", "*", "/", "%", "<<", "&", "|", "^", "<", "==", "&&", "||", ","),
        tie("e"),
      )
      .map(([l, op, r]) => `(${l}) ${op} (${r})`),
    tie("e").map((e) => `!(${e})`),
    tie("e").map((e) => `-(${e})`),
    fc.tuple(tie("e"), tie("e"), tie("e")).map(([c, l, r]) => `(${c}) ? (${l}) : (${r})`),
    fc.constantFrom("a++", "++b", "a+=2", "b=5"),
  ),
})).e;

const condition: fc.Arbitrary<string> = fc.oneof(
  fc.tuple(word, fc.constantFrom("==", "!=", "=", "<"), word).map(([l, op, r]) => `[[ ${l} ${op} ${r} ]]`),
  fc.tuple(word, glob).map(([l, g]) => `[[ ${l} == ${g} ]]`),
  fc
    .tuple(parameter, fc.constantFrom("^a", "o+$", "^[0-9]+$", "(f)(o)", "b|x"))
    .map(([p, r]) => `[[ "${p}" =~ ${r} ]]`),
  fc.tuple(fc.constantFrom("-z", "-n"), parameter).map(([op, p]) => `[ ${op} "${p}" ]`),
  sum.map((e) => `(( ${e} ))`),
  fc.constantFrom("true", "false", "[[ -v a ]]", "test -e /nonexistent"),
);

const command: fc.Arbitrary<string> = fc.letrec<{ c: string; list: string }>((tie) => ({
  list: fc.array(tie("c"), { minLength: 1, maxLength: 3 }).map((all) => all.join("; ")),
  c: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    fc.array(word, { minLength: 0, maxLength: 3 }).map((words) => `printf '<%s>' ${words.join(" ")}; echo`),
    fc.array(word, { minLength: 0, maxLength: 3 }).map((words) => `echo ${words.join(" ")}`),
    fc.tuple(name, word).map(([n, w]) => (n === "arr" ? `arr+=(${w})` : n === "m" ? `m[k]=${w}` : `${n}=${w}`)),
    fc.array(word, { maxLength: 3 }).map((words) => `arr=(${words.join(" ")})`),
    fc
      .array(word, { maxLength: 3 })
      .map((words) => `set -- ${words.map((one) => (one === "-n" ? "n" : one)).join(" ")}`),
    sum.map((e) => `echo $(( ${e} ))`),
    fc.tuple(condition, tie("list"), tie("list")).map(([t, y, n]) => `if ${t}; then ${y}; else ${n}; fi`),
    fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), tie("list"))
      .map(([w, l]) => `for a in ${w.join(" ")}; do ${l}; done`),
    fc
      .tuple(word, glob, glob, tie("list"))
      .map(([w, g, h, l]) => `case ${w} in ${g}) ${l};; ${h}|x) echo two;& *) echo other;; esac`),
    fc.tuple(condition, fc.constantFrom("&&", "||"), tie("c")).map(([t, op, c]) => `${t} ${op} { ${c}; }`),
    tie("list").map((l) => `( ${l} )`),
    tie("list").map((l) => `{ ${l}; } 2>&1 | cat`),
    tie("list").map((l) => `f() { local b=loc; ${l}; return 3; }; f 1 '2 3'`),
    tie("c").map((c) => `! ${c}`),
    fc
      .tuple(
        tie("c"),
        fc.constantFrom(
          "| sort",
          "| wc -l",
          "| tr a-z A-Z",
          ">/dev/null",
          '| while read -r x y; do echo "$y|$x"; done',
        ),
      )
      .map(([c, t]) => `{ ${c}; } ${t}`),
    word.map((w) => `read -r a b <<< ${w}`),
    word.map((w) => `IFS=: read -ra arr <<< ${w}`),
    fc.tuple(word, parameter).map(([w, p]) => `cat <<E\n${p} ${w.replaceAll("\n", "")}\nE\n:`),
    fc
      .tuple(fc.array(word, { minLength: 1, maxLength: 3 }), fc.constantFrom("1", "2", "x", ""))
      .map(([w, r]) => `select a in ${w.join(" ")}; do echo "[$a] $REPLY"; break; done <<< '${r}'`),
    fc
      .tuple(fc.constantFrom("ab:", ":ab:", "c"), fc.array(fc.constantFrom("-a", "-b", "v", "-bx", "-c", "--")))
      .map(
        ([spec, args]) =>
          `OPTIND=1; while getopts '${spec}' o ${args.join(" ")}; do echo "$o ${"${OPTARG-none}"} $OPTIND"; done`,
      ),
    fc
      .tuple(fc.constantFrom("EXIT", "ERR", "RETURN", "USR1"), fc.constantFrom("$?", "$FUNCNAME", "$a"))
      .map(([signal, what]) => `trap 'echo trap ${signal} ${what}' ${signal}`),
    fc.tuple(name, word).map(([n, w]) => `declare -n ref=${n}; ref=${w}; unset -n ref`),
    fc
      .tuple(fc.constantFrom("", "-t", "-n 1", "-s 1 -t", "-O 1"), tie("list"))
      .map(([o, l]) => `mapfile ${o} arr < <(${l})`),
    fc
      .tuple(fc.constantFrom("%s", "%q", "%5s|", "%-4s|", "%d", "%b", "%x", "%05.1f"), word)
      .map(([f, w]) => `printf -v c '${f}' ${w}; echo "$c"`),
    tie("list").map((l) => `cat <(${l})`),
    fc
      .tuple(
        word.filter((w) => w !== "-n"),
        fc.constantFrom("@(a|b)*", "!(foo)", "?(x)", "*(o)", "+([a-z])", "a?(*)"),
      )
      .map(([w, p]) => `[[ ${w} == ${p} ]] && echo ext`),
    fc
      .tuple(word, glob, glob, tie("c"), tie("c"), fc.constantFrom(";;", ";&", ";;&"))
      .map(([w, g, h, x, y, t]) => `case ${w} in ${g}) ${x}${t} ${h}) ${y}${t} *) echo last;; esac`),
    tie("list").map((l) => `( set -e; ${l}; echo end )`),
    tie("list").map((l) => `g() { ${l}; } 2>&1; g; declare -f g`),
    tie("list").map((l) => `h() ( ${l} ); h a b; echo $?`),
    fc
      .tuple(word, tie("c"))
      .map(([w, c]) => `for a in 1 2; do cat <<-E\n\t${"$a"} ${w.replaceAll("\n", "")}\n\tE\n${c}; done`),
    fc.tuple(sum, tie("c")).map(([e, c]) => `for ((i=0; i<2; i++)); do : $((${e})); ${c}; done`),
    tie("c").map((c) => `i=0; while ((i++ < 2)); do ${c}; continue; done`),
    fc.tuple(tie("c"), tie("c")).map(([x, y]) => `if ! ${x}; then ${y}; fi`),
    fc.tuple(word, word).map(([v, w]) => `a=${v} b=${w} bash -c 'echo "$a|$b"'`),
    fc
      .array(word, { maxLength: 2 })
      .map((w) => `f() { printf '[%s]' "$@" "$#"; echo; }; a=tmp f ${w.join(" ")}; echo "$a"`),
    fc
      .tuple(tie("c"), fc.constantFrom("2>&1", ">&2", "2>/dev/null", "3>&1 >&3", "</dev/null", "<<< x"))
      .map(([c, r]) => `{ ${c}; } ${r}`),
    word.map((w) => `declare -a loc=(${w}); eval 'echo "$a" "${"${loc[0]}"}"'`),
    fc.constantFrom(
      "unset a",
      "export a b; env | grep -c '^[ab]='",
      "readonly zz=1; zz=2",
      "set -x",
      "set +x",
      "set -o pipefail",
      "set -E",
      "set -T",
      "shopt -s lastpipe",
      "shopt -s nocasematch",
      "declare -A m2=([x]=1 [y]=2 [z]=3); echo ${!m2[@]} ${m2[@]}; declare -p m2",
      "declare -u a",
      "declare -l b",
      "arr[5]=five",
      "arr+=(x [9]=y)",
      "m+=([a]=1 [b]=2); echo ${!m[@]}",
      "unset 'm[k]' 'arr[-1]'",
      "wait",
      "(exit 3) & wait $!; echo $?",
      "echo ${FUNCNAME[@]} ${#BASH_SOURCE[@]} $BASH_SUBSHELL",
      "caller 0",
      "hash -r",
      "set -- a 'b c' d",
      'set -- "${@:2}"',
      "let a=3+4 b=a*2",
      "echo $((arr[1]=7)) ${arr[1]}",
      "[[ $a -lt 5 && ! $b > x ]]; echo $?",
      'test -n "$a" -a "$b" = x; echo $?',
      "type -t f g echo if",
      "read -r a b < <(echo one two three)",
      "IFS=, read -r a b <<< 'x,y,z'",
      "read -a arr <<< 'p q  r'",
      "echo a b | { read x y; echo $y; }",
      "shift 5; echo $?",
      "continue",
      "return 5",
      "eval 'echo $a; false'",
      ". /dev/null",
      "cd /nonexistent",
      "pushd / >/dev/null; dirs; popd >/dev/null",
      "umask 027; umask; umask -S",
      "unset 'arr[0]'",
      "shift",
      "local x",
      "set -u",
      "set -e",
      "declare -i a",
      "declare -p a b arr",
      "IFS=:",
      "IFS=",
      "unset IFS",
      "exit 4",
      "trap 'echo bye $?' EXIT",
      "shopt -s nullglob",
      "break",
      "echo ${PIPESTATUS[@]}",
      "type echo f",
      "false",
      "true",
    ),
  ),
})).c;

/** A whole script, its variables set. */
export const script = fc
  .array(fc.oneof({ weight: 3, arbitrary: command }, { weight: 2, arbitrary: wider }), { minLength: 1, maxLength: 6 })
  .map(
    (lines) =>
      `shopt -s extglob\na=foo b='a b' arr=(one two "three four"); declare -A m=([k]=v)\n${lines.join("\n")}\n`,
  );
