/** Programs that etcdctl runs for others: `lock`, `watch`. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { searchPath } from "../text/env.ts";

/** How a program ended, in Go's words (os/exec); "" and 0: well. */
export interface Ended {
  readonly why: string;
  readonly status: number;
}

/** Runs a program with these variables beside its own, and waits for it. */
export function* runProgram(p: Process, words: readonly string[], more: Readonly<Record<string, string>>): Gen<Ended> {
  const [name = ""] = words;
  const path = searchPath(p, name);
  if (path === undefined) return { why: `exec: ${quoteString(name)}: executable file not found in $PATH`, status: 1 };
  let child: Process;
  try {
    const env = new Map([...Object.entries(more), ...p.env]);
    child = yield* sys.spawn(p, path, { argv: words, env });
  } catch (error) {
    if (!isErrno(error)) throw error;
    return { why: `fork/exec ${path}: ${error.message.toLowerCase()}`, status: 1 };
  }
  for (;;) {
    try {
      const { status } = (yield* sys.waitFor(p, child))!;
      if (status.kind === "signaled")
        return { why: `signal: ${SIGNAL_NAMES[status.signal] ?? status.signal}`, status: 255 };
      const code = status.kind === "exited" ? status.code : 0;
      return { why: code === 0 ? "" : `exit status ${code}`, status: code };
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }
}

/** Signals as Go's syscall package names them. */
const SIGNAL_NAMES: Readonly<Record<string, string>> = {
  HUP: "hangup",
  INT: "interrupt",
  QUIT: "quit",
  ABRT: "aborted",
  KILL: "killed",
  SEGV: "segmentation fault",
  PIPE: "broken pipe",
  ALRM: "alarm clock",
  TERM: "terminated",
};
