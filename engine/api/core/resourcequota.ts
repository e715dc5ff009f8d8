import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateQuota, validateQuotaUpdate } from "./quota-validation.ts";

export const resourceQuota = define({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  namespaced: true,
  metadataOnce: true,
  shortNames: ["quota"],
  status: true,
  validateBody: validateQuota,
  validateBodyUpdate: validateQuotaUpdate,
  columns: [
    NAME,
    AGE,
    column("Request", "string", "Request represents a minimum amount of cpu/memory that a container may consume."),
    column(
      "Limit",
      "string",
      "Limits control the maximum amount of cpu/memory that a container may use independent of contention on the node.",
    ),
  ],
  cells: (object, nowMs) => {
    const hard: Record<string, string> = object.status?.hard ?? {};
    const used: Record<string, string> = object.status?.used ?? {};
    const show = (name: string) => `${name}: ${used[name] ?? "0"}/${hard[name]}`;
    const names = Object.keys(hard).sort();
    return [
      object.metadata.name,
      age(object, nowMs),
      names
        .filter((n) => !n.startsWith("limits"))
        .map(show)
        .join(", "),
      names
        .filter((n) => n.startsWith("limits"))
        .map(show)
        .join(", "),
    ];
  },
});
