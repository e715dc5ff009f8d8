import type { HttpHandler, HttpRequest, HttpResponse } from "../../api/http.ts";
import { encode, type Gen, Pipe } from "../../kernel/index.ts";
import type { Listener } from "../../network/index.ts";
import type { Process } from "../process.ts";
import type { Container } from "../runtime/index.ts";
import * as sys from "../sys.ts";
import { KubeletAuth } from "./auth.ts";
import type { Kubelet } from "./kubelet.ts";
import { followLog, logContainer, readLog, readLogOptions } from "./logs.ts";
import { cadvisorMetrics, kubeletMetrics, probeMetrics } from "./metrics.ts";
import { runtimePod } from "./runtime-view.ts";
import { resourceMetrics, statsSummary } from "./stats.ts";
import { attachChannels, execChannels } from "./streams.ts";
import type { Pod } from "./types.ts";

/**
 * Opens the kubelet's ports; the returned function closes them. 10250: what the API server asks for logs, exec and attach,
 * what metrics-server asks for, and /healthz. 10248, for the machine itself: /healthz. The read-only port, where one is set:
 * what tells about Pods and the machine, to everybody (cmd/kubelet/app/server.go).
 */
export function listen(kubelet: Kubelet, p: Process): () => void {
  const auth = new KubeletAuth(kubelet, p);
  const { healthzPort, healthzBindAddress, readOnlyPort } = kubelet.options.configuration as Ports;
  const open = (listener: Pick<Listener, "address" | "port" | "http"> & Partial<Listener>) =>
    kubelet.machine.net.listen({ protocol: "tcp", program: "kubelet", pid: p.pid, ...listener });
  const close = [
    open({
      address: "0.0.0.0",
      port: kubelet.options.port,
      tls: true,
      asksCertificate: true,
      certificate: () => servingCertificate(kubelet, p),
      *http(request) {
        return (yield* auth.refusal(request)) ?? (yield* handle(kubelet, request));
      },
    }),
  ];
  if (healthzPort) close.push(open({ address: healthzBindAddress ?? "127.0.0.1", port: healthzPort, http: health }));
  if (readOnlyPort) {
    close.push(
      open({
        address: "0.0.0.0",
        port: readOnlyPort,
        *http(request) {
          return OPEN_PAGES.test(request.path) ? yield* handle(kubelet, request) : text(404, "404 page not found\n");
        },
      }),
    );
  }
  return () => {
    for (const each of close) each();
  };
}

interface Ports {
  healthzPort?: number;
  healthzBindAddress?: string;
  readOnlyPort?: number;
}

/** What the read-only port has (pkg/kubelet/server/server.go InstallDefaultHandlers). */
const OPEN_PAGES = /^\/(healthz|pods\/?|stats\/summary|metrics(\/cadvisor|\/probes|\/resource)?)(\?|$)/;

/** Its own check is that it answers (apiserver pkg/server/healthz InstallHandler). */
const health: HttpHandler = function* ({ path }) {
  const [page, query = ""] = path.split("?");
  if (page !== "/healthz" && page !== "/healthz/ping") return text(404, "404 page not found\n");
  const verbose = page === "/healthz" && new URLSearchParams(query).has("verbose");
  return text(200, verbose ? "[+]ping ok\nhealthz check passed\n" : "ok");
};

function servingCertificate({ options }: Kubelet, p: Process): string {
  const { tlsCertFile: path } = options.configuration as { tlsCertFile?: unknown };
  return typeof path === "string" && sys.find(p, path) !== undefined ? sys.readText(p, path) : "";
}

/** pkg/kubelet/server/server.go. */
export function* handle(kubelet: Kubelet, request: HttpRequest): Gen<HttpResponse> {
  const mark = request.path.indexOf("?");
  const path = mark < 0 ? request.path : request.path.slice(0, mark);
  const query = new URLSearchParams(mark < 0 ? "" : request.path.slice(mark + 1));
  const [page, namespace, name, container] = path.split("/").slice(1).map(decodeURIComponent);
  if (page === "healthz") return text(200, "ok");
  if (page === "pods") return pods(kubelet);
  if (path === "/metrics") return metrics(kubeletMetrics(kubelet));
  if (path === "/metrics/cadvisor") return metrics(cadvisorMetrics(kubelet));
  if (path === "/metrics/probes") return metrics(probeMetrics(kubelet));
  if (path === "/metrics/resource") return metrics(resourceMetrics(kubelet));
  if (path === "/configz") return object({ kubeletconfig: kubelet.options.configuration });
  if (path === "/stats/summary") return object(statsSummary(kubelet));
  if (page === "containerLogs") return logs(kubelet, namespace!, name!, container!, query);
  if (page === "exec" || page === "attach") {
    return yield* stream(kubelet, page, namespace!, name!, container!, query);
  }
  if (page === "portForward") return forward(kubelet, namespace!, name!);
  return text(404, "404 page not found\n");
}

