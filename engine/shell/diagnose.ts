import type { ParseError } from "unbash";

/** A syntax error as bash words it. */
export interface SyntaxProblem {
  message: string;
  /** Line on which bash notices it, from 1. */
  line: number;
  /** The line is shown after the message. */
  quote: boolean;
  /** Where the command that holds it begins. */
  start: number;
  /** Dash's wording. */
  dash: string;
  /** More input could make it right. */
  incomplete: boolean;
}

/** Turns the parser's errors into bash's message. */
export function diagnose(text: string, errors: readonly ParseError[]): SyntaxProblem {
  const error = errors[0]!;
  const lines = text.slice(0, error.pos).split("\n").length;
  return {
    message: `syntax error: ${error.message}`,
    line: lines,
    quote: false,
    start: error.pos,
    dash: "Syntax error",
    incomplete: false,
  };
}
