import { sleep as pause, SECOND } from "../../kernel/index.ts";
import { quote, tool, UsageError } from "../tool.ts";

const UNITS: Record<string, number> = { "": 1, s: 1, m: 60, h: 3600, d: 86_400 };

/** A time as sleep(1) and timeout(1) take it, in µs; undefined when it is none. */
export function parseInterval(text: string): number | undefined {
  if (text === "infinity" || text === "inf") return Number.POSITIVE_INFINITY;
  const match = /^\+?(\d+\.?\d*|\.\d+)(?:[eE]([-+]?\d+))?([smhd]?)$/.exec(text);
  if (match === null) return undefined;
  const value = Number(match[2] === undefined ? match[1] : `${match[1]}e${match[2]}`);
  return Math.ceil(value * UNITS[match[3]!]! * SECOND);
}

/** sleep(1). */
export const sleep = tool(
  {
    name: "sleep",
    short: "+",
    usage: "NUMBER[SUFFIX]...\n  or:  sleep OPTION",
    about:
      "Pause for NUMBER seconds.  SUFFIX may be 's' for seconds (the default),\n'm' for minutes, 'h' for hours or 'd' for days.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    let total = 0;
    const wrong: string[] = [];
    for (const text of o.operands) {
      const interval = parseInterval(text);
      if (interval === undefined) wrong.push(text);
      else total += interval;
    }
    for (const text of wrong.slice(0, -1)) yield* t.error(`invalid time interval ${quote(text)}`);
    if (wrong.length > 0) throw new UsageError(`invalid time interval ${quote(wrong.at(-1)!)}`);
    // Caught signals interrupt a sleep; what is left of it goes on.
    const until = t.p.machine.kernel.now + Math.min(total, 1e15);
    while (t.p.machine.kernel.now < until) yield* pause(until - t.p.machine.kernel.now);
    return 0;
  },
);
