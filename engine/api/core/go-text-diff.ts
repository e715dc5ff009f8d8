import { isPrint, quoteString } from "../../text/go-quote.ts";
import { type Edit, edits } from "./go-compare.ts";
import {
  added,
  type Counts,
  changes,
  ELLIPSIS,
  List,
  type Mark,
  none,
  type Text,
  type TextRecord,
} from "./go-layout.ts";
import { isPlainLine, quoted } from "./go-value.ts";

/** Bytes of a row, and how many of them are shown beside what differs. */
const ROW = 64;
const NEIGHBOURS = 2;

/** What differs within two longer texts (go-cmp's cmp/report_slices.go FormatDiffSlice). */
export function textDiff(x: string, y: string, verbosity: number): Text {
  if (isLined(x, y)) {
    const [a, b] = [x.split("\n"), y.split("\n")];
    const list = rows(a, b, 1, "line", verbosity, ([line]) => quoted(line!));
    return tripleQuoted(list, a, b) ?? { open: "strings.Join({", inner: list, close: '}, "\\n")' };
  }
  const list = rows([...x], [...y], ROW, "byte", verbosity, (part) => quoted(part.join("")));
  return { open: "strings.Join({", inner: list, close: '}, "")' };
}

/** Whether texts are told line by line: that must not make much more of the difference than telling it by bytes. */
function isLined(x: string, y: string): boolean {
  const both = x + y;
  const lines = both.split("\n");
  const pure = [...both].every((c) => isPrint(c) || /\s/.test(c));
  if (!pure || lines.length - 1 < 4 || Math.max(...lines.slice(0, -1).map((line) => line.length)) > 1024) return false;
  const share = (steps: readonly Edit[]) => steps.filter((step) => step !== "same").length / steps.length;
  const byLine = share(steps(x.split("\n"), y.split("\n")));
  const byByte = share(steps([...x], [...y]));
  return byLine < 4 * byByte || quoteString(both).length / both.length > 1.1;
}

function steps<T>(x: readonly T[], y: readonly T[]): Edit[] {
  return edits(x.length, y.length, (i, j) => (x[i] === y[j] ? "equal" : "other"));
}

/** Rows of what is there, gone and new, what is far from any change counted. */
function rows(
  x: readonly string[],
  y: readonly string[],
  size: number,
  of: string,
  verbosity: number,
  show: (part: readonly string[]) => string,
): List {
  const list = new List();
  const add = (part: readonly string[], mark?: Mark) => {
    for (let at = 0; at < part.length; at += size) {
      list.records.push({ mark, value: show(part.slice(at, at + size)) });
    }
  };
  const most = (1 << verbosity) << 2;
  const groups = settled(joined(grouped(of, steps(x, y)), size / 4), x, y);
  let [i, j, shown] = [0, 0, 0];
  let rest = none(of);
  groups.forEach((counts, n) => {
    if (shown >= most) {
      rest = added(rest, counts);
      return;
    }
    const { identical } = counts;
    if (changes(counts) > 0) {
      const [gone, come] = [
        identical + counts.removed + counts.modified,
        identical + counts.inserted + counts.modified,
      ];
      const before = list.records.length;
      add(x.slice(i, i + gone), "-");
      add(y.slice(j, j + come), "+");
      [i, j, shown] = [i + gone, j + come, shown + list.records.length - before];
      return;
    }
    const low = n === 0 ? 0 : Math.min(size * NEIGHBOURS, identical);
    let high = n === groups.length - 1 ? 0 : Math.min(size * NEIGHBOURS, identical - low);
    if (identical - low - high <= size) high = identical - low;
    add(x.slice(i, i + low));
    if (identical > low + high) list.leaveOut({ ...counts, identical: identical - low - high });
    add(x.slice(i + identical - high, i + identical));
    [i, j] = [i + identical, j + identical];
  });
  if (rest.identical + changes(rest) > 0) list.leaveOut(rest);
  return list;
}

function grouped(of: string, all: readonly Edit[]): Counts[] {
  const groups: Counts[] = [];
  let last: boolean | undefined;
  for (const edit of all) {
    if ((edit === "same") !== last) groups.push(none(of));
    last = edit === "same";
    const what = { same: "identical", changed: "modified", x: "removed", y: "inserted" } as const;
    groups.at(-1)![what[edit]]++;
  }
  return groups;
}

/** Short stretches that are the same between changes on both sides are taken into the change. */
function joined(groups: readonly Counts[], window: number): Counts[] {
  const out: Counts[] = [];
  for (const next of groups) {
    const [before, between] = [out.at(-2), out.at(-1)];
    if (before && between && changes(next) > 0) {
      const gone = before.removed > 0 || next.removed > 0;
      const come = before.inserted > 0 || next.inserted > 0;
      if (gone && come && between.identical <= window) {
        out.splice(-2, 2, added(added(before, between), next));
        continue;
      }
    }
    out.push(next);
  }
  return out;
}

/** What is the same at either end of a change goes to its neighbours. */
function settled(groups: readonly Counts[], x: readonly string[], y: readonly string[]): Counts[] {
  const out = groups.map((group) => ({ ...group }));
  const [first, last] = [none(out[0]?.of ?? ""), none(out[0]?.of ?? "")];
  let [i, j] = [0, 0];
  groups.forEach((_, n) => {
    const group = out[n]!;
    if (changes(group) === 0) {
      // What a neighbour gave it is counted with it already.
      i += group.identical;
      j += group.identical;
      return;
    }
    const gone = group.identical + group.removed + group.modified;
    const come = group.identical + group.inserted + group.modified;
    let [head, tail] = [0, 0];
    while (head < gone && head < come && x[i + head] === y[j + head]) head++;
    while (tail < gone && tail < come && x[i + gone - 1 - tail] === y[j + come - 1 - tail]) tail++;
    if (head + tail > 0) {
      (out[n - 1] ?? first).identical += head;
      (out[n + 1] ?? last).identical += tail;
      out[n] = { ...none(group.of), removed: gone - head - tail, inserted: come - head - tail };
    }
    i += gone - tail;
    j += come - tail;
  });
  return [...(first.identical > 0 ? [first] : []), ...out, ...(last.identical > 0 ? [last] : [])];
}

/** The lines between triple quotes; undefined where what differs could not be told by looking at it. */
function tripleQuoted(list: List, x: readonly string[], y: readonly string[]): Text | undefined {
  const lines: TextRecord[] = [{ value: '"""', noComma: true }];
  let [gone, come] = [new Set<string>(), new Set<string>()];
  let [i, j] = [0, 0];
  for (const record of list.records) {
    if (record.value === ELLIPSIS && record.comment !== undefined) {
      const { identical, removed, inserted, modified } = record.comment as Counts;
      i += identical + removed + modified;
      j += identical + inserted + modified;
      lines.push(record);
    } else {
      const line = (record.mark === "+" ? y[j] : x[i])!;
      if (record.mark !== "+") i++;
      if (record.mark !== "-") j++;
      if (!isPlainLine(line)) return undefined;
      const bare = line.replace(/\s/g, "");
      if (record.mark === "-" ? come.has(bare) : record.mark === "+" && gone.has(bare)) return undefined;
      if (record.mark === "-") gone.add(bare);
      else if (record.mark === "+") come.add(bare);
      lines.push({ ...record, value: line, noComma: true });
    }
    if (record.mark === undefined) [gone, come] = [new Set(), new Set()];
  }
  const end = lines.at(-1)!;
  if (end.mark === undefined && end.value === "") lines.pop();
  lines.push({ value: '"""', noComma: true });
  return { open: "(", inner: new List(lines), close: ")" };
}
