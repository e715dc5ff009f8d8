import { keyOf } from "../api/informer.ts";
import { ENDPOINTS, PODS, SERVICES } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { isReady } from "./pods.ts";
import { byHash } from "./port-order.ts";
import type { Reconciler, WorkQueue } from "./reconciler.ts";
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
} from "./service-pods.ts";
import { canonical } from "./template-hash.ts";

/** An object that would hold more addresses is cut, and says so. */
const MAX_ADDRESSES = 1000;
const OVER_CAPACITY = "endpoints.kubernetes.io/over-capacity";

export interface Subset {
  addresses?: object[];
  notReadyAddresses?: object[];
  ports?: EndpointPort[];
}

/** The Endpoints object of each Service with a selector (pkg/controller/endpoint). */
class EndpointsController implements Reconciler {
  readonly name = "endpoints";
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  private readonly served = new PerPod(served);
  private readonly comparison = new Comparison();
  private readonly triggers = new TriggerTimes();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    context.informers.handle(SERVICES, ({ object }) => this.queue.add(keyOf(object)));
    context.informers.handle(PODS, (change) => addServicesOf(context, this.queue, change));
    context.informers.handle(ENDPOINTS, ({ type, object }) => {
      if (type === "deleted") this.queue.add(keyOf(object));
    });
  }

  *reconcile(key: string): Gen {
    const { informers, client, recorder } = this.context;
    const service = informers.get(SERVICES, key);
    const there = informers.get(ENDPOINTS, key);
    const [namespace, name] = key.split("/") as [string, string];
    if (service === undefined) {
      this.triggers.forget(key);
      if (there !== undefined) yield* remove(client.delete(ENDPOINTS, namespace, name));
      return;
    }
    if (service.spec.type === "ExternalName") return;
    const selected = selectedPods(this.context, service);
    if (selected === undefined) return;
    const trigger = this.triggers.annotation(key, service, selected);
    const all = this.subsetsOf(service, selected.filter(serves));
    const subsets = truncated(all);
    const { [HEADLESS]: _headless, ...labels } = service.metadata.labels ?? {};
    if (service.spec.clusterIP === "None") labels[HEADLESS] = "";
    const same =
      there !== undefined &&
      this.sameSubsets(there["subsets"] ?? [], subsets) &&
      canonical(there.metadata.labels ?? {}) === canonical(labels) &&
      (subsets !== all) === (there.metadata.annotations?.[OVER_CAPACITY] === "truncated");
    if (same) return;
    const { [OVER_CAPACITY]: _over, [TRIGGER_TIME]: _before, ...kept } = there?.metadata.annotations ?? {};
    const annotations = {
      ...kept,
      ...trigger,
      ...(subsets !== all && { [OVER_CAPACITY]: "truncated" }),
    };
    const content = subsets.length > 0 ? { subsets } : {};
    try {
      if (there === undefined)
        yield* client.create(ENDPOINTS, {
          apiVersion: "v1",
          kind: "Endpoints",
          metadata: { name, namespace, labels, annotations },
          ...content,
        });
      else {
        const { subsets: _old, ...rest } = there;
        const metadata = { ...there.metadata, labels, annotations };
        yield* client.update(ENDPOINTS, { ...rest, metadata, ...content } as KubeObject);
      }
    } catch (error) {
      if (isStatus(error, "Forbidden")) return;
      if (error instanceof Error && there === undefined && !isStatus(error, "AlreadyExists"))
        recorder.event(
          service,
          "Warning",
          "FailedToCreateEndpoint",
          `Failed to create endpoint for service ${key}: ${error.message}`,
        );
      throw error;
    }
  }

  /** Ports that the same addresses serve stand in one subset (pkg/api/v1/endpoints RepackSubsets). */
  private subsetsOf(service: KubeObject, pods: readonly KubeObject[]): Subset[] {
    const groups = new Map<string, Group>();
    for (const pod of pods) {
      const anyway = service.spec.publishNotReadyAddresses === true;
      if (pod.metadata.deletionTimestamp && !anyway) continue;
      const { ports, key } = this.served.of(service, pod);
      if (ports.length === 0 && (service.spec.ports ?? []).length > 0) continue;
      let group = groups.get(key);
      if (group === undefined) groups.set(key, (group = { ports, ready: [], not: [] }));
      (anyway || isReady(pod) ? group.ready : group.not).push(pod);
    }
    const sorted = (list: KubeObject[]) =>
      list
        .sort((a, b) => (a.status.podIP < b.status.podIP ? -1 : a.status.podIP > b.status.podIP ? 1 : 0))
        .map((pod) => this.served.of(service, pod).address);
    const subsets = repacked([...groups.values()]).map(({ ports, ready, not }) => ({
      ...(ready.length > 0 && { addresses: sorted(ready) }),
      ...(not.length > 0 && { notReadyAddresses: sorted(not) }),
      ...(ports.length > 0 && { ports }),
    }));
    return byHash("core.v1.EndpointSubset", subsets);
  }

  private sameSubsets(stored: readonly Subset[], wanted: readonly Subset[]): boolean {
    if (stored.length !== wanted.length) return false;
    return stored.every((one, i) => {
      const { addresses, notReadyAddresses, ports } = wanted[i]!;
      return (
        canonical(one.ports ?? []) === canonical(ports ?? []) &&
        this.comparison.same(one.addresses, addresses) &&
        this.comparison.same(one.notReadyAddresses, notReadyAddresses)
      );
    });
  }
}

