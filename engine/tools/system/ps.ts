import type { Gen } from "../../kernel/index.ts";
import { cpu } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByName, userName } from "../../machine/users.ts";
import { commandLine, type Seen, seenBy, ttyName } from "./process-view.ts";
import { COLUMNS, type Column } from "./ps-columns.ts";

const USAGE = `
Usage:
 ps [options]

 Try 'ps --help <simple|list|output|threads|misc|all>'
  or 'ps --help <s|l|o|t|m|a>'
 for additional help text.

For more details see ps(1).
`;

class PsError extends Error {}

/** What the command line asks for. */
interface Request {
  columns: [string, Column][];
  /** Conditions of selection lists (`-p`, `-u`, `-C` …): one must hold. */
  lists: ((seen: Seen) => boolean)[];
  all: boolean;
  /** `-a`, BSD `a`: with a terminal; BSD `x`: also without. */
  withTty: boolean;
  withoutTty: boolean;
  bsd: boolean;
  negate: boolean;
  header: boolean;
  forest: "no" | "unix" | "bsd";
  wide: boolean;
  sort: string[];
}

const FORMATS: Record<string, string> = {
  plain: "pid tname time ucmd",
  f: "UID pid ppid c stime tname time cmd",
  F: "UID pid ppid c sz rss psr stime tname time cmd",
  l: "f s uid pid ppid c opri ni addr sz wchan tname time ucmd",
  j: "pid pgid sid tname time ucmd",
  u: "user pid %cpu %mem vsz rss tname stat start_time bsdtime command",
  bsd: "pid tname stat bsdtime command",
  bsdj: "ppid pid pgid sid tname tpgid stat uid bsdtime command",
  bsdl: "f uid pid ppid pri ni vsz rss wchan stat tname bsdtime command",
  v: "pid tname stat bsdtime rss %mem command",
  L: "UID pid ppid lwp c nlwp stime tname time cmd",
};

/** ps(1) of procps-ng 4; BusyBox's where the image has BusyBox. */
export const ps: Program = function* (p) {
  yield* cpu(800);
  if (p.applet) return yield* busyboxPs(p);
  let request: Request;
  try {
    const args = p.argv.slice(1);
    if (args.includes("--help")) {
      yield* sys.print(p, USAGE);
      return 0;
    }
    if (args.includes("--version") || args.includes("-V")) {
      yield* sys.print(p, "ps from procps-ng 4.0.2\n");
      return 0;
    }
    request = parse(p, args);
  } catch (error) {
    if (!(error instanceof PsError)) throw error;
    yield* sys.printError(p, `error: ${error.message}\n${USAGE}`);
    return 1;
  }
  const chosen = select(p, request);
  const rows =
    request.forest === "no" ? chosen.map((seen) => ({ seen, prefix: "" })) : asForest(chosen, request.forest);
  const limit = request.wide || p.fds.get(1)?.tty === undefined ? Number.POSITIVE_INFINITY : p.fds.get(1)!.tty!.columns;
  yield* sys.print(p, render(p, request, rows, limit));
  return chosen.length > 0 ? 0 : 1;
};

