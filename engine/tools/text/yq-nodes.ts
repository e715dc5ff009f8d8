/** YAML trees as yq prints them: comments, quotes and the order of keys stay where nothing else is asked for. */
import { type Document, isCollection, isPair, isScalar, type Node, visit } from "yaml";

/** Plain texts that YAML reads as numbers, truth values, times or nothing. */
const OTHERS =
  /^(?:|~|null|Null|NULL|true|True|TRUE|false|False|FALSE|[-+]?(?:\d[\d_]*)?\.?\d+(?:[eE][-+]?\d+)?|[-+]?\d+\.|0x[\da-fA-F]+|0o[0-7]+|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)|\d{4}-\d{2}-\d{2}(?:[Tt ].*)?|<<)$/;

/** Text of a tree as yq writes it: no blank lines of its own, block style throughout when `pretty`. */
export function nodeText(document: Document, node: Node, indent: number, pretty: boolean): string {
  const clean = (one: Node) => {
    one.spaceBefore = false;
    if (pretty && isCollection(one)) one.flow = false;
    else if (pretty && isScalar(one)) delete one.type;
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
    return document.toString({
      indent,
      lineWidth: 0,
      indentSeq: true,
      flowCollectionPadding: false,
      directives: false,
      verifyAliasOrder: false,
      singleQuote: true,
    });
  } finally {
    document.contents = contents;
  }
}