/**
 * The same subsets where they hold 1000 addresses or fewer. Else those that are not ready give way first; each subset
 * keeps its share, rounded up, the last what is left (endpoints_controller.go truncateEndpoints).
 */
export function truncated(subsets: Subset[]): Subset[] {
  const count = (field: "addresses" | "notReadyAddresses") =>
    subsets.reduce((sum, subset) => sum + (subset[field]?.length ?? 0), 0);
  const ready = count("addresses");
  const not = count("notReadyAddresses");
  if (ready + not <= MAX_ADDRESSES) return subsets;
  const field = ready > MAX_ADDRESSES ? "addresses" : "notReadyAddresses";
  const [room, from] = ready > MAX_ADDRESSES ? [MAX_ADDRESSES, ready] : [MAX_ADDRESSES - ready, not];
  let left = room;
  return subsets.map((subset) => {
    const { addresses, notReadyAddresses, ...rest } = subset;
    const all = subset[field] ?? [];
    const kept = all.slice(0, Math.min(left, Math.ceil((all.length / from) * room)));
    left -= kept.length;
    const ready = field === "addresses" ? kept : (addresses ?? []);
    const not = field === "addresses" ? [] : kept;
    return {
      ...(ready.length > 0 && { addresses: ready }),
      ...(not.length > 0 && { notReadyAddresses: not }),
      ...rest,
    };
  });
}

/** Pods that serve the same ports. */
interface Group {
  ports: EndpointPort[];
  ready: KubeObject[];
  not: KubeObject[];
}

/** Groups by what is served become groups by who serves it. */
function repacked(groups: readonly Group[]): readonly Group[] {
  if (groups.length < 2) return groups;
  const servers = new Map<string, { port?: EndpointPort; by: number[] }>();
  for (const [i, { ports }] of groups.entries()) {
    for (const port of ports.length > 0 ? ports : [undefined]) {
      const key = port === undefined ? "" : canonical(port);
      const known = servers.get(key);
      if (known) known.by.push(i);
      else servers.set(key, { ...(port && { port }), by: [i] });
    }
  }
  const out = new Map<string, Group>();
  for (const { port, by } of servers.values()) {
    const key = by.join();
    let group = out.get(key);
    if (group === undefined) {
      const members = by.map((i) => groups[i]!);
      group = { ports: [], ready: members.flatMap(({ ready }) => ready), not: members.flatMap(({ not }) => not) };
      out.set(key, group);
    }
    if (port) group.ports.push(port);
  }
  return [...out.values()].map((group) => ({ ...group, ports: byHash("core.v1.EndpointPort", group.ports) }));
}

/** An address of a Pod and the ports it serves. */
interface Served {
  address: object;
  ports: EndpointPort[];
  key: string;
}

function served(service: KubeObject, pod: KubeObject): Served {
  const ports = byHash("core.v1.EndpointPort", portsOf(service, pod));
  const address = {
    ip: pod.status.podIP,
    ...(pod.spec.hostname && pod.spec.subdomain === service.metadata.name && { hostname: pod.spec.hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: targetRef(pod),
  };
  return { address, ports, key: canonical(ports) };
}

function* remove(work: Gen<unknown>): Gen {
  try {
    yield* work;
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error;
  }
}

export function startEndpointsController(context: ControllerContext): void {
  new EndpointsController(context);
}
