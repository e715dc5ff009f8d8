/** jq's built-in functions: those that need the host here, the rest in jq itself. */
import { encode } from "../../../kernel/index.ts";
import { atan, atan2, cos, exp, log, pow, sin } from "../../../text/math.ts";
import { compileRegex, RegexError } from "../../../text/regex/index.ts";
import { calendar, DAYS, MONTH_NAMES, strftime, toEpoch } from "../../../text/time.ts";
import {
  binary,
  type Context,
  deletePaths,
  type Env,
  getIndex,
  getPath,
  type Item,
  indices,
  JqError,
  type Native,
  PAUSE,
  type Stream,
  setPath,
} from "./eval.ts";
import { toText } from "./formats.ts";
import {
  brief,
  compare,
  dump,
  isNumber,
  type Json,
  JsonError,
  kind,
  numeric,
  parseJson as parseTexts,
  sortedKeys,
  truthy,
} from "./json.ts";
import { type Ast, parseJq } from "./parser.ts";

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

const LIBRARY = `
def map(f): [.[] | f];
def select(f): if f then . else empty end;
def recurse(f): def r: ., (f | r); r;
def recurse(f; cond): def r: ., (f | select(cond) | r); r;
def values: select(. != null);
def nulls: select(. == null);
def booleans: select(type == "boolean");
def numbers: select(type == "number");
def strings: select(type == "string");
def arrays: select(type == "array");
def objects: select(type == "object");
def iterables: select(type == "array" or type == "object");
def scalars: select(type != "array" and type != "object");
def map_values(f): .[] |= f;
def to_entries: [keys_unsorted[] as $k | {key: $k, value: .[$k]}];
def from_entries: reduce .[] as $x ({}; . + { ($x | if .key == null then .k // .name // .Name // .K // .Key | if . == null then "null" elif type == "string" then . else tojson end else .key | if type == "string" then . else tojson end end): ($x | if has("value") then .value elif has("v") then .v else .Value end) });
def with_entries(f): to_entries | map(f) | from_entries;
def del(f): delpaths([path(f)]);
def paths: path(..) | select(length > 0);
def paths(node_filter): . as $dot | paths | select(. as $p | $dot | getpath($p) | node_filter);
def range($x): range(0; $x);
def while(cond; update): def _w: if cond then ., (update | _w) else empty end; _w;
def until(cond; update): def _u: if cond then . else update | _u end; _u;
def repeat(f): def _r: ., (f | _r); _r;
def first: .[0];
def last: .[-1];
def last(f): reduce f as $x (null; $x);
def isempty(g): label $go | (g | false, break $go), true;
def any: reduce .[] as $x (false; . or $x);
def all: reduce .[] as $x (true; . and $x);
def any(f): any(.[]; f);
def all(f): all(.[]; f);
def any(g; f): isempty(first(g | f | select(.))) | not;
def all(g; f): isempty(first(g | f | select(. | not)));
def in(xs): . as $x | xs | has($x);
def inside(xs): . as $x | xs | contains($x);
def add(f): reduce f as $x (null; . + $x);
def index($i): indices($i) | .[0];
def rindex($i): indices($i) | .[-1:][0];
def ascii_downcase: explode | map(if 65 <= . and . <= 90 then . + 32 else . end) | implode;
def ascii_upcase: explode | map(if 97 <= . and . <= 122 then . - 32 else . end) | implode;
def todate: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdateiso8601: strptime("%Y-%m-%dT%H:%M:%SZ") | mktime;
def todateiso8601: strftime("%Y-%m-%dT%H:%M:%SZ");
def fromdate: fromdateiso8601;
def date: todate;
def dateadd(u; n): . + n;
def datesub(u; n): . - n;
def match(re): match(re; null);
def match($re; $flags): _match($re; $flags; false) | .[];
def test($re): test($re; null);
def test($re; $flags): _match($re; $flags; true);
def capture(re): capture(re; null);
def capture(re; mods): match(re; mods) | _capture_object;
def _capture_object: [.captures | .[] | select(.name != null) | {key: .name, value: .string}] | from_entries;
def scan($re): scan($re; null);
def scan($re; $flags): match($re; "g" + $flags) | if (.captures | length > 0) then [.captures | .[] | .string] else .string end;
def split($re; flags): . as $s | [foreach ((match($re; flags + "g") | [.offset, .length]), null) as $m ([0, null]; if $m == null then [.[0], $s[.[0]:]] else [$m[0] + $m[1], $s[.[0]:$m[0]]] end; .[1])];
def splits($re): splits($re; null);
def splits($re; flags): split($re; flags) | .[];
def sub($re; str; $flags): . as $in | (reduce (match($re; $flags) | . as $edit | ($edit | _capture_object) as $c | [$edit, $c]) as $m ([[0, ""]]; [.[] as $acc | ($m[1] | str) as $s | [($m[0].offset + $m[0].length), $acc[1] + $in[$acc[0]:$m[0].offset] + $s]])) | .[] | .[1] + $in[.[0]:];
def sub($re; str): sub($re; str; "");
def gsub($re; str; $flags): sub($re; str; $flags + "g");
def gsub($re; str): sub($re; str; "g");
def join($x): (reduce .[] as $i (null; (if . == null then "" else . + $x end) + ($i | if . == null then "" elif type == "boolean" or type == "number" then tojson else . end))) | . // "";
def flatten: _flatten(1e9);
def flatten($x): if $x < 0 then error("flatten depth must not be negative") else _flatten($x) end;
def input_line_number: _input_line_number;
def combinations: if length == 0 then [] else .[0][] as $x | (.[1:] | combinations) as $w | [$x] + $w end;
def combinations(n): . as $dot | [range(n)] | map($dot) | combinations;
def walk(f): def w: if type == "object" then map_values(w) elif type == "array" then map(w) else . end | f; w;
def transpose: if . == [] then [] else . as $in | (map(length) | max) as $max | [range(0; $max) as $j | [range(0; $in | length) as $i | $in[$i][$j]]] end;
def ascii: [.] | implode;
def tostream: path(def r: (.[]?|r), .; r) as $p | getpath($p) | reduce path(.[]?) as $q ([$p, .]; [$p + $q]);
def fromstream(f): {x: null, e: false} as $init | foreach f as $i ($init; if .e then $init else . end | if $i | length == 2 then setpath(["e"]; $i[0] | length == 0) | setpath(["x"] + $i[0]; $i[1]) else setpath(["e"]; $i[0] | length == 1) end; if .e then .x else empty end);
def truncate_stream(stream): . as $n | null | stream | . as $input | if (.[0] | length) > $n then setpath([0]; .[0][$n:]) else empty end;
def limit($n; f): if $n > 0 then label $out | foreach f as $item (0; . + 1; $item, if . >= $n then break $out else empty end) elif $n == 0 then empty else f end;
def first(f): label $out | (f | ., break $out);
def nth($n): .[$n];
def nth($n; f): if $n < 0 then error("Out of bounds negative array index") else last(limit($n + 1; f)) end;
def finites: select(isinfinite or isnan | not);
def normals: select(isnormal);
def group_by(f): _group_by(map([f]));
def unique_by(f): [_group_by(map([f])) | .[] | .[0]];
def unique: unique_by(.);
def sort_by(f): _sort_by(map([f]));
def max_by(f): _max_by(map([f]));
def min_by(f): _min_by(map([f]));
def pick(pathexps): . as $top | reduce path(pathexps) as $p (null; setpath($p; $top | getpath($p)));
def debug(msg): (msg | debug | empty), .;
def abs: if type == "number" and . < 0 then -. else . end;
def halt_error: halt_error(5);
def error(msg): msg | error;
def input_filename: _input_filename;
`;

