/** Values of a text that was looked over: objects are read when somebody looks into them. */
import { decode } from "../../../kernel/index.ts";
import type { Json } from "./json.ts";
import { padded, skim, type Tape } from "./json-skim.ts";
import { numberLiteral } from "./numbers.ts";

const QUOTE = 34;
const BACKSLASH = 92;
const OPEN_LIST = 91;
const OPEN_OBJECT = 123;

/** Strings up to this long are looked for among those made lately: keys, namespaces, phases come again and again. */
const SHORT = 32;
const REMEMBERED = 1024;

/** Strings that are made one by one before the whole text is made, of which they are parts then. */
const FEW = 10_000;

/** How often an object is searched for a key before all of it is read. */
const GLANCES = 3;

/** What stopped a look this near to the end may be what is not there yet: an escape, a word. */
const CUT = 8;

export interface Found {
  value: Json;
  /** The bytes up to its end, and what is behind it. */
  passed: Uint8Array;
  rest: Uint8Array;
}

/**
 * The array or object at `from` in some pieces of bytes, so many in all; `more` when it does not end in them, `other` when
 * jq's own reader must have a look.
 */
export function readLazily(pieces: readonly Uint8Array[], from: number, size: number): Found | "more" | "other" {
  const bytes = padded(pieces, size);
  const tape = skim(bytes, from);
  if (typeof tape === "number") return tape + CUT >= size ? "more" : "other";
  const { end } = tape;
  if (tape.wide && !isUtf8(bytes.subarray(from, end))) return "other";
  return { value: new Reader(bytes, tape).value(0), passed: bytes.subarray(0, end), rest: bytes.subarray(end, size) };
}

/** Bytes that are no UTF-8 are decoded as low surrogates of their own. */
function isUtf8(bytes: Uint8Array): boolean {
  return !/(?<![\ud800-\udbff])[\udc80-\udcff]/.test(decode(bytes));
}

class Reader {
  private readonly bytes: Uint8Array;
  readonly places: Int32Array;
  private readonly wide: boolean;
  private readonly end: number;
  private readonly lately: (string | undefined)[] = new Array(REMEMBERED);
  private made = 0;
  private text: string | undefined;

  constructor(bytes: Uint8Array, tape: Tape) {
    this.bytes = bytes;
    this.places = tape.places;
    this.wide = tape.wide;
    this.end = tape.end;
  }

  /** The value at an index of the tape. */
  value(t: number): Json {
    const at = this.places[t]!;
    switch (this.bytes[at]) {
      case QUOTE:
        return this.string(at);
      case OPEN_OBJECT:
        return new LazyObject(this, t);
      case OPEN_LIST: {
        const out: Json[] = [];
        const end = this.places[t + 1]!;
        for (let k = t + 2; k < end; k = this.after(k)) out.push(this.value(k));
        return out;
      }
      case 116:
        return true;
      case 102:
        return false;
      case 110:
        return null;
      default:
        return this.number(at);
    }
  }

  /** The index behind the value at an index. */
  after(t: number): number {
    const first = this.bytes[this.places[t]!];
    return first === OPEN_OBJECT || first === OPEN_LIST ? this.places[t + 1]! : t + 1;
  }

  /** True when the string whose opening quote is at a place is this text; undefined for one with escapes. */
  isString(at: number, text: string): boolean | undefined {
    const { bytes } = this;
    let i = 0;
    while (i < text.length && bytes[at + 1 + i] === text.charCodeAt(i)) i++;
    if (i === text.length && bytes[at + 1 + i] === QUOTE) return true;
    for (let k = at + 1 + i; ; k++) {
      const byte = bytes[k]!;
      if (byte === QUOTE) return false;
      if (byte === BACKSLASH || byte > 126) return undefined;
    }
  }

  private number(at: number): Json {
    const { bytes } = this;
    let end = at;
    let value = 0;
    while (bytes[end]! >= 48 && bytes[end]! <= 57) value = value * 10 + bytes[end++]! - 48;
    const after = bytes[end]!;
    if (end - at <= 15 && (after <= 32 || after === 44 || after === 93 || after === 125)) return value;
    end = at;
    while (bytes[end]! > 32 && bytes[end] !== 44 && bytes[end] !== 93 && bytes[end] !== 125) end++;
    return numberLiteral(decode(bytes.subarray(at, end)));
  }

