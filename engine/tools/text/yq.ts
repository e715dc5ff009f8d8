import { type Document, LineCounter, type Node, parseAllDocuments, parseDocument } from "yaml";
import { cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone } from "../../machine/zone.ts";
import { RegexError } from "../../text/regex/index.ts";
import { strftime } from "../../text/time.ts";
import { Output, readWhole } from "../io.ts";
import { attachComments, footOf, leadingOf, setLeading } from "./yq-comments.ts";
import { type Context, evaluate, type Host } from "./yq-eval.ts";
import { FORMATS, formatted, parsedText } from "./yq-formats.ts";
import { isFunction } from "./yq-functions.ts";
import { asGoPrints, nodeText } from "./yq-nodes.ts";
import { type Options, parseOptions, YqError } from "./yq-options.ts";
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

function* run(p: Process, out: Output): Gen<number> {
  const o = parseOptions(p.argv.slice(1));
  if (o === "version" || o === "help") {
    out.add(
      o === "version"
        ? "yq (https://github.com/mikefarah/yq/) version v4.45.1\n"
        : "Usage:\n  yq [flags]\n  yq [command]\n",
    );
    return 0;
  }
  // The first word is the expression unless it names a file, or the expression came another way.
  let files = [...o.words];
  let expression = o.fromFile === undefined ? (o.expression ?? "") : yield* expressionIn(p, o.fromFile);
  const isFile = (word: string) => word === "-" || sys.find(p, word)?.kind === "file";
  if (expression === "" && files[0]?.endsWith(".yq") && isFile(files[0]))
    expression = yield* expressionIn(p, files.shift()!);
  if (expression === "" && files.length > 0 && !isFile(files[0]!)) expression = files.shift()!;
  if (files.length === 0 && !o.nullInput) files = ["-"];
  if (o.inPlace && (o.nullInput || files.includes("-")))
    throw new YqError("write in place flag only applicable when giving an expression and at least one file");
  const ast = parseYq(expression, isFunction);
  const [first] = files;
  if (o.input !== "auto" && o.output === "auto" && !o.nullInput && first !== "-") yield* warnOfFormat(p, first!);
  const sources: Source[] = [];
  for (const [number, path] of (o.nullInput ? [] : files).entries()) {
    if (o.inPlace && sys.find(p, path) === undefined) throw new YqError(`stat ${path}: no such file or directory`);
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
      if (other && !o.noDocument && !o.nul && format === "yaml") text += "---\n";
      text += o.nul ? `${shown(one, o, format).replace(/\n$/, "")}\0` : shown(one, o, format);
    }
    return text;
  };
  if (o.split !== undefined) {
    const name = parseYq(o.split, isFunction);
    for (const [i, one] of results.entries()) {
      const variables = new Map([["index", [loose(scalar(i), one.source)]]]);
      const [found] = evaluate(name, { list: [one], variables, host, together: false });
      const wanted = found === undefined ? "" : textOf(resolved(found));
      const file = /\.[a-zA-Z0-9]+$/.test(wanted) ? wanted : `${wanted}.${EXTENSIONS[format] ?? "yml"}`;
      const separated = i > 0 && !o.noDocument && format === "yaml" && results[i - 1]!.source !== one.source;
      sys.makeAbove(p, file, 0o750);
      sys.writeText(p, file, (separated ? "---\n" : "") + shown(one, o, format));
    }
  } else if (o.inPlace)
    for (const [number, path] of (o.all ? files.slice(0, 1) : files).entries())
      sys.writeText(p, path, write(o.all ? results : results.filter(({ source }) => source.file === number)));
  else out.add(write(results));
  if (o.exitStatus && !results.some((one) => truthy(resolved(one)))) throw new YqError("no matches found");
  return 0;
}

