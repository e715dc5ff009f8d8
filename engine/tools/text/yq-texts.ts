/** Functions of yq on texts (pkg/yqlib of v4). */
import { isScalar, type Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import { compileRegex, type RegexMatch } from "../../text/regex/index.ts";
import { type Arguments, type Each, itemsOf, list, make } from "./yq-arguments.ts";
import { type Candidate, copied, loose, pathOf, resolved, scalar, tagOf, textOf, YqFailure } from "./yq-values.ts";

const texts =
  (change: (text: string) => string): Each =>
  (one) => {
    const node = resolved(one);
    if (!isScalar(node) || tagOf(node) === "!!null") return [make(one, null)];
    if (typeof node.value !== "string")
      throw new YqFailure(`cannot change case with ${tagOf(node)}, can only operate on strings. `);
    const out = copied(node);
    out.value = change(textOf(node));
    return [{ ...one, node: out }];
  };

/** What a match is told as. */
function matchNode(match: RegexMatch, names: ReadonlyMap<string, number>): Node {
  const map = new YAMLMap();
  const add = (name: string, node: Node) => map.items.push(new Pair(scalar(name), node));
  add("string", scalar(match.groups[0] ?? ""));
  add("offset", scalar(match.index));
  add("length", scalar((match.groups[0] ?? "").length));
  const captures = new YAMLSeq();
  const named = new Map([...names].map(([name, index]) => [index, name]));
  captures.items = match.groups.slice(1).map((text, i) => {
    const one = new YAMLMap();
    const [from = -1] = match.spans.slice((i + 1) * 2);
    one.items.push(
      new Pair(scalar("string"), scalar(text ?? null)),
      new Pair(scalar("offset"), scalar(from)),
      new Pair(scalar("length"), scalar(text?.length ?? 0)),
    );
    const name = named.get(i + 1);
    if (name !== undefined) one.items.push(new Pair(scalar("name"), scalar(name)));
    return one;
  });
  add("captures", captures);
  return map;
}

function matches(one: Candidate, args: Arguments): RegexMatch[] {
  const flags = args.count > 1 ? args.text(1) : "";
  const regex = compileRegex(args.text(0), { syntax: "perl", ignoreCase: flags.includes("i") });
  const text = textOf(resolved(one));
  const out: RegexMatch[] = [];
  for (let from = 0; from <= text.length; ) {
    const match = regex.exec(text, from);
    if (match === null) break;
    out.push(match);
    if (!flags.includes("g")) break;
    from = match.end > match.index ? match.end : match.end + 1;
  }
  return out;
}

function replaced(one: Candidate, args: Arguments): Candidate {
  const regex = compileRegex(args.text(0), { syntax: "perl" });
  const text = textOf(resolved(one));
  let out = "";
  let at = 0;
  for (let from = 0; from <= text.length; ) {
    const match = regex.exec(text, from);
    if (match === null) break;
    const value = args.text(1).replace(/\$\{?(\w+)\}?/g, (_all, name: string) => {
      const index = /^\d+$/.test(name) ? Number(name) : [...regex.names].find(([own]) => own === name)?.[1];
      return (index === undefined ? undefined : match.groups[index]) ?? "";
    });
    out += text.slice(at, match.index) + value;
    at = match.end;
    from = match.end > match.index ? match.end : match.end + 1;
  }
  return { ...make(one, out + text.slice(at)), parent: one.parent, key: one.key };
}

/** Functions of each candidate, by name. */
export const TEXT_FUNCTIONS: Readonly<Record<string, Each>> = {
  upcase: texts((text) => text.toUpperCase()),
  downcase: texts((text) => text.toLowerCase()),
  trim: texts((text) => text.trim()),
  to_string: (one, args) => {
    const node = resolved(one);
    if (isScalar(node)) return [{ ...make(one, textOf(node)), parent: one.parent, key: one.key }];
    const text = scalar(args.context.host.print(one, "yaml2").replace(/\n$/, ""));
    text.type = "QUOTE_DOUBLE";
    return [{ ...one, node: text }];
  },
  to_number: (one) => {
    const text = textOf(resolved(one));
    if (Number.isNaN(Number(text)) || text === "")
      throw new YqFailure(
        `cannot convert node value [${text}] at path ${pathOf(one).join(".")} of tag ${tagOf(resolved(one))} to number`,
      );
    return [make(one, Number(text), text)];
  },
  split: (one, args) => {
    const node = resolved(one);
    if (tagOf(node) === "!!null") return [];
    return [
      list(
        one,
        textOf(node)
          .split(args.text(0))
          .map((part) => scalar(part)),
      ),
    ];
  },
  join: (one, args) => [
    make(
      one,
      itemsOf(one)
        .map((item) => (tagOf(item) === "!!null" ? "" : textOf(item)))
        .join(args.text(0)),
    ),
  ],
  test: (one, args) => [make(one, matches(one, args).length > 0)],
  match: (one, args) =>
    matches(one, args).map((found) =>
      loose(matchNode(found, compileRegex(args.text(0), { syntax: "perl" }).names), one.source),
    ),
  capture: (one, args) =>
    matches(one, args).map((found) => {
      const regex = compileRegex(args.text(0), { syntax: "perl" });
      const map = new YAMLMap();
      for (const [name, index] of regex.names)
        map.items.push(new Pair(scalar(name), scalar(found.groups[index] ?? null)));
      return loose(map, one.source);
    }),
  sub: (one, args) => [replaced(one, args)],
};
