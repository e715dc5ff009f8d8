/** Steps into values, and values with something else at a path. */
import { brief } from "./dump.ts";
import { compare, isNumber, type Json, type JsonObject, kind, numeric } from "./json.ts";
import { ASTRAY, type Item, JqError, type Stream } from "./stream.ts";

/** How much of a container is told in errors about paths, in bytes. */
const OF_BYTES = 29;

/** A step into a value, its path with it. Throws where a path expression went astray before. */
export function indexItem(of: Item, key: Json): Item {
  if (of.p === ASTRAY)
    throw new JqError(
      `Invalid path expression near attempt to access element ${brief(key)} of ${brief(of.v, OF_BYTES)}`,
    );
  return { v: getIndex(of.v, key), p: of.p && [...of.p, key] };
}

/** A step with a `?`: nothing where it fails. */
export function* quietly(step: (of: Item, key: Json) => Item, of: Item, key: Json): Stream {
  let found: Item;
  if (of.p === ASTRAY) step(of, key);
  try {
    found = step(of, key);
  } catch (error) {
    if (error instanceof JqError) return;
    throw error;
  }
  yield found;
}

/** Every value of an array or object. */
export function* iterate(of: Item): Stream {
  if (of.p === ASTRAY)
    throw new JqError(`Invalid path expression near attempt to iterate through ${brief(of.v, OF_BYTES)}`);
  if (Array.isArray(of.v)) {
    for (let i = 0; i < of.v.length; i++) yield { v: of.v[i]!, p: of.p && [...of.p, i] };
  } else if (of.v instanceof Map) {
    for (const [key, v] of of.v) yield { v, p: of.p && [...of.p, key] };
  } else throw new JqError(`Cannot iterate over ${kind(of.v)} (${brief(of.v)})`);
}

function sliceBounds(length: number, range: JsonObject): [number, number] {
  const from = range.get("start") ?? null;
  const to = range.get("end") ?? null;
  if ((from !== null && !isNumber(from)) || (to !== null && !isNumber(to)))
    throw new JqError("Array/string slice indices must be integers");
  let start = from === null ? 0 : numeric(from) || 0;
  let end = to === null || Number.isNaN(numeric(to)) ? length : numeric(to);
  if (start < 0) start += length;
  if (end < 0) end += length;
  start = Math.min(length, Math.max(0, Math.floor(start)));
  end = Math.min(length, Math.max(start, Math.ceil(end)));
  return [start, end];
}

/** `.[key]`: a field, an element, a slice, or where a list occurs. */
export function getIndex(v: Json, key: Json): Json {
  if (v instanceof Map && typeof key === "string") return v.get(key) ?? null;
  if (Array.isArray(v)) {
    if (isNumber(key)) {
      const index = Math.floor(numeric(key));
      return v[index < 0 ? index + v.length : index] ?? null;
    }
    if (key instanceof Map) {
      const [from, to] = sliceBounds(v.length, key);
      return v.slice(from, to);
    }
    if (Array.isArray(key)) return indices(v, key);
  }
  if (typeof v === "string" && key instanceof Map) {
    const chars = [...v];
    const [from, to] = sliceBounds(chars.length, key);
    return chars.slice(from, to).join("");
  }
  if (v === null && (typeof key === "string" || isNumber(key) || key instanceof Map)) return null;
  if (typeof key === "string" && !(v instanceof Map)) throw new JqError(`Cannot index ${kind(v)} with string "${key}"`);
  throw new JqError(`Cannot index ${kind(v)} with ${kind(key)}`);
}

/** Where a list occurs within another. */
export function indices(v: Json[], part: Json[]): Json[] {
  const out: Json[] = [];
  if (part.length === 0) return out;
  for (let i = 0; i + part.length <= v.length; i++) {
    if (part.every((item, k) => compare(v[i + k]!, item) === 0)) out.push(i);
  }
  return out;
}

