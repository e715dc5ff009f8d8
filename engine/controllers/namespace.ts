import { resourcePath } from "../api/client.ts";
import { keyOf } from "../api/informer.ts";
import { KINDS } from "../api/kinds.ts";
import { NAMESPACES, PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { formatTime } from "../api/time.ts";
import type { KubeList, KubeObject } from "../api/types.ts";
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
      if (type !== "deleted" && object.metadata.deletionTimestamp) this.queue.add(keyOf(object));
    });
    context.informers.handle(PODS, ({ type, object }) => {
      if (type !== "deleted") return;
      const home = context.informers.get(NAMESPACES, object.metadata.namespace ?? "");
      if (home?.metadata.deletionTimestamp) this.queue.add(keyOf(home));
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
    const left: { resource: string; count: number }[] = [];
    const waiting: Record<string, number> = {};
    for (const resource of [...CONTENT, ...customResources(this.context, true)]) {
      const path = resourcePath(resource, name);
      const before = yield* this.list(path);
      if (before.length === 0) continue;
      yield* client.object("DELETE", path, {
        kind: "DeleteOptions",
        apiVersion: "v1",
        propagationPolicy: "Background",
      });
      const after = yield* this.list(path);
      if (after.length === 0) continue;
      left.push({ resource: `${resource.resource}.${resource.group}`, count: after.length });
      for (const object of after)
        for (const finalizer of object.metadata.finalizers ?? []) waiting[finalizer] = (waiting[finalizer] ?? 0) + 1;
    }
    if (left.length > 0) {
      yield* this.writeConditions(namespace, left, waiting);
      // Pods have their grace; their end wakes this key earlier.
      return { requeueAfter: 15 * SECOND };
    }
    const rest = finalizers.filter((finalizer) => finalizer !== "kubernetes");
    yield* client.update(NAMESPACES, { ...namespace, spec: { ...namespace.spec, finalizers: rest } }, "finalize");
  }

  private *list(path: string): Gen<KubeObject[]> {
    const list = (yield* this.context.client.object("GET", path)) as KubeList;
    return list.items;
  }

  private *writeConditions(
    namespace: KubeObject,
    left: readonly { resource: string; count: number }[],
    waiting: Readonly<Record<string, number>>,
  ): Gen {
    const remaining = left
      .map(({ resource, count }) => `${resource} has ${count} resource instances`)
      .sort()
      .join(", ");
    const finalizers = Object.entries(waiting)
      .map(([finalizer, count]) => `${finalizer} in ${count} resource instances`)
      .sort()
      .join(", ");
    const wanted = [
      ["NamespaceDeletionDiscoveryFailure", "False", "ResourcesDiscovered", "All resources successfully discovered"],
      [
        "NamespaceDeletionGroupVersionParsingFailure",
        "False",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
      ],
      [
        "NamespaceDeletionContentFailure",
        "False",
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
      ],
      ["NamespaceContentRemaining", "True", "SomeResourcesRemain", `Some resources are remaining: ${remaining}`],
      finalizers === ""
        ? [
            "NamespaceFinalizersRemaining",
            "False",
            "ContentHasNoFinalizers",
            "All content-preserving finalizers finished",
          ]
        : [
            "NamespaceFinalizersRemaining",
            "True",
            "SomeFinalizersRemain",
            `Some content in the namespace has finalizers remaining: ${finalizers}`,
          ],
    ] as const;
    const before = (namespace.status?.conditions ?? []) as KubeObject[];
    const conditions = wanted.map(([type, status, reason, message]) => {
      const old = before.find((c) => c["type"] === type);
      const now = formatTime(this.context.kernel.wallMs);
      return {
        type,
        status,
        lastTransitionTime: old?.["status"] === status ? old["lastTransitionTime"] : now,
        reason,
        message,
      };
    });
    if (JSON.stringify(before) === JSON.stringify(conditions)) return;
    yield* this.context.client.update(
      NAMESPACES,
      { ...namespace, status: { ...namespace.status, conditions } },
      "status",
    );
  }
}

export function startNamespaceController(context: ControllerContext): void {
  new NamespaceController(context);
}
