/** crictl completion: functions that let a shell complete crictl's commands and flags. */
import { type CrictlCommand, CrictlError, ShowHelp } from "./crictl-context.ts";

/** What a word may be, as the program knows it. */
export interface Known {
  commands: readonly CrictlCommand[];
  flags: readonly string[];
}

const SHELLS: Readonly<Record<string, (known: Known) => string>> = { bash, zsh, fish };

const names = ({ commands }: Known): string[] => commands.flatMap(({ name, aliases = [] }) => [name, ...aliases]);

function bash(known: Known): string {
  const words = [...names(known), "help", "h", ...known.flags];
  return `_crictl() {
    local cur opts base
    COMPREPLY=()
    cur="\${COMP_WORDS[COMP_CWORD]}"
    opts="${words.join("\n")}"
    COMPREPLY=( $(compgen -W "\${opts}" -- "\${cur}") )
    return 0
}

complete -F _crictl crictl
`;
}

function zsh(known: Known): string {
  const rows = known.commands.map(({ name, usage }) => `    '${name}:${usage.replaceAll("'", "'\\''")}'`);
  return `#compdef crictl

_crictl() {
  local -a cmds opts
  cmds=(
${rows.join("\n")}
  )
  opts=(${known.flags.map((flag) => `'${flag}'`).join(" ")})
  _describe 'commands' cmds
  _describe 'global options' opts
}

compdef _crictl crictl
`;
}

function fish(known: Known): string {
  const rows = known.commands.map(
    ({ name, usage }) =>
      `complete -c crictl -n '__fish_crictl_no_subcommand' -f -a '${name}' -d '${usage.replaceAll("'", "\\'")}'`,
  );
  return `# crictl fish shell completion

function __fish_crictl_no_subcommand --description 'Test if there has been any subcommand yet'
    not __fish_seen_subcommand_from ${names(known).join(" ")} help h
end

${rows.join("\n")}
`;
}

const DESCRIPTION = `Output shell completion code for bash, zsh or fish.

Examples:

    # Installing bash completion on Linux
    source <(crictl completion bash)

    # Installing zsh completion on Linux
    source <(crictl completion zsh)

    # Installing fish completion on Linux
    crictl completion fish | source
  `;

/** The command, for a program that knows these commands and flags. */
export const completion = (known: () => Known): CrictlCommand => ({
  name: "completion",
  usage: "Output shell completion code",
  argsUsage: "SHELL",
  description: DESCRIPTION,
  flags: [],
  *run(c) {
    const [shell = "bash"] = c.args;
    if (c.args.length > 1) throw new ShowHelp();
    if (!Object.hasOwn(SHELLS, shell)) throw new CrictlError("only bash, zsh or fish are supported");
    yield* c.print(SHELLS[shell]!(known()));
  },
});
