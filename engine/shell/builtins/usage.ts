import type { Gen } from "../../kernel/index.ts";
import { ExitShell } from "../control.ts";
import type { Dialect, Shell } from "../shell.ts";
import { SPECIAL } from "./special.ts";
import { USAGE } from "./topics.ts";

/** Complains about an option; the status is 2. */
export function* badOption(sh: Shell, name: string, option: string): Gen<number> {
  yield* sh.complain(`${name}: ${option}: invalid option`);
  if (sh.posix) {
    if (SPECIAL.has(name) && !sh.setup.interactive) throw new ExitShell(2);
    return 2;
  }
  return yield* usage(sh, name);
}

/** Complains about an option without the value that it needs; the status is 2. */
export function* noValue(sh: Shell, name: string, option: string): Gen<number> {
  yield* sh.complain(`${name}: ${option}: option requires an argument`);
  return yield* usage(sh, name);
}

export function* usage(sh: Shell, name: string): Gen<number> {
  const { dialect } = sh.setup;
  if (dialect !== "bash") {
    const text = PLAIN_USAGE[dialect]?.[name];
    if (text !== undefined) yield* sh.complain(text);
    return 2;
  }
  yield* sh.writeTo(2, `${name}: usage: ${USAGE[name] ?? name}\n`);
  if (sh.strict && SPECIAL.has(name)) sh.specialFailed = true;
  return 2;
}

/** What dash and busybox say instead; nothing of most. */
const PLAIN_USAGE: Partial<Record<Dialect, Record<string, string>>> = {
  dash: {
    getopts: "getopts: Usage: getopts optstring var [arg...]",
    kill: "kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or\nkill -l [exitstatus]",
    printf: "printf: usage: printf format [arg ...]",
  },
  busybox: {
    getopts: "getopts: usage: getopts optstring var [arg]",
    kill: "you need to specify whom to kill",
    printf: "usage: printf FORMAT [ARGUMENT...]",
  },
};

/** Options before the first operand, read as getopt does. */
export interface Parsed {
  options: { letter: string; value: string | undefined; sign: "-" | "+" }[];
  rest: string[];
  /** The first option that is not known. */
  bad: string | undefined;
  /** An option without the value it needs. */
  missing: string | undefined;
}

/** Arguments of a builtin that knows no options in this dialect. */
export function withoutOptions(args: readonly string[]): Parsed {
  return { options: [], rest: [...args], bad: undefined, missing: undefined };
}

/** Reads `-abc value` by a getopt string (`a:` takes a value); `plus`: `+a` is an option too. */
export function parseOptions(args: readonly string[], known: string, plus = false): Parsed {
  const out: Parsed = { options: [], rest: [], bad: undefined, missing: undefined };
  let i = 0;
  for (; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      i++;
      break;
    }
    const sign = arg[0];
    if (arg.length < 2 || !(sign === "-" || (plus && sign === "+"))) break;
    for (let k = 1; k < arg.length; k++) {
      const letter = arg[k]!;
      const at = known.indexOf(letter);
      if (at < 0 || letter === ":") {
        out.bad = `${sign}${letter}`;
        return out;
      }
      if (known[at + 1] !== ":") {
        out.options.push({ letter, value: undefined, sign: sign as "-" });
        continue;
      }
      const value = k + 1 < arg.length ? arg.slice(k + 1) : args[++i];
      if (value === undefined) {
        out.missing = `-${letter}`;
        return out;
      }
      out.options.push({ letter, value, sign: sign as "-" });
      break;
    }
  }
  out.rest = args.slice(i);
  return out;
}
