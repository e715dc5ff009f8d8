import { formatLabels } from "../../../api/columns.ts";
import type { KubeList, KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isExpected } from "../errors.ts";
import type { Document } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

/** describe service. */
export function* describeService(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const slices = yield* slicesOf(d, object);
  const events = yield* eventsOf(d, object);
  d.head(metadata);
  d.line(0, `Selector:\t${formatLabels(spec.selector)}`);
  d.line(0, `Type:\t${spec.type}`);
  if (spec.ipFamilyPolicy) d.line(0, `IP Family Policy:\t${spec.ipFamilyPolicy}`);
  d.line(0, `IP Families:\t${spec.ipFamilies?.join(",") || "<none>"}`);
  d.line(0, `IP:\t${spec.clusterIP ?? ""}`);
  d.line(0, `IPs:\t${spec.clusterIPs?.join(",") || "<none>"}`);
  if (spec.externalIPs?.length > 0) d.line(0, `External IPs:\t${spec.externalIPs.join(",")}`);
  if (spec.loadBalancerIP) d.line(0, `Desired LoadBalancer IP:\t${spec.loadBalancerIP}`);
  if (spec.externalName) d.line(0, `External Name:\t${spec.externalName}`);
  const ingress = (status.loadBalancer?.ingress ?? []) as Any[];
  if (ingress.length > 0) d.line(0, `LoadBalancer Ingress:\t${ingress.map((i) => i.ip || i.hostname).join(", ")}`);
  for (const port of (spec.ports ?? []) as Any[]) {
    const name = port.name || "<unset>";
    d.line(0, `Port:\t${name}\t${port.port}/${port.protocol}`);
    d.line(0, `TargetPort:\t${port.targetPort}/${port.protocol}`);
    if (port.nodePort) d.line(0, `NodePort:\t${name}\t${port.nodePort}/${port.protocol}`);
    d.line(0, `Endpoints:\t${endpointsText(slices, port.name ?? "")}`);
  }
  d.line(0, `Session Affinity:\t${spec.sessionAffinity ?? ""}`);
  if (spec.externalTrafficPolicy) d.line(0, `External Traffic Policy:\t${spec.externalTrafficPolicy}`);
  if (spec.internalTrafficPolicy) d.line(0, `Internal Traffic Policy:\t${spec.internalTrafficPolicy}`);
  if (spec.healthCheckNodePort) d.line(0, `HealthCheck NodePort:\t${spec.healthCheckNodePort}`);
  if (spec.loadBalancerSourceRanges?.length > 0) {
    d.line(0, `LoadBalancer Source Ranges:\t${spec.loadBalancerSourceRanges.join(",")}`);
  }
  writeEvents(d, events);
}

/** EndpointSlices of a Service; throws what the server says. */
export function* slicesOfService(d: Document, namespace: string, name: string): Gen<KubeObject[]> {
  const selector = encodeURIComponent(`kubernetes.io/service-name=${name}`);
  const path = `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices?labelSelector=${selector}`;
  return ((yield* d.k.object("GET", path)) as unknown as KubeList).items;
}

function* slicesOf(d: Document, service: KubeObject): Gen<KubeObject[]> {
  try {
    return yield* slicesOfService(d, service.metadata.namespace!, service.metadata.name);
  } catch (error) {
    if (!isExpected(error)) throw error;
    return [];
  }
}

const SHOWN = 3;

/** `10.200.1.2:80,10.200.2.3:80 + 2 more...` of the ready endpoints of a port. */
export function endpointsText(slices: readonly KubeObject[], portName: string): string {
  if (slices.length === 0) return "<none>";
  const list: string[] = [];
  let count = 0;
  let more = false;
  for (const slice of slices) {
    const ports = ((slice["ports"] ?? []) as Any[]).map((p) => ({
      name: p.name ?? "",
      port: p.port as number | undefined,
    }));
    const wanted = ports.length === 0 ? [undefined] : ports.filter((p) => p.name === portName);
    for (const port of wanted) {
      for (const endpoint of (slice["endpoints"] ?? []) as Any[]) {
        if (list.length === SHOWN) more = true;
        if (endpoint.conditions?.ready === false) continue;
        const address = endpoint.addresses[0] as string;
        if (!more)
          list.push(port === undefined ? address : `${address.includes(":") ? `[${address}]` : address}:${port.port}`);
        count++;
      }
    }
  }
  return more ? `${list.join(",")} + ${count - SHOWN} more...` : list.join(",");
}

/** describe endpoints. */
export function* describeEndpoints(d: Document, object: KubeObject): Gen {
  const { metadata } = object;
  const events = yield* eventsOf(d, object);
  d.head(metadata);
  d.line(0, "Subsets:");
  for (const subset of (object["subsets"] ?? []) as Any[]) {
    const ips = (list: Any[] | undefined) => (list ?? []).map((a) => a.ip).join(",") || "<none>";
    d.line(1, `Addresses:\t${ips(subset.addresses)}`);
    d.line(1, `NotReadyAddresses:\t${ips(subset.notReadyAddresses)}`);
    if (subset.ports?.length > 0) {
      d.line(1, "Ports:");
      d.line(2, "Name\tPort\tProtocol");
      d.line(2, "----\t----\t--------");
      for (const port of subset.ports) d.line(2, `${port.name || "<unset>"}\t${port.port}\t${port.protocol}`);
    }
    d.line(0, "");
  }
  writeEvents(d, events);
}

/** describe endpointslice. */
export function* describeEndpointSlice(d: Document, object: KubeObject): Gen {
  const { metadata } = object;
  const events = yield* eventsOf(d, object);
  d.head(metadata);
  d.line(0, `AddressType:\t${object["addressType"]}`);
  const ports = (object["ports"] ?? []) as Any[];
  if (ports.length === 0) d.line(0, "Ports: <unset>");
  else {
    d.line(0, "Ports:");
    d.line(1, "Name\tPort\tProtocol");
    d.line(1, "----\t----\t--------");
    for (const { name, port, protocol } of ports) d.line(1, `${name || "<unset>"}\t${port ?? "<unset>"}\t${protocol}`);
  }
  const endpoints = (object["endpoints"] ?? []) as Any[];
  d.line(0, endpoints.length === 0 ? "Endpoints: <none>" : "Endpoints:");
  for (const { addresses, conditions = {}, hostname, targetRef, nodeName, zone } of endpoints) {
    d.line(1, `- Addresses:\t${addresses.join(", ") || "<none>"}`);
    d.line(2, "Conditions:");
    d.line(3, `Ready:\t${conditions.ready ?? "<unset>"}`);
    d.line(2, `Hostname:\t${hostname ?? "<unset>"}`);
    if (targetRef) d.line(2, `TargetRef:\t${targetRef.kind}/${targetRef.name}`);
    d.line(2, `NodeName:\t${nodeName ?? "<unset>"}`);
    d.line(2, `Zone:\t${zone ?? "<unset>"}`);
  }
  writeEvents(d, events);
}