/** The value at a path; null where there is none. */
export function getPath(v: Json, path: readonly Json[]): Json {
  let at = v;
  for (const key of path) {
    if (at === null) return null;
    at = getIndex(at, key);
  }
  return at;
}

/** A copy of `v` with another value at a path. */
export function setPath(v: Json, path: readonly Json[], i: number, value: Json): Json {
  if (i === path.length) return value;
  const key = path[i]!;
  if (typeof key === "string") {
    if (v !== null && !(v instanceof Map)) throw new JqError(`Cannot index ${kind(v)} with "${key}"`);
    const out: JsonObject = new Map(v ?? []);
    out.set(key, setPath(v?.get(key) ?? null, path, i + 1, value));
    return out;
  }
  if (isNumber(key)) {
    if (v !== null && !Array.isArray(v)) throw new JqError(`Cannot index ${kind(v)} with number`);
    const out = v === null ? [] : [...v];
    if (Number.isNaN(numeric(key))) throw new JqError("Cannot set array element at NaN index");
    let index = Math.floor(numeric(key));
    if (index < 0) index += out.length;
    if (index < 0) throw new JqError("Out of bounds negative array index");
    if (index > 536_870_911) throw new JqError("Array index too large");
    while (out.length < index) out.push(null);
    out[index] = setPath(out[index] ?? null, path, i + 1, value);
    return out;
  }
  if (key instanceof Map) {
    if (typeof v === "string") throw new JqError("Cannot update string slices");
    if (v !== null && !Array.isArray(v)) throw new JqError(`Cannot update field at object index of ${kind(v)}`);
    const list = v ?? [];
    const [from, to] = sliceBounds(list.length, key);
    const part = setPath(v === null ? null : list.slice(from, to), path, i + 1, value);
    if (!Array.isArray(part)) throw new JqError("A slice of an array can only be assigned another array");
    return [...list.slice(0, from), ...part, ...list.slice(to)];
  }
  throw new JqError(`Invalid path component: ${kind(key)}`);
}

/** The value without those paths; all that lie in one value are taken out of it at once, so that indices stay right. */
export function deletePaths(v: Json, paths: Json[][]): Json {
  const sorted = [...paths].sort(compare);
  return sorted[0]?.length === 0 ? null : deleteSorted(v, sorted, 0);
}

function deleteSorted(v: Json, paths: readonly Json[][], depth: number): Json {
  let out = v;
  const whole: Json[] = [];
  for (let i = 0; i < paths.length; ) {
    const key = paths[i]![depth]!;
    let next = i + 1;
    while (next < paths.length && compare(paths[next]![depth]!, key) === 0) next++;
    if (paths[i]!.length === depth + 1) whole.push(key);
    else if (out !== null) {
      const inner = getIndex(out, key);
      if (inner !== null) out = setPath(out, [key], 0, deleteSorted(inner, paths.slice(i, next), depth + 1));
    }
    i = next;
  }
  return whole.length === 0 ? out : deleteKeys(out, whole);
}

function deleteKeys(v: Json, keys: readonly Json[]): Json {
  if (v === null) return null;
  if (v instanceof Map) {
    const out = new Map(v);
    for (const key of keys) {
      if (typeof key !== "string") throw new JqError("Cannot delete field at object index of object");
      out.delete(key);
    }
    return out;
  }
  if (Array.isArray(v)) {
    const gone = new Set<number>();
    for (const key of keys) {
      if (isNumber(key)) gone.add(numeric(key) < 0 ? numeric(key) + v.length : numeric(key));
      else if (key instanceof Map) {
        const [from, to] = sliceBounds(v.length, key);
        for (let i = from; i < to; i++) gone.add(i);
      } else throw new JqError("Cannot delete field at object index of array");
    }
    return v.filter((_, i) => !gone.has(i));
  }
  throw new JqError(`Cannot delete field at ${typeof keys[0] === "string" ? "object" : "array"} index of ${kind(v)}`);
}
