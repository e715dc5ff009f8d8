import { cpu, type Gen } from "../../kernel/index.ts";
import { stateLetter } from "../../machine/base/proc.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Seen, seenBy } from "./process-view.ts";
import { busyboxPs } from "./ps-busybox.ts";
import type { View } from "./ps-cells.ts";
import { COLUMNS, type Column } from "./ps-columns.ts";
import { type Field, PsError, withIdWidth } from "./ps-format.ts";
import { helpText, USAGE } from "./ps-help.ts";
import type { Sort } from "./ps-lists.ts";
import { type Request, request } from "./ps-options.ts";

const VERSION = "ps from procps-ng 4.0.2\n";

/** Room of a line that no terminal cuts. */
const UNLIMITED = 131_072;

/** ps(1) of procps-ng 4; BusyBox's where the image has BusyBox. */
export const ps: Program = function* (p) {
  yield* cpu(800);
  if (p.applet) return yield* busyboxPs(p);
  let asked: Request;
  try {
    asked = request(p, p.argv.slice(1), VERSION);
  } catch (error) {
    if (!(error instanceof PsError)) throw error;
    yield* sys.printError(p, `error: ${error.message}\n${USAGE}`);
    return 1;
  }
  if (asked.say !== undefined) {
    const help = /^help (.*)$/s.exec(asked.say);
    yield* sys.print(p, help ? helpText(help[1]!) : asked.say);
    return 0;
  }
  if (asked.warning) yield* sys.printError(p, asked.warning);
  const conflict = asked.quick > 0 && quickConflict(asked);
  if (conflict) {
    yield* sys.printError(p, `${conflict}\n`);
    return 1;
  }
  return yield* show(p, asked);
};

/** What `-q` may not be used with; false when all is well. */
function quickConflict({ quick, lists, forest, sort, negate }: Request): string | false {
  if (quick > 1) return "q/-q/--quick-pid can only be used once.";
  if (lists.length > 1) return "q/-q/--quick-pid cannot be combined with other selection options.";
  if (forest !== "no") return "q/-q/--quick-pid cannot be used together with forest type listings.";
  if (sort.length > 0) return "q/-q,--quick-pid cannot be used together with sort options.";
  return negate && "q/-q/--quick-pid cannot be used together with negation switches.";
}

function* show(p: Process, asked: Request): Gen<number> {
  const view: View = { ...asked, viewer: p };
  const chosen = seenBy(p).filter((seen) => wanted(p, asked, seen));
  const order = [...asked.sort].reverse();
  const ordered =
    asked.forest === "no"
      ? order.reduce((rows, one) => sorted(rows, one, view), chosen)
      : [{ spec: "start_time", down: false }, ...(order.length > 0 ? order : [{ spec: "ppid", down: false }])].reduce(
          (rows, one) => sorted(rows, one, view),
          chosen,
        );
  const rows: Row[] =
    asked.forest === "no" ? ordered.map((seen) => ({ seen, tree: "" })) : asForest(ordered, asked.forest);
  const [columns, lines] = screen(p, asked);
  if (columns < 9 || lines < 2)
    yield* sys.printError(p, `your ${columns}x${lines} screen size is bogus. expect trouble\n`);
  yield* sys.print(
    p,
    new Sheet({ ...asked, fields: withIdWidth(asked.fields, pidMax(p)) }, view, columns).text(rows, lines),
  );
  return chosen.length > 0 ? 0 : 1;
}

function pidMax(p: Process): number {
  const path = "/proc/sys/kernel/pid_max";
  return sys.find(p, path) === undefined ? 32_768 : Number(sys.readText(p, path));
}

/** Columns and rows of the screen (src/ps/global.c). */
function screen(p: Process, asked: Request): [number, number] {
  const tty = p.fds.get(1)?.tty;
  const size = tty ?? p.fds.get(2)?.tty ?? p.tty;
  const env = (name: string) => (/^[1-9]\d*$/.test(p.env.get(name) ?? "") ? Number(p.env.get(name)) : undefined);
  let columns = asked.columns ?? env("COLUMNS") ?? tty?.columns ?? UNLIMITED;
  if (asked.wide > 0 && columns < 132) columns = 132;
  if (asked.wide > 1) columns = UNLIMITED;
  return [columns, asked.rows ?? env("LINES") ?? size?.rows ?? 24];
}

function wanted(p: Process, asked: Request, seen: Seen): boolean {
  const { process } = seen;
  const accepted =
    asked.all ||
    ((asked.simple.size > 0 || asked.lists.length === 0) && bySimple(p, asked, process)) ||
    asked.lists.some((test) => test(seen));
  const running = !asked.running || stateLetter(process) === "R";
  return (accepted && running) !== asked.negate;
}

/** By the letters `-a -d`, BSD `a x`, or without any (src/ps/select.c). */
function bySimple(p: Process, { simple, bsd }: Request, process: Process): boolean {
  const mine = process.cred.uid === p.cred.uid;
  const leader = process.session === process.pid;
  if (simple.has("-a") || simple.has("-d"))
    return simple.has("-d") ? !leader || (simple.has("-a") && process.tty !== undefined) : !leader && !!process.tty;
  if (!bsd) return mine && process.tty === p.tty;
  return (simple.has("a") || mine) && (simple.has("x") || process.tty !== undefined);
}

