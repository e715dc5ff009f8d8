import { column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

const CAPACITY = "io.k8s.api.storage.v1.CSIStorageCapacity";

export const csiStorageCapacity = define({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
  namespaced: true,
  columns: [
    NAME,
    column("StorageClassName", "string", doc(`${CAPACITY}#storageClassName`)),
    column("Capacity", "string", doc(`${CAPACITY}#capacity`)),
  ],
  cells: (object) => [object.metadata.name, object.storageClassName ?? "", object.capacity ?? "<unset>"],
});
