import type { ApiClient } from "../../api/client.ts";
import { EventRecorder } from "../../api/event-recorder.ts";
import { keyOf } from "../../api/informer.ts";
import { klog } from "../../api/klog.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { LeaderElection } from "../../api/leader-election.ts";
import { INGRESSES, NODES, PODS, SERVICES } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { fail, flagsOf, healthPages, logger, untilTerminated } from "../../control-plane/daemon.ts";
import { fnv1a, type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, type Listener } from "../../network/index.ts";
import { answer, say as write } from "../servers/serving.ts";
import { fakeCertificate } from "./certificates.ts";
import { configurationText } from "./conf.ts";
import { Gateway } from "./gateway.ts";
import { buildModel, serverFor } from "./model.ts";
import { Store } from "./store.ts";
import { Streams } from "./streams.ts";
import { problemOf, review } from "./webhook.ts";

const VERSION = "v1.12.1";
const CONFIGURATION = "/etc/nginx/nginx.conf";
/** Between two syncs (--sync-rate-limit 0.3 a second). */
const SYNC_PAUSE = Math.round(SECOND / 0.3);
/** How long nginx takes to load another configuration. */
const RELOAD = 120 * MS;
/** Between two looks at the addresses that Ingresses should show (status.go UpdateInterval). */
const STATUS_PERIOD = 60 * SECOND;

/** nginx-ingress-controller: turns Ingresses into nginx's configuration and serves it (kubernetes/ingress-nginx). */
export const ingressController: Program = function* (p) {
  const flags = flagsOf(p);
  yield* sys.print(p, banner());
  if (flags.has("version")) return 0;
  const log = logger(p);
  const client = inClusterClient(p, `nginx-ingress-controller/${VERSION} (linux/amd64) ingress-nginx/51c2b81`);
  if (client === undefined) {
    log(
      klog(
        p.machine.kernel,
        p.nsPid,
        "F",
        "main.go:176",
        "Error while initiating a connection to the Kubernetes API server.",
      ),
    );
    fail(255);
  }
  p.rssKib = 98_000;
  const controller = new Controller(p, flags, client);
  try {
    return yield* controller.run();
  } finally {
    controller.stop();
  }
};

function banner(): string {
  const line = "-".repeat(79);
  return (
    `${line}\nNGINX Ingress controller\n  Release:       ${VERSION}\n  Build:         51c2b819690bbf1709b844dbf321a9acf6eda5a7\n` +
    `  Repository:    https://github.com/kubernetes/ingress-nginx\n  nginx version: nginx/1.25.5\n\n${line}\n\n`
  );
}

class Controller {
  private readonly p: Process;
  private readonly flags: ReadonlyMap<string, string>;
  private readonly client: ApiClient;
  private readonly store: Store;
  private readonly recorder: EventRecorder;
  private readonly gateway: Gateway;
  private readonly election: LeaderElection;
  private readonly streams: Streams;
  private readonly fake: ReturnType<typeof fakeCertificate>;
  private readonly pod: { namespace: string; name: string };
  private readonly close: (() => void)[] = [];
  private loaded = "";
  private syncedAt = Number.NEGATIVE_INFINITY;
  private pending = false;
  private stopped = false;
  private self: KubeObject | undefined;

