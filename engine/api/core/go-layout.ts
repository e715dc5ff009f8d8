/**
 * The text of go-cmp's reports (cmp/report_text.go): a tree that is laid out on one line where that is possible, else on
 * many, keys and comments below each other. Of the two forms that go-cmp chooses between at random when a program
 * starts this is the one with plain spaces.
 */
export type Text = string | Wrapped | List;

/** Something between what opens and what closes it. */
export interface Wrapped {
  open: string;
  inner: Text;
  close: string;
}

export class List {
  readonly records: TextRecord[];

  constructor(records: TextRecord[] = []) {
    this.records = records;
  }

  /** Says that something is left out; what is left out one after the other is counted together. */
  leaveOut(what?: Counts): void {
    const last = this.records.at(-1);
    if (last?.value !== ELLIPSIS) {
      this.records.push({ value: ELLIPSIS, noComma: true, ...(what && { comment: what }) });
    } else if (what) last.comment = added(last.comment as Counts, what);
  }
}

export interface TextRecord {
  mark?: Mark | undefined;
  key?: string;
  value: Text;
  noComma?: boolean;
  comment?: Counts | string;
}

/** Of what was there before, of what is new. */
export type Mark = "-" | "+";

export interface Counts {
  /** `field`, `element` or `entry`; `line` or `byte` of texts. */
  of: string;
  identical: number;
  removed: number;
  inserted: number;
  modified: number;
}

export const ELLIPSIS = "...";
const WIDTH = 80;

export const none = (of: string): Counts => ({ of, identical: 0, removed: 0, inserted: 0, modified: 0 });

export const changes = (counts: Counts) => counts.removed + counts.inserted + counts.modified;

export function added(a: Counts, b: Counts): Counts {
  return {
    of: a.of,
    identical: a.identical + b.identical,
    removed: a.removed + b.removed,
    inserted: a.inserted + b.inserted,
    modified: a.modified + b.modified,
  };
}

/** `2 removed, 1 inserted, and 3 modified fields`. */
function told(counts: Counts): string {
  const labels = (["identical", "removed", "inserted", "modified"] as const).filter((label) => counts[label] > 0);
  const words = labels.map((label) => `${counts[label]} ${label}`);
  const sum = labels.reduce((all, label) => all + counts[label], 0);
  const name = sum > 1 ? `${counts.of}s`.replace(/ys$/, "ies") : counts.of;
  if (words.length > 2) return `${words.slice(0, -1).join(", ")}, and ${words.at(-1)} ${name}`;
  return `${words.join(" and ")} ${name}`;
}

/** Whether two texts are built alike. */
export function alike(a: Text, b: Text): boolean {
  if (typeof a === "string" || typeof b === "string") return a === b;
  if (a instanceof List || b instanceof List) {
    if (!(a instanceof List && b instanceof List) || a.records.length !== b.records.length) return false;
    return a.records.every((x, i) => {
      const y = b.records[i]!;
      return x.mark === y.mark && x.key === y.key && x.comment === y.comment && alike(x.value, y.value);
    });
  }
  return a.open === b.open && a.close === b.close && alike(a.inner, b.inner);
}

/** How long a text is on one line. */
export function lengthOf(text: Text): number {
  if (typeof text === "string") return text.length;
  if (!(text instanceof List)) return text.open.length + lengthOf(text.inner) + text.close.length;
  const parts = text.records.map(({ key, value }) => (key ? key.length + 2 : 0) + lengthOf(value));
  return parts.reduce((sum, part) => sum + part, 0) + 2 * Math.max(0, parts.length - 1);
}

/** The whole report, with its newline. */
export function laidOut(text: Text): string {
  return `  ${expanded(compact(text, undefined).text, undefined, 0)}\n`;
}

/** A text with all that fits on a line as one, and what it is on one line. */
function compact(text: Text, mark: Mark | undefined): { text: Text; line: string } {
  if (typeof text === "string") return { text, line: text };
  if (!(text instanceof List)) {
    const inner = compact(text.inner, mark);
    const line = text.open + inner.line + text.close;
    return { text: typeof inner.text === "string" ? line : { ...text, inner: inner.text }, line };
  }
  let many = false;
  const records = text.records.map((record) => {
    const inner = compact(record.value, record.mark ?? mark);
    if (record.mark || record.comment !== undefined || typeof inner.text !== "string") many = true;
    return { ...record, value: inner.text, line: (record.key ? `${record.key}: ` : "") + inner.line };
  });
  const line = records.map((record) => record.line).join(", ");
  if (mark && line.length > WIDTH) many = true;
  return { text: many ? new List(records) : line, line };
}

function newLine(mark: Mark | undefined, depth: number): string {
  return `\n${mark ?? " "} ${"\t".repeat(depth)}`;
}

function expanded(text: Text, mark: Mark | undefined, depth: number): string {
  if (typeof text === "string") return text;
  if (!(text instanceof List)) return text.open + expanded(text.inner, mark, depth) + text.close;
  const { records } = text;
  const simple = records.every(
    ({ mark, key, value, comment }) => !mark && !key && typeof value === "string" && comment === undefined,
  );
  if (simple && records.length > 0) return batches(records, mark, depth) + newLine(mark, depth);
  const keys = padding(records, ({ key, value }) => (key && typeof value === "string" ? key.length : undefined));
  const values = padding(records, ({ value, comment }) =>
    typeof value === "string" && value !== ELLIPSIS && comment !== undefined ? value.length : undefined,
  );
  let out = "";
  records.forEach((record, i) => {
    const own = record.mark ?? mark;
    out += newLine(own, depth + 1) + (record.key ? `${record.key}: ` : "") + " ".repeat(keys[i]!);
    out += expanded(record.value, own, depth + 1) + (record.noComma ? "" : ",") + " ".repeat(values[i]!);
    const { comment } = record;
    if (comment !== undefined) out += ` // ${typeof comment === "string" ? comment : told(comment)}`;
  });
  return out + newLine(mark, depth);
}

/** Short elements, as many on a line as fit. */
function batches(records: readonly TextRecord[], mark: Mark | undefined, depth: number): string {
  let [out, batch] = ["", ""];
  const flush = () => {
    if (batch !== "") out += newLine(mark, depth + 1) + batch.trimEnd();
    batch = "";
  };
  for (const { value } of records) {
    if (batch.length + (value as string).length + 2 > WIDTH) flush();
    batch += `${value as string}, `;
  }
  flush();
  return out;
}

/** Spaces that make what stands one below the other equally wide; `undefined` has no width and parts the groups. */
function padding(records: readonly TextRecord[], width: (record: TextRecord) => number | undefined): number[] {
  const widths = records.map(width);
  const out = widths.map(() => 0);
  for (let start = 0; start < widths.length; start++) {
    let end = start;
    while (end < widths.length && widths[end] !== undefined) end++;
    const most = Math.max(0, ...(widths.slice(start, end) as number[]));
    for (let i = start; i < end; i++) out[i] = most - widths[i]!;
    start = end;
  }
  return out;
}
