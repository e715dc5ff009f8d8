/** Which names of an archive tar takes, and what it makes of them. */
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool } from "../tool.ts";

const END = "\ntar: Error is not recoverable: exiting now";

/** Patterns of --exclude and of files of them. Throws `Fatal` for a file that is not there. */
export function exclusions(t: Tool, o: ParsedOptions): string[] {
  const out = [...o.values("exclude")];
  for (const file of o.values("X")) {
    try {
      out.push(
        ...sys
          .readText(t.p, file)
          .split("\n")
          .filter((line) => line !== ""),
      );
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Fatal(`${file}: ${error.message}${END}`, 2);
    }
  }
  return out;
}

/** True when a pattern of --exclude or of a file of them takes a path out. */
export function excluded(patterns: readonly string[], path: string): boolean {
  return patterns.some((pattern) => {
    const bare = pattern.replace(/\/$/, "");
    const parts = path.replace(/\/$/, "").split("/");
    // Unanchored: a pattern may match after any slash, and a directory takes what is below it along.
    for (let from = 0; from < parts.length; from++)
      for (let to = from + 1; to <= parts.length; to++) if (glob(bare, parts.slice(from, to).join("/"))) return true;
    return false;
  });
}

/** `*`, `?` and [sets] as fnmatch(3) without FNM_PATHNAME. */
export function glob(pattern: string, text: string): boolean {
  const go = (i: number, k: number): boolean => {
    if (i === pattern.length) return k === text.length;
    const char = pattern[i]!;
    if (char === "*") return go(i + 1, k) || (k < text.length && go(i, k + 1));
    if (k >= text.length) return false;
    if (char === "?") return go(i + 1, k + 1);
    const close = char === "[" ? pattern.indexOf("]", i + 2) : -1;
    if (close > 0) {
      const body = pattern.slice(i + 1, close);
      const negated = /^[!^]/.test(body);
      let hit = false;
      for (let n = negated ? 1 : 0; n < body.length; n++) {
        if (body[n + 1] === "-" && body[n + 2] !== undefined) {
          if (text[k]! >= body[n]! && text[k]! <= body[n + 2]!) hit = true;
          n += 2;
        } else if (body[n] === text[k]) hit = true;
      }
      return hit !== negated && go(close + 1, k + 1);
    }
    return char === text[k] && go(i + 1, k + 1);
  };
  return go(0, 0);
}

interface Substitution {
  regex: Regex;
  replacement: string;
  global: boolean;
  /** The first match that is replaced. */
  from: number;
}

/** What --transform makes of names: sed's `s` commands, one after the other. */
export function transformer(o: ParsedOptions): (name: string) => string {
  const substitutions = o.values("transform").flatMap(substitutionsOf);
  return (name) => {
    if (substitutions.length === 0) return name;
    // The slash behind a directory's name is none of it.
    const slash = /\/*$/.exec(name)![0];
    return substitutions.reduce(replace, name.slice(0, name.length - slash.length)) + slash;
  };
}

function substitutionsOf(expression: string): Substitution[] {
  const wrong = () =>
    new Fatal("Invalid transform expression\nTry 'tar --help' or 'tar --usage' for more information.", 2);
  const out: Substitution[] = [];
  let i = 0;
  while (i < expression.length) {
    if (expression[i] !== "s" || expression[i + 1] === undefined) throw wrong();
    const mark = expression[++i]!;
    const parts: string[] = [];
    let part = "";
    for (i++; i < expression.length && parts.length < 2; i++) {
      const c = expression[i]!;
      if (c === "\\" && i + 1 < expression.length) {
        part += expression[i + 1] === mark ? mark : c + expression[i + 1];
        i++;
      } else if (c === mark) {
        parts.push(part);
        part = "";
      } else part += c;
    }
    if (parts.length < 2) throw wrong();
    let flags = "";
    for (; i < expression.length && expression[i] !== ";"; i++) flags += expression[i];
    i++;
    if (/[^gixrRsShH\d]/.test(flags)) throw wrong();
    try {
      const regex = compileRegex(parts[0]!, {
        syntax: flags.includes("x") ? "ere" : "bre",
        ignoreCase: flags.includes("i"),
      });
      out.push({
        regex,
        replacement: parts[1]!,
        global: flags.includes("g"),
        from: Number(/\d+/.exec(flags)?.[0] ?? 1),
      });
    } catch (error) {
      if (!(error instanceof RegexError)) throw error;
      throw wrong();
    }
  }
  return out;
}

function replace(name: string, { regex, replacement, global, from }: Substitution): string {
  let out = "";
  let at = 0;
  for (let count = 1; at <= name.length; count++) {
    const match = regex.exec(name, at);
    if (match === null) break;
    const put = replacement.replace(/\\([0-9&\\])|&/g, (whole, what?: string) => {
      if (what === undefined) return match.groups[0]!;
      return /\d/.test(what) ? (match.groups[Number(what)] ?? "") : whole.slice(1);
    });
    out += name.slice(at, match.index) + (count >= from ? put : match.groups[0]!);
    at = match.end;
    if (match.end === match.index) out += name[at++] ?? "";
    if (count >= from && !global) break;
  }
  return out + name.slice(at);
}
