/** Evaluates yq's expressions on nodes, which are changed where they stand (pkg/yqlib of v4). */
import { Alias, isAlias, isMap, isScalar, isSeq, type Node, Pair, type Scalar, YAMLMap, YAMLSeq } from "yaml";
import { globRegex } from "../../text/glob.ts";
import type { Zone } from "../../text/zone.ts";
import { footOf, leadingOf, setFoot, setLeading } from "./yq-comments.ts";
import { call } from "./yq-functions.ts";
import { calculate, merged } from "./yq-operators.ts";
import type { Ast } from "./yq-parse.ts";
import {
  type Candidate,
  child,
  copied,
  deep,
  keyText,
  loose,
  pairsOf,
  place,
  resolved,
  scalar,
  tagOf,
  textOf,
  truthy,
  YqFailure,
} from "./yq-values.ts";

/** What an expression sees: candidates, and variables. */
export interface Context {
  list: readonly Candidate[];
  variables: Map<string, readonly Candidate[]>;
  host: Host;
  /** Candidates are looked at all at once (eval-all). */
  together: boolean;
  /** The layout of times that `with_dtf` gave. */
  layout?: string;
}

/** What expressions ask of the machine. */
export interface Host {
  env(name: string): string | undefined;
  /** Throws `YqFailure`. */
  load(path: string): Candidate[];
  text(path: string): string;
  parse(text: string, format: string): Candidate;
  print(node: Candidate, format: string): string;
  /** Seconds since 1970, and what its clocks show. */
  clock(): { seconds: number; zone: Zone };
  /** Numbers from 0 to below 1. */
  random(): number;
}

export function evaluate(ast: Ast, c: Context): Candidate[] {
  switch (ast.t) {
    case "self":
      return [...c.list];
    case "literal":
      return whereAny(c, (source) => loose(scalar(ast.value, ast.text), source));
    case "text":
      return c.list.map((one) => {
        const inner = { ...c, list: [one] };
        const text = ast.parts
          .map((part) => (typeof part === "string" ? part : shown(c, evaluate(part, inner))))
          .join("");
        return loose(scalar(text), one.source);
      });
    case "path":
      return pathsOf(ast, c);
    case "splat":
      return evaluate(ast.of, c).flatMap((one) => splat(one, ast.optional));
    case "slice":
      return evaluate(ast.of, c).map((one) => slice(ast, one, c));
    case "deep":
      return c.list.flatMap((one) => [...deep(one, ast.keys)]);
    case "list":
      return each(c, (list, inner) => {
        const seq = new YAMLSeq();
        if (ast.of) seq.items = evaluate(ast.of, inner).map((one) => copied(one.node));
        return [loose(seq, list[0]!.source)];
      });
    case "object":
      if (ast.pairs === undefined) return each(c, (list) => [loose(new YAMLMap(), list[0]!.source)]);
      // With pairs there is one of each candidate, whatever is looked at all at once.
      return c.list.flatMap((one) => objects(ast.pairs!, { ...c, list: [one] }));
    case "pair":
      return objects(ast, c);
    case "variable": {
      const found = c.variables.get(ast.name);
      if (found === undefined) throw new YqFailure(`variable ${JSON.stringify(ast.name)} is not defined`);
      return [...found];
    }
    case "bind":
      c.variables.set(
        ast.name,
        evaluate(ast.of, c).map((one) => (ast.reference ? one : { ...one, node: copied(one.node) })),
      );
      return [...c.list];
    case "fold":
      return fold(ast, c);
    case "call":
      return call(ast, c);
    default:
      return binary(ast, c);
  }
}

/** Something that is made anew: once a candidate, or once when there are none. */
function whereAny(c: Context, make: (source: Candidate["source"]) => Candidate): Candidate[] {
  return c.list.length === 0 ? [] : c.together ? [make(c.list[0]!.source)] : c.list.map((one) => make(one.source));
}

/** Candidates one by one, or together where that was asked for. */
function each(c: Context, visit: (list: readonly Candidate[], inner: Context) => Candidate[]): Candidate[] {
  if (c.list.length === 0) return [];
  if (c.together) return visit(c.list, c);
  return c.list.flatMap((one) => visit([one], { ...c, list: [one] }));
}

/** A value within a text. */
function shown(c: Context, found: readonly Candidate[]): string {
  return found
    .map((one) => (isScalar(resolved(one)) ? textOf(resolved(one)) : c.host.print(one, "yaml").replace(/\n$/, "")))
    .join("\n");
}

/** What `.a[…]` leads to: the words in brackets are evaluated where the whole stands, not at `.a`. */
function pathsOf(ast: Ast & { t: "path" }, c: Context): Candidate[] {
  const from = evaluate(ast.of, c);
  if (ast.key.t === "literal") {
    const { value } = ast.key;
    return from.flatMap((one) => path(ast, one, [loose(scalar(value), one.source)]));
  }
  const keys = evaluate(ast.key, c);
  return from.flatMap((one) => path(ast, one, keys));
}

