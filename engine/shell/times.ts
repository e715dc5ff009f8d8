import type { Gen } from "../kernel/index.ts";
import type { Shell } from "./shell.ts";

/** `1m2.345s`. */
export function clock(us: number, digits = 3, long = true): string {
  const unit = 10 ** (6 - digits);
  const rounded = Math.floor(us / unit);
  const perSecond = 10 ** digits;
  const whole = Math.floor(rounded / perSecond);
  const fraction = digits > 0 ? `.${String(rounded % perSecond).padStart(digits, "0")}` : "";
  return long ? `${Math.floor(whole / 60)}m${whole % 60}${fraction}s` : `${whole}${fraction}`;
}

/** CPU time in µs of the shell and of the children it waited for. */
export function cpuTime(sh: Shell): number {
  return sh.p.task.used + sh.p.childrenCpu;
}

/** Prints what the `time` keyword measured, by TIMEFORMAT. `us`: real time; `used`: CPU time, all of it the user's. */
export function* printTimes(sh: Shell, us: number, used: number, posix: boolean): Gen<void> {
  const format = posix
    ? "real %2R\nuser %2U\nsys %2S"
    : (sh.get("TIMEFORMAT") ?? "\nreal\t%3lR\nuser\t%3lU\nsys\t%3lS");
  if (format === "") return;
  // The model does not part the system's time from the user's.
  const text = format.replace(/%(?:(%)|(\d)?(l)?([RUS])|P)/g, (whole, percent, digits, long, kind) => {
    if (percent) return "%";
    if (whole === "%P") return us === 0 ? "0.00" : ((100 * Math.min(used, us)) / us).toFixed(2);
    const value = kind === "R" ? us : kind === "U" ? Math.min(used, us) : 0;
    return clock(value, digits === undefined ? 3 : Math.min(3, Number(digits)), long !== undefined);
  });
  yield* sh.writeTo(2, `${text}\n`);
}
