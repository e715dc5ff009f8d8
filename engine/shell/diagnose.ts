import { Grammar } from "./grammar.ts";
import { KEYWORDS } from "./keywords.ts";
import { Unclosed, Unexpected, type Within } from "./mistakes.ts";
import type { Rules } from "./quoting.ts";

/** A syntax error as bash words it. */
export interface SyntaxProblem {
  message: string;
  /** Line on which bash notices it, from 1. */
  line: number;
  /** Line on which dash notices it. */
  dashLine: number;
  /** The line is shown after the message. */
  quote: boolean;
  /** Where the command that holds it begins. */
  start: number;
  /** Wordings of dash and busybox. */
  dash: string;
  busybox: string;
  /** More input could make it right. */
  incomplete: boolean;
  within: Within;
  /** A here-document that was looked for to the end: its operator's line and its delimiter. */
  heredoc?: { line: number; wanted: string } | undefined;
  /** Where bash reads on after mistakes that cost it a line only. */
  resume: number;
}

/** Bash's message for what stopped the grammar; lines are counted from the text's beginning. */
export function problemOf(error: unknown, grammar: Grammar): SyntaxProblem {
  const { text } = grammar;
  const lineOf = (at: number) => text.slice(0, at).split("\n").length;
  const lastLine = text.replace(/\n$/, "").split("\n").length + 1;
  const start = grammar.commandStart;
  if (error instanceof Unclosed) {
    const { what, within } = error;
    return {
      message: `unexpected EOF while looking for matching \`${what}'`,
      line: error.atEnd ? lastLine : lineOf(error.at),
      // Dash notices at once that a name has no bracket behind it.
      dashLine: (what === "}" && /^\$?\{?\w+\n/.test(text.slice(error.at)) ? text.replace(/\n$/, "") : text).split("\n")
        .length,
      quote: false,
      start,
      ...unclosedElsewhere(what),
      heredoc: what === ")" ? openHeredoc(text, start) : undefined,
      incomplete: true,
      within,
      resume: text.length,
    };
  }
  if (!(error instanceof Unexpected)) throw error;
  const { token, expecting, within, plain } = error;
  const hint = expecting === undefined ? "" : ` (expecting "${expecting}")`;
  if (token.kind === "end") {
    return {
      message: error.message ?? "syntax error: unexpected end of file",
      line: lastLine,
      dashLine: text.split("\n").length,
      quote: false,
      start,
      dash: `Syntax error: end of file unexpected${hint}`,
      busybox: `syntax error: unexpected end of file${hint}`,
      heredoc: openHeredoc(text, start),
      incomplete: true,
      within,
      resume: text.length,
    };
  }
  const line = lineOf(token.at);
  const newline = text.indexOf("\n", token.at);
  const word = token.kind === "word" && !KEYWORDS.has(token.text);
  const redirection = token.kind === "operator" && /^[<>]/.test(token.text);
  const shown = word ? "word" : token.kind === "newline" ? "newline" : redirection ? "redirection" : `"${token.text}"`;
  return {
    message: error.message ?? `syntax error near unexpected token \`${token.text}'`,
    line,
    // Dash counts a newline before it looks at it.
    dashLine: token.kind === "newline" && text[token.at] === "\n" ? line + 1 : line,
    quote: !error.message?.startsWith("maximum"),
    start,
    dash: `Syntax error: ${plain ?? `${shown} unexpected${hint}`}`,
    busybox: `syntax error: ${plain === undefined ? `unexpected ${shown}${hint}` : plain.replace(/^./, (c) => c.toLowerCase())}`,
    incomplete: false,
    within,
    resume: newline < 0 ? text.length : newline + 1,
  };
}

/** The here-document that a command which is not finished looks for the end of. */
function openHeredoc(text: string, start: number): SyntaxProblem["heredoc"] {
  const operator = /(?<!<)<<(-?)[ \t]*(['"\\]?)([\w.-]+)\2/g;
  for (const found of text.slice(start).matchAll(operator)) {
    const at = start + found.index;
    const [, tabs, , wanted] = found as unknown as string[];
    const lines = text.slice(at).split("\n").slice(1);
    if (lines.some((line) => (tabs ? line.replace(/^\t+/, "") : line) === wanted)) continue;
    return { line: text.slice(0, at).split("\n").length, wanted: wanted! };
  }
  return undefined;
}

/** What dash and busybox say of a quote or bracket without its end. */
function unclosedElsewhere(what: string): { dash: string; busybox: string } {
  switch (what) {
    case ")":
      return {
        dash: 'Syntax error: end of file unexpected (expecting ")")',
        busybox: 'syntax error: unexpected end of file (expecting ")")',
      };
    case "}":
      return { dash: "Syntax error: Missing '}'", busybox: "syntax error: missing '}'" };
    case "`":
      return {
        dash: "Syntax error: EOF in backquote substitution",
        busybox: "syntax error: EOF in backquote substitution",
      };
    default:
      return { dash: "Syntax error: Unterminated quoted string", busybox: "syntax error: unterminated quoted string" };
  }
}

/** The first mistake in a text, and whether it ends within a heredoc. */
export function examine(text: string, rules: Rules): { problem: SyntaxProblem | undefined; openHeredoc: boolean } {
  const grammar = new Grammar(text, rules);
  let problem: SyntaxProblem | undefined;
  try {
    grammar.program();
  } catch (error) {
    problem = problemOf(error, grammar);
  }
  return { problem, openHeredoc: grammar.openHeredoc };
}
