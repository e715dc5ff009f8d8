const KINDS: Readonly<Record<string, string>> = { object: "map", array: "slice" };

/** Strategic patches are read by another reader than JSON, with words of its own (apimachinery pkg/runtime/converter.go). */
export function converterError(error: string, misfit: unknown, text = false): string {
  if (error.startsWith("illegal base64")) return `error decoding from json: ${error}`;
  const found = /^json: cannot unmarshal (\w+)(?: \S+)? into .* of type (\S+)$/.exec(error);
  if (found === null) return error;
  const [, from = "", type = ""] = found;
  const to = text ? "string" : type;
  const whole = Number.isInteger(misfit);
  const kind = from === "number" ? (whole ? "int64" : "float64") : (KINDS[from] ?? from);
  if (to.startsWith("[]")) return `cannot restore slice from ${kind}`;
  if (to.startsWith("map[") || to === "v1.ResourceList") return `cannot restore map from ${kind}`;
  // reflect can turn these into each other, but not with the meaning that anybody wants.
  const alike = whole ? to === "string" : from === "number" && to.startsWith("int");
  if (alike) return `cannot convert ${kind} to ${to}`;
  if (!to.includes(".")) return `unrecognized type: ${to}`;
  return from === "object" ? "unrecognized type: string" : `cannot restore struct from: ${kind}`;
}
