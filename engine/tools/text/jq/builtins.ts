/** jq's built-in functions of values, paths and input. */
import { encode } from "../../../kernel/index.ts";
import { brief, dump } from "./dump.ts";
import { toText } from "./formats.ts";
import { compare, isNumber, type Json, kind, numeric, sortedKeys, truthy } from "./json.ts";
import { JsonError, parseJson as parseTexts } from "./json-stream.ts";
import { natives, one, show, unary, valued } from "./natives.ts";
import { binary } from "./operators.ts";
import { deletePaths, getIndex, getPath, indices, setPath } from "./paths.ts";
import { ASTRAY, type Context, type Env, type Item, JqError, PAUSE, plain, type Stream } from "./stream.ts";
import type { Ast } from "./syntax.ts";

/** Ends the program: `halt`, `halt_error`. */
export class Halt extends Error {
  readonly status: number;
  readonly output: string;

  constructor(status: number, output: string) {
    super("halt");
    this.status = status;
    this.output = output;
  }
}

function text(v: Json, message: string): string {
  if (typeof v !== "string") throw new JqError(message);
  return v;
}

function list(v: Json, verb: string): Json[] {
  if (!Array.isArray(v)) throw new JqError(`${show(v)} cannot be ${verb}, as it is not an array`);
  return v;
}

natives.set("modulemeta/0", function* (context, _args, _env, { v }) {
  if (typeof v !== "string") throw new JqError("modulemeta input module name must be a string");
  if (context.moduleMeta === undefined) throw new JqError("modulemeta is not available");
  yield { v: context.moduleMeta(v), p: undefined };
});
natives.set("empty/0", function* () {});
natives.set("error/0", function* (_c, _a, _e, input) {
  throw new JqError(input.v);
});
unary("not", (v) => !truthy(v));
unary("type", (v) => kind(v));
unary("length", (v) => {
  if (v === null) return 0;
  if (typeof v === "string") return [...v].length;
  if (Array.isArray(v)) return v.length;
  if (v instanceof Map) return v.size;
  if (isNumber(v)) return Math.abs(numeric(v));
  throw new JqError(`${show(v)} has no length`);
});
unary("utf8bytelength", (v) => encode(text(v, `${show(v)} only strings have UTF-8 byte length`)).length);
const keys = (v: Json, sorted: boolean): Json => {
  if (v instanceof Map) return sorted ? sortedKeys(v) : [...v.keys()];
  if (Array.isArray(v)) return v.map((_, i) => i);
  throw new JqError(`${show(v)} has no keys`);
};
unary("keys", (v) => keys(v, true));
unary("keys_unsorted", (v) => keys(v, false));
unary("add", (v) => {
  if (v instanceof Map || Array.isArray(v)) {
    const items = [...v.values()];
    if (items.length > 0 && items.every((item) => typeof item === "string")) return items.join("");
    return items.reduce<Json>((sum, item) => binary("+", sum, item), null);
  }
  throw new JqError(`Cannot iterate over ${show(v)}`);
});
valued("has", 1, (v, [key]) => {
  if (v instanceof Map && typeof key === "string") return v.has(key);
  if (Array.isArray(v) && isNumber(key!)) return numeric(key!) >= 0 && numeric(key!) < v.length;
  if (v === null) return false;
  throw new JqError(`Cannot check whether ${kind(v)} has a ${typeof key === "string" ? "string" : kind(key!)} key`);
});
valued("contains", 1, (v, [part]) => contains(v, part!));
function contains(a: Json, b: Json): boolean {
  if (a instanceof Map && b instanceof Map)
    return [...b].every(([key, value]) => a.has(key) && contains(a.get(key)!, value));
  if (Array.isArray(a) && Array.isArray(b))
    return b.every((item) => a.some((other) => kind(other) === kind(item) && contains(other, item)));
  if (typeof a === "string" && typeof b === "string") return a.includes(b);
  if (kind(a) === kind(b)) return compare(a, b) === 0;
  throw new JqError(`${show(a)} and ${show(b)} cannot have their containment checked`);
}
natives.set("path/1", function* (context, args, env, input) {
  for (const item of context.evaluate(args[0]!, env, { v: input.v, p: [] })) {
    if (item === PAUSE) yield item;
    else {
      if (item.p === undefined || item.p === ASTRAY)
        throw new JqError(`Invalid path expression with result ${brief(item.v, 29)}`);
      yield { v: [...item.p], p: undefined };
    }
  }
});
/** What comes first of a stream, with its paths: `count` gives how many to pass over and how many to give of them all. */
function firstOf(count: (n: number) => [skip: number, take: number]) {
  return function* (context: Context, args: Ast[], env: Env, input: Item): Stream {
    for (const n of context.evaluate(args[0]!, env, plain(input))) {
      if (n === PAUSE) {
        yield n;
        continue;
      }
      // What is more than zero and no number cannot be counted down; what is less sets no limit.
      if (compare(n.v, 0) > 0 && !isNumber(n.v)) binary("-", n.v, 1);
      let [skip, take] = count(isNumber(n.v) ? numeric(n.v) : -1);
      if (take <= 0) continue;
      for (const item of context.evaluate(args[1]!, env, input)) {
        if (item === PAUSE) yield item;
        else if (skip-- <= 0) {
          yield item;
          if (--take <= 0) break;
        }
      }
    }
  };
}
natives.set(
  "limit/2",
  firstOf((n) => [0, n < 0 ? Infinity : n]),
);
natives.set(
  "_nth/2",
  firstOf((n) => [Math.ceil(n), 1]),
);
natives.set("getpath/1", function* (context, args, env, input) {
  for (const item of context.evaluate(args[0]!, env, { v: input.v, p: undefined })) {
    if (item === PAUSE) yield item;
    else {
      if (!Array.isArray(item.v)) throw new JqError("Path must be specified as an array");
      yield { v: getPath(input.v, item.v), p: input.p === ASTRAY ? ASTRAY : input.p && [...input.p, ...item.v] };
    }
  }
});
valued("setpath", 2, (v, [path, value]) => {
  if (!Array.isArray(path)) throw new JqError("Path must be specified as an array");
  return setPath(v, path, 0, value!);
});
valued("delpaths", 1, (v, [paths]) => {
  if (!Array.isArray(paths)) throw new JqError("Paths must be specified as an array");
  return deletePaths(v, paths as Json[][]);
});
/** Numbers from one to another; the clock goes on meanwhile. */
function* counted(from: Json, to: Json, by: Json): Stream {
  if (!isNumber(from) || !isNumber(to) || !isNumber(by)) throw new JqError("Range bounds must be numeric");
  const [first, end, step] = [numeric(from), numeric(to), numeric(by)];
  let n = 0;
  for (let i = first; step > 0 ? i < end : step < 0 ? i > end : first < end; i += step) {
    if (++n % 500 === 0) yield PAUSE;
    yield { v: i, p: undefined };
  }
}
/** The arguments of range, the first varying slowest. */
function* rangeOf(context: Context, args: readonly Ast[], env: Env, input: Item, known: readonly Json[]): Stream {
  const next = args[known.length];
  if (next === undefined) {
    yield* counted(known[0]!, known[1]!, known[2] ?? 1);
    return;
  }
  for (const item of context.evaluate(next, env, { v: input.v, p: undefined })) {
    if (item === PAUSE) yield item;
    else yield* rangeOf(context, args, env, input, [...known, item.v]);
  }
}
for (const name of ["range/2", "range/3"])
  natives.set(name, (context, args, env, input) => rangeOf(context, args, env, input, []));
