/** Small tools for files and their names: pathchk, shred, and chcon and runcon, which need SELinux. */
import { concat, cpu } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { byteLength } from "../io.ts";
import { argMatch, Fatal, quote, quoteName, shellQuote, type Tool, tool, UsageError } from "../tool.ts";
import { parseSize } from "./input.ts";
import { randomBytes } from "./random-source.ts";

/** What is wrong with a name on this system, or on any that follows POSIX; undefined when nothing is. */
function complaint(t: Tool, path: string, portable: boolean, strict: boolean): string | undefined {
  if (strict && /(^|\/)-/.test(path)) return `leading '-' in a component of file name ${shellQuote(path)}`;
  if ((portable || strict) && path === "") return "empty file name";
  if (portable) {
    const odd = [...path].find((char) => !/[A-Za-z0-9._/-]/.test(char));
    if (odd !== undefined) return `non-portable character ${quote(odd)} in file name ${shellQuote(path)}`;
  } else {
    try {
      sys.stat(t.p, path, false);
      return undefined;
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code !== "ENOENT" || path === "") return `${quoteName(path)}: ${error.message}`;
    }
  }
  const [whole, one] = portable ? [256, 14] : [4096, 255];
  if (byteLength(path) >= whole)
    return `limit ${whole - 1} exceeded by length ${byteLength(path)} of file name ${quoteName(path)}`;
  const long = path.split("/").find((part) => byteLength(part) > one);
  return long === undefined
    ? undefined
    : `limit ${one} exceeded by length ${byteLength(long)} of file name component ${quote(long)}`;
}

/** pathchk(1). */
export const pathchk = tool(
  {
    name: "pathchk",
    short: "+pP",
    long: "portability=both",
    usage: "[OPTION]... NAME...",
    about: "Diagnose invalid or non-portable file names.",
  },
  function* (t, o) {
    if (o.operands.length === 0) throw new UsageError("missing operand");
    for (const path of o.operands) {
      const wrong = complaint(t, path, o.has("p", "both"), o.has("P", "both"));
      if (wrong !== undefined) yield* t.error(wrong);
    }
    return t.status;
  },
);

/** shred(1): writes over a file, and may take it away. What is written last is what stays: noise, or zeros. */
export const shred = tool(
  {
    name: "shred",
    short: "fn:s:uvxz",
    long: "exact=x force=f iterations:=n size:=s random-source:=source remove::=u verbose=v zero=z",
    usage: "[OPTION]... FILE...",
    about:
      "Overwrite the specified FILE(s) repeatedly, in order to make it harder\nfor even very expensive hardware probing to recover the data.",
  },
  function* (t, o) {
    const passes = o.value("n") ?? "3";
    if (!/^\d+$/.test(passes)) throw new Fatal(`invalid number of passes: ${quote(passes)}`);
    const size = o.value("s") === undefined ? undefined : parseSize(o.value("s")!);
    if (o.value("s") !== undefined && size === undefined) throw new Fatal(`invalid file size: ${quote(o.value("s")!)}`);
    if (o.value("u") !== undefined) argMatch(o.value("u")!, "--remove", ["unlink", "wipe", "wipesync"]);
    if (o.operands.length === 0) throw new UsageError("missing file operand");
    for (const path of o.operands) {
      const shown = quoteName(path);
      try {
        if (o.has("f") && sys.find(t.p, path)?.kind === "file") {
          const node = sys.stat(t.p, path);
          if (t.p.cred.uid === node.uid) node.mode |= 0o200;
        }
        const node = sys.openFile(t.p, path, { write: true }).node;
        if (node?.kind !== "file") {
          yield* t.error(`${shown}: invalid file type`);
          continue;
        }
        const content = node.content.size();
        const whole = size ?? (o.has("x") || content === 0 ? content : Math.ceil(content / 4096) * 4096);
        const bytes = new Uint8Array(whole);
        const count = Number(passes) + (o.has("z") ? 1 : 0);
        for (let pass = 1; pass <= count; pass++) {
          const kind = pass > Number(passes) ? "000000" : "random";
          if (o.has("v")) yield* t.error(`${shown}: pass ${pass}/${count} (${kind})...`, 0);
          yield* cpu(16 + (whole >> 8));
        }
        const noise = yield* randomBytes(t, o.value("source"));
        if (!o.has("z")) for (let i = 0; i < whole; i++) bytes[i] = noise(1)[0]!;
        const after = node.content.bytes().slice(whole);
        sys.setContent(t.p, node, after.length > 0 ? concat([bytes, after]) : bytes);
        if (o.has("u")) {
          if (o.has("v")) yield* t.error(`${shown}: removing`, 0);
          sys.unlink(t.p, path);
          // The name goes letter by letter.
          const slash = path.lastIndexOf("/") + 1;
          let name = path;
          for (let letters = path.length - slash; letters > 0 && o.has("v"); letters--) {
            const shorter = path.slice(0, slash) + "0".repeat(letters);
            yield* t.error(`${quoteName(name)}: renamed to ${quoteName(shorter)}`, 0);
            name = shorter;
          }
          if (o.has("v")) yield* t.error(`${shown}: removed`, 0);
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`${shown}: failed to open for writing: ${error.message}`);
      }
    }
    return t.status;
  },
);

/** chcon(1): no file of a machine without SELinux has a context. */
export const chcon = tool(
  {
    name: "chcon",
    short: "HLPRhvu:r:t:l:",
    long: "recursive=R verbose=v user:=u role:=r type:=t range:=l reference:=ref dereference=deref no-dereference=h preserve-root=pr no-preserve-root=npr",
    usage: "[OPTION]... CONTEXT FILE...",
    about: "Change the SELinux security context of each FILE to CONTEXT.",
  },
  function* (t, o) {
    const parts = o.has("u", "r", "t", "l");
    const files = parts || o.has("ref") ? o.operands : o.operands.slice(1);
    if (files.length === 0) {
      const last = o.operands[0];
      throw new UsageError(last === undefined ? "missing operand" : `missing operand after ${quote(last)}`);
    }
    for (const path of files) {
      try {
        sys.stat(t.p, path);
        // A label is an attribute that the file system keeps, whether anybody asks for it or not.
        if (parts) yield* t.error(`can't apply partial context to unlabeled file ${shellQuote(path)}`);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`cannot access ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);

/** runcon(1). */
export const runcon = tool(
  {
    name: "runcon",
    short: "+r:t:u:l:c",
    long: "role:=r type:=t user:=u range:=l compute=c",
    usage: "CONTEXT COMMAND [args]\n  or:  runcon [ -c ] [-u USER] [-r ROLE] [-t TYPE] [-l RANGE] COMMAND [args]",
    about: "Run a program in a different SELinux security context.",
    usageStatus: 125,
  },
  // biome-ignore lint/correctness/useYield: a program is a generator, whether it waits or not
  function* (_t, o) {
    if (o.operands.length === 0) {
      if (!o.has("u", "r", "t", "l", "c")) throw new Fatal("failed to get current context: Invalid argument", 125);
      throw new UsageError("no command specified");
    }
    throw new Fatal("runcon may be used only on a SELinux kernel", 125);
  },
);
