/** Command history. */
export class History {
  lines: string[] = [];
  /** Number of the first line. */
  base = 1;

  /** Number of the next line. */
  number(): number {
    return this.base + this.lines.length;
  }
}
