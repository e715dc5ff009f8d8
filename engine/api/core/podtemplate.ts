import { column, containerCells, formatLabels, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { defaultTemplate } from "./pod-defaults.ts";
import { validateTemplate } from "./pod-validation.ts";

export const podTemplate = define({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  namespaced: true,
  metadataOnce: true,
  hasGeneration: true,
  defaults: (draft) => defaultTemplate(draft.template),
  validateBody: ({ template }) => validateTemplate(template ?? {}, "template"),
  columns: [
    NAME,
    column("Containers", "string", "Names of each container in the template."),
    column("Images", "string", "Images referenced by each container in the template."),
    column("Pod Labels", "string", "The labels for the pod template."),
  ],
  cells: (object) => [
    object.metadata.name,
    ...containerCells(object.template),
    formatLabels(object.template?.metadata?.labels),
  ],
});
