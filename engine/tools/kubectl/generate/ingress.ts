import { KubectlError } from "../errors.ts";
import { generating, type Json, meta } from "./generator.ts";

// Upstream's own pattern: host/path=service:port[,tls[=secret]].
const FORM = /^[\w*\-.]*\/.*=[\w-]+:[\w-]+/;

function backend(text: string): Json {
  const [name, port] = text.split(":") as [string, string];
  return { service: { name, port: /^[-+]?\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

function tlsOf(rules: readonly string[]): Json[] {
  const out: Json[] = [];
  const hosts = new Set<string>();
  for (const rule of rules) {
    const parts = rule.split(",");
    if (parts.length !== 2) continue;
    const host = rule.split("/")[0]!;
    if (hosts.has(host)) continue;
    hosts.add(host);
    const secret = parts[1]!.split("=")[1] ?? "";
    const same = out.find((entry) => (entry.secretName ?? "") === secret);
    if (same) same.hosts = [...(same.hosts ?? []), host];
    else if (host !== "" || secret !== "") {
      out.push({ ...(host !== "" && { hosts: [host] }), ...(secret !== "" && { secretName: secret }) });
    }
  }
  return out;
}

function rulesOf(rules: readonly string[]): Json[] {
  const out: Json[] = [];
  for (const rule of rules) {
    const text = rule.split(",")[0]!;
    const slash = text.indexOf("/");
    const host = text.slice(0, slash);
    const [pathText, service] = text.slice(slash + 1).split("=") as [string, string];
    const prefix = `/${pathText}`.endsWith("*");
    const path = prefix ? `/${pathText}`.slice(0, -1) : `/${pathText}`;
    const entry = { backend: backend(service), path, pathType: prefix ? "Prefix" : "Exact" };
    const same = out.find((one) => (one.host ?? "") === host);
    if (same) same.http.paths.push(entry);
    else out.push({ ...(host !== "" && { host }), http: { paths: [entry] } });
  }
  return out;
}

/** kubectl create ingress. */
export const ingress = generating(
  (k, name) => {
    const { flags } = k;
    const rules = flags.list("rule");
    const fallback = flags.string("default-backend");
    if (fallback === "" && rules.length === 0) {
      throw new KubectlError(
        "not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)",
      );
    }
    for (const rule of rules) {
      if (!FORM.test(rule)) {
        throw new KubectlError(
          `rule ${rule} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`,
        );
      }
    }
    const annotations: Record<string, string> = {};
    for (const annotation of flags.list("annotation")) {
      const equals = annotation.indexOf("=");
      if (equals < 0) {
        throw new KubectlError(`annotation ${annotation} is invalid and should be in format key=[value]`);
      }
      annotations[annotation.slice(0, equals)] = annotation.slice(equals + 1);
    }
    if (fallback !== "" && fallback.split(":").length !== 2) {
      throw new KubectlError("default-backend should be in format servicename:serviceport");
    }
    const tls = tlsOf(rules);
    const list = rulesOf(rules);
    return {
      apiVersion: "networking.k8s.io/v1",
      kind: "Ingress",
      metadata: meta(name, Object.keys(annotations).length > 0 ? { annotations } : {}),
      spec: {
        ...(flags.string("class") && { ingressClassName: flags.string("class") }),
        ...(fallback && { defaultBackend: backend(fallback) }),
        ...(tls.length > 0 && { tls }),
        ...(list.length > 0 && { rules: list }),
      },
      status: { loadBalancer: {} },
    };
  },
  { plural: "ingresses", failed: "ingress:" },
);
