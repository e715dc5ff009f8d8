import { call, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Inode } from "../../machine/inode.ts";
import { normalize } from "../../machine/path.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { applyMode, modeString, parseMode } from "../../text/mode.ts";
import { calendar, strftime } from "../../text/time.ts";
import { Fatal, quote, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { baseName, targets } from "./cp.ts";
import { blocksOf, Names } from "./ls.ts";

/** basename(1). */
export const basename = tool(
  {
    name: "basename",
    short: "+as:z",
    long: "multiple=a suffix:=s zero=z",
    usage: "NAME [SUFFIX]\n  or:  basename OPTION... NAME...",
    about: "Print NAME with any leading directory components removed.\nIf specified, also remove a trailing SUFFIX.",
  },
  function* (t, o) {
    const many = o.has("a", "s");
    if (o.operands.length === 0) throw new UsageError("missing operand");
    if (!many && o.operands.length > 2) throw new UsageError(`extra operand ${quote(o.operands[2]!)}`);
    const suffix = o.value("s") ?? (many ? undefined : o.operands[1]);
    for (const name of many ? o.operands : o.operands.slice(0, 1)) {
      let base = name === "" ? "" : baseName(name);
      if (suffix && base !== suffix && base.endsWith(suffix)) base = base.slice(0, -suffix.length);
      t.out.add(base + (o.has("z") ? "\0" : "\n"));
    }
    return 0;
  },
);

/** dirname(1). */
export const dirname = tool(
  {
    name: "dirname",
    short: "+z",
    long: "zero=z",
    usage: "[OPTION] NAME...",
    about: "Output each NAME with its last non-slash component and trailing slashes removed.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    for (const name of o.operands) t.out.add(dirOf(name) + (o.has("z") ? "\0" : "\n"));
    return 0;
  },
);

function dirOf(name: string): string {
  const trimmed = name.replace(/\/+$/, "");
  if (trimmed === "") return name.startsWith("/") ? "/" : ".";
  const slash = trimmed.lastIndexOf("/");
  if (slash < 0) return ".";
  return trimmed.slice(0, slash).replace(/\/+$/, "") || "/";
}

/** pwd(1). */
export const pwd = tool(
  {
    name: "pwd",
    short: "LP",
    long: "logical=L physical=P",
    usage: "[OPTION]...",
    about: "Print the full filename of the current working directory.",
  },
  function* (t) {
    t.out.add(`${t.p.cwd}\n`);
    return 0;
  },
);

/** rmdir(1). */
export const rmdir = tool(
  {
    name: "rmdir",
    short: "pv",
    long: "ignore-fail-on-non-empty=i parents=p verbose=v",
    usage: "[OPTION]... DIRECTORY...",
    about: "Remove the DIRECTORY(ies), if they are empty.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    for (const operand of o.operands) {
      let path = operand;
      for (;;) {
        try {
          if (o.has("v")) t.out.add(`rmdir: removing directory, ${shellQuote(path)}\n`);
          sys.rmdir(t.p, path);
        } catch (error) {
          if (!isErrno(error)) throw error;
          if (error.code === "ENOTEMPTY" && o.has("i")) break;
          yield* t.error(
            `failed to remove ${path === operand ? "" : "directory "}${shellQuote(path)}: ${error.message}`,
          );
          break;
        }
        if (!o.has("p")) break;
        path = dirOf(path);
        if (path === "." || path === "/") break;
      }
    }
    return t.status;
  },
);

