import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, invalid, invalidEach, notSupported, required, tooMany } from "../validation/field.ts";
import {
  dns1123Label,
  dns1123Subdomain,
  ipAddress,
  ipv4,
  labelValue,
  portNumber,
  qualifiedName,
} from "../validation/names.ts";
import { validateNonSpecial } from "./service-validation.ts";

/** Endpoints and EndpointSlices, in the words of pkg/apis/core/validation and pkg/apis/discovery/validation. */

const PROTOCOLS = ["SCTP", "TCP", "UDP"];
const ADDRESS_TYPES = ["FQDN", "IPv4", "IPv6"];
const MOST_ENDPOINTS = 1000;
const MOST_ADDRESSES = 100;
const MOST_PORTS = 20_000;
const MOST_ZONES = 8;

export function validateEndpoints(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const [i, subset] of ((object["subsets"] ?? []) as Draft[]).entries()) {
    const path = `subsets[${i}]`;
    const ports: Draft[] = subset.ports ?? [];
    if (!(subset.addresses?.length > 0) && !(subset.notReadyAddresses?.length > 0))
      causes.push(required(path, "must specify `addresses` or `notReadyAddresses`"));
    for (const list of ["addresses", "notReadyAddresses"]) {
      for (const [j, address] of ((subset[list] ?? []) as Draft[]).entries())
        causes.push(...validateAddress(address, `${path}.${list}[${j}]`));
    }
    for (const [j, port] of ports.entries()) {
      const at = `${path}.ports[${j}]`;
      if (ports.length > 1 && !port.name) causes.push(required(`${at}.name`, ""));
      else if (port.name) causes.push(...invalidEach(`${at}.name`, port.name, dns1123Label(port.name)));
      causes.push(...invalidEach(`${at}.port`, port.port ?? 0, portNumber(port.port ?? 0)));
      causes.push(...validateProtocol(port, at));
    }
  }
  return causes;
}

function validateAddress({ ip = "", hostname, nodeName }: Draft, path: string): StatusCause[] {
  const wrong = ipAddress(ip);
  const causes = invalidEach(`${path}.ip`, ip, wrong);
  if (hostname) causes.push(...invalidEach(`${path}.hostname`, hostname, dns1123Label(hostname)));
  if (typeof nodeName === "string")
    causes.push(...invalidEach(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)));
  if (wrong.length > 0) causes.push(invalid(`${path}.ip`, ip, "must be a valid IP address"));
  else causes.push(...validateNonSpecial(ip, `${path}.ip`));
  return causes;
}

function validateProtocol(port: Draft, path: string): StatusCause[] {
  const { protocol } = port;
  const causes: StatusCause[] = [];
  if (!protocol) causes.push(required(`${path}.protocol`, ""));
  else if (!PROTOCOLS.includes(protocol)) causes.push(notSupported(`${path}.protocol`, protocol, PROTOCOLS));
  return [...causes, ...validateAppProtocol(port, path)];
}

function validateAppProtocol({ appProtocol }: Draft, path: string): StatusCause[] {
  if (typeof appProtocol !== "string") return [];
  return invalidEach(`${path}.appProtocol`, appProtocol, qualifiedName(appProtocol));
}

export function validateEndpointSlice(object: KubeObject): StatusCause[] {
  const type: string = object["addressType"] ?? "";
  const causes: StatusCause[] = [];
  if (type === "") causes.push(required("addressType", ""));
  else if (!ADDRESS_TYPES.includes(type)) causes.push(notSupported("addressType", type, ADDRESS_TYPES));
  const endpoints: Draft[] = object["endpoints"] ?? [];
  if (endpoints.length > MOST_ENDPOINTS) causes.push(tooMany("endpoints", endpoints.length, MOST_ENDPOINTS));
  else
    for (const [i, endpoint] of endpoints.entries())
      causes.push(...validateEndpoint(endpoint, type, `endpoints[${i}]`));
  return [...causes, ...validatePorts(object["ports"] ?? [])];
}

function validateEndpoint(
  { addresses = [], nodeName, hostname, hints }: Draft,
  type: string,
  path: string,
): StatusCause[] {
  const causes: StatusCause[] = [];
  const at = `${path}.addresses`;
  if (!(addresses?.length > 0)) causes.push(required(at, "must contain at least 1 address"));
  else if (addresses.length > MOST_ADDRESSES) causes.push(tooMany(at, addresses.length, MOST_ADDRESSES));
  for (const [i, address] of ((addresses ?? []) as string[]).entries()) {
    const where = `${at}[${i}]`;
    if (type === "IPv4" || type === "IPv6") {
      const good = type === "IPv4" ? ipv4(address) : address.includes(":") && ipAddress(address).length === 0;
      if (!good) causes.push(invalid(where, address, `must be a valid ${type} address`));
      if (ipAddress(address).length > 0) causes.push(invalid(where, address, "must be a valid IP address"));
      else causes.push(...validateNonSpecial(address, where));
    } else if (type === "FQDN") causes.push(...validateDomain(address, where));
  }
  if (typeof nodeName === "string")
    causes.push(...invalidEach(`${path}.nodeName`, nodeName, dns1123Subdomain(nodeName)));
  if (typeof hostname === "string") causes.push(...invalidEach(`${path}.hostname`, hostname, dns1123Label(hostname)));
  return [...causes, ...validateHints(hints?.forZones ?? [], `${path}.hints.forZones`)];
}

/** IsFullyQualifiedDomainName: the first mistake alone. */
function validateDomain(text: string, path: string): StatusCause[] {
  if (text === "") return [required(path, "")];
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  const wrong = dns1123Subdomain(name);
  if (wrong.length > 0) return [invalid(path, name, wrong.join(","))];
  const labels = name.split(".");
  if (labels.length < 2)
    return [invalid(path, name, "should be a domain with at least two segments separated by dots")];
  const bad = labels.find((label) => dns1123Label(label).length > 0);
  return bad === undefined ? [] : [invalid(path, bad, dns1123Label(bad).join(","))];
}

function validateHints(zones: Draft[], path: string): StatusCause[] {
  if (zones.length > MOST_ZONES) return [tooMany(path, zones.length, MOST_ZONES)];
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  for (const [i, { name = "" }] of zones.entries()) {
    const at = `${path}[${i}].name`;
    if (names.has(name)) causes.push(duplicate(at, name));
    names.add(name);
    causes.push(...invalidEach(at, name, labelValue(name)));
  }
  return causes;
}

function validatePorts(ports: Draft[]): StatusCause[] {
  if (ports.length > MOST_PORTS) return [tooMany("ports", ports.length, MOST_PORTS)];
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  for (const [i, port] of ports.entries()) {
    const at = `ports[${i}]`;
    const name: string = port.name ?? "";
    if (name.length > 0) causes.push(...invalidEach(`${at}.name`, name, dns1123Label(name)));
    if (names.has(name)) causes.push(duplicate(`${at}.name`, name));
    names.add(name);
    // Here it is a pointer: what is empty is no protocol, but was given.
    if (port.protocol === "")
      causes.push(notSupported(`${at}.protocol`, "", PROTOCOLS), ...validateAppProtocol(port, at));
    else causes.push(...validateProtocol(port, at));
  }
  return causes;
}