  /** The string whose opening quote is at a place. */
  string(at: number): string {
    const { bytes } = this;
    const from = at + 1;
    let end = from;
    let hash = 0;
    while (bytes[end] !== QUOTE) {
      if (bytes[end] === BACKSLASH) return this.escaped(at, end);
      hash = (Math.imul(hash, 31) + bytes[end++]!) | 0;
    }
    const length = end - from;
    if (length === 0) return "";
    if (this.wide || length > SHORT) return this.slice(from, end);
    const slot = (hash ^ (hash >>> 10)) & (REMEMBERED - 1);
    const known = this.lately[slot];
    if (known !== undefined && known.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[from + i]) i++;
      if (i === length) return known;
    }
    const made = this.slice(from, end);
    this.lately[slot] = made;
    return made;
  }

  private slice(from: number, end: number): string {
    if (this.wide) return decode(this.bytes.subarray(from, end));
    if (this.text === undefined) {
      if (++this.made < FEW) return decode(this.bytes.subarray(from, end));
      this.text = decode(this.bytes.subarray(0, this.end));
    }
    return this.text.slice(from, end);
  }

  private escaped(at: number, backslash: number): string {
    let end = backslash;
    while (this.bytes[end] !== QUOTE) end += this.bytes[end] === BACKSLASH ? 2 : 1;
    return JSON.parse(decode(this.bytes.subarray(at, end + 1))) as string;
  }
}

/** An object whose keys and values are read at the first look. */
class LazyObject extends Map<string, Json> {
  private reader: Reader | undefined;
  private readonly at: number;
  private glances = 0;

  constructor(reader: Reader, at: number) {
    super();
    this.reader = reader;
    this.at = at;
  }

  private load(): void {
    const { reader } = this;
    if (reader === undefined) return;
    this.reader = undefined;
    const { places } = reader;
    const end = places[this.at + 1]!;
    for (let t = this.at + 2; t < end; ) {
      super.set(reader.string(places[t]!), reader.value(t + 1));
      t = reader.after(t + 1);
    }
  }

  override get(key: string): Json | undefined {
    if (this.reader !== undefined) {
      if (++this.glances <= GLANCES) return this.glance(key, this.reader);
      this.load();
    }
    return super.get(key);
  }

  /** The value of a key without the others: filters over many objects look at little of each. */
  private glance(key: string, reader: Reader): Json | undefined {
    const { places } = reader;
    const end = places[this.at + 1]!;
    let found = -1;
    for (let t = this.at + 2; t < end; t = reader.after(t + 1)) {
      const same = reader.isString(places[t]!, key);
      if (same === undefined) {
        this.load();
        return super.get(key);
      }
      // The last of several counts.
      if (same) found = t + 1;
    }
    return found < 0 ? undefined : reader.value(found);
  }

  override has(key: string): boolean {
    if (this.reader !== undefined) this.load();
    return super.has(key);
  }

  override set(key: string, value: Json): this {
    this.load();
    return super.set(key, value);
  }

  override delete(key: string): boolean {
    this.load();
    return super.delete(key);
  }

  override clear(): void {
    this.reader = undefined;
    super.clear();
  }

  override get size(): number {
    if (this.reader !== undefined) this.load();
    return super.size;
  }

  override keys(): MapIterator<string> {
    this.load();
    return super.keys();
  }

  override values(): MapIterator<Json> {
    this.load();
    return super.values();
  }

  override entries(): MapIterator<[string, Json]> {
    this.load();
    return super.entries();
  }

  override forEach(visit: (value: Json, key: string, map: Map<string, Json>) => void): void {
    this.load();
    super.forEach(visit);
  }

  override [Symbol.iterator](): MapIterator<[string, Json]> {
    this.load();
    return super[Symbol.iterator]();
  }
}
