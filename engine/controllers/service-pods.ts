import type { Change } from "../api/informer.ts";
import { keyOf } from "../api/informer.ts";
import { hasLabels } from "../api/label-selector.ts";
import { NODES, SERVICES } from "../api/resources.ts";
import type { KubeObject } from "../api/types.ts";
import { deepEqual } from "../api/validation/value.ts";
import type { ControllerContext } from "./context.ts";
import { condition } from "./pods.ts";
import type { WorkQueue } from "./reconciler.ts";
import { canonical } from "./template-hash.ts";

export interface EndpointPort {
  name?: string;
  port: number;
  protocol: string;
  appProtocol?: string;
}

export const HEADLESS = "service.kubernetes.io/headless";
export const TRIGGER_TIME = "endpoints.kubernetes.io/last-change-trigger-time";

/** Queues the Services that a changed Pod belongs or belonged to. */
export function addServicesOf(context: ControllerContext, queue: WorkQueue, change: Change<KubeObject>): void {
  const { object, old } = change;
  if (old && looksTheSame(old, object)) return;
  for (const service of context.informers.list(SERVICES)) {
    const selector = service.spec?.selector;
    if (!selector || service.metadata.namespace !== object.metadata.namespace) continue;
    if (hasLabels(selector, object.metadata.labels) || (old && hasLabels(selector, old.metadata.labels)))
      queue.add(keyOf(service));
  }
}

/** Nothing of a Pod that shows in endpoints has changed. */
function looksTheSame(a: KubeObject, b: KubeObject): boolean {
  return (
    a.status?.podIP === b.status?.podIP &&
    a.status?.phase === b.status?.phase &&
    a.spec.nodeName === b.spec.nodeName &&
    a.metadata.deletionTimestamp === b.metadata.deletionTimestamp &&
    condition(a, "Ready")?.status === condition(b, "Ready")?.status &&
    (a.metadata.labels === b.metadata.labels || deepEqual(a.metadata.labels, b.metadata.labels))
  );
}

/** Pods that a Service selects, in any order; `undefined` for a Service without selector. */
export function selectedPods(context: ControllerContext, service: KubeObject): KubeObject[] | undefined {
  const selector = service.spec?.selector;
  if (!selector || Object.keys(selector).length === 0) return undefined;
  const pods: KubeObject[] = [];
  for (const pod of context.informers.pods.inNamespace(service.metadata.namespace ?? "")) {
    if (hasLabels(selector, pod.metadata.labels)) pods.push(pod);
  }
  return pods;
}

/** Whether a Pod that is selected has an address and has not ended. */
export function serves({ status }: KubeObject): boolean {
  const { phase, podIP } = status ?? {};
  return podIP !== undefined && podIP !== "" && phase !== "Failed" && phase !== "Succeeded";
}

/**
 * What one Service makes of each Pod, kept as long as Service and Pod are the same objects: a Pod that has not changed
 * costs nothing when another has.
 */
export class PerPod<T> {
  private readonly make: (service: KubeObject, pod: KubeObject) => T;
  private readonly made = new WeakMap<KubeObject, { service: KubeObject; value: T }>();

  constructor(make: (service: KubeObject, pod: KubeObject) => T) {
    this.make = make;
  }

  of(service: KubeObject, pod: KubeObject): T {
    let found = this.made.get(pod);
    if (found?.service !== service) {
      found = { service, value: this.make(service, pod) };
      this.made.set(pod, found);
    }
    return found.value;
  }
}

/** Compares stored lists with wanted ones; parts that were equal once are known to be, by identity. */
export class Comparison {
  private readonly equal = new WeakMap<object, object>();
  private readonly seen: (stored: never) => object;

  /** `seen`: what of a stored part is compared. */
  constructor(seen: (stored: never) => object = (stored) => stored) {
    this.seen = seen;
  }

  same(stored: readonly object[] | undefined, wanted: readonly object[] | undefined): boolean {
    const a = stored ?? [];
    const b = wanted ?? [];
    if (a.length !== b.length) return false;
    for (let i = 0; i < a.length; i++) {
      const one = a[i]!;
      const other = b[i]!;
      if (this.equal.get(one) === other) continue;
      const seen = this.seen(one as never);
      if (!deepEqual(seen, other) && canonical(seen) !== canonical(other)) return false;
      this.equal.set(one, other);
    }
    return true;
  }
}

/** The Service's ports as this Pod serves them; a named target port that it lacks is left out (podutil.FindPort). */
export function portsOf(service: KubeObject, pod: KubeObject): EndpointPort[] {
  const out: EndpointPort[] = [];
  for (const port of service.spec.ports ?? []) {
    const target = port.targetPort ?? port.port;
    const protocol = port.protocol ?? "TCP";
    let number: number | undefined = typeof target === "number" ? target : undefined;
    if (number === undefined)
      for (const container of pod.spec.containers)
        for (const own of container.ports ?? [])
          if (own.name === target && (own.protocol ?? "TCP") === protocol) number ??= own.containerPort;
    if (number === undefined) continue;
    out.push({
      ...(port.name && { name: port.name }),
      port: number,
      protocol,
      ...(port.appProtocol && { appProtocol: port.appProtocol }),
    });
  }
  return out;
}

export function targetRef(pod: KubeObject) {
  return { kind: "Pod", namespace: pod.metadata.namespace, name: pod.metadata.name, uid: pod.metadata.uid };
}

export function zoneOfNode(context: ControllerContext, name: string | undefined): string | undefined {
  return name ? context.informers.get(NODES, name)?.metadata.labels?.["topology.kubernetes.io/zone"] : undefined;
}

/** When what a Service's endpoints show was set off to change (k8s.io/endpointslice/util trigger_time_tracker.go). */
export class TriggerTimes {
  /** By the Service's key: the readiness times of its Pods at the last look, by their names. */
  private readonly known = new Map<string, ReadonlyMap<string, string>>();

  /**
   * The annotation that says so, by the oldest change of readiness since the last look; the Service's birth at the first.
   * Empty where no time has changed. Stored times all have one form, whose order is that of the texts.
   */
  annotation(key: string, service: KubeObject, pods: readonly KubeObject[]): Record<string, string> {
    const before = this.known.get(key);
    const now = new Map<string, string>();
    let first: string | undefined;
    for (const pod of pods) {
      const time = condition(pod, "Ready")?.lastTransitionTime;
      if (time === undefined) continue;
      const { name } = pod.metadata;
      now.set(name, time);
      if (time > (before?.get(name) ?? "") && (first === undefined || time < first)) first = time;
    }
    this.known.set(key, now);
    if (before === undefined) first = service.metadata.creationTimestamp as string;
    return first === undefined ? {} : { [TRIGGER_TIME]: first };
  }

  forget(key: string): void {
    this.known.delete(key);
  }
}