const natives = new Map<string, Native>();

function* one(v: Json): Stream {
  yield { v, p: undefined };
}

/** A function of the input alone. */
function unary(name: string, compute: (v: Json, context: Context) => Json): void {
  natives.set(`${name}/0`, function* (context, _args, _env, input) {
    yield* one(compute(input.v, context));
  });
}

/** A function of the input and of every combination of its arguments' values. */
function valued(name: string, arity: number, compute: (v: Json, args: Json[], context: Context) => Json): void {
  natives.set(`${name}/${arity}`, function* (context, args, env, input) {
    yield* combine(context, args, env, input, [], (values) => compute(input.v, values, context));
  });
}

function* combine(
  context: Context,
  args: Ast[],
  env: Env,
  input: Item,
  done: Json[],
  compute: (values: Json[]) => Json,
): Stream {
  if (done.length === args.length) {
    yield* one(compute([...done].reverse()));
    return;
  }
  // The last argument varies slowest, as jq's cartesian functions have it.
  for (const item of context.evaluate(args[args.length - 1 - done.length]!, env, { v: input.v, p: undefined })) {
    if (item === PAUSE) yield item;
    else yield* combine(context, args, env, input, [...done, item.v], compute);
  }
}

const show = (v: Json) => `${kind(v)} (${brief(v)})`;