function parse(p: Process, args: readonly string[]): Request {
  const request: Request = {
    columns: [],
    lists: [],
    all: false,
    withTty: false,
    withoutTty: false,
    bsd: false,
    negate: false,
    header: true,
    forest: "no",
    wide: false,
    sort: [],
  };
  let format = "plain";
  const custom: [string, Column][] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    const value = (attached: string): string => {
      if (attached !== "") return attached.replace(/^=/, "");
      if (i + 1 >= args.length) throw new PsError("list of process IDs must follow -p");
      return args[++i]!;
    };
    if (arg.startsWith("--")) {
      const [name, given] = splitLong(arg);
      const rest = given ?? "";
      if (name === "no-headers" || name === "no-heading" || name === "noheaders") request.header = false;
      else if (name === "headers") request.header = true;
      else if (name === "forest") request.forest = "bsd";
      else if (name === "sort") request.sort.push(...value(rest).split(","));
      else if (name === "format") custom.push(...columnsOf(value(rest)));
      else if (name === "pid") request.lists.push(pidList(value(rest)));
      else if (name === "ppid") request.lists.push(ppidList(value(rest)));
      else if (name === "user" || name === "User") request.lists.push(userList(p, value(rest)));
      else if (name === "deselect") request.negate = true;
      else if (name === "cols" || name === "columns" || name === "width") value(rest);
      else throw new PsError("unknown gnu long option");
      continue;
    }
    if (/^\d+(,\d+)*$/.test(arg)) {
      request.lists.push(pidList(arg));
      continue;
    }
    const unix = arg.startsWith("-");
    // `ps -aux` means `ps aux` unless somebody is called x.
    const asBsd = !unix || (/^-a?ux/.test(arg) && userByName(p.ns.mnt, arg.replace(/^-a?u/, "")) === undefined);
    const letters = unix ? arg.slice(1) : arg;
    for (let k = 0; k < letters.length; k++) {
      const letter = letters[k]!;
      const rest = letters.slice(k + 1);
      if (asBsd) {
        request.bsd = true;
        if (letter === "a") request.withTty = true;
        else if (letter === "x") request.withoutTty = true;
        else if (letter === "u") format = "u";
        else if (letter === "f") request.forest = "bsd";
        else if (letter === "w") request.wide = request.wide || letters.includes("ww") || arg === "w";
        else if (letter === "j") format = "bsdj";
        else if (letter === "l") format = "bsdl";
        else if (letter === "v") format = "v";
        else if (letter === "h") request.header = false;
        else if (letter === "e" || letter === "r" || letter === "c" || letter === "n" || letter === "S") continue;
        else if (letter === "o" || letter === "p" || letter === "U" || letter === "k" || letter === "t") {
          const text = value(rest);
          if (letter === "o") custom.push(...columnsOf(text));
          else if (letter === "p") request.lists.push(pidList(text));
          else if (letter === "U") request.lists.push(userList(p, text));
          else if (letter === "t") request.lists.push(ttyList(text));
          else request.sort.push(...text.split(","));
          break;
        } else throw new PsError("unsupported option (BSD syntax)");
        continue;
      }
      if (letter === "e" || letter === "A") request.all = true;
      else if (letter === "a" || letter === "d") request.withTty = true;
      else if (letter === "f" || letter === "F" || letter === "l" || letter === "j")
        format = letter === "f" && format === "F" ? "F" : letter;
      else if (letter === "L" || letter === "T") format = format === "f" || letters.includes("f") ? "L" : format;
      else if (letter === "H") request.forest = "unix";
      else if (letter === "w") request.wide = true;
      else if (letter === "N") request.negate = true;
      else if (letter === "y" || letter === "c" || letter === "m" || letter === "M" || letter === "P") continue;
      else if ("opCuUGgtsqO".includes(letter)) {
        const text = value(rest);
        if (letter === "o") custom.push(...columnsOf(text));
        else if (letter === "p" || letter === "q") request.lists.push(pidList(text));
        else if (letter === "C") request.lists.push(nameList(text));
        else if (letter === "u" || letter === "U") request.lists.push(userList(p, text));
        else if (letter === "t") request.lists.push(ttyList(text));
        else if (letter === "g" || letter === "s") request.lists.push(sessionList(text));
        break;
      } else throw new PsError("unsupported SysV option");
    }
  }
  if (request.bsd && format === "plain") format = "bsd";
  request.columns = custom.length > 0 ? custom : columnsOf(FORMATS[format]!.split(" ").join(","));
  return request;
}

function splitLong(arg: string): [string, string | undefined] {
  const at = arg.indexOf("=");
  return at < 0 ? [arg.slice(2), undefined] : [arg.slice(2, at), arg.slice(at + 1)];
}

