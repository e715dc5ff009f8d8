import { bootstrap } from "./bootstrap/bootstrap.ts";
import { type Harness, harness } from "./harness.ts";
import type { ApiServerOptions } from "./server.ts";

/** A harness with what the server makes at its start, and ServiceAccounts as the controllers would have made them. */
export function bootedHarness(options: Partial<ApiServerOptions> = {}): Harness {
  const h = harness(options);
  const { kernel, registry } = h;
  const body = bootstrap(registry, { serviceIp: "10.201.0.1", endpoints: ["192.168.108.11", "192.168.108.12"] });
  const task = kernel.spawn("bootstrap", body);
  kernel.runUntil(() => task.state === "done");
  for (const namespace of ["default", "kube-system"]) {
    h.json("POST", `/api/v1/namespaces/${namespace}/serviceaccounts`, { metadata: { name: "default" } });
  }
  return h;
}

export const PODS = "/api/v1/namespaces/default/pods";

export function podOf(name: string, extra: { metadata?: object; spec?: object } = {}): object {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...extra.metadata },
    spec: { containers: [{ name: "c", image: "nginx" }], ...extra.spec },
  };
}
