import type { MatchExtension } from "../extension.ts";
import { optionNumber } from "../numbers.ts";
import type { Packet, Surroundings } from "../packet.ts";
import { Problem } from "../problem.ts";
import type { Match } from "../types.ts";

/** Probabilities are kept as parts of 2³¹, which is why a third lists as 0.33333333349. */
const WHOLE = 0x8000_0000;

/** `-m statistic`: by chance, or every nth packet (libxt_statistic.c, xt_statistic.c). */
class StatisticMatch implements Match {
  readonly name = "statistic";
  readonly volatile = true;
  mode: "random" | "nth" = "random";
  inverted = false;
  probability = 0;
  every = 0;
  packet = 0;
  private count = 0;

  /** Sets where counting starts (xt_statistic_info.u.nth.count). */
  start(): void {
    this.count = this.every - 1 - this.packet;
  }

  private text(prefix: string): string {
    const head = ` ${prefix}mode ${this.mode}${this.inverted ? " !" : ""}`;
    if (this.mode === "random") return `${head} ${prefix}probability ${(this.probability / WHOLE).toFixed(11)}`;
    const packet = this.packet !== 0 || prefix !== "" ? ` ${prefix}packet ${this.packet}` : "";
    return `${head} ${prefix}every ${this.every}${packet}`;
  }

  save(): string {
    return this.text("--");
  }

  list(): string {
    return ` statistic${this.text("")}`;
  }

  test(_packet: Packet, on: Surroundings): boolean {
    if (this.mode === "random") return (on.random.uint32() & 0x7fff_ffff) >>> 0 < this.probability !== this.inverted;
    const nth = this.count + 1 >= this.every;
    if (!on.traceless) this.count = nth ? 0 : this.count + 1;
    return nth !== this.inverted;
  }
}

export const statistic: MatchExtension = {
  name: "statistic",
  options: [
    {
      name: "mode",
      mandatory: true,
      read(match, value) {
        if (value !== "random" && value !== "nth") throw new Problem(`Bad mode "${value}"`);
        (match as StatisticMatch).mode = value;
      },
    },
    {
      name: "probability",
      invert: true,
      excludes: ["every", "packet"],
      read(made, value, inverted) {
        const match = made as StatisticMatch;
        const number = /^\s*[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$/.test(value) ? Number(value) : Number.NaN;
        if (Number.isNaN(number)) {
          throw new Problem('statistic: bad value for option "--probability", or out of range (0-1).\n');
        }
        if (number < 0 || number > 1) {
          throw new Problem('statistic: bad value for option "--probability", or out of range (0-1).\n');
        }
        match.probability = Math.round(WHOLE * number);
        match.inverted ||= inverted;
      },
    },
    {
      name: "every",
      invert: true,
      excludes: ["probability"],
      needs: ["packet"],
      read(made, value, inverted) {
        const match = made as StatisticMatch;
        match.every = optionNumber("statistic", "every", value, 1, 0xffff_ffff);
        match.inverted ||= inverted;
      },
    },
    {
      name: "packet",
      excludes: ["probability"],
      needs: ["every"],
      read(match, value) {
        (match as StatisticMatch).packet = optionNumber("statistic", "packet", value, 0, 0xffff_ffff);
      },
    },
  ],
  create: () => new StatisticMatch(),
  finish(made, given) {
    const match = made as StatisticMatch;
    if (match.mode === "random" && !given.has("probability")) {
      throw new Problem("--probability must be specified when using random mode");
    }
    if (match.mode === "nth" && !given.has("every") && !given.has("packet")) {
      throw new Problem("--every and --packet must be specified when using nth mode");
    }
    if (match.mode === "nth" && match.packet > match.every - 1 && given.has("every")) {
      throw new Problem("the --packet p must be 0 <= p <= n-1");
    }
    match.start();
  },
};
