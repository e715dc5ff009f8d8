import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { decode, decodeBase64, MS, SECOND } from "../kernel/index.ts";
import { fromPem } from "../pki/der.ts";
import { type RequestDocument, readRequest } from "../pki/documents.ts";

/** certificate_controller.go NewCertificateController. */
export const CERTIFICATE_RETRY = { first: 200 * MS, last: 1000 * SECOND };

/** What a CertificateSigningRequest asks for; undefined when it holds no readable request. */
export function requestOf(csr: KubeObject): RequestDocument | undefined {
  const text = decodeBase64(csr.spec.request ?? "");
  const der = text && fromPem("CERTIFICATE REQUEST", decode(text));
  return der && readRequest(der);
}

/** Its conditions and one more, true from now on. `nowMs` since 1970. */
export function withCondition(
  csr: KubeObject,
  { type, reason, message }: { type: string; reason: string; message: string },
  nowMs: number,
): object[] {
  const now = formatTime(nowMs);
  const condition = { type, status: "True", reason, message, lastUpdateTime: now, lastTransitionTime: now };
  return [...(csr.status?.conditions ?? []), condition];
}
