/** Operators between two values of yq: arithmetic, comparisons, merging. */
import { isMap, isScalar, isSeq, type Node, Pair, YAMLMap, YAMLSeq } from "yaml";
import { globRegex } from "../../text/glob.ts";
import { footOf, setFoot } from "./yq-comments.ts";
import { shifted } from "./yq-times.ts";
import {
  type Candidate,
  copied,
  keyText,
  loose,
  nature,
  resolved,
  same,
  scalar,
  tagOf,
  textOf,
  truthy,
  YqFailure,
} from "./yq-values.ts";

function number(node: Node): number {
  return isScalar(node) && typeof node.value === "number" ? node.value : Number(textOf(node));
}

function made(one: Candidate, value: string | number | boolean | null): Candidate {
  return loose(scalar(value), one.source);
}

/** An operator between two values. Throws `YqFailure`. */
export function calculate(op: string, a: Candidate, b: Candidate, layout?: string): Candidate {
  const [left, right] = [resolved(a), resolved(b)];
  const [lt, rt] = [nature(left), nature(right)];
  if (op === "==" || op === "!=") return made(a, equal(left, right) === (op === "=="));
  if (/^[<>]=?$/.test(op)) return made(a, compared(op, left, right));
  if (op === "and" || op === "or") return made(a, truthy(right));
  if ((op === "+" || op === "-") && isScalar(left) && rt === "!!str") {
    const moved = shifted(op, a, b, layout);
    if (moved !== undefined) return moved;
  }
  const numeric = (tag: string) => tag === "!!int" || tag === "!!float";
  if (op[0] === "*" && isMap(left) && isMap(right)) return { ...a, node: merged(left, right, op.slice(1)) };
  if (op[0] === "*" && isSeq(left) && isSeq(right)) return { ...a, node: mergedLists(left, right, op.slice(1)) };
  if (lt === "!!null" && (op === "+" || op[0] === "*")) return loose(copied(right), a.source);
  if (rt === "!!null" && (op === "+" || op[0] === "*")) return loose(copied(left), a.source);
  if (op === "+") {
    if (isSeq(left)) {
      const out = copied(left);
      const [first] = out.items;
      // One value that is added is written in the style of the first; a list that was empty gets none.
      if (first === undefined) out.flow = false;
      if (isSeq(right)) out.items.push(...(copied(right).items as Node[]));
      else {
        const item = copied(right);
        if (isScalar(first) && isScalar(item)) item.type = first.type;
        out.items.push(item);
      }
      return { ...a, node: out };
    }
    if (isMap(left) && isMap(right)) {
      const out = copied(left);
      for (const pair of copied(right).items as Pair<Node, Node>[]) {
        const there = (out.items as Pair<Node, Node>[]).find((one) => keyText(one) === keyText(pair));
        if (there) there.value = pair.value;
        else out.items.push(pair);
      }
      return { ...a, node: out };
    }
    if (isSeq(right)) {
      const out = copied(right);
      out.items.unshift(copied(left));
      return loose(out, a.source);
    }
  }
  if (op === "-" && isSeq(left)) {
    const out = copied(left);
    const gone = isSeq(right) ? (right.items as Node[]) : [right];
    out.items = out.items.filter((item) => !gone.some((one) => same(one, item as Node)));
    return { ...a, node: out };
  }
  if (op === "/" && lt === "!!str" && rt === "!!str") {
    const seq = new YAMLSeq();
    seq.items = textOf(left)
      .split(textOf(right))
      .map((part) => scalar(part));
    return loose(seq, a.source);
  }
  if (op[0] === "*" && lt === "!!str" && rt === "!!int")
    return made(a, textOf(left).repeat(Math.max(0, number(right))));
  if (op[0] === "*" && lt === "!!int" && rt === "!!str")
    return made(a, textOf(right).repeat(Math.max(0, number(left))));
  if (numeric(lt) && numeric(rt)) {
    const [x, y] = [number(left), number(right)];
    const whole = lt === "!!int" && rt === "!!int";
    if (op === "%" && y === 0 && whole) throw new YqFailure("cannot modulo by 0");
    const value = { "+": x + y, "-": x - y, "*": x * y, "/": x / y, "%": x % y }[op[0]!]!;
    const infinite =
      value === Number.POSITIVE_INFINITY ? "+Inf" : value === Number.NEGATIVE_INFINITY ? "-Inf" : undefined;
    const out = scalar(value, whole && op !== "/" ? String(value) : infinite);
    if (tagOf(left).startsWith("!") && !tagOf(left).startsWith("!!")) out.tag = tagOf(left);
    else if (!whole || op === "/") out.tag = "!!float";
    return loose(out, a.source);
  }
  if (op === "+" && isScalar(left) && isScalar(right)) {
    const text = textOf(left) + textOf(right);
    const out = scalar(text);
    out.type = left.type;
    if (left.tag?.startsWith("!")) out.tag = left.tag;
    return { ...a, node: out };
  }
  const verb = { "+": "added to", "-": "subtracted from", "/": "divided by", "%": "modulo by", "*": "multiply" }[
    op[0]!
  ];
  if (op[0] === "*") throw new YqFailure(`cannot multiply ${lt} with ${rt}`);
  if (op === "+") throw new YqFailure(`${rt} (${where(b)}) cannot be added to a ${lt} (${where(a)})`);
  if (op === "-") throw new YqFailure(`${rt} (${where(b)}) cannot be subtracted from ${lt}`);
  throw new YqFailure(`${lt} (${where(a)}) cannot be ${verb} ${rt} (${where(b)})`);
}

