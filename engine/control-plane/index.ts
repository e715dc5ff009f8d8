import type { Program } from "../machine/process.ts";
import { kubeApiServer } from "./apiserver.ts";
import { calicoControllers, calicoInstall, calicoNode, calicoWell } from "./calico/node.ts";
import { tigeraOperator } from "./calico/operator.ts";
import { ciliumAgent, ciliumOperator } from "./cilium/agent.ts";
import { ciliumDbg } from "./cilium/cli.ts";
import { kubeControllerManager } from "./controller-manager.ts";
import { coredns } from "./coredns/program.ts";
import { etcd } from "./etcd.ts";
import { flanneld } from "./flannel.ts";
import { withFootprints } from "./footprint.ts";
import { haproxy } from "./haproxy.ts";
import { keepalived } from "./keepalived/index.ts";
import { kubeProxy } from "./kube-proxy/program.ts";
import { metricsServer } from "./metrics-server/program.ts";
import { kubeScheduler } from "./scheduler.ts";

/** The cluster's own programs: those of static Pods, add-ons and load balancers. */
export const controlPlanePrograms: Record<string, Program> = withFootprints({
  "calico-controllers": calicoControllers,
  "calico-install": calicoInstall,
  "calico-node": calicoNode,
  "calico-well": calicoWell,
  "cilium-agent": ciliumAgent,
  "cilium-dbg": ciliumDbg,
  "cilium-operator-generic": ciliumOperator,
  coredns,
  etcd,
  flanneld,
  haproxy,
  keepalived,
  "kube-apiserver": kubeApiServer,
  "kube-controller-manager": kubeControllerManager,
  "kube-proxy": kubeProxy,
  "kube-scheduler": kubeScheduler,
  "metrics-server": metricsServer,
  "tigera-operator": tigeraOperator,
});
