/** Rows below their parents, each with the branches that lead to it (column -r, as libsmartcols draws them). */
export function treeOrder(
  rows: readonly string[][],
  id: number,
  parent: number,
): { cells: string[]; prefix: string }[] {
  const ids = new Set(rows.map((row) => row[id] ?? ""));
  const children = new Map<string, string[][]>();
  const roots: string[][] = [];
  for (const row of rows) {
    const above = row[parent] ?? "";
    if (above === (row[id] ?? "") || !ids.has(above)) roots.push(row);
    else children.set(above, [...(children.get(above) ?? []), row]);
  }
  const out: { cells: string[]; prefix: string }[] = [];
  const seen = new Set<string[]>();
  const put = (row: string[], prefix: string, inner: string) => {
    if (seen.has(row)) return;
    seen.add(row);
    out.push({ cells: row, prefix });
    const below = children.get(row[id] ?? "") ?? [];
    below.forEach((child, i) => {
      const last = i === below.length - 1;
      put(child, `${inner}${last ? "└─" : "├─"}`, `${inner}${last ? "  " : "│ "}`);
    });
  };
  for (const row of roots) put(row, "", "");
  return out;
}
