/** Strategic merge as kyaml does it (kyaml/yaml/merge2): lists with keys are merged, the patch's elements first. */
import { schemaName } from "../../../api/define.ts";
import { type FieldType, typeOf } from "../../../api/schema/types.ts";
import { isMap } from "./fields.ts";
import type { Gvk, Tree } from "./resource.ts";

const DIRECTIVE = "$patch";

/** The object with the patch in it; undefined when the patch deletes it. */
export function strategicMerge(object: Tree, patch: Tree, { group, version, kind }: Gvk): Tree | undefined {
  const name = schemaName(group, version, kind);
  const type: FieldType | undefined = typeOf(name) && { kind: "ref", name };
  return mergeMap(object, patch, type);
}

interface Meta {
  /** Type of the value, or of a list's elements. */
  type: FieldType | undefined;
  merges: boolean;
  keys: readonly string[];
}

function metaOf(type: FieldType | undefined, field: string): Meta {
  if (type?.kind === "map") return { type: type.values, merges: false, keys: [] };
  const found = type?.kind === "ref" ? typeOf(type.name)?.fields.get(field) : undefined;
  if (found === undefined) return { type: undefined, merges: false, keys: [] };
  const keys = found.listMapKeys ?? (found.patchMergeKey ? [found.patchMergeKey] : []);
  return {
    type: found.type.kind === "array" ? found.type.items : found.type,
    merges: (found.patchStrategy ?? []).includes("merge"),
    keys,
  };
}

const without = (map: Record<string, Tree>): Record<string, Tree> => {
  const { [DIRECTIVE]: _, ...rest } = map;
  return rest;
};

function mergeMap(target: Tree, patch: Tree, type: FieldType | undefined): Tree | undefined {
  if (patch[DIRECTIVE] === "delete") return undefined;
  if (patch[DIRECTIVE] === "replace") return without(patch);
  const out: Record<string, Tree> = { ...target };
  for (const [key, value] of Object.entries(without(patch))) {
    if (value === null) {
      delete out[key];
      continue;
    }
    const merged = mergeValue(out[key], value, metaOf(type, key));
    if (merged === undefined) delete out[key];
    else out[key] = merged;
  }
  return out;
}

function mergeValue(target: Tree, patch: Tree, meta: Meta): Tree | undefined {
  if (isMap(patch)) return mergeMap(isMap(target) ? target : {}, patch, meta.type);
  if (!Array.isArray(patch) || !meta.merges) return patch;
  return mergeList(Array.isArray(target) ? target : [], patch, meta);
}

function mergeList(target: readonly Tree[], patch: readonly Tree[], { type, keys }: Meta): Tree[] | undefined {
  const whole = patch.find((item) => isMap(item) && Object.keys(item).length === 1 && item[DIRECTIVE] !== undefined);
  const items = patch.filter((item) => item !== whole);
  if (whole?.[DIRECTIVE] === "replace") return items;
  if (whole?.[DIRECTIVE] === "delete") return undefined;
  if (keys.length === 0 || !isMap(items[0] ?? target[0])) return [...new Set([...items, ...target])];
  const rest = [...target];
  const out: Tree[] = [];
  for (const item of items) {
    const at = rest.findIndex((other) => sameElement(other, item, keys));
    const merged = mergeMap(at < 0 ? {} : rest[at], item, type);
    if (at >= 0) rest.splice(at, 1);
    if (merged !== undefined) out.push(merged);
  }
  return [...out, ...rest];
}

/** Elements are the same when the keys that both have agree, and they agree in one. */
function sameElement(a: Tree, b: Tree, keys: readonly string[]): boolean {
  let common = false;
  for (const key of keys) {
    if (a[key] === undefined || b[key] === undefined) continue;
    if (String(a[key]) !== String(b[key])) return false;
    common = true;
  }
  return common;
}