function text(v: Json, message: string): string {
  if (typeof v !== "string") throw new JqError(message);
  return v;
}

function list(v: Json, verb: string): Json[] {
  if (!Array.isArray(v)) throw new JqError(`${show(v)} cannot be ${verb}, as it is not an array`);
  return v;
}

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
      if (item.p === undefined) throw new JqError(`Invalid path expression with result ${brief(item.v)}`);
      yield { v: [...item.p], p: undefined };
    }
  }
});
natives.set("getpath/1", function* (context, args, env, input) {
  for (const item of context.evaluate(args[0]!, env, { v: input.v, p: undefined })) {
    if (item === PAUSE) yield item;
    else {
      if (!Array.isArray(item.v)) throw new JqError("Path must be specified as an array");
      yield { v: getPath(input.v, item.v), p: input.p && [...input.p, ...item.v] };
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
natives.set("range/2", function* (context, args, env, input) {
  for (const to of context.evaluate(args[1]!, env, { v: input.v, p: undefined })) {
    if (to === PAUSE) {
      yield to;
      continue;
    }
    for (const from of context.evaluate(args[0]!, env, { v: input.v, p: undefined })) {
      if (from === PAUSE) {
        yield from;
        continue;
      }
      if (!isNumber(from.v) || !isNumber(to.v)) throw new JqError("Range bounds must be numeric");
      const end = numeric(to.v);
      for (let i = numeric(from.v), n = 1; i < end; i++, n++) {
        if (n % 500 === 0) yield PAUSE;
        yield { v: i, p: undefined };
      }
    }
  }
});
natives.set("range/3", function* (context, args, env, input) {
  const bounds: Stream = combine(context, args, env, input, [], (values) => values);
  for (const item of bounds) {
    if (item === PAUSE) {
      yield item;
      continue;
    }
    const [from, to, by] = (item.v as Json[]).map((v) => {
      if (!isNumber(v)) throw new JqError("Range bounds must be numeric");
      return numeric(v);
    }) as [number, number, number];
    if (by > 0) for (let i = from; i < to; i += by) yield { v: i, p: undefined };
    else if (by < 0) for (let i = from; i > to; i += by) yield { v: i, p: undefined };
    else if (from < to) for (;;) yield { v: from, p: undefined };
  }
});
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
    const value = parseTexts(source)[0] ?? null;
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
      if (!isNumber(code)) throw new JqError(`${show(code)} can't be imploded, unicode codepoint needs to be numeric`);
      return String.fromCodePoint(numeric(code));
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
      for (let i = v.indexOf(part); i >= 0; i = v.indexOf(part, i + 1)) out.push([...v.slice(0, i)].length);
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
for (const [name, compute] of Object.entries({
  floor: Math.floor,
  ceil: Math.ceil,
  round: (x: number) => (x < 0 ? -Math.round(-x) : Math.round(x)),
  trunc: Math.trunc,
  sqrt: Math.sqrt,
  fabs: Math.abs,
  exp,
  log,
  sin,
  cos,
  atan,
  exp2: (x: number) => pow(2, x),
  exp10: (x: number) => pow(10, x),
  log2: (x: number) => {
    let n = 0;
    for (let y = x; y >= 2 && Number.isInteger(y); y /= 2) n++;
    return pow(2, n) === x ? n : log(x) / log(2);
  },
  log10: (x: number) => {
    const n = String(Math.round(x)).length - 1;
    return pow(10, n) === x ? n : log(x) / log(10);
  },
  cbrt: (x: number) => (x < 0 ? -exp(log(-x) / 3) : x === 0 ? 0 : exp(log(x) / 3)),
  significand: (x: number) => {
    let y = Math.abs(x);
    while (y >= 2) y /= 2;
    while (y > 0 && y < 1) y *= 2;
    return x < 0 ? -y : y;
  },
})) {
  unary(name, (v) => {
    if (!isNumber(v)) throw new JqError(`${show(v)} number required`);
    return compute(numeric(v));
  });
}
const math2 = (name: string, compute: (a: number, b: number) => number) =>
  valued(name, 2, (_v, [a, b]) => {
    for (const value of [a!, b!]) if (!isNumber(value)) throw new JqError(`${show(value)} number required`);
    return compute(numeric(a!), numeric(b!));
  });
math2("pow", pow);
math2("atan2", atan2);
math2("fmin", Math.min);
math2("fmax", Math.max);
math2("fmod", (a, b) => a % b);
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
  context.debug(`["DEBUG:",${dump(v)}]\n`);
  return v;
});
unary("stderr", (v, context) => {
  context.debug(dump(v));
  return v;
});
unary("_input_filename", (_v, context) => context.inputFile());
unary("_input_line_number", (_v, context) => context.inputLine());
unary("builtins", () => [...natives.keys()]);
unary("halt", () => {
  throw new Halt(0, "");
});
valued("halt_error", 1, (v, [status]) => {
  if (!isNumber(status!)) throw new JqError("halt_error/1: number required");
  throw new Halt(numeric(status!), typeof v === "string" ? v : `${dump(v)}\n`);
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

// ---- regular expressions --------------------------------------------------------------------------------------------

valued("_match", 3, (v, [given, flagText, testOnly]) => {
  if (typeof v !== "string") throw new JqError(`${show(v)} cannot be matched, as it is not a string`);
  let pattern: Json = given!;
  let flags = flagText ?? null;
  if (Array.isArray(pattern)) [pattern, flags] = [pattern[0] ?? null, pattern[1] ?? null];
  if (typeof pattern !== "string") throw new JqError(`${kind(pattern)} not a string or array`);
  if (flags !== null && typeof flags !== "string") throw new JqError(`${show(flags)} is not a string`);
  const options = flags ?? "";
  for (const flag of options)
    if (!"gimnpslx".includes(flag)) throw new JqError(`${options} is not a valid modifier string`);
  let regex: ReturnType<typeof compileRegex>;
  try {
    regex = compileRegex(pattern, {
      syntax: "perl",
      ignoreCase: options.includes("i"),
      dotAll: options.includes("s") || options.includes("p"),
      extended: options.includes("x"),
    });
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    const words: Record<string, string> = {
      "missing closing parenthesis": "end pattern with unmatched parenthesis",
      "unmatched closing parenthesis": "unmatched close parenthesis",
      "missing terminating ] for character class": "premature end of char-class",
      "quantifier does not follow a repeatable item": "target of repeat operator is not specified",
      "\\ at end of pattern": "end pattern at escape",
    };
    throw new JqError(`${pattern} (at offset 0) is not a valid regex: ${words[error.message] ?? error.message}`);
  }
  if (testOnly === true) return regex.test(v);
  const all = options.includes("g");
  const out: Json[] = [];
  const count = (to: number) => [...v.slice(0, to)].length;
  for (let from = 0; from <= v.length; ) {
    const match = regex.exec(v, from);
    if (match === null) break;
    const captures: Json[] = [];
    for (let i = 1; i < match.groups.length; i++) {
      const group = match.groups[i];
      const name = [...regex.names].find(([, index]) => index === i)?.[0] ?? null;
      captures.push(
        new Map<string, Json>([
          ["offset", group === undefined ? -1 : count(match.spans[2 * i]!)],
          ["length", group === undefined ? 0 : [...group].length],
          ["string", group ?? null],
          ["name", name],
        ]),
      );
    }
    if (!(options.includes("n") && match.end === match.index))
      out.push(
        new Map<string, Json>([
          ["offset", count(match.index)],
          ["length", [...match.groups[0]!].length],
          ["string", match.groups[0]!],
          ["captures", captures],
        ]),
      );
    if (!all) break;
    from = match.end > match.index ? match.end : match.end + 1;
  }
  return out;
});

// ---- dates ----------------------------------------------------------------------------------------------------------

function brokenDown(seconds: number): Json[] {
  const whole = Math.floor(seconds);
  const t = calendar(whole);
  return [t.year, t.month - 1, t.day, t.hour, t.minute, t.second + (seconds - whole), t.weekday, t.yearday - 1];
}
unary("gmtime", (v) => {
  if (!isNumber(v)) throw new JqError("gmtime() requires a number");
  return brokenDown(numeric(v));
});
natives.set("localtime/0", natives.get("gmtime/0")!);
unary("mktime", (v) => {
  if (!Array.isArray(v)) throw new JqError("mktime requires array inputs");
  if (v.length < 6 || !v.every(isNumber)) throw new JqError("mktime requires parsed datetime inputs");
  const n = v.map((x) => numeric(x));
  return toEpoch(n[0]!, n[1]! + 1, n[2]!, n[3]!, n[4]!, Math.floor(n[5]!));
});
const format = (name: string) =>
  valued(name, 1, (v, [pattern]) => {
    const time = isNumber(v) ? brokenDown(numeric(v)) : v;
    if (!Array.isArray(time)) throw new JqError(`${name}/1 requires parsed datetime inputs`);
    if (typeof pattern !== "string") throw new JqError(`${name}/1 requires a string format`);
    const n = time.map((x) => numeric(x));
    return strftime(pattern, calendar(toEpoch(n[0]!, n[1]! + 1, n[2]!, n[3]!, n[4]!, Math.floor(n[5]!))));
  });
format("strftime");
format("strflocaltime");
valued("strptime", 1, (v, [pattern]) => {
  if (typeof v !== "string" || typeof pattern !== "string")
    throw new JqError("strptime/1 requires string inputs and arguments");
  const failed = () => new JqError(`date "${v}" does not match format "${pattern}"`);
  let [year, month, day, hour, minute, second] = [1900, 1, 0, 0, 0, 0];
  let at = 0;
  let epoch: number | undefined;
  const number = (digits: number): number => {
    const match = /^[ ]*(\d+)/.exec(v.slice(at, at + digits));
    if (match === null) throw failed();
    at += match[0].length;
    return Number(match[1]);
  };
  const name = (names: readonly string[]): number => {
    const rest = v.slice(at).toLowerCase();
    const index = names.findIndex((candidate) => rest.startsWith(candidate.slice(0, 3).toLowerCase()));
    if (index < 0) throw failed();
    at += rest.startsWith(names[index]!.toLowerCase()) ? names[index]!.length : 3;
    return index;
  };
  const source = pattern
    .split("%T")
    .join("%H:%M:%S")
    .split("%F")
    .join("%Y-%m-%d")
    .split("%D")
    .join("%m/%d/%y")
    .split("%R")
    .join("%H:%M");
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== "%") {
      if (/\s/.test(source[i]!)) while (/\s/.test(v[at] ?? "")) at++;
      else if (v[at++] !== source[i]) throw failed();
      continue;
    }
    switch (source[++i]) {
      case "Y":
        year = number(4);
        break;
      case "y":
        year = number(2);
        year += year < 69 ? 2000 : 1900;
        break;
      case "m":
        month = number(2);
        break;
      case "d":
      case "e":
        day = number(2);
        break;
      case "H":
        hour = number(2);
        break;
      case "M":
        minute = number(2);
        break;
      case "S":
        second = number(2);
        break;
      case "j":
        day = number(3);
        break;
      case "s":
        epoch = number(20);
        break;
      case "b":
      case "B":
      case "h":
        month = name(MONTH_NAMES) + 1;
        break;
      case "a":
      case "A":
        name(DAYS);
        break;
      case "Z":
        at += /^[A-Za-z]*/.exec(v.slice(at))![0].length;
        break;
      case "z": {
        const match = /^(?:Z|[-+]\d{2}:?\d{2})/.exec(v.slice(at));
        if (match === null) throw failed();
        at += match[0].length;
        break;
      }
      default:
        if (v[at++] !== source[i]) throw failed();
    }
  }
  if (at < v.length) throw failed();
  return brokenDown(epoch ?? toEpoch(year, month, day, hour, minute, second));
});
natives.set("env/0", function* (context) {
  yield* one(context.env);
});

let library: Env | undefined;

/** The functions written in jq. */
export function libraryEnv(): Env {
  if (library === undefined) {
    let env: Env = { t: "root" };
    let ast = parseJq(`${LIBRARY}.`);
    while (ast.t === "def") {
      const def = { params: ast.params, body: ast.body, env: undefined as Env | undefined };
      env = { t: "def", name: ast.name, arity: ast.params.length, def, up: env };
      def.env = env;
      ast = ast.rest;
    }
    // Definitions see those before and after them.
    for (let at: Env = env; at.t !== "root"; at = at.up) if (at.t === "def") at.def.env = env;
    library = env;
  }
  return library;
}

export { natives };
