/** Command lines of programs built on urfave/cli v2 (crictl, ctr): Go's flag rules, and help texts of its template. */
import { tabbed } from "../kubectl/printers/tabwriter.ts";

export interface FlagSpec {
  name: string;
  aliases?: readonly string[];
  type: "bool" | "string" | "int" | "duration" | "list";
  usage: string;
  /** Default as help shows it; what `value` gives when the flag is not there. */
  value?: string;
  /** Environment variable that stands in for it. */
  env?: string;
  /** The command cannot do without it. */
  required?: boolean;
}

/** What a command line came to. */
export interface Given {
  readonly values: ReadonlyMap<string, readonly string[]>;
  readonly args: readonly string[];
}

/** Ends a client with the status of what it ran, and no word. */
export class EndsWith extends Error {
  readonly status: number;

  constructor(status: number) {
    super(`exit ${status}`);
    this.status = status;
  }
}

/** A wrong flag, in the words of Go's flag package. */
export class FlagError extends Error {}

const bool = (name: string, alias: string, usage: string): FlagSpec => ({
  name,
  type: "bool",
  usage,
  ...(alias === "" ? {} : { aliases: [alias] }),
});
const valued =
  (type: FlagSpec["type"]) =>
  (name: string, alias: string, usage: string, value?: string): FlagSpec => ({
    name,
    type,
    usage,
    ...(alias === "" ? {} : { aliases: [alias] }),
    ...(value === undefined ? {} : { value }),
  });

/** Makers of flags: name, one-letter alias or nothing, usage, default. */
export const flag = {
  bool,
  string: valued("string"),
  int: valued("int"),
  duration: valued("duration"),
  list: valued("list"),
};

const HELP = bool("help", "h", "show help");

/** Reads flags up to the first word that is none. `clusters`: `-it` may stand for `-i -t`. Throws FlagError. */
export function parseFlags(specs: readonly FlagSpec[], words: readonly string[], clusters = true): Given {
  const values = new Map<string, string[]>();
  const find = (name: string) =>
    [...specs, HELP].find((spec) => spec.name === name || spec.aliases?.includes(name) === true);
  const queue = [...words];
  while (queue.length > 0) {
    const word = queue[0]!;
    if (word === "--") {
      queue.shift();
      break;
    }
    if (!/^-./.test(word)) break;
    queue.shift();
    const text = word.startsWith("--") ? word.slice(2) : word.slice(1);
    if (text.startsWith("-") || text.startsWith("=")) throw new FlagError(`bad flag syntax: ${word}`);
    const equals = text.indexOf("=");
    const name = equals < 0 ? text : text.slice(0, equals);
    const spec = find(name);
    if (spec === undefined) {
      const letters = [...name];
      if (clusters && !word.startsWith("--") && letters.length > 1 && letters.every((letter) => find(letter))) {
        queue.unshift(...letters.map((letter) => `-${letter}`));
        continue;
      }
      throw new FlagError(`flag provided but not defined: -${name}`);
    }
    let value = equals < 0 ? undefined : text.slice(equals + 1);
    if (spec.type === "bool") value ??= "true";
    else if (value === undefined) {
      value = queue.shift();
      if (value === undefined) throw new FlagError(`flag needs an argument: -${name}`);
    }
    check(spec, name, value);
    const list = values.get(spec.name) ?? [];
    if (spec.type === "list") list.push(...value.split(","));
    else list.splice(0, 1, value);
    values.set(spec.name, list);
  }
  return { values, args: queue };
}

function check(spec: FlagSpec, name: string, value: string): void {
  if (spec.type === "bool" && !/^(1|0|[tf]|true|false|TRUE|FALSE|True|False|T|F)$/.test(value)) {
    throw new FlagError(`invalid boolean value "${value}" for -${name}: parse error`);
  }
  const wrong =
    (spec.type === "int" && !/^[+-]?\d+$/.test(value)) ||
    (spec.type === "duration" && !/^[+-]?(0|(\d+(\.\d*)?(ns|us|µs|ms|s|m|h))+)$/.test(value));
  if (wrong) throw new FlagError(`invalid value "${value}" for flag -${name}: parse error`);
}

