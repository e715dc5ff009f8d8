import { inScope } from "../../api/core/quota-scopes.ts";
import { amounts, type Usage, unstated, usageOf } from "../../api/core/quota-usage.ts";
import { addQuantities, compareQuantities, formatQuantity, type Quantity, quantity } from "../../api/quantity.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { guaranteedUpdate } from "../store.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { isResource, refuse } from "./refuse.ts";

/** Refuses what would take a namespace over its ResourceQuotas and notes what it lets pass (plugin/pkg/admission/resourcequota). */
export const resourceQuota: AdmissionPlugin = {
  name: "ResourceQuota",
  validate(attributes) {
    if (attributes.operation !== "CREATE" || attributes.subresource !== "" || attributes.namespace === "") return;
    const quotas = attributes.context.registry.cacheOf("", "v1", "resourcequotas")?.inNamespace(attributes.namespace);
    if (quotas === undefined || quotas.length === 0) return;
    return charge(attributes, quotas);
  },
};

function* charge(attributes: Attributes, quotas: readonly KubeObject[]): Gen {
  const { context, def, object, namespace, dryRun } = attributes;
  const usage = usageOf(def.resource, object);
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
  for (const quota of held) {
    const wanted = pick(usage, Object.keys(quota["status"].hard));
    if (Object.keys(wanted).length === 0) continue;
    const { name } = quota.metadata;
    yield* guaranteedUpdate(
      context.registry,
      quotaDef,
      namespace,
      name,
      function* (current): Gen<KubeObject> {
        const { hard, used } = current["status"] as Record<string, Record<string, string>>;
        const over: Record<"requested" | "used" | "limited", Record<string, Quantity>> = {
          requested: {},
          used: {},
          limited: {},
        };
        const after: Record<string, string> = { ...used };
        for (const [what, amount] of Object.entries(wanted)) {
          const before = quantity(used?.[what] ?? "0");
          const limit = quantity(hard?.[what] ?? "0");
          const sum = addQuantities(before, amount);
          after[what] = formatQuantity(sum);
          if (compareQuantities(sum, limit) <= 0) continue;
          over.requested[what] = amount;
          over.used[what] = before;
          over.limited[what] = limit;
        }
        if (Object.keys(over.requested).length > 0)
          throw refuse(
            attributes,
            `exceeded quota: ${name}, requested: ${amounts(over.requested)}, used: ${amounts(over.used)}, limited: ${amounts(over.limited)}`,
          );
        return { ...current, status: { ...current["status"], used: after } };
      },
      dryRun,
    );
  }
}

function pick(usage: Usage, names: readonly string[]): Record<string, Quantity> {
  const out: Record<string, Quantity> = {};
  for (const name of names) if (usage[name]) out[name] = usage[name];
  return out;
}
