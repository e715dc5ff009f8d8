/** The functions of yq's expressions (pkg/yqlib/lexer_participle.go of v4). */
import { isAlias, isMap, isScalar, isSeq, type Node, Pair, visit, type YAMLSeq } from "yaml";
import { type Arguments, type Each, itemsOf, list, make } from "./yq-arguments.ts";
import { footOf, leadingOf } from "./yq-comments.ts";
import { type Context, evaluate, keyOf, update } from "./yq-eval.ts";
import { LIST_FUNCTIONS, sortKeys } from "./yq-lists.ts";
import { type Ast, parseYq } from "./yq-parse.ts";
import { TEXT_FUNCTIONS } from "./yq-texts.ts";
import { TIME_FUNCTIONS } from "./yq-times.ts";
import {
  type Candidate,
  child,
  copied,
  keyText,
  pairsOf,
  pathOf,
  place,
  remove,
  resolved,
  scalar,
  tagOf,
  textOf,
  YqFailure,
} from "./yq-values.ts";

/** The text with `${NAME}`, `${NAME:-word}` and `$NAME` filled in; flags: nu (no unset), ne (no empty), ff. */
function substituted(text: string, c: Context, flags: string): string {
  return text.replace(
    /\$\{(\w+)(?:(:?-)([^}]*))?\}|\$(\w+)/g,
    (_all, braced?: string, sign?: string, word?: string, bare?: string) => {
      const name = braced ?? bare!;
      const value = c.host.env(name);
      if (sign !== undefined && (value === undefined || (sign === ":-" && value === ""))) return word ?? "";
      if (value === undefined && flags.includes("nu")) throw new YqFailure(`variable \${${name}} not set`);
      if (value === "" && flags.includes("ne")) throw new YqFailure(`variable \${${name}} set but empty`);
      return value ?? "";
    },
  );
}

/** Aliases become what they stand for, merged maps are merged, anchors go. */
function explode(node: Node, one: Candidate): Node {
  if (isAlias(node)) return explode(copied(resolved({ ...one, node })), one);
  if (isSeq(node)) node.items = (node.items as Node[]).map((item) => explode(item, one));
  if (!isMap(node)) return node;
  const out: Pair<Node, Node>[] = [];
  const put = (pair: Pair<Node, Node>) => {
    const at = out.findIndex((other) => keyText(other) === keyText(pair));
    if (at < 0) out.push(pair);
    else out[at] = pair;
  };
  for (const pair of node.items as Pair<Node, Node>[]) {
    if (keyText(pair) !== "<<") {
      put(new Pair(pair.key, pair.value && explode(pair.value, one)));
      continue;
    }
    const merged = resolved({ ...one, node: pair.value! });
    // Of several the first wins.
    for (const part of isSeq(merged) ? (merged.items as Node[]).toReversed() : [merged]) {
      const map = explode(copied(resolved({ ...one, node: part })), one);
      if (isMap(map)) for (const inner of map.items as Pair<Node, Node>[]) put(inner);
    }
  }
  node.items = out;
  return node;
}