/** ln(1). */
export const ln = tool(
  {
    name: "ln",
    short: "bdFfiLnPrsS:t:Tv",
    long: "backup::=b directory=d force=f interactive=i logical=L no-dereference=n physical=P relative=r symbolic=s suffix:=S target-directory:=t no-target-directory=T verbose=v",
    usage: "[OPTION]... [-T] TARGET LINK_NAME\n  or:  ln [OPTION]... TARGET\n  or:  ln [OPTION]... TARGET... DIRECTORY",
    about: "Create a link to TARGET with the name LINK_NAME.",
  },
  function* (t, o) {
    const symbolic = o.has("s");
    let links: { from: string; to: string }[];
    if (o.operands.length === 1 && !o.has("t")) links = [{ from: o.operands[0]!, to: `./${baseName(o.operands[0]!)}` }];
    else {
      const last = o.operands.at(-1);
      const isLink = last !== undefined && sys.find(t.p, last, false)?.kind === "symlink";
      links = targets(t, o.operands, o.value("t"), o.has("T") || (o.has("n") && isLink && o.operands.length === 2));
    }
    for (const { from, to } of links) {
      const what = symbolic ? "symbolic link" : "hard link";
      try {
        const source = symbolic ? undefined : sys.lookup(t.p, from, false).node;
        if (!symbolic && source === undefined) {
          yield* t.error(`failed to access ${shellQuote(from)}: No such file or directory`);
          continue;
        }
        if (source?.kind === "dir") {
          yield* t.error(`${from}: hard link not allowed for directory`);
          continue;
        }
        if (o.has("f") && sys.find(t.p, to, false) !== undefined) sys.unlink(t.p, to);
        if (symbolic) sys.symlink(t.p, from, to);
        else {
          sys.link(t.p, to, source!);
          source!.nlink++;
        }
        if (o.has("v")) t.out.add(`${shellQuote(to)} ${symbolic ? "->" : "=>"} ${shellQuote(from)}\n`);
      } catch (error) {
        if (!isErrno(error)) throw error;
        const detail = symbolic || error.code === "EEXIST" ? "" : ` => ${shellQuote(from)}`;
        yield* t.error(`failed to create ${what} ${shellQuote(to)}${detail}: ${error.message}`);
      }
    }
    return t.status;
  },
);

/** readlink(1). */
export const readlink = tool(
  {
    name: "readlink",
    short: "femnqsvz",
    long: "canonicalize=f canonicalize-existing=e canonicalize-missing=m no-newline=n quiet=q silent=s verbose=v zero=z",
    usage: "[OPTION]... FILE...",
    about: "Print value of a symbolic link or canonical file name.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    const mode = o.last("f", "e", "m")?.key;
    const end = o.has("z") ? "\0" : o.has("n") && o.operands.length === 1 ? "" : "\n";
    for (const path of o.operands) {
      try {
        if (mode) t.out.add(canonical(t.p, path, mode as "f") + end);
        else {
          const node = sys.stat(t.p, path, false);
          if (node.kind === "symlink") t.out.add(node.target + end);
          else t.status = 1;
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (o.has("v")) yield* t.error(`${path}: ${error.message}`);
        else t.status = 1;
      }
    }
    return t.status;
  },
);

/** A path without links and dots: `f` lets the last part be missing, `m` any, `e` none. */
function canonical(p: Process, path: string, mode: "f" | "e" | "m"): string {
  try {
    const found = sys.lookup(p, path);
    if (found.node === undefined && mode === "e") sys.stat(p, path);
    return found.path;
  } catch (error) {
    if (mode !== "m") throw error;
    return normalize(p.cwd, path);
  }
}

/** realpath(1). */
export const realpath = tool(
  {
    name: "realpath",
    short: "emLPqsz",
    long: "canonicalize-existing=e canonicalize-missing=m logical=L physical=P quiet=q relative-to:=rt relative-base:=rb strip=s no-symlinks=s zero=z",
    usage: "[OPTION]... FILE...",
    about: "Print the resolved absolute file name;\nall but the last component must exist.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    for (const path of o.operands) {
      try {
        let result = o.has("s")
          ? normalize(t.p.cwd, path)
          : canonical(t.p, path, o.has("e") ? "e" : o.has("m") ? "m" : "f");
        const to = o.value("rt");
        if (to !== undefined) {
          const from = canonical(t.p, to, "m").split("/").filter(Boolean);
          const parts = result.split("/").filter(Boolean);
          let same = 0;
          while (same < from.length && same < parts.length && from[same] === parts[same]) same++;
          result = [...from.slice(same).map(() => ".."), ...parts.slice(same)].join("/") || ".";
        }
        t.out.add(result + (o.has("z") ? "\0" : "\n"));
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (o.has("q")) t.status = 1;
        else yield* t.pathError(path, error);
      }
    }
    return t.status;
  },
);

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

