import type { Gen } from "../../kernel/index.ts";
import { KubectlError, usageError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

/** kubectl top: works only with a metrics server behind the API. */
export function* top(k: Invocation): Gen<number> {
  const { flags, args } = k;
  const sortBy = flags.string("sort-by");
  if (sortBy !== "" && sortBy !== "cpu" && sortBy !== "memory") {
    throw new KubectlError("--sort-by accepts only cpu or memory");
  }
  const pods = flags.path === "top pod";
  if (args.length > 1) throw usageError(flags.path, `${pods ? "pod" : "node"} [NAME | -l label]`);
  const selected = flags.string("selector") !== "" || (pods && flags.string("field-selector") !== "");
  if (args.length > 0 && selected) throw new KubectlError("only one of NAME or selector can be provided");
  const served = (yield* k.resources()).groupVersions.some((gv) => gv.startsWith("metrics.k8s.io/"));
  if (!served) throw new KubectlError("Metrics API not available");
  throw new KubectlError("metrics not available yet");
}
