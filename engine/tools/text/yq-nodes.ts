/** YAML trees as yq prints them: comments, quotes and the order of keys stay where nothing else is asked for. */

import { type Document, isCollection, isPair, isScalar, type Node, visit } from "yaml";
import { jsonNumber } from "../../text/yaml.ts";

/** Plain texts that YAML reads as numbers, truth values, times or nothing. */
const OTHERS =
  /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\d[\d_]*)?\.?\d+(?:[eE][-+]?\d+)?|[-+]?\d+\.|0x[\da-fA-F]+|0o[0-7]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|\d{4}-\d{2}-\d{2}(?:[Tt ].*)?|<<)$/;

/** Texts whose quotes stay in block style: YAML 1.1 would take them for truth values. */
const OLD_TRUTH = /^(?:y|yes|n|no|on|off)$/i;

/** A tree that was JSON, as what Go decodes from it: no styles, numbers in their shortest form. */
export function asGoPrints(tree: Node): void {
  const plain = (one: Node) => {
    if (isCollection(one)) one.flow = false;
    if (!isScalar(one)) return;
    delete one.type;
    if (typeof one.value === "number" && !/^-?\d+$/.test(one.source ?? "")) one.source = jsonNumber(one.value);
  };
  visit(tree, {
    Node: (_key, one) => plain(one),
    Pair: (_key, pair) => void (isPair(pair) && isScalar(pair.key) && plain(pair.key)),
  });
}

/** Text of a tree as yq writes it: no blank lines of its own, block style throughout when `pretty`. */
export function nodeText(document: Document, node: Node, indent: number, pretty: boolean): string {
  const clean = (one: Node) => {
    one.spaceBefore = false;
    if (pretty && isCollection(one)) one.flow = false;
    else if (pretty && isScalar(one) && !(typeof one.value === "string" && OLD_TRUTH.test(one.value))) delete one.type;
    // Without items only the flow style has anything to show.
    if (isCollection(one) && one.items.length === 0) one.flow = true;
    // As go-yaml has it: what would be read as something else stands in double quotes, other doubts in single ones.
    if (
      isScalar(one) &&
      typeof one.value === "string" &&
      (one.type === undefined || one.type === "PLAIN") &&
      OTHERS.test(one.value)
    )
      one.type = "QUOTE_DOUBLE";
  };
  visit(node, {
    Node: (_key, one) => clean(one),
    Pair: (_key, pair) => void (isPair(pair) && isScalar(pair.key) && clean(pair.key)),
  });
  const { contents } = document;
  document.contents = node as typeof contents;
  try {
    const text = document.toString({
      indent: 2,
      lineWidth: 0,
      indentSeq: true,
      flowCollectionPadding: false,
      directives: false,
      verifyAliasOrder: false,
      singleQuote: true,
    });
    return indent === 2 ? text : indented(text, indent);
  } finally {
    document.contents = contents;
  }
}

/**
 * The same with wider steps: an item's lines stand two behind its dash, all else at the next multiple (go-yaml's
 * yaml_emitter_increase_indent).
 */
function indented(text: string, step: number): string {
  // What each indentation of the narrow text becomes.
  const wide = new Map([[0, 0]]);
  let scalarAt: number | undefined;
  const lines = text.split("\n").map((line) => {
    const at = /^ */.exec(line)![0].length;
    if (line.trim() === "") return line;
    if (scalarAt !== undefined && at > scalarAt) {
      const base = scalarAt + 2;
      return " ".repeat((wide.get(base) ?? base) + at - base) + line.slice(at);
    }
    scalarAt = undefined;
    if (!wide.has(at)) wide.set(at, next(wide.get(at - 2) ?? at - 2, step));
    const from = wide.get(at)!;
    let inner = at;
    for (let rest = line.slice(at); rest.startsWith("- "); rest = rest.slice(2)) {
      wide.set(inner + 2, wide.get(inner)! + 2);
      inner += 2;
    }
    for (const deeper of wide.keys()) if (deeper > inner) wide.delete(deeper);
    if (/(?:^|[ :])[|>][-+]?\d?(?: #.*)?$/.test(line)) {
      scalarAt = inner === at || !/^ *(?:- )+[|>]/.test(line) ? inner : inner - 2;
      wide.set(scalarAt + 2, scalarAt < inner ? wide.get(inner)! : next(wide.get(scalarAt)!, step));
    }
    return " ".repeat(from) + line.slice(at);
  });
  return lines.join("\n");
}

const next = (from: number, step: number): number => step * Math.floor((from + step) / step);
