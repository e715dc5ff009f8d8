import type { KubeList } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Invocation } from "./invocation.ts";
import { listError } from "./resources.ts";

const SERVICES = { group: "", version: "v1", resource: "services" };
const LABEL = "kubernetes.io/cluster-service=true";
const HINT = "\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n";

/** kubectl cluster-info. */
export function* clusterInfo(k: Invocation): Gen<number> {
  const host = k.target().server;
  try {
    const namespace = k.target().explicitNamespace ? k.namespace : "kube-system";
    yield* k.resources(5);
    const path = `/api/v1/namespaces/${namespace}/services?labelSelector=${encodeURIComponent(LABEL)}`;
    const list = (yield* k.object("GET", path)) as unknown as KubeList;
    k.out(`Kubernetes control plane is running at ${host}\n`);
    for (const { metadata, spec, status } of list.items) {
      const [ingress] = (status?.loadBalancer?.ingress ?? []) as { ip?: string; hostname?: string }[];
      const ports = (spec.ports ?? []) as { name?: string; port: number }[];
      let link = "";
      if (ingress) for (const { port } of ports) link += `http://${ingress.ip || ingress.hostname}:${port} `;
      else {
        let name = metadata.name;
        const [first] = ports;
        if (first) {
          const scheme = first.name === "https" || first.port === 443 ? "https:" : "";
          name = scheme !== "" || first.name ? `${scheme}${name}:${first.name ?? ""}` : name;
        }
        link = `${host}/api/v1/namespaces/${metadata.namespace}/services/${name}/proxy`;
      }
      k.out(`${metadata.labels?.["kubernetes.io/name"] || metadata.name} is running at ${link}\n`);
    }
  } catch (error) {
    throw listError(error, SERVICES, { labelSelector: LABEL, fieldSelector: "" });
  } finally {
    k.out(HINT);
  }
  return 0;
}
