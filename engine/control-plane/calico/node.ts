import { inClusterClient, RequestError } from "../../api/kubeconfig.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, joinOverlay } from "../../network/index.ts";
import { fail, healthPages, listening, logger, untilTerminated } from "../daemon.ts";
import { keepRules } from "../flannel-rules.ts";
import { PolicyEnforcer } from "../network-policy.ts";
import { blockOf, defaultPool, type Pool } from "./ipam.ts";

const HEALTH_PORT = 9099;
const RETRY = SECOND;

/** Felix's log lines. */
const line = (p: Process, level: string, file: string, text: string): string =>
  `${formatTime(p.machine.kernel.wallMs).slice(0, 19).replace("T", " ")}.000 [${level}][${p.nsPid}] ${file}: ${text}`;

/**
 * calico-node: takes a block of the pool for its node, makes the device and routes to the other nodes' Pods, and enforces
 * NetworkPolicies. With flags of health it only asks the one that runs.
 */
export const calicoNode: Program = function* calicoNode(p) {
  if (p.argv.some((arg) => /^-(felix|bird|confd)-(live|ready)$/.test(arg))) return yield* health(p);
  if (p.argv.includes("-init") || p.argv.includes("-shutdown")) return 0;
  const { kernel, hostname, net } = p.machine;
  const log = logger(p);
  const say = (level: string, file: string, text: string) => log(line(p, level, file, text));
  say("INFO", "startup/startup.go 445", "Early log level set to info");
  const client = inClusterClient(p, "calico-node/v3.29.1");
  if (client === undefined) {
    say("ERROR", "startup/startup.go 158", "failed to create Kubernetes client");
    fail(1);
  }
  const node = p.env.get("NODENAME") ?? hostname;
  const wishes = {
    cidr: p.env.get("CALICO_IPV4POOL_CIDR"),
    vxlan: /^(Always|CrossSubnet)$/.test(p.env.get("CALICO_IPV4POOL_VXLAN") ?? "Never"),
  };
  let found: { pool: Pool; block: string } | undefined;
  while (found === undefined) {
    try {
      const pool = yield* defaultPool(client, wishes);
      found = { pool, block: yield* blockOf(client, node, pool.cidr) };
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError) && !(error instanceof RequestError)) throw error;
      const missing = isStatus(error, "NotFound") ? "the Calico CRDs are not installed: " : "";
      say("ERROR", "startup/startup.go 158", `Failed to set up the default IP pool: ${missing}${error.message}`);
      yield* sleep(RETRY);
    }
  }
  const { pool, block } = found;
  say("INFO", "startup/startup.go 770", `Using node name: ${node}`);
  say("INFO", "startup/startup.go 1026", `IP pool ${pool.cidr}, block ${block}`);
  sys.writeText(p, "/var/lib/calico/nodename", `${node}`, 0o644);
  sys.writeText(p, "/var/lib/calico/mtu", "1480", 0o644);
  const address = block.replace(/\/\d+$/, "");
  joinOverlay(
    net,
    { device: pool.device, subnet: block, address, mac: macOf(p) },
    pool.device === "tunl0" ? 1480 : 1450,
  );
  const enforcer = new PolicyEnforcer(kernel, client, net);
  enforcer.start();
  const unwatch = keepRules(kernel, net, "felix", rulesOf(pool.cidr));
  say("INFO", "int_dataplane.go 1952", "Completed first update to dataplane.");
  try {
    const pages = {
      protocol: "tcp" as const,
      address: "127.0.0.1",
      port: HEALTH_PORT,
      ...healthPages("/liveness", "/readiness"),
    };
    yield* listening(p, [pages], untilTerminated(p));
  } finally {
    unwatch();
    enforcer.stop();
  }
  return 0;
};