function sorted(rows: readonly Seen[], { spec, down }: Sort, view: View): Seen[] {
  const column = COLUMNS.get(spec)!;
  if (column.empty) return [...rows];
  const key = (seen: Seen): number | string => {
    if (column.key) return column.key(seen, view);
    const text = column.cell(seen, view);
    return /^ *-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  };
  const keyed = rows.map((seen) => ({ seen, key: key(seen) }));
  keyed.sort((a, b) => (a.key === b.key ? 0 : a.key < b.key !== down ? -1 : 1));
  return keyed.map(({ seen }) => seen);
}

interface Row {
  seen: Seen;
  tree: string;
}

/**
 * Children below their parents, drawn as `-H` (indented) or `f` (`\_`) draw them, the last tree first: kernel threads
 * before process 1 (src/ps/display.c). `rows` are in the order of start and parent.
 */
function asForest(rows: readonly Seen[], style: "unix" | "bsd"): Row[] {
  const out: Row[] = [];
  const draw = { "+": " \\_ ", "|": " |  ", " ": "    " };
  const tree = (marks: readonly ("+" | "|" | " ")[]) =>
    marks.map((mark) => (style === "unix" ? "  " : draw[mark])).join("");
  const visit = (self: number, above: readonly ("|" | " ")[], level: number, sibling: boolean): void => {
    const { pid } = rows[self]!;
    out.push({ seen: rows[self]!, tree: tree(level > 0 ? [...above, "+"] : above) });
    const below = level > 0 ? [...above, sibling ? ("|" as const) : (" " as const)] : above;
    let child = rows.findIndex((one) => one.ppid === pid);
    for (let more = child >= 0; more; child++) {
      more = rows[child + 1]?.ppid === pid;
      // Children of process 1 stand as far left as itself.
      const flat = pid === 1 && style !== "unix";
      visit(child, below, flat ? level : level + 1, more);
    }
  };
  for (let i = rows.length - 1; i >= 0; i--) if (!rows.some(({ pid }) => pid === rows[i]!.ppid)) visit(i, [], 0, false);
  return out;
}

/** Lines of columns as show_one_proc() puts them together (src/ps/output.c). */
class Sheet {
  private readonly fields: readonly Field[];
  private readonly asked: Request;
  private readonly view: View;
  private readonly columns: number;
  private readonly wideSignals: boolean;

  constructor(asked: Request, view: View, columns: number) {
    this.asked = asked;
    this.fields = asked.fields;
    this.view = view;
    let total = 0;
    let between = 0;
    let signals = 0;
    for (const [i, { column, width }] of asked.fields.entries()) {
      total += (column?.just === "unlimited" && i === asked.fields.length - 1 ? 3 : width) + (column ? between : 0);
      between = column ? 1 : 0;
      if (column?.just === "signal") signals++;
    }
    // A line that does not fit takes several of the screen.
    this.columns = columns * Math.max(1, Math.ceil(total / columns));
    this.wideSignals = total + signals * 7 <= this.columns;
  }

  text(rows: readonly Row[], screenRows: number): string {
    const { header, threads } = this.asked;
    const head =
      header === "none" || (header === undefined && this.fields.every((one) => one.header === "" || !one.column))
        ? ""
        : this.line((field) => field.header);
    let out = head;
    const both = threads.has("m") || threads.has("-m");
    rows.forEach((row, i) => {
      if (i > 0 && header === "pages" && i % (screenRows - 1) === 0) out += head;
      out += this.row(row, both ? "thread" : undefined);
      if (both) out += this.row(row, "process");
    });
    return out;
  }

  /** A line of a process; `hidden`: columns that are of others. */
  private row({ seen, tree }: Row, hidden: Column["lines"] | undefined): string {
    return this.line(({ column, header }, room) => {
      if (column === undefined) return header;
      if (hidden !== undefined && column.lines === hidden) return "-";
      let cell = column.cell(seen, this.view);
      if (column.tree) {
        let drawn = tree;
        const step = this.asked.forest === "unix" ? 2 : 4;
        while (drawn.length > 0 && drawn.length + step > room + step) drawn = drawn.slice(0, -step);
        cell = drawn + cell;
      }
      if (column.just === "unlimited" || column.tree) return cell.slice(0, room);
      if (column.just === "user" && cell.length > room) return `${cell.slice(0, room - 1)}+`;
      if (column.just === "signal" && !this.wideSignals) return cell.slice(-8);
      return cell;
    });
  }

  private line(cell: (field: Field, room: number) => string): string {
    let out = "";
    let correct = 0;
    let gap = 0;
    this.fields.forEach((field, i) => {
      const { column, width } = field;
      const last = i === this.fields.length - 1;
      const ahead = correct - out.length;
      const room = last ? this.columns - (ahead < 1 ? out.length + gap : Math.max(correct, out.length)) : width;
      const text = cell(field, Math.max(0, room));
      const signal = column?.just === "signal";
      const wide = signal ? (this.wideSignals ? 16 : 9) : width;
      const right =
        column?.just === "right" || signal || (column?.just === "user" && this.view.numericUsers && text !== "");
      const pad = right ? Math.max(0, wide - text.length) : 0;
      const space = ahead + pad < 1 ? gap : ahead + pad;
      out += " ".repeat(space) + text;
      correct += width + (signal && this.wideSignals ? 7 : 0);
      const next = this.fields[i + 1];
      gap = column && next?.column ? 1 : 0;
      correct += gap;
    });
    return `${out}\n`;
  }
}
