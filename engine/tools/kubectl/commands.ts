import texts from "kubectl-texts";
import data from "./commands.json";

/** A flag as kubectl's help shows it: name, shorthand, default as displayed (strings in quotes), usage. */
export interface FlagDef {
  readonly name: string;
  readonly shorthand: string;
  /** Default value, without the quotes of the display. */
  readonly value: string;
  readonly usage: string;
  readonly type: FlagType;
  /** Value when the flag stands without one; undefined when it needs one. */
  readonly bare: string | undefined;
}

export type FlagType = "string" | "bool" | "int" | "duration" | "slice" | "array" | "pairs";

/** Name, letter and default as displayed. */
type FlagFacts = readonly [name: string, shorthand: string, shown: string];

interface CommandData {
  flags?: FlagFacts[];
  aliases?: string[];
  subcommands?: string[];
}

const commandData = data.commands as unknown as Record<string, CommandData>;
const globalData = data.globals as unknown as readonly FlagFacts[];

/** A node of the command tree. */
export interface Command {
  /** Words after `kubectl`. */
  readonly path: string;
  readonly name: string;
  readonly aliases: readonly string[];
  readonly subcommands: readonly string[];
}

/** Flags that take a value and are repeated whole, commas and all. */
const ARRAYS = new Set([
  "as-group",
  "prune-allowlist",
  "exec-env",
  "resource-name",
  "user",
  "group",
  "serviceaccount",
  "from-literal",
  "audience",
  "rule",
  "annotation",
  "annotations",
  "env",
]);

/** Strings and others that may stand without a value. */
const BARE: Record<string, string> = { "dry-run": "unchanged", validate: "strict", cascade: "background" };

const DURATIONS = new Set(["timeout", "since", "pod-running-timeout", "duration", "log-flush-frequency"]);

/** Flags that help does not list. */
const HIDDEN: Record<string, FlagDef[]> = {};
for (const path of [
  "annotate",
  "apply",
  "apply edit-last-applied",
  "autoscale",
  "create",
  "edit",
  "expose",
  "label",
  "patch",
  "run",
  "scale",
  "set image",
  "set resources",
  "set selector",
  "set serviceaccount",
]) {
  HIDDEN[path] = [flagOf(["record", "", "false"])];
}

/** Flags that are still taken, and what is said of them. */
export const DEPRECATED: Record<string, string> = {
  record: "--record will be removed in the future",
  reorder: "use the new 'sortOptions' field in kustomization.yaml instead.",
};

HIDDEN["kustomize"] = [flagOf(["reorder", "", "'legacy'"])];

const HELP: FlagDef = { name: "help", shorthand: "h", value: "false", usage: "", type: "bool", bare: "true" };

function flagOf([name, shorthand, shown]: FlagFacts, usage = ""): FlagDef {
  const base = { name, shorthand, usage };
  if (shown.startsWith("'")) {
    return { ...base, value: shown.slice(1, -1), type: "string", bare: BARE[name] };
  }
  if (shown === "true" || shown === "false") return { ...base, value: shown, type: "bool", bare: "true" };
  if (shown.startsWith("["))
    return { ...base, value: shown.slice(1, -1), type: ARRAYS.has(name) ? "array" : "slice", bare: undefined };
  if (/^-?\d+$/.test(shown)) return { ...base, value: shown, type: "int", bare: undefined };
  if (DURATIONS.has(name) || /\d[smh]$/.test(shown))
    return { ...base, value: shown, type: "duration", bare: undefined };
  // Tri-state values of `config set-cluster` and friends are displayed empty.
  if (name === "aggregation-rule") return { ...base, value: "", type: "pairs", bare: undefined };
  return { ...base, value: "", type: "string", bare: name === "vmodule" ? undefined : "true" };
}

/** The words about the flag that stands at a place of its command's list. */
function usageOf(usages: readonly number[] | undefined, at: number): string {
  return texts?.usages[usages?.[at] ?? -1] ?? "";
}

const flagLists = new Map<string, readonly FlagDef[]>();
let globals: readonly FlagDef[] | undefined;

/** Flags of every command. */
export function globalFlags(): readonly FlagDef[] {
  globals ??= globalData.map((flag, i) => flagOf(flag, usageOf(texts?.globals, i)));
  return globals;
}

