/** The frame of a GNU-style program: options, `--help`, `--version`, messages with the program's name, exit status. */
import type { Gen } from "../kernel/index.ts";
import { type Errno, isErrno } from "../machine/errno.ts";
import type { Process, Program } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { RegexError } from "../text/regex/index.ts";
import { busyboxWords } from "./busybox-words.ts";
import { LineReader, Output, WriteError } from "./io.ts";
import { OptionError, type OptionSpec, type ParsedOptions, parseOptions } from "./options.ts";

export interface ToolSpec extends OptionSpec {
  name: string;
  /** What follows the name in the first line of `--help`, e.g. `[OPTION]... [FILE]...`. */
  usage: string;
  /** The rest of `--help`. */
  about: string;
  /** Package and version of `--version`; GNU coreutils by default. */
  version?: string;
  /** Exit status of a wrong command line; 1 by default. */
  usageStatus?: number;
  /** The name in messages, where it is not the one it was called by (gunzip says gzip). */
  speaksAs?: string;
  /** The line after a wrong command line, where it is not `Try 'name --help' …`. */
  hint?: string;
  /** Texts after a wrong option: the `Try …` line alone, or a Usage line before it (grep). */
  usageOnError?: boolean;
  /** More to say of an option that there is not, before the `Try …` line. */
  wrongOption?: (p: Process) => string;
  /** Changes the arguments before getopt sees them (`head -5`). May throw `UsageError`. */
  rewrite?: (args: string[]) => string[];
}

/** Ends the program with a message `name: text` and a status; `before` is printed first as it is. */
export class Fatal extends Error {
  readonly status: number;
  readonly before: string;

  constructor(message: string, status = 1, before = "") {
    super(message);
    this.status = status;
    this.before = before;
  }
}

/** A wrong command line that getopt cannot see: message, then the `Try …` line. */
export class UsageError extends Error {
  readonly status: number | undefined;

  constructor(message: string, status?: number) {
    super(message);
    this.status = status;
  }
}

/** What a program has at hand. */
export class Tool {
  readonly p: Process;
  /** As the program was called. */
  readonly name: string;
  readonly out: Output;
  /** Exit status so far; `error` sets it. */
  status = 0;
  /** What messages begin with: the name, but for systemd's programs, which say them bare. */
  prefix: string;
  /** File names in messages are quoted where a shell would need it, as coreutils does. */
  quotesNames = false;

  constructor(p: Process, name: string) {
    this.p = p;
    this.name = name;
    this.prefix = `${name}: `;
    this.out = new Output(p);
  }

  /** Prints `name: message` on standard error and sets the status (not if 0). */
  *error(message: string, status = 1): Gen<void> {
    yield* this.out.flush();
    yield* sys.printError(this.p, `${this.prefix}${worded(this, message)}\n`);
    if (status !== 0) this.status = status;
  }

  /** Reports a failed system call on a path, as error(3) does; anything else is thrown on. */
  *pathError(path: string, error: unknown, status = 1): Gen<void> {
    if (!isErrno(error)) throw error;
    yield* this.error(`${this.quotesNames ? quoteName(path) : path}: ${error.message}`, status);
  }

  /** Opens an input: `-` is standard input. Reports a failure as `name: path: reason` and gives undefined. */
  *open(path: string, status = 1): Gen<number | undefined> {
    if (path === "-") return 0;
    try {
      return sys.open(this.p, path);
    } catch (error) {
      yield* this.pathError(path, error, status);
      return undefined;
    }
  }

  close(fd: number): void {
    if (fd > 2) sys.close(this.p, fd);
  }

  lines(fd: number, separator = "\n"): LineReader {
    return new LineReader(this.p, fd, separator);
  }
}

/** Makes a program of a main function; see `ToolSpec`. */
export function tool(spec: ToolSpec, main: (t: Tool, o: ParsedOptions) => Gen<number | undefined>): Program {
  return function* (p) {
    const t = new Tool(p, spec.speaksAs ?? p.argv[0] ?? spec.name);
    t.quotesNames = spec.version === undefined;
    const systemd = spec.version?.startsWith("systemd ") === true;
    const letters = lettersOf(spec);
    if (systemd) t.prefix = "";
    try {
      const given = spec.rewrite?.(p.argv.slice(1)) ?? p.argv.slice(1);
      const options = parseOptions(given, letters === "" ? spec : { ...spec, short: spec.short + letters });
      const special = options.list.find(
        ({ key }) => key === "help" || key === "version" || (key.length === 1 && letters.includes(key)),
      );
      if (special && spec.standard !== false) {
        t.out.add(/^h/.test(special.key) ? helpText(spec, t.name) : versionText(spec));
        yield* t.out.flush();
        return 0;
      }
      const status = yield* main(t, options);
      yield* t.out.flush();
      return status ?? t.status;
    } catch (error) {
      if (systemd && error instanceof OptionError) {
        yield* sys.printError(p, `${t.name}: ${error.message}\n`);
        return 1;
      }
      return yield* report(t, spec, error);
    }
  };
}

/** Programs of util-linux take -h and -V too, unless the letters mean something else to them; systemd's take -h. */
function lettersOf(spec: ToolSpec): string {
  if (spec.version?.startsWith("systemd ") === true) return "h";
  if (spec.version?.includes(" from util-linux ") !== true) return "";
  return ["h", "V"].filter((letter) => !spec.short.includes(letter)).join("");
}

