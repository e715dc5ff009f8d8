import type { MatchExtension } from "../extension.ts";
import { formatMark, markAndMask } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import type { Match } from "../types.ts";

/** `-m mark`: the packet's mark under a mask (libxt_mark.c). */
class MarkMatch implements Match {
  readonly name = "mark";
  mark = 0;
  mask = 0;
  inverted = false;

  save(): string {
    return `${this.inverted ? " !" : ""} --mark${formatMark(this.mark, this.mask)}`;
  }

  list(): string {
    return ` mark match${this.inverted ? " !" : ""}${formatMark(this.mark, this.mask)}`;
  }

  test(packet: Packet): boolean {
    return ((packet.mark & this.mask) >>> 0 === this.mark) !== this.inverted;
  }
}

export const mark: MatchExtension = {
  name: "mark",
  options: [
    {
      name: "mark",
      mandatory: true,
      invert: true,
      read(made, value, inverted) {
        const match = made as MarkMatch;
        [match.mark, match.mask] = markAndMask("mark", "mark", value);
        match.inverted = inverted;
      },
    },
  ],
  create: () => new MarkMatch(),
};
