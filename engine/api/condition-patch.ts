import type { KubeObject } from "./types.ts";

/** Part of a status patch that sets one condition: what is new comes last, as where a patch is made of two objects. */
export function conditionPatch(object: KubeObject, entry: { type: string }): Record<string, unknown> {
  const before: readonly { type: string }[] = object["status"]?.conditions ?? [];
  const types = before.map(({ type }) => type);
  const order = (types.includes(entry.type) ? types : [...types, entry.type]).map((type) => ({ type }));
  return { "$setElementOrder/conditions": order, conditions: [entry] };
}
