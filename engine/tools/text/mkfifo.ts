import { isErrno } from "../../machine/errno.ts";
import { namedPipe } from "../../machine/fifo.ts";
import { fifoNode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { applyMode, parseMode } from "../../text/mode.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";

/** mkfifo(1). */
export const mkfifo = tool(
  {
    name: "mkfifo",
    short: "m:Z",
    long: "mode:=m context::=Z",
    usage: "[OPTION]... NAME...",
    about: "Create named pipes (FIFOs) with the given NAMEs.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    const modeText = o.value("m");
    const mode = modeText === undefined ? undefined : parseMode(modeText);
    if (modeText !== undefined && mode === undefined) throw new Fatal(`invalid mode ${quote(modeText)}`);
    const { p } = t;
    for (const path of o.operands) {
      try {
        const time = p.machine.kernel.now;
        const bits = mode ? applyMode(mode, 0o666, false, p.umask) : 0o666 & ~p.umask;
        sys.link(p, path, fifoNode(namedPipe(), { mode: bits, uid: p.cred.uid, gid: p.cred.gid, time }));
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot create fifo ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);
