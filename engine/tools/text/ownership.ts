/** chmod, chown and chgrp. */
import { call, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { userByName } from "../../machine/users.ts";
import { applyMode, modeString, parseMode } from "../../text/mode.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";

function* eachNode(
  t: Tool,
  path: string,
  recursive: boolean,
  what: string,
  visit: (path: string, node: Inode) => void,
  quiet = false,
  follow = !recursive,
): Gen<void> {
  try {
    let node = sys.stat(t.p, path, false);
    if (node.kind === "symlink" && follow) {
      const behind = sys.find(t.p, path);
      if (behind === undefined) {
        const dangling = what === "permissions" ? "cannot operate on dangling symlink" : "cannot dereference";
        yield* t.error(`${dangling} ${shellQuote(path)}${what === "permissions" ? "" : ": No such file or directory"}`);
        return;
      }
      node = behind;
    }
    if ((t.p.cred.uid !== 0 && t.p.cred.uid !== node.uid) || /[ai]/.test(node.attributes ?? "")) {
      yield* t.error(`changing ${what} of ${shellQuote(path)}: Operation not permitted`);
      return;
    }
    if (node.kind !== "symlink" || what !== "permissions") visit(path, node);
    node.ctime = t.p.machine.kernel.now;
    if (recursive && node.kind === "dir")
      for (const name of [...sys.readDir(t.p, path).keys()].sort())
        yield* call(eachNode(t, `${path.replace(/\/$/, "")}/${name}`, true, what, visit, quiet, false));
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (quiet) t.status = 1;
    else yield* t.error(`cannot access ${shellQuote(path)}: ${error.message}`);
  }
}

/** chmod(1). */
export const chmod = tool(
  {
    name: "chmod",
    short: "cfhHLPRv",
    long: "changes=c quiet=f silent=f verbose=v recursive=R dereference=deref no-dereference=h reference:=ref preserve-root=pr no-preserve-root=npr",
    usage: "[OPTION]... MODE[,MODE]... FILE...\n  or:  chmod [OPTION]... OCTAL-MODE FILE...",
    about: "Change the mode of each FILE to MODE.",
    // `-x` and the like are modes.
    rewrite: (args) => {
      const at = args.findIndex((arg) => /^-[rwxXstugo]+([-+=,]|$)/.test(arg));
      return at < 0 || args.includes("--") ? args : [...args.slice(0, at), "--", ...args.slice(at)];
    },
  },
  function* (t, o) {
    const like = o.value("ref");
    const [first, ...rest] = o.operands;
    if (first === undefined) throw new UsageError("missing operand");
    if (like === undefined && rest.length === 0) throw new UsageError(`missing operand after ${quote(first)}`);
    const text = like === undefined ? first : (reference(t, like).mode & 0o7777).toString(8).padStart(5, "0");
    const files = like === undefined ? rest : o.operands;
    const mode = parseMode(text);
    if (mode === undefined) throw new UsageError(`invalid mode: ${quote(text)}`);
    for (const path of files)
      yield* eachNode(
        t,
        path,
        o.has("R"),
        "permissions",
        (name, node) => {
          const old = node.mode;
          node.mode = applyMode(mode, node.mode, node.kind === "dir", t.p.umask);
          const octal = (m: number) =>
            `${m.toString(8).padStart(4, "0")} (${modeString({ ...node, mode: m } as Inode).slice(1)})`;
          if (o.has("v", "c") && old !== node.mode)
            t.out.add(`mode of ${shellQuote(name)} changed from ${octal(old)} to ${octal(node.mode)}\n`);
          else if (o.has("v")) t.out.add(`mode of ${shellQuote(name)} retained as ${octal(old)}\n`);
        },
        o.has("f"),
      );
    return t.status;
  },
);

function idOf(p: Process, file: string, name: string): number | undefined {
  if (/^\+?\d+$/.test(name)) return Number(name);
  const node = sys.find(p, file);
  if (node?.kind !== "file") return undefined;
  for (const line of sys.readText(p, file).split("\n")) {
    const [found, , id] = line.split(":");
    if (found === name && id !== undefined) return Number(id);
  }
  return undefined;
}

function nameOf(p: Process, file: string, id: number): string {
  const node = sys.find(p, file);
  if (node?.kind === "file")
    for (const line of sys.readText(p, file).split("\n")) {
      const [name, , number] = line.split(":");
      if (number === String(id)) return name!;
    }
  return String(id);
}

/** What -v and -c say of one file: owner, group or both, those that were asked for. */
function told(t: Tool, o: ParsedOptions, path: string, before: string, after: string, what: string): void {
  if (before !== after && o.has("v", "c"))
    t.out.add(`changed ${what} of ${shellQuote(path)} from ${before} to ${after}\n`);
  else if (o.has("v")) t.out.add(`${what} of ${shellQuote(path)} retained as ${after}\n`);
}

interface Owners {
  uid: number | undefined;
  gid: number | undefined;
}

/** `owner:group` in any of its forms; a dot between them still works, with a warning. Throws `Fatal`. */
function* ownersOf(t: Tool, spec: string): Gen<Owners> {
  const [user, group] = spec.split(":");
  const uid = user ? idOf(t.p, "/etc/passwd", user) : undefined;
  if (user && uid === undefined && group === undefined) {
    const dot = spec.indexOf(".");
    const owner = dot > 0 ? idOf(t.p, "/etc/passwd", spec.slice(0, dot)) : undefined;
    const named = spec.slice(dot + 1);
    const gid = named === "" ? undefined : idOf(t.p, "/etc/group", named);
    if (owner !== undefined && !/^\d+\.$/.test(spec) && (named === "" || gid !== undefined)) {
      yield* t.error(`warning: '.' should be ':': ${quote(spec)}`, 0);
      return { uid: owner, gid };
    }
  }
  if (user && uid === undefined) throw new Fatal(`invalid user: ${quote(spec)}`);
  if (user && group === "") {
    // The login group of that user, who must have a name then.
    const entry = userByName(t.p.ns.mnt, user);
    if (entry === undefined) throw new Fatal(`invalid spec: ${quote(spec)}`);
    return { uid, gid: entry.gid };
  }
  const gid = group ? idOf(t.p, "/etc/group", group) : undefined;
  if (group && gid === undefined) throw new Fatal(`invalid group: ${quote(spec)}`);
  return { uid, gid };
}

/** The file of --reference. Throws `Fatal`. */
function reference(t: Tool, path: string): Inode {
  try {
    return sys.stat(t.p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`failed to get attributes of ${shellQuote(path)}: ${error.message}`);
  }
}

/** chown(1). */
export const chown = tool(
  {
    name: "chown",
    short: "cfhHLPRv",
    long: "changes=c quiet=f silent=f verbose=v recursive=R no-dereference=h dereference=dereference reference:=ref from:=from preserve-root=pr no-preserve-root=npr",
    usage: "[OPTION]... [OWNER][:[GROUP]] FILE...",
    about: "Change the owner and/or group of each FILE to OWNER and/or GROUP.",
  },
  function* (t, o) {
    const like = o.value("ref");
    const [spec, ...rest] = o.operands;
    if (spec === undefined) throw new UsageError("missing operand");
    if (like === undefined && rest.length === 0) throw new UsageError(`missing operand after ${quote(spec)}`);
    const files = like === undefined ? rest : o.operands;
    const wanted: Owners = like === undefined ? yield* ownersOf(t, spec) : reference(t, like);
    const from: Owners | undefined = o.value("from") === undefined ? undefined : yield* ownersOf(t, o.value("from")!);
    const both = wanted.uid !== undefined && wanted.gid !== undefined;
    const what = wanted.uid === undefined ? "group" : "ownership";
    for (const path of files)
      yield* eachNode(
        t,
        path,
        o.has("R"),
        "ownership",
        (name, node) => {
          if (from?.uid !== undefined && from.uid !== node.uid) return;
          if (from?.gid !== undefined && from.gid !== node.gid) return;
          const state = () => {
            const [user, group] = [nameOf(t.p, "/etc/passwd", node.uid), nameOf(t.p, "/etc/group", node.gid)];
            return both ? `${user}:${group}` : wanted.uid === undefined ? group : user;
          };
          const before = state();
          // What was asked for is told as it was written.
          const asked = () => {
            const [user, group] = spec.split(":");
            return like !== undefined || (user && group === "")
              ? state()
              : both
                ? `${user}:${group}`
                : wanted.uid === undefined
                  ? group!
                  : user!;
          };
          const changes = (wanted.uid ?? node.uid) !== node.uid || (wanted.gid ?? node.gid) !== node.gid;
          node.uid = wanted.uid ?? node.uid;
          node.gid = wanted.gid ?? node.gid;
          told(t, o, name, before, changes ? asked() : state(), what);
        },
        o.has("f"),
      );
    return t.status;
  },
);

/** chgrp(1). */
export const chgrp = tool(
  {
    name: "chgrp",
    short: "cfhHLPRv",
    long: "changes=c quiet=f silent=f recursive=R verbose=v no-dereference=h dereference=dereference reference:=ref preserve-root=pr no-preserve-root=npr",
    usage: "[OPTION]... GROUP FILE...",
    about: "Change the group of each FILE to GROUP.",
  },
  function* (t, o) {
    const like = o.value("ref");
    const [group, ...rest] = o.operands;
    if (group === undefined) throw new UsageError("missing operand");
    if (like === undefined && rest.length === 0) throw new UsageError(`missing operand after ${quote(group)}`);
    const gid = like === undefined ? idOf(t.p, "/etc/group", group) : reference(t, like).gid;
    if (gid === undefined) throw new Fatal(`invalid group: ${quote(group)}`);
    for (const path of like === undefined ? rest : o.operands)
      yield* eachNode(
        t,
        path,
        o.has("R"),
        "group",
        (name, node) => {
          const before = nameOf(t.p, "/etc/group", node.gid);
          node.gid = gid;
          const after = nameOf(t.p, "/etc/group", gid);
          told(t, o, name, before, like === undefined && before !== after ? group : after, "group");
        },
        o.has("f"),
      );
    return t.status;
  },
);
