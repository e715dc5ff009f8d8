/** Pods, their containers and how commands choose among them (cmd/util/podcmd, polymorphichelpers). */
import { resourcePath } from "../../api/client.ts";
import { formatLabelSelector } from "../../api/columns.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Mapping } from "./discovery.ts";
import { KubectlError } from "./errors.ts";
import { quote } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { build, type Info } from "./resources.ts";

export interface ContainerSpec {
  name: string;
  tty?: boolean;
  stdin?: boolean;
}

export const POD_TIMEOUT_ERROR = "--pod-running-timeout must be higher than zero";

/** Containers of a Pod and the field that holds them. */
export function containersOf(pod: KubeObject): { container: ContainerSpec; field: string }[] {
  const spec = pod.spec ?? {};
  return ["containers", "initContainers", "ephemeralContainers"].flatMap((field) =>
    ((spec[field] as ContainerSpec[] | undefined) ?? []).map((container) => ({ container, field })),
  );
}

/** `web, log, setup (init)`. */
export function allContainerNames(pod: KubeObject): string {
  const spec = pod.spec ?? {};
  const names = (field: string, suffix: string) =>
    ((spec[field] as ContainerSpec[] | undefined) ?? []).map((container) => container.name + suffix);
  return [
    ...names("containers", ""),
    ...names("ephemeralContainers", " (ephem)"),
    ...names("initContainers", " (init)"),
  ].join(", ");
}

/** The container that is meant: by name, by annotation, else the first, which is said when there is a choice. */
export function chooseContainer(
  k: Invocation,
  pod: KubeObject,
  name: string,
  quiet: boolean,
  say = (text: string) => k.err(text),
): ContainerSpec {
  const all = containersOf(pod);
  if (name !== "") {
    const found = all.find(({ container }) => container.name === name);
    if (found === undefined) throw new KubectlError(`container ${name} not found in pod ${pod.metadata.name}`);
    return found.container;
  }
  const preferred = pod.metadata.annotations?.["kubectl.kubernetes.io/default-container"];
  const found = preferred && all.find(({ container }) => container.name === preferred);
  if (found) return found.container;
  const first = pod.spec.containers[0] as ContainerSpec;
  if (!quiet && all.length > 1) say(`Defaulted container ${quote(first.name)} out of: ${allContainerNames(pod)}\n`);
  return first;
}

/** The object that `POD | TYPE/NAME` names. */
export function* podOrOwner(k: Invocation, word: string): Gen<Info> {
  const { infos } = yield* build(k, {
    args: word.includes("/") ? [word] : ["pods", word],
    flatten: true,
    spelledOut: true,
    typed: true,
  });
  return infos[0]!;
}

/** Selector of the Pods that belong to a workload or Service; undefined for kinds without one. */
export function podSelector(object: KubeObject): string | undefined {
  const { kind, spec } = object;
  if (kind === "Service" || kind === "ReplicationController") {
    const selector = spec?.selector as Record<string, string> | undefined;
    if (!selector || Object.keys(selector).length === 0) {
      throw new KubectlError(`invalid service '${object.metadata.name}': Service is defined without a selector`);
    }
    return formatLabelSelector({ matchLabels: selector });
  }
  if (["Deployment", "ReplicaSet", "StatefulSet", "DaemonSet", "Job"].includes(kind)) {
    return formatLabelSelector(spec?.selector);
  }
  return undefined;
}

/** Pods of a selector in a namespace. */
export function* podsOf(k: Invocation, namespace: string, selector: string): Gen<KubeObject[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(selector)}`;
  const list = (yield* k.object("GET", path)) as unknown as KubeList;
  return list.items.map((item) => ({ ...item, apiVersion: "v1", kind: "Pod" }));
}

/** A Pod to attach to or exec into: the object itself, or one that belongs to it. */
export function* attachablePod(k: Invocation, object: KubeObject, timeout: number): Gen<KubeObject> {
  if (object.kind === "Pod") return object;
  const type = `*${object.apiVersion.slice(object.apiVersion.indexOf("/") + 1)}.${object.kind}`;
  let selector: string | undefined;
  try {
    selector = podSelector(object);
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    throw new KubectlError(`cannot attach to ${type}: ${error.message}`);
  }
  if (selector === undefined) throw new KubectlError(`cannot attach to ${type}: selector for ${type} not implemented`);
  const deadline = k.p.machine.kernel.now + timeout;
  for (;;) {
    const pods = yield* podsOf(k, object.metadata.namespace ?? k.namespace, selector);
    if (pods.length > 0) return [...pods].sort(byActivity)[0]!;
    if (k.p.machine.kernel.now >= deadline) throw new KubectlError("timed out waiting for the condition");
    yield* sleep(SECOND);
  }
}

const PHASES: Record<string, number> = { Pending: 0, Unknown: 1, Running: 2 };

const assigned = (pod: KubeObject) => (pod.spec.nodeName ? 1 : 0);
const phase = (pod: KubeObject) => PHASES[pod.status?.phase] ?? 0;
const ready = (pod: KubeObject) => (isReady(pod) ? 1 : 0);
const deleting = (pod: KubeObject) => (pod.metadata.deletionTimestamp ? 1 : 0);
const earlier = (x = "", y = "") => (x < y ? -1 : x > y ? 1 : 0);
const created = (pod: KubeObject) => pod.metadata.creationTimestamp;

function restarts(pod: KubeObject): number {
  const statuses = (pod.status?.containerStatuses ?? []) as { restartCount: number }[];
  return Math.max(0, ...statuses.map((one) => one.restartCount));
}

/** podutils.ActivePods reversed: assigned, running, ready, not going, ready for longest, of few restarts, oldest first. */
export function byActivity(a: KubeObject, b: KubeObject): number {
  return (
    assigned(b) - assigned(a) ||
    phase(b) - phase(a) ||
    ready(b) - ready(a) ||
    deleting(a) - deleting(b) ||
    earlier(b.metadata.deletionTimestamp, a.metadata.deletionTimestamp) ||
    (isReady(a) && isReady(b) ? earlier(readySince(a), readySince(b)) : 0) ||
    restarts(a) - restarts(b) ||
    earlier(created(a), created(b))
  );
}

/** podutils.ByLogging: the Pod whose log is most likely wanted comes first. */
export function byLogging(a: KubeObject, b: KubeObject): number {
  return (
    assigned(b) - assigned(a) ||
    phase(b) - phase(a) ||
    ready(b) - ready(a) ||
    (isReady(a) && isReady(b) ? earlier(readySince(a), readySince(b)) : 0) ||
    restarts(b) - restarts(a) ||
    earlier(created(a), created(b))
  );
}

function readySince(pod: KubeObject): string {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string; lastTransitionTime: string }[];
  return conditions.find(({ type }) => type === "Ready")?.lastTransitionTime ?? "";
}

/** Its Ready condition is True. */
export function isReady(pod: KubeObject): boolean {
  const conditions = (pod.status?.conditions ?? []) as { type: string; status: string }[];
  return conditions.some(({ type, status }) => type === "Ready" && status === "True");
}

export const PODS: Mapping = {
  group: "",
  version: "v1",
  resource: "pods",
  kind: "Pod",
  namespaced: true,
  singular: "pod",
  shortNames: ["po"],
  categories: [],
  verbs: [],
  subresources: [],
};

/** `/api/v1/namespaces/x/pods/y/exec`. */
export function podPath(pod: KubeObject, subresource: string): string {
  return resourcePath(PODS, pod.metadata.namespace, pod.metadata.name, subresource);
}
