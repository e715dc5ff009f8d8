import { keyOf } from "../api/informer.ts";
import { CERTIFICATE_SIGNING_REQUESTS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject, Resource } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import { OID } from "../pki/oids.ts";
import { CERTIFICATE_RETRY, requestOf, withCondition } from "./certificate-requests.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler } from "./reconciler.ts";

const REVIEWS: Resource = {
  group: "authorization.k8s.io",
  version: "v1",
  resource: "subjectaccessreviews",
  kind: "SubjectAccessReview",
  namespaced: false,
};

const SIGNER = "kubernetes.io/kube-apiserver-client-kubelet";
const USAGES = ["client auth", "digital signature"];

/** Approves kubelets' client certificates for whoever may ask for them (pkg/controller/certificates/approver/sarapprove.go). */
class CertificateApproving implements Reconciler {
  readonly name = "csrapproving";
  readonly retry = CERTIFICATE_RETRY;
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
    const queue = context.queue(this);
    context.informers.handle(CERTIFICATE_SIGNING_REQUESTS, ({ type, object }) => {
      if (type !== "deleted" && object.spec.signerName === SIGNER) queue.add(keyOf(object));
    });
  }

  *reconcile(key: string): Gen {
    const { client, informers, kernel } = this.context;
    const csr = informers.get(CERTIFICATE_SIGNING_REQUESTS, key);
    if (csr === undefined || csr.status?.certificate || decided(csr)) return;
    const name = nodeOf(csr);
    if (name === undefined) return;
    const self = name === csr.spec.username;
    for (const subresource of self ? ["selfnodeclient", "nodeclient"] : ["nodeclient"]) {
      if (!(yield* this.may(csr, subresource))) continue;
      const message = `Auto approving ${subresource === "selfnodeclient" ? "self " : ""}kubelet client certificate after SubjectAccessReview.`;
      const conditions = withCondition(csr, { type: "Approved", reason: "AutoApproved", message }, kernel.wallMs);
      try {
        yield* client.update(
          CERTIFICATE_SIGNING_REQUESTS,
          { ...csr, status: { ...csr.status, conditions } },
          "approval",
        );
      } catch (error) {
        if (!isStatus(error, "NotFound") && !isStatus(error, "Conflict")) throw error;
      }
      return;
    }
  }

  private *may(csr: KubeObject, subresource: string): Gen<boolean> {
    const { username, uid, groups, extra } = csr.spec;
    const resourceAttributes = {
      group: "certificates.k8s.io",
      version: "*",
      resource: "certificatesigningrequests",
      subresource,
      verb: "create",
    };
    const review = yield* this.context.client.create<KubeObject>(REVIEWS, {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SubjectAccessReview",
      metadata: {},
      spec: { user: username, uid, groups, extra, resourceAttributes },
    });
    return review.status?.allowed === true;
  }
}

function decided(csr: KubeObject): boolean {
  const conditions: { type: string }[] = csr.status?.conditions ?? [];
  return conditions.some(({ type }) => type === "Approved" || type === "Denied");
}

/** `system:node:NAME` of a request that is a kubelet's for its own certificate; undefined for any other. */
function nodeOf(csr: KubeObject): string | undefined {
  const usages = ((csr.spec.usages ?? []) as string[]).filter((usage) => usage !== "key encipherment").sort();
  if (usages.join() !== USAGES.join()) return undefined;
  const request = requestOf(csr);
  if (request === undefined || request.extensions.length > 0) return undefined;
  const attributes = request.subject.flat();
  const values = (oid: string) => attributes.filter((one) => one.oid === oid).map((one) => one.value);
  const [name] = values(OID.commonName);
  if (values(OID.organization).join() !== "system:nodes" || !name?.startsWith("system:node:")) return undefined;
  return name;
}

export function startCertificateApproving(context: ControllerContext): void {
  new CertificateApproving(context);
}
