/** Words of nft's language, with their places for messages (src/scanner.l). */

export interface Token {
  text: string;
  quoted: boolean;
  /** Index of its line, first column and the one after its last. */
  line: number;
  from: number;
  to: number;
}

/** A complaint about a place in the input; `later` ones are the kernel's. */
export class NftError extends Error {
  readonly at: Token;

  constructor(message: string, at: Token) {
    super(message);
    this.at = at;
  }
}

const NAME = /^[A-Za-z_][\w./-]*$/;

/** Words that the grammar knows: a message names them as they are. */
const KEYWORDS: ReadonlySet<string> = new Set(
  (
    "accept add chain counter create delete drop element flush goto insert ip jump list map masquerade meta position " +
    "reject replace return rule ruleset set table tables chains sets maps tcp udp th ct fib type hook priority policy " +
    "vmap dnat snat redirect comment flags timeout handle inet ip6 arp bridge netdev"
  ).split(" "),
);

/** What a message calls a token. */
export function called({ text, quoted }: Token): string {
  if (text === "\n") return "newline";
  if (text === "" && !quoted) return "end of file";
  if (quoted) return "quoted string";
  if (text === ";") return "semicolon";
  if (KEYWORDS.has(text) || !/\w/.test(text)) return text;
  return /^\d+$/.test(text) ? "number" : "string";
}

/** Cuts input into tokens; the end of a line is one. */
export function scan(input: string): { tokens: Token[]; lines: string[] } {
  const lines = input.split("\n");
  const tokens: Token[] = [];
  for (const [line, text] of lines.entries()) {
    let at = 0;
    let continued = false;
    while (at < text.length) {
      const char = text[at]!;
      if (char === " " || char === "\t") {
        at++;
        continue;
      }
      if (char === "#") break;
      if (char === "\\" && at === text.length - 1) {
        continued = true;
        break;
      }
      const from = at;
      if (char === '"') {
        const end = text.indexOf('"', at + 1);
        at = end < 0 ? text.length : end + 1;
        tokens.push({ text: text.slice(from + 1, end < 0 ? text.length : end), quoted: true, line, from, to: at });
        continue;
      }
      if ("{},;()=|&".includes(char)) {
        at++;
        if (char === "=" && text[at] === "=") at++;
      } else while (at < text.length && !' \t{},;()|&"'.includes(text[at]!)) at++;
      tokens.push({ text: text.slice(from, at), quoted: false, line, from, to: at });
    }
    if (!continued) tokens.push({ text: "\n", quoted: false, line, from: text.length, to: text.length + 1 });
  }
  return { tokens, lines };
}

/** A place in the tokens. */
export class Reader {
  private readonly tokens: readonly Token[];
  private at = 0;

  constructor(tokens: readonly Token[]) {
    this.tokens = tokens;
  }

  get done(): boolean {
    return this.at >= this.tokens.length;
  }

  peek(ahead = 0): Token {
    const last = this.tokens.at(-1);
    return (
      this.tokens[this.at + ahead] ?? {
        text: "",
        quoted: false,
        line: last?.line ?? 0,
        from: last?.to ?? 0,
        to: (last?.to ?? 0) + 1,
      }
    );
  }

  next(): Token {
    const token = this.peek();
    this.at++;
    return token;
  }

  is(text: string, ahead = 0): boolean {
    const token = this.peek(ahead);
    return token.text === text && !token.quoted;
  }

  take(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  /** Skips ends of lines and `;`. */
  pastEnds(): void {
    while (this.is("\n") || this.is(";")) this.at++;
  }

  get ended(): boolean {
    return this.done || this.is("\n") || this.is(";") || this.is("}");
  }

  expect(text: string): Token {
    if (!this.is(text)) throw this.unexpected();
    return this.next();
  }

  /** A name of a table, chain, set. */
  name(): Token {
    const token = this.peek();
    if (!NAME.test(token.text)) throw this.unexpected("string or last");
    return this.next();
  }

  unexpected(wanted?: string): NftError {
    const token = this.peek();
    const expecting = wanted === undefined ? "" : `, expecting ${wanted}`;
    return new NftError(`syntax error, unexpected ${called(token)}${expecting}`, token);
  }
}
