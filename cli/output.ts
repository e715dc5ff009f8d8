import { writeSync } from "node:fs";

/** Exit status of a program ended by SIGPIPE: `kubetude exec … | head -1` has read enough. */
const NOBODY_READS = 141;
/** Nothing more can be said: a full disk, a device that fails. */
const FAILED = 2;
/** Milliseconds between two tries while the reader of a pipe takes its time. */
const PATIENCE = 5;

const clock = new Int32Array(new SharedArrayBuffer(4));

/** What becomes of the command when standard output or error (`stream`) can no longer be written. */
export function writeFailed(stream: string, error: NodeJS.ErrnoException): never {
  if (error.code === "EPIPE") process.exit(NOBODY_READS);
  try {
    writeSync(2, `kubetude: ${stream}: ${error.message}\n`);
  } catch {
    // Standard error is where it fails.
  }
  process.exit(FAILED);
}

/**
 * Writes at once, and waits for a reader that is slow. A simulation runs without returning to Node's loop, where a stream's own
 * writes and errors would wait for it to end: an endless script would fill the memory, and never learn that nobody reads.
 */
export function writeNow(stream: "stdout" | "stderr", bytes: Uint8Array): void {
  const fd = stream === "stdout" ? 1 : 2;
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EAGAIN") writeFailed(stream, error as NodeJS.ErrnoException);
      Atomics.wait(clock, 0, 0, PATIENCE);
    }
  }
}
