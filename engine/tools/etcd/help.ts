/** What etcdctl 3.5 prints for -h and after wrong flags: options with their defaults, aligned by tabs. */
import type { Subcommand } from "./command.ts";
import { DESCRIPTIONS, GLOBAL, GROUPS, OPTIONS, type Option } from "./options.ts";

/** Cells in columns of eight, as Go's text/tabwriter makes them of tabs. */
function aligned(rows: readonly (readonly [string, string])[], indent: string): string {
  const width = Math.ceil((Math.max(...rows.map(([cell]) => cell.length)) + 1) / 8) * 8;
  return rows
    .map(([cell, text]) => `${indent}${cell}${"\t".repeat(Math.ceil((width - cell.length) / 8))}${text}\n`)
    .join("");
}

const flagName = ([shown]: Option): string => shown.replace(/^(-\w, )?--/, "").replace(/[=[].*/s, "");

function optionLines(all: readonly Option[]): string {
  const sorted = [...all].sort((a, b) => (flagName(a) < flagName(b) ? -1 : 1));
  return aligned(
    sorted.map(([shown, about]) => [`${shown.startsWith("--") ? "      " : "  "}${shown}`, about] as const),
    "",
  );
}

/** What a command says of itself in help, whatever it does. */
type Described = Pick<Subcommand, "usage" | "about">;

/** Help of a command: `name` as its words, "" for etcdctl itself. */
export function helpOf(name: string, commands: Readonly<Record<string, Described>>, isAsked = true): string {
  const words = name.split(" ");
  const group = GROUPS[name];
  const { about, usage }: Described =
    name === ""
      ? { about: "A simple command line client for etcd3.", usage: "[flags]" }
      : (group ?? (name === "help" ? HELP : commands[name]!));
  const below: (readonly [string, string])[] = Object.entries(commands)
    .filter(([one]) => (name === "" || one.startsWith(`${name} `)) && one !== "compact")
    .map(([one, each]) => [one.slice(name === "" ? 0 : name.length + 1), each.about] as const);
  if (name === "") below.push(["help", HELP.about]);
  below.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const long = DESCRIPTIONS[name];
  const own: Option[] = [...(OPTIONS[name] ?? []), ["-h, --help[=false]", `help for ${words.at(-1) || "etcdctl"}`]];
  const inherited = words.length > 1 ? (OPTIONS[words[0]!] ?? []) : [];
  return (
    `NAME:\n\t${name || "etcdctl"} - ${about}\n\nUSAGE:\n\tetcdctl ${usage}\n\n` +
    (name === "" ? "VERSION:\n\t3.5.16\n\n" : "") +
    (name === "" || group ? `API VERSION:\n\t3.5\n\n\nCOMMANDS:\n${aligned(below, "\t")}\n` : "") +
    (long === undefined ? "" : `DESCRIPTION:\n${long.replace(/^/gm, "\t")}\n\n`) +
    `OPTIONS:\n${optionLines(name === "" ? [...(isAsked ? own : []), ...GLOBAL] : own)}\n` +
    (name === "" ? "" : `GLOBAL OPTIONS:\n${optionLines([...inherited, ...GLOBAL])}\n`)
  );
}

const HELP: Described = { usage: "help [command] [flags]", about: "Help about any command" };
