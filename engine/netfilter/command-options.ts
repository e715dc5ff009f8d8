import type { Rule } from "./types.ts";

export type Operation =
  | "append"
  | "check"
  | "delete"
  | "delete-number"
  | "replace"
  | "insert"
  | "list"
  | "list-rules"
  | "flush"
  | "zero"
  | "zero-number"
  | "new-chain"
  | "delete-chain"
  | "rename-chain"
  | "policy"
  | "version"
  | "help"
  | "none";

/** One line of iptables, read and judged as far as that goes without the ruleset. */
export interface Command {
  operation: Operation;
  /** `-Z` beside `-L` or `-S`. */
  alsoZero: boolean;
  table: string;
  chain: string | undefined;
  /** Counted from 1; 0 when none was given. */
  number: number;
  newName: string;
  policy: string;
  /** More than one when several addresses were given. */
  rules: Rule[];
  verbose: number;
  numeric: boolean;
  exact: boolean;
  lineNumbers: boolean;
}

/** What a line is read for. */
export interface ReadFor {
  /** Whose addresses: iptables' (4) when it is left out, or ip6tables'. */
  family?: 4 | 6;
  /** The table that iptables-restore is at. */
  restoring?: string;
  setDimensions?: (name: string) => number | undefined;
  /** Takes lines for standard error that stop nothing. */
  warn?: (line: string) => void;
}

const WITH_ARGUMENT: Readonly<Record<string, string>> = {
  append: "A",
  delete: "D",
  check: "C",
  insert: "I",
  replace: "R",
  "new-chain": "N",
  "rename-chain": "E",
  policy: "P",
  source: "s",
  destination: "d",
  src: "s",
  dst: "d",
  protocol: "p",
  "in-interface": "i",
  jump: "j",
  table: "t",
  match: "m",
  "out-interface": "o",
  modprobe: "M",
  "set-counters": "c",
  goto: "g",
};
const WITHOUT_ARGUMENT: Readonly<Record<string, string>> = {
  list: "L",
  "list-rules": "S",
  flush: "F",
  zero: "Z",
  "delete-chain": "X",
  numeric: "n",
  verbose: "v",
  wait: "w",
  "wait-interval": "W",
  exact: "x",
  fragments: "f",
  version: "V",
  help: "h",
  "line-numbers": "0",
  ipv4: "4",
  ipv6: "6",
};
/** Short letters of the long options. */
export const LONG = new Map(
  [...Object.entries(WITH_ARGUMENT), ...Object.entries(WITHOUT_ARGUMENT)].map(([name, letter]) => [
    `--${name}`,
    letter,
  ]),
);
/** Letters that take the next word. */
export const NEEDS_ARGUMENT = new Set([..."ADRIECPNopsdjimctgM"]);
/** Letters that take what is attached to them, if anything. */
export const TAKES_ATTACHED = new Set([..."LSFZXwW"]);
/** Every letter. */
export const KNOWN = new Set([...NEEDS_ARGUMENT, ...TAKES_ATTACHED, ..."hVfbvnx460"]);

/** Letters that messages name operations by. */
export const LETTER_OF: Partial<Record<Operation, string>> = {
  append: "A",
  check: "C",
  delete: "D",
  "delete-number": "D",
  replace: "R",
  insert: "I",
  list: "L",
  "list-rules": "S",
  flush: "F",
  zero: "Z",
  "zero-number": "Z",
  "new-chain": "N",
  "delete-chain": "X",
  "rename-chain": "E",
  policy: "P",
};
/** Operations that are given a rule. */
export const ON_RULES: readonly Operation[] = ["append", "check", "delete", "insert", "replace"];

/** Options by their long names with the operations that allow them (options_v_commands of xshared.c). */
export const ALLOWED: readonly [string, readonly Operation[]][] = [
  ["--numeric", ["list"]],
  ["--source", ON_RULES],
  ["--destination", ON_RULES],
  ["--protocol", ON_RULES],
  ["--jump", ON_RULES],
  ["--exact", ["list"]],
  ["--in-interface", ON_RULES],
  ["--out-interface", ON_RULES],
  ["--line-numbers", ["list"]],
  ["--set-counters", ["insert", "replace", "append", "policy"]],
  ["--fragments", ON_RULES],
];
