/** XML as yq reads it: attributes are `+@name`, text beside elements `+content`, instructions `+p_name`. */
import { type Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import { scalar, YqFailure } from "./yq-values.ts";

const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function plain(text: string): string {
  return text.replace(/&(#x?[\da-fA-F]+|\w+);/g, (all, name: string) =>
    name.startsWith("#")
      ? String.fromCodePoint(name[1] === "x" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1)))
      : (NAMED[name] ?? all),
  );
}

interface Element {
  name: string;
  attributes: [string, string][];
  children: Element[];
  text: string;
}

const TOKEN =
  /<!--[\s\S]*?-->|<!\[CDATA\[([\s\S]*?)\]\]>|<\?([\w:.-]+)\s*([\s\S]*?)\s*\?>|<!([\s\S]*?)>|<\/([\w:.-]+)\s*>|<([\w:.-]+)((?:\s+[\w:.-]+\s*=\s*(?:"[^"]*"|'[^']*'))*)\s*(\/?)>|([^<]+)/gy;

/** Reads a document; `prefix` stands before attributes. Throws `YqFailure`. */
export function fromXml(text: string, prefix = "+@"): Node {
  const root: Element = { name: "", attributes: [], children: [], text: "" };
  const open: Element[] = [root];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match === null) {
      const line = text.slice(0, at).split("\n").length;
      throw new YqFailure(`bad file '-': XML syntax error on line ${line}: unexpected text`);
    }
    const [, data, instruction, told, , closed, name, attributes = "", empty, words] = match;
    const here = open.at(-1)!;
    if (data !== undefined) here.text += data;
    else if (instruction !== undefined)
      here.children.push({ name: `+p_${instruction}`, attributes: [], children: [], text: told! });
    else if (closed !== undefined) {
      if (open.length === 1 || here.name !== closed)
        throw new YqFailure(
          `bad file '-': XML syntax error on line ${text.slice(0, at).split("\n").length}: element <${here.name}> closed by </${closed}>`,
        );
      open.pop();
    } else if (name !== undefined) {
      const element: Element = {
        name,
        attributes: [...attributes.matchAll(/([\w:.-]+)\s*=\s*(?:"([^"]*)"|'([^']*)')/g)].map(
          (one) => [one[1]!, plain(one[2] ?? one[3] ?? "")] as [string, string],
        ),
        children: [],
        text: "",
      };
      here.children.push(element);
      if (empty === "") open.push(element);
    } else if (words !== undefined && open.length > 1) here.text += plain(words);
  }
  if (open.length > 1) throw new YqFailure("bad file '-': XML syntax error on line 1: unexpected EOF");
  return nodeFrom(root, prefix);
}

function nodeFrom({ attributes, children, text }: Element, prefix: string): Node {
  const words = text.trim();
  if (attributes.length === 0 && children.length === 0) return words === "" ? scalar(null, "") : scalar(words);
  const map = new YAMLMap<Node, Node>();
  if (words !== "") map.items.push(new Pair<Node, Node>(scalar("+content"), scalar(words)));
  for (const [name, value] of attributes) map.items.push(new Pair<Node, Node>(scalar(prefix + name), scalar(value)));
  for (const name of new Set(children.map((one) => one.name))) {
    const values = children.filter((one) => one.name === name).map((one) => nodeFrom(one, prefix));
    let value = values[0]!;
    if (values.length > 1) {
      const seq = new YAMLSeq<Node>();
      seq.items = values;
      value = seq;
    }
    map.items.push(new Pair<Node, Node>(scalar(name), value));
  }
  return map;
}
