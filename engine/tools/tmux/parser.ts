/** Splits what programs write to a terminal into characters, controls and sequences. */
export interface Controls {
  print(char: string): void;
  /** Printable ASCII from one place of a text to another. */
  run(text: string, from: number, to: number): void;
  control(code: number): void;
  /** `ESC` and what follows, for sequences without parameters. */
  escape(sequence: string): void;
  csi(final: string, mark: string, numbers: readonly number[]): void;
  /** The title that a program sets (OSC 0 and 2, and screen's `ESC k`). */
  name(text: string): void;
}

/** Longest sequence that is waited for. */
const MAX_SEQUENCE = 4_096;

export class Parser {
  private readonly to: Controls;
  /** A sequence that is not whole yet, from its ESC. */
  private pending = "";

  constructor(to: Controls) {
    this.to = to;
  }

  feed(text: string): void {
    const all = this.pending + text;
    this.pending = "";
    for (let i = 0; i < all.length; ) {
      const code = all.charCodeAt(i);
      if (code === 27) {
        const end = this.sequence(all, i);
        if (end === undefined) {
          if (all.length - i < MAX_SEQUENCE) {
            this.pending = all.slice(i);
            return;
          }
          i++;
        } else i = end;
      } else if (code < 32) {
        this.to.control(code);
        i++;
      } else if (code < 127) {
        let end = i + 1;
        while (end < all.length && all.charCodeAt(end) >= 32 && all.charCodeAt(end) < 127) end++;
        this.to.run(all, i, end);
        i = end;
      } else if (code === 127) i++;
      else {
        const char = code < 0xd800 || code > 0xdbff ? all[i]! : String.fromCodePoint(all.codePointAt(i)!);
        this.to.print(char);
        i += char.length;
      }
    }
  }

  /** Does the sequence at `at`; the place behind it, undefined when it is not whole. */
  private sequence(text: string, at: number): number | undefined {
    const second = text[at + 1];
    if (second === undefined) return undefined;
    if (second === "[") return this.csi(text, at + 2);
    if (second === "]" || second === "P" || second === "k" || second === "_" || second === "^") {
      let end = at + 2;
      while (end < text.length && text[end] !== "\x07" && !(text[end] === "\x1b" && text[end + 1] === "\\")) end++;
      if (end >= text.length) return undefined;
      const body = text.slice(at + 2, end);
      if (second === "k") this.to.name(body);
      else if (second === "]" && /^[02];/.test(body)) this.to.name(body.slice(2));
      return end + (text[end] === "\x07" ? 1 : 2);
    }
    if (second === "(" || second === ")" || second === "#" || second === "%")
      return text.length > at + 2 ? at + 3 : undefined;
    this.to.escape(second);
    return at + 2;
  }

  private csi(text: string, from: number): number | undefined {
    let i = from;
    let mark = "";
    if ("?>=<".includes(text[i] ?? " ")) mark = text[i++]!;
    const start = i;
    while (i < text.length && ((text[i]! >= "0" && text[i]! <= "9") || text[i] === ";" || text[i] === ":")) i++;
    const end = i;
    // Intermediate characters: only passed over (`ESC [ 4 SP q`, the cursor's shape).
    while (i < text.length && text[i]! >= " " && text[i]! <= "/") i++;
    if (i >= text.length) return undefined;
    const plain = i === end;
    const parameters = text.slice(start, end);
    const numbers = parameters === "" ? [] : parameters.split(/[;:]/).map((part) => Math.min(Number(part), 65_535));
    if (plain) this.to.csi(text[i]!, mark, numbers);
    return i + 1;
  }
}
