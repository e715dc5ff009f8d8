import { resourcePath } from "../api/client.ts";
import { keyOf } from "../api/informer.ts";
import { KINDS } from "../api/kinds.ts";
import { NAMESPACES } from "../api/resources.ts";
import { failure, isStatus } from "../api/status.ts";
import { formatTime, parseTime } from "../api/time.ts";
import type { KubeList, KubeObject, Resource } from "../api/types.ts";
import { type Gen, MS, SECOND } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { customResources } from "./custom-kinds.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "./reconciler.ts";

/** Kinds whose objects live in namespaces and can be deleted all at once. */
const CONTENT = KINDS.filter(
  ({ resource, etcdPrefix, verbs }) =>
    resource.namespaced &&
    etcdPrefix !== "" &&
    verbs.includes("deletecollection") &&
    resource.group !== "events.k8s.io",
).map(({ resource }) => resource);

/** A change of a namespace is looked at after this long, so that every server has seen it (namespaceDeletionGracePeriod). */
const GRACE = 5 * SECOND;
/** Seconds that finalizers may take (finalizerEstimateSeconds). */
const FINALIZERS_TAKE = 15;

/** What is left of one kind. */
interface Remaining {
  resource: Resource;
  count: number;
  finalizers: readonly string[];
}

/** Empties a namespace that is being deleted, then lets go of it (pkg/controller/namespace). */
class NamespaceController implements Reconciler {
  readonly name = "namespace";
  readonly retry = { first: 5 * MS, last: 60 * SECOND };
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(NAMESPACES, ({ type, object }) => {
      if (type !== "deleted" && object.metadata.deletionTimestamp) this.queue.addAfter(keyOf(object), GRACE);
    });
  }

  *reconcile(name: string): Gen<ReconcileResult | void> {
    const { client } = this.context;
    let namespace: KubeObject;
    try {
      namespace = yield* client.get(NAMESPACES, undefined, name);
    } catch (error) {
      if (isStatus(error, "NotFound")) return;
      throw error;
    }
    const finalizers: string[] = namespace.spec?.finalizers ?? [];
    if (!namespace.metadata.deletionTimestamp || finalizers.length === 0) return;
    const left: Remaining[] = [];
    const problems: string[] = [];
    let estimate = 0;
    for (const resource of [...CONTENT, ...customResources(this.context, true)]) {
      const path = resourcePath(resource, name);
      const before = yield* this.list(path);
      if (before.length === 0) continue;
      const options = { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" };
      yield* client.object("DELETE", path, options);
      const after = yield* this.list(path);
      if (after.length === 0) continue;
      const held = after.flatMap((object) => object.metadata.finalizers ?? []);
      left.push({ resource, count: after.length, finalizers: held });
      const grace = resource.group === "" && resource.resource === "pods" ? this.graceLeft(namespace, before) : 0;
      if (grace === 0 && held.length === 0) {
        const gvr = `${resource.group}/${resource.version}, Resource=${resource.resource}`;
        problems.push(`unexpected items still remain in namespace: ${name} for gvr: ${gvr}`);
      }
      estimate = Math.max(estimate, grace > 0 ? grace : held.length > 0 ? FINALIZERS_TAKE : 0);
    }
    const told = yield* this.writeConditions(namespace, conditionsOf(left, problems));
    if (problems.length > 0) throw failure(500, "InternalError", problems.join(", "));
    if (estimate > 0) return { requeueAfter: (Math.floor(estimate / 2) + 1) * SECOND };
    const rest = finalizers.filter((finalizer) => finalizer !== "kubernetes");
    yield* client.update(NAMESPACES, { ...told, spec: { ...told["spec"], finalizers: rest } }, "finalize");
  }

  private *list(path: string): Gen<KubeObject[]> {
    const list = (yield* this.context.client.object("GET", path)) as KubeList;
    return list.items;
  }

  /** Seconds that Pods may still take; 0 once they had their time (estimateGracefulTermination). */
  private graceLeft(namespace: KubeObject, pods: readonly KubeObject[]): number {
    const working = pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
    const grace = Math.max(0, ...working.map(({ spec }) => spec?.terminationGracePeriodSeconds ?? 0));
    const gone = this.context.kernel.wallMs - parseTime(namespace.metadata.deletionTimestamp ?? "");
    return gone >= grace * 1000 ? 0 : grace;
  }

  private *writeConditions(namespace: KubeObject, wanted: readonly Said[]): Gen<KubeObject> {
    const before = (namespace["status"]?.conditions ?? []) as KubeObject[];
    const conditions = wanted.map(([type, status, reason, message]) => {
      const old = before.find((c) => c["type"] === type);
      const now = formatTime(this.context.kernel.wallMs);
      const lastTransitionTime = old?.["status"] === status ? old["lastTransitionTime"] : now;
      return { type, status, lastTransitionTime, reason, message };
    });
    const others = before.filter((c) => !wanted.some(([type]) => type === c["type"]));
    if (JSON.stringify(before) === JSON.stringify([...others, ...conditions])) return namespace;
    const status = { ...namespace["status"], conditions: [...others, ...conditions] };
    return yield* this.context.client.update(NAMESPACES, { ...namespace, status }, "status");
  }
}

type Said = readonly [type: string, status: "True" | "False", reason: string, message: string];

/** What the conditions say (status_condition_utils.go). */
function conditionsOf(left: readonly Remaining[], problems: readonly string[]): Said[] {
  const remaining = left
    .map(({ resource, count }) => `${resource.resource}.${resource.group} has ${count} resource instances`)
    .sort()
    .join(", ");
  const waiting = new Map<string, number>();
  for (const { finalizers } of left) for (const one of finalizers) waiting.set(one, (waiting.get(one) ?? 0) + 1);
  const finalizers = [...waiting]
    .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
    .sort()
    .join(", ");
  const failed = `Failed to delete all resource types, ${problems.length} remaining: ${[...problems].sort().join(", ")}`;
  const rows: readonly [type: string, bad: string, why: string, good: string, well: string][] = [
    ["NamespaceDeletionDiscoveryFailure", "", "", "ResourcesDiscovered", "All resources successfully discovered"],
    [
      "NamespaceDeletionGroupVersionParsingFailure",
      "",
      "",
      "ParsedGroupVersions",
      "All legacy kube types successfully parsed",
    ],
    [
      "NamespaceDeletionContentFailure",
      problems.length > 0 ? "ContentDeletionFailed" : "",
      failed,
      "ContentDeleted",
      "All content successfully deleted, may be waiting on finalization",
    ],
    [
      "NamespaceContentRemaining",
      remaining && "SomeResourcesRemain",
      `Some resources are remaining: ${remaining}`,
      "ContentRemoved",
      "All content successfully removed",
    ],
    [
      "NamespaceFinalizersRemaining",
      finalizers && "SomeFinalizersRemain",
      `Some content in the namespace has finalizers remaining: ${finalizers}`,
      "ContentHasNoFinalizers",
      "All content-preserving finalizers finished",
    ],
  ];
  return rows.map(([type, bad, why, good, well]) => (bad ? [type, "True", bad, why] : [type, "False", good, well]));
}

export function startNamespaceController(context: ControllerContext): void {
  new NamespaceController(context);
}
