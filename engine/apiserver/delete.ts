import type { DeleteOptions } from "../api/client.ts";
import type { KindDef } from "../api/kind.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import { mutate, validate } from "./admission/admission.ts";
import type { ResourceContext } from "./context.ts";
import { markDefinition } from "./custom-resources.ts";
import { conflictBecause } from "./errors.ts";
import { metaInOrder } from "./objectmeta.ts";
import { isService, releaseService } from "./services.ts";
import { guaranteedUpdate, type Updated } from "./store.ts";

const DEFAULT_GRACE_SECONDS = 30;
const ORPHAN = "orphan";
const FOREGROUND = "foregroundDeletion";

/**
 * Deletes, or marks an object as being deleted while its grace period runs or finalizers hold it (apiserver
 * pkg/registry/generic/registry/store.go Delete, pkg/registry/rest/delete.go BeforeDelete).
 */
export function* deleteObject(
  context: ResourceContext,
  name: string,
  options: DeleteOptions,
  dryRun: boolean,
): Gen<Updated> {
  const { def, registry, info } = context;
  const change = (current: KubeObject) => changed(context, name, options, dryRun, current);
  const done = yield* guaranteedUpdate(registry, def, info.namespace, name, change, dryRun, context.writer);
  const { metadata } = done.object;
  if (done.deleted && isService(def) && !dryRun) yield* releaseService(context, done.object);
  if (!done.deleted || metadata.deletionTimestamp || !isPod(def)) return done;
  // A Pod that goes at once is shown with the end of its grace.
  const end = formatTime(registry.kernel.wallMs);
  return { ...done, object: marked(done.object, end, 0, metadata.finalizers ?? []) };
}

/** What is left of the object as it is: nothing, or it with the marks of its end. */
function* changed(
  context: ResourceContext,
  name: string,
  options: DeleteOptions,
  dryRun: boolean,
  current: KubeObject,
): Gen<KubeObject | "delete"> {
  const { def, registry, server, info } = context;
  checkPreconditions(def, current, options);
  const attributes = {
    context,
    def,
    operation: "DELETE" as const,
    namespace: info.namespace,
    name,
    subresource: "",
    object: undefined,
    old: current,
    dryRun,
  };
  const changing = mutate(server.plugins, attributes);
  if (changing) yield* changing;
  const judging = validate(server.plugins, attributes);
  if (judging) yield* judging;
  if (def.resource.group === "" && def.resource.resource === "namespaces") {
    return terminating(registry.kernel.wallMs, current, options);
  }
  if (def.resource.group === "apiextensions.k8s.io" && !current.metadata.deletionTimestamp) {
    return markDefinition(current, registry.kernel.wallMs);
  }
  const grace = graceOf(def, current, options);
  const finalizers = finalizersFor(current, options, def.orphans !== undefined);
  const { metadata } = current;
  if (metadata.deletionTimestamp) return shorten(registry.kernel.wallMs, current, grace, finalizers);
  if (grace === 0 && finalizers.length === 0) return "delete";
  const deletionTimestamp = formatTime(registry.kernel.wallMs + grace * 1000);
  return marked(current, deletionTimestamp, grace, finalizers);
}

function isPod({ resource }: KindDef): boolean {
  return resource.group === "" && resource.resource === "pods";
}

/** A namespace first loses its content: its own finalizer holds it (pkg/registry/core/namespace/storage). */
function terminating(nowMs: number, current: KubeObject, options: DeleteOptions): KubeObject | "delete" {
  const finalizers = finalizersFor(current, options);
  const held = (current["spec"]?.finalizers?.length ?? 0) + finalizers.length > 0;
  // Even one that nothing holds is only marked first: who asks once more deletes it.
  if (current.metadata.deletionTimestamp) return held ? current : "delete";
  const { deletionGracePeriodSeconds: _, ...metadata } = current.metadata;
  return {
    ...current,
    metadata: metaInOrder({ ...metadata, deletionTimestamp: formatTime(nowMs), finalizers }),
    status: { ...current["status"], phase: "Terminating" },
  };
}

/** Throws when the caller means another object of that name, or another state of it. */
export function checkPreconditions(def: KindDef, current: KubeObject, { preconditions }: DeleteOptions): void {
  if (preconditions === undefined) return;
  const { group, kind } = def.resource;
  const { name, uid, resourceVersion } = current.metadata;
  if (preconditions.uid && preconditions.uid !== uid) {
    const why = `the UID in the precondition (${preconditions.uid}) does not match the UID in record (${uid}). The object might have been deleted and then recreated`;
    throw conflictBecause(group, kind, name, why);
  }
  if (preconditions.resourceVersion && preconditions.resourceVersion !== resourceVersion) {
    const why = `the ResourceVersion in the precondition (${preconditions.resourceVersion}) does not match the ResourceVersion in record (${resourceVersion}). The object might have been modified`;
    throw conflictBecause(group, kind, name, why);
  }
}

/** Seconds; only Pods have a grace period of their own (pkg/registry/core/pod/strategy.go CheckGracefulDelete). */
function graceOf(def: KindDef, current: KubeObject, options: DeleteOptions): number {
  if (!isPod(def)) return 0;
  const { spec, status } = current;
  if (!spec?.nodeName || status?.phase === "Failed" || status?.phase === "Succeeded") return 0;
  const wanted = options.gracePeriodSeconds ?? spec.terminationGracePeriodSeconds ?? DEFAULT_GRACE_SECONDS;
  return wanted < 0 ? 1 : wanted;
}

/**
 * Finalizers after the client's propagation policy, else those that are there, else the kind's own way (store.go
 * deletionFinalizersForGarbageCollection).
 */
function finalizersFor(current: KubeObject, { propagationPolicy }: DeleteOptions, orphans = false): readonly string[] {
  const before = current.metadata.finalizers ?? [];
  if (propagationPolicy === undefined) {
    return orphans && !before.includes(ORPHAN) && !before.includes(FOREGROUND) ? [...before, ORPHAN] : before;
  }
  const rest = before.filter((finalizer) => finalizer !== ORPHAN && finalizer !== FOREGROUND);
  if (propagationPolicy === "Orphan") rest.push(ORPHAN);
  if (propagationPolicy === "Foreground") rest.push(FOREGROUND);
  return rest;
}

function marked(
  current: KubeObject,
  deletionTimestamp: string,
  grace: number,
  finalizers: readonly string[],
): KubeObject {
  const { generation } = current.metadata;
  const metadata = {
    ...current.metadata,
    ...(generation !== undefined && { generation: generation + 1 }),
    deletionTimestamp,
    deletionGracePeriodSeconds: grace,
  };
  return { ...current, metadata: metaInOrder({ ...metadata, finalizers }) };
}

/** A second delete can only bring the end nearer. */
function shorten(
  nowMs: number,
  current: KubeObject,
  grace: number,
  finalizers: readonly string[],
): KubeObject | "delete" {
  const { metadata } = current;
  const before = metadata.deletionGracePeriodSeconds ?? 0;
  const same =
    finalizers.length === (metadata.finalizers?.length ?? 0) &&
    finalizers.every((f, i) => f === metadata.finalizers?.[i]);
  if (grace === 0 && finalizers.length === 0) return "delete";
  if (grace >= before) return same ? current : { ...current, metadata: metaInOrder({ ...metadata, finalizers }) };
  const deletionTimestamp = formatTime(nowMs + grace * 1000);
  return {
    ...current,
    metadata: metaInOrder({ ...metadata, deletionTimestamp, deletionGracePeriodSeconds: grace, finalizers }),
  };
}
