import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import type { StatusCause } from "../status.ts";
import { invalid } from "../validation/field.ts";

/** CoordinatedLeaderElection is off: what belongs to it is not kept. */
const COORDINATED = ["strategy", "preferredHolder"];

export const lease = define({
  group: "coordination.k8s.io",
  version: "v1",
  kind: "Lease",
  plural: "leases",
  namespaced: true,
  metadataOnce: true,
  validateBody: ({ spec = {} }) => {
    const causes: StatusCause[] = [];
    if (spec.leaseDurationSeconds !== undefined && spec.leaseDurationSeconds <= 0) {
      causes.push(invalid("spec.leaseDurationSeconds", spec.leaseDurationSeconds, "must be greater than 0"));
    }
    if (spec.leaseTransitions < 0) {
      causes.push(invalid("spec.leaseTransitions", spec.leaseTransitions, "must be greater than or equal to 0"));
    }
    return causes;
  },
  prepareForCreate: ({ spec }) => {
    for (const field of COORDINATED) delete spec?.[field];
  },
  prepareForUpdate: ({ spec }, old) => {
    for (const field of COORDINATED) if (old["spec"]?.[field] === undefined) delete spec?.[field];
  },
  columns: [NAME, column("Holder", "string", doc("io.k8s.api.coordination.v1.LeaseSpec#holderIdentity")), AGE],
  cells: (object, nowMs) => [object.metadata.name, object.spec?.holderIdentity ?? "", age(object, nowMs)],
});
