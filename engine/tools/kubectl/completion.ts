import type { Gen } from "../../kernel/index.ts";
import { cobraCompletion } from "../../machine/base/bash-completion.ts";
import { usageError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";

/** Scripts of the shells that this machine does not have, in our own words and as short as their shells allow. */
const SCRIPTS: Record<string, string> = {
  bash: cobraCompletion("kubectl"),
  zsh: `#compdef kubectl
compdef _kubectl kubectl
_kubectl() {
    local ask="\${words[1,CURRENT]}" out directive line
    local -a offered nospace
    ask="\${ask/ / __complete }"
    [[ -n "\${words[CURRENT]}" ]] || ask+=" ''"
    out=$(eval "$ask" 2>/dev/null) || return
    directive=\${out##*:}
    for line in "\${(@f)\${out%:*}}"; do
        [[ -n $line ]] && offered+=("\${\${line//:/\\\\:}/$'\\t'/:}")
    done
    (( directive & 1 )) && return
    (( directive & 2 )) && nospace=(-S '')
    if (( \${#offered} )); then
        _describe -V kubectl offered $nospace
    elif (( ! (directive & 4) )); then
        _files
    fi
}
if [ "$funcstack[1]" = "_kubectl" ]; then
    _kubectl
fi
`,
  fish: `# fish completion for kubectl                                  -*- shell-script -*-
function __kubectl_offered
    set -l words (commandline -opc)
    set -l out (kubectl __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    test (count $out) -gt 1; and string join \\n -- $out[1..-2]
end
complete -c kubectl -e
complete -c kubectl -a '(__kubectl_offered)'
`,
  powershell: `# powershell completion for kubectl                              -*- shell-script -*-
Register-ArgumentCompleter -CommandName 'kubectl' -ScriptBlock {
    param($word, $ast, $cursor)
    $typed = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    if ($word -eq '') { $typed += '' }
    kubectl __complete @typed 2>$null | Where-Object { $_ -notmatch '^:\\d+$' } | ForEach-Object {
        $name, $about = $_ -split "\`t", 2
        [System.Management.Automation.CompletionResult]::new($name, $name, 'ParameterValue', ($about ?? $name))
    }
}
`,
};

/** kubectl completion. */
export function* completion(k: Invocation): Gen<number> {
  if (k.args.length === 0) throw usageError("completion", "Shell not specified.");
  if (k.args.length > 1) throw usageError("completion", "Too many arguments. Expected only the shell type.");
  const [shell] = k.args as [string];
  const script = SCRIPTS[shell];
  if (script === undefined) throw usageError("completion", `Unsupported shell type ${quote(shell)}.`);
  k.out(script);
  return 0;
}
