/** The tree of a regular expression, whatever syntax it was written in. */
export type Node =
  | { readonly t: "char"; readonly code: number }
  | { readonly t: "any" }
  | { readonly t: "set"; readonly ranges: readonly (readonly [number, number])[]; readonly negate: boolean }
  | { readonly t: "seq"; readonly items: readonly Node[] }
  | { readonly t: "alt"; readonly items: readonly Node[] }
  | {
      readonly t: "rep";
      readonly node: Node;
      readonly min: number;
      readonly max: number;
      readonly lazy: boolean;
      readonly possessive: boolean;
    }
  | { readonly t: "group"; readonly index: number; readonly node: Node }
  | { readonly t: "atomic"; readonly node: Node }
  | { readonly t: "look"; readonly node: Node; readonly ahead: boolean; readonly negate: boolean }
  | { readonly t: "back"; readonly index: number }
  /** Start and end of a line (or of the text, see `RegexFlags.multiline`); of the text; of a word; word boundary or not. */
  | { readonly t: "at"; readonly where: "^" | "$" | "A" | "z" | "Z" | "<" | ">" | "b" | "B" }
  | { readonly t: "keep" };

export interface Parsed {
  readonly root: Node;
  readonly groups: number;
  readonly names: ReadonlyMap<string, number>;
  /** From the pattern itself: `(?i)`. */
  readonly ignoreCase: boolean;
  /** What grep warns of. */
  readonly warnings?: readonly string[];
}

/** A pattern that is none; `message` is in the words of GNU regcomp(3) or, for perl syntax, of PCRE. */
export class RegexError extends Error {}

type Range = readonly [number, number];

export const WORD: readonly Range[] = [
  [48, 57],
  [65, 90],
  [95, 95],
  [97, 122],
  // Letters beyond ASCII: Latin to CJK and Hangul, without the general punctuation block.
  [0xaa, 0xaa],
  [0xb5, 0xb5],
  [0xba, 0xba],
  [0xc0, 0xd6],
  [0xd8, 0xf6],
  [0xf8, 0x1fff],
  [0x2c00, 0x2fef],
  [0x3005, 0x3007],
  [0x3021, 0xd7ff],
  [0xf900, 0xfdff],
  [0xff10, 0xff19],
  [0xff21, 0xff3a],
  [0xff41, 0xff5a],
  [0xff66, 0xffdc],
  [0x10000, 0x1efff],
  [0x20000, 0x3ffff],
];

export const ASCII_WORD = WORD.slice(0, 4);
export const DIGIT: readonly Range[] = [[48, 57]];
export const SPACE: readonly Range[] = [
  [9, 13],
  [32, 32],
];

/** Character classes of POSIX by name. */
export const CLASSES: Record<string, readonly Range[]> = {
  alnum: WORD.filter(([from]) => from !== 95),
  alpha: WORD.filter(([from]) => from !== 95 && from !== 48),
  blank: [
    [9, 9],
    [32, 32],
  ],
  cntrl: [
    [0, 31],
    [127, 127],
  ],
  digit: DIGIT,
  graph: [
    [33, 126],
    [0xa1, 0xd7ff],
    [0xe000, 0x10ffff],
  ],
  lower: [
    [97, 122],
    [0xdf, 0xf6],
    [0xf8, 0xff],
  ],
  print: [
    [32, 126],
    [0xa0, 0xd7ff],
    [0xe000, 0x10ffff],
  ],
  punct: [
    [33, 47],
    [58, 64],
    [91, 96],
    [123, 126],
    [0x2010, 0x2027],
  ],
  space: SPACE,
  upper: [
    [65, 90],
    [0xc0, 0xd6],
    [0xd8, 0xde],
  ],
  xdigit: [
    [48, 57],
    [65, 70],
    [97, 102],
  ],
};

/** What a set leaves out. */
export function invert(ranges: readonly Range[]): Range[] {
  const sorted = [...ranges].sort((a, b) => a[0] - b[0]);
  const out: Range[] = [];
  let next = 0;
  for (const [from, to] of sorted) {
    if (from > next) out.push([next, from - 1]);
    next = Math.max(next, to + 1);
  }
  if (next <= 0x10ffff) out.push([next, 0x10ffff]);
  return out;
}