function path(ast: Ast & { t: "path" }, one: Candidate, found: readonly Candidate[]): Candidate[] {
  const node = resolved(one);
  return found.flatMap(({ node: key }) => {
    if (isSeq(key)) return (key.items as Node[]).map((item) => child(one, keyOf(item)));
    const name = keyOf(key);
    if (typeof name === "string" && name.includes("*") && isMap(node)) {
      const pattern = globRegex(name);
      return pairsOf(one)
        .filter((pair) => pattern.test(keyText(pair)))
        .map((pair) => child(one, keyText(pair)));
    }
    if (isSeq(node) && typeof name === "string") {
      if (/^-?\d+$/.test(name)) return [child(one, Number(name))];
      if (ast.optional) return [];
      throw new YqFailure(
        `cannot index array with '${name}' (strconv.ParseInt: parsing ${JSON.stringify(name)}: invalid syntax)`,
      );
    }
    if (isScalar(node) && node.value !== null && node.value !== undefined && ast.optional) return [];
    if (isScalar(node) && node.value !== null && node.value !== undefined) return [];
    return [child(one, name)];
  });
}

export function keyOf(node: Node): string | number {
  return isScalar(node) && typeof node.value === "number" ? node.value : textOf(node);
}

function splat(one: Candidate, _optional: boolean): Candidate[] {
  const node = resolved(one);
  if (isSeq(node)) return (node.items as Node[]).map((_item, i) => child(one, i));
  if (!isMap(node)) return [];
  const out = new Map<string, Candidate>();
  const put = (at: Candidate) => {
    for (const pair of pairsOf(at)) {
      const key = keyText(pair);
      if (key !== "<<") out.set(key, { node: pair.value ?? scalar(null), parent: at, key, source: at.source });
      else for (const part of mergedParts({ ...at, node: pair.value as Node })) put(part);
    }
  };
  put(one);
  return [...out.values()];
}

/** The maps that `<<` merges. */
function mergedParts(one: Candidate): Candidate[] {
  const node = resolved(one);
  return isSeq(node) ? (node.items as Node[]).map((item) => ({ ...one, node: item })) : [one];
}

function slice(ast: Ast & { t: "slice" }, one: Candidate, c: Context): Candidate {
  const at = (bound: Ast | undefined, otherwise: number): number => {
    if (bound === undefined) return otherwise;
    const [found] = evaluate(bound, { ...c, list: [one] });
    return found && isScalar(found.node) ? Number(found.node.value) : otherwise;
  };
  const node = resolved(one);
  if (isScalar(node)) {
    const text = [...textOf(node)];
    return loose(scalar(text.slice(at(ast.from, 0), at(ast.to, text.length)).join("")), one.source);
  }
  const items = isSeq(node) ? (node.items as Node[]) : [];
  const seq = new YAMLSeq();
  seq.items = items.slice(at(ast.from, 0), at(ast.to, items.length)).map(copied);
  return loose(seq, one.source);
}

/** The maps that the pairs of `{…}` make: every combination of their values. */
function objects(ast: Ast, c: Context): Candidate[] {
  if (ast.t === "binary" && ast.op === ",") {
    const [left, right] = [objects(ast.left, c), objects(ast.right, c)];
    return left.flatMap((a) => right.map((b) => loose(merged(a.node, b.node, ""), a.source)));
  }
  if (ast.t !== "pair") {
    return evaluate(ast, c).map((one) => {
      const map = new YAMLMap();
      map.items.push(new Pair(scalar(String(one.key ?? "")), copied(resolved(one))));
      return loose(map, one.source);
    });
  }
  const values = evaluate(ast.value, c);
  return evaluate(ast.key, c).flatMap((key) =>
    values.map((value) => {
      const map = new YAMLMap();
      map.items.push(new Pair(copied(resolved(key)), copied(value.node)));
      return loose(map, value.source);
    }),
  );
}

function fold(ast: Ast & { t: "fold" }, c: Context): Candidate[] {
  const of = ast.of.t === "bind" ? ast.of : undefined;
  const items = of ? evaluate(of.of, c) : [];
  let sum = evaluate(ast.init, { ...c, together: true });
  for (const item of items) {
    const variables = new Map(c.variables).set(of!.name, [item]);
    sum = evaluate(ast.body, { ...c, list: sum, variables });
  }
  return sum;
}