/** Connections from inside the Pod's network, as containerd opens them (internal/cri/streaming portforward). */
function forward(kubelet: Kubelet, namespace: string, name: string): HttpResponse {
  const pod = podNamed(kubelet, namespace, name);
  if (pod === undefined) return text(404, "pod does not exist\n");
  const [sandbox] = runtimePod(kubelet.runtime, pod.metadata.uid).sandboxes;
  if (sandbox === undefined || sandbox.state !== "ready") return text(500, `pod not found ("${name}_${namespace}")`);
  const { net } = sandbox;
  const open = (port: number) => net.network.connect(net, "127.0.0.1", port);
  return { status: 101, headers: { upgrade: "SPDY/3.1", connection: "Upgrade" }, body: { type: "forward", open } };
}

function metrics(page: string): HttpResponse {
  const type = "text/plain; version=0.0.4; charset=utf-8; escaping=values";
  return { status: 200, headers: { "content-type": type }, body: { type: "bytes", bytes: encode(page) } };
}

/** A page of text. */
export function text(status: number, body: string): HttpResponse {
  return {
    status,
    headers: { "content-type": "text/plain; charset=utf-8" },
    body: { type: "bytes", bytes: encode(body) },
  };
}

function pods(kubelet: Kubelet): HttpResponse {
  const items = [...kubelet.workers.values()].map((worker) => worker.pod);
  return object({ kind: "PodList", apiVersion: "v1", metadata: {}, items });
}

function object(value: object): HttpResponse {
  return { status: 200, headers: { "content-type": "application/json" }, body: { type: "object", value } };
}

/** By name; a static Pod answers for its mirror. */
function podNamed(kubelet: Kubelet, namespace: string, name: string): Pod | undefined {
  let found: Pod | undefined;
  for (const { pod, state } of kubelet.workers.values()) {
    if (pod.metadata.name !== name || pod.metadata.namespace !== namespace) continue;
    if (found === undefined || state !== "terminated") found = pod;
  }
  return found;
}

function logs(
  kubelet: Kubelet,
  namespace: string,
  name: string,
  containerName: string,
  query: URLSearchParams,
): HttpResponse {
  const { kernel, runtime } = kubelet;
  const pod = podNamed(kubelet, namespace, name);
  if (pod === undefined) return text(404, `pod "${name}" not found\n`);
  const { containers, initContainers = [], ephemeralContainers = [] } = pod.spec;
  const all = [...containers, ...initContainers, ...ephemeralContainers];
  if (!all.some((one) => one.name === containerName)) {
    return text(404, `container "${containerName}" not found in pod "${name}"\n`);
  }
  const options = readLogOptions(query, kernel.epochMs * 1000 + kernel.now);
  const status = kubelet.statusOf(pod.metadata.uid) ?? pod.status;
  const statuses = [
    ...(status?.containerStatuses ?? []),
    ...(status?.initContainerStatuses ?? []),
    ...(status?.ephemeralContainerStatuses ?? []),
  ];
  const found = logContainer(pod, statuses, containerName, options.previous);
  if (typeof found === "string") return text(400, found);
  const container = runtime.containers.get(found.id);
  if (container === undefined) {
    return text(200, `unable to retrieve container logs for containerd://${found.id}`);
  }
  const headers = { "content-type": "text/plain; charset=utf-8" };
  if (!options.follow) return { status: 200, headers, body: { type: "bytes", bytes: readLog(container, options) } };
  const pipe = new Pipe();
  pipe.readers = pipe.writers = 1;
  kubelet.spawn(`logs -f ${namespace}/${name}`, followLog(container, options, pipe));
  return { status: 200, headers, body: { type: "stream", pipe } };
}

function* stream(
  kubelet: Kubelet,
  kind: "exec" | "attach",
  namespace: string,
  name: string,
  containerName: string,
  query: URLSearchParams,
): Gen<HttpResponse> {
  const pod = podNamed(kubelet, namespace, name);
  if (pod === undefined) return text(404, `pod does not exist\n`);
  const container: Container | undefined = runtimePod(kubelet.runtime, pod.metadata.uid).latest(containerName);
  // A process that has ended has closed its output, even where the runtime has not collected it yet.
  const running = container?.state === "running" && container.process?.status === undefined;
  if (!running) {
    // kubelet_pods.go: ExecInContainer and GetAttach say it in words of their own.
    const missing =
      kind === "exec"
        ? `container not found ("${containerName}")`
        : `container ${containerName} not found in pod ${name}_${namespace}`;
    return text(500, missing);
  }
  const on = (flag: string): boolean => query.get(flag) === "1" || query.get(flag) === "true";
  const options = { stdin: on("input"), tty: on("tty") };
  const channels =
    kind === "exec"
      ? yield* execChannels(kubelet, container, query.getAll("command"), options)
      : attachChannels(kubelet, container, options);
  return { status: 101, headers: { upgrade: "SPDY/3.1", connection: "Upgrade" }, body: { type: "channels", channels } };
}
