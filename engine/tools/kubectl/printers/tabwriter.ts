interface Cell {
  text: string;
  width: number;
}

/** Number of characters a cell takes: code points, as Go's utf8.RuneCount. */
function width(text: string): number {
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0xdc00 || code > 0xdfff) count++;
    else if (i === 0 || (text.charCodeAt(i - 1) & 0xfc00) !== 0xd800) count++;
  }
  return count;
}

/**
 * Elastic tab stops (Go's text/tabwriter): a column is as wide as its widest cell in a run of adjacent lines that have
 * it, plus padding. With `remember` widths only grow over the writer's life, as `get --watch` shows.
 */
export class TabWriter {
  private readonly minWidth: number;
  private readonly padding: number;
  private readonly remember: boolean;
  private remembered: number[] = [];
  private text = "";

  constructor(minWidth: number, padding: number, remember = false) {
    this.minWidth = minWidth;
    this.padding = padding;
    this.remember = remember;
  }

  write(text: string): void {
    this.text += text;
  }

  /** Forgets the widths of earlier output. */
  forgetWidths(): void {
    this.remembered = [];
  }

  /** The formatted text since the last flush. */
  flush(): string {
    if (this.text === "") return "";
    const lines: Cell[][] = this.text
      .split("\n")
      .map((line) => line.split("\t").map((text) => ({ text, width: width(text) })));
    this.text = "";
    const out: string[] = [];
    this.format(lines, 0, lines.length, [], out);
    return out.join("\n");
  }

  private format(lines: Cell[][], from: number, to: number, widths: number[], out: string[]): void {
    const column = widths.length;
    let start = from;
    for (let i = from; i < to; i++) {
      if (column >= lines[i]!.length - 1) continue;
      writeLines(lines, start, i, widths, out);
      start = i;
      let size = this.minWidth;
      for (; i < to && column < lines[i]!.length - 1; i++) {
        size = Math.max(size, lines[i]![column]!.width + this.padding);
      }
      if (this.remember) {
        size = Math.max(size, this.remembered[column] ?? 0);
        this.remembered[column] = size;
      }
      widths.push(size);
      this.format(lines, start, i, widths, out);
      widths.pop();
      start = i;
    }
    writeLines(lines, start, to, widths, out);
  }
}

function writeLines(lines: Cell[][], from: number, to: number, widths: number[], out: string[]): void {
  for (let i = from; i < to; i++) {
    let line = "";
    lines[i]!.forEach((cell, column) => {
      line += cell.text;
      const size = widths[column];
      if (size !== undefined && size > cell.width) line += " ".repeat(size - cell.width);
    });
    out.push(line);
  }
}

/** The writer of `kubectl get` (cli-runtime pkg/printers/tabwriter.go). */
export function newTabWriter(): TabWriter {
  return new TabWriter(6, 3, true);
}

/** Formats text with tabs as describers do: columns two blanks apart. */
export function tabbed(text: string): string {
  const writer = new TabWriter(0, 2);
  writer.write(text);
  return writer.flush();
}
