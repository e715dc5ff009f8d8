import { compileRegex, RegexError, type RegexMatch, TooComplex } from "../text/regex/index.ts";
import { assignArray } from "./assignment.ts";
import { ShellError } from "./control.ts";
import { inLocale } from "./locale.ts";
import { rejoin } from "./quote.ts";
import type { Shell } from "./shell.ts";
import type { Piece } from "./word.ts";

/** Characters of a pattern, and whether each is quoted. */
type Marked = { c: string; quoted: boolean };

const SPECIAL = /[\\^$.|?*+()[{]/;

/** The expression that the right side of `=~` means: what is quoted stands for itself, in brackets without a backslash. */
export function regexOf(pieces: readonly Piece[], text: (piece: Piece) => string): string {
  const all: Marked[] = [];
  for (const piece of pieces) {
    const quoted = piece.k === "quotes" || ((piece.k === "lit" || piece.k === "param") && piece.q);
    for (const c of text(piece)) all.push({ c, quoted });
  }
  let out = "";
  for (let i = 0; i < all.length; i++) {
    const { c, quoted } = all[i]!;
    if (!quoted && c === "[") {
      const end = bracketEnd(all, i);
      out += all
        .slice(i, end)
        .map((one) => one.c)
        .join("");
      i = end - 1;
    } else if (quoted) out += SPECIAL.test(c) ? `\\${c}` : c;
    else {
      out += c;
      if (c === "\\" && all[i + 1]) out += all[++i]!.c;
    }
  }
  return out;
}

/** The place behind the bracket expression that opens at `i`. */
function bracketEnd(all: readonly Marked[], i: number): number {
  let k = i + 1;
  if (all[k]?.c === "^") k++;
  if (all[k]?.c === "]") k++;
  while (k < all.length && all[k]!.c !== "]") {
    const mark = all[k]!.c === "[" ? all[k + 1]?.c : undefined;
    k++;
    if (mark === undefined || !":.=".includes(mark)) continue;
    k++;
    while (k < all.length && !(all[k]!.c === mark && all[k + 1]?.c === "]")) k++;
    k += 2;
  }
  return Math.min(k + 1, all.length);
}

/** `[[ text =~ source ]]`: sets BASH_REMATCH. A bad expression has status 2. */
export function matchRegex(sh: Shell, text: string, source: string): boolean {
  let found: RegexMatch | null;
  try {
    const ignoreCase = sh.shopts.has("nocasematch");
    found = compileRegex(inLocale(sh, source), { syntax: "ere", ignoreCase }).exec(inLocale(sh, text));
  } catch (error) {
    if (!(error instanceof RegexError) && !(error instanceof TooComplex)) throw error;
    throw new ShellError("", "fail", 2);
  }
  sh.vars.remove("BASH_REMATCH");
  const elements = (found?.groups ?? []).map((value) => ({
    index: undefined,
    value: rejoin(value ?? ""),
    append: false,
  }));
  assignArray(sh, "BASH_REMATCH", elements, false);
  return found !== null;
}
