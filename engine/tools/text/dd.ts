import { concat, decode, encode, type Gen } from "../../kernel/index.ts";
import { burn } from "../../machine/cpu.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { busyboxSize } from "../busybox-sizes.ts";
import { isEndless, isNowhere } from "../io.ts";
import { Fatal, quote, quoteName, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { latin1, linesOf, parseSize } from "./input.ts";

const FLAGS = new Set(
  "append binary cio count_bytes direct directory dsync excl fullblock noatime nocache noctty nofollow nolinks nonblock skip_bytes seek_bytes sync text".split(
    " ",
  ),
);

/** conv=block pads lines to records of so many bytes, conv=unblock makes lines of records. */
function inRecords(bytes: Uint8Array, size: number, blocks: boolean): Uint8Array {
  const text = latin1(bytes);
  const lines = blocks
    ? linesOf(text).map((line) => line.slice(0, size).padEnd(size))
    : Array.from(
        { length: Math.ceil(text.length / size) },
        (_, i) => `${text.slice(i * size, (i + 1) * size).replace(/ +$/, "")}\n`,
      );
  return Uint8Array.from(lines.join(""), (char) => char.charCodeAt(0));
}

/** dd(1). */
export const dd = tool(
  {
    name: "dd",
    short: "",
    usage: "[OPERAND]...\n  or:  dd OPTION",
    about: "Copy a file, converting and formatting according to the operands.",
  },
  function* (t, o) {
    const set = new Map<string, string>();
    for (const operand of o.operands) {
      const at = operand.indexOf("=");
      const name = operand.slice(0, Math.max(0, at));
      if (at < 0 || !/^(if|of|bs|ibs|obs|cbs|count|skip|iseek|seek|oseek|conv|iflag|oflag|status)$/.test(name))
        throw new UsageError(`unrecognized operand ${shellQuote(operand)}`);
      set.set(name, operand.slice(at + 1));
    }
    const size = (name: string, fallback: number) => {
      const text = set.get(name);
      if (text === undefined) return fallback;
      const parts = text
        .split("x")
        .map((part) =>
          part.endsWith("c")
            ? Number(part.slice(0, -1))
            : part.endsWith("w")
              ? Number(part.slice(0, -1)) * 2
              : parseSize(
                  part.replace(/B$/, "") === part || /[kKMGTPE]i?B$/.test(part) ? part : part.slice(0, -1),
                  true,
                ),
        );
      if (parts.some((part) => part === undefined || Number.isNaN(part)))
        throw new Fatal(`invalid number: ${shellQuote(text)}`);
      const value = parts.reduce<number>((product, part) => product * part!, 1);
      if (value === 0 && name.endsWith("bs")) throw new Fatal(`invalid number: ${shellQuote(text)}`);
      return value;
    };
    const block = size("bs", 0);
    const inSize = block || size("ibs", 512);
    const outSize = block || size("obs", 512);
    const count = set.has("count") ? size("count", 0) : Number.POSITIVE_INFINITY;
    const skip = size("skip", size("iseek", 0));
    const seek = size("seek", size("oseek", 0));
    const status = set.get("status");
    if (status !== undefined && !["none", "noxfer", "progress"].includes(status))
      throw new UsageError(`invalid status level: ${quote(status)}`);
    const conversions = new Set((set.get("conv") ?? "").split(",").filter((word) => word !== ""));
    for (const word of conversions)
      if (
        !/^(notrunc|ucase|lcase|sync|noerror|fsync|fdatasync|nocreat|excl|sparse|swab|block|unblock|ascii|ebcdic|ibm)$/.test(
          word,
        )
      )
        throw new UsageError(`invalid conversion: ${quote(word)}`);
    for (const [a, b] of [
      ["lcase", "ucase"],
      ["block", "unblock"],
      ["excl", "nocreat"],
    ])
      if (conversions.has(a!) && conversions.has(b!)) throw new Fatal(`cannot combine ${a} and ${b}`);
    const flags = (name: string) => {
      const words = new Set((set.get(name) ?? "").split(",").filter((word) => word !== ""));
      for (const word of words)
        if (!FLAGS.has(word))
          throw new UsageError(`invalid ${name === "iflag" ? "input" : "output"} flag: ${quote(word)}`);
      return words;
    };
    const [inFlags, outFlags] = [flags("iflag"), flags("oflag")];
    const inBytes = (name: string, flag: string, from: Set<string>) =>
      from.has(flag) || /\dB$/.test(set.get(name) ?? "");
    const countBytes = inBytes("count", "count_bytes", inFlags);
    const skipBytes = inBytes(set.has("iseek") ? "iseek" : "skip", "skip_bytes", inFlags);
    const seekBytes = inBytes(set.has("oseek") ? "oseek" : "seek", "seek_bytes", outFlags);
    const seekTo = seekBytes ? seek : seek * outSize;
    const column = size("cbs", 0);
    const input = set.get("if");
    const output = set.get("of");
    try {
      if (input !== undefined) t.p.setFd(0, sys.openFile(t.p, input, { read: true }));
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`failed to open ${shellQuote(input!)}: ${error.message}`);
    }
    let fullIn = 0;
    let partIn = 0;
    let fullOut = 0;
    let partOut = 0;
    let copied = 0;
    let pending = new Uint8Array(0);
    try {
      if (output !== undefined) {
        const file = sys.openFile(t.p, output, {
          write: true,
          create: !conversions.has("nocreat"),
          truncate: !conversions.has("notrunc") && seek === 0,
          exclusive: conversions.has("excl"),
          append: outFlags.has("append"),
        });
        t.p.setFd(1, file);
        if (seek > 0 && file.node?.kind === "file") {
          if (!conversions.has("notrunc")) {
            sys.resize(t.p, file.node, seekTo);
          }
          file.offset = seekTo;
        }
      }
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`failed to open ${shellQuote(output!)}: ${error.message}`);
    }
    const started = t.p.machine.kernel.now;
    if (count === Number.POSITIVE_INFINITY && isEndless(t.p, 0) && isNowhere(t.p, 1))
      yield* burn(t.p, Number.MAX_SAFE_INTEGER);
    const records: Uint8Array[] = [];
    const put = function* (bytes: Uint8Array) {
      if (bytes.length === 0) return;
      yield* sys.write(t.p, 1, bytes);
      copied += bytes.length;
      if (bytes.length === outSize) fullOut++;
      else partOut++;
    };
    try {
      let toSkip = skipBytes ? skip : skip * inSize;
      while (toSkip > 0) {
        const passed = yield* sys.read(t.p, 0, Math.min(inSize, toSkip));
        if (passed.length === 0) break;
        toSkip -= passed.length;
      }
      if (toSkip > 0 && status !== "none")
        yield* t.error(`${quoteName(input ?? "standard input")}: cannot skip to specified offset`, 0);
      let left = countBytes ? count : Number.POSITIVE_INFINITY;
      for (let n = 0; left > 0 && (countBytes || n < count); n++) {
        let bytes = yield* readBlock(t, Math.min(inSize, left));
        left -= bytes.length;
        if (bytes.length === 0) break;
        if (bytes.length === inSize) fullIn++;
        else partIn++;
        if (conversions.has("ucase")) bytes = encode(decode(bytes).toUpperCase());
        if (conversions.has("swab")) bytes = swapped(bytes);
        if (conversions.has("lcase")) bytes = encode(decode(bytes).toLowerCase());
        if (conversions.has("sync") && bytes.length < inSize) {
          const padded = new Uint8Array(inSize);
          padded.set(bytes);
          bytes = padded;
        }
        if (column > 0 && (conversions.has("block") || conversions.has("unblock"))) {
          records.push(bytes);
          continue;
        }
        if (block > 0) yield* put(bytes);
        else {
          const all = new Uint8Array(pending.length + bytes.length);
          all.set(pending);
          all.set(bytes, pending.length);
          let at = 0;
          for (; all.length - at >= outSize; at += outSize) yield* put(all.subarray(at, at + outSize));
          pending = all.slice(at);
        }
      }
      if (records.length > 0) {
        const all = inRecords(concat(records), column, conversions.has("block"));
        for (let at = 0; at < all.length; at += outSize) yield* put(all.subarray(at, at + outSize));
      }
      yield* put(pending);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const reading = error.code === "EISDIR";
      yield* t.error(
        `error ${reading ? "reading" : "writing"} ${shellQuote(reading ? (input ?? "standard input") : (output ?? "standard output"))}: ${error.message}`,
      );
    }
    if (status === "none") return t.status;
    let text = `${fullIn}+${partIn} records in\n${fullOut}+${partOut} records out\n`;
    if (status !== "noxfer") {
      const seconds = Math.max(1e-6, (t.p.machine.kernel.now - started) / 1e6);
      text += t.p.applet
        ? `${copied} bytes (${busyboxSize(copied)}B) copied, ${seconds.toFixed(6)} seconds, ${busyboxSize(Math.floor(copied / seconds))}B/s\n`
        : `${copied} byte${copied === 1 ? "" : "s"}${scaled(copied)} copied, ${Number(seconds.toPrecision(6))} s, ${speed(copied / seconds)}\n`;
    }
    yield* sys.printError(t.p, text);
    return t.status;
  },
);

