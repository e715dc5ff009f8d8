import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { validateConfigMap, validateImmutable } from "./data-validation.ts";

export const configMap = define({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  namespaced: true,
  validateBody: validateConfigMap,
  validateBodyUpdate: validateImmutable(["data", "binaryData"]),
  shortNames: ["cm"],
  columns: [NAME, column("Data", "string", doc("io.k8s.api.core.v1.ConfigMap#data")), AGE],
  cells: (object, nowMs) => {
    const count = Object.keys(object.data ?? {}).length + Object.keys(object.binaryData ?? {}).length;
    return [object.metadata.name, count, age(object, nowMs)];
  },
});