function where(one: Candidate): string {
  const out: (string | number)[] = [];
  for (let at: Candidate | undefined = one; at?.key !== undefined; at = at.parent) out.unshift(at.key);
  return out.join(".");
}

/** Equality, with `*` and `?` in a text on the right. */
function equal(left: Node, right: Node): boolean {
  if (isScalar(left) && isScalar(right) && typeof right.value === "string" && /[*?]/.test(right.value))
    return tagOf(left) !== "!!null" && globRegex(right.value).test(textOf(left));
  if (isScalar(left) && isScalar(right)) {
    const [lt, rt] = [tagOf(left), tagOf(right)];
    if (lt === "!!null" || rt === "!!null") return lt === rt;
    return textOf(left) === textOf(right);
  }
  return same(left, right);
}

function compared(op: string, left: Node, right: Node): boolean {
  const [lt, rt] = [tagOf(left), tagOf(right)];
  if (lt === "!!null" && rt === "!!null") return op.endsWith("=");
  if (lt === "!!null" || rt === "!!null") return false;
  if (lt !== rt && (lt === "!!str" || rt === "!!str")) throw new YqFailure(`${lt} not yet supported for comparison`);
  const order =
    lt === "!!str" || lt === "!!timestamp"
      ? textOf(left) < textOf(right)
        ? -1
        : textOf(left) > textOf(right)
          ? 1
          : 0
      : number(left) - number(right);
  return op.startsWith("<") ? order < 0 || (op === "<=" && order === 0) : order > 0 || (op === ">=" && order === 0);
}

/** `*`: the right map's values in the left one, deeply. Flags: `+` appends lists, `d` merges them, `?` old keys only, `n` new ones only. */
export function merged(left: Node, right: Node, flags: string): Node {
  if (isMap(left) && isMap(right)) {
    const out = copied(left);
    // A block map takes the style of what comes into it.
    if (out.items.length > 0 && right.flow) out.flow = true;
    if (flags.includes("c") && right.tag?.startsWith("!")) out.tag = right.tag;
    for (const pair of right.items as Pair<Node, Node>[]) {
      const there = (out.items as Pair<Node, Node>[]).find((one) => keyText(one) === keyText(pair));
      if (there === undefined) {
        // A map that comes anew is written in blocks, as its values come one by one.
        const fresh = isMap(pair.value) ? merged(new YAMLMap(), pair.value, flags) : pair.value && copied(pair.value);
        if (!flags.includes("?")) out.items.push(new Pair(copied(pair.key), fresh));
      } else if (isMap(there.value) && isMap(pair.value)) there.value = merged(there.value, pair.value, flags);
      else if (isSeq(there.value) && isSeq(pair.value)) there.value = mergedLists(there.value, pair.value, flags);
      else if (!flags.includes("n")) {
        const fresh = copied(pair.value ?? scalar(null));
        if (
          isScalar(fresh) &&
          isScalar(there.value) &&
          !fresh.type &&
          typeof fresh.value === "string" &&
          typeof there.value.value === "string"
        )
          fresh.type = there.value.type;
        fresh.comment ||= there.value?.comment;
        if (there.value && footOf(fresh) === "") setFoot(fresh, footOf(there.value));
        there.value = fresh;
      }
    }
    return out;
  }
  return copied(right);
}

function mergedLists(left: YAMLSeq, right: YAMLSeq, flags: string): Node {
  if (flags.includes("+")) {
    const out = copied(left);
    out.items.push(...copied(right).items);
    return out;
  }
  if (flags.includes("d")) {
    const out = copied(left);
    for (const [i, item] of (right.items as Node[]).entries())
      out.items[i] = i < out.items.length ? merged(out.items[i] as Node, item, flags) : copied(item);
    return out;
  }
  return flags.includes("n") ? copied(left) : copied(right);
}
