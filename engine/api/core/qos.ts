import { quantity } from "../quantity.ts";

interface Container {
  resources?: { requests?: Record<string, string>; limits?: Record<string, string> };
}

const COUNTED = ["cpu", "memory"];

/** QoS class of a Pod (pkg/apis/core/v1/helper/qos): only cpu and memory count, of containers and init containers. */
export function qosClass(spec: {
  containers?: readonly Container[];
  initContainers?: readonly Container[];
}): "Guaranteed" | "Burstable" | "BestEffort" {
  let any = false;
  let guaranteed = true;
  const requests = new Map<string, bigint>();
  const limits = new Map<string, bigint>();
  for (const { resources } of [...(spec.containers ?? []), ...(spec.initContainers ?? [])]) {
    for (const name of COUNTED) {
      const request = resources?.requests?.[name];
      const limit = resources?.limits?.[name];
      const asked = request === undefined ? 0n : quantity(request).nano;
      const capped = limit === undefined ? 0n : quantity(limit).nano;
      if (asked > 0n) requests.set(name, (requests.get(name) ?? 0n) + asked);
      if (capped > 0n) limits.set(name, (limits.get(name) ?? 0n) + capped);
      else guaranteed = false;
      if (asked > 0n || capped > 0n) any = true;
    }
  }
  if (!any) return "BestEffort";
  if (!guaranteed || requests.size !== limits.size) return "Burstable";
  for (const [name, asked] of requests) if (limits.get(name) !== asked) return "Burstable";
  return "Guaranteed";
}
