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
  line: number;
  quoted: boolean;
}

function tokensOf(text: string, environment: ReadonlyMap<string, string>): Token[] {
  const out: Token[] = [];
  for (const [i, raw] of text.split("\n").entries()) {
    const found = raw.match(/"(?:[^"\\]|\\.)*"|`[^`]*`|#.*|[^\s#][^\s]*/g) ?? [];
    for (const word of found) {
      if (word.startsWith("#")) break;
      const quoted = /^["`]/.test(word);
      const bare = quoted ? word.slice(1, -1).replace(/\\"/g, '"') : word;
      const value = bare.replace(/\{\$(\w+)\}/g, (_, name: string) => environment.get(name) ?? "");
      out.push({ text: value, line: i + 1, quoted });
    }
  }
  return out;
}

/** Reads a Corefile. Throws CorefileError. */
export function parseCorefile(text: string, path: string, environment: ReadonlyMap<string, string>): ServerBlock[] {
  return new Reader(tokensOf(text, environment), path).blocks();
}

class Reader {
  private readonly tokens: readonly Token[];
  private readonly path: string;
  private at = 0;
  private readonly snippets = new Map<string, readonly Directive[]>();

  constructor(tokens: readonly Token[], path: string) {
    this.tokens = tokens;
    this.path = path;
  }

  blocks(): ServerBlock[] {
    const out: ServerBlock[] = [];
    while (this.at < this.tokens.length) {
      const keys: string[] = [];
      while (this.at < this.tokens.length && !this.is("{"))
        keys.push(...this.tokens[this.at++]!.text.split(",").filter((key) => key !== ""));
      const opening = this.tokens[this.at++];
      if (opening === undefined) {
        const line = this.tokens.at(-1)?.line ?? 1;
        throw new CorefileError(`${this.path}:${line} - Syntax error: Unexpected EOF, expecting '{'`);
      }
      const directives = this.body();
      const snippet = /^\((.+)\)$/.exec(keys[0] ?? "");
      if (snippet !== null) this.snippets.set(snippet[1]!, directives);
      else out.push({ zones: keys.map((key) => zoneOf(key)), directives });
    }
    return out;
  }

  private is(text: string): boolean {
    const token = this.tokens[this.at];
    return token !== undefined && !token.quoted && token.text === text;
  }

  /** Directives up to the closing brace. */
  private body(): Directive[] {
    const out: Directive[] = [];
    for (;;) {
      const first = this.tokens[this.at];
      if (first === undefined) {
        const line = this.tokens.at(-1)?.line ?? 1;
        throw new CorefileError(`${this.path}:${line} - Syntax error: Unexpected EOF, expecting '}'`);
      }
      if (this.is("}")) {
        this.at++;
        return out;
      }
      this.at++;
      const args: string[] = [];
      while (this.tokens[this.at]?.line === first.line && !this.is("{") && !this.is("}"))
        args.push(this.tokens[this.at++]!.text);
      let block: Directive[] = [];
      if (this.tokens[this.at]?.line === first.line && this.is("{")) {
        this.at++;
        block = this.body();
      }
      if (first.text === "import") {
        const found = this.snippets.get(args[0] ?? "");
        if (found === undefined)
          throw new CorefileError(`${this.path}:${first.line} - Error during parsing: Could not import ${args[0]}`);
        out.push(...found);
      } else out.push({ name: first.text, args, block, line: first.line });
    }
  }
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
