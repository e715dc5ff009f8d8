import { ABSENT, type Compared, type CompareRecord, compared } from "./go-compare.ts";
import {
  added,
  alike,
  type Counts,
  changes,
  List,
  laidOut,
  lengthOf,
  type Mark,
  none,
  type Text,
} from "./go-layout.ts";
import { textDiff } from "./go-text-diff.ts";
import { type GoType, goType, isZero } from "./go-types.ts";
import { keyOf, type Options, shownValue, typed } from "./go-value.ts";

/**
 * What go-cmp's Diff says of two values of an internal type (cmp/report_compare.go), "" where they are the same: what
 * changed with two neighbours on each side, all else counted.
 */
export function goDiff(type: string, before: unknown, after: unknown): string {
  const node = compared(goType(type), before ?? {}, after ?? {});
  return node.differing === 0 ? "" : laidOut(report(node, { types: "emit", verbosity: 0 }));
}

/** Equal neighbours that are shown on each side of a change. */
const NEIGHBOURS = 2;
/** How often what looks the same is printed anew with more of it. */
const PRESETS = 6;

/** Prints two sides, with more and more of them as long as they look the same. */
function apart<T extends Text | undefined>(options: Options, print: (options: Options) => [T, T]): [T, T] {
  let sides = print(options);
  for (let i = 0; i <= PRESETS; i++) {
    const [a, b] = sides;
    if (a === undefined || b === undefined || !alike(a, b)) break;
    sides = print({ ...options, verbosity: options.verbosity + 2 * i, ...(i > 0 && { bare: true }) });
  }
  return sides;
}

function report(node: Compared, given: Options): Text {
  const verbosity = given.mode === "same" ? 1 : Math.max(3, given.verbosity);
  const options = { ...given, verbosity };
  const { type } = node;
  if (isLongText(node, options)) return textDiff(node.x as string, node.y as string, verbosity);
  if (node.depth === 0) return reportLeaf(node, options);
  if (node.inner) return { open: "&", inner: report(node.inner, options), close: "" };
  return typed(type, { open: "{", inner: parts(node, options), close: "}" }, options);
}

/** Whether a text is long enough for what differs within it to be shown. */
function isLongText({ type, x, y, differing }: Compared, { mode }: Options): boolean {
  if (mode !== undefined || differing === 0 || type.kind !== "text") return false;
  return typeof x === "string" && typeof y === "string" && x.length >= 32 && y.length >= 32;
}

function reportLeaf({ type, x, y, differing }: Compared, options: Options): Text {
  if (options.mode === "-") return shownValue(type, x, options);
  if (options.mode === "+") return shownValue(type, y, options);
  if (differing === 0) {
    const [a, b] = [shownValue(type, x, options), shownValue(type, y, options)];
    return lengthOf(a) < lengthOf(b) ? a : b;
  }
  const [a, b] = apart({ ...options, types: "elide" }, (chosen) => [
    shownValue(type, x, chosen),
    shownValue(type, y, chosen),
  ]);
  const list = new List([
    { mark: "-", value: a },
    { mark: "+", value: b },
  ]);
  return typed(type, list, { ...options, types: "emit" });
}

/** Fields, elements or entries, of both sides or of one. */
function parts({ type, records = [] }: Compared, given: Options): List {
  const options: Options = {
    ...given,
    types: type.kind === "struct" ? "auto" : "elide",
    verbosity: given.verbosity - 1,
  };
  const many = 1 << given.verbosity;
  if (given.mode === undefined) return differences(type, records, options, many << 1);
  return oneSide(type, records, options, given.mode === "same" ? (many >> 1) << 2 : many << 1);
}

/** A part on the side that is asked for; undefined where it is not there. */
function sided(node: Compared, options: Options): Text | undefined {
  const gone = (options.mode === "-" && node.x === ABSENT) || (options.mode === "+" && node.y === ABSENT);
  return gone ? undefined : report(node, options);
}

/** The parts of what is the same on both sides, gone or new. */
function oneSide(type: GoType, records: readonly CompareRecord[], options: Options, most: number): List {
  const list = new List();
  for (const { key, node } of records) {
    if (list.records.length === most) {
      list.leaveOut();
      break;
    }
    const zero = (value: unknown) => value !== ABSENT && isZero(node.type, value);
    const sides = options.mode === "same" ? [node.x, node.y] : [options.mode === "-" ? node.x : node.y];
    if (type.kind === "struct" && sides.some(zero)) continue;
    const value = sided(node, options);
    if (value !== undefined) list.records.push({ key: keyOf(type, key), value });
  }
  return list;
}

/** What differs, each with its neighbours. */
function differences(type: GoType, all: readonly CompareRecord[], options: Options, most: number): List {
  const list = new List();
  const push = (key: string, value: Text | undefined, mark?: Mark) => {
    if (value !== undefined) list.records.push({ mark, key: keyOf(type, key), value });
  };
  const name = type.kind === "struct" ? "field" : type.kind === "map" ? "entry" : "element";
  const groups = grouped(name, all);
  let records = all;
  let shown = 0;
  let rest = none(name);
  groups.forEach((counts, i) => {
    const differing = changes(counts);
    if (shown >= most) rest = added(rest, counts);
    else if (differing > 0) {
      for (const { key, node } of records.slice(0, differing)) {
        // What has but one thing below it at each step is shown twice, all else is gone into.
        if (node.below !== node.depth || isLongText(node, options)) {
          push(key, report(node, options));
          continue;
        }
        const [a, b] = apart(options, (chosen) => [
          sided(node, { ...chosen, mode: "-" }),
          sided(node, { ...chosen, mode: "+" }),
        ]);
        push(key, a, "-");
        push(key, b, "+");
      }
      records = records.slice(differing);
      shown += differing;
    } else {
      const equal = counts.identical;
      const before = i === 0 ? 0 : Math.min(NEIGHBOURS, equal);
      let after = i === groups.length - 1 ? 0 : Math.min(NEIGHBOURS, equal - before);
      if (equal - before - after === 1) after++;
      const show = ({ key, node }: CompareRecord) => push(key, report(node, { ...options, mode: "same" }));
      records.slice(0, before).forEach(show);
      if (equal > before + after) list.leaveOut({ ...counts, identical: equal - before - after });
      records.slice(equal - after, equal).forEach(show);
      records = records.slice(equal);
    }
  });
  if (rest.identical + changes(rest) > 0) list.leaveOut(rest);
  return list;
}

/** Neighbours that are the same, or that all differ, counted together. */
function grouped(of: string, records: readonly CompareRecord[]): Counts[] {
  const groups: Counts[] = [];
  let last: boolean | undefined;
  for (const { node } of records) {
    const same = node.differing === 0;
    if (same !== last) groups.push(none(of));
    last = same;
    const what = same ? "identical" : node.y === ABSENT ? "removed" : node.x === ABSENT ? "inserted" : "modified";
    groups.at(-1)![what]++;
  }
  return groups;
}
