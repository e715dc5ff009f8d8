import { concat, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, shellQuote, type Tool, tool } from "../tool.ts";

/** head(1). */
export const head = tool(
  {
    name: "head",
    short: "c:n:qvz",
    long: "bytes:=c lines:=n quiet=q silent=q verbose=v zero-terminated=z",
    usage: "[OPTION]... [FILE]...",
    about:
      "Print the first 10 lines of each FILE to standard output.\nWith more than one FILE, precede each with a header giving the file name.",
    rewrite: (args) => {
      const first = args[0];
      const old = first === undefined ? null : /^-(\d+)([cqvz]*)$/.exec(first);
      if (old === null) return args;
      const flags = old[2]!.split("c").join("");
      return [old[2]!.includes("c") ? "-c" : "-n", old[1]!, ...(flags === "" ? [] : [`-${flags}`]), ...args.slice(1)];
    },
  },
  function* (t, o) {
    const last = o.last("c", "n");
    const unit = last?.key === "c" ? "bytes" : "lines";
    const text = last?.value ?? "10";
    const fromEnd = text.startsWith("-");
    const count = parseCount(text.replace(/^[-+]/, ""));
    if (count === undefined) throw new Fatal(`invalid number of ${unit}: ${quote(fromEnd ? text.slice(1) : text)}`);
    const files = o.operands.length > 0 ? o.operands : ["-"];
    const quiet = o.last("q", "v");
    const headers = quiet ? quiet.key === "v" : files.length > 1;
    const separator = o.has("z") ? 0 : 10;
    let first = true;
    for (const path of files) {
      const fd = yield* openNamed(t, path);
      if (fd === undefined) continue;
      try {
        if (headers) t.out.add(`${first ? "" : "\n"}==> ${path === "-" ? "standard input" : path} <==\n`);
        first = false;
        yield* t.out.flush();
        if (fromEnd) yield* allButLast(t, fd, unit, count, separator);
        else yield* firstPart(t, fd, unit, count, separator);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`error reading ${shellQuote(path === "-" ? "standard input" : path)}: ${error.message}`);
      } finally {
        t.close(fd);
      }
    }
    return t.status;
  },
);

/** Opens for head, tail and tac, whose message is `cannot open 'x' for reading: …`. */
export function* openNamed(t: Tool, path: string, failed = "cannot open"): Gen<number | undefined> {
  if (path === "-") return 0;
  try {
    return sys.open(t.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`${failed} ${shellQuote(path)} for reading: ${error.message}`);
    return undefined;
  }
}

const UNITS: Record<string, number> = {
  b: 512,
  kB: 1000,
  k: 1024,
  K: 1024,
  KiB: 1024,
  MB: 1e6,
  M: 1024 ** 2,
  MiB: 1024 ** 2,
  m: 1024 ** 2,
  GB: 1e9,
  G: 1024 ** 3,
  GiB: 1024 ** 3,
  T: 1024 ** 4,
};

/** A number with an optional multiplier suffix (b kB K MB M …), or undefined. */
export function parseCount(text: string): number | undefined {
  const match = /^(\d+)([A-Za-z]*)$/.exec(text);
  if (match === null) return undefined;
  const unit = match[2] === "" ? 1 : UNITS[match[2]!];
  return unit === undefined ? undefined : Number(match[1]) * unit;
}

function* firstPart(t: Tool, fd: number, unit: "bytes" | "lines", count: number, separator: number): Gen<void> {
  let left = count;
  while (left > 0) {
    const bytes = yield* sys.read(t.p, fd);
    if (bytes.length === 0) return;
    let end = bytes.length;
    if (unit === "bytes") {
      end = Math.min(left, bytes.length);
      left -= end;
    } else {
      let from = 0;
      while (left > 0) {
        const at = bytes.indexOf(separator, from);
        if (at < 0) break;
        from = at + 1;
        left--;
      }
      if (left === 0) end = from;
    }
    // What was read too far is given back where the input can seek, for whoever reads on.
    if (end < bytes.length) {
      const file = sys.file(t.p, fd);
      if (file.offset !== undefined) file.offset -= bytes.length - end;
    }
    yield* t.out.bytes(bytes.subarray(0, end));
  }
}

function* allButLast(t: Tool, fd: number, unit: "bytes" | "lines", count: number, separator: number): Gen<void> {
  let held: Uint8Array = new Uint8Array(0);
  for (;;) {
    const bytes = yield* sys.read(t.p, fd);
    if (bytes.length === 0) break;
    held = concat([held, bytes]);
    const keep = unit === "bytes" ? Math.max(0, held.length - count) : cutLines(held, count + 1, separator);
    if (unit === "bytes" && keep > 0) {
      yield* t.out.bytes(held.subarray(0, keep));
      held = held.subarray(keep);
    } else if (unit === "lines" && keep > 0) {
      yield* t.out.bytes(held.subarray(0, keep));
      held = held.subarray(keep);
    }
  }
  if (unit === "lines") yield* t.out.bytes(held.subarray(0, lastLines(held, count, separator)));
}

/** Where the last `count` whole lines begin when more may follow; 0 when there are fewer. */
function cutLines(bytes: Uint8Array, count: number, separator: number): number {
  let at = bytes.length;
  for (let i = 0; i < count; i++) {
    at = at === 0 ? -1 : bytes.lastIndexOf(separator, at - 1);
    if (at < 0) return 0;
  }
  return at + 1;
}

/** Where the last `count` lines of complete input begin; an unterminated last line counts. */
export function lastLines(bytes: Uint8Array, count: number, separator: number): number {
  if (count === 0) return bytes.length;
  let at = bytes.length;
  if (at > 0 && bytes[at - 1] === separator) at--;
  for (let i = 0; i < count; i++) {
    at = at === 0 ? -1 : bytes.lastIndexOf(separator, at - 1);
    if (at < 0) return 0;
  }
  return at + 1;
}
