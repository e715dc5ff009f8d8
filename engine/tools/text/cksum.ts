import { blake2b } from "@noble/hashes/blake2.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha224, sha256, sha384, sha512 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { isErrno } from "../../machine/errno.ts";
import { readWhole } from "../io.ts";
import { quote, tool, UsageError } from "../tool.ts";

const DIGESTS: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  md5,
  sha1,
  sha224,
  sha256,
  sha384,
  sha512,
  blake2b: (bytes) => blake2b(bytes, { dkLen: 64 }),
};
const ALGORITHMS = ["bsd", "sysv", "crc", "crc32b", ...Object.keys(DIGESTS), "sm3"];

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

/** cksum(1) with its CRC. */
export const cksum = tool(
  {
    name: "cksum",
    short: "a:cwz",
    long: "algorithm:=a check=c tag=tag untagged=untagged zero=z quiet=quiet status=status strict=strict warn=w ignore-missing=im",
    usage: "[OPTION]... [FILE]...",
    about: "Print or verify checksums.",
  },
  function* (t, o) {
    const algorithm = o.value("a") ?? "crc";
    if (algorithm !== "crc") {
      const digest = DIGESTS[algorithm];
      if (digest === undefined && algorithm !== "sysv" && algorithm !== "bsd")
        throw new UsageError(
          `invalid argument ${quote(algorithm)} for ${quote("--algorithm")}\nValid arguments are:\n${ALGORITHMS.map((one) => `  - ${quote(one)}`).join("\n")}`,
        );
      for (const path of digest === undefined ? [] : o.operands.length > 0 ? o.operands : ["-"]) {
        const fd = yield* t.open(path);
        if (fd === undefined) continue;
        const sum = bytesToHex(digest!(yield* readWhole(t.p, fd)));
        t.close(fd);
        t.out.add(
          o.has("untagged")
            ? `${sum}  ${path}\n`
            : `${algorithm.toUpperCase().replace("BLAKE2B", "BLAKE2b")} (${path}) = ${sum}\n`,
        );
      }
      return t.status;
    }
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      try {
        const bytes = yield* readWhole(t.p, fd);
        t.out.add(`${posixCrc(bytes)} ${bytes.length}${o.operands.length > 0 ? ` ${path}` : ""}\n`);
      } catch (error) {
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
        const name = o.operands.length > 0 ? ` ${path}` : "";
        if (o.has("s")) {
          const total = bytes.reduce((all, byte) => all + byte, 0);
          const folded = (total & 0xffff) + (Math.floor(total / 65_536) & 0xffff);
          t.out.add(`${(folded & 0xffff) + (folded >> 16)} ${Math.ceil(bytes.length / 512)}${name}\n`);
        } else {
          const blocks = String(Math.ceil(bytes.length / 1024)).padStart(5);
          t.out.add(`${String(bsdSum(bytes)).padStart(5, "0")} ${blocks}${name}\n`);
        }
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
