import { CLASSES, type Node, type Parsed, RegexError, SPACE, WORD } from "./ast.ts";

type Range = readonly [number, number];

const MAX_REPEAT = 32_767;

/** Parses a basic or extended expression with GNU's extensions. Throws `RegexError`. */
export function parsePosix(
  pattern: string,
  extended: boolean,
  options: { brackets?: "awk"; lenient?: boolean } = {},
): Parsed {
  const chars = [...pattern];
  const warnings: string[] = [];
  let at = 0;
  let groups = 0;
  const open: number[] = [];
  const closed = new Set<number>();

  function alternatives(depth: number): Node {
    const items: Node[] = [sequence(depth)];
    while (isBar()) {
      at += extended ? 1 : 2;
      items.push(sequence(depth));
    }
    return items.length === 1 ? items[0]! : { t: "alt", items };
  }

  function isBar(): boolean {
    return extended ? chars[at] === "|" : chars[at] === "\\" && chars[at + 1] === "|";
  }

  function isClose(): boolean {
    return extended ? chars[at] === ")" : chars[at] === "\\" && chars[at + 1] === ")";
  }

  function sequence(depth: number): Node {
    const items: Node[] = [];
    const start = at;
    while (at < chars.length && !isBar()) {
      if (isClose()) {
        if (depth > 0) break;
        if (!extended) throw new RegexError("Unmatched ) or \\)");
        // A lone ) of an extended expression: regcomp refuses it, grep and awk take it as text.
        if (options.lenient || options.brackets === "awk") {
          at++;
          items.push(repeated(literal(")")));
          continue;
        }
        throw new RegexError("Unmatched ) or \\)");
      }
      const node = atom(depth, at === start || items.every((item) => item.t === "at" && item.where === "^"));
      items.push(repeated(node));
    }
    return items.length === 1 ? items[0]! : { t: "seq", items };
  }

  /** Whatever repeats the node: * + ? {n,m} and, in basic expressions, \+ \? \{n,m\}. */
  function repeated(first: Node): Node {
    let node = first;
    const lit = first.t === "at" && first.where === "^" && !extended;
    if (lit) return node;
    for (;;) {
      const char = chars[at];
      const escaped = !extended && char === "\\" ? chars[at + 1] : undefined;
      let min: number;
      let max: number;
      if (char === "*") [min, max, at] = [0, Number.POSITIVE_INFINITY, at + 1];
      else if (extended && char === "+") [min, max, at] = [1, Number.POSITIVE_INFINITY, at + 1];
      else if (extended && char === "?") [min, max, at] = [0, 1, at + 1];
      else if (escaped === "+") [min, max, at] = [1, Number.POSITIVE_INFINITY, at + 2];
      else if (escaped === "?") [min, max, at] = [0, 1, at + 2];
      else if (extended ? char === "{" : escaped === "{") {
        const bounds = interval();
        if (bounds === undefined) return node;
        [min, max] = bounds;
      } else return node;
      node = { t: "rep", node, min, max, lazy: false, possessive: false };
    }
  }

  /** `{n}`, `{n,}`, `{n,m}`, `{,m}`; undefined when an extended expression has a literal brace here. */
  function interval(): [number, number] | undefined {
    const from = at + (extended ? 1 : 2);
    const close = extended ? "}" : "\\}";
    const rest = chars.slice(from).join("");
    const match = /^(\d*)(,?)(\d*)/.exec(rest)!;
    const after = rest.slice(match[0].length);
    const valid =
      match[0] !== "" && match[0] !== "," ? after.startsWith(close) : match[0] === "," && after.startsWith(close);
    if (!valid) {
      if (extended && /^\d/.test(rest) && options.brackets !== "awk") {
        if (options.lenient && !/^\d+(,\d*)?$/.test(match[0] + after)) {
          if (after !== "") throw new RegexError("Invalid content of \\{\\}");
        } else if (!options.lenient) throw new RegexError(after === "" ? "Unmatched \\{" : "Invalid content of \\{\\}");
      }
      if (extended && !options.lenient && options.brackets !== "awk") throw new RegexError("Unmatched \\{");
      if (extended) {
        // GNU takes an invalid interval of an extended expression as text.
        at++;
        pendingText = "{";
        return undefined;
      }
      if (!rest.includes("\\}")) throw new RegexError("Unmatched \\{");
      throw new RegexError("Invalid content of \\{\\}");
    }
    const min = match[1] === "" ? 0 : Number(match[1]);
    const max = match[2] === "" ? min : match[3] === "" ? Number.POSITIVE_INFINITY : Number(match[3]);
    if (min > max) throw new RegexError("Invalid content of \\{\\}");
    if (min > MAX_REPEAT || (max !== Number.POSITIVE_INFINITY && max > MAX_REPEAT))
      throw new RegexError("Regular expression too big");
    at = from + match[0].length + close.length;
    return [min, max];
  }
  let pendingText: string | undefined;

  function literal(char: string): Node {
    return { t: "char", code: char.codePointAt(0)! };
  }

  function atom(depth: number, first: boolean): Node {
    if (pendingText !== undefined) {
      const text = pendingText;
      pendingText = undefined;
      return literal(text);
    }
    const char = chars[at++]!;
    switch (char) {
      case ".":
        return { t: "any" };
      case "[":
        return bracket();
      case "^":
        if (extended || first || precededByGroupOrBar()) return { t: "at", where: "^" };
        return literal(char);
      case "$":
        if (extended || at === chars.length || isBar() || isClose()) return { t: "at", where: "$" };
        return literal(char);
      case "*":
        // At the start of an expression a star is text, in extended ones too (GNU).
        if (extended) return misplaced(char);
        return literal(char);
      case "+":
      case "?":
        return extended ? misplaced(char) : literal(char);
      case "{":
        return extended && pendingText === undefined ? misplaced(char) : literal(char);
      case "(":
        if (extended) return group(depth);
        return literal(char);
      case "\\":
        return escaped(depth);
      default:
        return literal(char);
    }
  }

  /** A repetition with nothing before it. */
  function misplaced(char: string): Node {
    if (options.brackets === "awk") return literal(char);
    if (!options.lenient) throw new RegexError("Invalid preceding regular expression");
    warnings.push(`${char} at start of expression`);
    return { t: "seq", items: [] };
  }

  function precededByGroupOrBar(): boolean {
    const before = chars.slice(0, at - 1).join("");
    return before === "" || before.endsWith("\\(") || before.endsWith("\\|") || before.endsWith("\n");
  }

  function group(depth: number): Node {
    const index = ++groups;
    open.push(index);
    const node = alternatives(depth + 1);
    if (!isClose()) throw new RegexError("Unmatched ( or \\(");
    at += extended ? 1 : 2;
    open.pop();
    closed.add(index);
    return { t: "group", index, node };
  }

  function escaped(depth: number): Node {
    const char = chars[at++];
    if (char === undefined) throw new RegexError("Trailing backslash");
    switch (char) {
      case "(":
        return extended ? literal(char) : group(depth);
      case "{":
        // A repetition with nothing before it.
        if (!extended) throw new RegexError("Invalid preceding regular expression");
        return literal(char);
      case "<":
      case ">":
      case "b":
      case "B":
        return { t: "at", where: char };
      case "`":
        return { t: "at", where: "A" };
      case "'":
        return { t: "at", where: "z" };
      case "w":
      case "W":
        return { t: "set", ranges: WORD, negate: char === "W" };
      case "s":
      case "S":
        return { t: "set", ranges: SPACE, negate: char === "S" };
      default:
        if (char >= "1" && char <= "9") {
          const index = Number(char);
          if (!closed.has(index)) throw new RegexError("Invalid back reference");
          return { t: "back", index };
        }
        return literal(char);
    }
  }

  function bracket(): Node {
    const ranges: Range[] = [];
    let negate = false;
    if (chars[at] === "^") {
      negate = true;
      at++;
    }
    let first = true;
    if (chars[at] === undefined) throw new RegexError("Invalid regular expression");
    for (;;) {
      const char = chars[at];
      if (char === undefined) throw new RegexError("Unmatched [, [^, [:, [., or [=");
      if (char === "]" && !first) {
        at++;
        return { t: "set", ranges, negate };
      }
      first = false;
      if (char === "[" && chars[at + 1] === ":") {
        const end = closing(":");
        const name = chars.slice(at + 2, end).join("");
        const set = CLASSES[name];
        if (set === undefined) throw new RegexError("Invalid character class name");
        ranges.push(...set);
        at = end + 2;
        continue;
      }
      const from = member();
      if (chars[at] === "-" && chars[at + 1] !== "]" && chars[at + 1] !== undefined) {
        at++;
        const to = member();
        if (to < from) throw new RegexError("Invalid range end");
        ranges.push([from, to]);
      } else ranges.push([from, from]);
    }
  }

  function closing(mark: string): number {
    for (let i = at + 2; i + 1 < chars.length; i++) if (chars[i] === mark && chars[i + 1] === "]") return i;
    throw new RegexError("Unmatched [, [^, [:, [., or [=");
  }

  function member(): number {
    const char = chars[at]!;
    if (char === "[" && (chars[at + 1] === "." || chars[at + 1] === "=")) {
      const end = closing(chars[at + 1]!);
      const name = chars.slice(at + 2, end);
      if (name.length !== 1) throw new RegexError("Invalid collation character");
      at = end + 2;
      return name[0]!.codePointAt(0)!;
    }
    at++;
    if (options.brackets === "awk" && char === "\\" && chars[at] !== undefined) return chars[at++]!.codePointAt(0)!;
    return char.codePointAt(0)!;
  }

  const root = alternatives(0);
  return { root, groups, names: new Map(), ignoreCase: false, warnings };
}
