import { decode, encode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import { Fatal, tool } from "../tool.ts";

/** iconv(1) between UTF-8, ASCII, Latin 1 and UTF-16. */
export const iconv = tool(
  {
    name: "iconv",
    usage: "[OPTION...] [FILE...]",
    about: "",
    version: "iconv (Debian GLIBC 2.36-9+deb12u10) 2.36",
    short: "f:t:lco:s",
    long: "from-code:=f to-code:=t list=l output:=o",
  },
  function* (t, o) {
    const name = (text: string | undefined) =>
      (text ?? "UTF-8")
        .toUpperCase()
        .replace(/\/\/.*$/, "")
        .replace(/[-_]/g, "");
    const [from, to] = [name(o.value("f")), name(o.value("t"))];
    const known = ["UTF8", "ASCII", "USASCII", "ANSIX3.41968", "ISO88591", "LATIN1", "UTF16LE", "UTF16BE"];
    for (const [code, key, what] of [
      [from, "f", "from"],
      [to, "t", "to"],
    ] as const)
      if (!known.includes(code))
        throw new Fatal(
          `failed to start conversion processing: conversion ${what} \`${o.value(key)}' is not supported`,
        );
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = path === "-" ? 0 : sys.find(t.p, path) === undefined ? undefined : sys.open(t.p, path);
      if (fd === undefined) {
        yield* t.error(`cannot open input file \`${path}': No such file or directory`);
        continue;
      }
      const text = read(yield* readWhole(t.p, fd), from);
      const out = write(text, to, o.has("c") || /\/\/(IGNORE|TRANSLIT)/i.test(o.value("t") ?? ""));
      if (typeof out === "number") throw new Fatal(`illegal input sequence at position ${out}`);
      yield* t.out.bytes(out);
    }
    return t.status;
  },
);

function read(bytes: Uint8Array, code: string): string {
  if (code === "UTF8") return decode(bytes);
  if (!code.startsWith("UTF16")) return [...bytes].map((byte) => String.fromCharCode(byte)).join("");
  let out = "";
  for (let i = 0; i + 1 < bytes.length; i += 2) {
    const [low, high] = code === "UTF16LE" ? [bytes[i]!, bytes[i + 1]!] : [bytes[i + 1]!, bytes[i]!];
    out += String.fromCharCode(low | (high << 8));
  }
  return out;
}

/** The text in a code; where it has no such character, its position. */
function write(text: string, code: string, lenient: boolean): Uint8Array | number {
  if (code === "UTF8") return encode(text);
  const out: number[] = [];
  const most = code.startsWith("UTF16") ? 0xffff : code === "ISO88591" || code === "LATIN1" ? 0xff : 0x7f;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > most) {
      if (!lenient) return i;
      continue;
    }
    if (code === "UTF16LE") out.push(unit & 255, unit >> 8);
    else if (code === "UTF16BE") out.push(unit >> 8, unit & 255);
    else out.push(unit);
  }
  return Uint8Array.from(out);
}
