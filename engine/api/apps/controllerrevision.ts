import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { OwnerReference } from "../types.ts";

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
