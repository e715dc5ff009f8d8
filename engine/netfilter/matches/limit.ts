import type { MatchExtension } from "../extension.ts";
import { optionNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import { Credit, periodOf, rateText } from "../rates.ts";
import type { Match } from "../types.ts";

/** Parts of a second in which rates are kept (XT_LIMIT_SCALE). */
const SCALE = 10_000;
/** `-m limit`: so many packets a time, a burst at first (libxt_limit.c, xt_limit.c). */
class LimitMatch implements Match {
  readonly name = "limit";
  readonly volatile = true;
  /** Parts of a second between two packets. */
  period = (SCALE * 3_600) / 3;
  burst = 5;
  private readonly credit = new Credit();

  private rate(): string {
    return ` ${rateText(this.period, SCALE)}`;
  }

  save(): string {
    return ` --limit${this.rate()}${this.burst === 5 ? "" : ` --limit-burst ${this.burst}`}`;
  }

  list(): string {
    return ` limit: avg${this.rate()} burst ${this.burst}`;
  }

  test(_packet: Packet, on: Surroundings): boolean {
    const cost = this.period * 100;
    return this.credit.pays(cost, cost * this.burst, on.now, on.traceless);
  }
}

function read(text: string): number {
  const period = periodOf(text, SCALE);
  if (period === undefined) throw new Problem(`bad rate "${text}"'`);
  if (Math.floor(period) === 0) throw new Problem(`Rate too fast "${text}"`);
  return Math.floor(period);
}

export const limit: MatchExtension = {
  name: "limit",
  options: [
    {
      name: "limit",
      read(match, value) {
        (match as LimitMatch).period = read(value);
      },
    },
    {
      name: "limit-burst",
      read(match, value) {
        // The kernel takes none for the usual one.
        (match as LimitMatch).burst = optionNumber("limit", "limit-burst", value, 0, 10_000) || 5;
      },
    },
  ],
  create: () => new LimitMatch(),
};
