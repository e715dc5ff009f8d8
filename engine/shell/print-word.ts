import { ansiC, singleQuote } from "./quote.ts";
import { APOSTROPHE, closeArith, closeBacktick, closeParameter, closeParen, hasPattern } from "./scan.ts";
import { parseText } from "./source.ts";
import { closeQuote } from "./word.ts";

/**
 * A word as bash keeps it once it was read, which is what it prints of a function: `$'…'` is decoded, and the commands of
 * `$(…)` are laid out anew. `commands` lays them out.
 */
export function printedWord(
  written: string,
  commands: (text: string) => string | undefined,
  quoted = false,
  braced = false,
): string {
  const text = written.replaceAll(APOSTROPHE, "'");
  if (!/[$`<>\\]/.test(text)) return text;
  let out = "";
  let i = 0;
  const copy = (end: number) => {
    out += text.slice(i, end);
    i = end;
  };
  while (i < text.length) {
    const c = text[i]!;
    const next = text[i + 1];
    // A line that goes on was joined as it was read.
    if (c === "\\" && next === "\n") i += 2;
    else if (c === "\\") copy(i + 2);
    else if (c === "'" && !quoted) {
      const close = text.indexOf("'", i + 1);
      copy(close < 0 ? text.length : close + 1);
    } else if (c === '"' && !quoted) {
      const close = closeQuote(text, i + 1);
      out += `"${printedWord(text.slice(i + 1, close), commands, true)}"`;
      i = close + 1;
    } else if (c === "`") {
      const close = closeBacktick(text, i + 1) + 1;
      out += text.slice(i, close).replaceAll("\\\n", "");
      i = close;
    } else if (c === "$" && next === "'" && (!quoted || braced)) {
      const { value, end } = ansiC(text, i + 2);
      out += singleQuote(value);
      i = end;
    } else if (c === "$" && next === '"' && !quoted) i++;
    else if (c === "$" && next === "(" && text[i + 2] === "(") {
      // What turns out to be no expression was read as it is.
      const close = closeArith(text, i + 3);
      const end = close >= 0 ? close + 2 : closeParen(text, i + 2) + 1;
      out += text.slice(i, end).replaceAll("\\\n", "");
      i = end;
    } else if ((c === "$" || ((c === "<" || c === ">") && !quoted)) && next === "(") {
      const close = closeParen(text, i + 2);
      const inner = text.slice(i + 2, close);
      const laid = commands(inner) ?? inner;
      out += `${c}(${laid.startsWith("(") ? " " : ""}${laid})`;
      i = close + 1;
    } else if (c === "$" && next === "{") {
      const close = closeParameter(text, i + 2, quoted);
      const inner = text.slice(i + 2, close);
      const shown = printedWord(inner, commands, quoted, !quoted || hasPattern(inner, 0));
      out += `\${${shown}${close < text.length ? "}" : ""}`;
      i = close + 1;
    } else copy(i + 1);
  }
  return out;
}

/** The statements of a text without mistakes; undefined otherwise. */
export function statementsOf(text: string) {
  const script = parseText(text);
  return script.errors === undefined || script.errors.length === 0 ? script.commands : undefined;
}
