import { keyOf } from "../api/informer.ts";
import { ENDPOINT_SLICES, PODS, SERVICES } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerRef, isReady } from "./pods.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
import {
  addServicesOf,
  Comparison,
  type EndpointPort,
  PerPod,
  podsOf,
  portsOf,
  TRIGGER_TIME,
  targetRef,
  triggerTime,
  zoneOfNode,
} from "./service-pods.ts";
import { canonical } from "./template-hash.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const ME = "endpointslice-controller.k8s.io";
const HEADLESS = "service.kubernetes.io/headless";
/** --max-endpoints-per-slice */
const MAX_PER_SLICE = 100;

interface Endpoint {
  addresses: string[];
  targetRef?: { uid: string; name: string };
  [field: string]: unknown;
}

/** EndpointSlices of each Service with a selector (pkg/controller/endpointslice, k8s.io/endpointslice reconciler). */
class EndpointSliceController implements Reconciler {
  readonly name = "endpointslice";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  /** Slices by `namespace/service`. */
  private readonly slices = new Map<string, Map<string, KubeObject>>();
  private readonly comparison = new Comparison();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(SERVICES, ({ object }) => this.queue.add(keyOf(object)));
    context.informers.handle(PODS, (change) => addServicesOf(context, this.queue, change));
    context.informers.handle(ENDPOINT_SLICES, ({ type, object }) => {
      const { labels, namespace, name } = object.metadata;
      if (labels?.[MANAGED_BY] !== ME) return;
      const key = `${namespace}/${labels[SERVICE_NAME]}`;
      const members = this.slices.get(key) ?? new Map<string, KubeObject>();
      this.slices.set(key, members);
      if (type === "deleted") members.delete(name);
      else members.set(name, object);
      if (members.size === 0) this.slices.delete(key);
      if (type === "deleted") this.queue.add(key);
    });
  }

  *reconcile(key: string): Gen {
    const { informers, client } = this.context;
    const service = informers.get(SERVICES, key);
    // Slices of a Service that is gone go with it by their owner reference.
    if (service === undefined || service.metadata.deletionTimestamp || service.spec.type === "ExternalName") return;
    const pods = podsOf(this.context, service);
    if (pods === undefined) return;
    const existing = [...(this.slices.get(key)?.values() ?? [])].filter((slice) => !slice.metadata.deletionTimestamp);
    const groups = this.group(service, pods);
    // A Service without endpoints keeps one empty slice as a placeholder.
    if (groups.size === 0) groups.set("[]", { ports: [], endpoints: new Map() });
    const annotations = () => ({ [TRIGGER_TIME]: triggerTime(service, pods) });
    const labels = this.labels(service);
    for (const [portsKey, { ports, endpoints }] of groups) {
      const mine = existing.filter((slice) => canonical(slice["ports"] ?? []) === portsKey);
      yield* this.fill(service, mine, ports, endpoints, labels, annotations);
    }
    for (const slice of existing) {
      if (groups.has(canonical(slice["ports"] ?? []))) continue;
      try {
        yield* client.delete(ENDPOINT_SLICES, slice.metadata.namespace, slice.metadata.name);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
  }

  private group(service: KubeObject, pods: readonly KubeObject[]) {
    const groups = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, Endpoint> }>();
    for (const pod of pods) {
      const { ports, key } = this.served.of(service, pod);
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = { ports, endpoints: new Map() }));
      group.endpoints.set(pod.metadata.uid, this.endpoint(service, pod));
    }
    return groups;
  }

  private endpoint(service: KubeObject, pod: KubeObject): Endpoint {
    const made = this.endpoints.of(service, pod);
    const zone = zoneOfNode(this.context, pod.spec.nodeName);
    return zone === undefined || zone === "" ? made : { ...made, zone };
  }

  private readonly served = new PerPod((service, pod) => {
    const ports = portsOf(service, pod)
      .map((port) => ({ ...port, name: port.name ?? "" }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    return { ports, key: canonical(ports) };
  });

  /** Without the zone, which its node may change. */
  private readonly endpoints = new PerPod((service, pod): Endpoint => {
    const terminating = pod.metadata.deletionTimestamp !== undefined;
    const serving = isReady(pod);
    const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
    return {
      addresses: [pod.status.podIP],
      conditions: { ready, serving, terminating },
      ...(pod.spec.hostname && pod.spec.subdomain === service.metadata.name && { hostname: pod.spec.hostname }),
      ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
      targetRef: targetRef(pod),
    };
  });

  private labels(service: KubeObject): Record<string, string> {
    const { [HEADLESS]: _headless, ...labels } = service.metadata.labels ?? {};
    labels[SERVICE_NAME] = service.metadata.name;
    labels[MANAGED_BY] = ME;
    if (service.spec.clusterIP === "None") labels[HEADLESS] = "";
    return labels;
  }

  /** Keeps endpoints where they are, takes gone ones out, puts new ones where there is room, makes slices for the rest. */
  private *fill(
    service: KubeObject,
    slices: readonly KubeObject[],
    ports: readonly EndpointPort[],
    endpoints: ReadonlyMap<string, Endpoint>,
    labels: Record<string, string>,
    annotations: () => Record<string, string>,
  ): Gen {
    const { client } = this.context;
    const left = new Map(endpoints);
    const kept = slices.map((slice) => {
      const list: Endpoint[] = [];
      for (const endpoint of (slice["endpoints"] ?? []) as Endpoint[]) {
        const uid = endpoint.targetRef?.uid ?? "";
        const now = left.get(uid);
        if (now === undefined) continue;
        left.delete(uid);
        list.push(now);
      }
      return { slice, list };
    });
    const fresh = [...left.values()].sort((a, b) => (a.targetRef!.name < b.targetRef!.name ? -1 : 1));
    for (const { list } of kept) list.push(...fresh.splice(0, MAX_PER_SLICE - list.length));
    for (const { slice, list } of kept) {
      const labelled = canonical(slice.metadata.labels) === canonical(labels);
      if (labelled && this.comparison.same(slice["endpoints"], list)) continue;
      const metadata = { ...slice.metadata, labels, annotations: { ...slice.metadata.annotations, ...annotations() } };
      yield* client.update(ENDPOINT_SLICES, { ...slice, metadata, endpoints: list });
    }
    if (fresh.length === 0 && kept.length > 0) return;
    do {
      yield* client.create(ENDPOINT_SLICES, {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          generateName: `${service.metadata.name}-`,
          namespace: service.metadata.namespace,
          labels,
          annotations: annotations(),
          ownerReferences: [controllerRef({ ...service, apiVersion: "v1", kind: "Service" })],
        },
        addressType: "IPv4",
        endpoints: fresh.splice(0, MAX_PER_SLICE),
        ports,
      });
    } while (fresh.length > 0);
  }
}

export function startEndpointSliceController(context: ControllerContext): void {
  new EndpointSliceController(context);
}
