import type { Gen } from "../../kernel/index.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** kubectl top: works only with a metrics server behind the API. */
export function* top(k: Invocation): Gen<number> {
  const served = (yield* k.resources()).groupVersions.some((gv) => gv.startsWith("metrics.k8s.io/"));
  if (!served) throw new KubectlError("Metrics API not available");
  throw new KubectlError("metrics not available yet");
}
