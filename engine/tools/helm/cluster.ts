import { resourcePath } from "../../api/client.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Mapping } from "../kubectl/discovery.ts";
import { isExpected } from "../kubectl/errors.ts";
import type { Invocation } from "../kubectl/invocation.ts";
import { threeWayPatch } from "../kubectl/three-way.ts";
import { readDocument } from "../kubectl/yaml-documents.ts";
import { HelmError } from "./error.ts";
import { byKind, splitManifests } from "./render.ts";

/** An object of a release and where it is served. */
export interface Target {
  mapping: Mapping;
  namespace: string;
  name: string;
  object: KubeObject;
}

const FIELD_MANAGER = "?fieldManager=helm";

export const pathOf = ({ mapping, namespace, name }: Target): string =>
  resourcePath(mapping, mapping.namespaced ? namespace : "", name);

/** What a manifest names, as the server serves it. Throws HelmError for kinds that nobody serves. */
export function* targets(k: Invocation, manifest: string, namespace: string): Gen<Target[]> {
  const discovery = yield* k.resources();
  const out: Target[] = [];
  const unknown: string[] = [];
  for (const text of splitManifests(manifest)) {
    const object = readDocument(text) as KubeObject | null;
    if (object === null || typeof object !== "object") continue;
    const [version, group = ""] = String(object.apiVersion ?? "")
      .split("/")
      .reverse() as [string, string?];
    const mapping = discovery.mappings.find(
      (each) => each.group === group && each.version === version && each.kind === object.kind,
    );
    const name = object.metadata?.name ?? "";
    if (mapping === undefined) {
      unknown.push(
        `resource mapping not found for name: ${JSON.stringify(name)} namespace: ${JSON.stringify(object.metadata?.namespace ?? "")} from "": no matches for kind ${JSON.stringify(object.kind)} in version ${JSON.stringify(object.apiVersion)}\nensure CRDs are installed first`,
      );
      continue;
    }
    out.push({ mapping, name, namespace: mapping.namespaced ? (object.metadata.namespace ?? namespace) : "", object });
  }
  if (unknown.length > 0) {
    throw new HelmError(
      `unable to build kubernetes objects from release manifest: ${unknown.length > 1 ? `[${unknown.join(", ")}]` : unknown[0]}`,
    );
  }
  return out;
}

const MANAGED_BY = "app.kubernetes.io/managed-by";

/** The object with the marks by which helm knows its own. */
function owned(target: Target, release: string, namespace: string): KubeObject {
  const { metadata } = target.object;
  return {
    ...target.object,
    metadata: {
      ...metadata,
      ...(target.mapping.namespaced && { namespace: target.namespace }),
      labels: { ...metadata.labels, [MANAGED_BY]: "Helm" },
      annotations: {
        ...metadata.annotations,
        "meta.helm.sh/release-name": release,
        "meta.helm.sh/release-namespace": namespace,
      },
    },
  };
}

function* read(k: Invocation, target: Target): Gen<KubeObject | undefined> {
  try {
    return yield* k.object("GET", pathOf(target));
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined;
    throw error;
  }
}

/** Throws where something is there already that is not the release's (action validate.go existingResourceConflict). */
export function* refuseForeign(k: Invocation, list: readonly Target[], release: string, namespace: string): Gen {
  for (const target of list) {
    const found = yield* read(k, target);
    if (found === undefined) continue;
    const { labels = {}, annotations = {} } = found.metadata;
    const wrong: string[] = [];
    const check = (what: string, key: string, value: string | undefined, wanted: string) => {
      if (value === undefined)
        wrong.push(
          `${what} validation error: missing key ${JSON.stringify(key)}: must be set to ${JSON.stringify(wanted)}`,
        );
      else if (value !== wanted)
        wrong.push(
          `${what} validation error: key ${JSON.stringify(key)} must equal ${JSON.stringify(wanted)}: current value is ${JSON.stringify(value)}`,
        );
    };
    check("label", MANAGED_BY, labels[MANAGED_BY], "Helm");
    check("annotation", "meta.helm.sh/release-name", annotations["meta.helm.sh/release-name"], release);
    check("annotation", "meta.helm.sh/release-namespace", annotations["meta.helm.sh/release-namespace"], namespace);
    if (wrong.length === 0) continue;
    throw new HelmError(
      `${target.mapping.kind} ${JSON.stringify(target.name)} in namespace ${JSON.stringify(target.namespace)} exists and cannot be imported into the current release: invalid ownership metadata; ${wrong.join("; ")}`,
    );
  }
}

/** Creates objects one after another; throws at the first that is refused. */
export function* create(
  k: Invocation,
  list: readonly Target[],
  release: string,
  namespace: string,
  marked = true,
): Gen {
  for (const target of list) {
    const object = marked ? owned(target, release, namespace) : target.object;
    try {
      yield* k.object("POST", resourcePath(target.mapping, target.namespace) + FIELD_MANAGER, object);
    } catch (error) {
      if (!isExpected(error)) throw error;
      throw new HelmError(`failed to create resource: ${error.message}`);
    }
  }
}

