import type { KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";

export type IncludeObject = "None" | "Metadata" | "Object";

/** metav1.PartialObjectMetadata of an object. */
export function partial(object: KubeObject): KubeObject {
  return { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1", metadata: object.metadata };
}

export function tableRow(def: KindDef, object: KubeObject, nowMs: number, include: IncludeObject): object {
  const row: Record<string, unknown> = { cells: def.cells(object, nowMs) };
  const conditions = completed(def, object);
  if (conditions) row["conditions"] = conditions;
  if (include === "Object") row["object"] = object;
  else row["object"] = include === "None" ? null : partial(object);
  return row;
}

/** metav1.Table. `headers` false: an event of a watch after the first. */
export function tableOf(def: KindDef, rows: readonly object[], metadata: object, headers = true): object {
  return {
    kind: "Table",
    apiVersion: "meta.k8s.io/v1",
    metadata,
    columnDefinitions: headers ? columnsOf(def) : null,
    rows,
  };
}

const columns = new WeakMap<KindDef, readonly object[]>();

function columnsOf(def: KindDef): readonly object[] {
  let list = columns.get(def);
  if (list === undefined) {
    list = def.columns.map((column) => ({
      name: column.name,
      type: column.type,
      format: column.format ?? "",
      get description() {
        return column.description;
      },
      priority: column.priority,
    }));
    columns.set(def, list);
  }
  return list;
}

const SUCCEEDED = [
  { type: "Completed", status: "True", reason: "Succeeded", message: "The pod has completed successfully." },
];
const FAILED = [{ type: "Completed", status: "True", reason: "Failed", message: "The pod failed." }];

/** Rows of Pods that have ended say so (pkg/printers/internalversion/printers.go). */
function completed(def: KindDef, object: KubeObject): object[] | undefined {
  if (def.resource.kind !== "Pod") return undefined;
  const phase = object["status"]?.phase;
  return phase === "Succeeded" ? SUCCEEDED : phase === "Failed" ? FAILED : undefined;
}
