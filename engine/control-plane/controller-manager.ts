import { clientFromKubeconfig } from "../api/kubeconfig.ts";
import { klog } from "../api/klog.ts";
import { ControllerManager } from "../controllers/manager.ts";
import type { Program } from "../machine/process.ts";
import { flagsOf, logger } from "./daemon.ts";
import { serve } from "./scheduler.ts";

export const kubeControllerManager: Program = function* kubeControllerManager(p) {
  const { kernel, hostname } = p.machine;
  const flags = flagsOf(p);
  const log = logger(p);
  const config = flags.get("kubeconfig") ?? "/etc/kubernetes/controller-manager.conf";
  log(klog(kernel, p.nsPid, "I", "serving.go:386", "Generated self-signed cert in-memory"));
  log(klog(kernel, p.nsPid, "I", "controllermanager.go:189", "Starting", { version: "v1.32.3" }));
  const manager = new ControllerManager({
    kernel,
    client: (name) =>
      clientFromKubeconfig(p, config, `kube-controller-manager/v1.32.3 (linux/amd64) kubernetes/32cc146/${name}`),
    log,
    identity: hostname,
    pid: p.nsPid,
    clusterCidr: flags.get("cluster-cidr") ?? "10.200.0.0/16",
    serviceCidr: flags.get("service-cluster-ip-range") ?? "10.201.0.0/16",
    onExit: () => p.machine.signal(p, "KILL"),
  });
  return yield* serve(p, manager, Number(flags.get("secure-port") ?? 10257));
};
