import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { compareStrings, sortedKeys, sprint } from "../go.ts";
import type { Document } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";

const SKIP = new Set([
  ".metadata.managedFields",
  ".metadata.name",
  ".metadata.namespace",
  ".metadata.labels",
  ".metadata.annotations",
]);

/** describe of a kind that has no describer of its own: every field, labelled. */
export function* describeGeneric(d: Document, object: KubeObject): Gen {
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${object.metadata.name}`);
  d.line(0, `Namespace:\t${object.metadata.namespace ?? ""}`);
  d.labels("Labels", object.metadata.labels);
  d.annotations("Annotations", object.metadata.annotations);
  writeContent(d, 0, object, "");
  writeEvents(d, events);
}

function writeContent(d: Document, level: number, content: object, path: string): void {
  for (const field of sortedKeys(content).sort(compareStrings)) {
    const value = (content as Record<string, unknown>)[field];
    const here = `${path}.${field}`;
    if (value === undefined || SKIP.has(here)) continue;
    if (Array.isArray(value)) {
      d.line(level, `${labelOf(field)}:`);
      for (const item of value) {
        if (typeof item === "object" && item !== null && !Array.isArray(item)) writeContent(d, level + 1, item, here);
        else d.line(level + 1, sprint(item));
      }
    } else if (typeof value === "object" && value !== null) {
      d.line(level, `${labelOf(field)}:`);
      writeContent(d, level + 1, value, here);
    } else d.line(level, `${labelOf(field)}:\t${sprint(value)}`);
  }
}

const ACRONYMS = new Set(["API", "URL", "UID", "OSB", "GUID"]);

/** `creationTimestamp` becomes `Creation Timestamp`; names with other signs stay as they are. */
export function labelOf(field: string): string {
  if (!/^[a-zA-Z-]*$/.test(field)) return field;
  const parts = field.match(/[A-Z]+(?![a-z])|[A-Z][a-z]*|[a-z]+|-+/g) ?? [];
  return parts
    .map((part) => (ACRONYMS.has(part.toUpperCase()) ? part.toUpperCase() : part[0]!.toUpperCase() + part.slice(1)))
    .join(" ");
}
