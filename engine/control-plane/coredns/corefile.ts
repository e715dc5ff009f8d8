/** The Corefile: server blocks of directives (coredns.io/manual, caddy's lexer). */

/** One directive: `name args…`, perhaps with a block of lines. */
export interface Directive {
  name: string;
  args: readonly string[];
  block: readonly Directive[];
  line: number;
}

export interface ServerBlock {
  /** Zones that it answers for, without the final dot; "" is the root. */
  zones: { zone: string; port: number }[];
  directives: readonly Directive[];
}

/** What CoreDNS says of a file that it cannot start with. */
export class CorefileError extends Error {}

interface Token {
  text: string;
  file: string;
  line: number;
  quoted: boolean;
}

/** A file that `import` names, as `path` and its text. */
export type ImportFiles = (pattern: string) => readonly { path: string; text: string }[];

function tokensOf(text: string, file: string): Token[] {
  const out: Token[] = [];
  let line = 1;
  const scanner = /\n|"(?:[^"\\]|\\[\s\S])*"|`[^`]*`|#[^\n]*|[^\s]+/g;
  for (const [word] of text.matchAll(scanner)) {
    if (word === "\n") line++;
    else if (!word.startsWith("#")) {
      const quoted = word.length > 1 && /^["`]/.test(word);
      const bare = quoted ? word.slice(1, -1).replace(/\\"/g, '"') : word;
      out.push({ text: bare, file, line, quoted });
      if (quoted) line += word.split("\n").length - 1;
    }
  }
  return out;
}

/**
 * Reads a Corefile (coredns/caddy caddyfile/parse.go): `valid` knows the names of directives, `files` what `import`
 * means. Throws CorefileError at the first mistake, in the words of the real reader.
 */
export function parseCorefile(
  text: string,
  path: string,
  environment: ReadonlyMap<string, string>,
  valid: (directive: string) => boolean = () => true,
  files: ImportFiles = () => [],
): ServerBlock[] {
  return new Reader(tokensOf(text, path), environment, valid, files).blocks();
}

/** How often one text may be imported before it is taken for a circle. */
const MOST_IMPORTS = 500;

class Reader {
  private readonly tokens: Token[];
  private readonly environment: ReadonlyMap<string, string>;
  private readonly valid: (directive: string) => boolean;
  private readonly files: ImportFiles;
  private readonly snippets = new Map<string, readonly Token[]>();
  private at = -1;
  private imports = 0;

  constructor(
    tokens: Token[],
    environment: ReadonlyMap<string, string>,
    valid: (directive: string) => boolean,
    files: ImportFiles,
  ) {
    this.tokens = tokens;
    this.environment = environment;
    this.valid = valid;
    this.files = files;
  }

  blocks(): ServerBlock[] {
    const out: ServerBlock[] = [];
    while (this.next()) {
      const block = this.block();
      if (block !== undefined) out.push(block);
    }
    return out;
  }

  private block(): ServerBlock | undefined {
    const keys = this.addresses();
    if (keys === undefined) return undefined;
    const [key = ""] = keys;
    if (keys.length === 1 && /^\(.*\)$/.test(key)) {
      this.snippets.set(key.slice(1, -1), this.snippet());
      return undefined;
    }
    const braces = this.is("{");
    // A file of one server needs no braces.
    if (!braces) this.at--;
    const directives = this.directives();
    if (braces && !this.is("}")) throw this.syntax("}");
    return { zones: keys.map((one) => zoneOf(one)), directives };
  }

  /** The keys up to the opening brace or the end of their line; undefined after an `import` of nothing. */
  private addresses(): string[] | undefined {
    const keys: string[] = [];
    for (let another = false; ; ) {
      if (this.is("import") && this.newLine()) {
        this.import();
        if (this.at >= this.tokens.length) return undefined;
        continue;
      }
      const text = this.value();
      if (this.is("{")) {
        if (another) throw this.error(`Expected another address but had '${text}' - check for extra comma`);
        return keys;
      }
      if (text !== "") {
        another = text.endsWith(",");
        keys.push(...text.split(",").filter((part) => part !== ""));
      }
      if (!this.next()) {
        if (another) throw this.error("Unexpected EOF");
        this.at++;
        return keys;
      }
      if (!another && this.newLine()) return keys;
    }
  }

  private snippet(): Token[] {
    if (!this.is("{")) throw this.syntax("{");
    const out: Token[] = [];
    for (let depth = 1; this.next(); out.push(this.token!)) {
      if (this.is("}") && --depth === 0) return out;
      if (this.is("{")) depth++;
    }
    throw this.syntax("}");
  }

  /** Directives up to the closing brace or the end; stands on the last token read. */
  private directives(): Directive[] {
    const out: Directive[] = [];
    while (this.next()) {
      if (this.is("}")) return out;
      if (this.is("import")) {
        this.import();
        this.at--;
      } else out.push(this.directive());
    }
    return out;
  }

  private directive(): Directive {
    const { line } = this.token!;
    const name = this.value();
    if (!this.valid(name)) throw this.error(`Unknown directive '${name}'`);
    const words: Token[] = [];
    for (let depth = 0; ; ) {
      if (!this.next()) {
        if (depth > 0) throw this.error("Unexpected EOF");
        break;
      }
      if (this.is("{")) depth++;
      else if (this.newLine() && depth === 0) {
        this.at--;
        break;
      } else if (this.is("}") && depth === 0) throw this.error("Unexpected '}' because no matching opening brace");
      else if (this.is("}")) depth--;
      else if (this.is("import") && this.newLine()) {
        this.import();
        this.at--;
        continue;
      }
      words.push({ ...this.token!, text: this.value() });
    }
    return group(name, line, words);
  }

  /** Puts what is imported in the place of the line (doImport). */
  private import(): void {
    const from = this.at;
    if (!this.next() || this.newLine()) {
      this.at = from;
      throw this.error("Wrong argument count or unexpected line ending after 'import'");
    }
    const pattern = this.value();
    if (this.tokens[this.at + 1] !== undefined && !this.newLine(this.at + 1)) {
      this.at++;
      throw this.error("Import takes only one argument (glob pattern or file)");
    }
    let found = this.snippets.get(pattern);
    if (found === undefined) {
      const files = this.files(pattern);
      if (files.length === 0 && !pattern.includes("*")) throw this.error(`File to import not found: ${pattern}`);
      found = files.flatMap(({ path, text }) => tokensOf(text, path));
    }
    if (++this.imports > MOST_IMPORTS) throw this.error(`File to import not found: ${pattern}`);
    this.tokens.splice(from, 2, ...found);
    this.at = from;
  }

  private get token(): Token | undefined {
    return this.tokens[this.at];
  }

  private next(): boolean {
    if (this.at >= this.tokens.length - 1) return false;
    this.at++;
    return true;
  }

  private is(text: string): boolean {
    return this.token !== undefined && !this.token.quoted && this.token.text === text;
  }

  /** Whether a token begins a line. */
  private newLine(at = this.at): boolean {
    const before = this.tokens[at - 1];
    const token = this.tokens[at];
    return before === undefined || token === undefined || before.file !== token.file || before.line < token.line;
  }

  private value(): string {
    const text = this.token?.text ?? "";
    return text.replace(/\{\$(\w+)\}|\{%(\w+)%\}/g, (_, a: string, b: string) => this.environment.get(a ?? b) ?? "");
  }

  private error(text: string): CorefileError {
    return new CorefileError(`${this.place()} - Error during parsing: ${text}`);
  }

  private syntax(expected: string): CorefileError {
    const text = this.token?.text ?? "";
    return new CorefileError(`${this.place()} - Syntax error: Unexpected token '${text}', expecting '${expected}'`);
  }

  private place(): string {
    const token = this.token ?? this.tokens.at(-1);
    return `${token?.file ?? ""}:${token?.line ?? 0}`;
  }
}

/** A directive's words as arguments and lines of its block. */
function group(name: string, line: number, words: readonly Token[]): Directive {
  let at = 0;
  const read = (first: string, number: number): Directive => {
    const args: string[] = [];
    const block: Directive[] = [];
    const plain = (text: string) => words[at]?.text === text && !words[at]!.quoted;
    while (at < words.length && words[at]!.line === number && !plain("{") && !plain("}")) args.push(words[at++]!.text);
    if (at < words.length && plain("{")) {
      at++;
      while (at < words.length && !plain("}")) {
        const start = words[at++]!;
        block.push(read(start.text, start.line));
      }
      at++;
    }
    return { name: first, args, block, line: number };
  };
  return read(name, line);
}

/** `.:53`, `example.org`, `dns://example.org:1053`. */
function zoneOf(key: string): { zone: string; port: number } {
  const [, name = "", port] = /^(?:dns:\/\/)?(.*?)(?::(\d+))?$/.exec(key)!;
  return { zone: normal(name), port: port === undefined ? 53 : Number(port) };
}

/** A zone's name as it is compared: lower case, without the final dot. */
export const normal = (name: string): string => name.toLowerCase().replace(/\.$/, "");

/** Whether a name lies in a zone. */
export const within = (name: string, zone: string): boolean =>
  zone === "" || name === zone || name.endsWith(`.${zone}`);
