/** Which columns ps prints, and in which order (src/ps/sortformat.c of procps-ng 4.0.2). */
import { COLUMNS, type Column } from "./ps-columns.ts";

export class PsError extends Error {}

/** A column as it was asked for: its header may be another, its width too; without `column` it is text of its own. */
export interface Field {
  spec: string;
  header: string;
  width: number;
  /** The width was given with it. */
  given?: boolean;
  column: Column | undefined;
}

/** Formats of several columns that have a letter. */
export const MACROS: Readonly<Record<string, string>> = {
  DefBSD: "pid tname stat bsdtime args",
  DefSysV: "pid tname time cmd",
  END_BSD: "state tname cputime comm",
  END_SYS5: "state tname time command",
  OL_X: "pid start_stack esp eip timeout alarm stat tname bsdtime args",
  OL_j: "ppid pid pgid sid tname tpgid stat uid bsdtime args",
  OL_l: "flags uid pid ppid priority nice vsz rss wchan stat tname bsdtime args",
  OL_m: "pid tname majflt minflt m_trs m_drs m_size m_swap rss m_share vm_lib m_dt args",
  OL_s: "uid pid pending sig_block sig_ignore caught stat tname bsdtime args",
  OL_u: "user pid pcpu pmem vsz rss tname stat start_time bsdtime args",
  OL_v: "pid tname stat bsdtime maj_flt m_trs m_drs rss pmem args",
  FLASK_context: "pid context command",
};

/** A specifier's columns; undefined where there is none of that name. */
export function fieldsOf(spec: string, header?: string): Field[] | undefined {
  const column = COLUMNS.get(spec);
  if (column === undefined) return MACROS[spec]?.split(" ").flatMap((one) => fieldsOf(one, header) ?? []);
  const width = Math.max(column.width, header?.length ?? 0);
  return [{ spec, header: header ?? column.header, width, column }];
}

const IDS = new Set(["lwp", "pgid", "pgrp", "pid", "ppid", "sess", "session", "sid", "spid", "tgid", "tid", "tpgid"]);

/** The fields with columns of process ids as wide as the largest id may be (procps_pid_length of libproc2). */
export function withIdWidth(fields: readonly Field[], pidMax: number): Field[] {
  const digits = String(pidMax).length;
  return fields.map((field) =>
    IDS.has(field.spec) && !field.given ? { ...field, width: Math.max(digits, field.header.length) } : field,
  );
}

/** Fields of an `-o` list: `pid,ppid=PARENT,comm:20`, or AIX's `%p %c`. Throws `PsError`. */
export function formatList(text: string): Field[] {
  try {
    return plainList(text);
  } catch (error) {
    if (!(error instanceof PsError) || !text.includes("%")) throw error;
    return aixList(text);
  }
}

/** Words of a list between single blanks and commas; one may stand at its end. */
export function listWords(text: string, what: string, loose: boolean): string[] {
  const words = text.split(loose ? /[ ,\t\n]/ : /[ ,\t]/);
  if (loose && words.length > 1 && words.at(-1) === "") words.pop();
  if (words.every((word) => word === ""))
    throw new PsError(loose && text === "" ? `empty ${what}` : `improper ${what}`);
  if (words.includes("")) throw new PsError(`improper ${what}`);
  return words;
}

function plainList(text: string): Field[] {
  const count = listWords(text, "format list", true).length;
  const out: Field[] = [];
  let rest = text.replace(/[ ,\t\n]$/, "");
  for (let left = count; left > 0; left--) {
    const end = left === 1 ? rest.length : rest.search(/[ ,\t\n]/);
    const item = rest.slice(0, end);
    rest = rest.slice(end + 1);
    const equal = item.indexOf("=");
    const header = equal < 0 ? undefined : item.slice(equal + 1);
    const [spec = "", width] = (equal < 0 ? item : item.slice(0, equal)).split(/:(.*)/s);
    if (width !== undefined && !/^[1-9]\d*$/.test(width))
      throw new PsError("column widths must be unsigned decimal numbers");
    const fields = fieldsOf(spec, header);
    if (fields === undefined) throw new PsError(`unknown user-defined format specifier "${spec}"`);
    if (width !== undefined && fields.length > 1)
      throw new PsError("can not set width for a macro (multi-column) format specifier");
    if (width !== undefined) Object.assign(fields[0]!, { width: Number(width), given: true });
    out.push(...fields);
  }
  return out;
}

const AIX: Readonly<Record<string, [string, string]>> = {
  C: ["pcpu", "%CPU"],
  G: ["group", "GROUP"],
  P: ["ppid", "PPID"],
  U: ["user", "USER"],
  a: ["args", "COMMAND"],
  c: ["comm", "COMMAND"],
  g: ["rgroup", "RGROUP"],
  n: ["nice", "NI"],
  p: ["pid", "PID"],
  r: ["pgid", "PGID"],
  t: ["etime", "ELAPSED"],
  u: ["ruser", "RUSER"],
  x: ["time", "TIME"],
  y: ["tty", "TTY"],
  z: ["vsz", "VSZ"],
};

