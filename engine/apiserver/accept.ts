/** The form in which a client wants objects. */
export type Form = "object" | "table" | "partial";

const parsed = new Map<string, Form | "none">();

/** Reads an Accept header; undefined when nothing in it can be served (406). Quality values count by their order only. */
export function formOf(accept: string | undefined): Form | undefined {
  if (accept === undefined || accept === "application/json") return "object";
  let form = parsed.get(accept);
  if (form === undefined) {
    form = read(accept);
    if (parsed.size > 100) parsed.clear();
    parsed.set(accept, form);
  }
  return form === "none" ? undefined : form;
}

const MEDIA = new Set([
  "application/json",
  "application/yaml",
  "application/vnd.kubernetes.protobuf",
  "application/*",
  "*/*",
]);

function read(accept: string): Form | "none" {
  for (const clause of accept.split(",")) {
    const [media, ...rest] = clause.split(";").map((part) => part.trim());
    if (!MEDIA.has(media!)) continue;
    const parameters = new Map(rest.map((part) => part.split("=") as [string, string]));
    const as = parameters.get("as");
    if (as === undefined) return "object";
    if (parameters.get("g") !== "meta.k8s.io") continue;
    if (as === "Table") return "table";
    if (as === "PartialObjectMetadata" || as === "PartialObjectMetadataList") return "partial";
  }
  return "none";
}