  constructor(p: Process, flags: ReadonlyMap<string, string>, client: ApiClient) {
    const { kernel } = p.machine;
    this.p = p;
    this.flags = flags;
    this.client = client;
    this.pod = { namespace: p.env.get("POD_NAMESPACE") ?? "default", name: p.env.get("POD_NAME") ?? p.ns.uts.hostname };
    this.fake = fakeCertificate(kernel.epochMs);
    this.recorder = new EventRecorder({ kernel, client, component: "nginx-ingress-controller" });
    this.store = new Store({
      kernel,
      client,
      ingressClass: flags.get("ingress-class") ?? "nginx",
      controllerClass: flags.get("controller-class") ?? "k8s.io/ingress-nginx",
      watchWithoutClass: flags.get("watch-ingress-without-class") === "true",
      classByName: flags.get("ingress-class-by-name") === "true",
      configMap: flags.get("configmap") ?? "",
      tcpServices: flags.get("tcp-services-configmap"),
      udpServices: flags.get("udp-services-configmap"),
      defaultBackend: flags.get("default-backend-service"),
      changed: () => this.wake(),
      taken: (ingress, ingressclass) => {
        this.say("I", "store.go:440", "Found valid IngressClass", { ingress: keyOf(ingress), ingressclass });
        this.record(ingress, "Normal", "Sync", "Scheduled for sync");
      },
      ignored: (ingress, error) =>
        this.say("I", "store.go:436", "Ignoring ingress because of error while validating ingress class", {
          ingress: keyOf(ingress),
          error,
        }),
      configured: (configMap, type) => this.record(configMap, "Normal", type, `ConfigMap ${keyOf(configMap)}`),
    });
    this.streams = new Streams(p, this.store);
    const { settings } = this.store;
    const empty = buildModel({
      ingresses: [],
      service: () => undefined,
      slices: () => [],
      secret: () => undefined,
      settings,
      defaultBackend: undefined,
    });
    this.gateway = new Gateway(
      p,
      { model: empty, settings },
      { secret: (key) => this.store.secret(key), configMap: (key) => this.store.configMap(key) },
      (line) => write(p, line.includes(" [error] ") ? 2 : 1, `${line}\n`),
    );
    this.election = new LeaderElection({
      kernel,
      client,
      name: flags.get("election-id") ?? "ingress-nginx-leader",
      namespace: this.pod.namespace,
      identity: this.pod.name,
      exactIdentity: true,
      component: "ingress-leader-elector",
      log: logger(p),
      pid: p.nsPid,
      times: { lease: 30 * SECOND, renew: 15 * SECOND, retry: 7_500 * MS },
      onStartedLeading: () => this.statusSoon(0),
      onStoppedLeading: () => {},
    });
  }

  private say(severity: "I" | "W" | "E", source: string, message: string, kv?: Record<string, unknown>): void {
    logger(this.p)(klog(this.p.machine.kernel, this.p.nsPid, severity, source, message, kv));
  }

  /** An event, which client-go's broadcaster puts into the log as well. */
  private record(object: KubeObject, type: "Normal" | "Warning", reason: string, message: string): void {
    const { kind, apiVersion, metadata } = object;
    const { namespace = "", name, uid, resourceVersion } = metadata;
    this.say(
      "I",
      "event.go:377",
      `Event(v1.ObjectReference{Kind:"${kind}", Namespace:"${namespace}", Name:"${name}", UID:"${uid}", APIVersion:"${apiVersion}", ResourceVersion:"${resourceVersion}", FieldPath:""}): type: '${type}' reason: '${reason}' ${message}`,
    );
    this.recorder.event(object, type, reason, message);
  }

  *run(): Gen<number> {
    const { p, flags } = this;
    const host = `https://${p.env.get("KUBERNETES_SERVICE_HOST")}:${p.env.get("KUBERNETES_SERVICE_PORT")}`;
    this.say("I", "main.go:205", "Creating API client", { host });
    try {
      this.self = yield* this.client.get(PODS, this.pod.namespace, this.pod.name);
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      this.say("E", "main.go:120", `Unexpected error obtaining ingress-nginx pod: ${error.message}`);
      fail(255);
    }
    this.say("I", "main.go:248", "Running in Kubernetes cluster", {
      major: "1",
      minor: "32",
      git: "v1.32.3",
      state: "clean",
      platform: "linux/amd64",
    });
    const file = "/etc/ingress-controller/ssl/default-fake-certificate.pem";
    this.put(file, this.fake.certificate + this.fake.key);
    this.say("I", "main.go:101", "SSL fake certificate created", { file });
    this.say("I", "nginx.go:273", "Starting NGINX Ingress controller", {});
    this.store.start();
    while (!this.store.synced) yield* sleep(50 * MS);
    this.say("I", "nginx.go:319", "Starting NGINX process", {});
    this.listen();
    this.election.start();
    const certificate = flags.get("validating-webhook-certificate");
    if (flags.has("validating-webhook")) {
      this.say("I", "nginx.go:339", "Starting validation webhook", {
        address: flags.get("validating-webhook")!,
        certPath: certificate ?? "",
        keyPath: flags.get("validating-webhook-key") ?? "",
      });
    }
    this.wake();
    const signal = yield* untilTerminated(p);
    yield* this.shutDown(signal);
    return 0;
  }

  private put(path: string, text: string): void {
    try {
      sys.writeText(this.p, path, text);
    } catch (error) {
      if (!isErrno(error)) throw error;
      this.say("E", "nginx.go:226", `Unexpected failure writing ${path}: ${error.message}`);
    }
  }

