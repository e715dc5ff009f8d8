/** base64 and base32: groups of 3 bytes as 4 letters, of 5 as 8. */
import { concat, decode, type Gen } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { encodeBase64 } from "./jq/formats.ts";

interface Code {
  letters: string;
  /** Bits of a letter, bytes and letters of a group. */
  bits: number;
  bytes: number;
  group: number;
  encode(bytes: Uint8Array): string;
}

const BASE64: Code = {
  letters: "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
  bits: 6,
  bytes: 3,
  group: 4,
  encode: encodeBase64,
};
const BASE32: Code = { letters: "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", bits: 5, bytes: 5, group: 8, encode: encodeBase32 };

function encodeBase32(bytes: Uint8Array): string {
  let out = "";
  let held = 0;
  let bits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    for (bits += 8; bits >= 5; bits -= 5) out += BASE32.letters[(held >> (bits - 5)) & 31]!;
    held &= (1 << bits) - 1;
  }
  if (bits > 0) out += BASE32.letters[(held << (5 - bits)) & 31]!;
  return out + "=".repeat((8 - (out.length % 8)) % 8);
}

/** What can be decoded, and whether all of it could: padding may be missing at the end (coreutils 9.5). */
function decodeText(text: string, code: Code): { bytes: Uint8Array; good: boolean } {
  const out: number[] = [];
  let held = 0;
  let bits = 0;
  let letters = 0;
  let at = 0;
  for (; at < text.length; at++) {
    const value = code.letters.indexOf(text[at]!);
    if (value >= 0) {
      held = (held << code.bits) | value;
      bits += code.bits;
      letters++;
      if (bits >= 8) {
        bits -= 8;
        out.push((held >> bits) & 255);
        held &= (1 << bits) - 1;
      }
      continue;
    }
    const rest = letters % code.group;
    const padding = /^=*/.exec(text.slice(at))![0].length;
    if (rest === 0 || padding !== code.group - rest) break;
    // A padded group is over; another may follow.
    at += padding - 1;
    held = bits = letters = 0;
  }
  const rest = letters % code.group;
  const whole = rest === 0 || [2, 3, 4, 5, 7].includes(rest);
  return { bytes: Uint8Array.from(out), good: at >= text.length && whole && bits < code.bits && held === 0 };
}

function baseTool(name: string, kind: string, code: Code): Program {
  return tool(
    {
      name,
      short: "diw:",
      long: "decode=d ignore-garbage=i wrap:=w",
      usage: "[OPTION]... [FILE]",
      about: `${kind} encode or decode FILE, or standard input, to standard output.`,
    },
    function* (t, o) {
      const wrapText = o.value("w") ?? "76";
      if (!/^\d+$/.test(wrapText)) throw new Fatal(`invalid wrap size: ${quote(wrapText)}`);
      if (o.operands.length > 1) throw new UsageError(`extra operand ${quote(o.operands[1]!)}`);
      const fd = yield* t.open(o.operands[0] ?? "-");
      if (fd === undefined) return 1;
      if (!o.has("d")) {
        yield* encodeBlocks(t, fd, Number(wrapText), code);
        return 0;
      }
      let text = decode(yield* readWhole(t.p, fd))
        .split("\n")
        .join("");
      if (o.has("i")) text = [...text].filter((char) => char === "=" || code.letters.includes(char)).join("");
      const { bytes, good } = decodeText(text, code);
      yield* t.out.bytes(bytes);
      if (!good) throw new Fatal("invalid input");
      return 0;
    },
  );
}

/** Codes block by block: whole groups of bytes, and whole lines, at a time. */
function* encodeBlocks(t: Tool, fd: number, wrap: number, code: Code): Gen<void> {
  let left: Uint8Array = new Uint8Array(0);
  let line = "";
  for (;;) {
    const block = yield* sys.read(t.p, fd);
    const bytes = left.length === 0 ? block : concat([left, block]);
    const size = block.length === 0 ? bytes.length : bytes.length - (bytes.length % code.bytes);
    left = bytes.slice(size);
    line += code.encode(bytes.subarray(0, size));
    let at = 0;
    if (wrap === 0) at = line.length;
    else while (line.length - at >= wrap) t.out.add(`${line.slice(at, (at += wrap))}\n`);
    if (wrap === 0) t.out.add(line);
    line = line.slice(at);
    if (block.length === 0) break;
    yield* t.out.flush();
  }
  if (line !== "") t.out.add(`${line}\n`);
}

export const base64 = baseTool("base64", "Base64", BASE64);
export const base32 = baseTool("base32", "Base32", BASE32);
