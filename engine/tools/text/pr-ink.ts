/** What pr(1) prints and how far it is: blanks that may become tabs, separators, characters that are shown otherwise. */
import type { Layout } from "./pr-layout.ts";

export const [NEWLINE, FORM_FEED, TAB, BACKSPACE, SPACE] = [10, 12, 9, 8, 32];

const printable = (c: number) => c >= 32 && c < 127;
export const tabWidth = (width: number, at: number) => width - (at % width);
export const codeOf = (text: string) => text.charCodeAt(0);

export class Ink {
  /** Columns that the line has taken of its input, and of the page. */
  inAt = 0;
  outAt = 0;
  /** Blanks and separators that are due before the next character. */
  spaces = 0;
  separators = 0;
  out: number[] = [];
  /** What is kept to be printed beside others. */
  store: number[] = [];
  private readonly l: Layout;

  constructor(l: Layout) {
    this.l = l;
  }

  /** Goes on at a position of the line. */
  padTo(position: number): void {
    if (this.l.tabify) {
      this.spaces = position - this.outAt;
      return;
    }
    for (let at = this.outAt; at < position; at++) this.out.push(SPACE);
    this.outAt = position;
  }

  /** Writes the blanks that are due. */
  whiteSpace(): void {
    const { outTab, outTabWidth } = this.l;
    let at = this.outAt;
    const goal = at + this.spaces;
    for (;;) {
      const next = at + tabWidth(outTabWidth, at);
      if (goal - at <= 1 || next > goal) break;
      this.out.push(codeOf(outTab));
      at = next;
    }
    for (; at < goal; at++) this.out.push(SPACE);
    this.outAt = goal;
    this.spaces = 0;
  }

  /** The separator, once for each column that was passed; its text is written for the first of them alone. */
  separate(): void {
    if (this.separators <= 0) {
      if (this.spaces > 0) this.whiteSpace();
      return;
    }
    let text = this.l.separator;
    for (; this.separators > 0; this.separators--) {
      for (const char of text) {
        if (char === " ") {
          this.spaces++;
          continue;
        }
        if (this.spaces > 0) this.whiteSpace();
        this.out.push(codeOf(char));
        this.outAt++;
      }
      text = "";
      if (this.spaces > 0) this.whiteSpace();
    }
  }

  /** One character, to the page or to the store. */
  put(c: number, storing: boolean): void {
    if (storing) {
      this.store.push(c);
      return;
    }
    if (this.l.tabify) {
      if (c === SPACE) {
        this.spaces++;
        return;
      }
      if (this.spaces > 0) this.whiteSpace();
      if (printable(c)) this.outAt++;
      else if (c === BACKSPACE) this.outAt--;
    }
    this.out.push(c);
  }

  /** What a character of the input becomes; counts its width. */
  clump(c: number): number[] {
    const { l } = this;
    let clump = [c];
    let width = 0;
    const octal = () => [...`\\${c.toString(8).padStart(3, "0")}`].map(codeOf);
    if (c === codeOf(l.inTab) || c === TAB) {
      width = tabWidth(c === codeOf(l.inTab) ? l.inTabWidth : 8, this.inAt);
      if (l.untabify) clump = new Array<number>(width).fill(SPACE);
    } else if (printable(c)) width = 1;
    else if (l.octal || (l.hat && c >= 128)) {
      clump = octal();
      width = 4;
    } else if (l.hat) {
      clump = [94, c ^ 64];
      width = 2;
    } else if (c === BACKSPACE) width = -1;
    if (width < 0 && this.inAt === 0) clump = [];
    else this.inAt = Math.max(0, this.inAt + width);
    return clump;
  }
}