const KINDS: Record<Inode["kind"], string> = {
  file: "regular file",
  dir: "directory",
  symlink: "symbolic link",
  fifo: "fifo",
  char: "character special file",
  socket: "socket",
};
const TYPE_BITS: Record<Inode["kind"], number> = {
  file: 0o100000,
  dir: 0o040000,
  symlink: 0o120000,
  fifo: 0o010000,
  char: 0o020000,
  socket: 0o140000,
};

/** stat(1): its usual listing and -c. */
export const stat = tool(
  {
    name: "stat",
    short: "Lfc:t",
    long: "dereference=L file-system=f format:=c printf:=printf terse=t",
    usage: "[OPTION]... FILE...",
    about: "Display file or file system status.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    const names = new Names(t.p);
    const epoch = t.p.machine.kernel.epochMs * 1000;
    for (const path of o.operands) {
      try {
        const node = sys.stat(t.p, path, o.has("L"));
        const size =
          node.kind === "file"
            ? node.content.size()
            : node.kind === "dir"
              ? 4096
              : node.kind === "symlink"
                ? node.target.length
                : 0;
        const time = (us: number) => {
          const seconds = Math.floor((epoch + us) / 1e6);
          return strftime("%Y-%m-%d %H:%M:%S.%N %z", calendar(seconds, Math.floor(epoch + us - seconds * 1e6) * 1000));
        };
        const seconds = (us: number) => String(Math.floor((epoch + us) / 1e6));
        const kindOf = node.kind === "file" && size === 0 ? "regular empty file" : KINDS[node.kind];
        const field: Record<string, () => string> = {
          a: () => (node.mode & 0o7777).toString(8),
          A: () => modeString(node),
          b: () => String(blocksOf(node) * 2),
          B: () => "512",
          d: () => "2049",
          f: () => (TYPE_BITS[node.kind] | node.mode).toString(16),
          F: () => kindOf,
          g: () => String(node.gid),
          G: () => names.group(node.gid),
          h: () => String(node.nlink),
          i: () => String(node.ino),
          n: () => path,
          N: () => (node.kind === "symlink" ? `${shellQuote(path)} -> ${shellQuote(node.target)}` : shellQuote(path)),
          o: () => "4096",
          s: () => String(size),
          u: () => String(node.uid),
          U: () => names.user(node.uid),
          w: () => "-",
          x: () => time(node.atime),
          X: () => seconds(node.atime),
          y: () => time(node.mtime),
          Y: () => seconds(node.mtime),
          z: () => time(node.ctime),
          Z: () => seconds(node.ctime),
          "%": () => "%",
        };
        const show = (format: string) =>
          format.replace(/%[-0-9.]*([A-Za-z%])/g, (whole, letter: string) => field[letter]?.() ?? whole);
        const printf = o.value("printf");
        const format = o.value("c");
        if (printf !== undefined) t.out.add(show(printf).split("\\n").join("\n").split("\\t").join("\t"));
        else if (format !== undefined) t.out.add(`${show(format)}\n`);
        else {
          const id = (value: number, name: string) => `(${String(value).padStart(5)}/${name.padStart(8)})`;
          t.out.add(
            `  File: ${node.kind === "symlink" ? `${path} -> ${node.target}` : path}\n  Size: ${String(size).padEnd(10)}\tBlocks: ${String(blocksOf(node) * 2).padEnd(10)} IO Block: 4096   ${kindOf}\nDevice: 8,1\tInode: ${String(node.ino).padEnd(11)} Links: ${node.nlink}\nAccess: (${(node.mode & 0o7777).toString(8).padStart(4, "0")}/${modeString(node)})  Uid: ${id(node.uid, names.user(node.uid))}   Gid: ${id(node.gid, names.group(node.gid))}\nAccess: ${time(node.atime)}\nModify: ${time(node.mtime)}\nChange: ${time(node.ctime)}\n Birth: -\n`,
          );
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot statx ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);
