import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import { requireMutable } from "../../machine/path.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { parseDate, parseStamp } from "../../text/date-parse.ts";
import { argMatch, Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";

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
    const which =
      o.value("time") === undefined
        ? undefined
        : argMatch(o.value("time")!, "--time", [
            ["atime", "access", "use"],
            ["mtime", "modify"],
          ]);
    let time = kernel.now;
    const reference = o.value("r");
    let like: Inode | undefined;
    if (reference !== undefined) {
      try {
        like = sys.stat(t.p, reference, !o.has("h"));
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`failed to get attributes of ${shellQuote(reference)}: ${error.message}`);
      }
    }
    const stamp = o.value("t");
    if (stamp !== undefined && (reference !== undefined || o.has("d")))
      throw new UsageError("cannot specify times from more than one source");
    const date = o.value("d");
    if (date !== undefined) {
      const parsed = parseDate(
        date,
        like === undefined ? kernel.wallMs : kernel.epochMs + like.mtime / 1000,
        localZone(t.p),
      );
      if (parsed === undefined) throw new Fatal(`invalid date format ${quote(date)}`);
      time = Math.round((parsed - kernel.epochMs) * 1000);
    }
    if (stamp !== undefined) {
      const parsed = parseStamp(stamp, kernel.wallMs, localZone(t.p));
      if (parsed === undefined) throw new Fatal(`invalid date format ${quote(stamp)}`);
      time = Math.round((parsed - kernel.epochMs) * 1000);
    }
    const own = like !== undefined && date === undefined;
    if (o.operands.length === 0) throw new UsageError("missing file operand");
    for (const path of o.operands) {
      try {
        let node = sys.lookup(t.p, path, !o.has("h")).node;
        if (node === undefined) {
          if (o.has("c")) continue;
          if (o.has("h")) {
            yield* t.error(`setting times of ${shellQuote(path)}: No such file or directory`);
            continue;
          }
          if (path.endsWith("/")) throw sys.openFile(t.p, path, { write: true });
          node = sys.openFile(t.p, path, { write: true, create: true }).node!;
        }
        requireMutable(node);
        if (t.p.cred.uid !== 0 && t.p.cred.uid !== node.uid) sys.openFile(t.p, path, { write: true });
        const [a, m] = [o.has("a") || which === "atime", o.has("m") || which === "mtime"];
        if (a || !m) node.atime = own ? like!.atime : time;
        if (m || !a) node.mtime = own ? like!.mtime : time;
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
