import type { FieldType } from "../schema/types.ts";
import { deepEqual } from "../validation/value.ts";
import { PatchError } from "./error.ts";
import { normalizeOrder, partition } from "./order.ts";
import { fieldMeta, type PatchMeta } from "./schema.ts";
import { type Doc, goText, has, isMap, type JsonMap, kindOf, put } from "./value.ts";

/** Strategic merge patch (apimachinery pkg/util/strategicpatch). */

export const DELETE_FROM = "$deleteFromPrimitiveList/";
export const SET_ORDER = "$setElementOrder/";
export const RETAIN_KEYS = "$retainKeys";

const BAD_PRIMITIVE_LIST = "invalid patch format of primitive list";
const BAD_SET_ORDER = "invalid patch format of setElementOrder list";
const BAD_RETAIN_KEYS = "invalid patch format of retainKeys";

export interface MergeOptions {
  /** Act on the directives for lists; otherwise they are only carried over, to merge two patches. */
  parallelLists: boolean;
  /** A null that deletes nothing leaves nothing behind. */
  ignoreUnmatchedNulls: boolean;
}

/**
 * Applies a patch to an object of the type `schema` (`io.k8s.api.apps.v1.Deployment`); subtrees that do not change
 * keep their identity. Throws PatchError.
 */
export function applyStrategicMergePatch(original: JsonMap, patch: unknown, schema: string): Doc {
  if (!isMap(patch)) throw new PatchError("invalid JSON document", 400);
  const type: FieldType = { kind: "ref", name: schema };
  return mergeMap(original, patch, type, { parallelLists: true, ignoreUnmatchedNulls: true });
}

/** A map that is copied only when something in it changes. */
class Target {
  private copy: JsonMap | undefined;

  constructor(private readonly original: JsonMap) {}

  get value(): JsonMap {
    return this.copy ?? this.original;
  }

  set(key: string, value: Doc): void {
    if (has(this.value, key) && this.value[key] === value) return;
    this.copy ??= { ...this.original };
    put(this.copy, key, value);
  }

  delete(key: string): void {
    if (!has(this.value, key)) return;
    this.copy ??= { ...this.original };
    delete this.copy[key];
  }
}

export function mergeMap(
  original: JsonMap,
  patch: JsonMap,
  type: FieldType | undefined,
  options: MergeOptions,
): JsonMap {
  if (has(patch, "$patch")) return byDirective(patch);
  const target = new Target(original);
  const done = new Set<string>();
  if (has(patch, RETAIN_KEYS)) {
    done.add(RETAIN_KEYS);
    retainKeys(target, patch, options);
  }
  for (const key of Object.keys(patch)) {
    if (!key.startsWith("$setElementOrder")) continue;
    done.add(key);
    const list = orderList(target, key, patch, type, options);
    if (list !== undefined) done.add(list);
  }
  for (const patchKey of Object.keys(patch)) {
    if (done.has(patchKey)) continue;
    mergeField(target, patchKey, patch[patchKey], type, options);
  }
  return target.value;
}

function mergeField(
  target: Target,
  patchKey: string,
  value: Doc,
  type: FieldType | undefined,
  options: MergeOptions,
): void {
  let key = patchKey;
  const deleting = patchKey.startsWith("$deleteFromPrimitiveList");
  if (deleting) {
    if (!options.parallelLists) {
      target.set(patchKey, value);
      return;
    }
    if (!patchKey.startsWith(DELETE_FROM)) throw new PatchError(BAD_PRIMITIVE_LIST, 400);
    key = patchKey.slice(DELETE_FROM.length);
  }
  if (value === null) {
    target.delete(key);
    if (options.ignoreUnmatchedNulls) return;
  }
  const before = has(target.value, key) ? target.value[key] : undefined;
  if (before === undefined || kindOf(before) !== kindOf(value)) {
    if (deleting) return;
    const cleaned = withoutDirectives(value, options.ignoreUnmatchedNulls);
    if (cleaned === undefined) target.delete(key);
    else target.set(key, cleaned);
    return;
  }
  if (isMap(value)) {
    const meta = fieldMeta(type, key);
    target.set(key, meta.strategy === "replace" ? value : mergeMap(before, value, meta.type, options));
  } else if (Array.isArray(value)) {
    target.set(key, mergeList(before, value, fieldMeta(type, key), deleting, options));
  } else target.set(key, value);
}

