import { decode, encode } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { quote, tool, UsageError } from "../tool.ts";

/** cut(1). In Debian's coreutils -c is -b: bytes. */
export const cut = tool(
  {
    name: "cut",
    short: "b:c:d:f:nsz",
    long: "bytes:=b characters:=c delimiter:=d fields:=f only-delimited=s complement=complement output-delimiter:=output-delimiter zero-terminated=z",
    usage: "OPTION... [FILE]...",
    about: "Print selected parts of lines from each FILE to standard output.",
  },
  function* (t, o) {
    const lists = o.list.filter((option) => "bcf".includes(option.key));
    if (lists.length > 1) throw new UsageError("only one list may be specified");
    const mode = lists[0]?.key;
    if (mode === undefined) throw new UsageError("you must specify a list of bytes, characters, or fields");
    const given = o.value("d");
    if (mode !== "f" && given !== undefined)
      throw new UsageError("an input delimiter may be specified only when operating on fields");
    if (mode !== "f" && o.has("s"))
      throw new UsageError("suppressing non-delimited lines makes sense\n\tonly when operating on fields");
    if (given !== undefined && encode(given).length > 1)
      throw new UsageError("the delimiter must be a single character");
    const delimiter = given === undefined ? "\t" : given === "" ? "\0" : given;
    const ranges = parseList(lists[0]!.value ?? "", mode === "f");
    const complement = o.has("complement");
    const selected = (n: number) => ranges.some(([from, to]) => n >= from && n <= to) !== complement;
    const separator = o.value("output-delimiter");
    const joiner = separator ?? (mode === "f" ? delimiter : "");
    const end = o.has("z") ? "\0" : "\n";
    const only = o.has("s");
    // A line cut into parts: one output part for each run of selected positions when an output delimiter is given.
    const single = ranges.length === 1 && !complement ? ranges[0]! : undefined;
    const cutFields = (line: string): string | undefined => {
      if (!line.includes(delimiter)) return only ? undefined : line;
      // One run of fields with its delimiters: a slice of the line.
      if (single !== undefined && joiner === delimiter) return fieldRun(line, delimiter, single[0], single[1]);
      const fields = line.split(delimiter);
      return fields.filter((_, i) => selected(i + 1)).join(joiner);
    };
    const cutBytes = (line: string): string => {
      const bytes = encode(line);
      const out: number[] = [];
      const extra = separator === undefined ? [] : [...encode(separator)];
      let last = 0;
      let run = -1;
      for (let i = 0; i < bytes.length; i++) {
        if (!selected(i + 1)) continue;
        const index = complement ? -1 : ranges.findIndex(([from, to]) => i + 1 >= from && i + 1 <= to);
        if (extra.length > 0 && last > 0 && (i + 1 > last + 1 || index !== run)) out.push(...extra);
        last = i + 1;
        run = index;
        out.push(bytes[i]!);
      }
      return decode(Uint8Array.from(out));
    };
    for (const path of o.operands.length > 0 ? o.operands : ["-"]) {
      const fd = yield* t.open(path);
      if (fd === undefined) continue;
      const lines = t.lines(fd, end);
      try {
        for (;;) {
          const block = yield* lines.block();
          if (block === undefined) break;
          for (const line of block) {
            const result = mode === "f" ? cutFields(line) : cutBytes(line);
            if (result !== undefined) t.out.add(result + end);
          }
          yield* t.out.flush();
        }
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* t.pathError(path, error);
      } finally {
        t.close(fd);
      }
    }
    return t.status;
  },
);

function fieldRun(line: string, delimiter: string, from: number, to: number): string {
  let start = 0;
  for (let n = 1; n < from; n++) {
    const next = line.indexOf(delimiter, start);
    if (next < 0) return "";
    start = next + 1;
  }
  if (to === Number.POSITIVE_INFINITY) return line.slice(start);
  let end = start - 1;
  for (let n = from; n <= to; n++) {
    end = line.indexOf(delimiter, end + 1);
    if (end < 0) return line.slice(start);
  }
  return line.slice(start, end);
}

/** Ranges of a LIST, merged where they touch. */
function parseList(text: string, fields: boolean): [number, number][] {
  const what = fields ? "field" : "byte/character position";
  const zero = fields ? "fields are numbered from 1" : "byte/character positions are numbered from 1";
  const ranges: [number, number][] = [];
  for (const item of text.split(/[, \t]/)) {
    const match = /^(\d*)(-?)(\d*)$/.exec(item);
    if (match === null && /^\d*-\d*-/.test(item))
      throw new UsageError(`invalid ${fields ? "field" : "byte or character"} range`);
    if (match === null) throw new UsageError(`invalid ${fields ? "field value" : what} ${quote(item)}`);
    const [, from, dash, to] = match;
    if (dash === "-" && from === "" && to === "") throw new UsageError("invalid range with no endpoint: -");
    if (item === "") throw new UsageError(zero);
    if (from !== "" && Number(from) === 0) throw new UsageError(zero);
    const low = from === "" ? 1 : Number(from);
    const high = dash === "" ? low : to === "" ? Number.POSITIVE_INFINITY : Number(to);
    if (high < low) throw new UsageError(high === 0 ? zero : "invalid decreasing range");
    ranges.push([low, high]);
  }
  ranges.sort((a, b) => a[0] - b[0]);
  const merged: [number, number][] = [];
  for (const range of ranges) {
    const last = merged.at(-1);
    if (last && range[0] <= last[1]) last[1] = Math.max(last[1], range[1]);
    else merged.push([...range]);
  }
  return merged;
}