/** A command's own flags, those of help first. */
export function localFlags(path: string): readonly FlagDef[] {
  let list = flagLists.get(path);
  if (list === undefined) {
    const usages = texts?.commands[path]?.usages;
    const own = (commandData[path]?.flags ?? []).map((flag, i) => flagOf(flag, usageOf(usages, i)));
    list = [...own, ...(HIDDEN[path] ?? [])];
    flagLists.set(path, list);
  }
  return list;
}

/** Finds the flag of a command by long name. */
export function findFlag(path: string, name: string): FlagDef | undefined {
  if (name === "help") return HELP;
  return localFlags(path).find((flag) => flag.name === name) ?? globalFlags().find((flag) => flag.name === name);
}

/** Finds the flag of a command by its letter. */
export function findShorthand(path: string, letter: string): FlagDef | undefined {
  if (letter === "h") return HELP;
  const own = localFlags(path);
  const found = own.find((f) => f.shorthand === letter);
  if (found) return found;
  const global = globalFlags().find((f) => f.shorthand === letter);
  // A command's own flag of that name stands in its place, with its own letter or none.
  return own.some((f) => f.name === global?.name) ? undefined : global;
}

const commandCache = new Map<string, Command>();

/** The command of that path; undefined when there is none. */
export function command(path: string): Command | undefined {
  const known = commandCache.get(path);
  if (known) return known;
  const found = commandData[path];
  if (found === undefined) return undefined;
  const { aliases = [], subcommands = [] } = found;
  const made = { path, name: path.split(" ").at(-1)!, aliases, subcommands };
  commandCache.set(path, made);
  return made;
}

/** A child by name or alias. */
export function subcommand(parent: Command, name: string): Command | undefined {
  for (const child of parent.subcommands) {
    const found = command(parent.path === "" ? child : `${parent.path} ${child}`)!;
    if (child === name || found.aliases.includes(name)) return found;
  }
  return undefined;
}

/** `  --output='json'` and its usage, as help shows a flag. */
function flagText([name, shorthand, shown]: FlagFacts, usage: string): string {
  const words = usage === "" ? "" : `:\n\t${usage.replace(/\n/g, "\n\t")}`;
  return `    ${shorthand ? `-${shorthand}, ` : ""}--${name}=${shown}${words}`;
}

function flagTexts(flags: readonly FlagFacts[], usages: readonly number[] | undefined): string {
  return flags.map((flag, i) => flagText(flag, usageOf(usages, i))).join(texts === null ? "\n" : "\n\n");
}

/** What `kubectl <path> --help` prints. */
export function helpText(path: string): string {
  const told = texts?.commands[path];
  const { flags = [] } = commandData[path]!;
  if (told === undefined) return ownHelp(path);
  return flags.length > 0 ? told.help.replace("\0", () => flagTexts(flags, told.usages)) : told.help;
}

/** The same without kubectl's words: what there is. */
function ownHelp(path: string): string {
  const { flags = [], aliases = [], subcommands = [] } = commandData[path]!;
  const whole = path === "" ? "kubectl" : `kubectl ${path}`;
  const parts: string[] = [];
  if (aliases.length > 0) parts.push(`Aliases:\n${[path.split(" ").at(-1), ...aliases].join(", ")}`);
  if (subcommands.length > 0) parts.push(`Available Commands:\n${subcommands.map((name) => `  ${name}`).join("\n")}`);
  if (flags.length > 0) parts.push(`Options:\n${flagTexts(flags, undefined)}`);
  parts.push(`Usage:\n  ${whole} [flags] [options]`);
  if (subcommands.length > 0) parts.push(`Help of one of them: "${whole} <command> --help".`);
  parts.push('Options of every command: "kubectl options".');
  return `${parts.join("\n\n")}\n`;
}

/** What `kubectl options` prints in a home directory. */
export function optionsText(home: string): string {
  const list = flagTexts(globalData, texts?.globals).replace("/root/.kube/cache", `${home}/.kube/cache`);
  return `${texts?.head ?? "Options of every command:\n\n"}${list}\n\n`;
}

/** The one line about a command that its parent's help shows. */
export function shortText(path: string): string {
  const words = path.split(" ");
  const name = words.pop()!;
  const parent = texts?.commands[words.join(" ")]?.help ?? "";
  const line = parent.split("\n").find((text) => text.startsWith(`  ${name} `));
  if (line === undefined) return name === "options" ? "Print the list of flags inherited by all commands" : "";
  return line.slice(2 + name.length).trim();
}
