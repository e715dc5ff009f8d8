/** What the reader stumbles over. */

/** A token; `at`: where it begins. */
export interface Token {
  kind: "word" | "operator" | "newline" | "end";
  text: string;
  at: number;
}

/** Bash goes on in its own ways after mistakes in these. */
export type Within = "array" | "substitution" | undefined;

/** A quote or bracket that is never closed. */
export class Unclosed {
  readonly what: string;
  readonly at: number;
  /** Bash counts this error at the end of the text. */
  readonly atEnd: boolean;
  within: Within;

  constructor(what: string, at: number, atEnd = false) {
    this.what = what;
    this.at = at;
    this.atEnd = atEnd;
  }
}

/** Thrown at the first token that does not fit. */
export class Unexpected {
  readonly token: Token;
  /** What dash would have here. */
  readonly expecting: string | undefined;
  readonly message: string | undefined;
  within: Within;

  /** What dash and busybox say. */
  readonly plain: string | undefined;

  constructor(token: Token, expecting?: string, message?: string, plain?: string) {
    this.plain = plain;
    this.token = token;
    this.expecting = expecting;
    this.message = message;
  }
}
