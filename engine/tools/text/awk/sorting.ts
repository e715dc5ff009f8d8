/** The orders of gawk: PROCINFO["sorted_in"], asort and asorti, by name or by a function of the program. */
import type { Gen } from "../../../kernel/index.ts";
import { compareBytes } from "../../io.ts";
import type { Expressions } from "./expressions.ts";
import { gawkOrder } from "./order.ts";
import { type AwkArray, AwkFatal, compareValues, fromInput, toNumber, type Value } from "./values.ts";

interface Entry {
  key: string;
  value: Value;
}

/** Entries in the order that `how` names. Throws `AwkFatal` for a name that is neither an order nor a function. */
export function* inOrder(x: Expressions, entries: Entry[], how: string): Gen<Entry[]> {
  const match = /^@(ind|val)_(str|num|type)_(asc|desc)$/.exec(how);
  if (match !== null) {
    const [, what, kind, way] = match;
    const sign = way === "asc" ? 1 : -1;
    const pick = (entry: Entry) => (what === "ind" ? fromInput(entry.key) : entry.value);
    return entries.sort((a, b) => sign * (compareAs(x, kind!, pick(a), pick(b)) || compareBytes(a.key, b.key)));
  }
  const fn = x.functions.get(how);
  if (fn === undefined) throw new AwkFatal(`sort comparison function \`${how}' is not defined`);
  return yield* mergeSort(entries, function* (a, b) {
    return toNumber(
      yield* x.invoke(
        how,
        [fromInput(a.key), a.value, fromInput(b.key), b.value].map((v) => ({ v })),
      ),
    );
  });
}

/** By type: numbers before texts, arrays last. */
function compareAs(x: Expressions, kind: string, a: Value, b: Value): number {
  const { rt } = x;
  const rank = (v: unknown) => (v instanceof Map ? 2 : typeof v === "string" ? 1 : 0);
  if (rank(a) === 2 || rank(b) === 2) return rank(a) - rank(b);
  const texts = (x: string, y: string) => rt.compareTexts(x, y);
  if (kind === "num") return toNumber(a) - toNumber(b) || texts(rt.str(a), rt.str(b));
  if (kind === "str") return texts(rt.str(a), rt.str(b));
  if (rank(a) !== rank(b)) return rank(a) - rank(b);
  return compareValues(a, b, rt.convfmt(), texts);
}

function* mergeSort(list: Entry[], compare: (a: Entry, b: Entry) => Gen<number>): Gen<Entry[]> {
  if (list.length < 2) return list;
  const middle = list.length >> 1;
  const left = yield* mergeSort(list.slice(0, middle), compare);
  const right = yield* mergeSort(list.slice(middle), compare);
  const out: Entry[] = [];
  let [i, k] = [0, 0];
  while (i < left.length && k < right.length)
    out.push((yield* compare(left[i]!, right[k]!)) <= 0 ? left[i++]! : right[k++]!);
  return [...out, ...left.slice(i), ...right.slice(k)];
}

function entriesOf(array: AwkArray, keys: readonly string[]): Entry[] {
  return keys.map((key) => ({ key, value: array.get(key)! }));
}

/** Keys in the order that PROCINFO["sorted_in"] sets, else in that of gawk's tables. */
export function* orderedKeys(x: Expressions, array: AwkArray): Gen<string[]> {
  const keys = gawkOrder([...array.keys()]);
  const how = (x.rt.variable("PROCINFO").v as AwkArray).get("sorted_in");
  if (how === undefined || x.rt.str(how) === "@unsorted") return keys;
  const entries = yield* inOrder(x, entriesOf(array, keys), x.rt.str(how));
  return entries.map((entry) => entry.key);
}

/** asort and asorti: what is left in `to`, with the indices 1 to n. Gives n. */
export function* sortInto(
  x: Expressions,
  kind: "asort" | "asorti",
  from: AwkArray,
  to: AwkArray,
  how: string,
): Gen<number> {
  const normal = kind === "asort" ? "@val_type_asc" : "@ind_str_asc";
  const keys = gawkOrder([...from.keys()]);
  const entries = yield* inOrder(x, entriesOf(from, keys), how === "" ? normal : how);
  to.clear();
  entries.forEach(({ key, value }, i) => {
    to.set(String(i + 1), kind === "asort" ? value : key);
  });
  return entries.length;
}
