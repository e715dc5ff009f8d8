import { keyOf } from "../api/informer.ts";
import { ENDPOINT_SLICES, ENDPOINTS, SERVICES } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerRef } from "./pods.ts";
import { byHash } from "./port-order.ts";
import { type Reconciler, SYNC_RETRY, type WorkQueue } from "./reconciler.ts";
import { canonical } from "./template-hash.ts";

const SERVICE_NAME = "kubernetes.io/service-name";
const MANAGED_BY = "endpointslice.kubernetes.io/managed-by";
const SKIP = "endpointslice.kubernetes.io/skip-mirror";
const ME = "endpointslicemirroring-controller.k8s.io";
/** --mirroring-max-endpoints-per-subset */
const MAX_PER_SUBSET = 1000;
/** Annotations of the Endpoints that are not taken over. */
const OWN_ANNOTATIONS = [
  "endpoints.kubernetes.io/last-change-trigger-time",
  "kubectl.kubernetes.io/last-applied-configuration",
];
const LEADER = "control-plane.alpha.kubernetes.io/leader";

interface Content {
  addressType: string;
  ports: object[];
  endpoints: object[];
}

/**
 * EndpointSlices of Endpoints that somebody wrote for a Service without selector: kube-proxy reads slices only
 * (pkg/controller/endpointslicemirroring).
 */
