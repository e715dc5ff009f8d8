import type { Dialect } from "./shell.ts";

/** A message without the shell's name before it. */
export const BARE = "\0";

type Words = string | ((match: RegExpExecArray) => string);

/** How dash and busybox word what bash says: bash's text, dash's, busybox's (both may be the same). */
const TABLE: readonly [RegExp, Words, Words?][] = [
  [/^(.+): unbound variable$/, (m) => `${m[1]}: parameter not set`],
  [/^(?:\w+: )?(.+): readonly variable$/, (m) => `${m[1]}: is read only`],
  [
    /^(?:\(\(: )?(.*): division by 0 \(error token is ".*$/s,
    (m) => `arithmetic expression: division by zero: "${m[1]}"`,
    "divide by zero",
  ],
  [
    /^(?:\(\(: )?(.*?): [^"]*\(error token is ".*$/s,
    (m) => `arithmetic expression: expecting primary: "${m[1]}"`,
    "arithmetic syntax error",
  ],
  [
    /^printf: (.*): invalid (?:octal )?number$/,
    (m) => `printf: ${m[1]}: expected numeric value`,
    (m) => `invalid number '${m[1]}'`,
  ],
  [/^(exit|return|shift|break|continue): (.*): numeric argument required$/, (m) => `${m[1]}: Illegal number: ${m[2]}`],
  [
    /^trap: (.*): invalid signal specification$/,
    (m) => `${BARE}trap: ${m[1]}: bad trap`,
    (m) => `trap: ${m[1]}: invalid signal specification`,
  ],
  [/^trap: (.*): bad trap$/, (m) => `${BARE}trap: ${m[1]}: bad trap`],
  [/^(alias|unalias): (.*): not found$/, (m) => `${BARE}${m[1]}: ${m[2]} not found`],
  [/^kill: \((-?\d+)\) - (.*)$/, (m) => `kill: ${m[2]}\n`, (m) => `can't kill pid ${m[1]}: ${m[2]}`],
  [/^(\w+): (-.): invalid option$/, (m) => `${m[1]}: Illegal option ${m[2]}`, (m) => `${m[1]}: illegal option ${m[2]}`],
  [/^local: can only be used in a function$/, "local: not in a function"],
  [/^(test|\[): (.*)$/, (m) => `${m[1]}: ${m[2]}`, (m) => `${m[2]}`],
  [/^`(.*)': not a valid identifier$/, (m) => `${m[1]}: bad variable name`],
  [/^(\w+): `(.*)': not a valid identifier$/, (m) => `${m[1]}: ${m[2]}: bad variable name`],
  [/^(.*): bad substitution$/, "Bad substitution", "syntax error: bad substitution"],
];

/** Builtins whose name busybox puts before the line number. */
const NAMED = /^(cd|export|exit|shift|local|exec|\.|trap|readonly|unset|return|set|getopts|read|wait|eval): /;

/** A message of bash in the words of another shell. */
export function inDialect(dialect: Dialect, message: string, line: string): string {
  if (dialect === "bash") return message;
  let text = message;
  for (const [pattern, dash, busybox] of TABLE) {
    const match = pattern.exec(message);
    if (match === null) continue;
    const words = dialect === "busybox" ? (busybox ?? dash) : dash;
    text = typeof words === "string" ? words : words(match);
    break;
  }
  if (dialect === "busybox" && line !== "") text = text.replace(NAMED, (name) => `${name}${line}`);
  return text;
}
