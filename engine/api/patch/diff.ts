import type { FieldType } from "../schema/types.ts";
import { deepEqual } from "../validation/value.ts";
import { PatchError } from "./error.ts";
import { sortBy } from "./order.ts";
import { fieldMeta, type PatchMeta } from "./schema.ts";
import { DELETE_FROM, keyOf, mergeMap, RETAIN_KEYS, SET_ORDER } from "./strategic.ts";
import { type Doc, has, isMap, type JsonMap, kindOf, put } from "./value.ts";

/** Strategic merge patches from documents (apimachinery pkg/util/strategicpatch): what kubectl apply and edit send. */

interface DiffOptions {
  ignoreChanges: boolean;
  ignoreDeletions: boolean;
  /** Ask for the order of lists. */
  setOrder: boolean;
  /** Say which keys stay (`$retainKeys`). */
  retainKeys: boolean;
}

/** The patch that turns `original` into `modified`, for the type `schema`. `{}` when they are the same. */
export function createStrategicMergePatch(original: JsonMap, modified: JsonMap, schema: string): JsonMap {
  const options = { ignoreChanges: false, ignoreDeletions: false, setOrder: true, retainKeys: false };
  return diffMaps(original, modified, { kind: "ref", name: schema }, options);
}

/**
 * Three-way patch: additions and changes from `current` to `modified`, deletions from `original` (what was applied
 * last) to `modified`.
 */
export function createThreeWayStrategicMergePatch(
  original: JsonMap,
  modified: JsonMap,
  current: JsonMap,
  schema: string,
): JsonMap {
  const type: FieldType = { kind: "ref", name: schema };
  const base = { setOrder: true, retainKeys: false };
  const delta = diffMaps(current, modified, type, { ...base, ignoreChanges: false, ignoreDeletions: true });
  const deletions = diffMaps(original, modified, type, { ...base, ignoreChanges: true, ignoreDeletions: false });
  return mergeMap(deletions, delta, type, { parallelLists: false, ignoreUnmatchedNulls: false });
}

function diffMaps(original: JsonMap, modified: JsonMap, type: FieldType | undefined, options: DiffOptions): JsonMap {
  const patch: JsonMap = {};
  const retained: string[] = [];
  for (const key of Object.keys(modified)) {
    const after = modified[key];
    if (options.retainKeys && after !== null) retained.push(key);
    if (!has(original, key)) {
      if (!options.ignoreChanges) put(patch, key, after);
      continue;
    }
    const before = original[key];
    if (key === "$patch") {
      if (before !== after) patch[key] = after;
    } else if (kindOf(before) !== kindOf(after)) {
      if (!options.ignoreChanges) put(patch, key, after);
    } else if (isMap(before)) diffMapField(key, before, after, patch, fieldMeta(type, key), options);
    else if (Array.isArray(before)) diffListField(key, before, after, patch, fieldMeta(type, key), options);
    else if (before !== after && !options.ignoreChanges) put(patch, key, after);
  }
  let vanished = false;
  for (const key of Object.keys(original)) {
    if (has(modified, key)) continue;
    if (original[key] !== null) vanished = true;
    if (!options.ignoreDeletions) put(patch, key, null);
  }
  if (retained.length > 0 && (vanished || Object.keys(patch).length > 0)) patch[RETAIN_KEYS] = retained.sort();
  return patch;
}

function diffMapField(
  key: string,
  before: JsonMap,
  after: JsonMap,
  patch: JsonMap,
  meta: PatchMeta,
  options: DiffOptions,
): void {
  if (meta.strategy === "replace") {
    if (!options.ignoreChanges) put(patch, key, after);
    return;
  }
  const inner = diffMaps(before, after, meta.type, { ...options, retainKeys: meta.retainKeys });
  if (Object.keys(inner).length > 0) put(patch, key, inner);
}

function diffListField(
  key: string,
  before: Doc[],
  after: Doc[],
  patch: JsonMap,
  meta: PatchMeta,
  options: DiffOptions,
): void {
  if (meta.strategy !== "merge") {
    if (!options.ignoreChanges && !deepEqual(before, after)) put(patch, key, after);
    return;
  }
  const { added, removed, order } = diffLists(before, after, meta, { ...options, retainKeys: meta.retainKeys });
  if (added.length > 0) put(patch, key, added);
  if (removed.length > 0) patch[DELETE_FROM + key] = removed;
  if (order.length > 0) patch[SET_ORDER + key] = order;
}

interface ListDiff {
  added: Doc[];
  removed: Doc[];
  order: Doc[];
}

function diffLists(original: Doc[], modified: Doc[], meta: PatchMeta, options: DiffOptions): ListDiff {
  if (original.length === 0) {
    return { added: options.ignoreChanges ? [] : modified, removed: [], order: [] };
  }
  const sample = original[0];
  if (Array.isArray(sample)) throw new PatchError("lists of lists are not supported", 422);
  return isMap(sample)
    ? diffListsOfMaps(original, modified, meta, options)
    : diffListsOfScalars(original, modified, options);
}

function diffListsOfMaps(original: Doc[], modified: Doc[], meta: PatchMeta, options: DiffOptions): ListDiff {
  const { mergeKey } = meta;
  const before = new Map<string, JsonMap>(original.map((item) => [String(keyOf(item, mergeKey)), item]));
  const after = new Map<string, JsonMap>(modified.map((item) => [String(keyOf(item, mergeKey)), item]));
  const changed: Doc[] = [];
  const deleted: Doc[] = [];
  for (const name of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const was = before.get(name);
    const is = after.get(name);
    if (was && is) {
      const inner = diffMaps(was, is, meta.type, options);
      if (Object.keys(inner).length > 0) changed.push({ ...inner, [mergeKey]: is[mergeKey] });
    } else if (is) {
      if (!options.ignoreChanges) changed.push(is);
    } else if (!options.ignoreDeletions) deleted.push({ $patch: "delete", [mergeKey]: was![mergeKey] });
  }
  const added = [...sortBy(changed, modified, mergeKey), ...deleted];
  const sameOrder =
    original.length === modified.length &&
    original.every((item, i) => keyOf(item, mergeKey) === keyOf(modified[i], mergeKey));
  const ordered =
    options.setOrder &&
    ((!options.ignoreChanges && (added.length > 0 || !sameOrder)) || (!options.ignoreDeletions && added.length > 0));
  const order = ordered ? modified.map((item) => ({ [mergeKey]: item[mergeKey] })) : [];
  return { added, removed: [], order };
}

function diffListsOfScalars(original: Doc[], modified: Doc[], options: DiffOptions): ListDiff {
  const byText = (a: Doc, b: Doc) => (String(a) < String(b) ? -1 : String(a) > String(b) ? 1 : 0);
  const added = options.ignoreChanges ? [] : modified.filter((item) => !original.includes(item));
  const removed = options.ignoreDeletions ? [] : original.filter((item) => !modified.includes(item));
  const ordered =
    options.setOrder &&
    ((!options.ignoreDeletions && removed.length > 0) || (!options.ignoreChanges && !deepEqual(original, modified)));
  return {
    added: sortBy(added, modified, ""),
    removed: [...new Set(removed)].sort(byText),
    order: ordered ? modified : [],
  };
}
