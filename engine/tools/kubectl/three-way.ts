/**
 * The patch that `apply` sends: what the file changes about the live object, and what it no longer has since the last
 * apply (apimachinery pkg/util/strategicpatch CreateThreeWayMergePatch, pkg/util/jsonmergepatch).
 */
import type { PatchType } from "../../api/client.ts";
import { schemaName } from "../../api/define.ts";
import { type Field, type FieldType, type TypeSchema, typeOf } from "../../api/schema/types.ts";
import type { KubeObject } from "../../api/types.ts";
import { toYaml } from "../../text/yaml.ts";
import type { Mapping } from "./discovery.ts";
import { compareStrings, sprint, toJson } from "./go.ts";

type Item = Record<string, unknown>;

interface DiffOptions {
  /** Only what was removed. */
  deletions: boolean;
  /** Only what was added or changed. */
  additions: boolean;
  retainKeys: boolean;
  /** Without the order of lists. */
  unordered?: boolean;
}

/** The file changes what somebody else has changed, too (`--overwrite=false`). */
export class PatchConflict extends Error {}

const ORDER = "$setElementOrder/";
const DELETE_PRIMITIVE = "$deleteFromPrimitiveList/";

const isMap = (value: unknown): value is Item => typeof value === "object" && value !== null && !Array.isArray(value);
const equal = (a: unknown, b: unknown): boolean => a === b || toJson(a) === toJson(b);

/** The patch and how it must be sent; an empty patch when nothing is to be done. */
export function threeWayPatch(
  mapping: Mapping,
  original: KubeObject | undefined,
  modified: KubeObject,
  current: KubeObject,
  overwrite: boolean,
): { patch: Item; type: PatchType } {
  const type = typeOf(schemaName(mapping.group, mapping.version, mapping.kind));
  if (type === undefined) return { patch: mergePatch(original ?? {}, modified, current), type: "merge" };
  const delta = diffMaps(current, modified, type, { deletions: false, additions: true, retainKeys: false });
  const deletions = diffMaps(original ?? {}, modified, type, { deletions: true, additions: false, retainKeys: false });
  const patch = mergePatches(deletions, delta, type);
  if (!overwrite) {
    const both = { deletions: true, additions: true, retainKeys: false, unordered: true };
    const changed = diffMaps(original ?? {}, current, type, both);
    if (conflicts(patch, changed, type)) {
      const [ours, theirs] = [toYaml(patch), toYaml(changed)];
      throw new PatchConflict(`patch:\n${ours}\nconflicts with changes made from original to current:\n${theirs}\n`);
    }
  }
  return { patch, type: "strategic" };
}

/** Whether two patches say different things about a field (strategicpatch MergingMapsHaveConflicts). */
function conflicts(left: unknown, right: unknown, type: TypeSchema | undefined, field?: Field): boolean {
  const { replace, merge } = strategies(field);
  if (isMap(left)) {
    if (!isMap(right) || left["$patch"] !== right["$patch"]) return true;
    if (replace) return false;
    return Object.entries(left).some(([key, value]) => {
      if (key === "$patch" || key === "$retainKeys" || !(key in right)) return false;
      const inner = type?.fields.get(key);
      return conflicts(value, right[key], structOf(inner?.type), inner);
    });
  }
  if (!Array.isArray(left)) return !equal(left, right);
  if (!Array.isArray(right)) return true;
  const ofMaps = isMap(left[0] ?? right[0]);
  if (merge) {
    const key = field?.patchMergeKey;
    if (!ofMaps || key === undefined) return false;
    const idOf = (item: unknown) => sprint((item as Item)[key]);
    return left.some((item) => {
      const other = right.findLast((each) => idOf(each) === idOf(item));
      return other !== undefined && conflicts(item, other, type);
    });
  }
  const inOrder = (list: unknown[]) =>
    ofMaps ? list : [...new Set(list)].sort((a, b) => compareStrings(sprint(a), sprint(b)));
  const [ours, theirs] = [inOrder(left), inOrder(right)];
  return left.length !== right.length || ours.some((item, i) => conflicts(item, theirs[i], type));
}

function structOf(type: FieldType | undefined): TypeSchema | undefined {
  if (type?.kind === "ref") return typeOf(type.name);
  if (type?.kind === "array") return structOf(type.items);
  if (type?.kind === "map") return structOf(type.values);
  return undefined;
}

function strategies(field: Field | undefined): { retainKeys: boolean; replace: boolean; merge: boolean } {
  const all = field?.patchStrategy ?? [];
  return { retainKeys: all.includes("retainKeys"), replace: all.includes("replace"), merge: all.includes("merge") };
}

