/** chmod, chown and chgrp. */
import { call, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { applyMode, modeString, parseMode } from "../../text/mode.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";

function* eachNode(
  t: Tool,
  path: string,
  recursive: boolean,
  what: string,
  visit: (path: string, node: Inode) => void,
): Gen<void> {
  try {
    const node = sys.stat(t.p, path, !recursive);
    if (t.p.cred.uid !== 0 && t.p.cred.uid !== node.uid) {
      yield* t.error(`changing ${what} of ${shellQuote(path)}: Operation not permitted`);
      return;
    }
    if (node.kind !== "symlink") visit(path, node);
    node.ctime = t.p.machine.kernel.now;
    if (recursive && node.kind === "dir")
      for (const name of [...sys.readDir(t.p, path).keys()].sort())
        yield* call(eachNode(t, `${path.replace(/\/$/, "")}/${name}`, true, what, visit));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* t.error(`cannot access ${shellQuote(path)}: ${error.message}`);
  }
}

/** chmod(1). */
export const chmod = tool(
  {
    name: "chmod",
    short: "cfRv",
    long: "changes=c quiet=f silent=f verbose=v recursive=R reference:=ref preserve-root=pr no-preserve-root=npr",
    usage: "[OPTION]... MODE[,MODE]... FILE...\n  or:  chmod [OPTION]... OCTAL-MODE FILE...",
    about: "Change the mode of each FILE to MODE.",
    // `-x` and the like are modes.
    rewrite: (args) => {
      const at = args.findIndex((arg) => /^-[rwxXstugo]+(,|$)/.test(arg));
      return at < 0 || args.includes("--") ? args : [...args.slice(0, at), "--", ...args.slice(at)];
    },
  },
  function* (t, o) {
    const [text, ...files] = o.operands;
    if (text === undefined) throw new UsageError("missing operand");
    if (files.length === 0) throw new UsageError(`missing operand after ${quote(text)}`);
    const mode = parseMode(text);
    if (mode === undefined) throw new UsageError(`invalid mode: ${quote(text)}`);
    for (const path of files)
      yield* eachNode(t, path, o.has("R"), "permissions", (name, node) => {
        const old = node.mode;
        node.mode = applyMode(mode, node.mode, node.kind === "dir", t.p.umask);
        const octal = (m: number) =>
          `${m.toString(8).padStart(4, "0")} (${modeString({ ...node, mode: m } as Inode).slice(1)})`;
        if (o.has("v", "c") && old !== node.mode)
          t.out.add(`mode of ${shellQuote(name)} changed from ${octal(old)} to ${octal(node.mode)}\n`);
        else if (o.has("v")) t.out.add(`mode of ${shellQuote(name)} retained as ${octal(old)}\n`);
      });
    return t.status;
  },
);

function idOf(p: Process, file: string, name: string): number | undefined {
  if (/^\d+$/.test(name)) return Number(name);
  const node = sys.find(p, file);
  if (node?.kind !== "file") return undefined;
  for (const line of sys.readText(p, file).split("\n")) {
    const [found, , id] = line.split(":");
    if (found === name && id !== undefined) return Number(id);
  }
  return undefined;
}

/** chown(1). */
export const chown = tool(
  {
    name: "chown",
    short: "cfhHLPRv",
    long: "changes=c quiet=f silent=f verbose=v recursive=R no-dereference=h dereference=dereference reference:=ref from:=from",
    usage: "[OPTION]... [OWNER][:[GROUP]] FILE...",
    about: "Change the owner and/or group of each FILE to OWNER and/or GROUP.",
  },
  function* (t, o) {
    const [spec, ...files] = o.operands;
    if (spec === undefined) throw new UsageError("missing operand");
    if (files.length === 0) throw new UsageError(`missing operand after ${quote(spec)}`);
    const [user, group] = spec.split(":");
    const uid = user ? idOf(t.p, "/etc/passwd", user) : undefined;
    const gid = group ? idOf(t.p, "/etc/group", group) : undefined;
    if (user && uid === undefined) throw new Fatal(`invalid user: ${quote(spec)}`);
    if (group && gid === undefined) throw new Fatal(`invalid group: ${quote(spec)}`);
    for (const path of files)
      yield* eachNode(t, path, o.has("R"), "ownership", (_, node) => {
        node.uid = uid ?? node.uid;
        node.gid = gid ?? node.gid;
      });
    return t.status;
  },
);

/** chgrp(1). */
export const chgrp = tool(
  {
    name: "chgrp",
    short: "cfhRv",
    long: "recursive=R verbose=v",
    usage: "[OPTION]... GROUP FILE...",
    about: "Change the group of each FILE to GROUP.",
  },
  function* (t, o) {
    const [group, ...files] = o.operands;
    if (group === undefined) throw new UsageError("missing operand");
    if (files.length === 0) throw new UsageError(`missing operand after ${quote(group)}`);
    const gid = idOf(t.p, "/etc/group", group);
    if (gid === undefined) throw new Fatal(`invalid group: ${quote(group)}`);
    for (const path of files)
      yield* eachNode(t, path, o.has("R"), "group", (_, node) => {
        node.gid = gid;
      });
    return t.status;
  },
);
