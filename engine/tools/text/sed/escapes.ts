/** Backslashes in sed scripts. */
import type { ReplacementPart } from "./syntax.ts";

/** The characters of a part of `y`. */
export function plainChars(text: string): string[] {
  const out: string[] = [];
  const chars = [...controls(text)];
  for (let i = 0; i < chars.length; i++) {
    if (chars[i] === "\\" && chars[i + 1] === "\\") {
      out.push("\\");
      i++;
    } else if (chars[i] === "\\" && chars[i + 1] === "n") {
      out.push("\n");
      i++;
    } else if (chars[i] === "\\" && i + 1 < chars.length) out.push(chars[++i]!);
    else out.push(chars[i]!);
  }
  return out;
}

const CODE = /^(?:x([0-9a-fA-F]{1,2})|o([0-7]{1,3})|d([0-9]{1,3})|c([\x20-\x7e]))/;

/** The character that `\\xHH`, `\\oNNN`, `\\dNNN` or `\\cX` stands for. */
function codeChar(code: RegExpExecArray): string {
  if (code[4] !== undefined) return String.fromCharCode(code[4].toUpperCase().charCodeAt(0) ^ 64);
  return String.fromCharCode(Number.parseInt(code[1] ?? code[2] ?? code[3]!, code[1] ? 16 : code[2] ? 8 : 10) & 255);
}

const CONTROLS: Record<string, string> = { a: "\x07", f: "\f", r: "\r", t: "\t", v: "\v" };

/** GNU's escapes for control characters and codes: \t \r \xHH \oNNN \dNNN \cX. */
export function controls(text: string): string {
  let out = "";
  for (let i = 0; i < text.length; i++) {
    if (text[i] !== "\\" || i + 1 >= text.length) {
      out += text[i];
      continue;
    }
    const next = text[++i]!;
    const code = CODE.exec(text.slice(i, i + 4));
    if (CONTROLS[next] !== undefined) out += CONTROLS[next];
    else if (code) {
      const char = codeChar(code);
      out += /[.*[\]^$+?(){}|\\/]/.test(char) ? `\\${char}` : char;
      i += code[0].length - 1;
    } else out += `\\${next}`;
  }
  return out;
}

/** Text of a, i and c without its backslashes; `\\t` and codes mean their characters. */
export function unescapeText(raw: string): string {
  let out = "";
  for (let i = 0; i < raw.length; i++) {
    if (raw[i] !== "\\") {
      out += raw[i];
      continue;
    }
    const rest = raw.slice(++i, i + 4);
    const code = CODE.exec(rest);
    if (code) {
      out += codeChar(code);
      i += code[0].length - 1;
    } else if (rest[0] === "n") out += "\n";
    else out += CONTROLS[rest[0] ?? ""] ?? rest[0] ?? "";
  }
  return out;
}

/** The right side of an `s`. */
export function parseReplacement(source: string): ReplacementPart[] {
  const parts: ReplacementPart[] = [];
  let literal = "";
  const push = (part: ReplacementPart) => {
    if (literal !== "") parts.push(literal);
    literal = "";
    parts.push(part);
  };
  for (let i = 0; i < source.length; i++) {
    const char = source[i]!;
    if (char === "&") push({ group: 0 });
    else if (char !== "\\") literal += char;
    else {
      const next = source[++i] ?? "";
      const code = CODE.exec(source.slice(i, i + 4));
      if (/^[0-9]$/.test(next)) push({ group: Number(next) });
      else if ("ULulE".includes(next) && next !== "") push({ fold: next as "U" });
      else if (next === "n") literal += "\n";
      else if (CONTROLS[next] !== undefined) literal += CONTROLS[next];
      else if (code) {
        literal += codeChar(code);
        i += code[0].length - 1;
      } else literal += next;
    }
  }
  if (literal !== "") parts.push(literal);
  return parts;
}
