/** Objects that were applied once and are in none of the files now (kubectl/pkg/util/prune). */
import { resourcePath } from "../../api/client.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { LAST_APPLIED } from "./changes.ts";
import type { Mapping } from "./discovery.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { klog } from "./klog.ts";

const DEFAULTS = [
  "v1 ConfigMap",
  "v1 Endpoints",
  "v1 PersistentVolumeClaim",
  "v1 Pod",
  "v1 ReplicationController",
  "v1 Secret",
  "v1 Service",
  "batch/v1 Job",
  "batch/v1 CronJob",
  "networking.k8s.io/v1 Ingress",
  "apps/v1 DaemonSet",
  "apps/v1 Deployment",
  "apps/v1 ReplicaSet",
  "apps/v1 StatefulSet",
  "v1 Namespace",
  "v1 PersistentVolume",
];

const DEPRECATED =
  "Deprecated: kubectl apply will no longer prune non-namespaced resources by default when used with the --namespace flag in a future release. To preserve the current behaviour, list the resources you want to target explicitly in the --prune-allowlist flag.";

/** Kinds of `--prune-allowlist`, or those pruned by default. */
export function* pruneMappings(k: Invocation): Gen<Mapping[]> {
  const resources = yield* k.resources();
  const out: Mapping[] = [];
  const allowed = k.flags.list("prune-allowlist");
  for (const text of allowed) {
    const parts = text.split("/");
    if (parts.length !== 3) {
      throw new KubectlError(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`);
    }
    const [group, version, kind] = parts as [string, string, string];
    const apiVersion = group === "core" || group === "" ? version : `${group}/${version}`;
    const mapping = resources.byKind(apiVersion, kind);
    if (mapping === undefined) {
      throw new KubectlError(`no matches for kind ${quote(kind)} in version ${quote(apiVersion)}`);
    }
    out.push(mapping);
  }
  if (allowed.length > 0) return out;
  for (const text of DEFAULTS) {
    const [apiVersion, kind] = text.split(" ") as [string, string];
    const mapping = resources.byKind(apiVersion, kind);
    if (mapping) out.push(mapping);
  }
  return out;
}

export interface Prunable {
  mapping: Mapping;
  object: KubeObject;
}

/** What would be pruned in these namespaces and outside of any, less the objects visited (by uid). */
export function* prunable(
  k: Invocation,
  visited: ReadonlySet<string>,
  namespaces: ReadonlySet<string>,
): Gen<Prunable[]> {
  const mappings = yield* pruneMappings(k);
  if (k.flags.list("prune-allowlist").length === 0 && k.target().namespace !== "")
    k.err(klog(k, "W", "prune.go:71", DEPRECATED));
  const selector = k.flags.string("selector");
  const query = selector === "" ? "" : `?labelSelector=${encodeURIComponent(selector)}`;
  const out: Prunable[] = [];
  const places: [string, Mapping][] = [];
  for (const namespace of namespaces) {
    for (const mapping of mappings) if (mapping.namespaced) places.push([namespace, mapping]);
  }
  for (const mapping of mappings) if (!mapping.namespaced) places.push(["", mapping]);
  for (const [namespace, mapping] of places) {
    const list = (yield* k.object("GET", resourcePath(mapping, namespace) + query)) as unknown as KubeList;
    for (const item of list.items) {
      if (item.metadata.annotations?.[LAST_APPLIED] === undefined || visited.has(item.metadata.uid ?? "")) continue;
      const apiVersion = mapping.group === "" ? mapping.version : `${mapping.group}/${mapping.version}`;
      out.push({ mapping, object: { ...item, apiVersion, kind: mapping.kind } });
    }
  }
  return out;
}
