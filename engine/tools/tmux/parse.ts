/** tmux's command language: what stands in configuration files, bindings and at the command prompt. */

export class TmuxError extends Error {}

/** A command and its arguments. */
export type Words = readonly string[];

export interface ParseSurroundings {
  env: (name: string) => string | undefined;
  home: string;
}

/** The commands of a text: words with quotes, `;` and newlines between commands, `{ }` as one word, comments. */
export function parseText(text: string, around: ParseSurroundings): { line: number; words: Words }[] {
  const out: { line: number; words: string[] }[] = [];
  let words: string[] = [];
  let line = 1;
  let started = 1;
  let at = 0;
  const end = () => {
    if (words.length > 0) out.push({ line: started, words });
    words = [];
  };
  while (at < text.length) {
    const c = text[at]!;
    if (c === "\n") {
      end();
      line++;
      at++;
    } else if (c === ";") {
      end();
      at++;
    } else if (c === " " || c === "\t" || c === "\r") at++;
    else if (c === "\\" && text[at + 1] === "\n") {
      line++;
      at += 2;
    } else if (c === "#") while (at < text.length && text[at] !== "\n") at++;
    else {
      if (words.length === 0) started = line;
      const read = c === "{" ? braces(text, at, line) : word(text, at, line, around);
      words.push(read.text);
      for (let i = at; i < read.end; i++) if (text[i] === "\n") line++;
      at = read.end;
    }
  }
  end();
  return out;
}

function braces(text: string, from: number, line: number): { text: string; end: number } {
  let depth = 0;
  let quote = "";
  for (let i = from; i < text.length; i++) {
    const c = text[i]!;
    if (quote !== "") {
      if (c === "\\" && quote === '"') i++;
      else if (c === quote) quote = "";
    } else if (c === '"' || c === "'") quote = c;
    else if (c === "\\") i++;
    else if (c === "{") depth++;
    else if (c === "}" && --depth === 0) return { text: text.slice(from + 1, i).trim(), end: i + 1 };
  }
  throw new TmuxError(`${line}: syntax error`);
}

function word(text: string, from: number, line: number, around: ParseSurroundings): { text: string; end: number } {
  let out = "";
  let i = from;
  if (text[i] === "~" && /[\s/;]|$/.test(text[i + 1] ?? " ")) {
    out = around.home;
    i++;
  }
  let quote = "";
  for (; i < text.length; i++) {
    const c = text[i]!;
    if (quote === "'") {
      if (c === "'") quote = "";
      else out += c;
      continue;
    }
    if (c === "\\") {
      const next = text[++i];
      if (next === undefined) break;
      if (next === "\n") continue;
      if (quote === '"' || /[nrte]/.test(next)) out += { n: "\n", r: "\r", t: "\t", e: "\x1b" }[next] ?? next;
      else out += next;
      continue;
    }
    if (c === "$" && /[A-Za-z_{]/.test(text[i + 1] ?? "")) {
      const match = /^\$(?:\{([A-Za-z_]\w*)\}|([A-Za-z_]\w*))/.exec(text.slice(i));
      if (match) {
        out += around.env(match[1] ?? match[2]!) ?? "";
        i += match[0].length - 1;
        continue;
      }
    }
    if (quote === '"') {
      if (c === '"') quote = "";
      else out += c;
      continue;
    }
    if (c === '"' || c === "'") quote = c;
    else if (/[\s;]/.test(c)) break;
    else out += c;
  }
  if (quote !== "") throw new TmuxError(`${line}: syntax error`);
  return { text: out, end: i };
}

/** The commands of an argument vector: a word `;` or one that ends in it (not `\;`) divides them. */
export function parseArgv(argv: readonly string[]): Words[] {
  const out: string[][] = [[]];
  for (const arg of argv) {
    if (arg === ";") out.push([]);
    else if (arg.endsWith("\\;")) out.at(-1)!.push(`${arg.slice(0, -2)};`);
    else if (arg.endsWith(";")) {
      out.at(-1)!.push(arg.slice(0, -1));
      out.push([]);
    } else out.at(-1)!.push(arg);
  }
  return out.filter((words) => words.length > 0);
}

/** A word as list-keys and show-options write it back. */
export function quoted(text: string): string {
  if (text === "") return "''";
  if (text === ";") return "\\;";
  if (/^[\w@%+=:,./~^*?!<>&()|[\]-]+$/.test(text) && !/^[~]/.test(text)) return text;
  if (text.length === 1) return `\\${text}`;
  return `"${text.replace(/(["\\$])/g, "\\$1")}"`;
}

/** Options and operands of a command by a getopt string; errors in tmux's words. */
export class Flags {
  readonly values = new Map<string, string[]>();
  readonly operands: string[] = [];

  constructor(name: string, spec: string, args: Words, most: number) {
    let i = 0;
    for (; i < args.length; i++) {
      const arg = args[i]!;
      if (arg === "--") {
        i++;
        break;
      }
      if (!arg.startsWith("-") || arg === "-") break;
      if (/^-\d+$/.test(arg) && !spec.includes(arg[1]!) && name === "resize-pane") break;
      for (let k = 1; k < arg.length; k++) {
        const flag = arg[k]!;
        const found = spec.indexOf(flag);
        if (found < 0 || flag === ":") throw new TmuxError(`command ${name}: unknown flag -${flag}`);
        if (spec[found + 1] !== ":") {
          this.add(flag, "");
          continue;
        }
        const attached = arg.slice(k + 1);
        if (attached === "" && i + 1 >= args.length)
          throw new TmuxError(`command ${name}: -${flag} expects an argument`);
        this.add(flag, attached === "" ? args[++i]! : attached);
        break;
      }
    }
    this.operands.push(...args.slice(i));
    if (most >= 0 && this.operands.length > most)
      throw new TmuxError(`command ${name}: too many arguments (need at most ${most})`);
  }

  private add(flag: string, value: string): void {
    const list = this.values.get(flag);
    if (list) list.push(value);
    else this.values.set(flag, [value]);
  }

  has(flag: string): boolean {
    return this.values.has(flag);
  }

  value(flag: string): string | undefined {
    return this.values.get(flag)?.at(-1);
  }
}
