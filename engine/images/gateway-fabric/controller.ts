import type { ApiClient } from "../../api/client.ts";
import { Informer, keyOf } from "../../api/informer.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { ENDPOINT_SLICES, NAMESPACES, SECRETS, SERVICES } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import { fail, flagsOf, healthPages, logger, untilTerminated } from "../../control-plane/daemon.ts";
import { decode, decodeBase64, type Gen, MS, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import { isNetError } from "../../network/index.ts";
import { buildModel, GROUP, type Listener, type Model, type Said } from "./model.ts";
import { RouteProxy } from "./proxy.ts";

const own = (resource: string, kind: string, namespaced = true, version = "v1"): Resource => ({
  group: GROUP,
  version,
  resource,
  kind,
  namespaced,
});
const CLASSES = own("gatewayclasses", "GatewayClass", false);
const GATEWAYS = own("gateways", "Gateway");
const ROUTES = own("httproutes", "HTTPRoute");
const GRANTS = own("referencegrants", "ReferenceGrant", true, "v1beta1");

/** Changes are gathered for so long. */
const PAUSE = 50 * MS;
const said = (type: string, reason: string, message: string, status: "True" | "False" = "True"): Said => ({
  type,
  status,
  reason,
  message,
});

/** nginx-gateway-fabric 1.x: Gateways and HTTPRoutes of its class as nginx's configuration, and what it says of them. */
export const gatewayFabric: Program = function* (p) {
  const flags = flagsOf(p);
  const client = inClusterClient(p, "gateway/v1.6.2 (linux/amd64) kubernetes/$Format");
  if (client === undefined) {
    logger(p)(
      '{"level":"error","msg":"cannot build kubernetes client config: unable to load in-cluster configuration"}',
    );
    fail(1);
  }
  const fabric = new Fabric(p, flags, client);
  try {
    return yield* fabric.run();
  } finally {
    fabric.stop();
  }
};

class Fabric {
  private readonly p: Process;
  private readonly client: ApiClient;
  private readonly className: string;
  private readonly controller: string;
  /** `namespace/name` of the Service in front of nginx. */
  private readonly front: string;
  private readonly informers = new Map<Resource, Informer>();
  private readonly bySlice = new Map<string, Map<string, KubeObject>>();
  private readonly proxy: RouteProxy;
  private readonly open = new Map<number, () => void>();
  private readonly close: (() => void)[] = [];
  private pending = false;
  private working = false;
  private stopped = false;

  constructor(p: Process, flags: ReadonlyMap<string, string>, client: ApiClient) {
    this.p = p;
    this.client = client;
    this.className = flags.get("gatewayclass") ?? "nginx";
    this.controller = flags.get("gateway-ctlr-name") ?? "gateway.nginx.org/nginx-gateway-controller";
    this.front = `${p.env.get("POD_NAMESPACE") ?? "nginx-gateway"}/${flags.get("service") ?? "nginx-gateway"}`;
    for (const resource of [CLASSES, GATEWAYS, ROUTES, GRANTS, SERVICES, ENDPOINT_SLICES, SECRETS, NAMESPACES]) {
      const informer = new Informer(p.machine.kernel, client, resource);
      this.informers.set(resource, informer);
      informer.onChange(({ type, object }) => {
        if (resource === ENDPOINT_SLICES) this.note(type, object);
        this.wake();
      });
    }
    this.proxy = new RouteProxy(
      p,
      (key) => [...(this.bySlice.get(key)?.values() ?? [])],
      (key) => this.of(SERVICES).get(key),
    );
  }

  private of(resource: Resource): Informer {
    return this.informers.get(resource)!;
  }

  private note(type: string, slice: KubeObject): void {
    const key = `${slice.metadata.namespace}/${slice.metadata.labels?.["kubernetes.io/service-name"]}`;
    const members = this.bySlice.get(key) ?? new Map<string, KubeObject>();
    this.bySlice.set(key, members);
    if (type === "deleted") members.delete(slice.metadata.name);
    else members.set(slice.metadata.name, slice);
  }

  private say(level: string, logName: string, msg: string): void {
    const ts = formatTime(this.p.machine.kernel.wallMs);
    logger(this.p)(JSON.stringify({ level, ts, logger: logName, msg }));
  }

  *run(): Gen<number> {
    const { p } = this;
    this.say("info", "", "Starting NGINX Gateway Fabric in static mode");
    for (const informer of this.informers.values()) informer.start();
    while (![...this.informers.values()].every(({ synced }) => synced)) {
      if (p.takeSignal() === "TERM") return 0;
      yield* sleep(100 * MS);
    }
    const listen = (port: number, pages: Parameters<typeof p.ns.net.listen>[0] extends infer L ? Partial<L> : never) =>
      this.close.push(
        p.ns.net.listen({ protocol: "tcp", address: "0.0.0.0", port, program: p.comm, pid: p.pid, ...pages }),
      );
    listen(8081, healthPages("/readyz"));
    this.wake();
    yield* untilTerminated(p);
    return 0;
  }

  private wake(): void {
    if (this.pending || this.stopped) return;
    this.pending = true;
    this.p.machine.kernel.after(PAUSE, "nginx-gateway sync", () => {
      this.pending = false;
      if (this.stopped || this.p.status !== undefined) return;
      if (this.working) this.wake();
      else if ([...this.informers.values()].every(({ synced }) => synced))
        this.p.machine.kernel.spawn("nginx-gateway sync", this.sync(), { instant: false });
    });
  }

  private *sync(): Gen {
    this.working = true;
    try {
      const cls = this.of(CLASSES).get(this.className);
      const ours = cls?.["spec"].controllerName === this.controller;
      const byAge = (a: KubeObject, b: KubeObject) =>
        `${a.metadata.creationTimestamp} ${keyOf(a)}` < `${b.metadata.creationTimestamp} ${keyOf(b)}` ? -1 : 1;
      const gateways = ours
        ? [...this.of(GATEWAYS).items.values()]
            .filter((one) => one["spec"].gatewayClassName === this.className)
            .sort(byAge)
        : [];
      const model = buildModel({
        gateways,
        routes: [...this.of(ROUTES).items.values()].sort(byAge),
        service: (key) => this.of(SERVICES).get(key),
        secret: (key) => this.of(SECRETS).get(key),
        namespace: (name) => this.of(NAMESPACES).get(name),
        grants: [...this.of(GRANTS).items.values()],
      });
      this.serve(model);
      for (const one of this.of(CLASSES).items.values())
        if (one["spec"].controllerName === this.controller) yield* this.tellClass(one);
      for (const gateway of gateways) yield* this.tellGateway(gateway, model);
      yield* this.tellRoutes(model);
    } catch (error) {
      if (!isNetError(error) && !(error instanceof StatusError)) throw error;
      this.wake();
    } finally {
      this.working = false;
    }
  }

  /** nginx with another configuration: ports that Gateways ask for are open, others not. */
  private serve(model: Model): void {
    const { p, proxy } = this;
    proxy.model = model;
    const wanted = new Map(model.listeners.filter(({ fault }) => !fault).map((one) => [one.port, one]));
    for (const [port, close] of [...this.open]) {
      if (wanted.has(port)) continue;
      close();
      this.open.delete(port);
    }
    for (const [port, { tls }] of wanted) {
      if (this.open.has(port)) continue;
      const common = { protocol: "tcp", address: "0.0.0.0", port, program: "nginx", pid: p.pid } as const;
      const secure = tls && { tls: true, certificate: (name?: string) => this.certificate(port, name ?? "") };
      const close = p.ns.net.listen({ ...common, ...secure, http: (request) => proxy.handle(request, port) });
      this.open.set(port, close);
    }
  }

  private certificate(port: number, name: string): string {
    const fits = ({ hostname }: Listener) =>
      hostname === "" || hostname === name || (hostname.startsWith("*.") && name.endsWith(hostname.slice(1)));
    const all = this.proxy.model.listeners.filter((one) => one.port === port && one.secret !== undefined);
    const found = all.find(fits) ?? all[0];
    return decode(
      decodeBase64(this.of(SECRETS).get(found?.secret ?? "")?.["data"]?.["tls.crt"] ?? "") ?? new Uint8Array(0),
    );
  }

  // ---- what is said ---------------------------------------------------------------------------------------------------

  /** Conditions with the times of those that stay as they are. */
  private conditions(
    object: KubeObject,
    before: readonly (Said & { lastTransitionTime: string })[] | undefined,
    now: readonly Said[],
  ): object[] {
    const time = formatTime(this.p.machine.kernel.wallMs);
    return now.map((one) => {
      const old = before?.find(({ type, status }) => type === one.type && status === one.status);
      const { type, status, reason, message } = one;
      return {
        lastTransitionTime: old?.lastTransitionTime ?? time,
        message,
        observedGeneration: object.metadata.generation,
        reason,
        status,
        type,
      };
    });
  }

  private *write(resource: Resource, object: KubeObject, status: object): Gen {
    if (JSON.stringify(object["status"]) === JSON.stringify(status)) return;
    yield* this.client.update(resource, { ...object, status } as KubeObject, "status");
  }

  private *tellClass(cls: KubeObject): Gen {
    const mine = cls.metadata.name === this.className;
    const now = mine
      ? [
          said("Accepted", "Accepted", "GatewayClass is accepted"),
          said("SupportedVersion", "SupportedVersion", "Gateway API CRD versions are supported"),
        ]
      : [
          said(
            "Accepted",
            "GatewayClassConflict",
            "The resource is ignored due to a conflicting GatewayClass resource",
            "False",
          ),
        ];
    yield* this.write(CLASSES, cls, { conditions: this.conditions(cls, cls["status"]?.conditions, now) });
  }

  private *tellGateway(gateway: KubeObject, model: Model): Gen {
    const listeners = model.listeners.filter((one) => one.gateway === gateway);
    const bad = listeners.filter(({ fault }) => fault !== undefined).length;
    const all = bad === listeners.length;
    const invalid = said(
      "Accepted",
      "ListenersNotValid",
      all ? "Gateway has no valid listeners" : "Gateway has at least one valid listener",
      all ? "False" : "True",
    );
    const now = [
      bad === 0 ? said("Accepted", "Accepted", "Gateway is accepted") : invalid,
      all
        ? said("Programmed", "Invalid", "Gateway has no valid listeners", "False")
        : said("Programmed", "Programmed", "Gateway is programmed"),
    ];
    const before = gateway["status"] ?? {};
    const shown = listeners.map((one) => {
      const old = before.listeners?.find(({ name }: { name: string }) => name === one.name)?.conditions;
      const good = [
        said("Accepted", "Accepted", "Listener is accepted"),
        said("Programmed", "Programmed", "Listener is programmed"),
        said("ResolvedRefs", "ResolvedRefs", "All references are resolved"),
        said("Conflicted", "NoConflicts", "No conflicts", "False"),
      ];
      const { fault } = one;
      const conditions =
        fault === undefined
          ? good
          : [
              ...good.map((each) =>
                each.type === fault.type
                  ? fault
                  : each.type === "Programmed"
                    ? said("Programmed", "Invalid", fault.message, "False")
                    : each,
              ),
            ];
      return {
        attachedRoutes: one.attached,
        conditions: this.conditions(gateway, old, conditions),
        name: one.name,
        supportedKinds: ["HTTPRoute", "GRPCRoute"].map((kind) => ({ group: GROUP, kind })),
      };
    });
    yield* this.write(GATEWAYS, gateway, {
      addresses: this.addresses(),
      conditions: this.conditions(gateway, before.conditions, now),
      listeners: shown,
    });
  }

  /** The load balancer's address, or the Pod's own. */
  private addresses(): object[] {
    const ingress: { ip?: string }[] = this.of(SERVICES).get(this.front)?.["status"]?.loadBalancer?.ingress ?? [];
    const own = [{ ip: this.p.env.get("POD_IP") ?? this.p.ns.net.firstAddress() }];
    return (ingress.length > 0 ? ingress : own).map(({ ip }) => ({ type: "IPAddress", value: ip }));
  }

  private *tellRoutes(model: Model): Gen {
    const told = new Set<KubeObject>();
    for (const { route, parents } of model.statuses) {
      told.add(route);
      const all: { controllerName: string; parentRef: object; conditions?: never }[] = route["status"]?.parents ?? [];
      const others = all.filter(({ controllerName }) => controllerName !== this.controller);
      const mine = parents.map(({ parentRef, conditions }) => {
        const same = ({ parentRef: ref }: { parentRef: object }) => JSON.stringify(ref) === JSON.stringify(parentRef);
        const old = all.find((one) => one.controllerName === this.controller && same(one))?.conditions;
        return { conditions: this.conditions(route, old, conditions), controllerName: this.controller, parentRef };
      });
      yield* this.write(ROUTES, route, { parents: [...others, ...mine] });
    }
    for (const route of this.of(ROUTES).items.values()) {
      const all: { controllerName: string }[] = route["status"]?.parents ?? [];
      if (told.has(route) || !all.some(({ controllerName }) => controllerName === this.controller)) continue;
      yield* this.write(ROUTES, route, {
        parents: all.filter(({ controllerName }) => controllerName !== this.controller),
      });
    }
  }

  stop(): void {
    this.stopped = true;
    for (const informer of this.informers.values()) informer.stop();
    for (const each of [...this.close, ...this.open.values()]) each();
  }
}
