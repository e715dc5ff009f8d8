import { ipv4Number } from "../../text/ipv4.ts";
import { givenEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { validateDomainPath } from "../validation/domain-path.ts";
import { child, forbidden, invalid, invalidEach, invalidText, notSupported, required } from "../validation/field.ts";
import {
  CIDR,
  dns1035Label,
  dns1123Label,
  dns1123Subdomain,
  ipAddress,
  ipv4,
  isCidr,
  pathSegment,
  portName,
  portNumber,
} from "../validation/names.ts";

/** Ingress and NetworkPolicy, in the words of pkg/apis/networking/validation. */

const WILDCARD =
  "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character (e.g. '*.example.com', regex used for validation is '\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";

function hostErrors(host: string): string[] {
  if (!host.includes("*")) return dns1123Subdomain(host);
  return host.startsWith("*.") && dns1123Subdomain(host.slice(2)).length === 0 ? [] : [WILDCARD];
}

export function validateIngress(object: KubeObject): StatusCause[] {
  const spec: Draft = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  const rules: readonly Draft[] = spec.rules ?? [];
  if (rules.length === 0 && !spec.defaultBackend) {
    const shown = `[]networking.IngressRule${givenEmpty(spec, "rules") ? "{}" : "(nil)"}`;
    causes.push(invalidText("spec", shown, "either `defaultBackend` or `rules` must be specified"));
  }
  if (spec.defaultBackend) causes.push(...validateBackend(spec.defaultBackend, "spec.defaultBackend"));
  for (const [i, rule] of rules.entries()) causes.push(...validateRule(rule, `spec.rules[${i}]`));
  for (const [i, tls] of ((spec.tls ?? []) as Draft[]).entries()) {
    const path = `spec.tls[${i}]`;
    for (const [j, host] of (tls.hosts ?? []).entries()) {
      causes.push(...invalidEach(`${path}.hosts[${j}]`, host, hostErrors(host)));
    }
    if (tls.secretName)
      causes.push(...invalidEach(`${path}.secretName`, tls.secretName, dns1123Subdomain(tls.secretName)));
  }
  if (spec.ingressClassName !== undefined) {
    causes.push(
      ...invalidEach("spec.ingressClassName", spec.ingressClassName, dns1123Subdomain(spec.ingressClassName)),
    );
    const old = object.metadata.annotations?.["kubernetes.io/ingress.class"];
    if (old !== undefined && !object.metadata.resourceVersion) {
      causes.push(
        invalid("annotations.kubernetes.io/ingress.class", old, "can not be set when the class field is also set"),
      );
    }
  }
  return causes;
}

function validateRule(rule: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = `${path}.host`;
  if (rule.host) {
    if (ipAddress(rule.host).length === 0) causes.push(invalid(at, rule.host, "must be a DNS name, not an IP address"));
    causes.push(...invalidEach(at, rule.host, hostErrors(rule.host)));
  }
  if (!rule.http) return causes;
  const paths: readonly Draft[] = rule.http.paths ?? [];
  if (paths.length === 0) causes.push(required(`${path}.http.paths`, ""));
  for (const [i, one] of paths.entries()) causes.push(...validatePath(one, `${path}.http.paths[${i}]`));
  return causes;
}

const BAD_PARTS = ["//", "/./", "/../", "%2f", "%2F"];
const BAD_ENDS = ["/..", "/."];
const PATH_TYPES = ["Exact", "ImplementationSpecific", "Prefix"];

function validatePath(one: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const text: string = one.path ?? "";
  const at = `${path}.path`;
  if (one.pathType === undefined || one.pathType === null)
    return [required(`${path}.pathType`, "pathType must be specified")];
  if (one.pathType === "Exact" || one.pathType === "Prefix") {
    if (!text.startsWith("/")) causes.push(invalid(at, text, "must be an absolute path"));
    if (text !== "") {
      for (const part of BAD_PARTS)
        if (text.includes(part)) causes.push(invalid(at, text, `must not contain '${part}'`));
      for (const end of BAD_ENDS) if (text.endsWith(end)) causes.push(invalid(at, text, `cannot end with '${end}'`));
    }
  } else if (one.pathType === "ImplementationSpecific") {
    if (text !== "" && !text.startsWith("/")) causes.push(invalid(at, text, "must be an absolute path"));
  } else causes.push(notSupported(`${path}.pathType`, one.pathType, PATH_TYPES));
  return [...causes, ...validateBackend(one.backend ?? {}, `${path}.backend`)];
}

function validateBackend({ service, resource }: Draft, path: string): StatusCause[] {
  if (service && resource) return [invalid(path, "", "cannot set both resource and service backends")];
  if (resource) {
    return validateReference(resource, `${path}.resource`);
  }
  if (!service) return [invalid(path, "", "resource or service backend is required")];
  const causes: StatusCause[] = [];
  if (!service.name) causes.push(required(`${path}.service.name`, ""));
  else causes.push(...invalidEach(`${path}.service.name`, service.name, dns1035Label(service.name)));
  const { name = "", number = 0 } = service.port ?? {};
  if (name !== "" && number !== 0) causes.push(invalid(path, "", "cannot set both port name & port number"));
  else if (name !== "") causes.push(...invalidEach(`${path}.service.port.name`, name, portName(name)));
  else if (number !== 0) causes.push(...invalidEach(`${path}.service.port.number`, number, portNumber(number)));
  else causes.push(required(path, "port name or number is required"));
  return causes;
}

/** An object of whatever kind in the same namespace. */
function validateReference({ apiGroup, kind = "", name = "" }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (typeof apiGroup === "string")
    causes.push(...invalidEach(`${path}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup)));
  if (kind === "") causes.push(required(`${path}.kind`, "kind is required"));
  else causes.push(...invalidEach(`${path}.kind`, kind, pathSegment(kind)));
  if (name === "") causes.push(required(`${path}.name`, "name is required"));
  else causes.push(...invalidEach(`${path}.name`, name, pathSegment(name)));
  return causes;
}

const SCOPES = ["Cluster", "Namespace"];

function validateParameters(parameters: Draft, path: string): StatusCause[] {
  const { scope, namespace } = parameters;
  const causes = validateReference(parameters, path);
  if (!SCOPES.includes(scope)) causes.push(notSupported(`${path}.scope`, scope ?? "", SCOPES));
  else if (scope === "Namespace") {
    if (typeof namespace !== "string")
      causes.push(required(`${path}.namespace`, "`parameters.scope` is set to 'Namespace'"));
    else causes.push(...invalidEach(`${path}.namespace`, namespace, dns1123Label(namespace)));
  } else if (typeof namespace === "string")
    causes.push(forbidden(`${path}.namespace`, "`parameters.scope` is set to 'Cluster'"));
  return causes;
}

export function validateIngressClass(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const controller: string = object["spec"]?.controller ?? "";
  if (controller.length > 250)
    causes.push(invalid("spec.controller", controller, "must be no more than 250 characters"));
  causes.push(...validateDomainPath(controller, "spec.controller"));
  const { parameters } = object["spec"] ?? {};
  return parameters ? [...causes, ...validateParameters(parameters, "spec.parameters")] : causes;
}

const PROTOCOLS = ["TCP", "UDP", "SCTP"];
const POLICY_TYPES = ["Ingress", "Egress"];

export function validateNetworkPolicy(object: KubeObject): StatusCause[] {
  const spec: Draft = object["spec"] ?? {};
  const causes = validateLabelSelector(spec.podSelector, "spec.podSelector");
  for (const [direction, peers] of [
    ["ingress", "from"],
    ["egress", "to"],
  ] as const) {
    for (const [i, rule] of ((spec[direction] ?? []) as Draft[]).entries()) {
      const path = `spec.${direction}[${i}]`;
      for (const [j, port] of (rule.ports ?? []).entries()) causes.push(...validatePort(port, `${path}.ports[${j}]`));
      for (const [j, peer] of (rule[peers] ?? []).entries())
        causes.push(...validatePeer(peer, `${path}.${peers}[${j}]`));
    }
  }
  const types: readonly string[] = spec.policyTypes ?? [];
  if (types.length > 2) {
    const text = `[]networking.PolicyType{${types.map((one) => JSON.stringify(one)).join(", ")}}`;
    return [...causes, invalidText("spec.policyTypes", text, "may not specify more than two policyTypes")];
  }
  for (const [i, type] of types.entries()) {
    if (!POLICY_TYPES.includes(type)) causes.push(notSupported(`spec.policyTypes[${i}]`, type, POLICY_TYPES));
  }
  return causes;
}

function validatePort({ protocol, port, endPort }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (protocol !== undefined && !PROTOCOLS.includes(protocol))
    causes.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  if (typeof port === "number") {
    causes.push(...invalidEach(`${path}.port`, port, portNumber(port)));
    if (endPort !== undefined) {
      if (endPort < port) causes.push(invalid(`${path}.endPort`, port, "must be greater than or equal to `port`"));
      causes.push(...invalidEach(`${path}.endPort`, endPort, portNumber(endPort)));
    }
  } else if (typeof port === "string") {
    if (endPort !== undefined)
      causes.push(invalid(`${path}.endPort`, endPort, "may not be specified when `port` is non-numeric"));
    causes.push(...invalidEach(`${path}.port`, port, portName(port)));
  } else if (endPort !== undefined) {
    causes.push(invalid(`${path}.endPort`, endPort, "may not be specified when `port` is not specified"));
  }
  return causes;
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (podSelector) causes.push(...validateLabelSelector(podSelector, `${path}.podSelector`));
  if (namespaceSelector) causes.push(...validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`));
  if (ipBlock) causes.push(...validateBlock(ipBlock, `${path}.ipBlock`));
  const count = [podSelector, namespaceSelector, ipBlock].filter(Boolean).length;
  if (count === 0) causes.push(required(path, "must specify a peer"));
  else if (count > 1 && ipBlock) causes.push(forbidden(path, "may not specify both ipBlock and another peer"));
  return causes;
}

function validateBlock({ cidr = "", except = [] }: Draft, path: string): StatusCause[] {
  if (cidr === "") return [required(child(path, "cidr"), "")];
  if (!isCidr(cidr)) return [invalid(child(path, "cidr"), cidr, CIDR)];
  const causes: StatusCause[] = [];
  for (const [i, one] of (except as string[]).entries()) {
    const at = `${path}.except[${i}]`;
    if (!isCidr(one)) causes.push(invalid(at, one, CIDR));
    else if (!within(one, cidr)) causes.push(invalid(at, one, "must be a strict subset of `cidr`"));
  }
  return causes;
}

function within(inner: string, outer: string): boolean {
  const [a = "", x = "0"] = inner.split("/");
  const [b = "", y = "0"] = outer.split("/");
  if (!ipv4(a) || !ipv4(b)) return ipv4(a) === ipv4(b);
  if (Number(x) <= Number(y)) return false;
  const shift = 32 - Number(y);
  return Math.floor(ipv4Number(a) / 2 ** shift) === Math.floor(ipv4Number(b) / 2 ** shift);
}
