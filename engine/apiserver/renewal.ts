import { setOrigin } from "../api/managed-fields/index.ts";
import { isMicroTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import { mutate, validate } from "./admission/admission.ts";
import { authorOf } from "./author.ts";
import type { ResourceContext } from "./context.ts";

/**
 * A heartbeat: the Lease that was read is sent back with another renewTime and nothing else. Most writes of a cluster at
 * rest are these, and all that the long way would find out about them has been found out before: the object was decoded,
 * defaulted and judged when it was stored, and admission plugins are asked here too. Undefined where it is anything else,
 * or was overtaken: the long way then gives the answer.
 */
export function* renew(
  context: ResourceContext,
  body: unknown,
  current: KubeObject | undefined,
): Gen<KubeObject | undefined> {
  const { def, info, registry, writer } = context;
  if (current === undefined || def.etcdPrefix !== "leases" || info.subresource !== "" || !info.query.isEmpty) {
    return undefined;
  }
  if (!isRenewal(body as KubeObject, current)) return undefined;
  const { namespace, name } = info;
  const out = { ...current, spec: Object.freeze({ ...(body as KubeObject)["spec"] }) } as Record<string, unknown>;
  // A webhook or a policy has a say in Leases: it is asked on the long way.
  if (asksOthers(context, out, current)) return undefined;
  setOrigin(out as unknown as KubeObject, authorOf(context), current);
  const key = registry.cache(def).key(namespace, name);
  let stored: KubeObject | undefined;
  const valueAt = (revision: number): object => {
    out["metadata"] = Object.freeze({ ...current.metadata, resourceVersion: String(revision) });
    stored = Object.freeze(out) as unknown as KubeObject;
    return stored;
  };
  const value = Number(current.metadata.resourceVersion);
  const response = yield* registry.etcd.txn({
    compare: [{ key, target: "MOD", result: "EQUAL", value }],
    success: [{ put: { key, valueAt, ignoreLease: true } }],
    writer,
  });
  return response.succeeded ? stored : undefined;
}

/** Asks admission of a Lease that is renewed: whether it has to ask somebody itself. Throws where it refuses. */
export function asksOthers(context: ResourceContext, object: Record<string, unknown>, old: KubeObject): boolean {
  const { def, info, server } = context;
  const { namespace, name } = info;
  const attributes = {
    context,
    def,
    operation: "UPDATE" as const,
    namespace,
    name,
    subresource: "",
    object,
    old,
    dryRun: false,
  };
  return (mutate(server.plugins, attributes) ?? validate(server.plugins, attributes)) !== undefined;
}

/** The same metadata by reference, and a spec in which only the time differs. */
function isRenewal(body: KubeObject, current: KubeObject): boolean {
  if (typeof body !== "object" || body === null || body.metadata !== current.metadata) return false;
  const [now, before] = [body["spec"], current["spec"]];
  if (typeof now !== "object" || now === null || before === undefined) return false;
  for (const field in body) if (field !== "spec" && body[field] !== current[field]) return false;
  for (const field in current) if (!(field in body)) return false;
  for (const field in now) if (field !== "renewTime" && now[field] !== before[field]) return false;
  for (const field in before) if (!(field in now)) return false;
  const { renewTime } = now;
  return typeof renewTime === "string" && renewTime !== before.renewTime && isMicroTime(renewTime);
}