function diffMaps(original: Item, modified: Item, type: TypeSchema | undefined, options: DiffOptions): Item {
  const patch: Item = {};
  for (const [key, value] of Object.entries(modified)) {
    if (value === undefined) continue;
    const before = original[key];
    if (before === undefined) {
      if (options.additions) patch[key] = value;
      continue;
    }
    const field = type?.fields.get(key);
    const { retainKeys, replace, merge } = strategies(field);
    if (isMap(before) && isMap(value)) {
      if (replace) {
        if (options.additions) patch[key] = value;
        continue;
      }
      const inner = diffMaps(before, value, structOf(field?.type), { ...options, retainKeys });
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (Array.isArray(before) && Array.isArray(value) && merge) {
      diffLists(key, before, value, field!, { ...options, retainKeys }, patch);
    } else if (options.additions && !equal(before, value)) patch[key] = value;
  }
  if (options.deletions) for (const key of Object.keys(original)) if (modified[key] === undefined) patch[key] = null;
  const kept = Object.keys(modified).filter((key) => modified[key] !== null && modified[key] !== undefined);
  if (options.retainKeys && kept.length > 0) {
    const cleared = Object.keys(original).some((key) => modified[key] === undefined);
    if (Object.keys(patch).length > 0 || cleared) patch["$retainKeys"] = kept.sort(compareStrings);
  }
  return patch;
}

function diffLists(
  key: string,
  before: unknown[],
  after: unknown[],
  field: Field,
  options: DiffOptions,
  patch: Item,
): void {
  if (before.length === 0) {
    if (after.length > 0 && options.additions) patch[key] = after;
    return;
  }
  const { patchMergeKey: mergeKey } = field;
  if (mergeKey === undefined || !isMap(before[0] ?? after[0])) {
    diffScalars(key, before, after, options, patch);
    return;
  }
  const idOf = (item: unknown) => sprint((item as Item)[mergeKey]);
  const changed: unknown[] = [];
  const type = structOf(field.type);
  // Items that share a key (ports of one number) are paired as they stand; what is left over was added or is gone.
  const left = new Map<string, Item[]>();
  for (const item of before as Item[]) left.set(idOf(item), [...(left.get(idOf(item)) ?? []), item]);
  for (const item of after as Item[]) {
    const old = left.get(idOf(item))?.shift();
    if (old === undefined) {
      if (options.additions) changed.push(item);
      continue;
    }
    const inner = diffMaps(old, item, type, options);
    if (Object.keys(inner).length > 0) changed.push({ ...inner, [mergeKey]: item[mergeKey] });
  }
  if (options.deletions) {
    const gone = [...left.values()].flat();
    for (const item of gone.sort((a, b) => compareStrings(idOf(a), idOf(b)))) {
      changed.push({ $patch: "delete", [mergeKey]: item[mergeKey] });
    }
  }
  if (changed.length > 0) patch[key] = changed;
  // Lists of different lengths count as ordered differently, so a Pod that got a token volume is always "configured".
  const sameOrder = before.length === after.length && before.every((item, i) => idOf(item) === idOf(after[i]));
  if (!options.unordered && (changed.length > 0 || (options.additions && !sameOrder))) {
    patch[ORDER + key] = after.map((item) => ({ [mergeKey]: (item as Item)[mergeKey] }));
  }
}

function diffScalars(key: string, before: unknown[], after: unknown[], options: DiffOptions, patch: Item): void {
  const added = options.additions ? after.filter((item) => !before.some((other) => equal(item, other))) : [];
  const gone = options.deletions ? before.filter((item) => !after.some((other) => equal(item, other))) : [];
  if (added.length > 0) patch[key] = added;
  if (gone.length > 0) {
    patch[DELETE_PRIMITIVE + key] = [...new Set(gone)].sort((a, b) => compareStrings(sprint(a), sprint(b)));
  }
  if (options.unordered) return;
  if (gone.length > 0 || (options.additions && !equal(before, after))) patch[ORDER + key] = after;
}

/** Both patches in one; where both say something about a field, that of the live object wins. */
function mergePatches(deletions: Item, delta: Item, type: TypeSchema | undefined): Item {
  const out: Item = { ...deletions };
  for (const [key, value] of Object.entries(delta)) {
    const first = out[key];
    const field = type?.fields.get(key);
    if (isMap(first) && isMap(value)) out[key] = mergePatches(first, value, structOf(field?.type));
    else if (Array.isArray(first) && Array.isArray(value) && field?.patchMergeKey && !key.startsWith("$")) {
      out[key] = mergeItems(first as Item[], value as Item[], field.patchMergeKey, structOf(field.type));
    } else out[key] = value;
  }
  return out;
}

function mergeItems(deletions: Item[], delta: Item[], mergeKey: string, type: TypeSchema | undefined): Item[] {
  const same = (a: Item, b: Item) => sprint(a[mergeKey]) === sprint(b[mergeKey]);
  const out = delta.map((item) => {
    const other = deletions.find((candidate) => same(candidate, item));
    return other ? mergePatches(other, item, type) : item;
  });
  return [...out, ...deletions.filter((item) => !delta.some((other) => same(item, other)))];
}

/** For kinds without a Go type: additions and changes against the live object, removals against the last apply. */
function mergePatch(original: Item, modified: Item, current: Item): Item {
  const patch: Item = {};
  for (const [key, value] of Object.entries(modified)) {
    if (value === undefined) continue;
    const now = current[key];
    if (isMap(value) && isMap(now)) {
      const inner = mergePatch(isMap(original[key]) ? (original[key] as Item) : {}, value, now);
      if (Object.keys(inner).length > 0) patch[key] = inner;
    } else if (!equal(now, value)) patch[key] = value;
  }
  for (const key of Object.keys(original)) {
    if (modified[key] === undefined && current[key] !== undefined) patch[key] = null;
  }
  return patch;
}
