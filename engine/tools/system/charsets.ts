/** Sets of characters that iconv converts between, as glibc knows them; of those with large tables only the Korean ones. */
import { decodeBase64 } from "../../kernel/index.ts";
import { HANJA, SIGNS, SYLLABLES } from "./ks-x-1001.ts";

/** The character at a place and the bytes it takes; `illegal`, or `cut` where the bytes end within it. */
export type Read = readonly [code: number, size: number] | "illegal" | "cut";

export interface Charset {
  /** Reads on from `at`; `first` at the beginning of all input, where a byte order mark may stand. */
  read(bytes: Uint8Array, at: number): Read;
  /** Bytes of a character; undefined where the set does not have it. */
  write(code: number): readonly number[] | undefined;
  /** A set whose byte order is told by a mark: looks for one, and says how many bytes it took. */
  mark?(bytes: Uint8Array): { charset: Charset; size: number };
  /** What stands before everything written. */
  head?: readonly number[];
}

const surrogate = (code: number) => code >= 0xd800 && code < 0xe000;

const utf8: Charset = {
  read(bytes, at) {
    const first = bytes[at]!;
    if (first < 0x80) return [first, 1];
    const size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) return "illegal";
    let code = first & (0x7f >> size);
    for (let i = 1; i < size; i++) {
      const byte = bytes[at + i];
      if (byte === undefined) return "cut";
      if (byte >> 6 !== 2) return "illegal";
      code = (code << 6) | (byte & 0x3f);
    }
    const least = [0, 0, 0x80, 0x800, 0x10000][size]!;
    return code < least || code > 0x10ffff || surrogate(code) ? "illegal" : [code, size];
  },
  write(code) {
    if (code < 0x80) return [code];
    if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 0x3f)];
    const last = [0x80 | ((code >> 6) & 0x3f), 0x80 | (code & 0x3f)];
    if (code < 0x10000) return [0xe0 | (code >> 12), ...last];
    return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 0x3f), ...last];
  },
};

/** Units of `size` bytes; of two bytes with surrogates when `pairs`. */
function wide(size: 2 | 4, little: boolean, pairs = true): Charset {
  const unit = (bytes: Uint8Array, at: number) => {
    let value = 0;
    for (let i = 0; i < size; i++) value = value * 256 + bytes[at + (little ? size - 1 - i : i)]!;
    return value;
  };
  const written = (value: number) => {
    const out = Array.from({ length: size }, (_, i) => (value >>> (8 * (size - 1 - i))) & 0xff);
    return little ? out.reverse() : out;
  };
  return {
    read(bytes, at) {
      if (at + size > bytes.length) return "cut";
      const code = unit(bytes, at);
      if (code > 0x10ffff) return "illegal";
      if (!surrogate(code)) return [code, size];
      if (size === 4 || !pairs || code >= 0xdc00) return "illegal";
      if (at + 4 > bytes.length) return "cut";
      const low = unit(bytes, at + 2);
      return low >= 0xdc00 && low < 0xe000 ? [0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00), 4] : "illegal";
    },
    write(code) {
      if (size === 4 || code < 0x10000) return written(code);
      if (!pairs) return undefined;
      const rest = code - 0x10000;
      return [...written(0xd800 + (rest >> 10)), ...written(0xdc00 + (rest & 0x3ff))];
    },
  };
}

/** A set that begins with a byte order mark, of the machine's order when it is written or has none. */
function marked(size: 2 | 4): Charset {
  const little = wide(size, true);
  const head = little.write(0xfeff)!;
  const is = (bytes: Uint8Array, mark: readonly number[]) => mark.every((byte, i) => bytes[i] === byte);
  return {
    ...little,
    head,
    mark(bytes) {
      if (is(bytes, head)) return { charset: little, size };
      const big = wide(size, false);
      return is(bytes, big.write(0xfeff)!) ? { charset: big, size } : { charset: little, size: 0 };
    },
  };
}

/** One byte a character, as far as `most`. */
const narrow = (most: number): Charset => ({
  read: (bytes, at) => (bytes[at]! > most ? "illegal" : [bytes[at]!, 1]),
  write: (code) => (code > most ? undefined : [code]),
});

/** What stands at 0x80 to 0x9f of Windows' Latin; blanks are holes. */
const WINDOWS = [..."€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ"].map((char) => (char === " " ? -1 : char.codePointAt(0)!));

const cp1252: Charset = {
  read(bytes, at) {
    const byte = bytes[at]!;
    const code = WINDOWS[byte - 0x80] ?? byte;
    return code < 0 ? "illegal" : [code, 1];
  },
  write(code) {
    const at = WINDOWS.indexOf(code);
    if (at >= 0) return [0x80 + at];
    return code > 0xff || (code >= 0x80 && code < 0xa0) ? undefined : [code];
  },
};

/** Codes of CP949 by their two bytes and back; made when somebody asks. */
let korean: { codes: Map<number, number>; bytes: Map<number, number> } | undefined;

