import type { StatusCause } from "../status.ts";
import { invalid, invalidText, required } from "../validation/field.ts";
import { dns1035Label, dns1123Subdomain, portNumber } from "../validation/names.ts";

/** How webhooks are called, of admission and of conversion (apiserver pkg/util/webhook/validation.go). */
export interface ClientConfig {
  url?: string;
  service?: { name?: string; namespace?: string; path?: string; port?: number };
}

export function webhookClient({ url, service }: ClientConfig, path: string): StatusCause[] {
  if ((url === undefined) === (service === undefined)) {
    return [required(path, "exactly one of url or service is required")];
  }
  return url === undefined ? serviceWords(service!, `${path}.service`) : urlWords(url, `${path}.url`);
}

function serviceWords(service: NonNullable<ClientConfig["service"]>, path: string): StatusCause[] {
  const { name = "", namespace = "", path: route, port = 443 } = service;
  const causes: StatusCause[] = [];
  // Upstream hands name and namespace over in the wrong order.
  if (namespace === "") causes.push(required(`${path}.name`, "service name is required"));
  if (name === "") causes.push(required(`${path}.namespace`, "service namespace is required"));
  const wrong = portNumber(port);
  if (wrong.length > 0) causes.push(invalid(`${path}.port`, port, `port is not valid: ${wrong.join(", ")}`));
  if (route === undefined || route === "" || route === "/") return causes;
  const at = `${path}.path`;
  if (route === "//") return [...causes, invalid(at, route, "segment[0] may not be empty")];
  if (!route.startsWith("/")) causes.push(invalid(at, route, "must start with a '/'"));
  const steps = route.slice(1).replace(/\/$/, "").split("/");
  for (const [i, step] of steps.entries()) {
    if (step === "") causes.push(invalid(at, route, `segment[${i}] may not be empty`));
    else for (const why of dns1123Subdomain(step)) causes.push(invalid(at, route, `segment[${i}]: ${why}`));
  }
  return causes;
}

const FORM = "; desired format: https://host[/path]";

function urlWords(url: string, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const colon = url.indexOf(":");
  if (colon === 0)
    return [required(path, `url must be a valid URL: parse ${JSON.stringify(url)}: missing protocol scheme${FORM}`)];
  const [, scheme = "", rest = url] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/s.exec(url) ?? [];
  const [before = "", fragment = ""] = rest.split(/#(.*)/s);
  const [place = "", query = ""] = before.split(/\?(.*)/s);
  const authority = /^\/\/([^/]*)/.exec(place)?.[1] ?? "";
  const at = authority.lastIndexOf("@");
  if (scheme.toLowerCase() !== "https") {
    causes.push(invalid(path, scheme.toLowerCase(), `'https' is the only allowed URL scheme${FORM}`));
  }
  if (authority.slice(at + 1) === "") causes.push(invalid(path, "", `host must be specified${FORM}`));
  if (at >= 0) causes.push(invalid(path, authority.slice(0, at), "user information is not permitted in the URL"));
  if (fragment !== "") causes.push(invalid(path, fragment, "fragments are not permitted in the URL"));
  if (query !== "") causes.push(invalid(path, query, "query parameters are not permitted in the URL"));
  return causes;
}

/** Versions of reviews that a webhook understands; `none` is said where there are none. */
export function reviewVersions(versions: readonly string[], path: string, none: string): StatusCause[] {
  if (versions.length === 0) return [required(path, none)];
  const causes: StatusCause[] = [];
  for (const [i, version] of versions.entries()) {
    if (versions.indexOf(version) < i) causes.push(invalid(`${path}[${i}]`, version, "duplicate version"));
    else for (const why of dns1035Label(version)) causes.push(invalid(`${path}[${i}]`, version, why));
  }
  if (!versions.some((one) => one === "v1" || one === "v1beta1")) {
    const shown = `[]string{${versions.map((one) => JSON.stringify(one)).join(", ")}}`;
    causes.push(invalidText(path, shown, "must include at least one of v1, v1beta1"));
  }
  return causes;
}