/** Probes ask whether the agent of this network namespace serves its health. */
function* health(p: Process): Gen<number> {
  if (p.ns.net.listening().some((one) => one.protocol === "tcp" && one.port === HEALTH_PORT)) return 0;
  yield* sys.print(
    p,
    `calico/node is not ready: felix is not ready: Get "http://localhost:${HEALTH_PORT}/readiness": dial tcp 127.0.0.1:${HEALTH_PORT}: connect: connection refused\n`,
  );
  return 1;
}

/** felix/rules: what leaves the pool is masqueraded, what comes from Pods and goes to them is forwarded. */
function rulesOf(pool: string): Parameters<typeof keepRules>[3] {
  const tag = (text: string) => `-m comment --comment "cali:${text}"`;
  return [
    {
      table: "nat",
      hook: "POSTROUTING",
      chain: "cali-POSTROUTING",
      jump: `${tag("O3lYWMrLQYEMJtB5")} -j cali-POSTROUTING`,
      rules: [`${tag("flqWnvo8yq4ULQLa")} -s ${pool} ! -d ${pool} -j MASQUERADE --random-fully`],
    },
    {
      table: "filter",
      hook: "FORWARD",
      chain: "cali-FORWARD",
      jump: `${tag("wUHhoiAYhphO9Mso")} -j cali-FORWARD`,
      rules: [`${tag("MH9kMp5aNICL-Olv")} -i cali+ -j ACCEPT`, `${tag("S93hcgKJrXEqnTfs")} -o cali+ -j ACCEPT`],
    },
  ];
}

function macOf({ machine }: Process): string {
  const hex = machine.kernel.random(`calico ${machine.hostname}`).hex(10);
  return `66${[0, 2, 4, 6, 8].map((at) => `:${hex.slice(at, at + 2)}`).join("")}`;
}

/** `install` of calico/cni: the plug-ins, and the configuration of CNI_NETWORK_CONFIG with its variables filled in. */
export const calicoInstall: Program = function* calicoInstall(p) {
  const bin = "/host/opt/cni/bin";
  for (const name of ["bandwidth", "calico", "calico-ipam", "flannel", "host-local", "loopback", "portmap", "tuning"]) {
    if (sys.find(p, `${bin}/${name}`) !== undefined) continue;
    const child = yield* sys.spawn(p, "/bin/cp", { argv: ["cp", "/opt/cni/bin/calico", `${bin}/${name}`] });
    yield* sys.waitFor(p, child);
  }
  const template = p.env.get("CNI_NETWORK_CONFIG");
  if (template === undefined) {
    yield* sys.printError(p, line(p, "FATAL", "cni-installer/<nil>", "CNI_NETWORK_CONFIG is not set\n"));
    return 1;
  }
  const name = p.env.get("CNI_CONF_NAME") ?? "10-calico.conflist";
  const text = template
    .replaceAll("__KUBERNETES_NODE_NAME__", p.env.get("KUBERNETES_NODE_NAME") ?? p.machine.hostname)
    .replaceAll("__CNI_MTU__", p.env.get("CNI_MTU") ?? "0")
    .replaceAll("__KUBECONFIG_FILEPATH__", "/etc/cni/net.d/calico-kubeconfig");
  sys.writeText(p, `/host/etc/cni/net.d/${name}`, text, 0o600);
  sys.writeText(p, "/host/etc/cni/net.d/calico-kubeconfig", "# Kubeconfig file for Calico CNI plugin.\n", 0o600);
  yield* sys.print(p, `${line(p, "INFO", "cni-installer/<nil>", `Created /host/etc/cni/net.d/${name}`)}\n`);
  return 0;
};

/** calico-kube-controllers, as far as somebody looks: it runs, and says so. */
export const calicoControllers: Program = function* calicoControllers(p) {
  logger(p)(line(p, "INFO", "main.go 99", "Loaded configuration from environment"));
  yield* untilTerminated(p);
  return 0;
};

/** `check-status`, `calico-ipam -upgrade`: all is well. */
export const calicoWell: Program = function* () {
  return 0;
};
