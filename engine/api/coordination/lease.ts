import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

export const lease = define({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
  columns: [NAME, column("Holder", "string", doc("io.k8s.api.coordination.v1.LeaseSpec#holderIdentity")), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.spec?.holderIdentity ?? "", age(object, nowMs)],
});