  private listen(): void {
    const { p, flags, gateway, store } = this;
    const port = (name: string, fallback: number) => Number(flags.get(name) ?? fallback);
    const open = (listener: Omit<Listener, "protocol" | "address" | "program" | "pid">) =>
      this.close.push(
        p.ns.net.listen({ protocol: "tcp", address: "0.0.0.0", program: "nginx", pid: p.pid, ...listener }),
      );
    this.close.push(() => this.streams.stop());
    open({ port: port("http-port", 80), http: (request) => gateway.handle(request, false) });
    open({
      port: port("https-port", 443),
      tls: true,
      library: "openssl",
      ...(flags.get("enable-ssl-passthrough") !== "false" &&
        flags.has("enable-ssl-passthrough") && {
          proxy: (name?: string) => this.streams.passthrough(gateway.model, name),
        }),
      certificate: (name) => serverFor(gateway.model, name ?? "").certificate ?? this.fake.certificate,
      http: (request) => gateway.handle(request, true),
    });
    open({ port: port("healthz-port", 10254), ...healthPages("/healthz") });
    const webhook = flags.get("validating-webhook");
    const path = flags.get("validating-webhook-certificate");
    if (webhook === undefined || path === undefined) return;
    open({
      port: Number(webhook.split(":").pop()),
      tls: true,
      certificate: () => this.read(path),
      http: function* (this: Controller, request: Parameters<typeof review>[0]) {
        return yield* this.admit(request, store);
      }.bind(this),
    });
  }

  private read(path: string): string {
    try {
      return sys.readText(this.p, path);
    } catch (error) {
      if (isErrno(error)) return "";
      throw error;
    }
  }

  private *admit(request: Parameters<typeof review>[0], store: Store): Gen<ReturnType<typeof review>> {
    if (request.method !== "POST") return answer(405, "");
    return review(request, (ingress) => {
      const own = "class" in store.classOf(ingress);
      const problem = own ? problemOf(ingress, store.ingresses, store.settings) : undefined;
      if (problem === undefined) {
        this.say("I", "main.go:107", "successfully validated configuration, accepting", { ingress: keyOf(ingress) });
      } else this.say("E", "main.go:96", "invalid ingress configuration", { err: problem, ingress: keyOf(ingress) });
      return problem;
    });
  }

  /** A sync soon, and not more often than the limit allows. */
  private wake(): void {
    if (this.pending || this.stopped || !this.store.synced || this.close.length === 0) return;
    this.pending = true;
    const { kernel } = this.p.machine;
    const wait = Math.max(20 * MS, this.syncedAt + SYNC_PAUSE - kernel.now);
    kernel.after(wait, "ingress-nginx sync", () => {
      this.pending = false;
      if (!this.stopped && this.p.status === undefined) this.sync();
    });
  }

  private sync(): void {
    const { kernel } = this.p.machine;
    const { store, gateway } = this;
    const first = this.loaded === "";
    this.syncedAt = kernel.now;
    const model = buildModel(store);
    for (const [severity, source, message] of model.notes) this.say(severity, source, message);
    this.streams.sync("tcp", store.tcp);
    this.streams.sync("udp", store.udp);
    const { settings } = store;
    const shape = configurationText(model, settings, "");
    if (shape === this.loaded) {
      // Endpoints and certificates come to nginx without another configuration.
      gateway.model = model;
      return;
    }
    this.loaded = shape;
    this.say("I", "controller.go:196", "Configuration changes detected, backend reload required", {});
    const checksum = String((fnv1a(shape, 0x811c9dc5) >>> 0) * 4_294_967_291);
    this.put(CONFIGURATION, configurationText(model, settings, checksum));
    kernel.after(RELOAD, "ingress-nginx reload", () => {
      if (this.stopped) return;
      gateway.model = model;
      gateway.settings = settings;
      this.say("I", "controller.go:216", "Backend successfully reloaded", {});
      if (first) this.say("I", "controller.go:227", "Initial sync, sleeping for 1 second", {});
      if (this.self)
        this.record(this.self, "Normal", "RELOAD", "NGINX reload triggered due to a change in configuration");
      // What changed meanwhile.
      this.wake();
    });
  }

  private statusSoon(delay: number): void {
    const { kernel } = this.p.machine;
    kernel.after(delay, "ingress-nginx status", () => {
      if (this.stopped || this.p.status !== undefined || !this.election.leading) return;
      kernel.spawn("ingress-nginx status", this.updateStatus(), { instant: false });
      this.statusSoon(STATUS_PERIOD);
    });
  }

