import { RE2JS, RE2JSException } from "re2js";
import { assignArray } from "./assignment.ts";
import { ShellError } from "./control.ts";
import type { Shell } from "./shell.ts";
import type { Piece } from "./word.ts";

/** The expression that the right side of `=~` means: what is quoted stands for itself. */
export function regexOf(pieces: readonly Piece[], text: (piece: Piece) => string): string {
  let out = "";
  for (const piece of pieces) {
    const plain = text(piece);
    const quoted = piece.k === "quotes" || ((piece.k === "lit" || piece.k === "param") && piece.q);
    out += quoted ? plain.replace(/[\\^$.|?*+()[\]{}]/g, "\\$&") : plain;
  }
  return out;
}

const compiled = new Map<string, RE2JS | null>();

function compileRegex(source: string, ignoreCase: boolean): RE2JS | null {
  const key = (ignoreCase ? "i" : "-") + source;
  let regex = compiled.get(key);
  if (regex === undefined) {
    try {
      regex = RE2JS.compile(
        posix(source),
        RE2JS.DOTALL | RE2JS.LONGEST_MATCH | (ignoreCase ? RE2JS.CASE_INSENSITIVE : 0),
      );
    } catch (error) {
      if (!(error instanceof RE2JSException)) throw error;
      regex = null;
    }
    if (compiled.size > 500) compiled.clear();
    compiled.set(key, regex);
  }
  return regex;
}

/** A POSIX extended expression in RE2's syntax: backslashes in brackets are plain, and so are RE2's own escapes. */
function posix(source: string): string {
  let out = "";
  for (let i = 0; i < source.length; i++) {
    const c = source[i]!;
    if (c === "[") {
      let k = i + 1;
      if (source[k] === "^") k++;
      if (source[k] === "]") k++;
      while (k < source.length && source[k] !== "]") {
        if (source[k] === "[" && ":.=".includes(source[k + 1] ?? " ")) {
          const end = source.indexOf(`${source[k + 1]}]`, k + 2);
          k = end < 0 ? source.length : end + 2;
        } else k++;
      }
      out += source
        .slice(i, k + 1)
        .replace(/\\/g, "\\\\")
        .replace(/^\[(\^?)\]/, "[$1\\]")
        .replace(/(?!^)\[(?![:.=])/g, "\\[");
      i = k;
    } else if (c === "\\" && i + 1 < source.length) {
      const next = source[++i]!;
      if (next === "<" || next === ">") out += "\\b";
      else out += /[bBwWsS]/.test(next) ? `\\${next}` : /[a-zA-Z0-9]/.test(next) ? next : `\\${next}`;
    } else if (c === "(" && source[i + 1] === "?") {
      throw new RE2JSException("(?");
    } else if (c === "{" && !/^\{\d*(,\d*)?\}/.test(source.slice(i, i + 16))) out += "\\{";
    else out += c;
  }
  return out;
}

/** `[[ text =~ source ]]`: sets BASH_REMATCH. A bad expression has status 2. */
export function matchRegex(sh: Shell, text: string, source: string): boolean {
  let regex: RE2JS | null;
  try {
    regex = compileRegex(source, sh.shopts.has("nocasematch"));
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    regex = null;
  }
  if (regex === null) throw new ShellError("", "fail", 2);
  const matcher = regex.matcher(text);
  const found = matcher.find();
  const groups: string[] = [];
  if (found) for (let i = 0; i <= matcher.groupCount(); i++) groups.push(matcher.group(i) ?? "");
  sh.vars.remove("BASH_REMATCH");
  assignArray(
    sh,
    "BASH_REMATCH",
    groups.map((value) => ({ index: undefined, value, append: false })),
    false,
  );
  return found;
}
