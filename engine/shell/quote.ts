import { byteText, decode } from "../kernel/index.ts";
import { C_ESCAPES, CONTROL_NAMES } from "../text/escapes.ts";

/** Quoting: reading `$'…'` and writing words so that the shell reads them back. */

const ESCAPES: Record<string, string> = { ...C_ESCAPES, e: "\x1b", E: "\x1b", "'": "'", '"': '"', "?": "?" };

/** Decodes `$'…'` whose text begins at `i`; `end` is after the closing quote. */
export function ansiC(text: string, i: number): { value: string; end: number } {
  let out = "";
  while (i < text.length) {
    const c = text[i]!;
    // A zero byte ends the text, as it does every text of the shell.
    if (c === "'") return { value: rejoin(out.split("\0")[0]!), end: i + 1 };
    if (c !== "\\") {
      out += c;
      i++;
      continue;
    }
    const read = readEscape(text, i + 1, true);
    out += read.value;
    i = read.end;
  }
  return { value: rejoin(out), end: text.length };
}

/** One escape after its backslash. `ansi`: `\nnn` octal without a leading 0, `\cx` and quotes count (as in `$'…'`). */
export function readEscape(
  text: string,
  i: number,
  ansi: boolean,
): { value: string; end: number; stop?: boolean; missing?: "hex" | "unicode" } {
  const c = text[i];
  if (c === undefined) return { value: "\\", end: i };
  if (c === "x" && ansi && text[i + 1] === "{") {
    // `\x{…}` takes as many digits as there are, of which the last two count.
    const digits = /^[0-9a-fA-F]*/.exec(text.slice(i + 2))![0];
    const end = i + 2 + digits.length;
    return { value: byteText(Number.parseInt(digits.slice(-2) || "0", 16)), end: text[end] === "}" ? end + 1 : end };
  }
  if (c === "x") {
    const digits = /^[0-9a-fA-F]{1,2}/.exec(text.slice(i + 1, i + 3));
    if (digits === null) return { value: "\\x", end: i + 1, missing: "hex" };
    return { value: byteText(Number.parseInt(digits[0], 16)), end: i + 1 + digits[0].length };
  }
  if (c === "u" || c === "U") {
    const digits = new RegExp(`^[0-9a-fA-F]{1,${c === "u" ? 4 : 8}}`).exec(text.slice(i + 1, i + 9));
    if (digits === null) return { value: `\\${c}`, end: i + 1, missing: "unicode" };
    const code = Number.parseInt(digits[0], 16);
    const value = code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000) ? String.fromCodePoint(code) : "\ufffd";
    return { value, end: i + 1 + digits[0].length };
  }
  if (ansi && c >= "0" && c <= "7") {
    const digits = /^[0-7]{1,3}/.exec(text.slice(i, i + 3))![0];
    return { value: byteText(Number.parseInt(digits, 8)), end: i + digits.length };
  }
  if (!ansi && c === "0") {
    const digits = /^[0-7]{0,3}/.exec(text.slice(i + 1, i + 4))![0];
    return { value: byteText(Number.parseInt(digits || "0", 8)), end: i + 1 + digits.length };
  }
  if (ansi && c === "c" && text[i + 1] !== undefined) {
    const code = text[i + 1] === "?" ? 0x7f : text.charCodeAt(i + 1) & 0x1f;
    return { value: String.fromCharCode(code), end: text.startsWith("\\\\", i + 1) ? i + 3 : i + 2 };
  }
  if (!ansi && c === "c") return { value: "", end: i + 1, stop: true };
  if (!ansi && (c === "'" || c === '"' || c === "?")) return { value: `\\${c}`, end: i + 1 };
  const simple = ESCAPES[c];
  return simple === undefined ? { value: `\\${c}`, end: i + 1 } : { value: simple, end: i + 1 };
}

/** Lets escaped bytes that together are valid UTF-8 become their characters. */
export function rejoin(text: string): string {
  if (!/[\udc80-\udcff]{2}/.test(text)) return text;
  return text.replace(/[\udc80-\udcff]+/g, (run) => {
    const bytes = Uint8Array.from(run, (char) => char.charCodeAt(0) - 0xdc00);
    return decode(bytes);
  });
}

const CONTROL = /[\x00-\x1f\x7f\udc80-\udcff]/;

/** `$'…'` of a text. */
export function ansiQuote(text: string): string {
  let out = "$'";
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const named = code === 27 ? "\\E" : CONTROL_NAMES[code];
    if (named) out += named;
    else if (char === "'" || char === "\\") out += `\\${char}`;
    else if (code < 32 || code === 127) out += `\\${code.toString(8).padStart(3, "0")}`;
    else if (code >= 0xdc80 && code <= 0xdcff) out += `\\${(code - 0xdc00).toString(8).padStart(3, "0")}`;
    else out += char;
  }
  return `${out}'`;
}

/** A name as messages show it: with `$'…'` when it holds what cannot be printed. */
export function printable(name: string): string {
  return CONTROL.test(name) ? ansiQuote(name) : name;
}

/** As bash's `set -x` and `declare -p` of scalars in `set` output: plain if it may be, else single-quoted. */
export function shellQuote(text: string): string {
  if (text === "") return "''";
  if (CONTROL.test(text)) return ansiQuote(text);
  if (!/[ \t\n'"\\|&;()<>!{}*[\]?^$`]|^[#~]|[:=]~/.test(text)) return text;
  return singleQuote(text);
}

/** As `set -x` shows a word: what is special to the shell is single-quoted as it is, tabs and newlines included. */
export function traceQuote(text: string): string {
  return /[ \t\n'"\\|&;()<>!{}*[\]?^$`]/.test(text) ? singleQuote(text) : shellQuote(text);
}

/** `'…'`, with `'\''` for quotes inside. */
export function singleQuote(text: string): string {
  if (text === "'") return "\\'";
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** As `printf %q`: backslashes before what is special. */
export function backslashQuote(text: string): string {
  if (text === "") return "''";
  if (CONTROL.test(text)) return ansiQuote(text);
  return text.replace(/[ '"\\|&;()<>!{}*[\]?^$`,]/g, "\\$&").replace(/^[#~]/, "\\$&");
}

/** `"…"` as declare -p prints values. */
export function doubleQuote(text: string): string {
  if (CONTROL.test(text)) return ansiQuote(text);
  return `"${text.replace(/["\\$`]/g, "\\$&")}"`;
}

/** A subscript as it is written where what it holds is not to be expanded again. */
export function protectedSubscript(text: string): string {
  return text.replace(/[$`~"'\\[\]]/g, "\\$&");
}
