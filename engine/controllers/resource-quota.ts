import { inScope } from "../api/core/quota-scopes.ts";
import { countedKinds, usageOf } from "../api/core/quota-usage.ts";
import { keyOf } from "../api/informer.ts";
import { KINDS } from "../api/kinds.ts";
import { addQuantities, formatQuantity, type Quantity, quantity } from "../api/quantity.ts";
import { CONFIG_MAPS, PODS, RESOURCE_QUOTAS, SERVICES } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject, Resource } from "../api/types.ts";
import { type Gen, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { customResources } from "./custom-kinds.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";

/** Objects that go are counted anew in one go after this long. */
const BATCH = SECOND;
/** Kinds counted from what the process watches anyway; others are listed when a quota that names them is looked at. */
const WATCHED: readonly Resource[] = [PODS, SERVICES, CONFIG_MAPS];

/** Counts what namespaces use (pkg/controller/resourcequota); admission refuses what would be too much. */
class ResourceQuotaController implements Reconciler {
  readonly name = "resourcequota";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(RESOURCE_QUOTAS, ({ object, old }) => {
      if (old && old["spec"] === object["spec"]) return;
      this.queue.add(keyOf(object));
      // What came while it was new was neither listed nor counted by admission.
      this.queue.addAfter(keyOf(object), BATCH);
    });
    // Only what frees something: admission has counted what came.
    const ended = (pod: KubeObject) => pod.status?.phase === "Succeeded" || pod.status?.phase === "Failed";
    for (const resource of WATCHED)
      informers.handle(resource, ({ type, object, old }) => {
        const freed = type === "deleted" || (resource === PODS && old && !ended(old) && ended(object));
        if (!freed) return;
        for (const quota of informers.list(RESOURCE_QUOTAS))
          if (quota.metadata.namespace === object.metadata.namespace) this.queue.addAfter(keyOf(quota), BATCH);
      });
  }

  *reconcile(key: string): Gen {
    const { informers, client } = this.context;
    const quota = informers.get(RESOURCE_QUOTAS, key);
    if (quota === undefined || quota.metadata.deletionTimestamp) return;
    const { namespace } = quota.metadata;
    const hard: Record<string, string> = quota.spec.hard ?? {};
    const totals: Record<string, Quantity> = {};
    const unknown = new Set<string>();
    for (const [group, plural] of countedKinds(hard)) {
      const all = [...KINDS.map((kind) => kind.resource), ...customResources(this.context)];
      const resource = all.find((one) => one.group === group && one.resource === plural);
      if (resource === undefined) {
        unknown.add(`count/${plural}${group ? `.${group}` : ""}`);
        continue;
      }
      for (const object of yield* this.objects(resource, namespace ?? "")) {
        if (!inScope(quota.spec, resource, object)) continue;
        for (const [name, amount] of Object.entries(usageOf(resource, object)))
          totals[name] = addQuantities(totals[name] ?? quantity("0"), amount);
      }
    }
    const used: Record<string, string> = {};
    for (const name of Object.keys(hard))
      if (!unknown.has(name)) used[name] = formatQuantity(totals[name] ?? quantity("0"));
    if (JSON.stringify(quota.status ?? {}) === JSON.stringify({ hard, used })) return;
    try {
      yield* client.update(RESOURCE_QUOTAS, { ...quota, status: { hard, used } }, "status");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  private *objects(resource: Resource, namespace: string): Gen<Iterable<KubeObject>> {
    const watched = WATCHED.find((r) => r.group === resource.group && r.resource === resource.resource);
    if (watched === undefined) return (yield* this.context.client.list(resource, { namespace })).items;
    return [...this.context.informers.list(watched)].filter((object) => object.metadata.namespace === namespace);
  }
}

export function startResourceQuotaController(context: ControllerContext): void {
  new ResourceQuotaController(context);
}
