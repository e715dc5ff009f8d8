import { blake2b } from "@noble/hashes/blake2.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, type Tool, tool, UsageError } from "../tool.ts";

/** Options of -c by their keys. */
export const CHECKING: Record<string, string> = { im: "ignore-missing", w: "warn" };

const ESCAPES: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\\": "\\\\" };

function unescaped(name: string): string {
  return name.replace(/\\([nr\\])/g, (_whole, char: string) => ({ n: "\n", r: "\r" })[char] ?? char);
}

/** md5sum(1) and its kin: sums of files, or -c to check a list of them. */
function sumTool(name: string, kind: string, hash: (bytes: Uint8Array) => Uint8Array): Program {
  return tool(
    {
      name,
      short: name === "b2sum" ? "bctwzl:" : "bctwz",
      long: `${name === "b2sum" ? "length:=l " : ""}binary=b check=c tag=tag text=t zero=z ignore-missing=im quiet=quiet status=status strict=strict warn=w`,
      usage: "[OPTION]... [FILE]...",
      about: `Print or check ${kind} checksums.`,
    },
    function* (t, o) {
      if (o.has("c") && o.has("b", "t"))
        throw new UsageError("the --binary and --text options are meaningless when verifying checksums");
      if (o.has("c") && o.has("tag")) throw new UsageError("the --tag option is meaningless when verifying checksums");
      for (const word of ["im", "status", "w", "quiet", "strict"])
        if (o.has(word) && !o.has("c"))
          throw new UsageError(`the --${CHECKING[word] ?? word} option is meaningful only when verifying checksums`);
      const end = o.has("z") ? "\0" : "\n";
      const bits = name === "b2sum" ? blakeBits(o.value("l")) : 512;
      const hex = (bytes: Uint8Array) => bytesToHex(bits < 512 ? blake2b(bytes, { dkLen: bits / 8 }) : hash(bytes));
      const tag = bits < 512 ? `${kind}-${bits}` : kind;
      for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
        const fd = yield* t.open(path);
        if (fd === undefined) continue;
        try {
          const bytes = yield* readWhole(t.p, fd);
          if (!o.has("c")) {
            // Names that would break the line are written with escapes, and a backslash before it says so.
            const odd = /[\n\r\\]/.test(path) && !o.has("z");
            const name = odd ? path.replace(/[\n\r\\]/g, (char) => ESCAPES[char]!) : path;
            t.out.add(
              (odd ? "\\" : "") +
                (o.has("tag")
                  ? `${tag} (${name}) = ${hex(bytes)}${end}`
                  : `${hex(bytes)} ${o.has("b") ? "*" : " "}${name}${end}`),
            );
            continue;
          }
          yield* check(t, o, path, decode(bytes), sumReader(kind, hash), kind);
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* t.pathError(path, error);
        } finally {
          t.close(fd);
        }
      }
      return t.status;
    },
  );
}

type Hash = (bytes: Uint8Array) => Uint8Array;

/** What a line of a list says: a sum in hexadecimal, the file as it is written, how to compute it. */
type SumReader = (line: string) => { sum: string; written: string; hash: Hash } | undefined;

/** Bits of a BLAKE2b sum that -l asks for. Throws `Fatal`. */
export function blakeBits(text: string | undefined): number {
  if (text === undefined) return 512;
  if (!/^\d+$/.test(text)) throw new Fatal(`invalid length: ${quote(text)}`);
  const bits = Number(text);
  if (bits % 8 !== 0) throw new Fatal(`invalid length: ${quote(text)}\nb2sum: length is not a multiple of 8`);
  return bits === 0 ? 512 : Math.min(bits, 512);
}

/** Lines of one kind of sums, GNU's or BSD's; BLAKE2b's length tells how many bits there are. */
function sumReader(kind: string, hash: Hash): SumReader {
  const usual = hash(new Uint8Array(0)).length * 2;
  return (line) => {
    const match = /^\\?([0-9a-fA-F]+) [ *](.*)$/.exec(line);
    const tagged = match === null ? /^\\?([\w-]+) \((.*)\) = ([0-9a-fA-F]+)$/.exec(line) : null;
    const sum = (match?.[1] ?? tagged?.[3])?.toLowerCase();
    const written = match?.[2] ?? tagged?.[2];
    if (sum === undefined || written === undefined) return undefined;
    if (tagged !== null && tagged[1]!.replace(/^(BLAKE2b)-\d+$/, "$1") !== kind) return undefined;
    if (kind === "BLAKE2b" && sum.length % 2 === 0 && sum.length <= 128)
      return { sum, written, hash: (bytes) => blake2b(bytes, { dkLen: sum.length / 2 }) };
    return sum.length === usual ? { sum, written, hash } : undefined;
  };
}

