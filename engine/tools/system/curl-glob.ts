import { CurlError } from "./curl-error.ts";

/** Most URLs that one pattern may stand for here. */
const MOST = 10_000;

/** An address in brackets, or brackets with nothing in them, are no pattern. */
const ADDRESS = /^\[(?:[\da-fA-F:.]*:[\da-fA-F:.]*(%[\w.-]+)?)?\]/;

/** The URLs that `{a,b}` and `[1-3]`, `[a-z:2]` stand for (src/tool_urlglob.c), with what each place became, for `#1`. */
export function globbed(text: string): { url: string; parts: string[] }[] {
  /** Literal texts, and the words of each place between them. */
  const pieces: (string | string[])[] = [];
  let literal = "";
  // Where curl says that something is wrong: behind a set it is one short.
  let short = 0;
  const wrong = (what: string, index: number) => {
    const position = index + 1;
    return new CurlError(3, `${what} in URL position ${position}:\n${text}\n${" ".repeat(position - 1)}^`);
  };
  for (let i = 0; i < text.length; ) {
    const char = text[i]!;
    if (char === "\\" && /[{}[\]]/.test(text[i + 1] ?? "")) {
      literal += text[i + 1];
      i += 2;
      continue;
    }
    const address = char === "[" ? ADDRESS.exec(text.slice(i)) : null;
    if (address !== null) {
      literal += address[0];
      i += address[0].length;
      continue;
    }
    if (char === "}" || char === "]") throw wrong("unmatched close brace/bracket", i - short);
    if (char !== "{" && char !== "[") {
      literal += char;
      i++;
      continue;
    }
    pieces.push(literal);
    literal = "";
    const { words, end } = char === "{" ? set(text, i, wrong) : range(text, i, wrong);
    if (char === "{") short++;
    pieces.push(words);
    i = end;
  }
  pieces.push(literal);
  let out: { url: string; parts: string[] }[] = [{ url: "", parts: [] }];
  for (const piece of pieces) {
    if (typeof piece === "string") for (const one of out) one.url += piece;
    else
      out = out
        .flatMap(({ url, parts }) => piece.map((word) => ({ url: url + word, parts: [...parts, word] })))
        .slice(0, MOST);
  }
  return out;
}

type Wrong = (what: string, index: number) => CurlError;

function set(text: string, start: number, wrong: Wrong): { words: string[]; end: number } {
  const words = [""];
  for (let i = start + 1; i < text.length; i++) {
    const char = text[i]!;
    if (char === "}") {
      if (i === start + 1) throw wrong("empty string within braces", i);
      return { words, end: i + 1 };
    }
    if (char === "{" || char === "[") throw wrong("nested brace", i);
    if (char === "]") throw wrong("unexpected close bracket", i);
    if (char === ",") words.push("");
    else words[words.length - 1] += char === "\\" ? (text[++i] ?? "") : char;
  }
  throw wrong("unmatched brace", start);
}

function range(text: string, start: number, wrong: Wrong): { words: string[]; end: number } {
  const rest = text.slice(start + 1);
  const letters = /^([a-zA-Z])-([a-zA-Z])(?::(\d+))?\]/.exec(rest);
  if (letters === null && !/^\d/.test(rest))
    throw wrong(/^[a-zA-Z]/.test(rest) ? "bad range" : "bad range specification", start + 1);
  const numbers = /^(\d+)-(\d+)(?::(\d+))?\]/.exec(rest);
  const match = letters ?? numbers;
  // It is told how far it could be read.
  if (match === null) throw wrong("bad range", start + 1 + /^\d+(?:-(?:\d+(?::\d*)?)?)?/.exec(rest)![0].length);
  const end = start + 1 + match[0].length;
  const value = (word: string) => (letters === null ? Number(word) : word.charCodeAt(0));
  const [from, to, step] = [value(match[1]!), value(match[2]!), Number(match[3] ?? 1)];
  if (step === 0 || from > to || (from === to ? match[3] !== undefined && step !== 1 : step > to - from))
    throw wrong("bad range", end);
  const words: string[] = [];
  const width = match[1]!.startsWith("0") ? match[1]!.length : 0;
  for (let n = from; n <= to && words.length < MOST; n += step)
    words.push(letters === null ? String(n).padStart(width, "0") : String.fromCharCode(n));
  return { words, end };
}
