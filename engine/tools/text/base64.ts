/** base64, base32 and basenc: groups of 3 bytes as 4 letters, of 5 as 8. */
import { concat, decode, type Gen } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";
import { encodeBase64 } from "./jq/formats.ts";

interface Code {
  letters: string;
  /** Bits of a letter, bytes and letters of a group. */
  bits: number;
  bytes: number;
  group: number;
  encode(bytes: Uint8Array): string;
  /** Where decoding is not by groups of bits. */
  decode?(text: string, code: Code): { bytes: Uint8Array; good: boolean };
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

interface Base {
  name: string;
  about: string;
  /** Long options besides those of all. */
  long?: string;
  code: (o: ParsedOptions) => Code;
}

function baseTool({ name, about, long = "", code: codeOf }: Base): Program {
  return tool(
    {
      name,
      short: "diw:",
      long: `decode=d ignore-garbage=i wrap:=w${long}`,
      usage: "[OPTION]... [FILE]",
      about,
    },
    function* (t, o) {
      const wrapText = o.value("w") ?? "76";
      if (!/^\d+$/.test(wrapText)) throw new Fatal(`invalid wrap size: ${quote(wrapText)}`);
      const code = codeOf(o);
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
      const { bytes, good } = (code.decode ?? decodeText)(text, code);
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

export const base64 = baseTool({
  name: "base64",
  about: "Base64 encode or decode FILE, or standard input, to standard output.",
  code: () => BASE64,
});
export const base32 = baseTool({
  name: "base32",
  about: "Base32 encode or decode FILE, or standard input, to standard output.",
  code: () => BASE32,
});

/** basenc(1): one of several codes, the last one named. */
export const basenc = baseTool({
  name: "basenc",
  about: "basenc encode or decode FILE, or standard input, to standard output.",
  long: " base64=64 base64url=64u base32=32 base32hex=32h base16=16 base2msbf=2m base2lsbf=2l z85=z85",
  code: (o) => {
    const last = o.last(...Object.keys(CODES));
    if (last === undefined) throw new UsageError("missing encoding type");
    return CODES[last.key]!;
  },
});

const inLetters = (code: Code, letters: string): Code => ({
  ...code,
  letters,
  encode: (bytes) => code.encode(bytes).replace(/[^=]/g, (letter) => letters[code.letters.indexOf(letter)]!),
});

const BASE16: Code = {
  letters: "0123456789ABCDEF",
  bits: 4,
  bytes: 1,
  group: 2,
  encode: (bytes) => [...bytes].map((byte) => byte.toString(16).padStart(2, "0").toUpperCase()).join(""),
  decode: (text, code) => {
    const digits = text.toUpperCase();
    const good = /^[0-9A-F]*/.exec(digits)![0];
    const result = decodeText(good, code);
    return { ...result, good: good.length === digits.length && good.length % 2 === 0 };
  },
};

/** Bits as digits, the highest first or last. */
const bitCode = (reversed: boolean): Code => {
  const turned = (bits: string) => (reversed ? [...bits].reverse().join("") : bits);
  return {
    letters: "01",
    bits: 1,
    bytes: 1,
    group: 8,
    encode: (bytes) => [...bytes].map((byte) => turned(byte.toString(2).padStart(8, "0"))).join(""),
    decode: (text) => {
      const good = /^[01]*/.exec(text)![0];
      const out: number[] = [];
      for (let at = 0; at + 8 <= good.length; at += 8) out.push(Number.parseInt(turned(good.slice(at, at + 8)), 2));
      return { bytes: Uint8Array.from(out), good: good.length === text.length && good.length % 8 === 0 };
    },
  };
};

/** Four bytes as five digits to base 85 (ZeroMQ RFC 32). */
const Z85: Code = {
  letters: "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#",
  bits: 6,
  bytes: 4,
  group: 5,
  encode: (bytes) => {
    if (bytes.length % 4 !== 0) throw new Fatal("invalid input (length must be multiple of 4 characters)");
    let out = "";
    for (let at = 0; at < bytes.length; at += 4) {
      let value = bytes.subarray(at, at + 4).reduce((whole, byte) => whole * 256 + byte, 0);
      let group = "";
      for (let i = 0; i < 5; i++) {
        group = Z85.letters[value % 85]! + group;
        value = Math.floor(value / 85);
      }
      out += group;
    }
    return out;
  },
  decode: (text) => {
    const out: number[] = [];
    for (let at = 0; at + 5 <= text.length; at += 5) {
      const digits = [...text.slice(at, at + 5)].map((char) => Z85.letters.indexOf(char));
      const value = digits.reduce((whole, digit) => whole * 85 + digit, 0);
      if (digits.includes(-1) || value >= 2 ** 32) return { bytes: Uint8Array.from(out), good: false };
      out.push(Math.floor(value / 2 ** 24), (value >> 16) & 255, (value >> 8) & 255, value & 255);
    }
    return { bytes: Uint8Array.from(out), good: text.length % 5 === 0 };
  },
};

const CODES: Readonly<Record<string, Code>> = {
  "64": BASE64,
  "64u": inLetters(BASE64, `${BASE64.letters.slice(0, 62)}-_`),
  "32": BASE32,
  "32h": inLetters(BASE32, "0123456789ABCDEFGHIJKLMNOPQRSTUV"),
  "16": BASE16,
  "2m": bitCode(false),
  "2l": bitCode(true),
  z85: Z85,
};
