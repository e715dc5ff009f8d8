import { type Document, LineCounter, parseAllDocuments, parseDocument } from "yaml";
import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { RegexError } from "../../text/regex/index.ts";
import { Output, readWhole } from "../io.ts";
import { type Context, evaluate, type Host } from "./yq-eval.ts";
import { FORMATS, formatted, parsedText } from "./yq-formats.ts";
import { nodeText } from "./yq-nodes.ts";
import { type Ast, parseYq, YqSyntax } from "./yq-parse.ts";
import { type Candidate, loose, resolved, type Source, scalar, textOf, truthy, YqFailure } from "./yq-values.ts";

/**
 * yq(1) of mikefarah, v4: expressions on YAML, whose comments, quotes and anchors stay, and other formats read and
 * written. Formats of configuration languages (TOML, HCL, Lua, INI) are not known.
 */
export const yq: Program = function* (p) {
  const out = new Output(p);
  try {
    const status = yield* run(p, out);
    yield* out.flush();
    return status;
  } catch (error) {
    const known = error instanceof YqError || error instanceof YqFailure || error instanceof YqSyntax;
    if (!known && !(error instanceof RegexError)) throw error;
    yield* out.flush();
    yield* sys.printError(p, `Error: ${(error as Error).message}\n`);
    return 1;
  }
};

class YqError extends Error {}

interface Options {
  output: string;
  input: string;
  inPlace: boolean;
  nullInput: boolean;
  raw: boolean;
  /** `-r` was given: JSON's texts too are written without quotes. */
  rawGiven: boolean;
  exitStatus: boolean;
  noDocument: boolean;
  all: boolean;
  indent: number;
  fromFile?: string;
  /** Block style throughout. */
  pretty: boolean;
  words: string[];
}

function parse(args: readonly string[]): Options | "version" | "help" {
  const o: Options = {
    output: "auto",
    input: "auto",
    inPlace: false,
    nullInput: false,
    raw: true,
    rawGiven: false,
    exitStatus: false,
    noDocument: false,
    all: false,
    indent: 2,
    pretty: false,
    words: [],
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
    if (arg === "--") {
      o.words.push(...args.slice(i + 1));
      break;
    }
    if (!arg.startsWith("-") || arg === "-") {
      o.words.push(arg);
      continue;
    }
    const [flag, attached] = arg.startsWith("--")
      ? arg.split(/=(.*)/s)
      : [arg.slice(0, 2), arg.length > 2 ? arg.slice(2).replace(/^=/, "") : undefined];
    const value = () => {
      const next = attached ?? args[++i];
      if (next === undefined)
        throw new YqError(`flag needs an argument: ${arg.startsWith("--") ? flag : `'${arg[1]}' in ${arg}`}`);
      return next;
    };
    if (flag === "-o" || flag === "--output-format") o.output = formatName(value());
    else if (flag === "-p" || flag === "--input-format") o.input = formatName(value());
    else if (flag === "-I" || flag === "--indent") o.indent = Number(value());
    else if (flag === "--version" || flag === "-V") return "version";
    else if (flag === "--help" || flag === "-h") return "help";
    else if (arg === "--tojson") o.output = "json";
    else if (arg === "--inplace") o.inPlace = true;
    else if (arg === "--null-input") o.nullInput = true;
    else if (arg === "--exit-status") o.exitStatus = true;
    else if (arg === "--no-doc") o.noDocument = true;
    else if (/^--(?:properties-array-brackets|csv-auto-parse|tsv-auto-parse)$/.test(flag!)) continue;
    else if (/^(--unwrapScalar|-r)(=|$)/.test(arg)) o.rawGiven = o.raw = attached !== "false";
    else if (flag === "--from-file") o.fromFile = value();
    else if (flag === "--expression") o.words.unshift(value());
    else if (/^--(csv|xml|properties|lua|tsv|yaml|header|split|front|string|security|debug|no-doc)/.test(flag!)) {
      if (flag === "--no-doc") o.noDocument = true;
      else if (attached === undefined && !/^--(no-doc|debug)/.test(flag!)) value();
    } else if (arg === "--prettyPrint") o.pretty = true;
    else if (/^--(no-colors|colors)$/.test(arg)) continue;
    else if (arg.startsWith("--")) throw new YqError(`unknown flag: ${arg}`);
    else
      for (const [k, letter] of [...arg.slice(1)].entries()) {
        const rest = arg.slice(k + 2).replace(/^=/, "");
        if (letter === "o" || letter === "p" || letter === "I") {
          const given = rest === "" ? value() : rest;
          if (letter === "I") o.indent = Number(given);
          else if (letter === "o") o.output = formatName(given);
          else o.input = formatName(given);
          break;
        }
        if (letter === "i") o.inPlace = true;
        else if (letter === "P") o.pretty = true;
        else if (letter === "n") o.nullInput = true;
        else if (letter === "e") o.exitStatus = true;
        else if (letter === "N") o.noDocument = true;
        else if (letter === "j") o.output = "json";
        else if (letter === "r") o.rawGiven = o.raw = true;
        else if (!"CMv".includes(letter)) throw new YqError(`unknown shorthand flag: '${letter}' in ${arg}`);
      }
  }
  if (o.words[0] === "eval" || o.words[0] === "e") o.words.shift();
  else if (o.words[0] === "eval-all" || o.words[0] === "ea") {
    o.words.shift();
    o.all = true;
  }
  return o;
}

