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
    "vmap dnat snat redirect comment flags timeout handle inet ip6 arp bridge netdev limit quota rate"
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

/** Blanks, then one of: a comment, the backslash of a line that goes on, a quoted text, a sign, a word. */
const TOKEN = /[ \t]*(?:(#)|(\\$)|"([^"]*)"?|(==|[{},;()=|&'])|([^ \t{},;()|&"']+))/y;

/** Cuts a line into tokens; its end is one. */
function scan(text: string, line: number, tokens: Token[]): void {
  TOKEN.lastIndex = 0;
  for (;;) {
    // The match begins with blanks.
    const start = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null || match[1] !== undefined) break;
    if (match[2] !== undefined) return;
    let from = start;
    while (text[from] === " " || text[from] === "\t") from++;
    const quoted = match[3] !== undefined;
    tokens.push({ text: match[3] ?? match[4] ?? match[5] ?? "", quoted, line, from, to: TOKEN.lastIndex });
  }
  tokens.push({ text: "\n", quoted: false, line, from: text.length, to: text.length + 1 });
}

/** Tokens that were read and are kept. */
const KEPT = 8;
const ENOUGH = 256;

/** A place in the input, whose lines are cut when it comes to them. */
export class Reader {
  readonly lines: readonly string[];
  private scanned = 0;
  private readonly tokens: Token[] = [];
  private at = 0;

  constructor(input: string) {
    this.lines = input.split("\n");
  }

  get done(): boolean {
    while (this.at >= this.tokens.length && this.more());
    return this.at >= this.tokens.length;
  }

  private more(): boolean {
    if (this.scanned >= this.lines.length) return false;
    if (this.at > ENOUGH) {
      this.tokens.splice(0, this.at - KEPT);
      this.at = KEPT;
    }
    scan(this.lines[this.scanned]!, this.scanned, this.tokens);
    this.scanned++;
    return true;
  }

  /** What `$NAME` stands for: by `define`. */
  private readonly defined = new Map<string, readonly Token[]>();

  define(name: string, value: readonly Token[]): void {
    this.defined.set(name, value);
  }

  peek(ahead = 0): Token {
    while (this.at + ahead >= this.tokens.length && this.more());
    const token = this.tokens[this.at + ahead];
    if (token?.text.startsWith("$") && !token.quoted) this.expand(this.at + ahead, token);
    return this.tokens[this.at + ahead] ?? this.end();
  }

  /** Puts a variable's words in its place. */
  private expand(at: number, token: Token): void {
    const value = this.defined.get(token.text.slice(1));
    const place = { ...token, from: token.from + 1 };
    if (value === undefined) throw new NftError(`unknown identifier '${token.text.slice(1)}'`, place);
    const { line, from, to } = token;
    this.tokens.splice(at, 1, ...value.map((word) => ({ ...word, line, from, to })));
  }

  private end(): Token {
    const last = this.tokens.at(-1);
    const from = last?.to ?? 0;
    return { text: "", quoted: false, line: last?.line ?? 0, from, to: from + 1 };
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
