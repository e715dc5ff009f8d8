import { concat, cpu, decode, type Gen } from "../kernel/index.ts";
import type { OpenFile } from "../machine/open-file.ts";
import type { Process } from "../machine/process.ts";
import { cannotAllocate } from "./control.ts";
import type { Shell } from "./shell.ts";

/** Longest line in bytes. */
const MAX_LINE = 4 * 1024 * 1024;

/**
 * Reads up to a delimiter and not a byte further, so that what follows is left for the next reader. Undefined at the
 * end of input (with nothing before it).
 */
export function* readLine(sh: Shell, fd: number, delimiter = 10): Gen<string | undefined> {
  const file = sh.p.fds.get(fd);
  if (file === undefined) return undefined;
  const { bytes, ended } = yield* readUntil(file, delimiter);
  return bytes.length === 0 && ended ? undefined : decode(bytes);
}

/** Bytes up to `delimiter` (taken off). Files and pipes are read in blocks and the rest put back. */
export function* readUntil(
  file: OpenFile,
  delimiter: number,
  p?: Process,
): Gen<{ bytes: Uint8Array; ended: boolean; interrupted?: boolean }> {
  const parts: Uint8Array[] = [];
  if (file.node?.kind === "dir") return { bytes: new Uint8Array(0), ended: true };
  for (;;) {
    if (file.node?.kind === "file" && file.offset !== undefined) {
      const all = file.node.content.bytes();
      const end = all.indexOf(delimiter, file.offset);
      const bytes = all.subarray(file.offset, end < 0 ? all.length : end);
      file.offset = end < 0 ? all.length : end + 1;
      return { bytes, ended: end < 0 };
    }
    // A device that always has more would never let time pass by itself.
    yield* cpu(1);
    if (p?.hasSignal) return { bytes: concat(parts), ended: false, interrupted: true };
    const chunk = yield* file.read(1);
    if (chunk === "interrupted") return { bytes: concat(parts), ended: false, interrupted: true };
    if (chunk.length === 0) return { bytes: parts.length ? concat(parts) : chunk, ended: true };
    if (chunk[0] === delimiter) return { bytes: parts.length ? concat(parts) : new Uint8Array(0), ended: false };
    if (chunk[0] === 0) continue;
    if (parts.length > MAX_LINE) throw cannotAllocate(parts.length);
    parts.push(chunk);
  }
}
