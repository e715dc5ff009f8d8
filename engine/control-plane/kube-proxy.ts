import { Informer } from "../api/informer.ts";
import { klog } from "../api/klog.ts";
import { clientFromKubeconfig } from "../api/kubeconfig.ts";
import { ENDPOINT_SLICES, SERVICES } from "../api/resources.ts";
import type { KubeObject } from "../api/types.ts";
import type { Program } from "../machine/process.ts";
import { healthPages, listening, logger, untilTerminated } from "./daemon.ts";
import { ServiceTable } from "./service-table.ts";

/**
 * kube-proxy: keeps its machine's Service rules as Services and EndpointSlices say. The rules stand in a table that
 * `connect()` asks; the chains of iptables will take its place.
 */
export const kubeProxy: Program = function* kubeProxy(p) {
  const { kernel, net } = p.machine;
  const log = logger(p);
  const say = (source: string, message: string, kv?: Record<string, unknown>) =>
    log(klog(kernel, p.nsPid, "I", source, message, kv));
  const client = clientFromKubeconfig(
    p,
    "/var/lib/kube-proxy/kubeconfig.conf",
    "kube-proxy/v1.32.3 (linux/amd64) kubernetes/32cc146",
  );
  const services = new Informer<KubeObject>(kernel, client, SERVICES);
  const slices = new Informer<KubeObject>(kernel, client, ENDPOINT_SLICES);
  const table = new ServiceTable(kernel.random(`kube-proxy ${p.machine.hostname}`));
  services.onChange(({ type, object }) => table.service(object, type === "deleted"));
  slices.onChange(({ type, object }) => table.slice(object, type === "deleted"));
  say("server_linux.go:66", "Using iptables proxy");
  say("server.go:497", "Version info", { version: "v1.32.3" });
  say("config.go:199", "Starting service config controller");
  say("config.go:105", "Starting endpoint slice config controller");
  services.start();
  slices.start();
  net.translate = (protocol, address, port) => table.lookup(protocol, address, port);
  try {
    const health = {
      protocol: "tcp" as const,
      address: "0.0.0.0",
      port: 10256,
      ...healthPages("/healthz", "/livez"),
    };
    yield* listening(p, [health], untilTerminated(p));
  } finally {
    // Rules outlive kube-proxy: connections go on as they were last programmed.
    services.stop();
    slices.stop();
  }
  return 0;
};
