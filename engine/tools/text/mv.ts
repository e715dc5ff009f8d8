import { isErrno } from "../../machine/errno.ts";
import { mayAccess, WRITE } from "../../machine/path.ts";
import * as sys from "../../machine/sys.ts";
import { LineReader } from "../io.ts";
import { shellQuote, tool } from "../tool.ts";
import { backups } from "./backup.ts";
import { targets } from "./cp.ts";

/** mv(1). */
export const mv = tool(
  {
    name: "mv",
    short: "bfint:TuvS:Z",
    long: "backup::=backup force=f interactive=i no-clobber=n strip-trailing-slashes=strip suffix:=S target-directory:=t no-target-directory=T update::=u verbose=v context=Z exchange=exchange no-copy=no-copy debug=debug",
    usage:
      "[OPTION]... [-T] SOURCE DEST\n  or:  mv [OPTION]... SOURCE... DIRECTORY\n  or:  mv [OPTION]... -t DIRECTORY SOURCE...",
    about: "Rename SOURCE to DEST, or move SOURCE(s) to DIRECTORY.",
  },
  function* (t, o) {
    const answers = new LineReader(t.p, 0);
    const clobber = o.last("n", "f", "i");
    const keep = backups(t, o);
    for (const { from, to } of targets(t, o.operands, o.value("t"), o.has("T"))) {
      try {
        const source = sys.lookup(t.p, from, false);
        if (source.node === undefined) {
          yield* t.error(`cannot stat ${shellQuote(from)}: No such file or directory`);
          continue;
        }
        const target = sys.lookup(t.p, to.replace(/(.)\/+$/, "$1"), false);
        if (target.node !== undefined && target.node === source.node) {
          yield* t.error(`${shellQuote(from)} and ${shellQuote(to)} are the same file`);
          continue;
        }
        if (target.node === undefined && to.endsWith("/") && source.node.kind !== "dir") {
          yield* t.error(`cannot move ${shellQuote(from)} to ${shellQuote(to)}: Not a directory`);
          continue;
        }
        if (source.node.kind === "dir" && `${target.path}/`.startsWith(`${source.path}/`)) {
          yield* t.error(`cannot move ${shellQuote(from)} to a subdirectory of itself, ${shellQuote(to)}`);
          continue;
        }
        if (o.has("exchange") && target.node === undefined) {
          yield* t.error(`cannot exchange ${shellQuote(from)} and ${shellQuote(to)}: No such file or directory`);
          continue;
        }
        if (target.node !== undefined && !o.has("exchange")) {
          if (clobber?.key === "n") continue;
          if (o.has("u") && target.node.mtime >= source.node.mtime) continue;
          if (target.node.kind === "dir" && source.node.kind !== "dir") {
            yield* t.error(`cannot overwrite directory ${shellQuote(to)} with non-directory ${shellQuote(from)}`);
            continue;
          }
          if (target.node.kind !== "dir" && source.node.kind === "dir") {
            yield* t.error(`cannot overwrite non-directory ${shellQuote(to)} with directory ${shellQuote(from)}`);
            continue;
          }
          const guarded =
            clobber?.key !== "f" && t.p.fds.get(0)?.tty !== undefined && !mayAccess(target.node, t.p.cred, WRITE);
          if (clobber?.key === "i" || guarded) {
            yield* t.out.flush();
            const question = guarded
              ? `replace ${shellQuote(to)}, overriding mode ${(target.node.mode & 0o7777).toString(8).padStart(4, "0")}?`
              : `overwrite ${shellQuote(to)}?`;
            yield* sys.printError(t.p, `${t.name}: ${question} `);
            if (!/^[yY]/.test((yield* answers.line()) ?? "")) continue;
          }
          keep?.(to);
        }
        if (o.has("exchange")) {
          const between = `${to}.exchange`;
          sys.rename(t.p, to, between);
          sys.rename(t.p, from, to);
          sys.rename(t.p, between, from);
        } else sys.rename(t.p, from, to);
        if (o.has("v")) t.out.add(`renamed ${shellQuote(from)} -> ${shellQuote(to)}\n`);
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (sys.find(t.p, from, false) === undefined)
          yield* t.error(`cannot stat ${shellQuote(from)}: ${error.message}`);
        else if (error.code === "ENOTEMPTY") yield* t.error(`cannot overwrite ${shellQuote(to)}: ${error.message}`);
        else yield* t.error(`cannot move ${shellQuote(from)} to ${shellQuote(to)}: ${error.message}`);
      }
    }
    return t.status;
  },
);