function worded({ p, name }: Tool, message: string): string {
  return p.applet ? busyboxWords(name, message) : message;
}

function* report(t: Tool, spec: ToolSpec, error: unknown): Gen<number> {
  if (error instanceof WriteError && isErrno(error.reason)) {
    yield* sys.printError(t.p, `${t.name}: write error: ${(error.reason as Errno).message}\n`);
    return spec.usageStatus ?? 1;
  }
  if (error instanceof OptionError || error instanceof UsageError) {
    yield* t.out.flush();
    const usage = spec.usageOnError && error instanceof OptionError ? `Usage: ${t.name} ${spec.usage}\n` : "";
    const more = error instanceof OptionError ? (spec.wrongOption?.(t.p) ?? "") : "";
    const hint = spec.hint ?? `Try '${t.name} --help' for more information.`;
    yield* sys.printError(t.p, `${t.name}: ${error.message}\n${usage}${more}${hint}\n`);
    return (error instanceof UsageError ? error.status : undefined) ?? spec.usageStatus ?? 1;
  }
  if (error instanceof Fatal) {
    yield* t.out.flush();
    yield* sys.printError(t.p, `${error.before}${t.prefix}${worded(t, error.message)}\n`);
    return error.status;
  }
  // A read that failed where the tool has nothing of its own to say.
  if (isErrno(error)) {
    yield* t.out.flush();
    yield* sys.printError(t.p, `${t.prefix}${error.message}\n`);
    return spec.usageStatus ?? 1;
  }
  // A pattern that is none, where the tool has nothing of its own to say.
  if (error instanceof RegexError) {
    yield* t.out.flush();
    yield* sys.printError(t.p, `${t.prefix}${error.message}\n`);
    return spec.usageStatus ?? 1;
  }
  // Texts and tables longer than the host can make: the tool has no memory left.
  if (error instanceof RangeError) {
    yield* sys.printError(t.p, `${t.name}: memory exhausted\n`);
    return spec.usageStatus ?? 1;
  }
  throw error;
}

function helpText(spec: ToolSpec, name: string): string {
  if (spec.version?.includes(" from util-linux ") === true)
    return `\nUsage:\n ${name} ${spec.usage}\n${spec.about === "" ? "" : `\n${spec.about}\n`}`;
  return `Usage: ${name} ${spec.usage}\n${spec.about}\n`;
}

export function versionText(spec: ToolSpec): string {
  const version = spec.version ?? `${spec.name} (GNU coreutils) 9.7`;
  return `${version}\n`;
}

/**
 * The word of a fixed list that `value` is or begins (gnulib's XARGMATCH): of synonyms the first. Throws `UsageError`
 * that names the list.
 */
export function argMatch(value: string, option: string, words: readonly (string | readonly string[])[]): string {
  const groups = words.map((word) => (typeof word === "string" ? [word] : word));
  const exact = groups.find((group) => group.includes(value));
  const fits = groups.filter((group) => group.some((word) => word.startsWith(value)));
  const found = exact ?? (fits.length === 1 ? fits[0] : undefined);
  if (found !== undefined) return found[0]!;
  const list = groups.map((group) => `  - ${group.map(quote).join(", ")}`).join("\n");
  const why = fits.length > 1 ? "ambiguous" : "invalid";
  throw new UsageError(`${why} argument ${quote(value)} for ${quote(option)}\nValid arguments are:\n${list}`, 1);
}

/** A word in a message, quoted as the locale has it (quote of gnulib): ‘name’. */
export function quote(text: string): string {
  let out = "";
  for (const char of text) {
    if (char === "\n") out += "\\n";
    else if (char === "\t") out += "\\t";
    else if (char < " " || char === "\x7f") out += `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`;
    else out += char;
  }
  return `‘${out}’`;
}

/** A file name in an error message: bare unless a shell would need quotes (quoteaf of gnulib's quotearg). */
export function quoteName(text: string): string {
  if (text === "") return "''";
  return /^[A-Za-z0-9_./,:+%@^=~{}\-\u0080-\uffff]+$/.test(text) && !/^[~{]/.test(text) ? text : shellQuote(text);
}

/** A file name in most messages: always in quotes, as a shell would read it back (quoteaf of gnulib). */
export function shellQuote(text: string): string {
  if (/[\x00-\x1f\x7f]/.test(text)) {
    let out = "";
    let inside = "";
    const flush = () => {
      if (inside !== "") out += `'${inside}'`;
      inside = "";
    };
    for (const char of text) {
      if (char >= " " && char !== "\x7f" && char !== "'") {
        inside += char;
        continue;
      }
      flush();
      if (out === "") out = "''";
      const name = char === "\n" ? "\\n" : char === "\t" ? "\\t" : char === "\r" ? "\\r" : undefined;
      out += char === "'" ? "\\'" : `$'${name ?? `\\${char.charCodeAt(0).toString(8).padStart(3, "0")}`}'`;
    }
    flush();
    return out;
  }
  if (!text.includes("'")) return `'${text}'`;
  if (!/["$`\\]/.test(text)) return `"${text}"`;
  return `'${text.split("'").join("'\\''")}'`;
}

/** First message of a tool that got too few operands. */
export function missingOperand(): UsageError {
  return new UsageError("missing operand");
}