function byDirective(patch: JsonMap): JsonMap {
  if (patch["$patch"] === "replace") {
    const { $patch: _, ...rest } = patch;
    return rest;
  }
  if (patch["$patch"] === "delete") return {};
  throw new PatchError(`unknown patch type: ${goText(patch["$patch"])} in map: ${goText(patch)}`, 500);
}

/** `$retainKeys`: everything else goes; what the patch sets must be among them. */
function retainKeys(target: Target, patch: JsonMap, options: MergeOptions): void {
  const keys = patch[RETAIN_KEYS];
  if (!options.parallelLists) {
    const before = target.value[RETAIN_KEYS];
    if (before === undefined) target.set(RETAIN_KEYS, keys);
    else if (!deepEqual(before, keys)) {
      throw new PatchError(
        `${goText(before)} and ${goText(keys)} are not deep equal: this may happen when calculating the 3-way diff patch`,
        500,
      );
    }
    return;
  }
  if (!Array.isArray(keys)) throw new PatchError(BAD_RETAIN_KEYS, 400);
  for (const key of Object.keys(patch)) {
    if (key === RETAIN_KEYS || patch[key] === null) continue;
    if (key.startsWith("$deleteFromPrimitiveList") || key.startsWith("$setElementOrder")) continue;
    if (!keys.includes(key)) throw new PatchError(BAD_RETAIN_KEYS, 400);
  }
  for (const key of Object.keys(target.value)) if (!keys.includes(key)) target.delete(key);
}

/** `$setElementOrder/list`: merges that list and puts it in order. The name of the list when its patch is used up. */
function orderList(
  target: Target,
  key: string,
  patch: JsonMap,
  type: FieldType | undefined,
  options: MergeOptions,
): string | undefined {
  const order = patch[key];
  if (!options.parallelLists) {
    if (!has(target.value, key)) target.set(key, order);
    else if (!deepEqual(target.value[key], order)) throw new PatchError(BAD_SET_ORDER, 400);
  }
  if (!Array.isArray(order)) throw badArgument(order);
  if (!key.startsWith(SET_ORDER)) throw new PatchError(BAD_SET_ORDER, 400);
  const name = key.slice(SET_ORDER.length);
  const before = has(target.value, name) ? target.value[name] : undefined;
  const change = has(patch, name) ? patch[name] : undefined;
  if (before !== undefined && !Array.isArray(before)) throw badArgument(before);
  if (change !== undefined && !Array.isArray(change)) throw badArgument(change);
  const meta = fieldMeta(type, name);
  if (change !== undefined) checkOrder(change, order, meta.mergeKey);
  let merged: Doc[];
  if (before !== undefined && change !== undefined) merged = mergeList(before, change, meta, false, options);
  else if (before !== undefined) merged = before;
  else if (change !== undefined) merged = withoutDirectives(change, false) as Doc[];
  else return undefined;
  const [own, foreign] = partition(merged, order, meta.mergeKey);
  const sorted = normalizeOrder(own, foreign, order, before ?? [], meta.mergeKey);
  if (before === undefined || !sameElements(before, sorted)) target.set(name, sorted);
  return name;
}

function badArgument(value: unknown): PatchError {
  const kinds: Record<string, string> = {
    map: "map[string]interface {}",
    slice: "[]interface {}",
    number: "float64",
    boolean: "bool",
    nil: "<nil>",
  };
  const kind = kindOf(value);
  return new PatchError(`expected a []interface {}, but received a ${kinds[kind] ?? kind}`, 500);
}

/** The patch's elements must stand in the order that it asks for. */
function checkOrder(patch: Doc[], order: Doc[], mergeKey: string): void {
  if (order.length === 0 || patch.length === 0) return;
  const own = mergeKey === "" ? patch : patch.filter((item) => !(isMap(item) && item["$patch"] !== undefined));
  let i = 0;
  for (let j = 0; i < own.length && j < order.length; j++) {
    const same = mergeKey === "" ? own[i] === order[j] : keyOf(own[i], mergeKey) === keyOf(order[j], mergeKey);
    if (same) i++;
  }
  if (i < own.length) {
    throw new PatchError(
      `The order in patch list:\n${goText(patch)}\n doesn't match $setElementOrder list:\n${goText(order)}\n`,
      500,
    );
  }
}

