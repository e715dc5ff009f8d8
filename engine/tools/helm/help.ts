import { COMMAND_FLAGS, GLOBAL_FLAGS } from "./flags.ts";

const SUMMARY: Readonly<Record<string, string>> = {
  create: "create a new chart with the given name",
  dependency: "manage a chart's dependencies",
  env: "helm client environment information",
  get: "download extended information of a named release",
  history: "fetch release history",
  install: "install a chart",
  lint: "examine a chart for possible issues",
  list: "list releases",
  package: "package a chart directory into a chart archive",
  plugin: "install, list, or uninstall Helm plugins",
  pull: "download a chart from a repository and (optionally) unpack it in local directory",
  repo: "add, list, remove, update, and index chart repositories",
  rollback: "roll back a release to a previous revision",
  search: "search for a keyword in charts",
  show: "show information of a chart",
  status: "display the status of the named release",
  template: "locally render templates",
  test: "run tests for a release",
  uninstall: "uninstall a release",
  upgrade: "upgrade a release",
  version: "print the client version information",
};

function flagLines(list: string): string {
  return list
    .split(" ")
    .filter(Boolean)
    .map((word) => {
      const bare = /!$/.test(word);
      const [name, short] = word.replace(/[!?]$/, "").split("/") as [string, string?];
      return `${short ? `  -${short}, ` : "      "}--${name}${bare ? "" : " string"}\n`;
    })
    .sort((a, b) => (a.slice(6) < b.slice(6) ? -1 : 1))
    .join("");
}

/** `helm` without a command. */
export const TOP_HELP = `The Kubernetes package manager

Usage:
  helm [command]

Available Commands:
${Object.entries(SUMMARY)
  .map(([name, text]) => `  ${name.padEnd(12)}${text}\n`)
  .join("")}
Flags:
${flagLines(GLOBAL_FLAGS)}
Use "helm [command] --help" for more information about a command.
`;

/** `--help` of a command: what it is for and which flags it takes. */
export function helpOf(command: string): string {
  const inner = Object.keys(COMMAND_FLAGS).filter((name) => name.startsWith(`${command} `));
  if (inner.length > 0) {
    return `${SUMMARY[command] ?? command}\n\nUsage:\n  helm ${command} [command]\n\nAvailable Commands:\n${inner.map((name) => `  ${name.slice(command.length + 1)}\n`).join("")}\nGlobal Flags:\n${flagLines(GLOBAL_FLAGS)}`;
  }
  return `${SUMMARY[command.split(" ")[0]!] ?? command}\n\nUsage:\n  helm ${command} [flags]\n\nFlags:\n${flagLines(COMMAND_FLAGS[command] ?? "")}\nGlobal Flags:\n${flagLines(GLOBAL_FLAGS)}`;
}
