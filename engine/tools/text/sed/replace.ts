/** What sed's s and l make of a text. */
import { encode } from "../../../kernel/index.ts";
import { CONTROL_NAMES } from "../../../text/escapes.ts";
import type { Regex } from "../../../text/regex/index.ts";
import type { Substitution } from "./syntax.ts";

/** The text after a substitution; undefined when nothing matched. */
export function replaced(text: string, regex: Regex, s: Substitution): string | undefined {
  let out = "";
  let copied = 0;
  let from = 0;
  let count = 0;
  let changed = false;
  let lastEnd = -1;
  while (from <= text.length) {
    const match = regex.exec(text, from);
    if (match === null) break;
    // An empty match right after another match does not count.
    if (match.end === match.index && match.index === lastEnd) {
      from = match.end + 1;
      continue;
    }
    count++;
    if (count >= (s.number || 1)) {
      out += text.slice(copied, match.index) + expand(s.replacement, match.groups);
      copied = match.end;
      changed = true;
      if (!s.global) break;
    }
    lastEnd = match.end;
    from = match.end > match.index ? match.end : match.end + 1;
  }
  return changed ? out + text.slice(copied) : undefined;
}

function expand(parts: Substitution["replacement"], groups: readonly (string | undefined)[]): string {
  let out = "";
  let mode: "U" | "L" | undefined;
  let once: "u" | "l" | undefined;
  for (const part of parts) {
    if (typeof part === "object" && "fold" in part) {
      if (part.fold === "E") mode = once = undefined;
      else if (part.fold === "u" || part.fold === "l") once = part.fold;
      else mode = part.fold;
      continue;
    }
    let text = typeof part === "string" ? part : (groups[part.group] ?? "");
    if (mode === "U") text = text.toUpperCase();
    else if (mode === "L") text = text.toLowerCase();
    if (once !== undefined && text !== "") {
      const head = String.fromCodePoint(text.codePointAt(0)!);
      text = (once === "u" ? head.toUpperCase() : head.toLowerCase()) + text.slice(head.length);
      once = undefined;
    }
    out += text;
  }
  return out;
}

const NAMES: Record<number, string> = { ...CONTROL_NAMES, 92: "\\\\" };

/** The `l` command: unambiguous, wrapped at `width`. */
export function listing(text: string, width: number): string {
  const lines: string[] = [];
  let line = "";
  for (const byte of encode(text)) {
    const shown =
      NAMES[byte] ?? (byte < 32 || byte > 126 ? `\\${byte.toString(8).padStart(3, "0")}` : String.fromCharCode(byte));
    if (width > 1 && line.length + shown.length > width - 1) {
      lines.push(`${line}\\`);
      line = "";
    }
    line += shown;
  }
  lines.push(`${line}$`);
  return lines.join("\n");
}
