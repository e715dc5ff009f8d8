import { AGE, age, column, containerCells, doc, formatLabelSelector, NAME } from "../columns.ts";
import { define, keepStatus, SCALE } from "../define.ts";
import type { StatusCause } from "../status.ts";
import { invalid } from "../validation/field.ts";
import { semanticEqual } from "../validation/value.ts";
import { CONTAINERS, IMAGES, READY, SELECTOR } from "./columns.ts";
import { defaultDeployment } from "./defaults.ts";
import { immutableSelector, validateDeployment } from "./validation.ts";

/** ValidateDeploymentStatus: counts that fit together. */
function statusWords(status: Record<string, number>): StatusCause[] {
  const causes: StatusCause[] = [];
  const NEGATIVE = "must be greater than or equal to 0";
  for (const name of COUNTS) {
    if ((status[name] ?? 0) < 0) causes.push(invalid(`status.${name}`, status[name], NEGATIVE));
  }
  const { replicas = 0, readyReplicas = 0, availableReplicas = 0 } = status;
  for (const name of ["updatedReplicas", "readyReplicas", "availableReplicas"]) {
    const count = status[name] ?? 0;
    if (count > replicas) causes.push(invalid(`status.${name}`, count, "cannot be greater than status.replicas"));
  }
  if (availableReplicas > readyReplicas) {
    causes.push(invalid("status.availableReplicas", availableReplicas, "cannot be greater than readyReplicas"));
  }
  return causes;
}

const COUNTS = [
  ...["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas"],
  ...["unavailableReplicas", "collisionCount"],
];

const STATUS = "io.k8s.api.apps.v1.DeploymentStatus";

export const deployment = define({
  group: "apps",
  version: "v1",
  kind: "Deployment",
  plural: "deployments",
  namespaced: true,
  metadataOnce: true,
  shortNames: ["deploy"],
  categories: ["all"],
  hasGeneration: true,
  subresources: [SCALE],
  status: true,
  defaults: defaultDeployment,
  specApart: true,
  validateBody: validateDeployment,
  validateBodyUpdate: (object, old) => [
    ...immutableSelector(object, old),
    ...(object["status"] === old["status"] ? [] : statusWords(object["status"] ?? {})),
  ],
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
