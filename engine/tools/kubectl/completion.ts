import type { Gen } from "../../kernel/index.ts";
import { KubectlError, usageError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";

const SHELLS = ["bash", "zsh", "fish", "powershell"];

/**
 * Bash's completion of kubectl, in our own words: it asks `kubectl __complete` as upstream's does and obeys its
 * directives (1 error, 2 no blank after the word, 4 no file names).
 */
const BASH = `# bash completion for kubectl                                -*- shell-script -*-
__start_kubectl() {
    local words=("\${COMP_WORDS[@]:1:COMP_CWORD}") out directive line
    out=$(kubectl __complete "\${words[@]}" 2>/dev/null) || return
    directive=\${out##*:}
    out=\${out%:*}
    COMPREPLY=()
    (( directive & 1 )) && return
    (( directive & 2 )) && compopt -o nospace
    (( directive & 4 )) && compopt +o default
    while IFS= read -r line; do
        line=\${line%%$'\\t'*}
        [[ -n $line && $line == "\${COMP_WORDS[COMP_CWORD]}"* ]] && COMPREPLY+=("$line")
    done <<<"$out"
}
complete -o default -F __start_kubectl kubectl
`;

/** kubectl completion. */
export function* completion(k: Invocation): Gen<number> {
  if (k.args.length === 0) throw usageError("completion", "Shell not specified.");
  if (k.args.length > 1) throw usageError("completion", "Too many arguments. Expected only the shell type.");
  const [shell] = k.args as [string];
  if (!SHELLS.includes(shell)) throw usageError("completion", `Unsupported shell type ${quote(shell)}.`);
  if (shell !== "bash") throw new KubectlError(`completion for ${shell} is not part of this machine`);
  k.out(BASH);
  return 0;
}
