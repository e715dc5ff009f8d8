import { encodeBase64 } from "../../../../kernel/index.ts";
import type { RandomStream } from "../../../../kernel/random.ts";
import { formatLayout } from "../../../../text/go-layout.ts";
import { calendar } from "../../../../text/time.ts";
import { toYaml } from "../../../../text/yaml.ts";
import { toJson } from "../../../kubectl/go.ts";
import { readDocument } from "../../../kubectl/yaml-documents.ts";
import { FunctionError, goType, isMap, type TemplateFunction, truth, type Value } from "../exec.ts";
import { list, same, text, whole } from "./basic.ts";

type Dict = Record<string, Value>;

function dict(value: Value): Dict {
  if (value === null || value === undefined) return {};
  if (!isMap(value))
    throw new FunctionError(`wrong type for value; expected map[string]interface {}; got ${goType(value)}`);
  return value;
}

const clone = (value: Value): Value => {
  if (Array.isArray(value)) return value.map(clone);
  return isMap(value) ? Object.fromEntries(Object.entries(value).map(([key, item]) => [key, clone(item)])) : value;
};

/** mergo: what the target lacks (or, overwriting, what the source has) is taken over; empty values count as lacking. */
function merge(target: Dict, source: Dict, overwrite: boolean): Dict {
  for (const [key, value] of Object.entries(source)) {
    const mine = target[key];
    if (isMap(mine) && isMap(value)) merge(mine, value, overwrite);
    else if (overwrite ? truth(value) : !truth(mine)) target[key] = value;
  }
  return target;
}

const keysOf = (value: Dict): string[] => Object.keys(value).sort((a, b) => (a < b ? -1 : 1));

function parsed(value: Value, json: boolean): Value {
  try {
    return json ? (JSON.parse(text(value)) as Value) : readDocument(text(value));
  } catch (error) {
    return { Error: `error unmarshaling ${json ? "JSON" : "YAML"}: ${(error as Error).message}` };
  }
}

/** Functions of sprig about lists and dictionaries, and helm's about YAML and JSON. */
export const COLLECTIONS: Readonly<Record<string, TemplateFunction>> = {
  list: (args) => args,
  tuple: (args) => args,
  first: ([values]) => list(values, "find first")[0],
  last: ([values]) => list(values, "find last").at(-1),
  rest: ([values]) => list(values, "find rest").slice(1),
  initial: ([values]) => list(values, "find initial").slice(0, -1),
  append: ([values, value]) => [...list(values, "push"), value],
  push: ([values, value]) => [...list(values, "push"), value],
  prepend: ([values, value]) => [value, ...list(values, "prepend")],
  concat: (args) => args.flatMap((values) => list(values, "concat")),
  reverse: ([values]) => list(values, "find reverse").toReversed(),
  uniq: ([values]) =>
    list(values, "find uniq").filter((item, i, all) => all.findIndex((other) => same(other, item)) === i),
  without: ([values, ...gone]) =>
    list(values, "find without").filter((item) => !gone.some((other) => same(other, item))),
  has: ([value, values]) => list(values, "find has").some((item) => same(item, value)),
  compact: ([values]) => list(values, "compact").filter(truth),
  chunk: ([size, values]) => {
    const all = list(values, "chunk");
    const step = Math.max(1, whole(size));
    return Array.from({ length: Math.ceil(all.length / step) }, (_, i) => all.slice(i * step, (i + 1) * step));
  },
  dict: (args) => {
    const out: Dict = {};
    for (let i = 0; i < args.length; i += 2) out[text(args[i])] = i + 1 < args.length ? args[i + 1] : "";
    return out;
  },
  get: ([from, key]) => dict(from)[text(key)] ?? "",
  set: ([from, key, value]) => {
    const target = dict(from);
    target[text(key)] = value;
    return target;
  },
  unset: ([from, key]) => {
    const target = dict(from);
    delete target[text(key)];
    return target;
  },
  hasKey: ([from, key]) => Object.hasOwn(dict(from), text(key)),
  keys: (args) => args.flatMap((from) => keysOf(dict(from))),
  values: ([from]) => keysOf(dict(from)).map((key) => dict(from)[key]),
  pluck: ([key, ...from]) =>
    from
      .map(dict)
      .filter((each) => Object.hasOwn(each, text(key)))
      .map((each) => each[text(key)]),
  pick: ([from, ...keys]) =>
    Object.fromEntries(
      keys
        .map(text)
        .filter((key) => Object.hasOwn(dict(from), key))
        .map((key) => [key, dict(from)[key]]),
    ),
  omit: ([from, ...keys]) =>
    Object.fromEntries(Object.entries(dict(from)).filter(([key]) => !keys.map(text).includes(key))),
  merge: ([target, ...sources]) => sources.reduce<Dict>((into, from) => merge(into, dict(from), false), dict(target)),
  mustMerge: ([target, ...sources]) =>
    sources.reduce<Dict>((into, from) => merge(into, dict(from), false), dict(target)),
  mergeOverwrite: ([target, ...sources]) =>
    sources.reduce<Dict>((into, from) => merge(into, dict(from), true), dict(target)),
  mustMergeOverwrite: ([target, ...sources]) =>
    sources.reduce<Dict>((into, from) => merge(into, dict(from), true), dict(target)),
  deepCopy: ([value]) => clone(value),
  dig: (args) => {
    const [fallback, from] = args.slice(-2);
    let at: Value = from;
    for (const key of args.slice(0, -2)) {
      if (!isMap(at) || !Object.hasOwn(at, text(key))) return fallback;
      at = at[text(key)];
    }
    return at;
  },
  toYaml: ([value]) => toYaml(value ?? null).replace(/\n$/, ""),
  toJson: ([value]) => toJson(value),
  toRawJson: ([value]) => toJson(value, "", false),
  toPrettyJson: ([value]) => toJson(value, "  "),
  fromYaml: ([value]) => parsed(value, false) ?? {},
  fromYamlArray: ([value]) => parsed(value, false) ?? [],
  fromJson: ([value]) => parsed(value, true),
  fromJsonArray: ([value]) => parsed(value, true),
};

