import { closeBrace, skipQuoted } from "./scan.ts";
import type { Piece } from "./word.ts";

/** A parameter expansion as written: `${!name[index]op arg}`. */
export interface Param {
  name: string;
  /** The whole of it, for messages. */
  text: string;
  /** `#`: length; `!`: indirect, or the names and keys. */
  prefix?: "#" | "!" | undefined;
  index?: string | undefined;
  op?: string | undefined;
  /** Raw text after the operator. */
  arg?: string | undefined;
  /** Second part of `/pattern/replacement` and of `:offset:length`. */
  arg2?: string | undefined;
  bad?: boolean | undefined;
  /** What messages call it, where another one is expanded for it. */
  said?: string;
  /** Pieces of `arg`, `arg2` and `index` once they were needed. */
  pieces?: Piece[] | undefined;
  pieces2?: Piece[] | undefined;
}

const OPS = [
  ":-",
  ":=",
  ":?",
  ":+",
  "-",
  "=",
  "?",
  "+",
  "##",
  "#",
  "%%",
  "%",
  "//",
  "/#",
  "/%",
  "/",
  "^^",
  "^",
  "~~",
  "~",
  ",,",
  ",",
  "@",
  ":",
];

/** Parses what stands between `${` and `}`. */
export function parseParam(text: string, _quoted: boolean): Param {
  const whole = `\${${text}}`;
  let i = 0;
  const param: Param = { name: "", text: whole };
  const nameAt = (at: number): number => {
    const match = /^(?:[A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*#?$!-])/.exec(text.slice(at, at + 300));
    return match ? match[0].length : 0;
  };
  if (text[0] === "#" && text.length > 1 && nameAt(1) > 0 && !/^#[-?#%/^,:=+]?$/.test(text.slice(0))) {
    const length = nameAt(1);
    const after = text[1 + length];
    if (after === undefined || after === "[") {
      param.prefix = "#";
      i = 1;
    }
  } else if (text === "#-" || text === "#?" || text === "##") {
    param.prefix = "#";
    i = 1;
  }
  if (text[0] === "!" && text.length > 1 && /[A-Za-z_0-9@*#?]/.test(text[1]!)) {
    param.prefix = "!";
    i = 1;
  }
  const length = nameAt(i);
  if (length === 0) return { ...param, bad: true };
  param.name = text.slice(i, i + length);
  i += length;
  if (text[i] === "[" && /^[A-Za-z_]/.test(param.name)) {
    const end = closeBrace(text, i + 1, "[", "]");
    param.index = text.slice(i + 1, end);
    if (param.index === "" || text[end] !== "]") return { ...param, bad: true };
    i = end + 1;
  }
  if (i >= text.length) return param;
  const rest = text.slice(i);
  if (param.prefix === "!" && (rest === "*" || rest === "@") && /^[A-Za-z_]/.test(param.name))
    return { ...param, op: "names", arg: rest };
  const op = OPS.find((candidate) => rest.startsWith(candidate));
  if (op === undefined || param.prefix === "#") return { ...param, bad: true };
  param.op = op;
  const arg = rest.slice(op.length);
  if (op === "@" && !/^[UuLQEPAKak]$/.test(arg)) return { ...param, bad: true };
  if (op[0] === "/") {
    const cut = splitAt(arg, "/", op === "/" || op === "//" ? 1 : 0);
    param.arg = cut < 0 ? arg : arg.slice(0, cut);
    param.arg2 = cut < 0 ? "" : arg.slice(cut + 1);
  } else if (op === ":") {
    const cut = splitColon(arg);
    param.arg = cut < 0 ? arg : arg.slice(0, cut);
    param.arg2 = cut < 0 ? undefined : arg.slice(cut + 1);
    if (param.arg === "" && cut < 0) param.bad = true;
  } else param.arg = arg;
  // `${#%}` is neither a length nor a parameter with an operation.
  if (param.name === "#" && arg === "" && /^([/%=+]|([,^~])\2?)$/.test(op)) param.bad = true;
  return param;
}

/** Position of an unquoted `sep`, not before `from`; -1 without. */
function splitAt(text: string, sep: string, from: number): number {
  for (let i = 0; i < text.length; ) {
    const next = skipQuoted(text, i);
    if (next > i) i = next;
    else if (text[i] === sep && i >= from) return i;
    else i++;
  }
  return -1;
}

/** The `:` between offset and length, minding `?:` and parentheses. */
function splitColon(text: string): number {
  let depth = 0;
  let questions = 0;
  for (let i = 0; i < text.length; ) {
    const next = skipQuoted(text, i);
    if (next > i) {
      i = next;
      continue;
    }
    const c = text[i]!;
    if (c === "(" || c === "[") depth++;
    else if (c === ")" || c === "]") depth--;
    else if (c === "?" && depth === 0) questions++;
    else if (c === ":" && depth === 0) {
      if (questions === 0) return i;
      questions--;
    }
    i++;
  }
  return -1;
}
