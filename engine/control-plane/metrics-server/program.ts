import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { Informer } from "../../api/informer.ts";
import { klog } from "../../api/klog.ts";
import { inClusterClient, SERVICE_ACCOUNT_DIR } from "../../api/kubeconfig.ts";
import { NODES, PODS } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import { kubeletAddress } from "../../apiserver/index.ts";
import { decode, type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { flagsOf, listening, logger, untilTerminated } from "../daemon.ts";
import { answerMetrics, healthText, type MetricsSource } from "./api.ts";
import { readScrape, type Scrape } from "./scrape.ts";
import { MetricsStorage } from "./storage.ts";

const KUBELET_PORT = 10250;
/** How long a kubelet is given (--kubelet-request-timeout). */
const SCRAPE_TIMEOUT = 10 * SECOND;

/**
 * metrics-server 0.7: every --metric-resolution it asks each kubelet for /metrics/resource with its ServiceAccount's
 * token, and serves what lies between the last two answers as metrics.k8s.io/v1beta1. A kubelet whose certificate it
 * cannot verify is not asked, unless --kubelet-insecure-tls says so: kubeadm's kubelets sign their own.
 */
export const metricsServer: Program = function* metricsServer(p) {
  const { kernel } = p.machine;
  const flags = flagsOf(p);
  const log = logger(p);
  const say = (severity: "I" | "E", source: string, message: string, kv?: Record<string, unknown>) =>
    log(klog(kernel, p.nsPid, severity, source, message, kv));
  const client = inClusterClient(p, "metrics-server/v0.7.2 (linux/amd64) kubernetes/269cc5d");
  if (client === undefined) {
    log(
      "panic: unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
    );
    return 2;
  }
  const resolution = seconds(flags.get("metric-resolution") ?? "60s");
  const port = Number(flags.get("secure-port") ?? 443);
  say("I", "serving.go:374", "Generated self-signed cert (/tmp/apiserver.crt, /tmp/apiserver.key)");
  const nodes = new Informer(kernel, client, NODES);
  const pods = new Informer(kernel, client, PODS);
  nodes.start();
  pods.start();
  const storage = new MetricsStorage(resolution / 1000);
  const source: MetricsSource = {
    storage,
    nodes: () => nodes.items.values(),
    pods: () => pods.items.values(),
    nowMs: () => kernel.wallMs,
  };
  const insecure = flags.get("kubelet-insecure-tls") === "true";
  const round = function* (): Gen {
    const found = new Map<string, Scrape>();
    for (const node of [...nodes.items.values()]) {
      const { name } = node.metadata;
      const scraped = yield* scrape(p, node, insecure);
      if (typeof scraped === "string")
        say("E", "scraper.go:149", "Failed to scrape node", { err: scraped, node: name });
      else found.set(name, scraped);
    }
    storage.store(found);
  };
  const scraping = kernel.spawn("metrics-server scrape", forEver(round, resolution));
  say("I", "secure_serving.go:213", `Serving securely on [::]:${port}`);
  const http = function* (request: HttpRequest): Gen<HttpResponse> {
    p.task.used += REQUEST_CPU;
    const path = request.path.replace(/\?.*/, "");
    if (path === "/livez" || path === "/healthz") return healthText("livez", [["ping", true]]);
    if (path === "/readyz") {
      return healthText("readyz", [
        ["ping", true],
        ["metric-storage-ready", storage.ready],
        ["metadata-informer-sync", pods.synced && nodes.synced],
      ]);
    }
    return answerMetrics(source, request) ?? healthText("page", [["page", false]]);
  };
  try {
    yield* listening(p, [{ protocol: "tcp", address: "0.0.0.0", port, tls: true, http }], untilTerminated(p));
  } finally {
    kernel.kill(scraping);
    nodes.stop();
    pods.stop();
  }
  return 0;
};

/** µs of CPU that an answer costs. */
const REQUEST_CPU = 1_200;

/** `15s` or `1m` in µs. */
function seconds(text: string): number {
  const [, number = "60", unit = "s"] = /^(\d+)(s|m)$/.exec(text) ?? [];
  return Number(number) * (unit === "m" ? 60 : 1) * SECOND;
}

function* forEver(round: () => Gen, period: number): Gen {
  for (;;) {
    yield* round();
    yield* sleep(period);
  }
}

/** What a kubelet says, or why it could not be asked. */
function* scrape(p: Process, node: KubeObject, insecure: boolean): Gen<Scrape | string> {
  const address = kubeletAddress(node);
  const url = `https://${address}:${KUBELET_PORT}/metrics/resource`;
  const failed = (why: string): string => `Get ${JSON.stringify(url)}: ${why}`;
  try {
    const connection = yield* p.machine.network.connect(p.ns.net, address, KUBELET_PORT, { timeout: SCRAPE_TIMEOUT });
    if (!insecure) {
      return failed(
        `tls: failed to verify certificate: x509: cannot validate certificate for ${address} because it doesn't contain any IP SANs`,
      );
    }
    const token = sys.readText(p, `${SERVICE_ACCOUNT_DIR}/token`).trim();
    const answer = yield* connection.http({
      method: "GET",
      path: "/metrics/resource",
      headers: { authorization: `Bearer ${token}`, "user-agent": "metrics-server/v0.7.2" },
      remoteAddress: p.ns.net.addresses()[0] ?? "",
    });
    const text = answer.body.type === "bytes" ? decode(answer.body.bytes) : "";
    if (answer.status !== 200)
      return `request failed, status: ${JSON.stringify(STATUS_LINES[answer.status] ?? answer.status)}`;
    p.task.used += text.length;
    return readScrape(text);
  } catch (error) {
    if (!isNetError(error)) throw error;
    const late = error.code === "ETIMEDOUT";
    return failed(
      late ? "context deadline exceeded" : `dial tcp ${address}:${KUBELET_PORT}: connect: ${error.message}`,
    );
  }
}

const STATUS_LINES: Readonly<Record<number, string>> = { 401: "401 Unauthorized", 403: "403 Forbidden" };
