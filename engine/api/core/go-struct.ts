import { fnv1a } from "../../kernel/index.ts";
import { goQuantity, goStringMap } from "../validation/value.ts";
import { fieldsOf, type GoType, goField, goType } from "./go-types.ts";

/** `%#v` of a value of an internal type, e.g. `PodTemplateSpec`. Addresses are drawn from what is there. */
export function goStruct(type: string, value: unknown): string {
  return printed(goType(type), value);
}

function printed(type: GoType, value: unknown): string {
  switch (type.kind) {
    case "text":
      return JSON.stringify(value ?? "");
    case "bool":
      return String(value ?? false);
    case "number":
      return String(value ?? 0);
    case "time":
      return "time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)";
    case "pointer":
      // A pointer to a time that is nil prints as its GoString does.
      if (type.of?.kind === "time" && (value === undefined || value === null)) return "<nil>";
      return `(${type.name})(${address(value)})`;
    case "slice": {
      if (value === undefined || value === null) return `${type.name}(nil)`;
      return `${type.name}{${(value as unknown[]).map((one) => printed(type.of!, one)).join(", ")}}`;
    }
    case "map":
      return type.name === "core.ResourceList"
        ? resourceList(value as Record<string, string> | undefined)
        : goStringMap(value as Record<string, string> | undefined);
    case "struct": {
      const parts = fieldsOf(type).map((field) => `${field.name}:${printed(field.type, goField(type, value, field))}`);
      return `${type.name}{${parts.join(", ")}}`;
    }
  }
}

function resourceList(list: Record<string, string> | undefined | null): string {
  if (!list) return "core.ResourceList(nil)";
  const names = Object.keys(list).sort();
  return `core.ResourceList{${names.map((name) => `${JSON.stringify(name)}:${goQuantity(list[name]!)}`).join(", ")}}`;
}

/** An address as Go's heap has them, the same for the same value; `nil` where there is none. */
export function address(value: unknown): string {
  if (value === undefined || value === null) return "nil";
  const hash = fnv1a(JSON.stringify(value)) & 0x1ffffff0;
  return `0xc00${hash.toString(16).padStart(8, "0").slice(-7)}`;
}
