import { CONTAINERS, IMAGES, SELECTOR } from "../apps/columns.ts";
import { validateReplicationController } from "../apps/validation.ts";
import { AGE, age, column, containerCells, doc, formatLabels, NAME } from "../columns.ts";
import { define, SCALE } from "../define.ts";
import { defaultTemplate } from "./pod-defaults.ts";

const STATUS = "io.k8s.api.core.v1.ReplicationControllerStatus";

export const replicationController = define({
  group: "",
  version: "v1",
  kind: "ReplicationController",
  plural: "replicationcontrollers",
  namespaced: true,
  defaults: (draft) => {
    const spec = (draft.spec ??= {});
    spec.replicas ??= 1;
    const labels = spec.template?.metadata?.labels;
    if (labels) {
      if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels };
      if (Object.keys(draft.metadata.labels ?? {}).length === 0) draft.metadata.labels = { ...labels };
    }
    defaultTemplate(spec.template);
  },
  validateBody: validateReplicationController,
  shortNames: ["rc"],
  categories: ["all"],
  etcdPrefix: "controllers",
  hasGeneration: true,
  orphans: true,
  subresources: [SCALE],
  status: true,
  fields: (object) => ({ "status.replicas": String(object.status?.replicas ?? 0) }),
  columns: [
    NAME,
    column("Desired", "integer", doc("io.k8s.api.core.v1.ReplicationControllerSpec#replicas")),
    column("Current", "integer", doc(`${STATUS}#replicas`)),
    column("Ready", "integer", doc(`${STATUS}#readyReplicas`)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR("io.k8s.api.core.v1.ReplicationControllerSpec#selector"),
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    object.spec?.replicas ?? 0,
    object.status?.replicas ?? 0,
    object.status?.readyReplicas ?? 0,
    age(object, nowMs),
    ...containerCells(object.spec?.template),
    formatLabels(object.spec?.selector),
  ],
});
