import { Informer } from "../../api/informer.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { ENDPOINT_SLICES, SERVICES } from "../../api/resources.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { MS } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { fail, healthPages, listening, logger, untilTerminated } from "../daemon.ts";
import { Proxier } from "../kube-proxy/proxier.ts";
import { PolicyEnforcer } from "../network-policy.ts";
import { tellNetworkUp } from "../network-up.ts";
import { podCidr } from "../pod-cidr.ts";
import { ensureLbMap } from "./lb-map.ts";

/** How long a change takes into the maps. */
const APPLY = 5 * MS;
const CONFLIST = "/host/etc/cni/net.d/05-cilium.conflist";

/** Rules are not Cilium's way: of the proxier only the choice of endpoints counts. */
const FRAME = {
  ifLocal: "",
  ifNotLocal: "",
  masqueradeAll: false,
  masqueradeMark: "0x00004000",
  localhostNodePorts: false,
  nfacct: false,
  randomFully: true,
  liberal: false,
  nodePortAddresses: undefined,
};

/**
 * cilium-agent with kubeProxyReplacement and IPAM mode kubernetes: configures the container network, and keeps the maps
 * by which its programs translate Service addresses when a socket connects.
 */
export const ciliumAgent: Program = function* ciliumAgent(p) {
  const { kernel, hostname, net } = p.machine;
  const log = logger(p);
  const say = (level: "info" | "warning", subsys: string, message: string) =>
    log(`time="${formatTime(kernel.wallMs)}" level=${level} msg="${message}" subsys=${subsys}`);
  say("info", "daemon", "Cilium 1.17.3 go version go1.23.8 linux/amd64");
  const client = inClusterClient(p, "cilium-agent/v1.17.3");
  if (client === undefined) {
    say("warning", "k8s", "Unable to initialize cluster configuration");
    fail(1);
  }
  const cidr = yield* podCidr(client, hostname, () => say("info", "k8s", "Waiting for k8s node information"));
  say(
    "info",
    "k8s",
    `Received own node information from API server ipAddr.ipv4=${net.firstAddress()} v4Prefix=${cidr}`,
  );
  const conf = {
    cniVersion: "0.3.1",
    name: "cilium",
    plugins: [{ type: "cilium-cni", bridge: "cilium_host", mtu: 1500, ipam: { subnet: cidr } }],
  };
  yield* tellNetworkUp(kernel, client, hostname, {
    reason: "CiliumIsUp",
    message: "Cilium is running on this node",
  });
  sys.writeText(p, CONFLIST, `${JSON.stringify(conf, null, 2)}\n`, 0o600);
  say("info", "cni-config", `Wrote CNI configuration file to ${CONFLIST}`);

  const proxier = new Proxier({ name: hostname, address: net.firstAddress() }, FRAME);
  const services = new Informer<KubeObject>(kernel, client, SERVICES);
  const slices = new Informer<KubeObject>(kernel, client, ENDPOINT_SLICES);
  let pending = false;
  const ask = () => {
    if (pending) return;
    pending = true;
    kernel.after(APPLY, "cilium-agent maps", () => {
      pending = false;
      if (p.status !== undefined) return;
      proxier.sync();
      ensureLbMap(net).update(proxier.programmed(), net.firstAddress());
    });
  };
  services.onChange(({ type, object }) => {
    if (proxier.service(object, type === "deleted")) ask();
  });
  slices.onChange(({ type, object }) => {
    if (proxier.slice(object, type === "deleted")) ask();
  });
  const enforcer = new PolicyEnforcer(kernel, client, net);
  services.start();
  slices.start();
  enforcer.start();
  say("info", "daemon", "Daemon initialization completed");
  try {
    const health = { protocol: "tcp" as const, address: "127.0.0.1", port: 9879, ...healthPages("/healthz") };
    yield* listening(p, [health], untilTerminated(p));
  } finally {
    // The programs in the kernel go on with the maps as they are.
    services.stop();
    slices.stop();
    enforcer.stop();
  }
  return 0;
};

/** cilium-operator: with IPAM mode kubernetes and no cloud there is little for it to do. */
export const ciliumOperator: Program = function* ciliumOperator(p) {
  const log = logger(p);
  const { kernel } = p.machine;
  log(
    `time="${formatTime(kernel.wallMs)}" level=info msg="Cilium Operator 1.17.3 go version go1.23.8 linux/amd64" subsys=cilium-operator-generic`,
  );
  const health = { protocol: "tcp" as const, address: "127.0.0.1", port: 9234, ...healthPages("/healthz") };
  yield* listening(p, [health], untilTerminated(p));
  return 0;
};