/** cksum -c: lists whose lines say what they are. */
export function* checkTagged(
  t: Tool,
  o: ParsedOptions,
  kinds: Readonly<Record<string, readonly [name: string, hash: Hash]>>,
): Gen<void> {
  const readers = Object.values(kinds).map(([name, hash]) => sumReader(name, hash));
  const one = Object.values(kinds).length === 1;
  const read: SumReader = (line) => {
    if (!one && !/ = /.test(line)) return undefined;
    for (const reader of readers) {
      const found = reader(line);
      if (found !== undefined) return found;
    }
    return undefined;
  };
  for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
    const fd = yield* t.open(path);
    if (fd === undefined) continue;
    const text = decode(yield* readWhole(t.p, fd));
    t.close(fd);
    yield* check(t, o, path, text, read, one ? Object.values(kinds)[0]![0] : undefined);
  }
}

/** -c: the files that a list names, each with its sum, in GNU's form or BSD's. */
function* check(
  t: Tool,
  o: ParsedOptions,
  path: string,
  text: string,
  read: SumReader,
  kind: string | undefined,
): Gen<void> {
  let [failed, unread, malformed, good, skipped] = [0, 0, 0, 0, 0];
  const status = o.has("status");
  const list = path === "-" ? "'standard input'" : path;
  let number = 0;
  for (const line of text.replace(/\n$/, "").split("\n")) {
    const found = read(line);
    number++;
    if (found === undefined) {
      malformed++;
      if (o.has("w") && !status)
        yield* t.error(
          `${list}: ${number}: improperly formatted ${kind === undefined ? "" : `${kind} `}checksum line`,
          0,
        );
      continue;
    }
    const { sum, written, hash } = found;
    const escaped = line.startsWith("\\");
    const name = escaped ? unescaped(written) : written;
    const shown = `${escaped ? "\\" : ""}${written}`;
    try {
      const same = bytesToHex(hash(name === "-" ? yield* readWhole(t.p, 0) : sys.readBytes(t.p, name))) === sum;
      if (same) good++;
      else failed++;
      if (!status && !(same && o.has("quiet"))) t.out.add(`${shown}: ${same ? "OK" : "FAILED"}\n`);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (o.has("im") && error.code === "ENOENT") {
        skipped++;
        continue;
      }
      unread++;
      yield* t.error(`${name}: ${error.message}`);
      if (!status) t.out.add(`${shown}: FAILED open or read\n`);
    }
  }
  const many = (count: number, one: string, other: string) => (count === 1 ? `1 ${one}` : `${count} ${other}`);
  if (good + failed + unread + skipped === 0) {
    yield* t.error(`${list}: no properly formatted checksum lines found`);
    return;
  }
  if (!status) {
    if (malformed > 0)
      yield* t.error(
        `WARNING: ${many(malformed, "line is", "lines are")} improperly formatted`,
        o.has("strict") ? 1 : 0,
      );
    if (unread > 0) yield* t.error(`WARNING: ${many(unread, "listed file", "listed files")} could not be read`);
    if (failed > 0) yield* t.error(`WARNING: ${many(failed, "computed checksum", "computed checksums")} did NOT match`);
    if (o.has("im") && good === 0) yield* t.error(`${list}: no file was verified`);
  }
  if (failed + unread > 0 || (malformed > 0 && o.has("strict")) || (o.has("im") && good + failed === 0)) t.status = 1;
}

export const md5sum = sumTool("md5sum", "MD5", md5);
export const sha1sum = sumTool("sha1sum", "SHA1", sha1);
export const sha256sum = sumTool("sha256sum", "SHA256", sha256);
export const sha224sum = sumTool("sha224sum", "SHA224", sha224);
export const sha384sum = sumTool("sha384sum", "SHA384", sha384);
export const sha512sum = sumTool("sha512sum", "SHA512", sha512);
export const b2sum = sumTool("b2sum", "BLAKE2b", (bytes) => blake2b(bytes, { dkLen: 64 }));
