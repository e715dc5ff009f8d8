/** Cells wider than that are broken between words. */
const WIDEST = 30;

/** Lines of a cell: words, as many as fit. */
function wrapped(text: string): string[] {
  if (text.length <= WIDEST) return [text];
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= WIDEST) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Tables of olekukonko/tablewriter, as etcdctl prints them: cells to the right, heads in the middle. */
export function gridTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const broken = rows.map((row) => head.map((_, i) => wrapped(row[i] ?? "")));
  const widths = head.map((text, i) =>
    Math.max(
      text.length,
      ...rows.map((row) => Math.min(WIDEST, (row[i] ?? "").length)),
      ...broken.flatMap((row) => row[i]!.map((line) => line.length)),
    ),
  );
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const centred = (text: string, width: number) => {
    const left = Math.floor((width - text.length) / 2);
    return " ".repeat(left) + text + " ".repeat(width - text.length - left);
  };
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  const body = broken.flatMap((row) =>
    Array.from({ length: Math.max(...row.map((cell) => cell.length)) }, (_, at) =>
      line(row.map((cell, i) => (cell[at] ?? "").padStart(widths[i]!))),
    ),
  );
  return rule + line(head.map((text, i) => centred(text, widths[i]!))) + rule + body.join("") + rule;
}