  private *updateStatus(gone = false): Gen {
    if (this.flags.get("update-status") === "false") return;
    try {
      const wanted = gone ? [] : yield* this.addresses();
      for (const ingress of this.store.ingresses) {
        const now = ingress["status"]?.loadBalancer?.ingress ?? [];
        if (JSON.stringify(now.map(plain)) === JSON.stringify(wanted)) continue;
        const { namespace = "", name } = ingress.metadata;
        const fresh = yield* this.client.get(INGRESSES, namespace, name);
        this.say("I", "status.go:304", "updating Ingress status", {
          namespace,
          ingress: name,
          currentValue: now,
          newValue: wanted,
        });
        yield* this.client.update(INGRESSES, { ...fresh, status: { loadBalancer: { ingress: wanted } } }, "status");
      }
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      this.say("W", "status.go:310", `error updating ingress rule: ${error.message}`);
    }
  }

  /** Where the controller is reached: as its Service says, or the addresses of the nodes that it runs on. */
  private *addresses(): Gen<{ ip?: string; hostname?: string }[]> {
    const published = this.flags.get("publish-service");
    const fixed = this.flags.get("publish-status-address");
    const named = (text: string) => (/^[\d.]+$/.test(text) ? { ip: text } : { hostname: text });
    if (fixed !== undefined) return fixed.split(",").map((text) => named(text.trim()));
    if (published !== undefined) {
      const [namespace = "", name = ""] = published.split("/");
      const { spec, status } = yield* this.client.get(SERVICES, namespace, name);
      if (spec.type === "ExternalName") return [{ hostname: spec.externalName }];
      if (spec.type !== "LoadBalancer") return [spec.clusterIP, ...(spec.externalIPs ?? [])].map(named);
      const own = (status?.loadBalancer?.ingress ?? []).map(plain);
      return [...own, ...(spec.externalIPs ?? []).map(named)];
    }
    const labels = Object.entries(this.self?.metadata.labels ?? {}).map((pair) => pair.join("="));
    const pods = yield* this.client.list<KubeObject>(PODS, {
      namespace: this.pod.namespace,
      labelSelector: labels.join(","),
    });
    const out = new Map<string, { ip?: string; hostname?: string }>();
    for (const { spec, status } of pods.items as KubeObject[] & { spec: KubeObject; status: KubeObject }[]) {
      const ready = status?.conditions?.some(
        (one: { type: string; status: string }) => one.type === "Ready" && one.status === "True",
      );
      if (status?.phase !== "Running" || !ready || !spec.nodeName) continue;
      const node = yield* this.client.get(NODES, undefined, spec.nodeName);
      const all = (node["status"]?.addresses ?? []) as { type: string; address: string }[];
      const shown = all.filter(({ type }) => type === "ExternalIP");
      for (const { address } of shown.length > 0 ? shown : all.filter(({ type }) => type === "InternalIP")) {
        out.set(address, named(address));
      }
    }
    return [...out.keys()].sort().map((address) => out.get(address)!);
  }

  private *shutDown(signal: string): Gen {
    this.say("I", "sigterm.go:36", `Received SIG${signal}, shutting down`, {});
    this.say("I", "nginx.go:395", "Shutting down controller queues", {});
    const pods = yield* this.running();
    if (pods > 1) this.say("I", "status.go:135", "leaving status update for next leader", {});
    else if (this.election.leading) {
      yield* this.withdraw();
    }
    this.stop();
    this.say("I", "nginx.go:411", "Stopping NGINX process", {});
    yield* sleep(SECOND);
    this.say("I", "nginx.go:424", "NGINX process has stopped", {});
    this.say("I", "sigterm.go:44", "Handled quit, delaying controller exit for 10 seconds", {});
    yield* sleep(10 * SECOND);
    this.say("I", "sigterm.go:47", "Exiting", { code: 0 });
  }

  /** Takes its address off the Ingresses; its token may be gone with the namespace. */
  private *withdraw(): Gen {
    try {
      this.say("I", "status.go:145", "removing value from ingress status", { address: yield* this.addresses() });
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      return this.say("E", "status.go:140", `error obtaining running IP address: ${error.message}`);
    }
    yield* this.updateStatus(true);
  }

  /** Controllers of this Deployment that run. */
  private *running(): Gen<number> {
    const own = ["pod-template-hash", "controller-revision-hash", "pod-template-generation"];
    const labels = Object.entries(this.self?.metadata.labels ?? {}).filter(([name]) => !own.includes(name));
    const labelSelector = labels.map((pair) => pair.join("=")).join(",");
    try {
      return (yield* this.client.list<KubeObject>(PODS, { namespace: this.pod.namespace, labelSelector })).items.length;
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      return 0;
    }
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.election.stop();
    this.store.stop();
    for (const each of this.close) each();
  }
}

function plain({ ip, hostname }: { ip?: string; hostname?: string }): { ip?: string; hostname?: string } {
  return ip === undefined ? { ...(hostname === undefined ? {} : { hostname }) } : { ip };
}
