import { type Doc, isMap } from "./value.ts";

/** Order of merged lists (strategicpatch normalizeElementOrder): the patch's order rules, the server's fills in. */

function indexIn(list: readonly Doc[], item: Doc, mergeKey: string): number {
  if (mergeKey === "") return list.indexOf(item);
  return list.findIndex((one) => isMap(one) && isMap(item) && one[mergeKey] === item[mergeKey]);
}

/** Elements that `by` names, and the others. */
export function partition(list: readonly Doc[], by: readonly Doc[], mergeKey: string): [Doc[], Doc[]] {
  const own: Doc[] = [];
  const foreign: Doc[] = [];
  for (const item of list) (indexIn(by, item, mergeKey) >= 0 ? own : foreign).push(item);
  return [own, foreign];
}

/** Sorts by `order`; what it does not name keeps its place behind what stood before it. */
export function sortBy(list: readonly Doc[], order: readonly Doc[], mergeKey: string): Doc[] {
  const deleted = list.filter((item) => isMap(item) && item["$patch"] === "delete");
  const rest = list.filter((item) => !deleted.includes(item));
  const ranks = new Map(rest.map((item) => [item, indexIn(order, item, mergeKey)]));
  rest.sort((a, b) => {
    const x = ranks.get(a)!;
    const y = ranks.get(b)!;
    return x >= 0 && y >= 0 ? x - y : 0;
  });
  return [...rest, ...deleted];
}

/** Interleaves the patch's elements with those only the server has. */
export function normalizeOrder(
  own: readonly Doc[],
  foreign: readonly Doc[],
  order: readonly Doc[],
  serverOrder: readonly Doc[],
  mergeKey: string,
): Doc[] {
  const right = sortBy(own, order, mergeKey);
  const left = sortBy(foreign, serverOrder, mergeKey);
  const result: Doc[] = [];
  let i = 0;
  let j = 0;
  while (i < left.length || j < right.length) {
    if (i >= left.length) result.push(right[j++]);
    else if (j >= right.length) result.push(left[i++]);
    else {
      const a = indexIn(serverOrder, left[i], mergeKey);
      const b = indexIn(serverOrder, right[j], mergeKey);
      result.push(a >= 0 && b >= 0 && a < b ? left[i++] : right[j++]);
    }
  }
  return result;
}
