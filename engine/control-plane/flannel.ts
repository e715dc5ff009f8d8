import { klog } from "../api/klog.ts";
import { inClusterClient } from "../api/kubeconfig.ts";
import type { Process, Program } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { joinOverlay } from "../network/index.ts";
import { fail, logger, untilTerminated } from "./daemon.ts";
import { flannelRules } from "./flannel-rules.ts";
import { PolicyEnforcer } from "./network-policy.ts";
import { tellNetworkUp } from "./network-up.ts";
import { podCidr } from "./pod-cidr.ts";

/** What manifests begin with. */
const OWN_NETWORK = "10.244.0.0/16";

/**
 * flanneld with --kube-subnet-mgr and the vxlan backend: learns the node's /24 from the Node object, leaves it where the
 * CNI plug-in looks, and makes the device and routes to the other nodes' Pods. Of those it learns when their flanneld
 * starts, not from their Node objects.
 */
export const flanneld: Program = function* flanneld(p) {
  const { kernel, hostname } = p.machine;
  const log = logger(p);
  const say = (severity: "I" | "E", source: string, message: string) =>
    log(klog(kernel, p.nsPid, severity, source, message));
  say("I", "main.go:211", "CLI flags config: {ipMasq:true kubeSubnetMgr:true}");
  const client = inClusterClient(p, "flanneld/v0.26.5 (linux/amd64) kubernetes/$Format");
  if (client === undefined) {
    say("E", "main.go:228", "Failed to create SubnetManager: unable to initialize inclusterconfig");
    fail(1);
  }
  const cidr = yield* podCidr(client, hostname, (error) => {
    if (error !== undefined)
      say("E", "main.go:228", `Failed to create SubnetManager: error retrieving pod spec: ${error.message}`);
  });
  say("I", "main.go:231", `Created subnet manager: Kubernetes Subnet Manager - ${hostname}`);
  const gateway = cidr.replace(/\.0\/(\d+)$/, ".1/$1");
  const network = networkOf(p);
  const text = `FLANNEL_NETWORK=${network}\nFLANNEL_SUBNET=${gateway}\nFLANNEL_MTU=1450\nFLANNEL_IPMASQ=true\n`;
  sys.writeText(p, "/run/flannel/subnet.env", text, 0o644);
  say("I", "main.go:396", "Wrote subnet file to /run/flannel/subnet.env");
  say("I", "main.go:400", "Running backend.");
  p.machine.modules.load("vxlan");
  const mac = macOf(p);
  joinOverlay(p.machine.net, { device: "flannel.1", subnet: cidr, address: cidr.replace(/\/\d+$/, ""), mac }, 1450);
  yield* tellNetworkUp(kernel, client, hostname, {
    reason: "FlannelIsUp",
    message: "Flannel is running on this node",
    annotations: {
      "flannel.alpha.coreos.com/backend-data": JSON.stringify({ VNI: 1, VtepMAC: mac }),
      "flannel.alpha.coreos.com/backend-type": "vxlan",
      "flannel.alpha.coreos.com/kube-subnet-manager": "true",
      "flannel.alpha.coreos.com/public-ip": p.machine.net.firstAddress() ?? "",
    },
  });
  const enforcer = new PolicyEnforcer(kernel, client, p.machine.net);
  enforcer.start();
  const unwatch = flannelRules(kernel, p.machine.net, network, cidr);
  try {
    yield* untilTerminated(p);
  } finally {
    unwatch();
    enforcer.stop();
  }
  say("I", "main.go:483", "Exiting...");
  return 0;
};

/** The Pods' network of all nodes, as the ConfigMap has it (pkg/subnet, ParseConfig). */
function networkOf(p: Process): string {
  try {
    return JSON.parse(sys.readText(p, "/etc/kube-flannel/net-conf.json")).Network ?? OWN_NETWORK;
  } catch {
    return OWN_NETWORK;
  }
}

/** A random Ethernet address, locally administered. */
function macOf({ machine }: Process): string {
  const hex = machine.kernel.random(`flannel ${machine.hostname}`).hex(10);
  return `0a${[0, 2, 4, 6, 8].map((at) => `:${hex.slice(at, at + 2)}`).join("")}`;
}
