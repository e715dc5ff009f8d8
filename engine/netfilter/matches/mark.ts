import type { MatchExtension } from "../extension.ts";
import { formatMark, markAndMask } from "../numbers.ts";
import type { Packet } from "../packet.ts";
import type { Match } from "../types.ts";

/** A mark under a mask: the packet's (libxt_mark.c), or of who has another idea of `test`. */
export class MarkMatch implements Match {
  readonly name: string = "mark";
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

/** A match of the one option `--mark [!] value[/mask]`. */
export function markExtension(name: string, create: () => MarkMatch): MatchExtension {
  return {
    name,
    options: [
      {
        name: "mark",
        mandatory: true,
        invert: true,
        read(made, value, inverted) {
          const match = made as MarkMatch;
          [match.mark, match.mask] = markAndMask(name, "mark", value);
          match.inverted = inverted;
        },
      },
    ],
    create,
  };
}

/** `-m mark`. */
export const mark = markExtension("mark", () => new MarkMatch());
