/** etcdctl completion: the scripts of shells, which ask etcdctl itself. */
import { cobraCompletion } from "../../machine/base/bash-completion.ts";
import * as sys from "../../machine/sys.ts";
import type { Subcommand } from "./command.ts";

/** Scripts in our own words; machines here have bash. */
const SCRIPTS: Readonly<Record<string, string>> = {
  bash: cobraCompletion("etcdctl"),
  fish: `# fish completion for etcdctl                                  -*- shell-script -*-
function __etcdctl_offered
    set -l words (commandline -opc)
    set -l out (etcdctl __complete $words[2..-1] (commandline -ct) 2>/dev/null)
    test (count $out) -gt 1; and string join \\n -- $out[1..-2]
end
complete -c etcdctl -e
complete -c etcdctl -a '(__etcdctl_offered)'
`,
  powershell: `# powershell completion for etcdctl                              -*- shell-script -*-
Register-ArgumentCompleter -CommandName 'etcdctl' -ScriptBlock {
    param($word, $ast, $cursor)
    $typed = @($ast.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" })
    etcdctl __complete @typed 2>$null | Where-Object { $_ -notmatch '^:\\d+$' } | ForEach-Object { ($_ -split "\`t")[0] }
}
`,
  zsh: `#compdef etcdctl
compdef _etcdctl etcdctl
_etcdctl() {
    local -a offered
    offered=("\${(@f)$(etcdctl __complete "\${words[@]:1:$((CURRENT - 1))}" 2>/dev/null | sed '$d; s/\\t/:/')}")
    _describe etcdctl offered
}
`,
};

const of = (shell: string): Subcommand => ({
  usage: `completion ${shell}${shell === "bash" ? "" : " [flags]"}`,
  about: `Generate the autocompletion script for ${shell}`,
  *run(r) {
    yield* sys.print(r.p, SCRIPTS[shell]!);
  },
});

export const completionCommands: Readonly<Record<string, Subcommand>> = Object.fromEntries(
  Object.keys(SCRIPTS).map((shell) => [`completion ${shell}`, of(shell)]),
);
