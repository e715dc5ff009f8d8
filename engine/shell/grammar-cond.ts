import { Unexpected } from "./grammar.ts";
import type { Token } from "./tokens.ts";

/** Parts the two lines that bash prints of one mistake: the second names the token it is near. */
export const NEAR = "\0";

/** A mistake in a condition: bash says what it is, and then near which token. */
function wrong(token: Token, what: string): Unexpected {
  return new Unexpected(token, undefined, `${what}${NEAR}${token.kind === "newline" ? "newline" : token.text}`);
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
  next(): void;
  kind(): Token["kind"];
  is(text: string): boolean;
  newlines(): void;
}

/** Reads `[[ … ]]`, the opening brackets being the current token; throws at what bash complains about. */
export function readConditional(g: TokenReader): void {
  const BINARY = /^(=|==|!=|=~|<|>|-eq|-ne|-lt|-le|-gt|-ge|-nt|-ot|-ef)$/;
  g.next();
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
      if (!g.is(")")) throw wrong(g.token, `unexpected token \`${g.token.text}', expected \`)'`);
      g.next();
      return;
    }
    if (g.kind() === "operator" || g.is("]]")) {
      if (g.kind() === "operator")
        throw new Unexpected(
          g.token,
          undefined,
          `unexpected token \`${g.token.text}' in conditional command${NEAR}${g.token.text.slice(-1)}`,
        );
      throw new Unexpected(g.token, undefined, `syntax error near \`${g.token.text}'`);
    }
    const unary = /^-[a-hknoprstuvwxzGLNORS]$/.test(g.token.text);
    g.next();
    if (unary && g.kind() !== "end") {
      if (g.kind() !== "word" || g.is("]]"))
        throw wrong(g.token, `unexpected argument \`${g.token.text}' to conditional unary operator`);
      g.next();
      return;
    }
    if (BINARY.test(g.token.text)) {
      const regex = g.is("=~");
      g.next();
      if (g.is("]]")) throw wrong(g.token, "unexpected argument `]]' to conditional binary operator");
      if (regex) while (g.kind() !== "end" && !g.is("]]") && !g.is("&&") && g.text[g.token.at - 1] !== " ") g.next();
      else g.next();
      if (regex && !g.is("]]") && !g.is("&&") && !g.is("||")) {
        while (g.kind() !== "end" && !g.is("]]") && !g.is("&&") && !g.is("||")) g.next();
      }
      return;
    }
    if (!g.is("]]") && !g.is("&&") && !g.is("||") && !g.is(")")) {
      if (g.kind() === "end") throw unfinished(g);
      throw wrong(g.token, "conditional binary operator expected");
    }
  };
  const and = (): void => {
    term();
    while (g.is("&&")) {
      g.next();
      g.newlines();
      term();
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
    throw wrong(g.token, "syntax error in conditional expression");
  }
  g.next();
}