/** Columns of a `-o` list; `name=HEADER` renames, and takes the rest of the list. */
function columnsOf(text: string): [string, Column][] {
  const out: [string, Column][] = [];
  let rest = text;
  while (rest !== "") {
    const match = /^[\s,]*([A-Za-z_%]+)/.exec(rest);
    if (match === null) throw new PsError("improper format list");
    const name = match[1]!;
    rest = rest.slice(match[0].length);
    const column = COLUMNS[name];
    if (column === undefined) throw new PsError(`unknown user-defined format specifier "${name}"`);
    let header = column.header;
    let width = column.width;
    if (rest.startsWith(":")) {
      const size = /^:(\d+)/.exec(rest);
      if (size) width = Number(size[1]);
      rest = rest.slice(size?.[0].length ?? 1);
    }
    if (rest.startsWith("=")) {
      // An empty header in the middle of a list ends at the comma.
      header = rest.startsWith("=,") ? "" : rest.slice(1);
      rest = rest.startsWith("=,") ? rest.slice(1) : "";
      width = Math.max(header.length, column.header === header ? width : Math.min(width, column.width));
    }
    out.push([name, { ...column, header, width }]);
  }
  return out;
}

function pidList(text: string): (seen: Seen) => boolean {
  const pids = text.split(/[\s,]+/).filter((word) => word !== "");
  if (pids.some((word) => !/^\d+$/.test(word))) throw new PsError("process ID list syntax error");
  const set = new Set(pids.map(Number));
  return (seen) => set.has(seen.pid);
}

function ppidList(text: string): (seen: Seen) => boolean {
  const set = new Set(text.split(/[\s,]+/).map(Number));
  return (seen) => set.has(seen.ppid);
}

function nameList(text: string): (seen: Seen) => boolean {
  const set = new Set(text.split(/[\s,]+/).map((name) => name.slice(0, 15)));
  return ({ process }) => set.has(process.comm);
}

function userList(p: Process, text: string): (seen: Seen) => boolean {
  const uids = text.split(/[\s,]+/).map((name) => {
    const user = userByName(p.ns.mnt, name);
    if (user === undefined && !/^\d+$/.test(name)) throw new PsError("user name does not exist");
    return user?.uid ?? Number(name);
  });
  return ({ process }) => uids.includes(process.cred.uid);
}

