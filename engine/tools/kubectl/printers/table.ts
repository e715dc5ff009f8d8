import { formatLabels } from "../../../api/columns.ts";
import { humanDuration } from "../../../api/duration.ts";
import type { Cell, Column } from "../../../api/kind.ts";
import { parseTime } from "../../../api/time.ts";
import type { KubeObject } from "../../../api/types.ts";
import { sprint } from "../go.ts";
import type { TabWriter } from "./tabwriter.ts";

/** metav1.Table as the server sends it. */
export interface Table {
  apiVersion: string;
  kind: "Table";
  metadata: { resourceVersion?: string; continue?: string; remainingItemCount?: number };
  columnDefinitions: readonly Column[];
  rows: readonly TableRow[];
}

export interface TableRow {
  cells: readonly Cell[];
  object?: KubeObject;
}

export interface TableOptions {
  wide?: boolean;
  noHeaders?: boolean;
  withNamespace?: boolean;
  withKind?: boolean;
  /** `pod`, `deployment.apps`: goes before names with `withKind`. */
  kind?: string;
  columnLabels?: readonly string[];
  showLabels?: boolean;
}

const EVENT_WORDS: Record<string, string> = {
  ADDED: "ADDED   ",
  MODIFIED: "MODIFIED",
  DELETED: "DELETED ",
  ERROR: "ERROR   ",
};

export function isTable(object: unknown): object is Table {
  return (object as Table | undefined)?.kind === "Table";
}

/** Prints tables one after the other with the headers once (cli-runtime pkg/printers/tableprinter.go). */
export class TablePrinter {
  private readonly options: TableOptions;
  private readonly nowMs: () => number;
  private lastColumns: readonly Column[] = [];
  private printedHeaders = false;
  private lastPlain: string | undefined;

  constructor(options: TableOptions, nowMs: () => number) {
    this.options = options;
    this.nowMs = nowMs;
  }

  /** `event`: type of the watch event it came with. */
  print(object: KubeObject | Table, writer: TabWriter, event = ""): void {
    if (isTable(object)) this.printTable(object, writer, event);
    else this.printPlain(object as KubeObject, writer, event);
  }

  private printTable(table: Table, writer: TabWriter, event: string): void {
    let { columnDefinitions: columns } = table;
    const given = columns ?? [];
    const same = given.length === 0 || sameColumns(given, this.lastColumns);
    const noHeaders = this.options.noHeaders || (this.printedHeaders && same);
    if (given.length === 0) columns = this.lastColumns;
    else if (!sameColumns(given, this.lastColumns)) this.lastColumns = given;
    const rows = table.rows ?? [];
    if (rows.length > 0) this.printedHeaders = true;
    if (rows.length === 0) return;
    const { wide, withNamespace, showLabels, columnLabels = [] } = this.options;
    const shown = columns.map((column, i) => [column, i] as const).filter(([column]) => wide || column.priority === 0);
    if (!noHeaders) {
      const header = shown.map(([column]) => column.name.toUpperCase());
      if (withNamespace) header.unshift("NAMESPACE");
      for (const label of columnLabels) header.push(label.slice(label.lastIndexOf("/") + 1).toUpperCase());
      if (showLabels) header.push("LABELS");
      if (event) header.unshift("EVENT");
      writer.write(`${header.join("\t")}\n`);
    }
    const nameColumn = this.options.withKind
      ? columns.findIndex((c) => c.format === "name" && c.type === "string")
      : -1;
    let text = "";
    for (const row of rows) {
      const cells = shown.map(([, i]) => cellText(row.cells[i], i === nameColumn ? `${this.options.kind}/` : ""));
      if (withNamespace) cells.unshift(cellText(row.object?.metadata.namespace ?? ""));
      const labels = row.object?.metadata.labels;
      for (const label of columnLabels) cells.push(cellText(labels?.[label] ?? ""));
      if (showLabels) cells.push(row.object ? formatLabels(labels) : "");
      if (event) cells.unshift(EVENT_WORDS[event] ?? event);
      text += `${cells.join("\t")}\n`;
    }
    writer.write(text);
  }

  /** Objects that came without a table: name and age. */
  private printPlain(object: KubeObject, writer: TabWriter, event: string): void {
    const isStatus = object.kind === "Status";
    const handler = isStatus ? "status" : "meta";
    const { noHeaders, withNamespace, showLabels, columnLabels = [], withKind, kind } = this.options;
    if (this.lastPlain !== undefined && this.lastPlain !== handler && !noHeaders) writer.write("\n");
    if (this.lastPlain !== handler && !noHeaders) {
      const header = isStatus ? ["STATUS", "REASON", "MESSAGE"] : ["NAME", "AGE"];
      for (const label of columnLabels) header.push(label.slice(label.lastIndexOf("/") + 1).toUpperCase());
      if (showLabels) header.push("LABELS");
      if (withNamespace) header.unshift("NAMESPACE");
      if (event) header.unshift("EVENT");
      writer.write(`${header.join("\t")}\n`);
    }
    this.lastPlain = handler;
    const items = (object.items as KubeObject[] | undefined) ?? [object];
    for (const item of items) {
      const created = item.metadata?.creationTimestamp;
      const age = created ? humanDuration(this.nowMs() - parseTime(created)) : "<unknown>";
      const cells = isStatus
        ? [sprint(item.status), sprint(item.reason ?? ""), sprint(item.message ?? "")]
        : [`${withKind ? `${kind}/` : ""}${item.metadata?.name ?? ""}`, age];
      if (withNamespace) cells.unshift(item.metadata?.namespace ?? "");
      const labels = item.metadata?.labels;
      for (const label of columnLabels) cells.push(labels?.[label] ?? "");
      if (showLabels) cells.push(formatLabels(labels));
      if (event) cells.unshift(EVENT_WORDS[event] ?? event);
      writer.write(`${cells.join("\t")}\n`);
    }
  }
}

function sameColumns(a: readonly Column[], b: readonly Column[]): boolean {
  if (a === b) return true;
  return a.length === b.length && a.every((c, i) => c.name === b[i]!.name && c.priority === b[i]!.priority);
}

/** A cell on one line: cut at the first line break, terminal escapes made visible. */
function cellText(cell: Cell | undefined, prefix = ""): string {
  if (cell === null || cell === undefined) return prefix;
  const text = prefix + (typeof cell === "string" ? cell : sprint(cell));
  const cut = text.search(/[\f\n\r]/);
  return escapeTerminal(cut < 0 ? text : `${text.slice(0, cut)}...`);
}

/** printers.WriteEscaped: ESC becomes `^[`, a bare CR `\r`. */
export function escapeTerminal(text: string): string {
  return text.replace(/\x1b/g, "^[").replace(/\r/g, "\\r");
}
