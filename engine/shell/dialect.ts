import type { Dialect } from "./shell.ts";

/** A message without the shell's name before it. */
export const BARE = "\0";

type Words = string | ((match: RegExpExecArray) => string);

/** How dash and busybox word what bash says: bash's text, dash's, busybox's (both may be the same). */
const TABLE: readonly [RegExp, Words, Words?][] = [
  [/^\$?(.+): unbound variable$/, (m) => `${m[1]}: parameter not set`],
  [/^(.+): parameter null or not set$/, (m) => `${m[1]}: parameter not set or null`],
  [/^unset: (.+): cannot unset: readonly variable$/, (m) => `unset: ${m[1]}: is read only`],
  [/^(?:\w+: )?(.+): readonly variable$/, (m) => `${m[1]}: is read only`],
  [
    /^(?:\(\(: )?(.*): division by 0 \(error token is ".*$/s,
    (m) => `arithmetic expression: division by zero: "${m[1]}"`,
    "divide by zero",
  ],
  [
    /^(?:\(\(: )?(.*?): (?:value too great for base|syntax error in expression|[^"]*invalid number|[^"]*invalid integer constant) \(error token is ".*$/s,
    (m) => `arithmetic expression: expecting EOF: "${m[1]}"`,
    "arithmetic syntax error",
  ],
  [
    /^(?:\(\(: )?.*: exponent less than 0 \(error token is ".*$/s,
    "arithmetic expression: expecting primary",
    "exponent less than 0",
  ],
  [
    /^(.*?): `:' expected for conditional expression \(error token is ".*$/s,
    (m) => `arithmetic expression: expecting ':': "${m[1]}"`,
    "arithmetic syntax error",
  ],
  [
    /^(?:\(\(: )?(.*?): [^"]*\(error token is ".*$/s,
    (m) => `arithmetic expression: expecting primary: "${m[1]}"`,
    "arithmetic syntax error",
  ],
  [
    /^printf: (\s*[-+]?\.?\d.*): invalid (?:octal |hex )?number$/s,
    (m) => `printf: ${m[1]}: not completely converted`,
    (m) => `invalid number '${m[1]}'`,
  ],
  [
    /^printf: (.*): invalid number$/s,
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
  [/^(test|\[\[?): (.*)$/, (m) => `${m[1]}: ${m[2]}`, (m) => `${m[2]}`],
  [
    /^(read): `(.*)': not a valid identifier$/,
    (m) => `read: ${m[2]}: bad variable name`,
    (m) => `read: '${m[2]}': bad variable name`,
  ],
  [/^(export|readonly): `([^=]*)=.*': not a valid identifier$/, (m) => `${m[1]}: ${m[2]}: bad variable name`],
  [/^printf: `%': missing format character$/s, "printf: missing format character", "%: invalid format"],
  [/^printf: `(%.+)': missing format character$/s, (m) => `printf: ${m[1]}: invalid directive`, "%: invalid format"],
  [
    /^printf: `(%.)(.*)': invalid format character$/s,
    (m) => `printf: ${m[1]}: invalid directive`,
    (m) => `${m[1]}${m[2]}: invalid format`,
  ],
  [
    /^set: (\w+): invalid option name$/,
    (m) => `set: Illegal option -o ${m[1]}`,
    (m) => `set: illegal option -o ${m[1]}`,
  ],
  [/^shift: (-\d+): shift count out of range$/, (m) => `shift: Illegal number: ${m[1]}`],
  [
    /^(kill|fg|bg|wait|jobs): (%.*): no such job$/,
    (m) => `${m[1]}: No such job: ${m[2]}`,
    (m) => `${m[1]}: ${m[2]}: no such job`,
  ],
  [
    /^kill: (.*): arguments must be process or job IDs$/,
    (m) => `kill: Illegal number: ${m[1]}`,
    (m) => `invalid number '${m[1]}'`,
  ],
  [
    /^kill: (.*): invalid signal name$/,
    (m) => `kill: invalid signal number or name: ${m[1]}`,
    (m) => `bad signal name '${m[1]}'`,
  ],
  [
    /^kill: (\d+): invalid signal specification$/,
    (m) => `kill: invalid signal number or exit status: ${m[1]}`,
    (m) => `unknown signal '${m[1]}'`,
  ],
  [
    /^kill: (.)(.*): invalid signal specification$/,
    (m) => `kill: Illegal option -${m[1]}`,
    (m) => `bad signal name '${m[1]}${m[2]}'`,
  ],
  [/^wait: `(.*)': not a pid or valid job spec$/, (m) => `wait: Illegal number: ${m[1]}`],
  [/^(fg|bg): (?:no job control|current: no such job)$/, (m) => `${m[1]}: No current job`],
  [
    /^umask: (.*): octal number out of range$/,
    (m) => `umask: Illegal number: ${m[1]}`,
    (m) => `umask: illegal mode: ${m[1]}`,
  ],
  [
    /^umask: `(.*)': invalid symbolic mode operator$/,
    (m) => `umask: Illegal mode: ${m[1]}`,
    (m) => `umask: illegal mode: ${m[1]}`,
  ],
  [/^ulimit: (.*): invalid number$/, "ulimit: bad number", (m) => `invalid number '${m[1]}'`],
  [/^`(.*)': not a valid identifier$/, (m) => `${m[1]}: bad variable name`],
  [/^(\w+): `(.*)': not a valid identifier$/, (m) => `${m[1]}: ${m[2]}: bad variable name`],
  [/^(.*): bad substitution$/, "Bad substitution", "syntax error: bad substitution"],
];

/** The builtins of dash; busybox has a few more. */
const DASH =
  ". : [ alias bg break cd chdir command continue echo eval exec exit export false fg getopts hash jobs kill local printf pwd read readonly return set shift test times trap true type ulimit umask unalias unset wait".split(
    " ",
  );
const BUILTINS: Record<"dash" | "busybox", ReadonlySet<string>> = {
  dash: new Set(DASH),
  busybox: new Set([...DASH, "[[", "help", "history", "let", "source"]),
};

/** True when a builtin of bash is one of this shell, too. */
export function hasBuiltin(dialect: Dialect, name: string): boolean {
  return dialect === "bash" || BUILTINS[dialect].has(name);
}

/** Builtins whose name busybox puts before the line number. */
const NAMED =
  /^(cd|export|exit|shift|local|exec|\.|trap|readonly|unset|return|set|getopts|read|wait|eval|command|getopts|fg|bg|kill|umask|break|continue|jobs|hash|let): /;

/** Errors after which dash and busybox give status 2, where bash gives 1. */
export const FAULT =
  /Illegal|illegal (?:option|mode)|bad (?:variable name|number)|[Nn]o (?:such|current) job|No current job|invalid (?:directive|signal number)|missing format character/;

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