/** A comment without its marks. */
const comment = (text: string | null | undefined): string => (text ?? "").replace(/^# /, "").replaceAll("\n# ", "\n");

/** Functions of each candidate. */
const EACH: Readonly<Record<string, Each>> = {
  ...LIST_FUNCTIONS,
  ...TEXT_FUNCTIONS,
  ...TIME_FUNCTIONS,
  shuffle: (one, args) => {
    const items = itemsOf(one);
    for (let i = items.length - 1; i > 0; i--) {
      const j = Math.floor(args.context.host.random() * (i + 1));
      [items[i], items[j]] = [items[j]!, items[i]!];
    }
    return [{ ...one, node: list(one, items).node }];
  },
  tag: (one) => [make(one, isAlias(one.node) ? "" : tagOf(one.node))],
  kind: (one) => [
    make(one, isMap(one.node) ? "map" : isSeq(one.node) ? "seq" : isAlias(one.node) ? "alias" : "scalar"),
  ],
  anchor: (one) => [make(one, (isAlias(one.node) ? undefined : (one.node as { anchor?: string }).anchor) ?? "")],
  alias: (one) => [make(one, isAlias(one.node) ? one.node.source : "")],
  style: (one) => {
    const { node } = one;
    const names: Record<string, string> = {
      QUOTE_DOUBLE: "double",
      QUOTE_SINGLE: "single",
      BLOCK_LITERAL: "literal",
      BLOCK_FOLDED: "folded",
    };
    if (isMap(node) || isSeq(node)) return [make(one, node.flow ? "flow" : "")];
    return [make(one, isScalar(node) ? (names[node.type ?? ""] ?? "") : "")];
  },
  line_comment: (one) => [make(one, comment(one.node.comment))],
  head_comment: (one) => [
    make(
      one,
      comment(
        leadingOf(one.node)
          .replace(/^---\s*\n/gm, "")
          .replace(/\n$/, "") || one.node.commentBefore,
      ),
    ),
  ],
  foot_comment: (one) => [make(one, comment(footOf(one.node)))],
  line: (one) => [make(one, lineOf(one)[0])],
  column: (one) => [make(one, lineOf(one)[1])],
  document_index: (one) => [make(one, one.source.index)],
  file_index: (one) => [make(one, one.source.file)],
  filename: (one) => [make(one, one.source.path)],
  explode: (one, args) => {
    for (const found of args.of(0, one)) {
      const node = explode(found.node, found);
      visit(node, { Node: (_key, each) => void (isAlias(each) || delete each.anchor) });
      place(found, node);
    }
    return [one];
  },
  sort_keys: (one, args) => {
    for (const found of args.of(0, one)) {
      sortKeys(found.node);
      if (args.ast[0]?.t === "deep") visit(found.node, { Map: (_key, map) => sortKeys(map) });
    }
    return [one];
  },
  envsubst: (one, args) => [
    make(
      one,
      substituted(textOf(resolved(one)), args.context, args.ast[0]?.t === "literal" ? String(args.ast[0].value) : ""),
    ),
  ],
  eval: (one, args) => evaluate(parseYq(args.text(0), isFunction), { ...args.context, list: [one] }),
  error: (_one, args) => {
    throw new YqFailure(args.text(0));
  },
  load: (one, args) =>
    args.context.host
      .load(args.text(0))
      .map((found) => ({ ...found, source: one.source }))
      .slice(0, 1),
  load_props: (one, args) => [parsedFile(one, args, "props")],
  load_base64: (one, args) => [parsedFile(one, args, "base64d")],
  load_str: (one, args) => [make(one, args.context.host.text(args.text(0)))],
  split_doc: (one) => [one],
  setpath: (one, args) => {
    let at = one;
    for (const key of (args.node(0) as YAMLSeq).items as Node[]) at = child(at, keyOf(key));
    update(at, args.node(1) ?? scalar(null));
    return [one];
  },
  delpaths: (one, args) => {
    for (const [i, path] of ((args.node(0) as YAMLSeq).items as YAMLSeq[]).entries()) {
      if (!isSeq(path))
        throw new YqFailure(
          `DELPATHS: expected entry [${i}] to be a sequence, but its a ${tagOf(path)}. Note that delpaths takes an array of path arrays, e.g. [["a", "b"]]`,
        );
      let at = one;
      for (const key of path.items as Node[]) at = child(at, keyOf(key));
      remove(at);
    }
    return [one];
  },
  to_json: (one, args) => [encoded(one, args, `json${args.count > 0 ? args.text(0) : "2"}`)],
  json: (one, args) => [encoded(one, args, "json0")],
  to_yaml: (one, args) => [encoded(one, args, `yaml${args.count > 0 ? args.text(0) : "2"}`)],
};

const decodedAt = (one: Candidate): string => `decoded: ${pathOf(one).join(".")}`;

/** Text of a value; what was read from a text of one line without its end becomes such a text again. */
function encoded(one: Candidate, args: Arguments, format: string): Candidate {
  const { host, variables } = args.context;
  let text = host.print(one, format);
  const [original] = variables.get(decodedAt(one)) ?? [];
  const single = /^[^\n]+\n$/.test(text) && original !== undefined && !/\n$/.test(textOf(resolved(original)));
  if (single || /^(?:csv|tsv|json0)$/.test(format)) text = text.replace(/\n+$/, "");
  return { ...make(one, text), parent: one.parent, key: one.key };
}

/** A file in a format. */
function parsedFile(one: Candidate, args: Arguments, format: string): Candidate {
  const { host } = args.context;
  return { ...host.parse(host.text(args.text(0)), format), source: one.source };
}

/** Formats: `@json` and `to_json(0)`, `@base64d` and `from_…`. */
for (const format of ["props", "csv", "tsv", "base64", "uri", "sh", "xml"])
  (EACH as Record<string, Each>)[`to_${format}`] = (one, args) => [encoded(one, args, format)];
for (const format of ["base64d", "urid", "json", "yaml", "props", "csv", "tsv", "xml"])
  (EACH as Record<string, Each>)[`from_${format}`] = (one, args) => {
    args.context.variables.set(decodedAt(one), [one]);
    const { node } = args.context.host.parse(textOf(resolved(one)), format);
    return [{ ...one, node }];
  };

const NAMES: Readonly<Record<string, string>> = {
  ascii_upcase: "upcase",
  ascii_downcase: "downcase",
  tostring: "to_string",
  type: "tag",
  di: "document_index",
  documentIndex: "document_index",
  fromUnix: "from_unix",
  toUnix: "to_unix",
  mapvalues: "map_values",
  splitdoc: "split_doc",
  sortkeys: "sort_keys",
  tonumber: "to_number",
  fi: "file_index",
  fileIndex: "file_index",
  splitDoc: "split_doc",
  sortKeys: "sort_keys",
  loadstr: "load_str",
  strload: "load_str",
  mapValues: "map_values",
  toEntries: "to_entries",
  fromEntries: "from_entries",
  withEntries: "with_entries",
  get_path: "path",
  getpath: "path",
  lineComment: "line_comment",
  headComment: "head_comment",
  footComment: "foot_comment",
  to_j: "to_json",
  to_y: "to_yaml",
  fromjson: "from_json",
  fromyaml: "from_yaml",
  "@json": "json",
  "@yaml": "to_yaml",
  "@props": "to_props",
  "@csv": "to_csv",
  "@tsv": "to_tsv",
  "@xml": "to_xml",
  "@base64": "to_base64",
  "@uri": "to_uri",
  "@sh": "to_sh",
  "@base64d": "from_base64d",
  "@urid": "from_urid",
  "@jsond": "from_json",
  "@yamld": "from_yaml",
  "@propsd": "from_props",
  "@csvd": "from_csv",
  "@tsvd": "from_tsv",
};

const OTHERS = new Set(["empty", "env", "strenv", "del", "with", "with_dtf", "collect"]);

/** Whether there is a function of a name. */
export const isFunction = (name: string): boolean => {
  const own = NAMES[name] ?? name;
  return OTHERS.has(own) || Object.hasOwn(EACH, own);
};

/** Calls a function. Throws `YqFailure`. */
export function call(ast: Ast & { t: "call" }, c: Context): Candidate[] {
  const name = NAMES[ast.name] ?? ast.name;
  if (name === "empty") return [];
  if (name === "env" || name === "strenv")
    return environment(name, String((ast.args[0] as { value: string }).value), c);
  if (name === "del") {
    for (const one of ast.args.flatMap((arg) => evaluate(arg, c)).reverse()) remove(one);
    return [...c.list];
  }
  if (name === "with") {
    const [target, ...changes] = ast.args;
    for (const one of evaluate(target!, c)) for (const change of changes) evaluate(change, { ...c, list: [one] });
    return [...c.list];
  }
  if (name === "with_dtf") {
    const [layout, body] = ast.args;
    if (layout === undefined || body === undefined)
      throw new YqFailure(
        'must provide a date time format string and an expression, e.g. with_dtf("Monday, 02-Jan-06 at 3:04PM MST"; <exp>)',
      );
    const [found] = evaluate(layout, c);
    return evaluate(body, { ...c, layout: found ? textOf(resolved(found)) : "" });
  }
  if (name === "collect") return [list(c.list[0]!, c.list.map(resolved))];
  const each = EACH[name];
  if (each === undefined) throw new YqFailure(`1:1: invalid input text ${JSON.stringify(ast.name.slice(0, 20))}`);
  return c.list.flatMap((one) => {
    const own: Context = { ...c, list: [one], together: false };
    const args: Arguments = {
      count: ast.args.length,
      of: (index, input) => {
        const arg = ast.args[index];
        return arg === undefined ? [] : evaluate(arg, { ...own, list: [input] });
      },
      text: (index) => textOf(resolved(evaluate(ast.args[index]!, own)[0] ?? make(one, ""))),
      node: (index) => {
        const [found] = evaluate(ast.args[index]!, own);
        return found && resolved(found);
      },
      context: own,
      ast: ast.args,
    };
    return each(one, args);
  });
}

function environment(kind: string, name: string, c: Context): Candidate[] {
  const value = c.host.env(name);
  const [one] = c.list;
  if (one === undefined) return [];
  if (value === undefined) throw new YqFailure(`value for env variable '${name}' not provided in ${kind}()`);
  if (kind === "strenv") return [make(one, value)];
  if (value === "") throw new YqFailure(`value for env variable '${name}' not provided in env()`);
  return [{ ...c.host.parse(value, "yaml"), source: one.source }];
}

/** Line and column, from one; zeros where it stands nowhere. */
function lineOf(one: Candidate): [number, number] {
  const node =
    one.isKey && one.parent
      ? (pairsOf(one.parent).find((pair) => keyText(pair) === String(one.key))?.key ?? one.node)
      : one.node;
  const from = node.range?.[0];
  const counter = one.source.lines;
  if (from === undefined || counter === undefined) return [0, 0];
  const { line, col } = counter.linePos(from);
  return [line, col];
}