/** True when a boolean flag is set. */
export function isOn(given: Given, name: string): boolean {
  const value = given.values.get(name)?.[0];
  return value !== undefined && /^(1|t|T|true|TRUE|True)$/.test(value);
}

export interface CommandHelp {
  /** `crictl ps`. */
  path: string;
  usage: string;
  argsUsage?: string;
  description?: string;
  flags: readonly FlagSpec[];
  /** Names and usages of commands below it. */
  below?: readonly (readonly [names: string, usage: string])[];
}

/**
 * Help of a command (template.go of urfave/cli v2): what `--help` prints, or with `grouped` what is shown for a wrong
 * command line (ShowSubcommandHelp), which counts the command's own `help` among those below it.
 */
export function commandHelp(
  { path, usage, argsUsage, description, flags, below = [] }: CommandHelp,
  grouped = false,
): string {
  const about = description === undefined ? "" : `\nDESCRIPTION:\n   ${description.replaceAll("\n", "\n   ")}\n`;
  const args = argsUsage === undefined ? "" : ` ${argsUsage}`;
  const group = grouped || below.length > 0;
  const rows = [...below, HELP_ROW].map(([names, about]) => `   ${names}\t${about}\n`).join("");
  return (
    `NAME:\n   ${path} - ${usage}\n\nUSAGE:\n   ${path}${group ? " command" : ""} [command options]${args}\n${about}` +
    `${group ? `\nCOMMANDS:\n${tabbed(rows)}` : ""}\nOPTIONS:\n${flagTable(flags)}`
  );
}

const HELP_ROW = ["help, h", "Shows a list of commands or help for one command"] as const;

/** The lines of OPTIONS: `--help` and what else has no place among the others stand last. */
export function flagTable(flags: readonly FlagSpec[], ...last: readonly FlagSpec[]): string {
  const sorted = [...flags].sort((a, b) => (a.name < b.name ? -1 : 1));
  return tabbed([...sorted, HELP, ...last].map((spec) => `   ${flagLine(spec)}\n`).join(""));
}

/** The lines of OPTIONS as version 1 of the library writes them: in the order of the program, no value of a boolean flag. */
export function legacyFlags(flags: readonly FlagSpec[]): string {
  return tabbed(
    flags
      .map((spec) => {
        const holder = spec.type === "bool" ? "" : " value";
        const names = [spec.name, ...(spec.aliases ?? [])].map(
          (name) => `${name.length > 1 ? "--" : "-"}${name}${holder}`,
        );
        const shown = spec.type === "bool" || spec.type === "list" ? "" : defaultText(spec);
        return `   ${names.join(", ")}\t${spec.usage}${shown}${spec.env === undefined ? "" : ` [$${spec.env}]`}\n`;
      })
      .join(""),
  );
}

function flagLine(spec: FlagSpec): string {
  const holder = spec.type === "bool" ? "" : ` ${/`([^`]+)`/.exec(spec.usage)?.[1] ?? "value"}`;
  const names = [spec.name, ...(spec.aliases ?? [])].map((name) => `${name.length > 1 ? "--" : "-"}${name}${holder}`);
  const all = names.join(", ");
  const env = spec.env === undefined ? "" : ` [$${spec.env}]`;
  return `${spec.type === "list" ? `${all} [ ${all} ]` : all}\t${spec.usage.replaceAll("`", "")}${defaultText(spec)}${env}`;
}

function defaultText(spec: FlagSpec): string {
  if (spec === HELP || spec.name === "version" || spec.type === "list") return "";
  if (spec.type === "bool") return " (default: false)";
  if (spec.type === "int") return ` (default: ${spec.value ?? 0})`;
  if (spec.type === "duration") return ` (default: ${spec.value ?? "0s"})`;
  return spec.value === undefined ? "" : ` (default: "${spec.value}")`;
}
