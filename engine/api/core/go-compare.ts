import { fieldsOf, type GoType, goField, goType } from "./go-types.ts";

/**
 * How go-cmp compares two values (github.com/google/go-cmp v0.6 cmp/compare.go and cmp/report_value.go): a tree with,
 * at each node, how much below it is the same and how much differs.
 */
export interface Compared {
  type: GoType;
  /** The two values; `ABSENT` where a list or map has nothing to compare with. */
  x: unknown;
  y: unknown;
  /** Leaves that are equal, and that are not. */
  same: number;
  differing: number;
  /** How many nodes are below it, and how deep they go. */
  below: number;
  depth: number;
  /** Of a struct, a list or a map. */
  records?: CompareRecord[];
  /** What a pointer leads to. */
  inner?: Compared;
}

export interface CompareRecord {
  /** A field's name or a key; "" for an element. */
  key: string;
  node: Compared;
}

export const ABSENT = Symbol("absent");

const nothing = (value: unknown) => value === undefined || value === null;

export function compared(type: GoType, x: unknown, y: unknown): Compared {
  const node: Compared = { type, x, y, same: 0, differing: 0, below: 0, depth: 0 };
  if (x === ABSENT || y === ABSENT) return leaf(node, false);
  switch (type.kind) {
    case "text":
      return leaf(node, (x ?? "") === (y ?? ""));
    case "number":
      return leaf(node, Number(x ?? 0) === Number(y ?? 0));
    case "bool":
      return leaf(node, (x ?? false) === (y ?? false));
    case "time":
      return leaf(node, (x ?? "") === (y ?? ""));
    case "struct":
      // A Quantity has a method of its own for this.
      if (type.name === "resource.Quantity") return leaf(node, sameAmount(x, y));
      node.records = fieldsOf(type).map((field) => ({
        key: field.name,
        node: compared(field.type, goField(type, x, field), goField(type, y, field)),
      }));
      break;
    case "pointer":
      if (nothing(x) || nothing(y)) return leaf(node, nothing(x) && nothing(y));
      node.inner = compared(type.of!, x, y);
      break;
    case "slice":
      if (nothing(x) || nothing(y)) return leaf(node, nothing(x) && nothing(y));
      node.records = elements(type.of!, x as unknown[], y as unknown[]);
      break;
    case "map":
      if (nothing(x) || nothing(y)) return leaf(node, nothing(x) && nothing(y));
      node.records = entries(type, x as Record<string, unknown>, y as Record<string, unknown>);
      break;
  }
  for (const child of node.inner ? [node.inner] : node.records!.map((record) => record.node)) {
    node.same += child.same;
    node.differing += child.differing;
    node.below += child.below + 1;
    node.depth = Math.max(node.depth, child.depth + 1);
  }
  return node;
}

function leaf(node: Compared, equal: boolean): Compared {
  if (equal) node.same = 1;
  else node.differing = 1;
  return node;
}

const QUANTITY = goType("resource.Quantity");

function sameAmount(x: unknown, y: unknown): boolean {
  const [amount] = fieldsOf(QUANTITY);
  const [a, b] = [x, y].map(
    (value) => (goField(QUANTITY, value ?? "0", amount!) ?? {}) as { value: bigint; scale: number },
  ) as [{ value: bigint; scale: number }, { value: bigint; scale: number }];
  const least = Math.min(a.scale, b.scale);
  return a.value * 10n ** BigInt(a.scale - least) === b.value * 10n ** BigInt(b.scale - least);
}

function entries(type: GoType, x: Record<string, unknown>, y: Record<string, unknown>): CompareRecord[] {
  const keys = [...new Set([...Object.keys(x), ...Object.keys(y)])].sort();
  const at = (map: Record<string, unknown>, key: string) => (Object.hasOwn(map, key) ? map[key] : ABSENT);
  return keys.map((key) => ({ key, node: compared(type.of!, at(x, key), at(y, key)) }));
}