/** conv=swab: every two bytes change places; an odd one at the end stays. */
function swapped(bytes: Uint8Array): Uint8Array {
  const out = bytes.slice();
  for (let i = 0; i + 1 < out.length; i += 2) [out[i], out[i + 1]] = [out[i + 1]!, out[i]!];
  return out;
}

/** One read(2); what has no end fills the block, however large. */
function* readBlock(t: Tool, size: number): Gen<Uint8Array> {
  const first = yield* sys.read(t.p, 0, size);
  if (first.length === size || !isEndless(t.p, 0)) return first;
  const out = new Uint8Array(size);
  out.set(first);
  for (let at = first.length; at < size; ) {
    const more = yield* sys.read(t.p, 0, size - at);
    out.set(more, at);
    at += more.length;
  }
  return out;
}

function withUnit(value: number, base: number): string {
  const letters = base === 1000 ? ["", "k", "M", "G", "T"] : ["", "Ki", "Mi", "Gi", "Ti"];
  let at = 0;
  let left = value;
  while (left >= base && at < 4) {
    left /= base;
    at++;
  }
  return `${left < 10 && at > 0 ? left.toFixed(1) : Math.round(left)} ${letters[at]}B`;
}

function scaled(bytes: number): string {
  if (bytes < 1000) return "";
  return bytes < 1024 ? ` (${withUnit(bytes, 1000)})` : ` (${withUnit(bytes, 1000)}, ${withUnit(bytes, 1024)})`;
}

function speed(rate: number): string {
  return `${withUnit(rate, 1000)}/s`;
}
