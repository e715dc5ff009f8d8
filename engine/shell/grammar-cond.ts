import { type Token, Unexpected } from "./mistakes.ts";
import type { Place } from "./tokens.ts";

/** Parts the two lines that bash prints of one mistake: the second names the token it is near. */
export const NEAR = "\0";

/** A mistake in a condition: bash says what it is, and then near which token. */
function wrong(g: TokenReader, what: string): Unexpected {
  return new Unexpected(g.token, undefined, `${what}${NEAR}${near(g.text, g.end)}`);
}

/** The text ends within a condition: bash says so twice, and counts the second at its end. */
function unfinished(g: TokenReader): Unexpected {
  return new Unexpected(g.token, undefined, `unexpected EOF while looking for \`]]'${ATEND}`);
}

/** Ends a message after which bash says that the text ended unexpectedly. */
export const ATEND = "\x01";

/** Parts a message from the construct that it is about, which bash then shows in place of the line. */
export const WHOLE = "\x02";

/** What of the grammar reading `[[ … ]]` needs. */
export interface TokenReader {
  readonly text: string;
  readonly token: Token;
  next(place?: Place): void;
  /** Where the token that was read last ends. */
  readonly end: number;
  kind(): Token["kind"];
  is(text: string): boolean;
  newlines(): void;
}

const BINARY = new Set([
  "=",
  "==",
  "!=",
  "=~",
  "<",
  ">",
  "-eq",
  "-ne",
  "-lt",
  "-le",
  "-gt",
  "-ge",
  "-nt",
  "-ot",
  "-ef",
]);
const UNARY = /^-[a-hknoprstuvwxzGLNORS]$/;

/**
 * What bash takes for the wrong token: the word before the place up to which its line was read (error_token_from_text of
 * its parse.y).
 */
export function near(text: string, end: number): string {
  let i = end;
  const start = text.lastIndexOf("\n", end - 2) + 1;
  if (i >= text.length || text[i - 1] === "\n") i--;
  while (i > start && /[ \t\n]/.test(text[i] ?? " ")) i--;
  const last = i + 1;
  while (i > start && !/[ \t\n;|&]/.test(text[i]!)) i--;
  while (i < last - 1 && /[ \t\n]/.test(text[i]!)) i++;
  return text.slice(i, last);
}

/** Words and operators are named by bash; `what` says where. */
function token(g: TokenReader, what: (shown: string | undefined) => string): Unexpected {
  const shown = g.kind() === "operator" || g.kind() === "newline" ? g.token.text : undefined;
  return new Unexpected(g.token, undefined, `${what(shown)}${NEAR}${near(g.text, g.end)}`);
}

/** Reads `[[ … ]]`, the opening brackets being the current token; throws at what bash complains about. */
export function readConditional(g: TokenReader): void {
  g.next();
  g.newlines();
  const binary = (): void => {
    const pattern = g.is("==") || g.is("!=") || g.is("=");
    const regex = g.is("=~");
    g.next({ pattern, regex });
    if (g.kind() === "end") throw unfinished(g);
    if (g.kind() === "word" && !g.is("]]")) {
      g.next();
      return;
    }
    if (g.kind() === "word") throw wrong(g, "unexpected argument `]]' to conditional binary operator");
    throw token(g, (shown) => `unexpected argument \`${shown}' to conditional binary operator`);
  };
  const term = (): void => {
    if (g.kind() === "end") throw unfinished(g);
    if (g.is("!")) {
      g.next();
      term();
      return;
    }
    if (g.is("(")) {
      g.next();
      or();
      if (!g.is(")")) throw wrong(g, `unexpected token \`${g.token.text}', expected \`)'`);
      g.next();
      return;
    }
    if (g.is("]]")) throw new Unexpected(g.token, undefined, `syntax error near \`${near(g.text, g.end)}'`);
    if (g.kind() !== "word") throw token(g, (shown) => `unexpected token \`${shown}' in conditional command`);
    const unary = UNARY.test(g.token.text);
    g.next();
    if (unary && g.kind() !== "end") {
      if (g.kind() !== "word" || g.is("]]"))
        throw wrong(g, `unexpected argument \`${g.token.text}' to conditional unary operator`);
      g.next();
      return;
    }
    if (BINARY.has(g.token.text)) {
      binary();
      return;
    }
    if (g.is("]]") || g.is("&&") || g.is("||") || g.is(")")) return;
    if (g.kind() === "end") throw unfinished(g);
    if (g.kind() === "word") throw wrong(g, "conditional binary operator expected");
    throw token(g, (shown) => `unexpected token \`${shown}', conditional binary operator expected`);
  };
  const and = (): void => {
    term();
    g.newlines();
    while (g.is("&&")) {
      g.next();
      g.newlines();
      term();
      g.newlines();
    }
  };
  const or = (): void => {
    and();
    while (g.is("||")) {
      g.next();
      g.newlines();
      and();
    }
  };
  or();
  if (!g.is("]]")) {
    if (g.kind() === "end") throw unfinished(g);
    throw token(
      g,
      (shown) => `syntax error in conditional expression${shown === undefined ? "" : `: unexpected token \`${shown}'`}`,
    );
  }
  g.next();
}