function binary(ast: Ast & { t: "binary" }, c: Context): Candidate[] {
  const { op, left, right } = ast;
  if (op === "|") {
    // What is bound on the left is known on the right.
    const list = evaluate(left, c);
    return evaluate(right, { ...c, list });
  }
  if (op === ",") return [...evaluate(left, c), ...evaluate(right, c)];
  if (/ \|?=$/.test(op)) return attribute(op, left, right, c);
  if (op === "=" || op === "=c") {
    assign(left, right, c, op === "=c");
    return [...c.list];
  }
  if (op === "|=") {
    for (const one of evaluate(left, c)) {
      const found = evaluate(right, { ...c, list: [one], together: false }).at(0);
      if (found) update(one, found.node);
    }
    return [...c.list];
  }
  const changing = /^(\+|-|\*|\/|%|\/\/)=(.*)$/.exec(op);
  if (changing) {
    const [, sign = "", flags = ""] = changing;
    for (const one of evaluate(left, c)) {
      const values = evaluate(right, c);
      const value = values[0];
      if (value) update(one, calculate(sign + flags, one, value, c.layout).node, flags.includes("c"));
    }
    return [...c.list];
  }
  return each(c, (_list, inner) => {
    const lefts = evaluate(left, inner);
    if (op === "and" || op === "or") {
      const first = lefts[0];
      const decided = first !== undefined && truthy(resolved(first)) === (op === "or");
      if (decided) return [loose(scalar(op === "or"), first.source)];
    }
    const rights = evaluate(right, inner);
    if (op === "//") {
      const good = lefts.filter((one) => truthy(resolved(one)));
      return good.length > 0 ? good : rights;
    }
    if (lefts.length === 0 && (op === "==" || op === "!=") && rights.length === 0)
      return [loose(scalar(op === "=="), inner.list[0]!.source)];
    if (lefts.length === 0 || rights.length === 0) {
      const only = lefts[0] ?? rights[0];
      if (only === undefined) return [];
      if (op === "==" || op === "!=")
        return [loose(scalar((tagOf(resolved(only)) === "!!null") === (op === "==")), only.source)];
      return "+*".includes(op[0]!) ? [...lefts, ...rights] : [];
    }
    return rights.flatMap((b) => lefts.map((a) => calculate(op, a, b, c.layout)));
  });
}

function assign(left: Ast, right: Ast, c: Context, clobber: boolean): void {
  const targets = evaluate(left, c);
  const values = evaluate(right, c);
  const value = values[0];
  if (value) for (const one of targets) update(one, value.node, clobber);
}

/** Gives a candidate another value: comments stay, and quotes where a text takes a text's place. */
export function update(one: Candidate, node: Node, clobber = false): void {
  if (one.node === node) return;
  const old = one.node;
  const fresh = copied(node);
  if (!isAlias(fresh) && !isAlias(old)) {
    fresh.comment ||= old.comment;
    fresh.commentBefore ||= old.commentBefore;
    if (footOf(fresh) === "") setFoot(fresh, footOf(old));
    if (leadingOf(old) !== "") setLeading(fresh, leadingOf(old));
    if (
      isScalar(old) &&
      isScalar(fresh) &&
      typeof old.value === "string" &&
      typeof fresh.value === "string" &&
      !fresh.type
    )
      fresh.type = old.type;
    const anchored = old as { anchor?: string };
    if (anchored.anchor && !clobber) (fresh as { anchor?: string }).anchor ??= anchored.anchor;
    if (old.tag?.startsWith("!") && !clobber) fresh.tag = old.tag;
  }
  place(one, fresh);
}

const STYLES: Readonly<Record<string, Scalar["type"]>> = {
  double: "QUOTE_DOUBLE",
  single: "QUOTE_SINGLE",
  literal: "BLOCK_LITERAL",
  folded: "BLOCK_FOLDED",
};

/** `.a style="double"`, `.a line_comment="x"` and their kin. */
function attribute(op: string, left: Ast, right: Ast, c: Context): Candidate[] {
  const [name = "", sign] = op.split(" ");
  for (const one of evaluate(left, c)) {
    const values = evaluate(right, sign === "|=" ? { ...c, list: [one] } : c);
    const value = values[0];
    if (value === undefined) continue;
    const text = textOf(resolved(value));
    setAttribute(one, name, tagOf(resolved(value)) === "!!null" ? "" : text);
    // What was not there is there now.
    if (one.parent !== undefined) place(one, one.node);
  }
  return [...c.list];
}

function setAttribute(one: Candidate, name: string, text: string): void {
  const { node } = one;
  if (name === "style") {
    if (isScalar(node)) {
      const style = STYLES[text];
      if (style === undefined) delete node.type;
      else node.type = style;
      if (typeof node.value !== "string" && style !== undefined) node.value = textOf(node);
    } else if (isMap(node) || isSeq(node)) node.flow = text === "flow";
  } else if (name === "tag") {
    if (isScalar(node) && text === "!!str") {
      node.value = textOf(node);
      node.source = undefined;
    } else if (isScalar(node) && (text === "!!int" || text === "!!float") && !Number.isNaN(Number(textOf(node)))) {
      node.value = Number(textOf(node));
      delete node.type;
    } else node.tag = text;
  } else if (name === "anchor") {
    if (!isAlias(node)) {
      if (text === "") delete node.anchor;
      else node.anchor = text;
    }
  } else if (name === "alias") {
    if (text !== "") place(one, new Alias(text));
  } else {
    const all = name === "comments";
    if (all || name === "line_comment") node.comment = text;
    if (all || name === "foot_comment") setFoot(node, text);
    if (!all && name !== "head_comment") return;
    node.commentBefore = text;
    setLeading(node, "");
  }
}