function formatName(text: string): string {
  const name = FORMATS[text];
  if (name === undefined) throw new YqError(`unknown format '${text}' please use [yaml|json|props|csv|tsv|xml]`);
  return name;
}

function* run(p: Process, out: Output): Gen<number> {
  const o = parse(p.argv.slice(1));
  if (o === "version" || o === "help") {
    out.add(
      o === "version"
        ? "yq (https://github.com/mikefarah/yq/) version v4.45.1\n"
        : "Usage:\n  yq [flags]\n  yq [command]\n",
    );
    return 0;
  }
  // A lone word that names a file is that file, printed.
  const words = o.fromFile === undefined ? o.words : [sys.readText(p, o.fromFile), ...o.words];
  let [expression = ".", ...files] = words;
  if (files.length === 0 && !o.nullInput && (expression === "-" || sys.find(p, expression)?.kind === "file"))
    [expression, files] = [".", [expression]];
  if (files.length === 0 && !o.nullInput) files = ["-"];
  if (o.inPlace && (o.nullInput || files.includes("-")))
    throw new YqError("write in place flag only applicable when giving an expression and at least one file");
  const ast = parseYq(expression);
  const sources: Source[] = [];
  for (const [number, path] of (o.nullInput ? [] : files).entries()) {
    const text = path === "-" ? decode(yield* readWhole(p, 0)) : textOfFile(p, path);
    yield* cpu(20 + (text.length >> 5));
    sources.push(...load(text, path, number, inputFormat(o, path)));
  }
  const host = hostOf(p, o);
  const root = (source: Source): Candidate => loose(source.document.contents ?? emptied(source), source);
  const context = (list: Candidate[], together: boolean): Context => ({ list, variables: new Map(), host, together });
  const groups: Candidate[][] = o.all
    ? [evaluate(ast, context(sources.map(root), true))]
    : o.nullInput
      ? [evaluate(ast, context([loose(scalar(null), blank(""))], false))]
      : sources.map((source) => evaluate(ast, context([root(source)], false)));
  const results = groups.flat();
  yield* cpu(50 * results.length);
  const format = outputFormat(o, files[0]);
  const split = usesSplit(ast);
  const write = (list: readonly Candidate[]): string => {
    let text = "";
    for (const [i, one] of list.entries()) {
      const before = list[i - 1];
      const other = before && (split || before.source !== one.source);
      if (other && !o.noDocument && format === "yaml") text += "---\n";
      text += shown(one, o, format);
    }
    return text;
  };
  if (o.inPlace)
    for (const [number, path] of (o.all ? files.slice(0, 1) : files).entries())
      sys.writeText(p, path, write(o.all ? results : results.filter(({ source }) => source.file === number)));
  else out.add(write(results));
  if (o.exitStatus && !results.some((one) => truthy(resolved(one)))) throw new YqError("no matches found");
  return 0;
}

/** The text of a file. Throws `YqError`. */
function textOfFile(p: Process, path: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const reason =
      error.code === "EISDIR" ? `read ${path}: is a directory` : `open ${path}: ${error.message.toLowerCase()}`;
    throw new YqError(reason);
  }
}

