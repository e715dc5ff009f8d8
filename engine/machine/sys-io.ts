/** System calls that read and write descriptors. Reached through sys.ts. */
import { concat, cpu, encode, type Gen, sleep } from "../kernel/index.ts";
import { COST } from "./costs.ts";
import { Errno, isErrno } from "./errno.ts";
import type { OpenFile } from "./open-file.ts";
import type { Process } from "./process.ts";
import type { Tty } from "./tty.ts";

const BLOCK = 65_536;

export function file(p: Process, fd: number): OpenFile {
  const open = p.fds.get(fd);
  if (open === undefined) throw new Errno("EBADF");
  return open;
}

/** Up to `max` bytes; none at the end. Throws EINTR after a caught signal. */
export function* read(p: Process, fd: number, max = BLOCK): Gen<Uint8Array> {
  const open = file(p, fd);
  if (!open.readable) throw new Errno("EBADF");
  yield* cpu(COST.io);
  if (open.tty !== undefined) yield* foregroundOnly(p, open.tty);
  const bytes = yield* open.read(max);
  if (bytes === "interrupted") throw new Errno("EINTR");
  // A device without an end makes its bytes: 64 MB of them a second, so that who reads it to the end takes his time.
  if (open.node?.kind === "char" && open.tty === undefined) yield* cpu(bytes.length >> 6);
  return bytes;
}

/** Only the foreground group reads its terminal; others are stopped until they are (tty_ioctl(4)). Throws EIO. */
function* foregroundOnly(p: Process, tty: Tty): Gen<void> {
  while (p.tty === tty && tty.foreground !== 0 && tty.foreground !== p.group) {
    const { machine } = p;
    const owner = machine.processes.get(tty.foreground);
    if (owner === undefined || owner.session !== p.session) return;
    if (p.dispositions.get("TTIN") === "ignore") throw new Errno("EIO");
    machine.signalGroup(p.group, "TTIN");
    if (p.hasSignal) throw new Errno("EINTR");
    // Stopped here.
    yield* sleep(0);
  }
}

/**
 * Writes all of it. A write that nobody can read ends the process with SIGPIPE, or throws EPIPE if that is ignored.
 * EINTR after a caught signal tells in `written` how many bytes went through.
 */
export function* write(p: Process, fd: number, data: string | Uint8Array): Gen<void> {
  const open = file(p, fd);
  if (!open.writable) throw new Errno("EBADF");
  if (typeof data === "string" && open.lines && data.endsWith("\n")) {
    yield* cpu(COST.io + (data.length >> 12));
    open.lines(data);
    return;
  }
  const bytes = typeof data === "string" ? encode(data) : data;
  if (bytes.length === 0) return;
  yield* cpu(COST.io + (bytes.length >> 12));
  if (
    p.limits?.fsize !== undefined &&
    open.node?.kind === "file" &&
    open.node.content.size() + bytes.length > p.limits.fsize
  ) {
    p.machine.signal(p, "XFSZ");
    // The signal, when not ignored, ends the process at its next yield: here.
    yield* cpu(0);
    throw new Errno("EFBIG");
  }
  try {
    const result = yield* open.write(bytes);
    if (result !== "ok") throw new Errno("EINTR", result === "interrupted" ? 0 : result);
  } catch (error) {
    if (isErrno(error, "EPIPE")) {
      p.machine.signal(p, "PIPE");
      // The signal, when not ignored, ends the process at its next yield: here.
      yield* cpu(0);
    }
    throw error;
  }
}

/** Most bytes that `readAll` holds. */
const MAX_HELD = 128 * 1024 * 1024;

/** Everything up to the end of a descriptor. Throws ENOMEM when that is more than a process may hold. */
export function* readAll(p: Process, fd: number): Gen<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const chunk = yield* read(p, fd);
    if (chunk.length === 0) return concat(chunks);
    size += chunk.length;
    if (size > MAX_HELD) throw new Errno("ENOMEM");
    chunks.push(chunk);
  }
}

export function* print(p: Process, text: string): Gen<void> {
  yield* write(p, 1, text);
}

export function* printError(p: Process, text: string): Gen<void> {
  yield* write(p, 2, text);
}