/** Makes what is there into what shall be: patches of three ways, new objects, and what is no longer wanted goes. */
export function* update(
  k: Invocation,
  old: readonly Target[],
  wanted: readonly Target[],
  release: string,
  namespace: string,
): Gen {
  const key = ({ mapping, namespace: ns, name }: Target) => `${mapping.group}/${mapping.kind}/${ns}/${name}`;
  for (const target of wanted) {
    const object = owned(target, release, namespace);
    const current = yield* read(k, target);
    if (current === undefined) {
      yield* create(k, [target], release, namespace);
      continue;
    }
    const original = old.find((each) => key(each) === key(target))?.object;
    const { patch, type } = threeWayPatch(target.mapping, original, object, current, true);
    if (Object.keys(patch).length === 0) continue;
    try {
      yield* k.patch(pathOf(target) + FIELD_MANAGER, patch, type);
    } catch (error) {
      if (!isExpected(error)) throw error;
      throw new HelmError(
        `cannot patch ${JSON.stringify(target.name)} with kind ${target.mapping.kind}: ${error.message}`,
      );
    }
  }
  const kept = new Set(wanted.map(key));
  yield* remove(
    k,
    old.filter((each) => !kept.has(key(each))),
  );
}

/** The order in which things go: those that others use last. */
export const uninstallOrder = (list: readonly Target[]): Target[] =>
  byKind(list.map((target) => ({ ...target, kind: target.mapping.kind, source: "", text: "" }))).reverse();

/** Deletes objects, and gives those that an annotation keeps. */
export function* remove(k: Invocation, list: readonly Target[], propagationPolicy = "Background"): Gen<Target[]> {
  const kept: Target[] = [];
  for (const target of list) {
    if (target.object.metadata.annotations?.["helm.sh/resource-policy"] === "keep") {
      kept.push(target);
      continue;
    }
    try {
      yield* k.object("DELETE", pathOf(target), { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      if (!isStatus(error, "NotFound")) throw new HelmError(error.message);
    }
  }
  return kept;
}

const POLL = 2 * SECOND;

/** Waits until `done` says so; false when `deadline` (virtual µs) passes first. */
export function* poll(k: Invocation, deadline: number, done: () => Gen<boolean>): Gen<boolean> {
  for (;;) {
    if (yield* done()) return true;
    if (k.p.machine.kernel.now + POLL > deadline) return false;
    yield* sleep(POLL);
  }
}

/** Waits until everything of a release is ready, as `--wait` asks (kube/ready.go). */
export function* waitReady(k: Invocation, list: readonly Target[], deadline: number, jobs: boolean): Gen {
  const done = yield* poll(k, deadline, function* () {
    for (const target of list) {
      const object = yield* read(k, target);
      if (object === undefined || !isReady(target, object, jobs)) return false;
    }
    return true;
  });
  if (!done) throw new HelmError("context deadline exceeded");
}

export function* waitGone(k: Invocation, list: readonly Target[], deadline: number): Gen {
  const done = yield* poll(k, deadline, function* () {
    for (const target of list) if ((yield* read(k, target)) !== undefined) return false;
    return true;
  });
  if (!done) throw new HelmError("context deadline exceeded");
}

interface Condition {
  type: string;
  status: string;
}

const has = (conditions: readonly Condition[] | undefined, type: string): boolean =>
  (conditions ?? []).some((each) => each.type === type && each.status === "True");

function isReady(target: Target, object: KubeObject, jobs: boolean): boolean {
  const { spec = {}, status = {} } = object as unknown as {
    spec?: Record<string, never>;
    status?: Record<string, never>;
  };
  const count = (name: string): number => (status[name] as number | undefined) ?? 0;
  const observed = count("observedGeneration") >= (object.metadata.generation ?? 0);
  switch (target.mapping.kind) {
    case "Pod":
      return has(status["conditions"], "Ready");
    case "Job":
      if (has(status["conditions"], "Failed")) throw new HelmError(`job ${target.name} failed: BackoffLimitExceeded`);
      return !jobs || count("succeeded") >= ((spec["completions"] as number | undefined) ?? 1);
    case "Deployment": {
      const wanted = (spec["replicas"] as number | undefined) ?? 1;
      return (
        observed && count("updatedReplicas") >= wanted && count("readyReplicas") >= wanted - unavailable(spec, wanted)
      );
    }
    case "StatefulSet":
      return observed && count("readyReplicas") >= ((spec["replicas"] as number | undefined) ?? 1);
    case "DaemonSet":
      return (
        observed &&
        count("updatedNumberScheduled") >= count("desiredNumberScheduled") &&
        count("numberReady") >= count("desiredNumberScheduled") - 1
      );
    case "PersistentVolumeClaim":
      return (status["phase"] as string | undefined) === "Bound";
    case "Service":
      return (
        (spec["type"] as string | undefined) !== "LoadBalancer" ||
        ((status["loadBalancer"] as { ingress?: unknown[] } | undefined)?.ingress ?? []).length > 0
      );
    case "CustomResourceDefinition":
      return has(status["conditions"], "Established");
    default:
      return true;
  }
}

function unavailable(spec: Record<string, unknown>, replicas: number): number {
  const strategy = spec["strategy"] as { rollingUpdate?: { maxUnavailable?: number | string } } | undefined;
  const given = strategy?.rollingUpdate?.maxUnavailable ?? "25%";
  return typeof given === "number" ? given : Math.floor((replicas * Number.parseInt(given, 10)) / 100);
}

/** Objects by kind and name for `lookup`: one by its name, or the list of all. */
export function* lookupObject(
  k: Invocation,
  apiVersion: string,
  kind: string,
  namespace: string,
  name: string,
): Gen<unknown> {
  const [version, group = ""] = apiVersion.split("/").reverse() as [string, string?];
  const mapping = (yield* k.resources()).mappings.find(
    (each) => each.group === group && each.version === version && each.kind === kind,
  );
  if (mapping === undefined) return {};
  try {
    const found = yield* k.object("GET", resourcePath(mapping, mapping.namespaced ? namespace : "", name || undefined));
    return name === "" ? { ...found, items: (found as unknown as KubeList<KubeObject>).items } : found;
  } catch (error) {
    if (isStatus(error, "NotFound")) return {};
    throw error;
  }
}
