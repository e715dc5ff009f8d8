/** The command tree of nerdctl 1.7: what each command takes, read from its help. */
import { quoteString } from "../../../text/go-quote.ts";
import { boolProblem, invalidArgument, type PFlag, readFlags, splitCsv, TRUE_WORDS, UsageError } from "../../pflag.ts";
import data from "./commands.json";

type FlagFacts = readonly [shorthand: string, name: string, type: string, usage: string];

interface Facts {
  short: string;
  /** Where it is not `short`. */
  about?: string;
  use?: string;
  /** The command whose flags and arguments it shares. */
  same?: string;
  aliases?: readonly string[];
  /** Its first word ends its flags. */
  stops?: boolean;
  /** How many words it takes: `+1` at least, `-1` at most, `=1` just so, `!1` the same in docker's words, `0` none. */
  args?: string;
  /** Places in the list of flags. */
  flags?: readonly number[];
}

const FLAGS = data.flags as unknown as readonly FlagFacts[];
const COMMANDS = data.commands as Readonly<Record<string, Facts>>;
const MANAGEMENT = new Set("apparmor builder container image ipfs namespace network system volume".split(" "));

export interface NerdFlag extends PFlag {
  readonly type: string;
  readonly usage: string;
}

function flagOf([shorthand, name, type, usage]: FlagFacts): NerdFlag {
  return { name, shorthand, type, usage, bare: type === "" ? "true" : undefined };
}

const factsOf = (path: string): Facts => COMMANDS[path]!;
const shared = (path: string): Facts => ({ ...factsOf(factsOf(path).same ?? path), ...factsOf(path) });

/** The command whose work it is: of several names the first. */
export const mainPath = (path: string): string => factsOf(path).same ?? path;

function localFlags(path: string): NerdFlag[] {
  const indices = shared(path).flags ?? [];
  const own = indices.map((at) => flagOf(FLAGS[at]!));
  if (own.some(({ name }) => name === "help")) return own;
  const help = { name: "help", shorthand: "h", type: "", usage: `help for ${path.split(" ").at(-1) || "nerdctl"}` };
  return [...own, { ...help, bare: "true" }];
}

/** Names of the commands below a path. */
function below(path: string): string[] {
  const prefix = path === "" ? "" : `${path} `;
  return Object.keys(COMMANDS)
    .filter((key) => key !== "" && key.startsWith(prefix) && !key.slice(prefix.length).includes(" "))
    .map((key) => key.slice(prefix.length));
}

export const isGroup = (path: string): boolean => below(path).length > 0;

/** The command of that name below a path; undefined when there is none. */
function child(path: string, name: string): string | undefined {
  const found = below(path).find((one) => {
    const key = path === "" ? one : `${path} ${one}`;
    return one === name || (factsOf(key).aliases?.includes(name) ?? false);
  });
  return found === undefined ? undefined : path === "" ? found : `${path} ${found}`;
}

/** Names that a mistaken one may have meant, `help` and `completion` among them. */
export const namesBelow = (path: string): string[] =>
  path === "" ? [...below(""), "completion", "help"].sort() : below(path);

/** Global flags under their short and other names. */
const ALIASES: Readonly<Record<string, string>> = {
  a: "address",
  H: "address",
  host: "address",
  n: "namespace",
  "storage-driver": "snapshotter",
};

/** What a command line says. */
export class NerdFlags {
  private readonly values = new Map<string, string[]>();

  set(flag: NerdFlag, value: string): void {
    const problem = problemOf(flag, value);
    if (problem !== undefined) throw invalidArgument(flag, value, problem);
    const name = ALIASES[flag.name] ?? flag.name;
    const before = this.values.get(name) ?? [];
    if (flag.type === "strings") this.values.set(name, [...before, ...splitCsv(value)]);
    else if (flag.type === "stringArray") this.values.set(name, [...before, value]);
    else this.values.set(name, [value]);
  }

  has(name: string): boolean {
    return this.values.has(name);
  }

  on(name: string): boolean {
    return TRUE_WORDS.has(this.values.get(name)?.[0] ?? "");
  }

  value(name: string, otherwise = ""): string {
    return this.values.get(name)?.[0] ?? otherwise;
  }

  list(name: string): readonly string[] {
    return this.values.get(name) ?? [];
  }
}

function problemOf({ type }: NerdFlag, value: string): string | undefined {
  const failed = (name: string) => `strconv.${name}: parsing ${quoteString(value)}: invalid syntax`;
  if (type === "") return boolProblem(value);
  if (type === "int") return /^[+-]?\d+$/.test(value) ? undefined : failed("ParseInt");
  if (type.startsWith("uint")) return /^\d+$/.test(value) ? undefined : failed("ParseUint");
  if (type !== "float" || (value.trim() !== "" && Number.isFinite(Number(value)))) return undefined;
  return failed("ParseFloat");
}

