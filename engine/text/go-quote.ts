/** Strings and characters as Go's strconv quotes them, which is what %q prints. */

/** unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrint(char: string): boolean {
  return char === " " || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char);
}

const NAMED: Record<string, string> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
  "\\": "\\\\",
};

/** One character as it stands in a literal; only in ASCII when asked. */
function escaped(char: string, quote: string, ascii: boolean): string {
  if (char === quote) return `\\${quote}`;
  const named = NAMED[char];
  if (named !== undefined) return named;
  const code = char.codePointAt(0)!;
  if (code >= 0xdc80 && code <= 0xdcff && quote === '"') return `\\x${(code - 0xdc00).toString(16)}`;
  if (ascii ? code < 0x7f && code >= 0x20 : isPrint(char)) return char;
  if (code < 0x20 || code === 0x7f) return `\\x${code.toString(16).padStart(2, "0")}`;
  const hex = code.toString(16);
  return code > 0xffff ? `\\U${hex.padStart(8, "0")}` : `\\u${hex.padStart(4, "0")}`;
}

/** `"text"` (strconv.Quote, QuoteToASCII). */
export function quoteString(text: string, ascii = false): string {
  if (!/[^ !#-[\]-~]/.test(text)) return `"${text}"`;
  let out = '"';
  for (const char of text) out += escaped(char, '"', ascii);
  return `${out}"`;
}

/** `'c'` (strconv.QuoteRune). */
export function quoteRune(code: number, ascii: boolean): string {
  const valid = code >= 0 && code <= 0x10ffff && !(code >= 0xd800 && code < 0xe000);
  return `'${escaped(String.fromCodePoint(valid ? code : 0xfffd), "'", ascii)}'`;
}
