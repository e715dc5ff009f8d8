import { userAgent } from "../../api/build-info.ts";
import type { ApiClient } from "../../api/client.ts";
import { Informer } from "../../api/informer.ts";
import { klog } from "../../api/klog.ts";
import { clientFromKubeconfig } from "../../api/kubeconfig.ts";
import { ENDPOINT_SLICES, NODES, SERVICES } from "../../api/resources.ts";
import { parseTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { MS, SECOND } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import { releaseOf } from "../../machine/release.ts";
import * as sys from "../../machine/sys.ts";
import { fail, flagsOf, listening, logger, untilTerminated } from "../daemon.ts";
import { type ProxyConfig, proxyConfig } from "./config.ts";
import { IPVS_SERVICE, nftCost, syncCost } from "./costs.ts";
import { endpointsOf } from "./endpoints.ts";
import { HealthChecks } from "./health-check.ts";
import { IpvsNode } from "./ipvs-node.ts";
import { IPVS_JUMPS } from "./ipvs-rules.ts";
import { removeLeftovers } from "./leftovers.ts";
import { countNoLocalEndpoints, ProxyMetrics } from "./metrics.ts";
import { NftNode } from "./nft-node.ts";
import { NodeRules } from "./node-rules.ts";
import { healthPage, metricsPages } from "./pages.ts";
import { Proxier, type SyncResult } from "./proxier.ts";
import { iptablesWriter, ipvsWriter, nftWriter, noteRules } from "./record.ts";
import { JUMPS } from "./restore-input.ts";
import { concernsUdp, forgetStaleFlows } from "./stale-flows.ts";
import { HOUR, SyncRunner } from "./sync-runner.ts";

const CONFIG = "/var/lib/kube-proxy/config.conf";
/** How long between two looks whether both caches are filled. */
const SYNC_POLL = 100 * MS;

type Say = (source: string, message: string, kv?: Record<string, unknown>) => void;

/** kube-proxy (cmd/kube-proxy/app/server.go): keeps its machine's Service rules as Services and EndpointSlices say. */
export const kubeProxy: Program = function* kubeProxy(p) {
  const { kernel, net } = p.machine;
  const log = logger(p);
  // Its lines are structured, with values or without.
  const say: Say = (source, message, kv = {}) => log(klog(kernel, p.nsPid, "I", source, message, kv));
  const flags = flagsOf(p);
  const path = flags.get("config") ?? CONFIG;
  if (sys.find(p, path) === undefined) {
    log(
      klog(kernel, p.nsPid, "E", "run.go:74", "command failed", {
        err: `failed complete: open ${path}: no such file or directory`,
      }),
    );
    fail(1);
  }
  const config = proxyConfig(sys.readText(p, path), { addresses: net.addresses().slice(0, -1) });
  const client = clientFromKubeconfig(p, config.kubeconfig, userAgent("kube-proxy", releaseOf(p)));
  const services = new Informer<KubeObject>(kernel, client, SERVICES);
  const slices = new Informer<KubeObject>(kernel, client, ENDPOINT_SLICES);
  const node = { name: flags.get("hostname-override") ?? p.machine.hostname, address: net.firstAddress() };
  greet(p, say, config, node.address);
  removeLeftovers(net, config.mode);
  const metrics = new ProxyMetrics(config.mode);
  const stop = runProxier(p, config, node, { client, services, slices, metrics, say });
  services.start();
  slices.start();
  try {
    const health = {
      protocol: "tcp" as const,
      address: "0.0.0.0",
      port: config.healthzPort,
      ...healthPage(kernel, metrics),
    };
    const own = { protocol: "tcp" as const, address: "127.0.0.1", port: config.metricsPort };
    const pages = { ...own, ...metricsPages(metrics, config.mode, p) };
    yield* listening(p, [health, pages], untilTerminated(p));
  } finally {
    // Rules outlive kube-proxy: connections go on as they were last written.
    stop();
    services.stop();
    slices.stop();
  }
  return 0;
};

/** What it sets of connections that are kept track of (pkg/proxy/apis/config/v1alpha1/defaults.go). */
const CONNTRACK = [
  ["max", "131072"],
  ["tcp_timeout_established", "86400"],
  ["tcp_timeout_close_wait", "3600"],
] as const;

function greet(p: Process, say: Say, config: ProxyConfig, address: string): void {
  if (config.mode === "iptables") say("server_linux.go:66", "Using iptables proxy");
  say("server.go:698", "Successfully retrieved node IP(s)", { IPs: [address] });
  say("conntrack.go:60", "Setting nf_conntrack_max", { nfConntrackMax: 131_072 });
  const { net } = p.ns;
  for (const [name, value] of CONNTRACK) net.set(`net.netfilter.nf_conntrack_${name}`, value);
  // Mode nftables takes the node's main address where none is set.
  if (config.mode !== "nftables") warnOfNodePorts(p);
  say("server.go:243", "kube-proxy running in dual-stack mode", { "primary ipFamily": "IPv4" });
  if (config.mode === "ipvs") {
    prepareIpvs(p, config);
    say("server_linux.go:230", "Using ipvs Proxier");
    if (config.ipvs.scheduler === "") say("proxier.go:376", "IPVS scheduler not specified, use rr by default");
  } else if (config.mode === "nftables") say("server_linux.go:257", "Using nftables Proxier");
  else {
    say("server_linux.go:170", "Using iptables Proxier");
    say(
      "proxier.go:255",
      "Setting route_localnet=1 to allow node-ports on localhost; to change this either disable iptables.localhostNodePorts (--iptables-localhost-nodeports) or set nodePortAddresses (--nodeport-addresses) to filter loopback addresses",
      { ipFamily: "IPv4" },
    );
  }
  say("server.go:497", "Version info", { version: releaseOf(p) });
  say("server.go:499", "Golang settings", { GOGC: "", GOMAXPROCS: "", GOTRACEBACK: "" });
  say("config.go:199", "Starting service config controller");
  say("shared_informer.go:313", "Waiting for caches to sync", { controller: "service config" });
  say("config.go:105", "Starting endpoint slice config controller");
  say("shared_informer.go:313", "Waiting for caches to sync", { controller: "endpoint slice config" });
  say("config.go:329", "Starting node config controller");
  say("shared_informer.go:313", "Waiting for caches to sync", { controller: "node config" });
}

/**
 * What mode ipvs needs of the kernel (pkg/proxy/ipvs/proxier.go NewProxier): the kernel loads by itself what the first virtual
 * server, set and dummy interface ask for.
 */
function prepareIpvs({ machine, ns }: Process, { ipvs }: ProxyConfig): void {
  for (const name of ["ip_vs", `ip_vs_${ipvs.scheduler}`, "ip_set", "xt_set", "dummy"]) machine.modules.load(name);
  for (const name of ["conntrack", "expire_nodest_conn", "expire_quiescent_template"]) {
    ns.net.set(`net.ipv4.vs.${name}`, "1");
  }
  if (!ipvs.strictARP) return;
  ns.net.set("net.ipv4.conf.all.arp_ignore", "1");
  ns.net.set("net.ipv4.conf.all.arp_announce", "2");
}

function warnOfNodePorts(p: Process): void {
  logger(p)(
    klog(p.machine.kernel, p.nsPid, "E", "server.go:234", "Kube-proxy configuration may be incomplete or incorrect", {
      err: "nodePortAddresses is unset; NodePort connections will be accepted on all local IPs. Consider using `--nodeport-addresses primary`",
    }),
  );
}

interface Sources {
  client: ApiClient;
  services: Informer<KubeObject>;
  slices: Informer<KubeObject>;
  metrics: ProxyMetrics;
  say: Say;
}

/** Starts syncing on a machine, in the mode of its configuration; the returned function ends it. */
function runProxier(
  p: Process,
  config: ProxyConfig,
  node: { name: string; address: string },
  { client, services, slices, metrics, say }: Sources,
): () => void {
  const { kernel, net } = p.machine;
  const proxier = new Proxier(node, config.frame);
  metrics.noLocalEndpoints = () => countNoLocalEndpoints(proxier.programmed());
  const startedAt = kernel.wallMs / 1000;
  const checks = new HealthChecks(net, p.pid);
  let initialized = false;
  let fullAt = Number.NEGATIVE_INFINITY;
  let running: { result: SyncResult; cost: number } | undefined;
  const period = config.syncPeriod * SECOND;

  const runner = new SyncRunner(
    kernel,
    "kube-proxy sync",
    config.minSyncPeriod * SECOND,
    config.mode === "ipvs" ? period : HOUR,
    () => {
      const result = proxier.begin(kernel.now - fullAt > HOUR);
      metrics.syncing();
      const { written } = result;
      const standing = result.rules.nat + result.rules.filter;
      const cleanup = result.endpoints <= 1000 || result.full;
      // A few rules ask sets, however many Services there are.
      const cost = ipvs
        ? syncCost(40, 40, IPVS_JUMPS.length, false) + result.services * IPVS_SERVICE
        : nftables
          ? nftCost(result.full ? result.services : result.changed)
          : syncCost(standing, written.nat + written.filter, result.full ? JUMPS.length : 0, cleanup);
      running = { result, cost };
      return cost;
    },
    () => {
      const written = proxier.commit();
      for (const [service, { now }] of written) {
        noteRules(p.machine.network, service, { machine: p.machine.hostname, at: kernel.now, ports: now, write });
      }
      checks.apply(written.values(), node.name);
      if (running === undefined) return;
      const { result, cost } = running;
      if (result.full) fullAt = kernel.now;
      if (ipvs) ipvs.synced();
      else if (nftables) nftables.synced(result.full, written.keys());
      else rules.synced(result.full);
      if (concernsUdp(written.values())) {
        if (net.netfilter !== undefined) forgetStaleFlows(net.netfilter.conntrack, proxier.programmed(), kernel.now);
      }
      metrics.synced(result, cost, kernel.wallMs / 1000);
    },
  );
  const force = () => {
    proxier.forceFull();
    runner.run();
  };
  const failure = (message: string) => {
    metrics.failures++;
    if (running?.result.full === false) metrics.partialFailures++;
    logger(p)(
      klog(kernel, p.nsPid, "E", "proxier.go:1555", "Failed to execute iptables-restore", {
        err: `exit status 2: ${message.trimEnd()}`,
      }),
    );
    say("proxier.go:799", "Sync failed", { ipFamily: "IPv4", retryingTime: `${config.syncPeriod}s` });
    proxier.forceFull();
    runner.retryAfter(period);
  };
  const ipvs = config.mode === "ipvs" ? new IpvsNode(net, proxier, config, failure) : undefined;
  const nftFailure = (message: string) => {
    metrics.failures++;
    logger(p)(
      klog(kernel, p.nsPid, "E", "proxier.go:1768", "nftables sync failed", {
        err: message.split("\n")[0] ?? "",
        ipFamily: "IPv4",
      }),
    );
    proxier.forceFull();
    runner.retryAfter(period);
  };
  const nftables = config.mode === "nftables" ? new NftNode(kernel, net, proxier, nftFailure) : undefined;
  const rules = new NodeRules(kernel, net, proxier, period, { flush: force, failure });
  const write = ipvs
    ? ipvsWriter(config.ipvs.scheduler, {
        ...node,
        addresses: net.addresses(),
        nodePorts: config.frame.nodePortAddresses,
      })
    : nftables
      ? nftWriter(config.frame, node.address)
      : iptablesWriter(config.frame);

  const start = () => {
    if (initialized) return;
    if (!services.synced || !slices.synced) {
      kernel.after(SYNC_POLL, "kube-proxy caches", start);
      return;
    }
    initialized = true;
    say("shared_informer.go:320", "Caches are synced", { controller: "service config" });
    say("shared_informer.go:320", "Caches are synced", { controller: "node config" });
    say("shared_informer.go:320", "Caches are synced", { controller: "endpoint slice config" });
    runner.run();
  };
  let waiting = false;
  const ask = () => {
    metrics.queuedAt = kernel.wallMs / 1000;
    if (initialized) runner.run();
    else if (!waiting) {
      waiting = true;
      kernel.after(0, "kube-proxy caches", start);
    }
  };
  let nodes: Informer<KubeObject> | undefined;
  services.onChange(({ type, object }) => {
    if (!proxier.service(object, type === "deleted")) return;
    metrics.services.pending++;
    metrics.services.total++;
    ask();
  });
  slices.onChange(({ type, object }) => {
    if (!proxier.slice(object, type === "deleted")) return;
    metrics.endpoints.pending++;
    metrics.endpoints.total++;
    const trigger = object.metadata.annotations?.["endpoints.kubernetes.io/last-change-trigger-time"];
    const changedAt = trigger === undefined ? undefined : parseTime(trigger) / 1000;
    if (type !== "deleted" && changedAt !== undefined && changedAt >= startedAt) metrics.changed(changedAt);
    // Only hints make the node's zone matter: its Node is not watched before there are some.
    if (nodes === undefined && endpointsOf(object).hinted) {
      nodes = new Informer<KubeObject>(kernel, client, NODES, { fieldSelector: `metadata.name=${node.name}` });
      nodes.onChange(({ object: own }) => {
        if (proxier.zone(own.metadata.labels?.["topology.kubernetes.io/zone"])) ask();
      });
      nodes.start();
    }
    ask();
  });
  return () => {
    runner.stop();
    rules.stop();
    ipvs?.stop();
    checks.stop();
    nodes?.stop();
  };
}
