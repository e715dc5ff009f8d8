import { encode } from "../../kernel/index.ts";
import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject, OwnerReference } from "../types.ts";
import { invalidText, nonNegative, required } from "../validation/field.ts";
import { semanticEqual } from "../validation/value.ts";

/** What it holds stays: `%#v` of a runtime.RawExtension is its bytes. */
function immutableData(data: unknown): StatusCause {
  const bytes = [...encode(JSON.stringify(data ?? null))].map((byte) => `0x${byte.toString(16)}`);
  const shown = `runtime.RawExtension{Raw:[]uint8{${bytes.join(", ")}}, Object:runtime.Object(nil)}`;
  return invalidText("data", shown, "field is immutable");
}

/** pkg/apis/apps/validation ValidateControllerRevisionCreate. */
function validateData({ data }: KubeObject): StatusCause[] {
  if (data === undefined || data === null) return [required("data", "data is mandatory")];
  const isObject = typeof data === "object" && !Array.isArray(data);
  return isObject ? [] : [required("data", "data must be a valid JSON object")];
}

/** `daemonset.apps/kube-proxy`; `<none>` without a controller. */
function controller(owners: readonly OwnerReference[] | undefined): string {
  const owner = owners?.find((o) => o.controller);
  if (!owner) return "<none>";
  const group = owner.apiVersion.includes("/") ? owner.apiVersion.split("/")[0] : "";
  return `${owner.kind.toLowerCase()}${group ? `.${group}` : ""}/${owner.name}`;
}

export const controllerRevision = define({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  namespaced: true,
  validateBody: (object) => nonNegative(object["revision"], "revision"),
  validateBodyNew: validateData,
  validateBodyUpdate: (object, old) =>
    semanticEqual(object["data"], old["data"]) ? [] : [immutableData(object["data"])],
  columns: [
    NAME,
    column("Controller", "string", "Controller of the object"),
    column("Revision", "string", doc("io.k8s.api.apps.v1.ControllerRevision#revision")),
    AGE,
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    controller(object.metadata.ownerReferences),
    object.revision ?? 0,
    age(object, nowMs),
  ],
});
