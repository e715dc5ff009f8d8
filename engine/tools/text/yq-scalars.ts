/** How a text may stand in YAML (go-yaml v3's emitterc.go and resolve.go). */

/** Plain texts that are read as numbers, truth values, times or nothing. */
const OTHERS =
  /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\d[\d_]*)?\.?\d[\d_]*(?:[eE][-+]?\d+)?|[-+]?\d[\d_]*\.|[-+]?0x[\da-fA-F_]+|[-+]?0b[01_]+|[-+]?0o[0-7_]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|\d{4}-\d{1,2}-\d{1,2}(?:[Tt ].*)?|<<)$/;

/** Whether a plain text would be read as something else than a text. */
export const readsAsOther = (text: string): boolean => OTHERS.test(text);

export interface Shape {
  multiline: boolean;
  plainInFlow: boolean;
  plainInBlock: boolean;
  single: boolean;
  block: boolean;
}

const printable = (code: number): boolean =>
  code === 0x0a ||
  code === 0x09 ||
  (code >= 0x20 && code <= 0x7e) ||
  code === 0x85 ||
  (code >= 0xa0 && code <= 0xd7ff) ||
  (code >= 0xe000 && code <= 0xfffd && code !== 0xfeff) ||
  code >= 0x10000;

const isBreak = (char: string): boolean => /^[\r\n\u0085\u2028\u2029]$/.test(char);

/** In which styles a text may be written. */
export function shapeOf(text: string): Shape {
  if (text === "") return { multiline: false, plainInFlow: false, plainInBlock: true, single: true, block: false };
  const chars = [...text];
  let [flow, block, special, tabs, breaks, breakSpace, spaceBreak] = [false, false, false, false, false, false, false];
  if (/^(?:---|\.\.\.)/.test(text)) flow = block = true;
  for (const [i, char] of chars.entries()) {
    const next = chars[i + 1];
    const blankNext = next === undefined || /[ \t]/.test(next) || isBreak(next);
    const before = chars[i - 1];
    const blankBefore = before === undefined || /[ \t]/.test(before) || isBreak(before);
    if (i === 0) {
      if (/[#,[\]{}&*!|>'"%@`]/.test(char)) flow = block = true;
      else if (char === "?" || char === ":") {
        flow = true;
        if (blankNext) block = true;
      } else if (char === "-" && blankNext) flow = block = true;
    } else if (/[,?[\]{}]/.test(char)) flow = true;
    else if (char === ":") {
      flow = true;
      if (blankNext) block = true;
    } else if (char === "#" && blankBefore) flow = block = true;
    if (char === "\t") tabs = true;
    else if (!printable(char.codePointAt(0)!)) special = true;
    if (char === " ") {
      if (before !== undefined && isBreak(before)) breakSpace = true;
    } else if (isBreak(char)) {
      breaks = true;
      if (before === " ") spaceBreak = true;
    }
  }
  const [first, last] = [chars[0]!, chars.at(-1)!];
  const edges = first === " " || isBreak(first) || last === " " || isBreak(last);
  const bad = spaceBreak || tabs || special;
  return {
    multiline: breaks,
    plainInFlow: !edges && !breakSpace && !bad && !breaks && !flow,
    plainInBlock: !edges && !breakSpace && !bad && !breaks && !block,
    single: !breakSpace && !bad,
    block: last !== " " && !spaceBreak && !special,
  };
}

const ESCAPES: Readonly<Record<string, string>> = {
  "\0": "0",
  "\u0007": "a",
  "\b": "b",
  "\t": "t",
  "\n": "n",
  "\v": "v",
  "\f": "f",
  "\r": "r",
  "\u001b": "e",
  '"': '"',
  "\\": "\\",
  "\u0085": "N",
  "\u00a0": "_",
  "\u2028": "L",
  "\u2029": "P",
};

/** In double quotes. */
export function inDoubleQuotes(text: string): string {
  let out = '"';
  for (const char of text) {
    const code = char.codePointAt(0)!;
    if (printable(code) && !isBreak(char) && char !== '"' && char !== "\\" && char !== "\t") {
      out += char;
      continue;
    }
    const short = ESCAPES[char];
    const hex = (size: number) => code.toString(16).toUpperCase().padStart(size, "0");
    if (short !== undefined) out += `\\${short}`;
    else if (code <= 0xff) out += `\\x${hex(2)}`;
    else out += code <= 0xffff ? `\\u${hex(4)}` : `\\U${hex(8)}`;
  }
  return `${out}"`;
}

/** What follows `|` or `>`: an indentation where the text begins with blanks, and what becomes of its end. */
export function blockHints(text: string, step: number): string {
  const lead = /^[ \n]/.test(text) ? String(step) : "";
  if (!text.endsWith("\n")) return `${lead}-`;
  return lead + (text === "\n" || text.endsWith("\n\n") ? "+" : "");
}
