import { Errno, isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { applyMode, parseMode } from "../../text/mode.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";

/** mkdir(1). */
export const mkdir = tool(
  {
    name: "mkdir",
    short: "m:pvZ",
    long: "mode:=m parents=p verbose=v context::=Z",
    usage: "[OPTION]... DIRECTORY...",
    about: "Create the DIRECTORY(ies), if they do not already exist.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    const modeText = o.value("m");
    const mode = modeText === undefined ? undefined : parseMode(modeText);
    if (modeText !== undefined && mode === undefined) throw new Fatal(`invalid mode ${quote(modeText)}`);
    for (const path of o.operands) {
      try {
        const made = o.has("p") ? makeParents(t.p, path) : makeOne(t.p, path);
        if (mode && made.length > 0) {
          const node = sys.stat(t.p, path);
          node.mode = applyMode(mode, 0o777, true, t.p.umask);
        }
        if (o.has("v")) for (const dir of made) t.out.add(`${t.name}: created directory ${shellQuote(dir)}\n`);
      } catch (error) {
        if (!isErrno(error)) throw error;
        const at = error instanceof ParentError ? error.path : path;
        yield* t.error(
          `cannot create directory ${quote(at)}: ${(error instanceof ParentError ? error.cause : error).message}`,
        );
      }
    }
    return t.status;
  },
);

function makeOne(p: Process, path: string): string[] {
  sys.mkdir(p, path);
  return [path];
}

class ParentError extends Errno {
  readonly path: string;
  readonly cause: Errno;

  constructor(path: string, cause: Errno) {
    super(cause.code);
    this.path = path;
    this.cause = cause;
  }
}

/** Makes a directory and those above it; gives the names of the new ones. */
export function makeParents(p: Process, path: string): string[] {
  const made: string[] = [];
  const names = path.split("/").filter((name) => name !== "");
  let at = path.startsWith("/") ? "/" : "";
  for (const name of names) {
    at = at === "" || at.endsWith("/") ? at + name : `${at}/${name}`;
    try {
      const node = sys.find(p, at);
      if (node?.kind === "dir") continue;
      if (node !== undefined) throw new Errno(at === path ? "EEXIST" : "ENOTDIR");
      sys.mkdir(p, at);
      made.push(at);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new ParentError(at, error);
    }
  }
  return made;
}
