import { isErrno } from "../../machine/errno.ts";
import { normalize } from "../../machine/path.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { LineReader } from "../io.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";
import { backups, relative } from "./backup.ts";
import { baseName, targets } from "./cp.ts";

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
    long: "backup::=backup directory=d force=f interactive=i logical=L no-dereference=n physical=P relative=r symbolic=s suffix:=S target-directory:=t no-target-directory=T verbose=v",
    usage: "[OPTION]... [-T] TARGET LINK_NAME\n  or:  ln [OPTION]... TARGET\n  or:  ln [OPTION]... TARGET... DIRECTORY",
    about: "Create a link to TARGET with the name LINK_NAME.",
  },
  function* (t, o) {
    const symbolic = o.has("s");
    if (o.has("r") && !symbolic) throw new Fatal("cannot do --relative without --symbolic");
    const keep = backups(t, o);
    const answers = new LineReader(t.p, 0);
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
        const there = sys.find(t.p, to, false);
        if (there !== undefined && there === source && (keep === undefined || from === to)) {
          if (o.has("f", "i") || keep) {
            yield* t.error(`${shellQuote(from)} and ${shellQuote(to)} are the same file`);
            continue;
          }
        } else if (there !== undefined && there.kind !== "dir") {
          if (o.last("f", "i")?.key === "i") {
            yield* t.out.flush();
            yield* sys.printError(t.p, `${t.name}: replace ${shellQuote(to)}? `);
            if (!/^[yY]/.test((yield* answers.line()) ?? "")) continue;
          }
          if (keep) keep(to);
          else if (o.has("f", "i")) sys.unlink(t.p, to);
        }
        if (symbolic)
          sys.symlink(t.p, o.has("r") ? relative(canonical(t.p, from, "m"), canonical(t.p, dirOf(to), "m")) : from, to);
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
    if (o.has("n") && o.operands.length > 1) yield* t.error("ignoring --no-newline with multiple arguments", 0);
    const end = o.has("z") ? "\0" : o.has("n") && o.operands.length === 1 ? "" : "\n";
    for (const path of o.operands) {
      try {
        if (mode) t.out.add(canonical(t.p, path, mode as "f") + end);
        else {
          const node = sys.stat(t.p, path, false);
          if (node.kind === "symlink") t.out.add(node.target + end);
          else if (o.has("v")) yield* t.error(`${path}: Invalid argument`);
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
    const how = o.has("e") ? "e" : o.has("m") ? "m" : "f";
    // What results are relative to has to be there as they have.
    for (const base of [o.value("rt"), o.value("rb")]) {
      if (base === undefined) continue;
      try {
        canonical(t.p, base, how);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.pathError(base, error);
        return 1;
      }
    }
    for (const path of o.operands) {
      try {
        let result = o.has("s") ? normalize(t.p.cwd, path) : canonical(t.p, path, how);
        const to = o.value("rt") ?? o.value("rb");
        if (to !== undefined) {
          const base = o.value("rb") === undefined ? "/" : canonical(t.p, o.value("rb")!, "m");
          const below = base === "/" || result === base || result.startsWith(`${base}/`);
          if (below) result = relative(result, canonical(t.p, to, "m"));
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