class EndpointSliceMirroring implements Reconciler {
  readonly name = "endpointslice-mirroring";
  readonly retry = SYNC_RETRY;
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  /** Slices by `namespace/service`. */
  private readonly slices = new Map<string, Map<string, KubeObject>>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue(this);
    const { informers } = context;
    informers.handle(SERVICES, ({ object }) => this.queue.add(keyOf(object)));
    informers.handle(ENDPOINTS, ({ object, old }) => {
      // Those that the endpoints controller keeps change all the time.
      if (this.isMirrored(object) || (old && this.isMirrored(old)) || this.slices.has(keyOf(object)))
        this.queue.add(keyOf(object));
    });
    informers.handle(ENDPOINT_SLICES, ({ type, object }) => {
      const { labels, namespace, name } = object.metadata;
      if (labels?.[MANAGED_BY] !== ME) return;
      const key = `${namespace}/${labels[SERVICE_NAME]}`;
      const members = this.slices.get(key) ?? new Map<string, KubeObject>();
      this.slices.set(key, members);
      if (type === "deleted") members.delete(name);
      else members.set(name, object);
      if (members.size === 0) this.slices.delete(key);
      this.queue.add(key);
    });
  }

  private isMirrored(endpoints: KubeObject): boolean {
    const { labels, annotations } = endpoints.metadata;
    if (labels?.[SKIP] === "true" || annotations?.[LEADER] !== undefined) return false;
    const service = this.context.informers.get(SERVICES, keyOf(endpoints));
    return service !== undefined && service.spec?.selector === undefined;
  }

  *reconcile(key: string): Gen {
    const { informers } = this.context;
    const endpoints = informers.get(ENDPOINTS, key);
    const existing = [...(this.slices.get(key)?.values() ?? [])].filter((slice) => !slice.metadata.deletionTimestamp);
    if (endpoints === undefined || !this.isMirrored(endpoints)) return yield* this.remove(existing);
    const spare = [...existing];
    const wanted = this.contents(endpoints).map((content) => {
      const at = spare.findIndex(
        (slice) =>
          slice["addressType"] === content.addressType && canonical(slice["ports"] ?? []) === canonical(content.ports),
      );
      return { content, slice: at < 0 ? undefined : spare.splice(at, 1)[0] };
    });
    for (const { content, slice } of wanted) {
      const recycled = slice ?? take(spare, content.addressType);
      yield* this.write(endpoints, content, recycled);
    }
    yield* this.remove(spare);
  }

  /** What slices there should be: one for each set of ports and family of addresses. */
  private contents(endpoints: KubeObject): Content[] {
    const out = new Map<string, Content>();
    let invalid = 0;
    let skipped = 0;
    for (const subset of (endpoints["subsets"] ?? []) as KubeObject[]) {
      const named = ((subset["ports"] ?? []) as KubeObject[]).map((port) => ({ ...port, name: port["name"] ?? "" }));
      const ports = byHash("discovery.v1.EndpointPort", named);
      const all = [
        ...((subset["addresses"] ?? []) as KubeObject[]).map((address) => ({ address, ready: true })),
        ...((subset["notReadyAddresses"] ?? []) as KubeObject[]).map((address) => ({ address, ready: false })),
      ];
      let added = 0;
      for (const { address, ready } of all) {
        if (added >= MAX_PER_SUBSET) {
          skipped++;
          continue;
        }
        const addressType = familyOf(address["ip"] ?? "");
        if (addressType === undefined) {
          invalid++;
          continue;
        }
        added++;
        const id = `${addressType} ${canonical(ports)}`;
        let content = out.get(id);
        if (content === undefined) out.set(id, (content = { addressType, ports, endpoints: [] }));
        content.endpoints.push({
          addresses: [address["ip"]],
          conditions: { ready },
          ...(address["hostname"] && { hostname: address["hostname"] }),
          ...(address["nodeName"] && { nodeName: address["nodeName"] }),
          ...(address["targetRef"] && { targetRef: address["targetRef"] }),
        });
      }
    }
    const { recorder } = this.context;
    if (invalid > 0) {
      const message = `Skipped ${invalid} invalid IP addresses when mirroring to EndpointSlices`;
      recorder.event(endpoints, "Warning", "InvalidIPAddress", message);
    }
    if (skipped > 0) {
      const message = `A max of ${MAX_PER_SUBSET} addresses can be mirrored to EndpointSlices per Endpoints subset. ${skipped} addresses were skipped`;
      recorder.event(endpoints, "Warning", "TooManyAddressesToMirror", message);
    }
    return [...out.values()];
  }

  private *write(endpoints: KubeObject, content: Content, slice: KubeObject | undefined): Gen {
    const { client } = this.context;
    const { name, namespace } = endpoints.metadata;
    const labels = { ...endpoints.metadata.labels, [SERVICE_NAME]: name, [MANAGED_BY]: ME };
    const annotations = { ...endpoints.metadata.annotations };
    for (const key of OWN_ANNOTATIONS) delete annotations[key];
    if (slice === undefined) {
      yield* client.create(ENDPOINT_SLICES, {
        apiVersion: "discovery.k8s.io/v1",
        kind: "EndpointSlice",
        metadata: {
          generateName: `${name}-`,
          namespace,
          labels,
          annotations,
          ownerReferences: [controllerRef({ ...endpoints, apiVersion: "v1", kind: "Endpoints" })],
        },
        ...content,
      });
      return;
    }
    const same =
      canonical(slice["endpoints"] ?? []) === canonical(content.endpoints) &&
      canonical(slice["ports"] ?? []) === canonical(content.ports) &&
      canonical(slice.metadata.labels ?? {}) === canonical(labels) &&
      canonical(slice.metadata.annotations ?? {}) === canonical(annotations);
    if (same) return;
    yield* client.update(ENDPOINT_SLICES, {
      ...slice,
      metadata: { ...slice.metadata, labels, annotations },
      ...content,
    });
  }

  private *remove(slices: readonly KubeObject[]): Gen {
    for (const { metadata } of slices)
      try {
        yield* this.context.client.delete(ENDPOINT_SLICES, metadata.namespace, metadata.name);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
  }
}

function take(spare: KubeObject[], addressType: string): KubeObject | undefined {
  const at = spare.findIndex((slice) => slice["addressType"] === addressType);
  return at < 0 ? undefined : spare.splice(at, 1)[0];
}

function familyOf(ip: string): "IPv4" | "IPv6" | undefined {
  if (ip.includes(":")) return "IPv6";
  const parts = ip.split(".");
  return parts.length === 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256) ? "IPv4" : undefined;
}

export function startEndpointSliceMirroring(context: ControllerContext): void {
  new EndpointSliceMirroring(context);
}