function ttyList(text: string): (seen: Seen) => boolean {
  const names = text.split(/[\s,]+/).map((name) => name.replace(/^\/dev\//, ""));
  return ({ process }) => names.includes(ttyName(process));
}

function sessionList(text: string): (seen: Seen) => boolean {
  const set = new Set(text.split(/[\s,]+/).map(Number));
  return ({ process }) => set.has(process.session);
}

function select(p: Process, request: Request): Seen[] {
  const seen = seenBy(p);
  const everyone = request.bsd && request.withTty && request.withoutTty;
  let chosen = seen.filter((one) => {
    const { process } = one;
    if (request.all || everyone) return true;
    if (request.lists.some((test) => test(one))) return true;
    if (request.lists.length > 0) return false;
    if (request.bsd) {
      const mine = process.cred.uid === p.cred.uid;
      return (request.withTty || mine) && (request.withoutTty || process.tty !== undefined);
    }
    if (request.withTty) return process.tty !== undefined && process.session !== process.pid;
    return process.cred.uid === p.cred.uid && process.tty === p.tty;
  });
  if (request.negate) chosen = seen.filter((one) => !chosen.includes(one));
  for (const given of [...request.sort].reverse()) chosen = sorted(p, chosen, given);
  return chosen;
}

function sorted(p: Process, chosen: Seen[], given: string): Seen[] {
  const down = given.startsWith("-");
  const column = COLUMNS[given.replace(/^[-+]/, "")];
  if (column === undefined) return chosen;
  const keyed = chosen.map((seen) => ({ seen, text: column.cell(seen, p) }));
  keyed.sort((a, b) => {
    const numeric = Number(a.text) - Number(b.text);
    const order = Number.isNaN(numeric) ? (a.text < b.text ? -1 : a.text > b.text ? 1 : 0) : numeric;
    return down ? -order : order;
  });
  return keyed.map(({ seen }) => seen);
}

interface Row {
  seen: Seen;
  prefix: string;
}

/** Children below their parents, drawn as `-H` (indented) or `f` (`\_`) draw them. */
function asForest(chosen: readonly Seen[], style: "unix" | "bsd"): Row[] {
  const out: Row[] = [];
  const inside = new Set(chosen.map(({ pid }) => pid));
  const visit = (seen: Seen, depth: number, bars: string): void => {
    out.push({ seen, prefix: style === "unix" ? "  ".repeat(depth) : depth === 0 ? "" : `${bars} \\_ ` });
    const children = chosen.filter((other) => other.ppid === seen.pid && other !== seen);
    for (const child of children) {
      const own = style === "unix" || depth === 0 ? bars : `${bars}${" "}`;
      visit(child, depth + 1, depth === 0 ? "" : own + barFor(chosen, seen));
    }
  };
  for (const seen of chosen) if (!inside.has(seen.ppid) || seen.ppid === seen.pid) visit(seen, 0, "");
  return out;
}

/** ` |  ` while the parent has later siblings, else four blanks. */
function barFor(chosen: readonly Seen[], seen: Seen): string {
  const later = chosen.some((other) => other.ppid === seen.ppid && other.pid > seen.pid);
  return later ? " |  ".slice(1) : "    ".slice(1);
}

function render(p: Process, request: Request, rows: readonly Row[], limit: number): string {
  const { columns } = request;
  const command = new Set(["args", "command", "cmd", "comm", "ucmd", "ucomm"]);
  const cut = (text: string) => (text.length > limit ? text.slice(0, limit) : text);
  const line = (cells: readonly string[]): string => {
    let out = "";
    let over = 0;
    cells.forEach((cell, i) => {
      const { width, left } = columns[i]![1];
      const last = i === cells.length - 1;
      const room = Math.max(0, width - over);
      const text = left ? (last ? cell : cell.padEnd(room)) : cell.padStart(room);
      over = Math.max(0, text.length - room);
      out += (i === 0 ? "" : " ") + text;
    });
    return `${cut(out)}\n`;
  };
  let text = "";
  const named = columns.some(([, column]) => column.header !== "");
  if (request.header && named) text += line(columns.map(([, { header }]) => header));
  for (const { seen, prefix } of rows) {
    text += line(columns.map(([name, column]) => (command.has(name) ? prefix : "") + column.cell(seen, p)));
  }
  return text;
}

/** `ps` of BusyBox: PID, USER, TIME, COMMAND of everything. */
function* busyboxPs(p: Process): Gen<number> {
  const o = /^-?o$/.exec(p.argv[1] ?? "") ? p.argv[2]?.split(",") : undefined;
  const rows = seenBy(p);
  let text = "";
  if (o !== undefined) {
    text = `${o
      .map((name) => name.toUpperCase().padEnd(8))
      .join(" ")
      .trimEnd()}\n`;
    const cell = (name: string, seen: Seen) => COLUMNS[name]?.cell(seen, p) ?? "";
    for (const seen of rows)
      text += `${o
        .map((name) => cell(name, seen).padEnd(8))
        .join(" ")
        .trimEnd()}\n`;
  } else {
    text = "PID   USER     TIME  COMMAND\n";
    for (const { process, pid } of rows) {
      const seconds = Math.floor(process.cpuUsed / 1_000_000);
      const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`.padStart(5);
      const name = userName(p.ns.mnt, process.cred.uid).slice(0, 8);
      text += `${String(pid).padStart(5)} ${name.padEnd(8)} ${time} ${commandLine(process)}\n`;
    }
  }
  yield* sys.print(p, text);
  return 0;
}