const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const DIGITS = "0123456789";

/** Functions that draw lots or look at the clock. `ms` since 1970. */
export function drawing(random: RandomStream, ms: number): Readonly<Record<string, TemplateFunction>> {
  const drawn =
    (chars: string) =>
    ([count]: Value[]) =>
      Array.from(
        { length: Math.min(10_000, Math.max(0, whole(count))) },
        () => chars[random.int(0, chars.length - 1)],
      ).join("");
  const pad = (value: number, width = 2) => String(value).padStart(width, "0");
  const moment = (value: Value) =>
    new CivilTime(typeof value === "number" ? value * 1000 : value instanceof CivilTime ? value.ms : ms);
  return {
    randAlphaNum: drawn(LETTERS + DIGITS),
    randAlpha: drawn(LETTERS),
    randNumeric: drawn(DIGITS),
    randAscii: drawn(Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join("")),
    randBytes: ([count]) =>
      encodeBase64(Uint8Array.from({ length: Math.min(10_000, whole(count)) }, () => random.int(0, 255))),
    randInt: ([low, high]) => random.int(whole(low), Math.max(whole(low), whole(high) - 1)),
    shuffle: ([value]) => {
      const chars = [...text(value)];
      for (let i = chars.length - 1; i > 0; i--) {
        const j = random.int(0, i);
        [chars[i], chars[j]] = [chars[j]!, chars[i]!];
      }
      return chars.join("");
    },
    uuidv4: () => {
      const hex = random.hex(32);
      return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
    },
    now: () => new CivilTime(ms),
    unixEpoch: ([value]) => String(Math.floor(moment(value).ms / 1000)),
    date: ([layout, value]) => moment(value).format(text(layout)),
    htmlDate: ([value]) => moment(value).format("2006-01-02"),
    dateInZone: ([layout, value]) => moment(value).format(text(layout)),
    ago: ([value]) => `${pad(Math.max(0, Math.floor((ms - moment(value).ms) / 1000)), 1)}s`,
    duration: ([value]) => `${whole(value)}s`,
    genPrivateKey: () => `-----BEGIN RSA PRIVATE KEY-----\n${random.hex(64)}\n-----END RSA PRIVATE KEY-----\n`,
  };
}

/** A time.Time of Go in UTC. */
export class CivilTime {
  constructor(readonly ms: number) {}

  /** A layout of Go: `2006-01-02T15:04:05Z07:00`. */
  format(layout: string): string {
    return formatLayout(layout, calendar(Math.floor(this.ms / 1000)));
  }

  Format(layout: string): string {
    return this.format(layout);
  }

  Unix(): number {
    return Math.floor(this.ms / 1000);
  }
}
