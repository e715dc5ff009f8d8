import type { Draft } from "../kind.ts";
import { type Field, type TypeSchema, typeOf } from "./types.ts";

/** What Go writes for a struct nobody has filled in: `{}` for most, `{metadata: {creationTimestamp: null}, …}` for a template. */
export function zeroStruct(type: TypeSchema): Draft {
  const result: Draft = {};
  for (const field of type.zeros) result[field.name] = zeroOf(field);
  return result;
}

/** What it writes for one field of it. */
export function zeroOf(field: Field): unknown {
  if (field.zero !== "object") return field.zero;
  const type = field.type.kind === "ref" ? typeOf(field.type.name) : undefined;
  return type ? zeroStruct(type) : {};
}
