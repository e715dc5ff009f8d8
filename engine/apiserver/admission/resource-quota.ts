import { inScope } from "../../api/core/quota-scopes.ts";
import { amounts, type Usage, unstated, usageOf } from "../../api/core/quota-usage.ts";
import { addQuantities, compareQuantities, formatQuantity, type Quantity, quantity } from "../../api/quantity.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { guaranteedUpdate } from "../store.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { isResource, refuse } from "./refuse.ts";

/** Kinds whose change may use more than before: ports of a Service, a claim that grows. */
const GROWING = ["services", "persistentvolumeclaims"];

/** Refuses what would take a namespace over its ResourceQuotas and notes what it lets pass (plugin/pkg/admission/resourcequota). */
export const resourceQuota: AdmissionPlugin = {
  name: "ResourceQuota",
  validate(attributes) {
    const { operation, def } = attributes;
    const counted =
      operation === "CREATE" ||
      (operation === "UPDATE" && def.resource.group === "" && GROWING.includes(def.resource.resource));
    if (!counted || attributes.subresource !== "" || attributes.namespace === "") return;
    const quotas = attributes.context.registry.cacheOf("", "v1", "resourcequotas")?.inNamespace(attributes.namespace);
    if (quotas === undefined || quotas.length === 0) return;
    return charge(attributes, quotas);
  },
};

function* charge(attributes: Attributes, quotas: readonly KubeObject[]): Gen {
  const { context, def, object, namespace, dryRun } = attributes;
  const usage = added(attributes);
  const held = quotas.filter(
    (quota) => quota["status"]?.hard !== undefined && inScope(quota["spec"], def.resource, object),
  );
  if (isResource(attributes, "", "pods"))
    for (const quota of held) {
      const missing = unstated(quota["status"].hard, object);
      if (missing.length > 0)
        throw refuse(attributes, `failed quota: ${quota.metadata.name}: must specify ${missing.join("; ")}`);
    }
  const quotaDef = context.registry.kind("", "v1", "resourcequotas");
  if (quotaDef === undefined) return;
  const charged = held.filter((quota) => Object.keys(pick(usage, Object.keys(quota["status"].hard))).length > 0);
  // What one of them refuses is noted in none.
  for (const quota of charged) afterwards(attributes, quota, usage);
  for (const { metadata } of charged) {
    yield* guaranteedUpdate(
      context.registry,
      quotaDef,
      namespace,
      metadata.name,
      function* (current): Gen<KubeObject> {
        return { ...current, status: { ...current["status"], used: afterwards(attributes, current, usage) } };
      },
      dryRun,
      undefined,
      { def: quotaDef, manager: "kube-apiserver", subresource: "status", timeMs: context.registry.kernel.wallMs },
    );
  }
}

/** What an object uses, or what it uses more than it did. */
function added({ def, object, old }: Attributes): Usage {
  const usage = usageOf(def.resource, object);
  if (old === undefined) return usage;
  const before = usageOf(def.resource, old);
  const more: Record<string, Quantity> = {};
  for (const name of new Set([...Object.keys(usage), ...Object.keys(before)])) {
    const nano = (usage[name]?.nano ?? 0n) - (before[name]?.nano ?? 0n);
    if (nano !== 0n) more[name] = { ...(usage[name] ?? before[name]!), nano };
  }
  return more;
}

/** What a quota's namespace uses once something more is used; throws when that is too much. */
function afterwards(attributes: Attributes, quota: KubeObject, usage: Usage): Record<string, string> {
  const { hard, used } = quota["status"] as Record<string, Record<string, string>>;
  const over: Record<"requested" | "used" | "limited", Record<string, Quantity>> = {
    requested: {},
    used: {},
    limited: {},
  };
  const after: Record<string, string> = { ...used };
  for (const [what, amount] of Object.entries(pick(usage, Object.keys(hard ?? {})))) {
    const before = quantity(used?.[what] ?? "0");
    const limit = quantity(hard?.[what] ?? "0");
    const sum = addQuantities(before, amount);
    after[what] = formatQuantity(sum);
    if (compareQuantities(sum, limit) <= 0 || amount.nano < 0n) continue;
    over.requested[what] = amount;
    over.used[what] = before;
    over.limited[what] = limit;
  }
  if (Object.keys(over.requested).length > 0)
    throw refuse(
      attributes,
      `exceeded quota: ${quota.metadata.name}, requested: ${amounts(over.requested)}, used: ${amounts(over.used)}, limited: ${amounts(over.limited)}`,
    );
  return after;
}

function pick(usage: Usage, names: readonly string[]): Record<string, Quantity> {
  const out: Record<string, Quantity> = {};
  for (const name of names) if (usage[name]) out[name] = usage[name];
  return out;
}
