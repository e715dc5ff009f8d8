/** Tables of olekukonko/tablewriter, as etcdctl prints them: cells to the right, heads in the middle. */
export function gridTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((text, i) => Math.max(text.length, ...rows.map((row) => (row[i] ?? "").length)));
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const centred = (text: string, width: number) => {
    const left = Math.floor((width - text.length) / 2);
    return " ".repeat(left) + text + " ".repeat(width - text.length - left);
  };
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return (
    rule +
    line(head.map((text, i) => centred(text, widths[i]!))) +
    rule +
    rows.map((row) => line(row.map((text, i) => text.padStart(widths[i]!)))).join("") +
    rule
  );
}
