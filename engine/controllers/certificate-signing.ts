import { keyOf } from "../api/informer.ts";
import { CERTIFICATE_SIGNING_REQUESTS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { encode, encodeBase64, type Gen } from "../kernel/index.ts";
import { bits, fromPem, oid, pem, sequence } from "../pki/der.ts";
import { type Extension, makeCertificate, type RequestDocument, readCertificate } from "../pki/documents.ts";
import { readPrivatePem } from "../pki/keys.ts";
import { OID } from "../pki/oids.ts";
import { bigIntToBytes } from "../pki/rsa.ts";
import { CERTIFICATE_RETRY, requestOf, withCondition } from "./certificate-requests.ts";
import type { ControllerContext } from "./context.ts";
import type { Reconciler } from "./reconciler.ts";

/** The CA's own files, PEM. */
export interface SigningAuthority {
  certificate: string;
  key: string;
}

const KUBELET_USAGES = (own: string) => ["digital signature", "key encipherment", own].sort();

/** Whether the request's usages are these; a key that is not RSA enciphers none. */
function sameUsages(usages: readonly string[], wanted: readonly string[]): boolean {
  const given = [...new Set(usages)].sort().join();
  return given === wanted.join() || given === wanted.filter((usage) => usage !== "key encipherment").join();
}

const mismatch = (wanted: readonly string[]) => `usages did not match [${wanted.join(" ")}]`;

/** Why each signer does not sign a request (signer.go, pkg/apis/certificates/helpers.go). */
const SIGNERS: Readonly<Record<string, (request: RequestDocument, usages: readonly string[]) => string | undefined>> = {
  "kubernetes.io/kube-apiserver-client": (_request, usages) => {
    const optional = ["digital signature", "key encipherment"];
    const odd = usages.find((usage) => usage !== "client auth" && !optional.includes(usage));
    if (odd !== undefined) return `invalid usage for client certificate: ${odd}`;
    return usages.includes("client auth") ? undefined : "missing required usage for client certificate: client auth";
  },
  "kubernetes.io/kube-apiserver-client-kubelet": (request, usages) => {
    const wanted = KUBELET_USAGES("client auth");
    return organization(request) ?? commonName(request) ?? (sameUsages(usages, wanted) ? undefined : mismatch(wanted));
  },
  "kubernetes.io/kubelet-serving": (request, usages) => {
    const wanted = KUBELET_USAGES("server auth");
    const named = request.extensions.some((extension) => extension.oid === OID.subjectAltName);
    const why = organization(request) ?? (named ? undefined : "DNS or IP subjectAltName is required");
    return why ?? (sameUsages(usages, wanted) ? commonName(request) : mismatch(wanted));
  },
  "kubernetes.io/legacy-unknown": () => undefined,
};

const values = (request: RequestDocument, oid: string) =>
  request.subject
    .flat()
    .filter((one) => one.oid === oid)
    .map((one) => one.value);

const organization = (request: RequestDocument) =>
  values(request, OID.organization).join() === "system:nodes" ? undefined : "subject organization is not system:nodes";

const commonName = (request: RequestDocument) =>
  values(request, OID.commonName)[0]?.startsWith("system:node:")
    ? undefined
    : "subject common name does not begin with system:node:";

/** Bits of KeyUsage by the names of the API (pkg/apis/certificates KeyUsage). */
const KEY_USAGES: Readonly<Record<string, number>> = {
  signing: 0x80,
  "digital signature": 0x80,
  "content commitment": 0x40,
  "key encipherment": 0x20,
  "data encipherment": 0x10,
  "key agreement": 0x08,
  "cert sign": 0x04,
  "crl sign": 0x02,
  "encipher only": 0x01,
};

const EXTENDED: Readonly<Record<string, string>> = {
  "server auth": OID.serverAuth,
  "client auth": OID.clientAuth,
  "code signing": "1.3.6.1.5.5.7.3.3",
  "email protection": "1.3.6.1.5.5.7.3.4",
  timestamping: "1.3.6.1.5.5.7.3.8",
  "ocsp signing": "1.3.6.1.5.5.7.3.9",
};

const YEAR = 365 * 86_400;
const SHORT = 8 * 3600;
const BACKDATE = 300;

const has = (csr: KubeObject, type: string) =>
  (csr.status?.conditions ?? []).some(
    (one: { type: string; status: string }) => one.type === type && one.status === "True",
  );

/** Signs approved requests with the cluster's CA (pkg/controller/certificates/signer). */
class CertificateSigning implements Reconciler {
  readonly name = "csrsigning";
  readonly retry = CERTIFICATE_RETRY;
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
    const queue = context.queue(this);
    context.informers.handle(CERTIFICATE_SIGNING_REQUESTS, ({ type, object }) => {
      if (type !== "deleted" && has(object, "Approved")) queue.add(keyOf(object));
    });
  }

  *reconcile(key: string): Gen {
    const { client, informers } = this.context;
    const csr = informers.get(CERTIFICATE_SIGNING_REQUESTS, key);
    if (csr === undefined || csr.status?.certificate || !has(csr, "Approved") || has(csr, "Failed")) return;
    if (!(csr.spec.signerName in SIGNERS)) return;
    const status = this.outcome(csr);
    if (status === undefined) return;
    try {
      yield* client.update(CERTIFICATE_SIGNING_REQUESTS, { ...csr, status: { ...csr.status, ...status } }, "status");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** The certificate, or the condition Failed. */
  private outcome(csr: KubeObject): object | undefined {
    const request = requestOf(csr);
    if (request === undefined) return undefined;
    const usages: string[] = csr.spec.usages ?? [];
    const message = SIGNERS[csr.spec.signerName]!(request, usages);
    if (message !== undefined) {
      const failed = { type: "Failed", reason: "SignerValidationFailure", message };
      return { conditions: withCondition(csr, failed, this.context.kernel.wallMs) };
    }
    const made = this.sign(request, usages, csr.spec.expirationSeconds);
    return made && { certificate: encodeBase64(encode(pem("CERTIFICATE", made))) };
  }

  private sign(
    request: RequestDocument,
    usages: readonly string[],
    seconds: number | undefined,
  ): Uint8Array | undefined {
    const { kernel, options } = this.context;
    const authority = options.signing?.();
    const caDer = authority && fromPem("CERTIFICATE", authority.certificate);
    const ca = caDer && readCertificate(caDer);
    const key = authority && readPrivatePem(authority.key);
    if (ca === undefined || key === undefined) return undefined;
    const ttl = Math.min(seconds ?? YEAR, YEAR);
    const now = Math.floor(kernel.wallMs / 1000);
    const notBefore = (now - BACKDATE) * 1000;
    const notAfter = Math.min((ttl < SHORT ? now + ttl : now - BACKDATE + ttl) * 1000, ca.notAfter);
    const serial = bigIntToBytes(BigInt(`0x${kernel.random("csrsigning").hex(32)}`) >> 1n);
    const extensions = extensionsOf(request, usages, ca.extensions);
    const parts = { serial, issuer: ca.subject, subject: request.subject, notBefore, notAfter, spki: request.spki };
    return makeCertificate({ ...parts, extensions }, key, "sha256");
  }
}

/** In the order in which Go's crypto/x509 writes them. */
function extensionsOf(request: RequestDocument, usages: readonly string[], ca: readonly Extension[]): Extension[] {
  const out: Extension[] = [];
  let set = 0;
  for (const usage of usages) set |= KEY_USAGES[usage] ?? 0;
  if (set !== 0) {
    let unused = 0;
    while (((set >> unused) & 1) === 0) unused++;
    out.push({ oid: OID.keyUsage, critical: true, value: bits(Uint8Array.of(set), unused) });
  }
  const extended = usages.map((usage) => EXTENDED[usage]).filter((id) => id !== undefined);
  if (extended.length > 0)
    out.push({ oid: OID.extendedKeyUsage, critical: false, value: sequence(...extended.map(oid)) });
  out.push({ oid: OID.basicConstraints, critical: true, value: sequence() });
  const keyId = ca.find((one) => one.oid === OID.subjectKeyId)?.value;
  // The issuer's OCTET STRING becomes [0] of AuthorityKeyIdentifier.
  if (keyId)
    out.push({ oid: OID.authorityKeyId, critical: false, value: sequence(Uint8Array.of(0x80, ...keyId.subarray(1))) });
  const names = request.extensions.find((one) => one.oid === OID.subjectAltName);
  if (names) out.push({ ...names, critical: false });
  return out;
}

export function startCertificateSigning(context: ControllerContext): void {
  new CertificateSigning(context);
}
