import { formatMark } from "../numbers.ts";
import { MarkMatch, markExtension } from "./mark.ts";

/** `-m connmark`: the connection's mark under a mask (libxt_connmark.c). A new connection has none. */
class ConnmarkMatch extends MarkMatch {
  override readonly name = "connmark";

  override list(): string {
    return ` connmark match ${this.inverted ? "!" : ""}${formatMark(this.mark, this.mask)}`;
  }

  override test(): boolean {
    return (this.mark === 0) !== this.inverted;
  }
}

export const connmark = markExtension("connmark", () => new ConnmarkMatch());
