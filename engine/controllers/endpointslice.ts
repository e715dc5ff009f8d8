import { keyOf } from "../api/informer.ts";
import { ENDPOINT_SLICES, NODES, PODS, SERVICES } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerRef, isReady } from "./pods.ts";
import { byHash } from "./port-order.ts";
import { type Reconciler, SYNC_RETRY, type WorkQueue } from "./reconciler.ts";
import {
  addServicesOf,
  Comparison,
  type EndpointPort,
  HEADLESS,
  PerPod,
  portsOf,
  selectedPods,
  serves,
  TRIGGER_TIME,
  TriggerTimes,
  targetRef,
  zoneOfNode,
} from "./service-pods.ts";
import { type Endpoint, type Packing, pack } from "./slice-packing.ts";
import { canonical } from "./template-hash.ts";
import { asksForHints, isReadyEndpoint, setHints, TopologyCache } from "./topology-hints.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const ME = "endpointslice-controller.k8s.io";

/** What a slice holds. */
interface Content {
  ports: readonly EndpointPort[];
  endpoints: Endpoint[];
}

/** Hints are looked at apart. */
const withoutHints = ({ hints: _hints, ...endpoint }: Endpoint) => endpoint;

/** EndpointSlices of each Service with a selector (pkg/controller/endpointslice, k8s.io/endpointslice reconciler). */
class EndpointSliceController implements Reconciler {
  readonly name = "endpointslice";
  readonly retry = SYNC_RETRY;
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  /** Slices by `namespace/service`. */
  private readonly slices = new Map<string, Map<string, KubeObject>>();
  private readonly comparison = new Comparison(withoutHints);
  private readonly topology = new TopologyCache();
  private readonly triggers = new TriggerTimes();
  private nodesChanged = false;

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const nodes = context.queue({ name: "endpointslice-topology", reconcile: () => this.weighNodes() });
    context.informers.handle(SERVICES, ({ object }) => this.queue.add(keyOf(object)));
    context.informers.handle(PODS, (change) => addServicesOf(context, this.queue, change));
    context.informers.handle(NODES, ({ type, object, old }) => {
      if (type === "updated" && old && face(old) === face(object)) return;
      this.nodesChanged = true;
      nodes.add("nodes");
    });
    context.informers.handle(ENDPOINT_SLICES, ({ type, object }) => {
      const { labels, namespace, name } = object.metadata;
      if (labels?.[MANAGED_BY] !== ME) return;
      const key = `${namespace}/${labels[SERVICE_NAME]}`;
      if (type === "deleted") this.forget(key, name);
      else this.know(key, object);
      if (type === "deleted") this.queue.add(key);
    });
  }

  /** What this controller has written is known before the informer shows it (EndpointSliceTracker). */
  private know(key: string, slice: KubeObject): void {
    const members = this.slices.get(key) ?? new Map<string, KubeObject>();
    this.slices.set(key, members);
    const known = members.get(slice.metadata.name);
    const version = (one: KubeObject) => Number(one.metadata.resourceVersion);
    if (known === undefined || version(known) < version(slice)) members.set(slice.metadata.name, slice);
  }

  private forget(key: string, name: string): void {
    const members = this.slices.get(key);
    members?.delete(name);
    if (members?.size === 0) this.slices.delete(key);
  }

  *reconcile(key: string): Gen {
    const { informers, client } = this.context;
    const service = informers.get(SERVICES, key);
    // Slices of a Service that is gone go with it by their owner reference.
    if (service === undefined) this.triggers.forget(key);
    if (service === undefined || service.metadata.deletionTimestamp || service.spec.type === "ExternalName") return;
    const selected = selectedPods(this.context, service);
    if (selected === undefined) return;
    const existing = [...(this.slices.get(key)?.values() ?? [])].filter((slice) => !slice.metadata.deletionTimestamp);
    const groups = this.group(service, selected.filter(serves));
    const labels = this.labels(service);
    const labelled = (slice: KubeObject) => canonical(slice.metadata.labels) === canonical(labels);
    const same = (stored: readonly Endpoint[], now: readonly Endpoint[]) => this.comparison.same(stored, now);
    const create: Content[] = [];
    const update: Packing["update"] = [];
    const unchanged: Packing["unchanged"] = [];
    const portsKey = (slice: KubeObject) => canonical(inOrder(slice["ports"] ?? []));
    const remove = existing.filter((slice) => !groups.has(portsKey(slice)));
    for (const [served, { ports, endpoints }] of groups) {
      const mine = existing.filter((slice) => portsKey(slice) === served);
      const packing = pack(mine, endpoints, same, labelled);
      create.push(...packing.create.map((list) => ({ ports, endpoints: list })));
      update.push(...packing.update);
      unchanged.push(...packing.unchanged);
      remove.push(...packing.remove);
    }
    // A Service without endpoints keeps one empty slice as a placeholder.
    if (create.length === 0 && remove.length === existing.length) {
      const [only] = remove;
      const empty = only && (only["ports"] ?? []).length === 0 && (only["endpoints"] ?? []).length === 0;
      if (remove.length === 1 && empty && labelled(only)) remove.pop();
      else create.push({ ports: [], endpoints: [] });
    }
    this.hint(key, service, { create: create.map(({ endpoints }) => endpoints), update, unchanged });
    const trigger = this.triggers.annotation(key, service, selected);
    // What would go takes the contents of what would come.
    const reused = remove.splice(0, create.length).map((slice) => ({ slice, content: create.pop()! }));
    for (const content of create) this.know(key, yield* this.create(service, content, labels, trigger));
    const updates = [...update.map(({ slice, endpoints }) => ({ slice, content: { endpoints } })), ...reused];
    for (const { slice, content } of updates) {
      const { [TRIGGER_TIME]: _before, ...kept } = slice.metadata.annotations ?? {};
      const metadata = { ...slice.metadata, labels, annotations: { ...kept, ...trigger } };
      this.know(key, yield* client.update(ENDPOINT_SLICES, { ...slice, metadata, ...content }));
    }
    for (const slice of remove)
      try {
        yield* client.delete(ENDPOINT_SLICES, slice.metadata.namespace, slice.metadata.name);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      } finally {
        this.forget(key, slice.metadata.name);
      }
  }

  /** Services whose hints overload a zone now are looked at again (checkNodeTopologyDistribution). */
  private *weighNodes(): Gen {
    this.refresh();
    for (const key of this.topology.overloaded()) this.queue.add(key);
  }

  private refresh(): void {
    if (this.nodesChanged) this.topology.setNodes(this.context.informers.list(NODES));
    this.nodesChanged = false;
  }

  /** Tells proxies of which zones each endpoint is for, in the way that the Service asks for. */
  private hint(key: string, service: KubeObject, plan: Pick<Packing, "create" | "update" | "unchanged">): void {
    const auto = asksForHints(service);
    if (auto) this.refresh();
    const events = auto ? this.topology.add(key, plan) : this.topology.remove(key, plan);
    for (const { type, reason, message } of events) this.context.recorder.event(service, type, reason, message);
    // trafficdist preferCloseHeuristic.
    if (!auto && service.spec.trafficDistribution === "PreferClose")
      setHints(plan, (one) => (isReadyEndpoint(one) ? ((one["zone"] as string | undefined) ?? "") : undefined));
  }

  private group(service: KubeObject, pods: readonly KubeObject[]) {
    const groups = new Map<string, { ports: EndpointPort[]; endpoints: Map<string, Endpoint> }>();
    const sorted = [...pods].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const pod of sorted) {
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
    const named = portsOf(service, pod).map((port) => ({ ...port, name: port.name ?? "" }));
    const ports = inOrder(named);
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

  private *create(
    service: KubeObject,
    { ports, endpoints }: Content,
    labels: Record<string, string>,
    annotations: Record<string, string>,
  ): Gen<KubeObject> {
    return yield* this.context.client.create(ENDPOINT_SLICES, {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: {
        generateName: `${service.metadata.name}-`,
        namespace: service.metadata.namespace,
        labels,
        annotations,
        ownerReferences: [controllerRef({ ...service, apiVersion: "v1", kind: "Service" })],
      },
      addressType: "IPv4",
      endpoints,
      ports,
    });
  }
}

const inOrder = (ports: readonly EndpointPort[]) => byHash("discovery.v1.EndpointPort", ports);

/** What of a node weighs in the division among zones (isNodeReady, allocatable CPU, zone). */
function face(node: KubeObject): string {
  const { labels } = node.metadata;
  return canonical([labels, isReady(node), node.status?.allocatable?.cpu ?? ""]);
}

export function startEndpointSliceController(context: ControllerContext): void {
  new EndpointSliceController(context);
}
