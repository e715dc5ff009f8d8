import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { Output } from "../io.ts";
import { argMatch, Fatal, quote, shellQuote, tool, UsageError } from "../tool.ts";

/** uniq(1). */
export const uniq = tool(
  {
    name: "uniq",
    short: "cdDf:is:uw:z",
    long: "count=c repeated=d all-repeated::=D group::=group skip-fields:=f ignore-case=i skip-chars:=s unique=u check-chars:=w zero-terminated=z",
    usage: "[OPTION]... [INPUT [OUTPUT]]",
    // The old forms: -N passes over fields, +N over characters.
    rewrite: (args) => {
      const stop = args.indexOf("--");
      return args.map((arg, i) =>
        stop >= 0 && i > stop ? arg : arg.replace(/^-(\d+)$/, "-f$1").replace(/^\+(\d+)$/, "-s$1"),
      );
    },
    about: "Filter adjacent matching lines from INPUT (or standard input),\nwriting to OUTPUT (or standard output).",
  },
  function* (t, o) {
    const number = (key: string, what: string): number => {
      const text = o.value(key);
      if (text === undefined) return 0;
      if (!/^\d+$/.test(text)) throw new Fatal(`${text}: invalid number of ${what}`);
      return Number(text);
    };
    const fields = number("f", "fields to skip");
    const chars = number("s", "bytes to skip");
    const most = o.has("w") ? number("w", "bytes to compare") : Number.POSITIVE_INFINITY;
    if (o.operands.length > 2) throw new UsageError(`extra operand ${quote(o.operands[2]!)}`);
    const all = o.last("D");
    const apart = argMatch(all?.value ?? "none", "--all-repeated", ["none", "prepend", "separate"]);
    if (all && o.has("c")) throw new UsageError("printing all duplicated lines and repeat counts is meaningless");
    const end = o.has("z") ? "\0" : "\n";
    const ignoreCase = o.has("i");
    const plain = fields === 0 && chars === 0 && most === Number.POSITIVE_INFINITY && !ignoreCase;
    const key = (line: string): string => {
      if (plain) return line;
      let at = 0;
      for (let i = 0; i < fields && at < line.length; i++) {
        while (line[at] === " " || line[at] === "\t") at++;
        while (at < line.length && line[at] !== " " && line[at] !== "\t") at++;
      }
      const text = line.slice(at + chars, at + chars + most);
      return ignoreCase ? text.toUpperCase() : text;
    };
    const input = o.operands[0] ?? "-";
    const fd = yield* t.open(input);
    if (fd === undefined) return 1;
    let out = t.out;
    if (o.operands[1] !== undefined && o.operands[1] !== "-") {
      try {
        out = new Output(t.p, sys.open(t.p, o.operands[1], { write: true, create: true, truncate: true }));
      } catch (error) {
        yield* t.pathError(o.operands[1], error);
        return 1;
      }
    }
    const group = o.last("group");
    const method = argMatch(group?.value ?? "separate", "--group", ["prepend", "append", "separate", "both"]);
    if (group && (all || o.has("c", "d", "u"))) throw new UsageError("--group is mutually exclusive with -c/-d/-D/-u");
    const showUnique = !o.has("d") && !all;
    const showRepeated = !o.has("u");
    const count = o.has("c");
    const lines = t.lines(fd, end);
    let first: string | undefined;
    let firstKey = "";
    let seen = 0;
    let groups = 0;
    const emit = () => {
      if (first === undefined || all) return;
      if (seen === 1 ? !showUnique : !showRepeated) return;
      out.add(`${count ? `${String(seen).padStart(7)} ` : ""}${first}${end}`);
    };
    for (;;) {
      let block: string[] | undefined;
      try {
        block = yield* lines.block();
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new Fatal(`error reading ${shellQuote(input)}: ${error.message}`);
      }
      if (block === undefined) break;
      for (const line of block) {
        const lineKey = key(line);
        if (group) {
          const fresh = first === undefined || lineKey !== firstKey;
          if (fresh && (first !== undefined || method === "prepend" || method === "both")) out.add(end);
          out.add(line + end);
          [first, firstKey] = [line, lineKey];
          continue;
        }
        if (first !== undefined && lineKey === firstKey) {
          seen++;
          if (all) {
            if (seen === 2) {
              if (apart === "prepend" || (apart === "separate" && groups > 0)) out.add(end);
              groups++;
              out.add(first + end);
            }
            out.add(line + end);
          }
          continue;
        }
        emit();
        first = line;
        firstKey = lineKey;
        seen = 1;
      }
      yield* out.flush();
    }
    if (group) {
      if (first !== undefined && (method === "append" || method === "both")) out.add(end);
    } else emit();
    yield* out.flush();
    t.close(fd);
    return t.status;
  },
);