/** Value of an element's merge key. */
export function keyOf(item: Doc, mergeKey: string): Doc {
  if (!isMap(item)) throw new PatchError(`expected a map[string]interface {}, but received a ${kindOf(item)}`, 500);
  if (!has(item, mergeKey)) {
    throw new PatchError(`map: ${goText(item)} does not contain declared merge key: ${mergeKey}`, 500);
  }
  return item[mergeKey];
}

export function sameElements(a: readonly Doc[], b: readonly Doc[]): boolean {
  return a.length === b.length && a.every((item, i) => item === b[i]);
}

function mergeList(original: Doc[], patch: Doc[], meta: PatchMeta, deleting: boolean, options: MergeOptions): Doc[] {
  if (meta.strategy !== "merge" && !deleting) return deepEqual(original, patch) ? original : patch;
  if (original.length === 0 && patch.length === 0) return original;
  const ofMaps = isMap(original[0] ?? patch[0]);
  let merged: Doc[];
  if (!ofMaps) {
    if (options.parallelLists && deleting) {
      const kept = original.filter((item) => !patch.includes(item));
      return kept.length === original.length ? original : kept;
    }
    merged = [...new Set([...original, ...patch])];
  } else {
    if (meta.mergeKey === "") throw new PatchError("cannot merge lists without merge key for ", 500);
    const special = withoutSpecialElements(original, patch, meta.mergeKey);
    if (special.replaced) return special.patch;
    merged = mergeElements(special.original, special.patch, meta, options);
    patch = special.patch;
  }
  const [own, foreign] = partition(merged, patch, ofMaps ? meta.mergeKey : "");
  const sorted = normalizeOrder(own, foreign, patch, original, ofMaps ? meta.mergeKey : "");
  return sameElements(sorted, original) ? original : sorted;
}

/** Acts on `$patch: delete` and `$patch: replace` among a list's elements. */
function withoutSpecialElements(
  original: Doc[],
  patch: Doc[],
  mergeKey: string,
): { original: Doc[]; patch: Doc[]; replaced: boolean } {
  let kept = original;
  let replaced = false;
  const rest: Doc[] = [];
  for (const item of patch) {
    if (!isMap(item)) throw new PatchError(`expected a map[string]interface {}, but received a ${kindOf(item)}`, 500);
    if (!has(item, "$patch")) rest.push(item);
    else if (item["$patch"] === "delete") {
      const key = keyOf(item, mergeKey);
      kept = kept.filter((one) => !isMap(one) || one[mergeKey] !== key);
    } else if (item["$patch"] === "replace") replaced = true;
    else if (item["$patch"] === "merge") {
      throw new PatchError("merging lists cannot yet be specified in the patch", 500);
    } else throw new PatchError(`unknown patch type: ${goText(item["$patch"])} in map: ${goText(item)}`, 500);
  }
  return { original: kept, patch: rest, replaced };
}

function mergeElements(original: Doc[], patch: Doc[], meta: PatchMeta, options: MergeOptions): Doc[] {
  const merged = [...original];
  for (const item of patch) {
    const key = keyOf(item, meta.mergeKey);
    const index = merged.findIndex((one) => isMap(one) && one[meta.mergeKey] === key);
    if (index >= 0) merged[index] = mergeMap(merged[index], item, meta.type, options);
    else merged.push(item);
  }
  return merged;
}

/** A value of a patch where there was none: without directives, and without nulls if these mean nothing. */
function withoutDirectives(value: Doc, dropNulls: boolean): Doc {
  if (Array.isArray(value)) {
    let changed = false;
    const kept: Doc[] = [];
    for (const item of value) {
      const cleaned = withoutDirectives(item, dropNulls);
      if (cleaned !== item) changed = true;
      if (cleaned !== undefined) kept.push(cleaned);
    }
    return changed ? kept : value;
  }
  if (!isMap(value)) return value;
  if (has(value, "$patch")) return undefined;
  let result: JsonMap | undefined;
  for (const key of Object.keys(value)) {
    const drop = dropNulls && value[key] === null;
    const cleaned = drop ? undefined : withoutDirectives(value[key], dropNulls);
    if (cleaned === value[key]) continue;
    result ??= { ...value };
    if (cleaned === undefined) delete result[key];
    else put(result, key, cleaned);
  }
  return result ?? value;
}