/** Whoever tells the input's format alone hears that the output's is YAML, whatever the file's name says. */
function* warnOfFormat(p: Process, path: string): Gen<void> {
  const { epochMs, now } = p.machine.kernel;
  const clock = strftime("%H:%M:%S", localZone(p).calendar(Math.floor((epochMs + now / 1000) / 1000)));
  const format = /\.(\w+)$/.exec(path)?.[1]?.toLowerCase() ?? "yaml";
  yield* sys.printError(
    p,
    `[WARNING] \u001b[33m${clock}\u001b[0m yq default output is now 'auto' (based on the filename extension). Normally yq would output '%v', but for backwards compatibility 'yaml' has been set. Please use -oy to specify yaml, or drop the -p flag. ${format}\n`,
  );
}

/** Endings of the files that `-s` makes. */
const EXTENSIONS: Readonly<Record<string, string>> = { json: "json", props: "properties" };

/** An expression that stands in a file. Throws `YqError`. */
function* expressionIn(p: Process, path: string): Gen<string> {
  if (path === "-" || path === "/dev/stdin") return decode(yield* readWhole(p, 0));
  return textOfFile(p, path).replaceAll("\r\n", "\n");
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
    return (parts.length > 1 ? parts : [text]).map((part, index) => {
      const source = { ...load(part, path, file, "yaml")[0]!, index };
      if (source.document.contents !== null) asGoPrints(source.document.contents as Node);
      return source;
    });
  }
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { merge: false, lineCounter: lines, logLevel: "silent" });
  const leading = /^(?:(?:[ \t]*#[^\n]*|---|%YA[^\n]*)?(?:\n|$)|--- )*/.exec(text)![0];
  if (!Array.isArray(documents) || documents.length === 0) {
    const source = { ...blank(path), file };
    if (leading !== "") setLeading(emptied(source), leading);
    return [source];
  }
  const out = (documents as Document.Parsed[]).map((document, index) => {
    const problem = document.errors[0];
    if (problem) {
      const line = problem.linePos?.[0].line ?? 1;
      throw new YqError(
        `bad file '${path}': yaml: line ${line}: ${problem.message.split("\n")[0]!.replace(/ at line .*/, "")}`,
      );
    }
    return { document: document as Document, path, file, index, lines };
  });
  // A document without a value is an empty one, and has room for comments.
  const roots = out.map((source, i) => ({
    node: source.document.contents ?? emptied(source),
    from: i === 0 ? leading.length : (documents[i - 1] as Document.Parsed).range[2],
  }));
  attachComments(text, roots as { node: Node; from: number }[]);
  if (leading !== "") setLeading(roots[0]!.node as Node, leading);
  return out;
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
      const [, name = format, indent = "2"] = /^(json|yaml)(\d*)$/.exec(format) ?? [];
      if (name === "yaml") return shown(one, { ...o, pretty: false, indent: Number(indent) }, "yaml");
      return formatted(one, name, Number(indent));
    },
    clock: () => ({
      seconds: Math.floor((p.machine.kernel.epochMs + p.machine.kernel.now / 1000) / 1000),
      zone: localZone(p),
    }),
    random: () => p.machine.kernel.random("yq").uint32() / 2 ** 32,
  };
}

function loaded(p: Process, path: string): string {
  try {
    return sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new YqFailure(`Failed to load ${path}: open ${path}: ${error.message.toLowerCase()}`);
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
  const before = leadingText(leadingOf(one.node), o.noDocument);
  if (scalarText !== undefined && one.node === node && o.raw)
    return before + (before !== "" && scalarText === "" ? "" : `${scalarText}\n`);
  const foot = footOf(one.node);
  return before + nodeText(one.node, Math.max(2, o.indent), o.pretty) + (foot === "" ? "" : footText(foot));
}

/** Lines before the first value of a file, as they were. */
function leadingText(text: string, bare: boolean): string {
  const lines = text.replace(/^--- /gm, "---\n");
  return bare ? lines.replace(/^---\n/gm, "") : lines;
}

const footText = (text: string): string => `${text.replace(/^(?=[^#\n])/gm, "# ")}\n`;