unary("tojson", (v) => dump(v));
unary("tostring", (v) => toText(v));
unary("fromjson", (v) => {
  const source = text(v, `${show(v)} only strings can be parsed`);
  try {
    const values = parseTexts(source);
    if (values.length > 1) throw new JsonError("Unexpected extra JSON values");
    return values[0] ?? null;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new JqError(`${error.message} (while parsing '${source}')`);
  }
});
unary("tonumber", (v) => {
  if (isNumber(v)) return v;
  const source = text(v, `${show(v)} cannot be parsed as a number`);
  try {
    const value = parseTexts(source.replace(/^\s*\+(?=[\d.])/, ""))[0] ?? null;
    if (isNumber(value)) return value;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new JqError(`${error.message} (while parsing '${source}')`);
  }
  throw new JqError(`${show(v)} cannot be parsed as a number`);
});
unary("explode", (v) => [...text(v, "explode input must be a string")].map((char) => char.codePointAt(0)!));
unary("implode", (v) => {
  if (!Array.isArray(v)) throw new JqError("implode input must be an array");
  return v
    .map((code) => {
      if (!isNumber(code) || Number.isNaN(numeric(code)))
        throw new JqError(`${show(code)} can't be imploded, unicode codepoint needs to be numeric`);
      const point = Math.trunc(numeric(code));
      const good = point >= 0 && point <= 0x10ffff && !(point >= 0xd800 && point <= 0xdfff);
      return good ? String.fromCodePoint(point) : "\ufffd";
    })
    .join("");
});
valued("ltrimstr", 1, (v, [part]) =>
  typeof v === "string" && typeof part === "string" && v.startsWith(part) ? v.slice(part.length) : v,
);
valued("rtrimstr", 1, (v, [part]) =>
  typeof v === "string" && typeof part === "string" && part !== "" && v.endsWith(part) ? v.slice(0, -part.length) : v,
);
valued("startswith", 1, (v, [part]) => {
  if (typeof v !== "string" || typeof part !== "string") throw new JqError("startswith() requires string inputs");
  return v.startsWith(part);
});
valued("endswith", 1, (v, [part]) => {
  if (typeof v !== "string" || typeof part !== "string") throw new JqError("endswith() requires string inputs");
  return v.endsWith(part);
});
valued("split", 1, (v, [by]) => {
  if (typeof v !== "string" || typeof by !== "string") throw new JqError("split input and separator must be strings");
  return v === "" ? [] : by === "" ? [...v] : v.split(by);
});
valued("indices", 1, (v, [part]) => {
  if (v === null) return null;
  if (typeof v === "string" && typeof part === "string") {
    const out: Json[] = [];
    if (part !== "")
      // jq 1.7 counts bytes here.
      for (let i = v.indexOf(part); i >= 0; i = v.indexOf(part, i + 1)) out.push(encode(v.slice(0, i)).length);
    return out;
  }
  if (Array.isArray(v)) return indices(v, Array.isArray(part) ? part : [part!]);
  return getIndex(v, part!);
});
valued("_flatten", 1, (v, [depth]) => {
  const flat = (items: Json[], left: number): Json[] =>
    items.flatMap((item) => (Array.isArray(item) && left > 0 ? flat(item, left - 1) : [item]));
  if (v instanceof Map) return flat([...v.values()], numeric(depth!));
  if (!Array.isArray(v)) throw new JqError(`Cannot iterate over ${show(v)}`);
  return flat(v, numeric(depth!));
});
unary("sort", (v) => [...list(v, "sorted")].sort(compare));
const paired = (v: Json, keysOf: Json): { item: Json; key: Json }[] => {
  const items = v;
  if (!Array.isArray(items))
    throw new JqError(`${show(v)} and ${show(keysOf)} cannot be sorted, as they are not both arrays`);
  return items.map((item, i) => ({ item, key: (keysOf as Json[])[i]! }));
};
valued("_sort_by", 1, (v, [k]) =>
  paired(v, k!)
    .sort((a, b) => compare(a.key, b.key))
    .map((pair) => pair.item),
);
valued("_group_by", 1, (v, [k]) => {
  const groups: Json[][] = [];
  let last: Json | undefined;
  for (const { item, key } of paired(v, k!).sort((a, b) => compare(a.key, b.key))) {
    if (last === undefined || compare(last, key) !== 0) groups.push([]);
    groups.at(-1)!.push(item);
    last = key;
  }
  return groups;
});
const extreme = (v: Json, k: Json, max: boolean): Json => {
  let best: { item: Json; key: Json } | undefined;
  for (const pair of paired(v, k)) {
    if (best === undefined || (max ? compare(pair.key, best.key) >= 0 : compare(pair.key, best.key) < 0)) best = pair;
  }
  return best?.item ?? null;
};
valued("_max_by", 1, (v, [k]) => extreme(v, k!, true));
valued("_min_by", 1, (v, [k]) => extreme(v, k!, false));
unary("max", (v) => extreme(v, v, true));
unary("min", (v) => extreme(v, v, false));
unary("reverse", (v) => {
  if (typeof v === "string") return [...v].reverse().join("");
  if (v === null) return [];
  if (!Array.isArray(v)) throw new JqError(`Cannot index ${kind(v)} with number`);
  return [...v].reverse();
});
valued("bsearch", 1, (v, [target]) => {
  if (!Array.isArray(v)) throw new JqError(`Cannot index ${kind(v)} with number`);
  let low = 0;
  let high = v.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = compare(v[middle]!, target!);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return -1 - low;
});
unary("infinite", () => Number.POSITIVE_INFINITY);
unary("nan", () => Number.NaN);
unary("null", () => null);
unary("true", () => true);
unary("false", () => false);
unary("isinfinite", (v) => !Number.isFinite(numeric(v)) && !Number.isNaN(numeric(v)));
unary("isnan", (v) => Number.isNaN(numeric(v)));
unary("isnormal", (v) => Number.isFinite(numeric(v)) && numeric(v) !== 0);
unary("isvalid", () => true);
unary("now", (_v, context) => context.now());
unary("debug", (v, context) => {
  context.tell(`["DEBUG:",${dump(v)}]\n`);
  return v;
});
unary("stderr", (v, context) => {
  context.tell(dump(v));
  return v;
});
unary("_input_filename", (_v, context) => context.inputFile());
unary("_input_line_number", (_v, context) => context.inputLine());
unary("builtins", () => [...natives.keys()].filter((name) => !name.startsWith("_")));
unary("halt", () => {
  throw new Halt(0, "");
});
valued("halt_error", 1, (v, [status]) => {
  if (!isNumber(status!)) throw new JqError("halt_error/1: number required");
  throw new Halt(numeric(status!), typeof v === "string" ? v : v === null ? "" : `${dump(v)}\n`);
});
natives.set("input/0", function* (context) {
  for (;;) {
    const next = context.nextInput();
    if (next === null) throw new JqError("break");
    if (next !== undefined) {
      yield { v: next.value, p: undefined };
      return;
    }
    yield PAUSE;
  }
});
natives.set("inputs/0", function* (context) {
  for (;;) {
    const next = context.nextInput();
    if (next === null) return;
    if (next === undefined) yield PAUSE;
    else yield { v: next.value, p: undefined };
  }
});

natives.set("env/0", function* (context) {
  yield* one(context.env);
});
