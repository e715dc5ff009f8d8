import { formatLabelSelector } from "../../../api/columns.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isExpected } from "../errors.ts";
import { compareStrings } from "../go.ts";
import type { Document } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { endpointsText, slicesOfService } from "./services.ts";

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

/** `web:80 (10.200.1.2:80)`, or why there is nothing behind it. */
function* backendText(d: Document, namespace: string, { service, resource }: Any): Gen<string> {
  if (service) {
    const { number, name: portName } = service.port ?? {};
    const text = `${service.name}:${number || portName || ""}`;
    try {
      const slices = yield* slicesOfService(d, namespace, service.name);
      const found = yield* d.k.object("GET", `/api/v1/namespaces/${namespace}/services/${service.name}`);
      let name = "";
      for (const port of (found.spec.ports ?? []) as Any[]) {
        if (number ? number === port.port : portName && portName === port.name) name = port.name ?? "";
      }
      return `${text} (${endpointsText(slices, name)})`;
    } catch (error) {
      if (!isExpected(error)) throw error;
      return `${text} (<error: ${error.message}>)`;
    }
  }
  if (!resource) return "";
  return `APIGroup: ${resource.apiGroup ?? "<none>"}, Kind: ${resource.kind}, Name: ${resource.name}`;
}

/** describe ingress. */
export function* describeIngress(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const namespace = metadata.namespace!;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.labels("Labels", metadata.labels);
  d.line(0, `Namespace:\t${namespace}`);
  const addresses = ((status.loadBalancer?.ingress ?? []) as Any[]).map(({ ip, hostname }) => ip || hostname);
  d.line(0, `Address:\t${[...new Set(addresses.filter(Boolean))].sort(compareStrings).join(",")}`);
  d.line(0, `Ingress Class:\t${spec.ingressClassName ?? "<none>"}`);
  const fallback = spec.defaultBackend ? yield* backendText(d, namespace, spec.defaultBackend) : "<default>";
  d.line(0, `Default backend:\t${fallback}`);
  if (spec.tls?.length > 0) {
    d.line(0, "TLS:");
    for (const { secretName, hosts = [] } of spec.tls) {
      d.line(1, secretName ? `${secretName} terminates ${hosts.join(",")}` : `SNI routes ${hosts.join(",")}`);
    }
  }
  d.write(0, "Rules:\n  Host\tPath\tBackends\n");
  d.line(1, "----\t----\t--------");
  let count = 0;
  for (const { host, http } of (spec.rules ?? []) as Any[]) {
    if (!http) continue;
    count++;
    d.line(1, `${host || "*"}\t`);
    for (const { path = "", backend } of http.paths) {
      d.line(2, `\t${path} \t${yield* backendText(d, namespace, backend)}`);
    }
  }
  if (count === 0) d.line(1, `*\t*\t${fallback}`);
  d.annotations("Annotations", metadata.annotations);
  writeEvents(d, events);
}

/** describe ingressclass. */
export function* describeIngressClass(d: Document, object: KubeObject): Gen {
  const { metadata, spec } = object;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Controller:\t${spec.controller ?? ""}`);
  if (spec.parameters) {
    d.line(0, "Parameters:");
    if (spec.parameters.apiGroup !== undefined) d.line(1, `APIGroup:\t${spec.parameters.apiGroup}`);
    d.line(1, `Kind:\t${spec.parameters.kind}`);
    d.line(1, `Name:\t${spec.parameters.name}`);
  }
  writeEvents(d, events);
}

/** describe networkpolicy. */
export function* describeNetworkPolicy(d: Document, object: KubeObject): Gen {
  const { metadata, spec } = object;
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  const created = metadata.creationTimestamp!;
  d.line(0, `Created on:\t${created.slice(0, 10)} ${created.slice(11, 19)} +0000 UTC`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, "Spec:");
  d.write(1, "PodSelector: ");
  const selector = formatLabelSelector(spec.podSelector);
  d.line(2, selector === "<none>" ? "<none> (Allowing the specific traffic to all pods in this namespace)" : selector);
  const types = (spec.policyTypes ?? []) as string[];
  if (types.includes("Ingress")) {
    d.line(1, "Allowing ingress traffic:");
    writeRules(d, spec.ingress ?? [], "from");
  } else d.line(1, "Not affecting ingress traffic");
  if (types.includes("Egress")) {
    d.line(1, "Allowing egress traffic:");
    writeRules(d, spec.egress ?? [], "to");
  } else d.line(1, "Not affecting egress traffic");
  d.line(1, `Policy Types: ${types.join(", ") || "<none>"}`);
  yield* [];
}

const SPACE = "    ";

function writeRules(d: Document, rules: readonly Any[], side: "from" | "to"): void {
  const [direction, title, end] = side === "from" ? ["ingress", "From", "source"] : ["egress", "To", "destination"];
  if (rules.length === 0) {
    d.line(0, `${SPACE}<none> (Selected pods are isolated for ${direction} connectivity)`);
    return;
  }
  rules.forEach((rule, i) => {
    if (!rule.ports?.length) d.line(0, `${SPACE}To Port: <any> (traffic allowed to all ports)`);
    for (const { port, endPort, protocol = "TCP" } of rule.ports ?? []) {
      const shown = port ?? "<nil>";
      if (endPort === undefined) d.line(0, `${SPACE}To Port: ${shown}/${protocol}`);
      else d.line(0, `${SPACE}To Port Range: ${shown}-${endPort}/${protocol}`);
    }
    const peers = (rule[side] ?? []) as Any[];
    if (peers.length === 0) d.line(0, `${SPACE}${title}: <any> (traffic not restricted by ${end})`);
    for (const { podSelector, namespaceSelector, ipBlock } of peers) {
      d.line(0, `${SPACE}${title}:`);
      if (namespaceSelector) d.line(1, `${SPACE}NamespaceSelector: ${formatLabelSelector(namespaceSelector)}`);
      if (podSelector) d.line(1, `${SPACE}PodSelector: ${formatLabelSelector(podSelector)}`);
      if (ipBlock && !podSelector && !namespaceSelector) {
        d.line(1, `${SPACE}IPBlock:`);
        d.line(2, `${SPACE}CIDR: ${ipBlock.cidr}`);
        d.line(2, `${SPACE}Except: ${(ipBlock.except ?? []).join(", ")}`);
      }
    }
    if (i !== rules.length - 1) d.line(0, `${SPACE}----------`);
  });
}
