/** What awk does to texts: fields, substr, sub, gsub, gensub. */
import type { Regex, RegexMatch } from "../../../text/regex/index.ts";

/** What stands between fields by default. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9 || code === 10;
}

export function splitBlanks(text: string): string[] {
  const out: string[] = [];
  let start = -1;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (isBlank(code)) {
      if (start >= 0) out.push(text.slice(start, i));
      start = -1;
    } else if (start < 0) start = i;
  }
  if (start >= 0) out.push(text.slice(start));
  return out;
}

export function codePoints(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit >= 0xd800 && unit < 0xdc00) count--;
  }
  return count;
}

export function substring(text: string, from: number, length: number | undefined): string {
  // A start before the text counts as its first character, and takes nothing from the length.
  const first = Math.max(1, Math.trunc(from));
  const end = length === undefined ? Number.POSITIVE_INFINITY : first + Math.trunc(length);
  if (Number.isNaN(first) || end <= first) return "";
  if (codePoints(text) === text.length)
    return text.slice(first - 1, end === Number.POSITIVE_INFINITY ? undefined : end - 1);
  return [...text].slice(first - 1, end === Number.POSITIVE_INFINITY ? undefined : end - 1).join("");
}

function each(text: string, regex: Regex, visit: (match: RegexMatch) => boolean): void {
  let lastEnd = -1;
  for (let from = 0; from <= text.length; ) {
    const match = regex.exec(text, from);
    if (match === null) return;
    const empty = match.end === match.index;
    if (!(empty && match.index === lastEnd) && !visit(match)) return;
    lastEnd = match.end;
    from = empty ? match.end + 1 : match.end;
  }
}

export function substitute(
  text: string,
  regex: Regex,
  replacement: string,
  all: boolean,
): { text: string; count: number } {
  let out = "";
  let at = 0;
  let count = 0;
  each(text, regex, (match) => {
    out += text.slice(at, match.index);
    for (let i = 0; i < replacement.length; i++) {
      const char = replacement[i]!;
      if (char === "\\" && replacement[i + 1] === "&") out += replacement[++i];
      else if (char === "\\" && replacement[i + 1] === "\\") {
        // Two stand for one before an ampersand, and for themselves elsewhere.
        const told = replacement[i + 2] === "&" || replacement.startsWith("\\&", i + 2);
        out += told ? "\\" : "\\\\";
        i++;
      } else if (char === "&") out += match.groups[0];
      else out += char;
    }
    at = match.end;
    count++;
    return all;
  });
  return { text: out + text.slice(at), count };
}

export function gensub(text: string, regex: Regex, replacement: string, how: string): string {
  const all = /^[gG]/.test(how);
  const wanted = all ? 0 : Math.max(1, Math.trunc(Number(how) || 1));
  let out = "";
  let at = 0;
  let count = 0;
  each(text, regex, (match) => {
    count++;
    if (!all && count < wanted) return true;
    out += text.slice(at, match.index);
    for (let i = 0; i < replacement.length; i++) {
      const char = replacement[i]!;
      const next = replacement[i + 1];
      if (char === "\\" && next !== undefined && /[0-9]/.test(next)) {
        out += match.groups[Number(next)] ?? "";
        i++;
      } else if (char === "\\" && (next === "&" || next === "\\")) {
        out += next;
        i++;
      } else if (char === "&") out += match.groups[0];
      else out += char;
    }
    at = match.end;
    return all;
  });
  return out + text.slice(at);
}

/** Escapes of a dynamic or literal regular expression that regcomp does not know: \t, \n, \", \/, \y, octal. */
export function awkPattern(source: string): string {
  let out = "";
  for (let i = 0; i < source.length; i++) {
    if (source[i] !== "\\" || i + 1 >= source.length) {
      out += source[i];
      continue;
    }
    const next = source[++i]!;
    const simple: Record<string, string> = {
      n: "\n",
      t: "\t",
      r: "\r",
      f: "\f",
      v: "\v",
      a: "\x07",
      '"': '"',
      "/": "/",
      "&": "&",
    };
    if (simple[next] !== undefined) out += simple[next];
    else if (next === "8" || next === "9") out += next;
    else if (next === "x" && /^x[0-9a-fA-F]/.test(source.slice(i))) {
      // Numbers may stand for operators.
      const digits = /^x([0-9a-fA-F]{1,2})/.exec(source.slice(i))![1]!;
      i += digits.length;
      out += String.fromCharCode(Number.parseInt(digits, 16));
    } else if (/[0-7]/.test(next)) {
      const digits = /^[0-7]{1,3}/.exec(source.slice(i))![0];
      i += digits.length - 1;
      const char = String.fromCharCode(Number.parseInt(digits, 8) & 255);
      out += char === "\\" ? "\\\\" : char;
    } else if (next === "y") out += "\\b";
    else if (next === "B") out += "\\B";
    else out += `\\${next}`;
  }
  return out;
}
