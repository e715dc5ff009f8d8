import { decode, encode } from "../kernel/index.ts";
import type { Binary } from "../text/binary-float.ts";
import { formatFloat } from "../text/number-format.ts";
import { strftime } from "../text/time.ts";
import { cannotAllocate } from "./control.ts";
import { parseFloatText } from "./float.ts";
import { inLocale } from "./locale.ts";
import { backslashQuote, readEscape, rejoin } from "./quote.ts";
import type { Shell } from "./shell.ts";
import { shellCalendar } from "./zone.ts";

/** What one conversion may take. */
const MAX_WIDTH = 64 * 1024 * 1024;

interface Result {
  text: string;
  errors: string[];
  /** Variables of `%n`, and how many characters came before it in its pass. */
  counts: { name: string; count: number }[];
}

/** Formats as the printf builtin: the format is used again while arguments are left. */
export function formatPrintf(sh: Shell, format: string, args: readonly string[]): Result {
  const state: State = { sh, args, next: 0, errors: [], stop: false, counts: [] };
  let text = "";
  do {
    const before = state.next;
    text += once(state, format);
    if (state.stop || state.next === before) break;
  } while (state.next < args.length && text.length < 64 * 1024 * 1024);
  return { text: rejoin(text), errors: state.errors, counts: state.counts };
}

interface State {
  sh: Shell;
  args: readonly string[];
  next: number;
  errors: string[];
  stop: boolean;
  counts: Result["counts"];
}

