import { AGE, age, column, containerCells, doc, formatLabelSelector, NAME } from "../columns.ts";
import { define, SCALE } from "../define.ts";
import { CONTAINERS, IMAGES, SELECTOR } from "./columns.ts";
import { defaultReplicaSet } from "./defaults.ts";
import { immutableSelector, validateReplicaSet } from "./validation.ts";

const STATUS = "io.k8s.api.apps.v1.ReplicaSetStatus";

export const replicaSet = define({
  group: "apps",
  version: "v1",
  kind: "ReplicaSet",
  plural: "replicasets",
  namespaced: true,
  shortNames: ["rs"],
  categories: ["all"],
  hasGeneration: true,
  subresources: [SCALE],
  status: true,
  defaults: defaultReplicaSet,
  specApart: true,
  validateBody: validateReplicaSet,
  validateBodyUpdate: immutableSelector,
  columns: [
    NAME,
    column("Desired", "integer", doc("io.k8s.api.apps.v1.ReplicaSetSpec#replicas")),
    column("Current", "integer", doc(`${STATUS}#replicas`)),
    column("Ready", "integer", doc(`${STATUS}#readyReplicas`)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR("io.k8s.api.apps.v1.ReplicaSetSpec#selector"),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    return [
      object.metadata.name,
      spec.replicas ?? 0,
      status.replicas ?? 0,
      status.readyReplicas ?? 0,
      age(object, nowMs),
      ...containerCells(spec.template),
      formatLabelSelector(spec.selector),
    ];
  },
});
