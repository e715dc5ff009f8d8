import { concat, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { readWhole } from "../io.ts";
import type { Tool } from "../tool.ts";

/** All bytes of each operand (standard input without one), but `most` of them together; what cannot be read is reported and left out. */
export function* contents(
  t: Tool,
  operands: readonly string[],
  most = Number.POSITIVE_INFINITY,
): Gen<{ path: string; bytes: Uint8Array }[]> {
  const out: { path: string; bytes: Uint8Array }[] = [];
  let left = most;
  for (const path of operands.length > 0 ? operands : ["-"]) {
    const fd = yield* t.open(path);
    if (fd === undefined) continue;
    try {
      const bytes = left === Number.POSITIVE_INFINITY ? yield* readWhole(t.p, fd) : yield* readSome(t.p, fd, left);
      left -= bytes.length;
      out.push({ path, bytes });
    } catch (error) {
      if (!isErrno(error)) throw error;
      yield* t.pathError(path, error);
    } finally {
      t.close(fd);
    }
  }
  return out;
}

/** The first bytes of an input that may have no end (/dev/urandom). */
export function* readSome(p: Process, fd: number, most: number): Gen<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  while (size < most) {
    const chunk = yield* sys.read(p, fd, Math.min(most - size, 65_536));
    if (chunk.length === 0) break;
    chunks.push(chunk);
    size += chunk.length;
  }
  return concat(chunks);
}

/** Like `contents`, as texts. */
export function* texts(t: Tool, operands: readonly string[]): Gen<{ path: string; text: string }[]> {
  return (yield* contents(t, operands)).map(({ path, bytes }) => ({ path, text: decode(bytes) }));
}

/** Lines of a text; a newline at the end ends the last line. */
export function linesOf(text: string, separator = "\n"): string[] {
  if (text === "") return [];
  const lines = text.split(separator);
  if (lines.at(-1) === "") lines.pop();
  return lines;
}

/** One character a byte, for tools that look at bytes only. */
export function latin1(bytes: Uint8Array): string {
  let out = "";
  for (let at = 0; at < bytes.length; at += 8192) out += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return out;
}

/**
 * A size as coreutils take it: digits with K, M, G … (1024), KB, MB … (1000) or KiB …; undefined when it is none. `b` is
 * 512 bytes where the tool knows it.
 */
export function parseSize(text: string, blocks = false): number | undefined {
  const match = /^(\d+)(?:([kKMGTPE])(B|iB)?|(b))?$/.exec(text);
  if (match === null) return undefined;
  if (match[4] !== undefined) return blocks ? Number(match[1]) * 512 : undefined;
  if (match[2] === undefined) return Number(match[1]);
  return Number(match[1]) * (match[3] === "B" ? 1000 : 1024) ** ("KMGTPE".indexOf(match[2].toUpperCase()) + 1);
}
