import { deepEqual } from "../validation/value.ts";
import { type Doc, has, isMap, type JsonMap, put } from "./value.ts";

/** JSON merge patch (RFC 7386), and the patches that turn one document into another. */

/** Applies a merge patch; subtrees that do not change keep their identity. */
export function applyMergePatch(target: Doc, patch: Doc): Doc {
  if (!isMap(patch)) return patch;
  if (!isMap(target)) return withoutNulls(patch);
  let result: JsonMap | undefined;
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      if (!has(target, key)) continue;
      result ??= { ...target };
      delete result[key];
      continue;
    }
    const before = has(target, key) ? target[key] : undefined;
    const after = applyMergePatch(before, value);
    if (after === before || deepEqual(after, before)) continue;
    result ??= { ...target };
    put(result, key, after);
  }
  return result ?? target;
}

/** What a patch leaves where there was nothing: nulls delete what is not there. */
function withoutNulls(patch: JsonMap): JsonMap {
  const result: JsonMap = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value !== null) put(result, key, isMap(value) ? withoutNulls(value) : value);
  }
  return result;
}

/** The merge patch that turns `original` into `modified`; `{}` when they are the same. */
export function createMergePatch(original: JsonMap, modified: JsonMap): JsonMap {
  const patch: JsonMap = {};
  for (const key of Object.keys(modified)) {
    const after = modified[key];
    if (!has(original, key)) {
      put(patch, key, after);
      continue;
    }
    const before = original[key];
    if (deepEqual(before, after)) continue;
    put(patch, key, isMap(before) && isMap(after) ? createMergePatch(before, after) : after);
  }
  for (const key of Object.keys(original)) if (!has(modified, key)) put(patch, key, null);
  return patch;
}

/**
 * Three-way merge patch (apimachinery pkg/util/jsonmergepatch): additions and changes from current to modified,
 * deletions from original to modified. For kinds without a schema: CustomResources.
 */
export function createThreeWayMergePatch(original: JsonMap, modified: JsonMap, current: JsonMap): JsonMap {
  const changes = keepNulls(createMergePatch(current, modified), false);
  const deletions = keepNulls(createMergePatch(original, modified), true);
  return combine(deletions, changes);
}

/** Keeps only the nulls of a patch, or everything but them. */
function keepNulls(patch: JsonMap, keep: boolean): JsonMap {
  const result: JsonMap = {};
  for (const key of Object.keys(patch)) {
    const value = patch[key];
    if (value === null) {
      if (keep) put(result, key, null);
    } else if (isMap(value)) {
      const inner = keepNulls(value, keep);
      if (Object.keys(inner).length > 0 || (!keep && Object.keys(value).length === 0)) put(result, key, inner);
    } else if (!keep) put(result, key, value);
  }
  return result;
}

function combine(first: JsonMap, second: JsonMap): JsonMap {
  const result: JsonMap = { ...first };
  for (const key of Object.keys(second)) {
    const both = has(first, key) && isMap(first[key]) && isMap(second[key]);
    put(result, key, both ? combine(first[key], second[key]) : second[key]);
  }
  return result;
}
