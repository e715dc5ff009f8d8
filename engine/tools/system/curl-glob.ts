import { CurlError } from "./curl-error.ts";

/** Most URLs that one pattern may stand for here. */
const MOST = 10_000;

/** The URLs that `{a,b}` and `[1-3]`, `[a-z:2]` stand for (src/tool_urlglob.c), with what each place became, for `#1`. */
export function globbed(text: string): { url: string; parts: string[] }[] {
  const match = /\{([^{}]*)\}|\[(\d+)-(\d+)(?::(\d+))?\]|\[([a-zA-Z])-([a-zA-Z])(?::(\d+))?\]/.exec(text);
  if (match === null) {
    const open = /[[{]/.exec(text);
    // An address in brackets is no pattern.
    if (open === null || /^\[[\da-fA-F:.]*:[\da-fA-F:.]*(%[\w.-]+)?\]/.test(text.slice(open.index)))
      return [{ url: text, parts: [] }];
    const bracket = open[0] === "[";
    const column = open.index + (bracket ? 2 : 1);
    throw new CurlError(
      3,
      `${bracket ? "bad range" : "unmatched brace"} in URL position ${column}:\n${text}\n${" ".repeat(column - 1)}^`,
    );
  }
  const [whole, list, from, to, step = "1", first, last, stride = "1"] = match;
  const words: string[] = [];
  if (list !== undefined) words.push(...list.split(","));
  else if (from !== undefined) {
    const width = from.startsWith("0") ? from.length : 0;
    if (Number(from) > Number(to)) throw new CurlError(3, `bad range in URL position ${match.index + 2}:\n${text}`);
    for (let n = Number(from); n <= Number(to) && words.length < MOST; n += Number(step) || 1)
      words.push(String(n).padStart(width, "0"));
  } else
    for (let code = first!.charCodeAt(0); code <= last!.charCodeAt(0); code += Number(stride) || 1)
      words.push(String.fromCharCode(code));
  const [before, after] = [text.slice(0, match.index), text.slice(match.index + whole.length)];
  return words.flatMap((word) =>
    globbed(after).map(({ url, parts }) => ({ url: before + word + url, parts: [word, ...parts] })),
  );
}
