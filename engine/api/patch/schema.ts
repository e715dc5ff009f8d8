import { type FieldType, typeOf } from "../schema/types.ts";
import { PatchError } from "./error.ts";

/** What a patch has to know about a field: the type below it, how it merges, and by which key. */
export interface PatchMeta {
  /** Type of the value, or of a list's elements; undefined when nothing is known. */
  type: FieldType | undefined;
  /** "merge", "replace" or "" (maps merge, lists are replaced). */
  strategy: string;
  retainKeys: boolean;
  mergeKey: string;
}

const UNKNOWN: PatchMeta = { type: undefined, strategy: "", retainKeys: false, mergeKey: "" };
const known = new Map<string, Map<string, PatchMeta>>();

/** The field `key` of a value of this type. */
export function fieldMeta(type: FieldType | undefined, key: string): PatchMeta {
  if (type?.kind === "map") return { ...UNKNOWN, type: type.values };
  if (type?.kind !== "ref") return UNKNOWN;
  let fields = known.get(type.name);
  if (!fields) known.set(type.name, (fields = new Map()));
  const found = fields.get(key);
  if (found) return found;
  const field = typeOf(type.name)?.fields.get(key);
  if (!field) return UNKNOWN;
  const strategies = field.patchStrategy ?? [];
  const rest = strategies.filter((s) => s !== "retainKeys");
  if (rest.length > 1) throw new PatchError(`unexpected patch strategy: [${strategies.join(" ")}]`, 500);
  const meta: PatchMeta = {
    type: field.type.kind === "array" ? field.type.items : field.type,
    strategy: rest[0] ?? "",
    retainKeys: rest.length < strategies.length,
    mergeKey: field.patchMergeKey ?? "",
  };
  fields.set(key, meta);
  return meta;
}