/** `%p %c`: after a letter only blanks may follow, text may stand at the beginning. An empty text ends the line. */
function aixList(text: string): Field[] {
  const out: Field[] = [];
  for (const [i, part] of (text.match(/%.?|[^%]+/gs) ?? []).entries()) {
    if (!part.startsWith("%")) {
      if (/[^ ]/.test(i === 0 ? part.slice(1) : part)) throw new PsError("improper AIX field descriptor");
      out.push(aixText(part));
      continue;
    }
    if (part.length === 1 || part === "% " || part === "%%") throw new PsError("missing AIX field descriptor");
    const known = AIX[part[1]!];
    if (known === undefined) throw new PsError("unknown AIX field descriptor");
    out.push(...fieldsOf(known[0], known[1])!);
  }
  return [...out, aixText("")];
}

const aixText = (text: string): Field => ({ spec: "", header: text, width: text.length, column: undefined });

/** What the letters of the command line ask for. */
export interface Flags {
  /** `-f`, `-l`, and BSD `j l s u v X m`, `--context`. */
  formats: Set<string>;
  /** `-F -c -j -M -P -y`. */
  modifiers: Set<string>;
  /** `-L -T -m`, BSD `H m`. */
  threads: Set<string>;
  bsd: boolean;
}

const BSD_FORMATS: Readonly<Record<string, string>> = {
  j: "OL_j",
  l: "OL_l",
  s: "OL_s",
  u: "OL_u",
  v: "OL_v",
  X: "OL_X",
  m: "OL_m",
  context: "FLASK_context",
};

/** The columns that letters ask for. Throws `PsError`. */
export function flagFields(flags: Flags): Field[] {
  const { formats, modifiers, threads } = flags;
  const [first] = formats;
  const system = [...formats].every((one) => one === "-f" || one === "-l");
  if (system) return systemFields(flags);
  if (formats.size > 1) throw new PsError("conflicting format options");
  const fields = fieldsOf(BSD_FORMATS[first!]!)!;
  const after = (headers: readonly string[], spec: string): boolean => {
    const at = headers.map((header) => fields.findIndex((one) => one.header === header)).find((found) => found >= 0);
    if (at !== undefined) fields.splice(at + 1, 0, ...fieldsOf(spec)!);
    return at !== undefined;
  };
  const drop = (header: string) => {
    const at = fields.findIndex((one) => one.header === header);
    if (at >= 0) fields.splice(at, 1);
  };
  if (modifiers.has("j")) {
    after(["PPID", "PID"], "pgid");
    after(["PGID"], "sid");
  }
  if (modifiers.has("y")) {
    drop("F");
    if (after(["ADDR"], "rss")) drop("ADDR");
  }
  if (modifiers.has("c")) {
    for (const header of ["%CPU", "CPU", "CP", "C", "NI"]) drop(header);
    if (after(["PRI"], "class")) {
      drop("PRI");
      after(["CLS"], "pri");
    }
  }
  if (threads.has("T")) after(["PID"], "spid");
  if (threads.has("L")) {
    after(["SID", "SESS", "PGID", "PGRP", "PPID", "PID"], "lwp");
    after(["%CPU"], "nlwp");
  }
  if (modifiers.has("M")) fields.unshift(...fieldsOf("label")!);
  return fields;
}

/** System V's formats, put together from right to left as generate_sysv_list() does. */
function systemFields({ formats, modifiers, threads, bsd }: Flags): Field[] {
  const full = formats.has("-f");
  const long = formats.has("-l");
  const { y, F, P, c, j, M } = Object.fromEntries([..."yFPcjM"].map((letter) => [letter, modifiers.has(letter)])) as {
    [letter: string]: boolean;
  };
  if (y && !long) throw new PsError("modifier -y without format -l makes no sense");
  const out: string[] = [];
  if (bsd) out.push(formats.size > 0 ? "cmd" : "args", "bsdtime", ...(long ? [] : ["stat"]));
  else out.push(full ? "cmd" : "ucmd", "time");
  out.push("tname");
  if (full) out.push("stime");
  if (F && !P) out.push("psr");
  if (F && !(long && y)) out.push("rss");
  if (long) out.push("wchan");
  if (F || long) out.push("sz");
  if (long) out.push(y ? "rss" : "addr_1");
  if (c) out.push("pri", "class");
  else if (long) out.push("ni", "opri");
  if (threads.has("L") && full) out.push("nlwp");
  if ((full || long) && !c) out.push("c");
  if (P) out.push("psr");
  if (threads.has("L")) out.push("lwp");
  if (j) out.push("sid", "pgid");
  if (full || long) out.push("ppid");
  if (threads.has("T")) out.push("spid");
  out.push("pid");
  if (full) out.push("uid_hack");
  else if (long) out.push("uid");
  if (long) out.push("s", ...(y ? [] : ["f"]));
  if (M) out.push("label");
  return out.reverse().flatMap((spec) => fieldsOf(spec)!);
}
