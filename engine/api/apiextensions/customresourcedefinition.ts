import { DEFAULT_COLUMNS, defaultCells } from "../columns.ts";
import { define } from "../define.ts";

export const customResourceDefinition = define({
  group: "apiextensions.k8s.io",
  version: "v1",
  kind: "CustomResourceDefinition",
  plural: "customresourcedefinitions",
  namespaced: false,
  shortNames: ["crd", "crds"],
  categories: ["api-extensions"],
  etcdPrefix: "apiextensions.k8s.io/customresourcedefinitions",
  hasGeneration: true,
  status: true,
  columns: DEFAULT_COLUMNS,
  cells: defaultCells,
});