export interface CommandLine {
  path: string;
  flags: NerdFlags;
  args: string[];
}

/** Follows the words down the tree, each group's flags read at its place (cobra's Traverse). Throws UsageError. */
export function commandLine(words: readonly string[]): CommandLine {
  const flags = new NerdFlags();
  const globals = localFlags("").filter(({ name }) => name !== "help" && name !== "version");
  let path = "";
  let rest = words;
  for (;;) {
    const local = localFlags(path);
    const group = isGroup(path);
    const { args } = readFlags<NerdFlag>(rest, {
      // Of the global flags the short names, and those of one letter, are the root's alone.
      long: (name) => [...local, ...globals].find((one) => one.name === name),
      short: (letter) => local.find((one) => one.shorthand === letter),
      interspersed: !group && shared(path).stops !== true,
      set: (flag, value) => flags.set(flag, value),
    });
    const next = group && args[0] !== undefined ? child(path, args[0]) : undefined;
    if (next === undefined) return { path, flags, args };
    path = next;
    rest = args.slice(1);
  }
}

/** Why a command cannot have these arguments; undefined when it can (cobra/args.go, helpers of nerdctl). */
export function argumentProblem(path: string, count: number, first: string): string | undefined {
  const rule = shared(path).args ?? "";
  const number = Number(rule.slice(1));
  if (rule === "0") return count > 0 ? `unknown command ${quoteString(first)} for "nerdctl ${path}"` : undefined;
  if (rule === "1-2") return count < 1 || count > 2 ? `accepts between 1 and 2 arg(s), received ${count}` : undefined;
  if (rule[0] === "+") return count < number ? `requires at least ${number} arg(s), only received ${count}` : undefined;
  if (rule[0] === "-") return count > number ? `accepts at most ${number} arg(s), received ${count}` : undefined;
  if (count === number || rule === "") return undefined;
  if (rule[0] === "=") return `accepts ${number} arg(s), received ${count}`;
  const usage = `Usage:  nerdctl ${useLine(path)}\n\n${factsOf(path).short}`;
  return `"nerdctl ${path}" requires exactly ${number} argument(s).\nSee 'nerdctl ${path} --help'.\n\n${usage}`;
}

function useLine(path: string): string {
  const groups = path.split(" ").slice(0, -1);
  return [...groups, factsOf(path).use ?? `${path.split(" ").at(-1)} [flags]`].join(" ");
}

/** What `--help` prints; `ip` is the machine's address. */
export function helpOf(path: string, ip: string): string {
  const { short, about = short, aliases } = factsOf(path);
  const root = path === "";
  let text = `${about}\n\nUsage: nerdctl ${useLine(path)}\n\n`;
  if (aliases) text += `Aliases: ${[path.split(" ").at(-1), ...aliases].join(", ")}\n`;
  const names = namesBelow(path);
  const list = (title: string, some: readonly string[]): string => {
    if (some.length === 0) return "";
    const width = Math.max(...some.map(({ length }) => length));
    const about = (name: string) => EXTRA[name] ?? factsOf(root ? name : `${path} ${name}`).short;
    return `${title}:\n${some.map((name) => `  ${name.padEnd(width)}  ${about(name)}\n`).join("")}\n`;
  };
  const managing = (name: string) => (root ? MANAGEMENT.has(name) : path === "ipfs");
  text += list("Management commands", names.filter(managing));
  text += list(
    "Commands",
    names.filter((name) => !managing(name)),
  );
  text += `Flags:\n${flagUsages(path, ip)}\n`;
  if (root) return `${text}Run 'nerdctl COMMAND --help' for more information on a command.\n\n`;
  return `${text}See also 'nerdctl --help' for the global flags such as '--namespace', '--snapshotter', and '--cgroup-manager'.\n`;
}

const EXTRA: Readonly<Record<string, string>> = {
  completion: "Generate the autocompletion script for the specified shell",
  help: "Help about any command",
};

/** FlagUsages of pflag. */
function flagUsages(path: string, ip: string): string {
  const flags = localFlags(path).sort((a, b) => (a.name < b.name ? -1 : 1));
  const rows = flags.map(({ shorthand, name, type, usage }) => {
    const head = `${shorthand ? `  -${shorthand}, ` : "      "}--${name}${type === "" ? "" : ` ${type}`}`;
    return [head, usage.replace("{ip}", ip)] as const;
  });
  const width = Math.max(...rows.map(([head]) => head.length));
  return rows.map(([head, usage]) => `${head.padEnd(width)}   ${usage}\n`).join("");
}

export { UsageError };
