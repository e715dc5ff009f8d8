import { AGE, age, column, containerCells, doc, formatLabelSelector, formatLabels, NAME } from "../columns.ts";
import { define, dropStatus, keepStatus } from "../define.ts";
import type { Draft } from "../kind.ts";
import { semanticEqual } from "../validation/value.ts";
import { CONTAINERS, IMAGES, SELECTOR } from "./columns.ts";
import { defaultDaemonSet } from "./defaults.ts";
import { immutableSelector, validateDaemonSet } from "./validation.ts";

const STATUS = "io.k8s.api.apps.v1.DaemonSetStatus";

/** The generation of the template, which apps/v1 keeps in an annotation (pkg/apis/apps/v1/conversion.go). */
const TEMPLATE_GENERATION = "deprecated.daemonset.template.generation";

function setTemplateGeneration(draft: Draft, generation: number): void {
  (draft.metadata.annotations ??= {})[TEMPLATE_GENERATION] = String(generation);
}

export const daemonSet = define({
  group: "apps",
  version: "v1",
  kind: "DaemonSet",
  plural: "daemonsets",
  namespaced: true,
  shortNames: ["ds"],
  categories: ["all"],
  hasGeneration: true,
  status: true,
  defaults: defaultDaemonSet,
  specApart: true,
  // Conversion to v1 writes it, before the strategy has set it.
  claims: (draft) => setTemplateGeneration(draft, 0),
  validateBody: validateDaemonSet,
  validateBodyUpdate: immutableSelector,
  prepareForCreate: (draft) => {
    setTemplateGeneration(draft, 1);
    dropStatus("io.k8s.api.apps.v1.DaemonSet")(draft);
  },
  prepareForUpdate: (draft, old) => {
    keepStatus(draft, old);
    const before = Number(old.metadata.annotations?.[TEMPLATE_GENERATION] ?? "1");
    const changed = !semanticEqual(draft.spec?.template, old["spec"]?.template);
    setTemplateGeneration(draft, changed ? before + 1 : before);
  },
  columns: [
    NAME,
    column("Desired", "integer", doc(`${STATUS}#desiredNumberScheduled`)),
    column("Current", "integer", doc(`${STATUS}#currentNumberScheduled`)),
    column("Ready", "integer", doc(`${STATUS}#numberReady`)),
    column("Up-to-date", "integer", doc(`${STATUS}#updatedNumberScheduled`)),
    column("Available", "integer", doc(`${STATUS}#numberAvailable`)),
    column("Node Selector", "string", doc("io.k8s.api.core.v1.PodSpec#nodeSelector")),
    AGE,
    CONTAINERS,
    IMAGES,
    SELECTOR("io.k8s.api.apps.v1.DaemonSetSpec#selector"),
  ],
  cells: (object, nowMs) => {
    const { spec = {}, status = {} } = object;
    return [
      object.metadata.name,
      status.desiredNumberScheduled ?? 0,
      status.currentNumberScheduled ?? 0,
      status.numberReady ?? 0,
      status.updatedNumberScheduled ?? 0,
      status.numberAvailable ?? 0,
      formatLabels(spec.template?.spec?.nodeSelector),
      age(object, nowMs),
      ...containerCells(spec.template),
      formatLabelSelector(spec.selector),
    ];
  },
});
