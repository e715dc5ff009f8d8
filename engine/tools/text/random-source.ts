/** Random bytes as coreutils draw on them: from a file of --random-source, or from the session's own stream. */
import { md5 } from "@noble/hashes/legacy.js";
import { concat, encode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, type Tool } from "../tool.ts";

/** Gives the next so many bytes. Throws `Fatal` where the file has no more. */
export type RandomBytes = (count: number) => Uint8Array;

/** What a source that ends with a program gives at most. */
const MOST = 1 << 16;

/** The bytes that a pipe gives to a reader that comes before its draws: as many as any of them needs. */
function* piped(t: Tool, path: string): Gen<Uint8Array> {
  const fd = sys.open(t.p, path);
  const parts: Uint8Array[] = [];
  let size = 0;
  while (size < MOST) {
    const part = yield* sys.read(t.p, fd, MOST - size);
    if (part.length === 0) break;
    parts.push(part);
    size += part.length;
  }
  sys.close(t.p, fd);
  return concat(parts);
}

/** The bytes of --random-source, with the status of a failure; without a file those of the session for this program. */
export function* randomBytes(t: Tool, path: string | undefined, status = 1): Gen<RandomBytes> {
  const own = t.p.machine.kernel.random(t.name);
  const drawn: RandomBytes = (count) => Uint8Array.from({ length: count }, () => own.int(0, 255));
  if (path === undefined) return drawn;
  let fd: number;
  try {
    fd = sys.open(t.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`${status === 2 ? "open failed: " : ""}${path}: ${error.message}`, status);
  }
  const device = t.p.fds.get(fd)?.node;
  sys.close(t.p, fd);
  if (device?.kind === "char" && device.device !== "null" && device.device !== "zero") return drawn;
  if (device?.kind === "dir") throw new Fatal(`${quote(path)}: read error: Is a directory`, status);
  const bytes =
    device?.kind === "file" ? sys.readBytes(t.p, path) : device?.kind === "char" ? undefined : yield* piped(t, path);
  let at = 0;
  return (count) => {
    if (device?.kind === "char" && device.device === "zero") return new Uint8Array(count);
    if (bytes === undefined || at + count > bytes.length) throw new Fatal(`${quote(path)}: end of file`, status);
    at += count;
    return bytes.subarray(at - count, at);
  };
}

/** Draws whole numbers from bytes as gnulib's randint does: what is left of a byte serves the next draw. */
export function drawer(bytes: RandomBytes): (below: number) => number {
  let number = 0n;
  let most = 0n;
  return (below) => {
    const choices = BigInt(below);
    const top = choices - 1n;
    for (;;) {
      if (most < top) {
        let count = 0;
        for (let reach = most; reach < top; count++) reach = reach * 256n + 255n;
        for (const byte of bytes(count)) {
          number = number * 256n + BigInt(byte);
          most = most * 256n + 255n;
        }
      }
      if (most === top) {
        const drawn = number;
        number = most = 0n;
        return Number(drawn);
      }
      const excess = most - top;
      const unusable = excess % choices;
      const last = most - unusable;
      if (number <= last) {
        const drawn = number % choices;
        number /= choices;
        most = excess / choices;
        return Number(drawn);
      }
      number -= last + 1n;
      most = unusable - 1n;
    }
  };
}

/** What sort -R orders a key by: its hash behind the salt, then the key itself. */
export function keyHash(salt: Uint8Array, text: string): string {
  return String.fromCharCode(...md5(concat([salt, encode(`${text}\0`)]))) + text;
}
