import type { ParseError } from "unbash";
import { Grammar, RESERVED, Unexpected } from "./grammar.ts";
import { Unclosed } from "./tokens.ts";

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
}

/** Turns the parser's errors into bash's message: the text is read again by bash's grammar up to the first mistake. */
export function diagnose(text: string, errors: readonly ParseError[]): SyntaxProblem | undefined {
  const lineOf = (at: number) => text.slice(0, at).split("\n").length;
  const lastLine = text.replace(/\n$/, "").split("\n").length + 1;
  const grammar = new Grammar(text);
  try {
    grammar.program();
  } catch (error) {
    const start = grammar.commandStart;
    if (error instanceof Unclosed) {
      const line = error.atEnd ? lastLine : lineOf(error.at);
      const message = `unexpected EOF while looking for matching \`${error.what}'`;
      const dash =
        error.what === ")" || error.what === "}"
          ? `Syntax error: end of file unexpected${error.what === ")" ? ' (expecting ")")' : ""}`
          : error.what === "`"
            ? "Syntax error: EOF in backquote substitution"
            : "Syntax error: Unterminated quoted string";
      const busybox =
        error.what === "}"
          ? "syntax error: missing '}'"
          : error.what === ")"
            ? 'syntax error: unexpected end of file (expecting ")")'
            : error.what === "`"
              ? "syntax error: EOF in backquote substitution"
              : "syntax error: unterminated quoted string";
      return { message, line, dashLine: text.split("\n").length, quote: false, start, dash, busybox, incomplete: true };
    }
    if (!(error instanceof Unexpected)) throw error;
    const { token, expecting } = error;
    const hint = expecting === undefined ? "" : ` (expecting "${expecting}")`;
    if (token.kind === "end") {
      const dash = `Syntax error: end of file unexpected${hint}`;
      const busybox = `syntax error: unexpected end of file${hint}`;
      return {
        message: error.message ?? "syntax error: unexpected end of file",
        line: lastLine,
        dashLine: text.split("\n").length,
        quote: false,
        start,
        dash,
        busybox,
        incomplete: true,
      };
    }
    const line = lineOf(token.at);
    const shown = token.kind === "newline" ? "newline" : `"${token.text}"`;
    const message = error.message ?? `syntax error near unexpected token \`${token.text}'`;
    const word = token.kind === "word" && !RESERVED.has(token.text);
    return {
      message,
      line,
      dashLine: line,
      quote: true,
      start,
      dash: `Syntax error: ${word ? "word" : shown} unexpected${hint}`,
      busybox: `syntax error: unexpected ${word ? "word" : shown}${hint}`,
      incomplete: false,
    };
  }
  if (grammar.openHeredoc) {
    // Bash only warns; the text up to the end is the document.
    return undefined;
  }
  const [first] = errors;
  if (first === undefined || /heredoc|here-document/i.test(first.message)) return undefined;
  return undefined;
}

/** True when a heredoc in the text has no end yet. */
export function endsInHeredoc(text: string): boolean {
  if (!text.includes("<<")) return false;
  const grammar = new Grammar(text);
  try {
    grammar.program();
  } catch (error) {
    if (!(error instanceof Unclosed) && !(error instanceof Unexpected)) throw error;
  }
  return grammar.openHeredoc;
}