/** KS X 1001, and around it, in their order, the syllables that it does not have. */
function koreanTable(): { codes: Map<number, number>; bytes: Map<number, number> } {
  if (korean !== undefined) return korean;
  const codes = new Map<number, number>();
  const bytes = new Map<number, number>();
  const put = (lead: number, trail: number, code: number) => {
    codes.set((lead << 8) | trail, code);
    bytes.set(code, (lead << 8) | trail);
  };
  for (const [first, rows] of [
    [0xa1, SIGNS],
    [0xca, HANJA],
  ] as const)
    rows.forEach((row, r) => {
      [...row].forEach((char, i) => {
        // Some Chinese characters stand in several places: the first is written.
        if (char === " " && (r > 0 || i > 0)) return;
        const code = char.codePointAt(0)!;
        codes.set(((first + r) << 8) | (0xa1 + i), code);
        if (!bytes.has(code)) bytes.set(code, ((first + r) << 8) | (0xa1 + i));
      });
    });
  const bits = decodeBase64(SYLLABLES);
  let known = 0;
  const others = otherPlaces();
  for (let i = 0; i < 11_172; i++) {
    if (((bits?.[i >> 3] ?? 0) >> (i & 7)) & 1) {
      put(0xb0 + Math.floor(known / 94), 0xa1 + (known % 94), 0xac00 + i);
      known++;
    } else put(...others.next().value!, 0xac00 + i);
  }
  korean = { codes, bytes };
  return korean;
}

/** Places of CP949 that EUC-KR leaves free. */
function* otherPlaces(): Generator<[lead: number, trail: number], undefined> {
  for (let lead = 0x81; lead <= 0xc6; lead++)
    for (let trail = 0x41; trail <= (lead < 0xa1 ? 0xfe : 0xa0); trail++)
      if (trail <= 0x5a || (trail >= 0x61 && trail <= 0x7a) || trail >= 0x81) yield [lead, trail];
}

/** ASCII and two bytes from 0xa1 up (`whole`: CP949's others too). */
const koreanSet = (whole: boolean): Charset => {
  const within = (pair: number) => whole || (pair >> 8 >= 0xa1 && (pair & 0xff) >= 0xa1);
  return {
    read(bytes, at) {
      const lead = bytes[at]!;
      if (lead < 0x80) return [lead, 1];
      if (lead < (whole ? 0x81 : 0xa1) || lead === 0xff) return "illegal";
      const trail = bytes[at + 1];
      if (trail === undefined) return "cut";
      const pair = (lead << 8) | trail;
      const code = within(pair) ? koreanTable().codes.get(pair) : undefined;
      return code === undefined ? "illegal" : [code, 2];
    },
    write(code) {
      if (code < 0x80) return [code];
      const pair = koreanTable().bytes.get(code);
      return pair === undefined || !within(pair) ? undefined : [pair >> 8, pair & 0xff];
    },
  };
};

const eucKr = koreanSet(false);
const cp949 = koreanSet(true);

const ascii = narrow(0x7f);
const latin1 = narrow(0xff);

/** By their names without the characters that nobody writes alike. */
const CHARSETS: Readonly<Record<string, Charset>> = {
  UTF8: utf8,
  ASCII: ascii,
  USASCII: ascii,
  "ANSIX3.41968": ascii,
  ISO88591: latin1,
  LATIN1: latin1,
  L1: latin1,
  CP1252: cp1252,
  WINDOWS1252: cp1252,
  EUCKR: eucKr,
  CP949: cp949,
  MSCP949: cp949,
  UHC: cp949,
  UTF16: marked(2),
  UTF16LE: wide(2, true),
  UTF16BE: wide(2, false),
  UTF32: marked(4),
  UTF32LE: wide(4, true),
  UTF32BE: wide(4, false),
  UCS2: wide(2, true, false),
  UCS2LE: wide(2, true, false),
  UCS2BE: wide(2, false, false),
  UCS4: wide(4, false),
  UCS4LE: wide(4, true),
};

/** A set by any of its names; that of the locale without one. */
export function charset(name: string): Charset | undefined {
  return name === "" ? utf8 : CHARSETS[name.toUpperCase().replace(/[-_]/g, "")];
}

const ALIKE: Readonly<Record<string, string>> = {
  "‘": "'",
  "’": "'",
  "“": '"',
  "”": '"',
  "–": "-",
  "—": "--",
  "‐": "-",
  "…": "...",
  "©": "(C)",
  "®": "(R)",
  "€": "EUR",
  ß: "ss",
  "→": "->",
  "←": "<-",
  "½": " 1/2 ",
  "¼": " 1/4 ",
  "¾": " 3/4 ",
  "\u00a0": " ",
  "«": "<<",
  "»": ">>",
  æ: "ae",
  Æ: "AE",
};

/** What stands for a character that a set does not have (locale/C-translit.h.in): itself without its accents, signs, or `?`. */
export function transliterated(code: number, to: Charset): readonly number[] {
  const char = String.fromCodePoint(code);
  const text = ALIKE[char] ?? char.normalize("NFD").replace(/[\u0300-\u036f]/g, "");
  const out: number[] = [];
  for (const each of text) {
    const bytes = to.write(each.codePointAt(0)!);
    if (bytes === undefined) return [0x3f];
    out.push(...bytes);
  }
  return out;
}
