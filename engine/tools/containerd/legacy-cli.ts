/** Command lines of programs built on urfave/cli v1 (ctr, runc): help texts of its template, wrong command lines. */
import { tabbed } from "../kubectl/printers/tabwriter.ts";
import { FlagError, type FlagSpec, flag, type Given, legacyFlags, parseFlags } from "./cli.ts";

/** What help says of a command, or of a group of them. */
export interface CommandText {
  names: readonly string[];
  usage: string;
  argsUsage?: string;
  description?: string;
  flags?: readonly FlagSpec[];
  commands?: readonly CommandText[];
}

export const HELP = flag.bool("help", "h", "show help");
export const HELP_COMMAND: CommandText = {
  names: ["help", "h"],
  usage: "Shows a list of commands or help for one command",
};

export const rows = (commands: readonly CommandText[]): string =>
  tabbed(commands.map(({ names, usage }) => `   ${names.join(", ")}\t${usage}\n`).join(""));

/** Help of a command or group at the end of a path (template.go of urfave/cli v1). */
export function helpOf(path: string, { usage, argsUsage, description, flags = [], commands }: CommandText): string {
  const head = `NAME:\n   ${path} - ${usage}\n\nUSAGE:\n   ${path}`;
  if (commands !== undefined) {
    const own = legacyFlags([...flags, HELP]);
    return `${head} command [command options] [arguments...]\n\nCOMMANDS:\n${rows(commands)}\nOPTIONS:\n${own}   \n`;
  }
  const about = description === undefined ? "" : `\nDESCRIPTION:\n   ${description}\n`;
  const options = flags.length === 0 ? "" : `\nOPTIONS:\n${legacyFlags(flags)}   \n`;
  return `${head}${flags.length > 0 ? " [command options]" : ""} ${argsUsage ?? "[arguments...]"}\n${about}${options}`;
}

/** A wrong command line: told with the help of what it was for. */
export class Misused extends Error {
  readonly help: string;
  readonly told: string;

  constructor(message: string, help: string, told = `Incorrect Usage: ${message}\n\n`) {
    super(message);
    this.help = help;
    this.told = told;
  }
}

/** Reads flags; with `anywhere` those behind other words too. */
export function readLegacy(
  flags: readonly FlagSpec[],
  words: readonly string[],
  help: string,
  anywhere: boolean,
): Given {
  const values = new Map<string, readonly string[]>();
  const args: string[] = [];
  let rest = words;
  try {
    for (;;) {
      const given = parseFlags([...flags, HELP], rest, false);
      for (const [name, list] of given.values) values.set(name, [...(values.get(name) ?? []), ...list]);
      const [first, ...more] = given.args;
      if (!anywhere || first === undefined) return { values, args: [...args, ...given.args] };
      args.push(first);
      rest = more;
    }
  } catch (error) {
    if (!(error instanceof FlagError)) throw error;
    throw new Misused(
      error.message,
      help,
      `Incorrect Usage${/^NAME:\n {3}\w+ - /.test(help) ? "." : ":"} ${error.message}\n\n`,
    );
  }
}
