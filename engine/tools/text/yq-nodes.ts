/** YAML trees as yq prints them: comments, quotes and the order of keys stay where nothing else is asked for. */

import { isCollection, isPair, isScalar, type Node, visit } from "yaml";
import { jsonNumber } from "../../text/yaml.ts";
import { emitted } from "./yq-emit.ts";

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
export function nodeText(node: Node, indent: number, pretty: boolean): string {
  if (pretty) visit(node, (_key, one) => void (isPair(one) || inBlockStyle(one as Node)));
  return emitted(node, indent);
}

function inBlockStyle(one: Node): void {
  if (isCollection(one)) one.flow = false;
  else if (isScalar(one) && one.type !== "PLAIN" && !(typeof one.value === "string" && OLD_TRUTH.test(one.value)))
    delete one.type;
}