function elements(type: GoType, x: readonly unknown[], y: readonly unknown[]): CompareRecord[] {
  const known = new Map<number, Likeness>();
  const likeness = (i: number, j: number): Likeness => {
    const at = i * y.length + j;
    let found = known.get(at);
    if (found === undefined) {
      const { same, differing } = compared(type, x[i], y[j]);
      found = differing === 0 ? "equal" : same + 1 >= differing ? "similar" : "other";
      known.set(at, found);
    }
    return found;
  };
  let [i, j] = [0, 0];
  return edits(x.length, y.length, likeness).map((edit) => {
    const node = compared(type, edit === "y" ? ABSENT : x[i], edit === "x" ? ABSENT : y[j]);
    if (edit !== "y") i++;
    if (edit !== "x") j++;
    return { key: "", node };
  });
}

export type Likeness = "equal" | "similar" | "other";
/** One step from a list to another: both go on, the same or changed, or only the first (`x`) or the second (`y`). */
export type Edit = "same" | "changed" | "x" | "y";

/**
 * The steps that lead from a list to another (go-cmp's internal/diff Difference): matches are looked for along diagonals,
 * from the beginning and from the end in turn, and taken as they are found until the two searches meet.
 */
export function edits(nx: number, ny: number, like: (i: number, j: number) => Likeness): Edit[] {
  const [fore, aft]: [Edit[], Edit[]] = [[], []];
  const [from, to] = [
    { x: 0, y: 0 },
    { x: nx, y: ny },
  ];
  const [near, far] = [{ ...from }, { ...to }];
  let budget = 4 * (nx + ny);
  const push = (edit: Edit, forward: boolean) => {
    (forward ? fore : aft).push(edit);
    const [at, by] = forward ? [from, 1] : [to, -1];
    if (edit !== "y") at.x += by;
    if (edit !== "x") at.y += by;
  };
  /** Goes to a point, pairing what is like on the way. */
  const reach = (x: number, y: number, forward: boolean) => {
    const at = forward ? from : to;
    const left = () => [Math.abs(x - at.x), Math.abs(y - at.y)] as const;
    for (let [dx, dy] = left(); dx > 0 && dy > 0; [dx, dy] = left()) {
      const found = forward ? like(at.x, at.y) : like(at.x - 1, at.y - 1);
      if (found === "equal") push("same", forward);
      else if (found === "similar") push("changed", forward);
      else if (forward) push(dx >= dy ? "x" : "y", true);
      else push(dy >= dx ? "y" : "x", false);
    }
    while (at.x !== x) push("x", forward);
    while (at.y !== y) push("y", forward);
  };
  for (let forward = true; ; forward = !forward) {
    if (near.x >= far.x || near.y >= far.y || budget === 0) break;
    const front = forward ? near : far;
    for (let [right, left, i] = [false, false, 0]; !(right && left) && budget > 0; i++) {
      const step = i % 2 === 0 ? i / 2 : -(i + 1) / 2;
      const [x, y] = forward ? [front.x + step, front.y - step] : [front.x - step, front.y + step];
      if (forward ? x >= to.x || y < from.y : from.x >= x || to.y < y) right = true;
      else if (forward ? y >= to.y || x < from.x : from.y >= y || to.x < x) left = true;
      else if ((forward ? like(x, y) : like(x - 1, y - 1)) === "equal") {
        reach(x, y, forward);
        push("same", forward);
        const ahead = () => (forward ? like(from.x, from.y) : like(to.x - 1, to.y - 1));
        while (from.x < to.x && from.y < to.y && ahead() === "equal") push("same", forward);
        Object.assign(front, forward ? from : to);
        break;
      } else budget--;
    }
    if (forward) near[to.x - near.x >= to.y - near.y ? "x" : "y"]++;
    else far[far.x - from.x >= far.y - from.y ? "x" : "y"]--;
  }
  reach(to.x, to.y, true);
  return [...fore, ...aft.reverse()];
}
