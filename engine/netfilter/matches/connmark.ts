import type { MatchExtension } from "../extension.ts";
import { formatMark, markAndMask } from "../numbers.ts";
import type { Match } from "../types.ts";

/** `-m connmark`: the connection's mark under a mask (libxt_connmark.c). A new connection has none. */
class ConnmarkMatch implements Match {
  readonly name = "connmark";
  mark = 0;
  mask = 0;
  inverted = false;

  save(): string {
    return `${this.inverted ? " !" : ""} --mark${formatMark(this.mark, this.mask)}`;
  }

  list(): string {
    return ` connmark match ${this.inverted ? "!" : ""}${formatMark(this.mark, this.mask)}`;
  }

  test(): boolean {
    return (this.mark === 0) !== this.inverted;
  }
}

export const connmark: MatchExtension = {
  name: "connmark",
  options: [
    {
      name: "mark",
      mandatory: true,
      invert: true,
      read(made, value, inverted) {
        const match = made as ConnmarkMatch;
        [match.mark, match.mask] = markAndMask("connmark", "mark", value);
        match.inverted = inverted;
      },
    },
  ],
  create: () => new ConnmarkMatch(),
};
