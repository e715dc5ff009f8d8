import { cpu } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { FileNode } from "../../machine/inode.ts";
import * as sys from "../../machine/sys.ts";
import { groupByName, userByName } from "../../machine/users.ts";
import { applyMode, parseMode } from "../../text/mode.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";
import { targets } from "./cp.ts";
import { searchPath } from "./env.ts";
import { makeParents } from "./mkdir.ts";

/** install(1): copies with mode and owner set; -d makes directories. */
export const install = tool(
  {
    name: "install",
    short: "bcCdDg:m:o:pst:TvS:Z",
    long: "compare=C directory=d group:=g mode:=m owner:=o preserve-timestamps=p strip=s target-directory:=t no-target-directory=T verbose=v backup::=b suffix:=S",
    usage:
      "[OPTION]... [-T] SOURCE DEST\n  or:  install [OPTION]... SOURCE... DIRECTORY\n  or:  install [OPTION]... -t DIRECTORY SOURCE...\n  or:  install [OPTION]... -d DIRECTORY...",
    about: "This install program copies files (often just compiled) into destination\nlocations you choose.",
  },
  function* (t, o) {
    const modeText = o.value("m") ?? "755";
    const mode = parseMode(modeText);
    if (mode === undefined) throw new Fatal(`invalid mode ${quote(modeText)}`);
    const { mnt } = t.p.ns;
    const id = (text: string | undefined, what: "user" | "group") => {
      if (text === undefined) return undefined;
      const found = what === "user" ? userByName(mnt, text)?.uid : groupByName(mnt, text)?.gid;
      if (found !== undefined) return found;
      if (!/^\d+$/.test(text)) throw new Fatal(`invalid ${what} ${shellQuote(text)}`);
      return Number(text);
    };
    const uid = id(o.value("o"), "user");
    const gid = id(o.value("g"), "group");
    const settle = (path: string, isDir: boolean) => {
      const node = sys.stat(t.p, path);
      node.mode = applyMode(mode, 0, isDir, 0);
      if (uid !== undefined) node.uid = uid;
      if (gid !== undefined) node.gid = gid;
      return node;
    };
    if (o.has("d")) {
      if (o.operands.length === 0) throw new UsageError("missing file operand");
      for (const path of o.operands) {
        try {
          const made = makeParents(t.p, path);
          settle(path, true);
          if (o.has("v")) for (const dir of made) t.out.add(`${t.name}: creating directory ${shellQuote(dir)}\n`);
        } catch (error) {
          if (!isErrno(error)) throw error;
          yield* t.error(`cannot create directory ${quote(path)}: ${error.message}`);
        }
      }
      return t.status;
    }
    const into = o.value("t");
    if (o.has("D") && into !== undefined) makeParents(t.p, into);
    for (const { from, to } of targets(t, o.operands, into, o.has("T"))) {
      yield* cpu(10);
      try {
        const source = sys.stat(t.p, from);
        if (source.kind === "dir") {
          yield* t.error(`omitting directory ${shellQuote(from)}`);
          continue;
        }
        if (source === sys.find(t.p, to)) {
          yield* t.error(`${shellQuote(from)} and ${shellQuote(to)} are the same file`);
          continue;
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot stat ${shellQuote(from)}: ${error.message}`);
        continue;
      }
      try {
        if (o.has("D") && to.includes("/")) {
          const made = makeParents(t.p, to.slice(0, to.lastIndexOf("/")) || "/");
          if (o.has("v")) for (const dir of made) t.out.add(`${t.name}: creating directory ${shellQuote(dir)}\n`);
        }
        const source = sys.stat(t.p, from);
        const bytes = sys.readBytes(t.p, from).slice();
        const old = sys.find(t.p, to, false);
        if (old?.kind === "dir") {
          yield* t.error(`cannot overwrite directory ${shellQuote(to)} with non-directory ${shellQuote(from)}`);
          continue;
        }
        const same = o.has("C") && old?.kind === "file" && sameFile(old, bytes, applyMode(mode, 0, false, 0), uid, gid);
        if (same) continue;
        const replaced = old !== undefined;
        if (replaced) {
          if (o.has("b")) sys.rename(t.p, to, `${to}${o.value("S") ?? "~"}`);
          else sys.unlink(t.p, to);
        }
        if (o.has("v")) {
          if (replaced && !o.has("b")) t.out.add(`removed ${shellQuote(to)}\n`);
          t.out.add(`${shellQuote(from)} -> ${shellQuote(to)}\n`);
        }
        sys.writeText(t.p, to, bytes, 0o600);
        const node = settle(to, false);
        if (source.kind === "file" && source.program !== undefined && node.kind === "file")
          node.program = source.program;
        if (o.has("p")) node.mtime = source.mtime;
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(
          `cannot create regular file ${shellQuote(to)}: ${to.endsWith("/") && error.code !== "ENOENT" ? "Not a directory" : error.message}`,
        );
      }
    }
    return t.status;
  },
);

/** -C: what is there already is what would be put there. */
function sameFile(
  old: FileNode,
  bytes: Uint8Array,
  mode: number,
  uid: number | undefined,
  gid: number | undefined,
): boolean {
  const there = old.content.bytes();
  if ((old.mode & 0o7777) !== mode || (uid ?? old.uid) !== old.uid || (gid ?? old.gid) !== old.gid) return false;
  return there.length === bytes.length && there.every((byte, i) => byte === bytes[i]);
}

/** nice(1). */
export const nice = tool(
  {
    name: "nice",
    short: "+n:",
    long: "adjustment:=n",
    usage: "[OPTION] [COMMAND [ARG]...]",
    about: "Run COMMAND with an adjusted niceness, which affects process scheduling.",
    usageStatus: 125,
    rewrite: (args) => (/^-[-+]?\d+$/.test(args[0] ?? "") ? ["-n", args[0]!.slice(1), ...args.slice(1)] : args),
  },
  function* (t, o) {
    const text = o.value("n");
    if (text !== undefined && !/^[-+]?\d+$/.test(text)) throw new Fatal(`invalid adjustment ${quote(text)}`, 125);
    if (o.operands.length === 0) {
      if (text !== undefined) throw new UsageError("a command must be given with an adjustment");
      t.out.add(`${t.p.nice}\n`);
      return 0;
    }
    const adjustment = Number(text ?? 10);
    if (adjustment < 0 && t.p.cred.uid !== 0) yield* t.error("cannot set niceness: Permission denied", 0);
    else t.p.nice = Math.max(-20, Math.min(19, t.p.nice + adjustment));
    const path = searchPath(t.p, o.operands[0]!);
    try {
      return yield* sys.exec(t.p, path ?? o.operands[0]!, o.operands);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(
        `${quote(o.operands[0]!)}: ${path === undefined ? "No such file or directory" : error.message}`,
        error.code === "ENOENT" || path === undefined ? 127 : 126,
      );
    }
  },
);
