import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import { humanDuration } from "../duration.ts";
import type { KubeObject } from "../types.ts";
import { validateRequest } from "./validation.ts";

const SPEC = "io.k8s.api.certificates.v1.CertificateSigningRequestSpec";

/** `Approved,Issued`, `Denied`, `Pending` (printers.go extractCSRStatus). */
function condition(csr: KubeObject): string {
  const types = new Set((csr.status?.conditions ?? []).map((c: { type: string }) => c.type));
  let word = types.has("Denied") ? "Denied" : types.has("Approved") ? "Approved" : "Pending";
  if (types.has("Failed")) word += ",Failed";
  if (csr.status?.certificate) word += ",Issued";
  return word;
}

export const certificateSigningRequest = define({
  group: "certificates.k8s.io",
  version: "v1",
  kind: "CertificateSigningRequest",
  plural: "certificatesigningrequests",
  namespaced: false,
  shortNames: ["csr"],
  // What was asked for stays, and what was answered has doors of its own.
  prepareForUpdate: (draft, old) => {
    draft.spec = old["spec"];
    draft.status = old.status;
  },
  validateBody: validateRequest,
  subresources: [
    {
      name: "approval",
      kind: "CertificateSigningRequest",
      group: "certificates.k8s.io",
      version: "v1",
      verbs: ["get", "patch", "update"],
    },
  ],
  status: true,
  resets: {
    "": [["f:spec"], ["f:status"]],
    status: [["f:spec"], ["f:status", "f:conditions"]],
    approval: [["f:spec"], ["f:status", "f:certificate"]],
  },
  fields: (object) => ({ "spec.signerName": object.spec?.signerName ?? "" }),
  columns: [
    NAME,
    AGE,
    column("SignerName", "string", doc(`${SPEC}#signerName`)),
    column("Requestor", "string", doc(`${SPEC}#request`)),
    column("RequestedDuration", "string", doc(`${SPEC}#expirationSeconds`)),
    column("Condition", "string", doc("io.k8s.api.certificates.v1.CertificateSigningRequestStatus#conditions")),
  ],
  cells: (object, nowMs) => {
    const { spec = {} } = object;
    return [
      object.metadata.name,
      age(object, nowMs),
      spec.signerName || "<none>",
      spec.username ?? "",
      spec.expirationSeconds === undefined ? "<none>" : humanDuration(spec.expirationSeconds * 1000),
      condition(object),
    ];
  },
});
