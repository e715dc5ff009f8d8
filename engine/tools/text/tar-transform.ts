/** What tar --transform makes of names: sed's `s` commands, one after the other. */
import { compileRegex, type Regex, RegexError } from "../../text/regex/index.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal } from "../tool.ts";
import { parseReplacement } from "./sed/escapes.ts";
import { replaced } from "./sed/replace.ts";
import type { Substitution } from "./sed/syntax.ts";

/** What a name is the name of: a member, or where a symbolic or a hard link leads. */
export type NameKind = "regular" | "symlink" | "hardlink";

interface Change {
  regex: Regex;
  substitution: Substitution;
  /** Letters of what it is for: r, s and h; a capital one leaves that out. */
  scope: string;
}

const LETTERS: Record<NameKind, string> = { regular: "r", symlink: "s", hardlink: "h" };

/** What --transform makes of names. Throws `Fatal` for an expression that is none. */
export function transformer(o: ParsedOptions): (name: string, kind?: NameKind) => string {
  const changes = o.values("transform").flatMap(changesOf);
  return (name, kind = "regular") => {
    if (changes.length === 0) return name;
    // The slash behind a directory's name is none of it.
    const slash = /\/*$/.exec(name)![0];
    let text = name.slice(0, name.length - slash.length);
    for (const { regex, substitution, scope } of changes)
      if (!scope.includes(LETTERS[kind].toUpperCase())) text = replaced(text, regex, substitution) ?? text;
    return text + slash;
  };
}

function wrong(message = "Invalid transform expression"): Fatal {
  return new Fatal(`${message}\nTry 'tar --help' or 'tar --usage' for more information.`, 2);
}

/** `s/…/…/FLAGS`, more of them behind semicolons, and `flags=LETTERS` for those that name no scope of their own. */
function changesOf(expression: string): Change[] {
  const out: Change[] = [];
  let normal = "";
  let i = 0;
  while (i < expression.length) {
    const flags = /^flags=([rRsShH]*)(?:;|$)/.exec(expression.slice(i));
    if (flags !== null) {
      normal = flags[1]!;
      i += flags[0].length;
      continue;
    }
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
    let letters = "";
    for (; i < expression.length && expression[i] !== ";"; i++) letters += expression[i];
    i++;
    const unknown = /[^gixrRsShH\d]/.exec(letters);
    if (unknown !== null) throw wrong(`Unknown flag in transform expression: ${unknown[0]}`);
    out.push(change(parts[0]!, parts[1]!, letters, normal));
  }
  return out;
}

function change(pattern: string, replacement: string, letters: string, normal: string): Change {
  try {
    const regex = compileRegex(pattern, {
      syntax: letters.includes("x") ? "ere" : "bre",
      ignoreCase: letters.includes("i"),
    });
    const scope = letters.replace(/[^rRsShH]/g, "");
    return {
      regex,
      scope: scope === "" ? normal : scope,
      substitution: {
        regex,
        replacement: parseReplacement(replacement),
        global: letters.includes("g"),
        print: false,
        number: Number(/\d+/.exec(letters)?.[0] ?? 0),
        file: undefined,
        evaluate: false,
      },
    };
  } catch (error) {
    if (!(error instanceof RegexError)) throw error;
    throw wrong();
  }
}
