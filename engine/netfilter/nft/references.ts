import type { NftTable, Statement } from "./model.ts";

/** Who names what: it cannot go before that. */

/** Whether a set or map of its own stands in a statement. */
export function hasOwnSet(statement: Statement): boolean {
  if (statement.kind === "nat" || statement.kind === "mark")
    return statement.map !== undefined && typeof statement.map.map !== "string";
  if (statement.kind === "vmap") return typeof statement.map !== "string";
  return statement.kind === "match" && statement.value.kind === "elements";
}

function verdictsOf(statement: Statement): Iterable<{ chain?: string }> {
  if (statement.kind === "verdict") return [statement.verdict];
  if (statement.kind !== "vmap" || typeof statement.map === "string") return [];
  return [...statement.map.values()].flatMap(({ verdict }) => verdict ?? []);
}

export function isJumpedTo(table: NftTable, name: string): boolean {
  for (const { rules } of table.chains.values())
    for (const { statements } of rules)
      for (const statement of statements)
        for (const { chain } of verdictsOf(statement)) if (chain === name) return true;
  for (const { elements } of table.sets.values())
    for (const { verdict } of elements.values()) if (verdict?.chain === name) return true;
  return false;
}

export function isAsked(table: NftTable, name: string): boolean {
  for (const { rules } of table.chains.values())
    for (const { statements } of rules)
      for (const statement of statements) {
        if (statement.kind === "match" && statement.value.kind === "set" && statement.value.name === name) return true;
        if (statement.kind === "vmap" && statement.map === name) return true;
        if ((statement.kind === "nat" || statement.kind === "mark") && statement.map?.map === name) return true;
        if (statement.kind === "update" && statement.set === name) return true;
      }
  return false;
}
