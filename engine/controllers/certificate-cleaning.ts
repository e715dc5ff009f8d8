import { CERTIFICATE_SIGNING_REQUESTS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { decode, decodeBase64, HOUR } from "../kernel/index.ts";
import { fromPem } from "../pki/der.ts";
import { readCertificate } from "../pki/documents.ts";
import type { ControllerContext } from "./context.ts";

/** How often requests are looked at. */
const POLL = HOUR;
/** How long they are kept, in ms: those that were decided, and those that wait (approvedExpiration, pendingExpiration). */
const DECIDED_MS = 3_600_000;
const PENDING_MS = 24 * DECIDED_MS;

/** Whether a request has been kept long enough; `nowMs` since 1970 (pkg/controller/certificates/cleaner/cleaner.go). */
function isOver({ metadata, status = {} }: KubeObject, nowMs: number): boolean {
  const older = (time: string | undefined, ms: number) => time !== undefined && nowMs - parseTime(time) > ms;
  const conditions: readonly { type: string; lastUpdateTime?: string }[] = status.conditions ?? [];
  if (conditions.length === 0) return older(metadata.creationTimestamp, PENDING_MS);
  return conditions.some(({ type, lastUpdateTime }) => {
    if (type === "Denied" || type === "Failed") return older(lastUpdateTime, DECIDED_MS);
    if (type !== "Approved" || !status.certificate) return false;
    return older(lastUpdateTime, DECIDED_MS) || nowMs > (endOf(status.certificate) ?? Number.POSITIVE_INFINITY);
  });
}

/** When a certificate ends, in ms since 1970. */
function endOf(base64: string): number | undefined {
  const text = decodeBase64(base64);
  const der = text && fromPem("CERTIFICATE", decode(text));
  return der && readCertificate(der)?.notAfter;
}

/** Removes old requests for certificates, at whole hours of its own, as long as there are any. */
export function startCertificateCleaning(context: ControllerContext): void {
  const { informers, client, kernel } = context;
  const began = kernel.now;
  let planned = false;
  const queue = context.queue({
    name: "csr-cleaner",
    *reconcile(name) {
      try {
        yield* client.delete(CERTIFICATE_SIGNING_REQUESTS, undefined, name);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    },
  });
  const plan = () => {
    if (planned) return;
    planned = true;
    kernel.after(POLL - ((kernel.now - began) % POLL), "look at certificate requests", () => {
      planned = false;
      if (context.stopped()) return;
      for (const request of informers.list(CERTIFICATE_SIGNING_REQUESTS)) {
        plan();
        if (isOver(request, kernel.wallMs)) queue.add(request.metadata.name);
      }
    });
  };
  informers.handle(CERTIFICATE_SIGNING_REQUESTS, ({ type }) => {
    if (type === "added") plan();
  });
}
