import { isErrno } from "../../machine/errno.ts";
import { readWhole } from "../io.ts";
import { tool } from "../tool.ts";

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
  { name: "cksum", short: "", usage: "[OPTION]... [FILE]...", about: "Print or verify checksums." },
  function* (t, o) {
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
