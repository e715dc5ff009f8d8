import { AGE, age, column, containerCells, doc, formatLabelSelector, NAME } from "../columns.ts";
import { define, keepStatus, SCALE } from "../define.ts";
import { semanticEqual } from "../validation/value.ts";
import { CONTAINERS, IMAGES, READY, SELECTOR } from "./columns.ts";
import { defaultDeployment } from "./defaults.ts";
import { immutableSelector, validateDeployment } from "./validation.ts";

const STATUS = "io.k8s.api.apps.v1.DeploymentStatus";

export const deployment = define({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
  shortNames: ["deploy"],
  categories: ["all"],
  hasGeneration: true,
  subresources: [SCALE],
  status: true,
  defaults: defaultDeployment,
  specApart: true,
  validateBody: validateDeployment,
  validateBodyUpdate: immutableSelector,
  // Annotations go to ReplicaSets, so they count as a change (pkg/registry/apps/deployment/strategy.go).
  prepareForUpdate: (draft, old) => {
    keepStatus(draft, old);
    const same = semanticEqual(draft.metadata.annotations ?? {}, old.metadata.annotations ?? {});
    if (!same) draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  columns: [
    NAME,
    READY,
    column("Up-to-date", "string", doc(`${STATUS}#updatedReplicas`)),
    column("Available", "string", doc(`${STATUS}#availableReplicas`)),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR("io.k8s.api.apps.v1.DeploymentSpec#selector"),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    return [
      object.metadata.name,
      `${status.readyReplicas ?? 0}/${spec.replicas ?? 0}`,
      status.updatedReplicas ?? 0,
      status.availableReplicas ?? 0,
      age(object, nowMs),
      ...containerCells(spec.template),
      formatLabelSelector(spec.selector),
    ];
  },
});
