import { AGE, age, column, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateBudget } from "./validation.ts";

export const podDisruptionBudget = define({
  group: "policy",
  version: "v1",
  kind: "PodDisruptionBudget",
  plural: "poddisruptionbudgets",
  namespaced: true,
  metadataOnce: true,
  shortNames: ["pdb"],
  hasGeneration: true,
  status: true,
  // Its own validation does not look at metadata.
  nameCheck: () => [],
  validateBody: validateBudget,
  columns: [
    NAME,
    column("Min Available", "string", "The minimum number of pods that must be available."),
    column("Max Unavailable", "string", "The maximum number of pods that may be unavailable."),
    column("Allowed Disruptions", "integer", "Calculated number of pods that may be disrupted at this time."),
    AGE,
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    String(object.spec?.minAvailable ?? "N/A"),
    String(object.spec?.maxUnavailable ?? "N/A"),
    object.status?.disruptionsAllowed ?? 0,
    age(object, nowMs),
  ],
});
