/** Escapes of text/template: for HTML, JavaScript and URL queries. */
import { encode } from "../../../kernel/index.ts";
import { isPrint } from "../../../text/go-quote.ts";

const HTML: Record<string, string> = {
  "\0": "\ufffd",
  '"': "&#34;",
  "'": "&#39;",
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
};

export function htmlEscape(text: string): string {
  return text.replace(/[\0"'&<>]/g, (char) => HTML[char]!);
}

const JS: Record<string, string> = {
  "\\": "\\\\",
  "'": "\\'",
  '"': '\\"',
  "<": "\\u003C",
  ">": "\\u003E",
  "&": "\\u0026",
  "=": "\\u003D",
};

export function jsEscape(text: string): string {
  let out = "";
  for (const char of text) {
    const code = char.codePointAt(0)!;
    const hex = code.toString(16).toUpperCase().padStart(4, "0");
    if (JS[char] !== undefined) out += JS[char];
    else if (code < 0x20 || (code >= 0x80 && !isPrint(char) && !(code >= 0xdc80 && code <= 0xdcff))) out += `\\u${hex}`;
    else out += char;
  }
  return out;
}

export function queryEscape(text: string): string {
  let out = "";
  for (const byte of encode(text)) {
    const char = String.fromCharCode(byte);
    if (/[A-Za-z0-9._~-]/.test(char)) out += char;
    else out += char === " " ? "+" : `%${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return out;
}
