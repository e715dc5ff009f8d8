/** jq's command line. */
import { decode, type Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import type { Json, JsonObject } from "./json.ts";
import { JsonError, parseJson } from "./json-stream.ts";

export interface Options {
  raw: boolean;
  join: boolean;
  compact: boolean;
  nullInput: boolean;
  slurp: boolean;
  rawInput: boolean;
  sortKeys: boolean;
  exitStatus: boolean;
  ascii: boolean;
  color: boolean | undefined;
  indent: number;
  tab: boolean;
  seq: boolean;
  stream: boolean;
  fromFile: boolean;
  nul: boolean;
  filter: string | undefined;
  files: string[];
  named: JsonObject;
  positional: Json[];
  /** Directories of `-L`. */
  libraries: string[];
}

/** A wrong command line; the text is printed as it is, then the usage's hint. */
export class Usage extends Error {
  readonly status: number;
  readonly hint: boolean;

  constructor(message: string, status = 2, hint = true) {
    super(message);
    this.status = status;
    this.hint = hint;
  }
}

/** Reads the arguments; throws `Usage`. */
export function* parseArguments(p: Process): Gen<Options | "help" | "version"> {
  const options: Options = {
    raw: false,
    join: false,
    compact: false,
    nullInput: false,
    slurp: false,
    rawInput: false,
    sortKeys: false,
    exitStatus: false,
    ascii: false,
    color: undefined,
    indent: 2,
    tab: false,
    seq: false,
    stream: false,
    fromFile: false,
    nul: false,
    filter: undefined,
    files: [],
    named: new Map(),
    libraries: [],
    positional: [],
  };
  let rest: "files" | "args" | "jsonargs" = "files";
  let only = false;
  const args = p.argv.slice(1);
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (only || !/^-[-a-zA-Z]/.test(arg)) {
      if (options.filter === undefined) options.filter = arg;
      else if (rest === "files") options.files.push(arg);
      else if (rest === "args") options.positional.push(arg);
      else {
        try {
          options.positional.push(parseJson(arg)[0]!);
        } catch {
          throw new Usage(`jq: invalid JSON text passed to --jsonargs\n`, 2);
        }
      }
      continue;
    }
    if (arg === "--") {
      only = true;
      continue;
    }
    const take = (count: number, what: string): string[] => {
      if (i + count >= args.length) throw new Usage(`jq: ${arg} ${what}\n`, 2);
      const values = args.slice(i + 1, i + 1 + count);
      i += count;
      return values;
    };
    const letters: Record<string, () => void> = {
      r: () => (options.raw = true),
      j: () => (options.raw = options.join = true),
      c: () => (options.compact = true),
      n: () => (options.nullInput = true),
      s: () => (options.slurp = true),
      R: () => (options.rawInput = true),
      S: () => (options.sortKeys = true),
      e: () => (options.exitStatus = true),
      a: () => (options.ascii = true),
      C: () => (options.color = true),
      M: () => (options.color = false),
      f: () => (options.fromFile = true),
    };
    const words: Record<string, string> = {
      "--raw-output": "r",
      "--join-output": "j",
      "--compact-output": "c",
      "--null-input": "n",
      "--slurp": "s",
      "--raw-input": "R",
      "--sort-keys": "S",
      "--exit-status": "e",
      "--ascii-output": "a",
      "--color-output": "C",
      "--monochrome-output": "M",
      "--from-file": "f",
    };
    if (words[arg]) {
      letters[words[arg]]!();
      continue;
    }
    switch (arg) {
      case "--raw-output0":
        options.raw = options.nul = true;
        continue;
      case "--tab":
        options.tab = true;
        continue;
      case "--unbuffered":
        continue;
      case "--seq":
        options.seq = true;
        continue;
      case "--stream":
        options.stream = true;
        continue;
      case "--indent": {
        const [text] = take(1, "takes one parameter");
        const indent = Number(text);
        if (indent < -1 || indent > 7) throw new Usage("jq: --indent takes a number between -1 and 7\n", 2);
        if (indent === -1) options.tab = true;
        options.indent = Math.max(0, Number.isNaN(indent) ? 0 : indent);
        if (options.indent === 0 && !options.tab) options.compact = true;
        continue;
      }
      case "--arg": {
        const [name, value] = take(2, "takes two parameters (e.g. --arg varname value)") as [string, string];
        if (!options.named.has(name)) options.named.set(name, value);
        continue;
      }
      case "--argjson": {
        const [name, value] = take(2, "takes two parameters (e.g. --argjson varname text)") as [string, string];
        try {
          const values = parseJson(value);
          if (values.length !== 1) throw new JsonError("");
          options.named.set(name, values[0]!);
        } catch (error) {
          if (!(error instanceof JsonError)) throw error;
          throw new Usage("jq: invalid JSON text passed to --argjson\n", 2);
        }
        continue;
      }
      case "--slurpfile":
      case "--rawfile": {
        const [name, path] = take(2, `takes two parameters (e.g. ${arg} varname filename)`) as [string, string];
        try {
          const text = decode(yield* sys.readPath(p, path));
          options.named.set(name, arg === "--rawfile" ? text : parseJson(text));
        } catch (error) {
          const reason = isErrno(error) ? `Could not open ${path}: ${error.message}` : (error as Error).message;
          throw new Usage(`jq: Bad JSON in --${arg.slice(2)} ${name} ${path}: ${reason}\n`, 2, false);
        }
        continue;
      }
      case "--args":
        rest = "args";
        continue;
      case "--jsonargs":
        rest = "jsonargs";
        continue;
      case "--help":
      case "-h":
        return "help";
      case "--version":
      case "-V":
        return "version";
      case "-L":
      case "--library-path":
        options.libraries.push(...take(1, "takes a parameter: (e.g. -L /search/path or -L/search/path)"));
        continue;
      default:
    }
    if (arg.startsWith("-L")) {
      options.libraries.push(arg.slice(2).replace(/^=/, ""));
      continue;
    }
    if (arg.startsWith("--")) throw new Usage(`jq: Unknown option ${arg}\n`);
    for (const letter of arg.slice(1)) {
      const action = letters[letter];
      if (letter === "h") return "help";
      if (letter === "V") return "version";
      if (action === undefined) throw new Usage(`jq: Unknown option ${arg}\n`);
      action();
    }
  }
  const seen = (fd: number) => p.fds.get(fd)?.tty !== undefined;
  // In a pipeline the filter may be left out.
  if (options.filter === undefined && !options.fromFile && !(seen(0) && seen(1))) options.filter = ".";
  if (options.filter === undefined)
    throw new Usage("Usage:\tjq [OPTIONS] FILTER [FILES...]\n\tjq [OPTIONS] -n FILTER\n\n", 2);
  if (options.fromFile) {
    try {
      const text = decode(yield* sys.readPath(p, options.filter));
      options.filter = text;
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new Usage(`jq: Could not open ${options.filter}: ${error.message}\n`, 2, false);
    }
  }
  return options;
}
