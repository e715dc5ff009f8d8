import type { KubeObject } from "../api/types.ts";

/** --max-endpoints-per-slice */
export const MAX_PER_SLICE = 100;

export interface Endpoint {
  addresses: string[];
  targetRef?: { uid: string; name: string };
  [field: string]: unknown;
}

/** What has to be done to the slices of one set of ports. */
export interface Packing {
  /** Contents of new slices. */
  create: Endpoint[][];
  update: { slice: KubeObject; endpoints: Endpoint[] }[];
  /** Slices that stay as they are, with what they hold. */
  unchanged: { slice: KubeObject; endpoints: Endpoint[] }[];
  remove: KubeObject[];
}

/**
 * Puts endpoints into slices so that few slices change (k8s.io/endpointslice reconcileByPortMapping): endpoints stay
 * where they are; slices that change anyway are filled up, the fullest first; what is left goes as a whole into the
 * slice that it fills best, or into new ones. `wanted`: by uid, in the order in which new ones are placed.
 */
export function pack(
  slices: readonly KubeObject[],
  wanted: ReadonlyMap<string, Endpoint>,
  same: (stored: readonly Endpoint[], now: readonly Endpoint[]) => boolean,
  labelled: (slice: KubeObject) => boolean,
): Packing {
  const left = new Map(wanted);
  const out: Packing = { create: [], update: [], unchanged: [], remove: [] };
  const { unchanged } = out;
  for (const slice of slices) {
    const stored: readonly Endpoint[] = slice["endpoints"] ?? [];
    const endpoints: Endpoint[] = [];
    for (const one of stored) {
      const uid = one.targetRef?.uid ?? "";
      const now = left.get(uid);
      if (now === undefined) continue;
      left.delete(uid);
      endpoints.push(now);
    }
    const kept = stored.length === endpoints.length && same(stored, endpoints);
    if (kept && labelled(slice)) unchanged.push({ slice, endpoints });
    else if (!kept && endpoints.length === 0) out.remove.push(slice);
    else out.update.push({ slice, endpoints });
  }
  const fresh = [...left.values()];
  for (const { endpoints } of [...out.update].sort((a, b) => b.endpoints.length - a.endpoints.length))
    endpoints.push(...fresh.splice(0, MAX_PER_SLICE - endpoints.length));
  while (fresh.length > 0) {
    const best = fresh.length < MAX_PER_SLICE ? fitting(unchanged, fresh.length) : undefined;
    if (best === undefined) out.create.push(fresh.splice(0, MAX_PER_SLICE));
    else {
      unchanged.splice(unchanged.indexOf(best), 1);
      best.endpoints.push(...fresh.splice(0));
      out.update.push(best);
    }
  }
  return out;
}

/** The slice that would be the fullest with `count` more, if any has the room (getSliceToFill). */
function fitting<T extends { endpoints: readonly Endpoint[] }>(slices: readonly T[], count: number): T | undefined {
  let best: T | undefined;
  for (const one of slices) {
    if (one.endpoints.length + count > MAX_PER_SLICE) continue;
    if (best === undefined || one.endpoints.length > best.endpoints.length) best = one;
  }
  return best;
}