function once(state: State, format: string): string {
  let out = "";
  for (let i = 0; i < format.length; ) {
    const c = format[i]!;
    if (c === "\\" && !(state.sh.setup.dialect === "dash" && "xuUeE".includes(format[i + 1] ?? "-"))) {
      const read = readEscape(format, i + 1, true);
      if (format[i + 1] === "c") {
        out += "\\c";
        i += 2;
        continue;
      }
      if (read.missing) state.errors.push(`missing ${read.missing} digit for \\${format[i + 1]}`);
      out += read.value;
      i = read.end;
      continue;
    }
    if (c !== "%") {
      out += c;
      i++;
      continue;
    }
    if (format[i + 1] === "%") {
      out += "%";
      i += 2;
      continue;
    }
    const spec = /^%([-+ 0#']*)(\*|\d+)?(?:\.(\*|-?\d*))?(?:hh|h|ll|l|j|z|t|L)?(\((?:[^()]|\([^)]*\))*\)T|.)?/s.exec(
      format.slice(i),
    )!;
    const kind = state.sh.posix && spec[1]!.includes("'") ? "'" : spec[4];
    if (kind === undefined) {
      state.errors.push(`\`${spec[0]}': missing format character`);
      state.stop = true;
      return out;
    }
    const time = /^\(.*\)(.?)/s.exec(format.slice(i + 1).replace(/^[-+ 0#']*(\*|\d+)?(\.(\*|-?\d*))?/, ""));
    if (kind === "(" && time) {
      state.errors.push(`warning: \`${time[1]}': invalid time format specification`);
      out += "%";
      i++;
      continue;
    }
    const known = state.sh.posix ? "diouxXeEfFgGaAcsb" : "diouxXeEfFgGaAcsbqQn";
    if (!known.includes(kind) && (state.sh.posix || !kind.endsWith("T"))) {
      const shown = state.sh.setup.dialect === "busybox" ? format.slice(i) : state.sh.posix ? spec[0] : kind;
      state.errors.push(`\`${shown}': invalid format character`);
      state.stop = true;
      return out;
    }
    if (kind === "n") state.counts.push({ name: take(state) ?? "", count: encode(out).length });
    else out += convert(state, spec, kind);
    if (state.stop) return out;
    i += spec[0].length;
  }
  return out;
}

function take(state: State): string | undefined {
  return state.next < state.args.length ? state.args[state.next++] : undefined;
}

function convert(state: State, spec: RegExpExecArray, kind: string): string {
  let flags = spec[1]!;
  let width = spec[2] === "*" ? Number(integer(state, take(state))) : Number(spec[2] ?? 0);
  if (width < 0) {
    flags += "-";
    width = -width;
  }
  if (width > MAX_WIDTH) throw cannotAllocate(width);
  let precision =
    spec[3] === undefined ? undefined : spec[3] === "*" ? Number(integer(state, take(state))) : Number(spec[3]);
  if (precision !== undefined && precision < 0) precision = undefined;
  if (precision !== undefined && "diouxX".includes(kind) && precision > MAX_WIDTH) throw cannotAllocate(precision);
  if (precision !== undefined && "aAeEfFgG".includes(kind)) precision = Math.min(precision, 1_000_000);
  switch (kind) {
    case "s":
      return pad(cut(take(state) ?? "", precision), width, flags);
    case "c":
      // Of an empty argument it is the character that ends it.
      return pad(cut(take(state) || "\0", 1), width, flags);
    case "b": {
      const done = bEscapes(take(state) ?? "", state.errors);
      if (done.stop) state.stop = true;
      return pad(cut(done.text, precision), width, flags);
    }
    case "q":
      return pad(cut(backslashQuote(inLocale(state.sh, take(state) ?? "")), precision), width, flags);
    case "Q":
      return pad(backslashQuote(cut(take(state) ?? "", precision)), width, flags);
    case "d":
    case "i":
      return signed(integer(state, take(state)), flags, width, precision);
    case "o":
    case "u":
    case "x":
    case "X":
      return unsigned(kind, BigInt.asUintN(64, integer(state, take(state), true)), flags, width, precision);
  }
  if (kind.endsWith("T")) {
    const arg = take(state);
    const now = state.sh.p.machine.kernel.wallMs;
    const seconds =
      arg === undefined || arg === "-1"
        ? Math.floor(now / 1000)
        : arg === "-2"
          ? Math.floor(state.sh.p.machine.kernel.epochMs / 1000)
          : Number(integer(state, arg));
    return pad(
      cut(strftime(kind.slice(1, -2) || "%H:%M:%S", shellCalendar(state.sh, seconds), "libc"), precision),
      width,
      flags,
    );
  }
  return floating(state, kind, flags, width, precision);
}

/** The precision of `%s` counts bytes, as its width does. */
function cut(text: string, precision: number | undefined): string {
  if (precision === undefined) return text;
  if (/^[\x00-\x7f]*$/.test(text)) return text.slice(0, precision);
  return decode(encode(text).subarray(0, precision));
}

function pad(text: string, width: number, flags: string): string {
  if (width === 0) return text;
  const length = /^[\x00-\x7f]*$/.test(text) ? text.length : encode(text).length;
  const fill = " ".repeat(Math.max(0, width - length));
  return flags.includes("-") ? text + fill : fill + text;
}

function bEscapes(text: string, errors: string[]): { text: string; stop: boolean } {
  let out = "";
  for (let i = 0; i < text.length; ) {
    if (text[i] !== "\\") {
      out += text[i++];
      continue;
    }
    const next = text[i + 1];
    if (next !== undefined && next >= "1" && next <= "7") {
      const read = readEscape(text, i + 1, true);
      out += read.value;
      i = read.end;
      continue;
    }
    const read = readEscape(text, i + 1, false);
    if (read.stop) return { text: out, stop: true };
    if (read.missing) errors.push(`missing ${read.missing} digit for \\${next}`);
    out += read.value;
    i = read.end;
  }
  return { text: out, stop: false };
}

/** The number of the character behind a quote: `'A` is 65. */
function codeOf(state: State, arg: string): number {
  const code = inLocale(state.sh, arg).codePointAt(1) ?? 0;
  return code >= 0xdc80 && code <= 0xdcff ? code - 0xdc00 : code;
}

/** An integer argument; complains about what is none and goes on with its leading digits. `whole`: for %u and its like. */
function integer(state: State, arg: string | undefined, whole = false): bigint {
  const busybox = state.sh.setup.dialect === "busybox";
  if (arg === undefined || (arg === "" && !busybox)) return 0n;
  if (arg[0] === "'" || arg[0] === '"') return BigInt(codeOf(state, arg));
  const match = /^\s*([+-]?)(0[xX][0-9a-fA-F]+|0[0-7]*|[1-9][0-9]*)/.exec(arg);
  if (match === null) {
    state.errors.push(`${arg}: invalid number`);
    return 0n;
  }
  if (match[0].length < arg.length) {
    const what = /^\s*[+-]?0[0-9]+$/.test(arg) ? "octal " : /^\s*[+-]?0[xX]/.test(arg) ? "hex " : "";
    state.errors.push(`${arg}: invalid ${what}number`);
    if (busybox) return 0n;
  }
  const digits = match[2]!;
  let value = BigInt(/^0[0-7]/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (whole && value <= 0xffffffffffffffffn) return match[1] === "-" ? -value : value;
  if (match[1] === "-") value = -value;
  if (value > 0x7fffffffffffffffn || value < -0x8000000000000000n) {
    state.errors.push(`warning: ${arg}: Numerical result out of range`);
    if (whole) return 0xffffffffffffffffn;
    return value > 0n ? 0x7fffffffffffffffn : -0x8000000000000000n;
  }
  return value;
}

function signed(value: bigint, flags: string, width: number, precision: number | undefined): string {
  const sign = value < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  let digits = String(value < 0n ? -value : value);
  if (precision === 0 && value === 0n) digits = "";
  return numeric(sign, digits, flags, width, precision);
}

function unsigned(kind: string, value: bigint, flags: string, width: number, precision: number | undefined): string {
  let digits = value.toString(kind === "o" ? 8 : kind === "u" ? 10 : 16);
  if (kind === "X") digits = digits.toUpperCase();
  if (precision === 0 && value === 0n) digits = "";
  let sign = "";
  if (flags.includes("#") && value !== 0n) {
    if (kind === "o") digits = `0${digits}`;
    else if (kind !== "u") sign = kind === "x" ? "0x" : "0X";
  }
  return numeric(sign, digits, flags, width, precision);
}

function numeric(sign: string, digits: string, flags: string, width: number, precision: number | undefined): string {
  let body = digits;
  if (precision !== undefined) body = body.padStart(precision, "0");
  else if (flags.includes("0") && !flags.includes("-")) body = body.padStart(width - sign.length, "0");
  const text = sign + body;
  return flags.includes("-") ? text.padEnd(width) : text.padStart(width);
}

function floating(state: State, kind: string, flags: string, width: number, precision: number | undefined): string {
  const arg = take(state);
  let value: number | Binary = 0;
  if (arg !== undefined && arg !== "") {
    if (arg[0] === "'" || arg[0] === '"') value = codeOf(state, arg);
    else {
      const parsed = parseFloatText(arg, state.sh.setup.dialect === "bash" && !state.sh.has("posix"));
      if (parsed.rest !== "") state.errors.push(`${arg}: invalid number`);
      else if (parsed.outOfRange && state.sh.setup.dialect === "bash")
        state.errors.push(`warning: ${arg}: Numerical result out of range`);
      if (parsed.rest === "" || state.sh.setup.dialect !== "busybox") value = parsed.value;
    }
  }
  return formatFloat({ flags, width, precision, conversion: kind === "a" ? "e" : kind, text: "" }, value);
}
