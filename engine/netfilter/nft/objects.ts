import type { NftObject, NftTable } from "./model.ts";
import { parseLimit, parseQuota } from "./parse-rule.ts";
import type { Reader } from "./scanner.ts";

/** Counters, limits and quotas with a name, which rules share. */

export function newObject(kind: NftObject["kind"], name: string, handle: number): NftObject {
  const object: NftObject = { kind, name, handle, comment: undefined };
  if (kind === "counter") object.counter = { packets: 0, bytes: 0 };
  return object;
}

/** What stands between the braces of its definition, or behind its name. */
export function fillObject(reader: Reader, object: NftObject): void {
  const inBraces = reader.take("{");
  for (;;) {
    if (inBraces) reader.pastEnds();
    if (inBraces ? reader.take("}") : reader.ended) return;
    if (reader.take("comment")) object.comment = reader.next().text;
    else if (object.kind === "limit") object.limit = parseLimit(reader);
    else if (object.kind === "quota") object.quota = parseQuota(reader);
    else {
      const counter = object.counter!;
      const what = reader.next().text;
      if (what === "packets") counter.packets = Number(reader.next().text);
      else if (what === "bytes") counter.bytes = Number(reader.next().text);
    }
  }
}

export function isNamed(table: NftTable, kind: NftObject["kind"], name: string): boolean {
  for (const { rules } of table.chains.values())
    for (const { statements } of rules)
      for (const each of statements)
        if (each.kind === "object" && each.what === kind && each.name === name) return true;
  return false;
}
