import type { MatchExtension } from "../extension.ts";
import { optionNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** Parts of a second in which rates are kept (XT_LIMIT_SCALE). */
const SCALE = 10_000;
const UNITS: readonly [string, number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["min", 60],
  ["sec", 1],
];
const WORDS: readonly [string, number][] = [
  ["second", 1],
  ["minute", 60],
  ["hour", 3_600],
  ["day", 86_400],
];

/** `-m limit`: so many packets a time, a burst at first (libxt_limit.c, xt_limit.c). */
class LimitMatch implements Match {
  readonly name = "limit";
  readonly volatile = true;
  /** Parts of a second between two packets. */
  period = (SCALE * 3_600) / 3;
  burst = 5;
  private credit = -1;
  private seen = 0;

  private rate(): string {
    let [name, seconds] = UNITS[0]!;
    for (const [unit, each] of UNITS.slice(1)) {
      const mult = each * SCALE;
      if (this.period > mult || Math.floor(mult / this.period) < mult % this.period) break;
      [name, seconds] = [unit, each];
    }
    return ` ${Math.floor((seconds * SCALE) / this.period)}/${name}`;
  }

  save(): string {
    return ` --limit${this.rate()}${this.burst === 5 ? "" : ` --limit-burst ${this.burst}`}`;
  }

  list(): string {
    return ` limit: avg${this.rate()} burst ${this.burst}`;
  }

  test(_packet: Packet, on: Surroundings): boolean {
    const cost = this.period * 100;
    const most = cost * this.burst;
    if (this.credit < 0) this.credit = most;
    else this.credit = Math.min(most, this.credit + (on.now - this.seen));
    this.seen = on.now;
    if (this.credit < cost) return false;
    this.credit -= cost;
    return true;
  }
}

function periodOf(text: string): number {
  const slash = text.indexOf("/");
  const word = slash < 0 ? "second" : text.slice(slash + 1).toLowerCase();
  const unit = word === "" ? undefined : WORDS.find(([name]) => name.startsWith(word));
  const rate = Number.parseInt(text, 10);
  if (unit === undefined || Number.isNaN(rate) || rate <= 0) throw new Problem(`bad rate "${text}"'`);
  const period = Math.floor((SCALE * unit[1]) / rate);
  if (period === 0) throw new Problem(`Rate too fast "${text}"`);
  return period;
}

export const limit: MatchExtension = {
  name: "limit",
  options: [
    {
      name: "limit",
      read(match, value) {
        (match as LimitMatch).period = periodOf(value);
      },
    },
    {
      name: "limit-burst",
      read(match, value) {
        (match as LimitMatch).burst = optionNumber("limit", "limit-burst", value, 0, 10_000);
      },
    },
  ],
  create: () => new LimitMatch(),
};
