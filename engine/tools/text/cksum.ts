import { blake2b } from "@noble/hashes/blake2.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { isErrno } from "../../machine/errno.ts";
import { crc32 } from "../../text/deflate.ts";
import { readWhole } from "../io.ts";
import { argMatch, Fatal, tool, UsageError } from "../tool.ts";
import { blakeBits, CHECKING, checkTagged } from "./hash.ts";
import { encodeBase64 } from "./jq/formats.ts";
import { sm3 } from "./sm3.ts";

const DIGESTS: Record<string, [name: string, hash: (bytes: Uint8Array) => Uint8Array]> = {
  md5: ["MD5", md5],
  sha1: ["SHA1", sha1],
  sha224: ["SHA224", sha224],
  sha256: ["SHA256", sha256],
  sha384: ["SHA384", sha384],
  sha512: ["SHA512", sha512],
  blake2b: ["BLAKE2b", (bytes) => blake2b(bytes, { dkLen: 64 })],
  sm3: ["SM3", sm3],
};
const ALGORITHMS = ["bsd", "sysv", "crc", "crc32b", ...Object.keys(DIGESTS)];

let table: Uint32Array | undefined;

/** POSIX's CRC of bytes and of how many they are. */
function posixCrc(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, i) => {
    let crc = i << 24;
    for (let k = 0; k < 8; k++) crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04c11db7 : 0);
    return crc >>> 0;
  });
  let crc = 0;
  const add = (byte: number) => {
    crc = ((crc << 8) ^ table![((crc >>> 24) ^ byte) & 255]!) >>> 0;
  };
  for (const byte of bytes) add(byte);
  for (let length = bytes.length; length > 0; length = Math.floor(length / 256)) add(length & 255);
  return ~crc >>> 0;
}

/** BSD's rotating sum of 16 bits. */
function bsdSum(bytes: Uint8Array): number {
  let sum = 0;
  for (const byte of bytes) sum = (((sum >> 1) | ((sum & 1) << 15)) + byte) & 0xffff;
  return sum;
}

/** System V's sum of bytes, folded to 16 bits. */
function sysvSum(bytes: Uint8Array): number {
  const total = bytes.reduce((all, byte) => all + byte, 0);
  const folded = (total & 0xffff) + (Math.floor(total / 65_536) & 0xffff);
  return (folded & 0xffff) + (folded >> 16);
}

/** A line of a sum that is a number: with how many bytes or blocks it is of. */
function numberLine(algorithm: string, bytes: Uint8Array, name: string): string {
  if (algorithm === "bsd")
    return `${String(bsdSum(bytes)).padStart(5, "0")} ${String(Math.ceil(bytes.length / 1024)).padStart(5)}${name}`;
  if (algorithm === "sysv") return `${sysvSum(bytes)} ${Math.ceil(bytes.length / 512)}${name}`;
  return `${algorithm === "crc" ? posixCrc(bytes) : crc32(bytes) >>> 0} ${bytes.length}${name}`;
}

/** cksum(1): POSIX's CRC, or the sum that -a names. */
export const cksum = tool(
  {
    name: "cksum",
    short: "a:l:cwz",
    long: "algorithm:=a base64=base64 raw=raw length:=l debug=debug check=c tag=tag untagged=untagged zero=z quiet=quiet status=status strict=strict warn=w ignore-missing=im",
    usage: "[OPTION]... [FILE]...",
    about: "Print or verify checksums.",
  },
  function* (t, o) {
    const given = o.value("a");
    const algorithm = given === undefined ? "crc" : argMatch(given, "--algorithm", ALGORITHMS);
    const length = o.value("l");
    if (length !== undefined && algorithm !== "blake2b")
      throw new Fatal("--length is only supported with --algorithm=blake2b");
    const bits = blakeBits(length);
    const found = DIGESTS[algorithm];
    if (o.has("c")) {
      if (given !== undefined && found === undefined)
        throw new UsageError("--check is not supported with --algorithm={bsd,sysv,crc,crc32b}");
      yield* checkTagged(t, o, given === undefined ? DIGESTS : { [algorithm]: found! });
      return t.status;
    }
    for (const word of ["im", "status", "w", "quiet", "strict"])
      if (o.has(word))
        throw new UsageError(`the --${CHECKING[word] ?? word} option is meaningful only when verifying checksums`);
    if (o.has("raw") && o.operands.length > 1) throw new Fatal("the --raw option is not supported with multiple files");
    if (o.has("debug") && algorithm === "crc") yield* t.error("using generic hardware support", 0);
    const end = o.has("z") ? "\0" : "\n";
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      try {
        const bytes = yield* readWhole(t.p, fd);
        if (found === undefined) {
          t.out.add(`${numberLine(algorithm, bytes, o.operands.length > 0 ? ` ${path}` : "")}${end}`);
          continue;
        }
        const digest = bits < 512 && algorithm === "blake2b" ? blake2b(bytes, { dkLen: bits / 8 }) : found[1](bytes);
        if (o.has("raw")) {
          yield* t.out.bytes(digest);
          continue;
        }
        const sum = o.has("base64") ? encodeBase64(digest) : bytesToHex(digest);
        const name = bits < 512 && algorithm === "blake2b" ? `${found[0]}-${bits}` : found[0];
        t.out.add(`${o.has("untagged") ? `${sum}  ${path}` : `${name} (${path}) = ${sum}`}${end}`);
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

/** sum(1): BSD's sums in blocks of 1 KiB, or with -s System V's in blocks of 512 bytes. */
export const sum = tool(
  {
    name: "sum",
    short: "rs",
    long: "sysv=s",
    usage: "[OPTION]... [FILE]...",
    about: "Print checksums and block counts.",
  },
  function* (t, o) {
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      try {
        const bytes = yield* readWhole(t.p, fd);
        t.out.add(`${numberLine(o.has("s") ? "sysv" : "bsd", bytes, o.operands.length > 0 ? ` ${path}` : "")}\n`);
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