const inputFormat = (o: Options, path: string): string =>
  o.input === "auto" ? (FORMATS[/\.(\w+)$/.exec(path)?.[1] ?? ""] ?? "yaml") : o.input;

function outputFormat(o: Options, path: string | undefined): string {
  if (o.output !== "auto") return o.output;
  // A file's own format is kept; one that was asked for is read into YAML.
  return path === undefined || o.input !== "auto" ? "yaml" : inputFormat(o, path);
}

const usesSplit = (ast: Ast): boolean =>
  JSON.stringify(ast).includes('"split_doc"') || JSON.stringify(ast).includes('"splitDoc"');

/** A document without anything. */
function blank(path: string): Source {
  return { document: parseDocument("") as Document, path, file: 0, index: 0 };
}

/** A document's null, put where it stands. */
function emptied(source: Source): ReturnType<typeof scalar> {
  const node = scalar(null, "");
  source.document.contents = node as never;
  return node;
}

/** The documents of a text. Throws `YqError`. */
function load(text: string, path: string, file: number, format: string): Source[] {
  const other = parsedText(text, format);
  if (other !== undefined) {
    const source = { ...blank(path), file };
    source.document.contents = other as never;
    return [source];
  }
  if (format === "json") {
    const parts = jsonTexts(text);
    if (parts.length > 1) return parts.map((part, index) => ({ ...load(part, path, file, "yaml")[0]!, index }));
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { merge: false, lineCounter: lines, logLevel: "silent" });
  if (!Array.isArray(documents) || documents.length === 0) return [{ ...blank(path), file }];
  return (documents as Document.Parsed[]).map((document, index) => {
    const problem = document.errors[0];
    if (problem) {
      const line = problem.linePos?.[0].line ?? 1;
      throw new YqError(
        `bad file '${path}': yaml: line ${line}: ${problem.message.split("\n")[0]!.replace(/ at line .*/, "")}`,
      );
    }
    return { document: document as Document, path, file, index, lines };
  });
}

/** The values of a text that has several, one after the other. */
function jsonTexts(text: string): string[] {
  const out: string[] = [];
  let depth = 0;
  let start = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i]!;
    if (quoted) {
      if (char === "\\") i++;
      else if (char === '"') quoted = false;
    } else if (char === '"') quoted = true;
    else if (char === "{" || char === "[") depth++;
    else if ((char === "}" || char === "]") && --depth === 0) {
      out.push(text.slice(start, i + 1).trim());
      start = i + 1;
    }
  }
  return out;
}

function hostOf(p: Process, o: Options): Host {
  const first = (source: Source): Candidate => loose(source.document.contents ?? scalar(null), source);
  return {
    env: (name) => p.env.get(name),
    load: (path) => load(loaded(p, path), path, 0, "yaml").map(first),
    text: (path) => loaded(p, path),
    parse: (text, format) => first(load(text, "", 0, format)[0]!),
    print: (one, format) => {
      const [, name = format, indent] = /^(json)(\d*)$/.exec(format) ?? [];
      if (name === "yaml") return shown(one, { ...o, pretty: false }, "yaml");
      const text = formatted(one, name, indent === undefined || indent === "" ? 2 : Number(indent));
      return name === "json" && indent === "0" ? text.replace(/\n$/, "") : text;
    },
  };
}

function loaded(p: Process, path: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new YqFailure(`failed to load ${path}: open ${path}: ${error.message.toLowerCase()}`);
  }
}

/** A result as it is printed. */
function shown(one: Candidate, o: Options, format: string): string {
  const node = resolved(one);
  const scalarText = "value" in node ? textOf(node) : undefined;
  if (format !== "yaml") {
    if (format === "json" && o.rawGiven && o.raw && scalarText !== undefined) return `${scalarText}\n`;
    return formatted(one, format, o.indent);
  }
  if (
    scalarText !== undefined &&
    one.node === node &&
    o.raw &&
    !(one.parent === undefined && one.source.document.commentBefore)
  )
    return `${scalarText}\n`;
  const { document } = one.source;
  const whole = one.parent === undefined && document.contents === one.node;
  const { comment, commentBefore } = document;
  if (!whole) document.comment = document.commentBefore = null;
  try {
    return nodeText(document, one.node, Math.max(2, o.indent), o.pretty);
  } finally {
    document.comment = comment;
    document.commentBefore = commentBefore;
  }
}
