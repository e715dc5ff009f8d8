import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate, parseStamp } from "../../text/date-parse.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";

/** touch(1). */
export const touch = tool(
  {
    name: "touch",
    short: "acd:fhmr:t:",
    long: "no-create=c date:=d no-dereference=h reference:=r time:=time",
    usage: "[OPTION]... FILE...",
    about: "Update the access and modification times of each FILE to the current time.",
  },
  function* (t, o) {
    const kernel = t.p.machine.kernel;
    let time = kernel.now;
    const date = o.value("d");
    if (date !== undefined) {
      const parsed = parseDate(date, kernel.wallMs, localZone(t.p));
      if (parsed === undefined) throw new Fatal(`invalid date format ${quote(date)}`);
      time = Math.round((parsed - kernel.epochMs) * 1000);
    }
    const stamp = o.value("t");
    if (stamp !== undefined) {
      const parsed = parseStamp(stamp, kernel.wallMs, localZone(t.p));
      if (parsed === undefined) throw new Fatal(`invalid date format ${quote(stamp)}`);
      time = Math.round((parsed - kernel.epochMs) * 1000);
    }
    const reference = o.value("r");
    if (reference !== undefined) {
      try {
        time = sys.stat(t.p, reference).mtime;
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`failed to get attributes of ${shellQuote(reference)}: ${error.message}`);
      }
    }
    if (o.operands.length === 0) throw new UsageError("missing file operand");
    for (const path of o.operands) {
      try {
        let node = sys.lookup(t.p, path, !o.has("h")).node;
        if (node === undefined) {
          if (o.has("c")) continue;
          if (path.endsWith("/")) throw sys.openFile(t.p, path, { write: true });
          node = sys.openFile(t.p, path, { write: true, create: true }).node!;
        }
        if (t.p.cred.uid !== 0 && t.p.cred.uid !== node.uid) sys.openFile(t.p, path, { write: true });
        if (!o.has("m") || o.has("a")) node.atime = time;
        if (!o.has("a") || o.has("m")) node.mtime = time;
        node.ctime = kernel.now;
      } catch (error) {
        if (!isErrno(error)) throw error;
        // A missing directory on the way is reported by utimensat, everything else by open.
        if (o.has("c") && error.code === "ENOENT") continue;
        yield* t.error(`cannot touch ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);
