import { type Document, type Node, parseAllDocuments, stringify } from "yaml";
import { call, cpu, decode, type Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Output, readWhole } from "../io.ts";
import { dump } from "./jq/dump.ts";
import { Evaluator } from "./jq/eval.ts";
import { type Json, Literal, numeric } from "./jq/json.ts";
import { libraryEnv } from "./jq/library.ts";
import { natives } from "./jq/natives.ts";
import { parseJq } from "./jq/program.ts";
import { type Context, JqError, PAUSE } from "./jq/stream.ts";
import { CompileError } from "./jq/syntax.ts";
import { nodeAt, nodeText, toJson, updated } from "./yq-nodes.ts";

/**
 * yq(1) of mikefarah, v4, for its common forms: `yq '.a.b' file`, -o json|yaml|props, -i, -n, -r, -P, -e, -I, eval and
 * eval-all. Expressions are evaluated as jq has them, which the common ones share. Trees that
 * an expression picks or changes keep their comments and quotes.
 */
export const yq: Program = function* (p) {
  const out = new Output(p);
  try {
    const status = yield* run(p, out);
    yield* out.flush();
    return status;
  } catch (error) {
    if (!(error instanceof YqError)) throw error;
    yield* out.flush();
    yield* sys.printError(p, `Error: ${error.message}\n`);
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
  exitStatus: boolean;
  noDocument: boolean;
  all: boolean;
  indent: number;
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
    exitStatus: false,
    noDocument: false,
    all: false,
    indent: 2,
    pretty: false,
    words: [],
  };
  for (let i = 0; i < args.length; i++) {
    const arg = args[i]!;
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
    else if (/^--unwrapScalar(=|$)/.test(arg)) o.raw = attached !== "false";
    else if (arg === "--prettyPrint") o.pretty = true;
    else if (/^--(no-colors|colors)$/.test(arg)) continue;
    else if (arg.startsWith("--")) throw new YqError(`unknown flag: ${arg}`);
    else
      for (const letter of arg.slice(1)) {
        if (letter === "i") o.inPlace = true;
        else if (letter === "P") o.pretty = true;
        else if (letter === "n") o.nullInput = true;
        else if (letter === "e") o.exitStatus = true;
        else if (letter === "N") o.noDocument = true;
        else if (letter === "j") o.output = "json";
        else if (!"rCMv".includes(letter)) throw new YqError(`unknown shorthand flag: '${letter}' in ${arg}`);
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
  const name = { j: "json", json: "json", y: "yaml", yaml: "yaml", p: "props", props: "props" }[text];
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
  let [expression = ".", ...files] = o.words;
  if (files.length === 0 && !o.nullInput && sys.find(p, expression)?.kind === "file")
    [expression, files] = [".", [expression]];
  if (files.length === 0 && !o.nullInput) files = ["-"];
  const evaluate = evaluator(p, o.all ? overAll(expression) : expression);
  const documents: Source[] = [];
  for (const path of o.nullInput ? [] : files) {
    let text: string;
    try {
      text = path === "-" ? decode(yield* readWhole(p, 0)) : sys.readText(p, path);
    } catch (error) {
      if (!isErrno(error)) throw error;
      const reason =
        error.code === "EISDIR" ? `read ${path}: is a directory` : `open ${path}: ${error.message.toLowerCase()}`;
      throw new YqError(reason);
    }
    yield* cpu(20 + (text.length >> 5));
    for (const tree of load(text, path))
      documents.push({ value: toJson(tree?.contents as Node | null, new Map()), tree, path });
  }
  if (o.nullInput) documents.push({ value: null, tree: undefined, path: "" });
  if (o.inPlace && (o.nullInput || files.includes("-")))
    throw new YqError("write in place flag only applicable when giving an expression and at least one file");
  if (o.all && documents.length > 0)
    documents.splice(0, documents.length, {
      value: documents.map(({ value }) => value),
      tree: undefined,
      path: files[0]!,
    });
  const results: Json[] = [];
  const written = new Map<string, string>();
  for (const source of documents) {
    const { path } = source;
    const found = yield* call(evaluate(source.value));
    results.push(...found.map(({ value }) => value));
    const values = found.map((one) => shown(one, source, expression, o));
    if (o.inPlace) {
      const text = values.join("---\n");
      written.set(path, written.has(path) ? `${written.get(path)}---\n${text}` : text);
    } else
      for (const of of values) {
        if (!out.empty && o.output !== "json" && !o.noDocument && documents.length > 1) out.add("---\n");
        out.add(of);
      }
  }
  for (const [path, text] of written) sys.writeText(p, path, text);
  if (o.exitStatus && (results.length === 0 || results.at(-1) === null || results.at(-1) === false))
    throw new YqError("no matches found");
  return 0;
}

/** An expression of eval-all, for a list of all documents. */
function overAll(expression: string): string {
  const reduced = expression.replace(/\.\s+as\s+(\$\w+)\s+ireduce\s*/g, "reduce .[] as $1 ");
  const picked = reduced.replace(/select\(\s*(?:fi|fileIndex|di|documentIndex)\s*==\s*(\d+)\s*\)/g, ".[$1]");
  return picked === expression ? `.[] | (${expression})` : picked;
}

/** A document that is read. */
interface Source {
  value: Json;
  tree: Document | undefined;
  path: string;
}

/** What an expression gives: a value, and where in its document it stands if it was picked there. */
interface Found {
  value: Json;
  at: readonly Json[] | undefined;
}

/** Expressions that give back their document, changed. */
const CHANGES = /(?:^|[^=!<>])=(?!=)|\bdel\s*\(|\bdelpaths\b|\bsort_keys\b|\bwith_entries\b/;

function shown({ value, at }: Found, { tree, path }: Source, expression: string, o: Options): string {
  const structured = value instanceof Map || Array.isArray(value);
  if (!structured || tree === undefined || o.output === "json" || o.output === "props" || path.endsWith(".json"))
    return show(value, o);
  const indent = Math.max(2, o.indent);
  if (at !== undefined) {
    const node = nodeAt(tree.contents as Node | null, at);
    if (node === undefined) return show(value, o);
    const whole = at.length === 0;
    const text = nodeText(tree, node, indent, o.pretty);
    return whole ? text : withoutHead(tree, text);
  }
  if (!CHANGES.test(expression)) return show(value, o);
  const node = updated(tree, tree.contents as Node | null, value, plain);
  return nodeText(tree, node, indent, o.pretty);
}

/** A part of a document without what is said before and behind the whole. */
function withoutHead(tree: Document, text: string): string {
  let out = text;
  const lines = (comment: string) => comment.split("\n").length + 1;
  if (tree.commentBefore) out = out.split("\n").slice(lines(tree.commentBefore)).join("\n");
  if (tree.comment)
    out = `${out
      .split("\n")
      .slice(0, -lines(tree.comment) - 1)
      .join("\n")}\n`;
  return out;
}

function evaluator(p: Process, source: string): (input: Json) => Gen<Found[]> {
  const program = source
    .replace(/\b(?:str)?env\((\w+)\)/g, "$ENV.$1")
    .replace(/(?<![.\w])select\(\s*documentIndex == (\d+)\s*\)/g, ".");
  const env = new Map<string, Json>(p.env);
  const context: Context = {
    evaluate: (ast, scope, input) => engine.run(ast, scope, input),
    nextInput: () => null,
    wantInput: false,
    env,
    now: () => p.machine.kernel.wallMs / 1000,
    inputFile: () => null,
    inputLine: () => 0,
    tell: () => {},
    named: new Map(),
    natives,
    library: libraryEnv(),
  };
  const engine = new Evaluator(context);
  let ast: ReturnType<typeof parseJq>;
  try {
    ast = parseJq(program, true);
    engine.check(ast, program, []);
  } catch (error) {
    if (!(error instanceof CompileError)) throw error;
    throw new YqError(`1:1: invalid input text ${JSON.stringify(source.slice(0, 20))}`);
  }
  /** Results with the places where they were picked; undefined for what is picked nowhere. */
  function* all(input: Json, picks: boolean): Gen<Found[] | undefined> {
    const out: Found[] = [];
    try {
      for (const item of engine.run(ast, context.library, { v: input, p: picks ? [] : undefined })) {
        if (item === PAUSE) yield* cpu(200);
        else out.push({ value: item.v, at: item.p });
      }
    } catch (error) {
      if (!(error instanceof JqError)) throw error;
      if (picks) return undefined;
      throw new YqError(typeof error.value === "string" ? error.value : dump(error.value));
    }
    return out;
  }
  return function* (input) {
    const picked = CHANGES.test(source) ? undefined : yield* all(input, true);
    return picked ?? (yield* all(input, false))!;
  };
}

/** The documents of a YAML (or JSON) text. Throws `YqError`. */
function load(text: string, path: string): (Document | undefined)[] {
  const documents = parseAllDocuments(text, { merge: true });
  if (!Array.isArray(documents) || documents.length === 0) return [undefined];
  return documents.map((document) => {
    const problem = document.errors[0];
    if (problem) {
      const line = problem.linePos?.[0].line ?? 1;
      throw new YqError(
        `bad file '${path}': yaml: line ${line}: ${problem.message.split("\n")[0]!.replace(/ at line .*/, "")}`,
      );
    }
    return document as Document;
  });
}

function show(value: Json, o: Options): string {
  if (o.output === "json") return `${dump(value, o.indent > 0 ? { indent: " ".repeat(o.indent) } : {})}\n`;
  if (o.output === "props") return properties(value, "");
  if (value === null || typeof value !== "object" || value instanceof Literal) {
    if (typeof value === "string") return o.raw ? `${value}\n` : stringify(value);
    return `${dump(value)}\n`;
  }
  return stringify(plain(value), { indent: Math.max(2, o.indent), lineWidth: 0, indentSeq: true });
}

function plain(value: Json): unknown {
  if (value instanceof Literal) return numeric(value);
  if (Array.isArray(value)) return value.map(plain);
  if (value instanceof Map) return new Map([...value].map(([key, of]) => [key, plain(of)]));
  return value;
}

function properties(value: Json, path: string): string {
  const at = (key: string | number) => (path === "" ? String(key) : `${path}.${key}`);
  if (Array.isArray(value)) return value.map((of, i) => properties(of, at(i))).join("");
  if (value instanceof Map) return [...value].map(([key, of]) => properties(of, at(key))).join("");
  return `${path} = ${typeof value === "string" ? value : dump(value)}\n`;
}
