import { cpu } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";
import { parseSize } from "./input.ts";

/** truncate(1). */
export const truncate = tool(
  {
    name: "truncate",
    short: "cor:s:",
    long: "no-create=c io-blocks=o reference:=r size:=s",
    usage: "OPTION... FILE...",
    about: "Shrink or extend the size of each FILE to the specified size",
  },
  function* (t, o) {
    const sizeText = o.value("s");
    const reference = o.value("r");
    if (sizeText === undefined && reference === undefined)
      throw new UsageError(`you must specify either ${quote("--size")} or ${quote("--reference")}`);
    let how = "";
    let amount = 0;
    if (sizeText !== undefined) {
      const match = /^\s*([<>/%+-]?)\s*(.*)$/.exec(sizeText)!;
      how = match[1]!;
      const size = parseSize(match[2]!);
      if (size === undefined) throw new Fatal(`Invalid number: ${quote(match[2]!)}`);
      if ((how === "/" || how === "%") && size === 0) throw new Fatal("division by zero");
      amount = o.has("o") ? size * 4096 : size;
    }
    if (o.operands.length === 0) throw new UsageError("missing file operand");
    let base: number | undefined;
    if (reference !== undefined) {
      try {
        const node = sys.stat(t.p, reference);
        base = node.kind === "file" ? node.content.size() : 0;
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`cannot stat ${shellQuote(reference)}: ${error.message}`);
      }
    }
    for (const path of o.operands) {
      try {
        if (o.has("c") && sys.find(t.p, path) === undefined) continue;
        const node = sys.openFile(t.p, path, { write: true, create: !o.has("c") }).node;
        if (node?.kind !== "file") continue;
        const now = base ?? node.content.size();
        const size = {
          "+": now + amount,
          "-": Math.max(0, now - amount),
          "<": Math.min(now, amount),
          ">": Math.max(now, amount),
          "/": now - (now % (amount || 1)),
          "%": Math.ceil(now / (amount || 1)) * amount,
          "": sizeText === undefined ? now : amount,
        }[how]!;
        sys.resize(t.p, node, size);
      } catch (error) {
        if (!isErrno(error)) throw error;
        const what = error.code === "ENOSPC" || error.code === "EFBIG" ? "failed to truncate" : "cannot open";
        yield* t.error(`${what} ${shellQuote(path)}${what === "cannot open" ? " for writing" : ""}: ${error.message}`);
      }
    }
    return t.status;
  },
);

/** link(1): one hard link, as the system call makes it. */
export const link = tool(
  {
    name: "link",
    short: "",
    usage: "FILE1 FILE2",
    about: "Call the link function to create a link named FILE2 to an existing FILE1.",
  },
  function* (t, o) {
    const [from, to, extra] = o.operands;
    if (from === undefined) throw new UsageError("missing operand");
    if (to === undefined) throw new UsageError(`missing operand after ${quote(from)}`);
    if (extra !== undefined) throw new UsageError(`extra operand ${quote(extra)}`);
    yield* cpu(4);
    try {
      const node = sys.stat(t.p, from, false);
      if (node.kind === "dir")
        throw new Fatal(`cannot create link ${shellQuote(to)} to ${shellQuote(from)}: Operation not permitted`);
      sys.link(t.p, to, node);
      node.nlink++;
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`cannot create link ${shellQuote(to)} to ${shellQuote(from)}: ${error.message}`);
    }
    return 0;
  },
);

/** unlink(1). */
export const unlink = tool(
  { name: "unlink", short: "", usage: "FILE", about: "Call the unlink function to remove the specified FILE." },
  function* (t, o) {
    const [path, extra] = o.operands;
    if (path === undefined) throw new UsageError("missing operand");
    if (extra !== undefined) throw new UsageError(`extra operand ${quote(extra)}`);
    yield* cpu(4);
    try {
      sys.unlink(t.p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`cannot unlink ${shellQuote(path)}: ${error.message}`);
    }
    return 0;
  },
);

/** sync(1): nothing waits to be written here; a named file must exist. */
export const sync = tool(
  {
    name: "sync",
    short: "df",
    long: "data=d file-system=f",
    usage: "[OPTION] [FILE]...",
    about: "Synchronize cached writes to persistent storage",
  },
  function* (t, o) {
    if (o.has("d") && o.has("f")) throw new UsageError("cannot specify both --data and --file-system");
    if (o.has("d") && o.operands.length === 0) throw new Fatal("--data needs at least one argument");
    for (const path of o.operands) {
      try {
        sys.stat(t.p, path);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.error(`error opening ${shellQuote(path)}: ${error.message}`);
      }
    }
    return t.status;
  },
);
