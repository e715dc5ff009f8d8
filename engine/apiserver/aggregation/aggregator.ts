import type { HttpRequest, HttpResponse } from "../../api/http.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { decode, type Gen, SECOND } from "../../kernel/index.ts";
import type { Context } from "../context.ts";
import { PageError } from "../errors.ts";
import { fillMeta, inOrder } from "../objectmeta.ts";
import type { Registry } from "../registry.ts";
import { guaranteedUpdate, insert } from "../store.ts";
import { AUTOMANAGED, groupVersionsOf, localApiService } from "./api-services.ts";

const GROUP = "apiregistration.k8s.io";
const RESOURCE = "apiservices";
/** How often a server that answers is asked again, and one that does not at first and at most (kube-aggregator controllers/status/remote). */
const CHECK_PERIOD = 30 * SECOND;
const FIRST_RETRY = SECOND;
/** How long a server is given to answer a check. */
const CHECK_TIMEOUT = 5;

/** How API servers reach servers behind Services. */
export interface ServiceDialer {
  /** Sends a request to `address` (`10.201.4.7:443`); the answer, or why there is none (`dial tcp …`). */
  dial(address: string, request: HttpRequest, timeoutSeconds: number): Gen<HttpResponse | string>;
}

/** A resource as a server's APIResourceList has it. */
export interface RemoteResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  kind: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
}

/** A group version that another server serves. */
export interface RemoteVersion {
  readonly group: string;
  readonly version: string;
  readonly groupPriority: number;
  readonly versionPriority: number;
  /** What it said when it last answered. */
  readonly resources: readonly RemoteResource[];
  readonly available: boolean;
}

interface Verdict {
  status: "True" | "False";
  reason: string;
  message: string;
  resources?: readonly RemoteResource[];
}

/**
 * The aggregation layer: group versions that APIService objects hand to other servers (kube-aggregator pkg/apiserver).
 * Keeps the APIServices of what is served here, asks the other servers whether they are there, and hands requests on.
 */
export class Aggregator {
  /** Sorted for discovery; a new array whenever something about them changes. Usually empty. */
  remotes: readonly RemoteVersion[] = [];
  private readonly registry: Registry;
  private readonly byVersion = new Map<string, RemoteVersion>();
  private readonly dialers = new Set<ServiceDialer>();
  /** µs until the next check of those that did not answer. */
  private readonly retries = new Map<string, number>();
  private readonly checking = new Set<string>();
  private timer = false;

  constructor(registry: Registry) {
    this.registry = registry;
    registry.cacheOf(GROUP, "v1", RESOURCE)?.onEvent(({ type, object, old }) => {
      if (type !== "DELETED" && object["spec"] === old?.["spec"]) return;
      this.note(object, type === "DELETED");
    });
    for (const resource of ["services", "endpoints"]) {
      registry.cacheOf("", "v1", resource)?.onEvent(({ object }) => {
        if (this.remotes.length > 0) this.recheck(object.metadata.namespace ?? "", object.metadata.name);
      });
    }
  }

  /** An API server that runs, through which others are reached. The returned function takes it away. */
  addDialer(dialer: ServiceDialer): () => void {
    this.dialers.add(dialer);
    return () => this.dialers.delete(dialer);
  }

  /** Who serves a group version instead of this server. */
  serving(group: string, version: string): RemoteVersion | undefined {
    return this.byVersion.size === 0 ? undefined : this.byVersion.get(`${group}/${version}`);
  }

  /** Hands a request on, with the user in headers (--requestheader-*), as handler_proxy.go does. */
  *proxy(context: Context, dialer: ServiceDialer | undefined): Gen<HttpResponse> {
    const { info, request, user } = context;
    const found = this.objectOf(info.group, info.version);
    const remote = this.serving(info.group, info.version);
    if (found === undefined || remote === undefined || !remote.available || dialer === undefined) {
      throw new PageError(503, "service unavailable\n");
    }
    const address = this.addressOf(found);
    if (typeof address !== "object") throw new PageError(503, "service unavailable\n");
    const { authorization: _, ...headers } = request.headers;
    const answer = yield* dialer.dial(
      address.at,
      {
        ...request,
        headers: { ...headers, "x-remote-user": user.name, "x-remote-group": user.groups.join(",") },
        clientCertificate: undefined,
      },
      60,
    );
    if (typeof answer === "string") throw new PageError(503, `error trying to reach service: ${answer}\n`);
    return answer;
  }

  /** Keeps APIServices for the group versions that CustomResourceDefinitions bring (controller/crdregistration). */
  *keepCustom(wanted: readonly { group: string; version: string }[]): Gen {
    const def = this.registry.kind(GROUP, "v1", RESOURCE);
    if (def === undefined) return;
    const names = new Set(wanted.map(({ group, version }) => `${version}.${group}`));
    const cache = this.registry.cache(def);
    for (const object of [...cache.everything()]) {
      const { name, labels } = object.metadata;
      if (labels?.[AUTOMANAGED] !== "true" || names.has(name)) continue;
      yield* guaranteedUpdate(this.registry, def, "", name, function* (): Gen<"delete"> {
        return "delete";
      });
    }
    yield* this.keep(wanted);
  }

  /** Keeps the APIServices of the built-in group versions, when a server starts. */
  *keepBuiltIn(): Gen {
    yield* this.keep(groupVersionsOf(this.registry.kinds));
  }

  private *keep(wanted: readonly { group: string; version: string }[]): Gen {
    const { registry } = this;
    const def = registry.kind(GROUP, "v1", RESOURCE);
    if (def === undefined) return;
    for (const gv of wanted) {
      if (registry.cache(def).get("", `${gv.version}.${gv.group}`) !== undefined) continue;
      const draft = localApiService(gv, formatTime(registry.kernel.wallMs)) as KubeObject;
      fillMeta(registry.kernel, def, draft, "");
      yield* insert(registry, def, inOrder(draft));
    }
  }

  private note(object: KubeObject, gone: boolean): void {
    const { group = "", version, service, groupPriorityMinimum, versionPriority } = object["spec"];
    const key = `${group}/${version}`;
    if (gone || !service) {
      if (this.byVersion.delete(key)) this.changed();
      return;
    }
    const before = this.byVersion.get(key);
    this.set(key, {
      group,
      version,
      groupPriority: groupPriorityMinimum,
      versionPriority,
      resources: before?.resources ?? [],
      available: false,
    });
    this.check(key);
    this.arm();
  }

  private set(key: string, remote: RemoteVersion): void {
    this.byVersion.set(key, Object.freeze(remote));
    this.changed();
  }

  private changed(): void {
    this.remotes = [...this.byVersion.values()].sort(
      (a, b) =>
        b.groupPriority - a.groupPriority || (a.group < b.group ? -1 : 1) || b.versionPriority - a.versionPriority,
    );
  }

  private recheck(namespace: string, name: string): void {
    for (const { group, version } of this.remotes) {
      const service = this.objectOf(group, version)?.["spec"].service;
      if (service?.namespace === namespace && service.name === name) this.check(`${group}/${version}`);
    }
  }

  /** Looks at those that are due: all every half minute, the silent ones sooner. */
  private arm(): void {
    if (this.timer) return;
    this.timer = true;
    const { kernel } = this.registry;
    kernel.after(CHECK_PERIOD, "apiserver aggregation", () => {
      this.timer = false;
      for (const key of this.byVersion.keys()) this.check(key);
      if (this.byVersion.size > 0) this.arm();
    });
  }

  private check(key: string): void {
    if (this.checking.has(key)) return;
    this.checking.add(key);
    this.registry.kernel.spawn(`apiserver aggregation ${key}`, this.judge(key));
  }

  private *judge(key: string): Gen {
    const { registry } = this;
    try {
      const [group, version] = key.split("/") as [string, string];
      const object = this.objectOf(group, version);
      const before = this.byVersion.get(key);
      if (object === undefined || before === undefined) return;
      const verdict = yield* this.ask(object);
      const current = this.byVersion.get(key);
      if (current === undefined) return;
      const available = verdict.status === "True";
      const resources = verdict.resources ?? current.resources;
      if (available !== current.available || resources !== current.resources) {
        this.set(key, { ...current, available, resources });
      }
      yield* this.tell(object.metadata.name, verdict);
      if (available) this.retries.delete(key);
      else {
        const delay = Math.min(CHECK_PERIOD, (this.retries.get(key) ?? FIRST_RETRY / 2) * 2);
        this.retries.set(key, delay);
        registry.kernel.after(delay, `apiserver aggregation ${key}`, () => this.check(key));
      }
    } finally {
      this.checking.delete(key);
    }
  }

  private objectOf(group: string, version: string): KubeObject | undefined {
    return this.registry.cacheOf(GROUP, "v1", RESOURCE)?.get("", `${version}.${group}`);
  }

  /** Where a server is: its Service's cluster IP, since kubeadm does not route to endpoints. A verdict when there is none. */
  private addressOf(object: KubeObject): { at: string } | string {
    const { namespace, name, port = 443 } = object["spec"].service;
    const service = this.registry.cacheOf("", "v1", "services")?.get(namespace, name);
    return service === undefined ? "" : { at: `${service["spec"].clusterIP}:${port}` };
  }

  private *ask(object: KubeObject): Gen<Verdict> {
    const no = (reason: string, message: string): Verdict => ({ status: "False", reason, message });
    const { group, version, service: reference } = object["spec"];
    const { namespace, name, port = 443 } = reference;
    const { registry } = this;
    const service = registry.cacheOf("", "v1", "services")?.get(namespace, name);
    const where = `"${name}" in "${namespace}"`;
    if (service === undefined) return no("ServiceNotFound", `service/${name} in "${namespace}" is not present`);
    if (service["spec"].type === "ClusterIP") {
      const ports: { port: number; name?: string }[] = service["spec"].ports ?? [];
      const named = ports.find((one) => one.port === port);
      if (named === undefined) {
        return no("ServicePortError", `service/${name} in "${namespace}" is not listening on port ${port}`);
      }
      const endpoints = registry.cacheOf("", "v1", "endpoints")?.get(namespace, name);
      if (endpoints === undefined)
        return no("EndpointsNotFound", `cannot find endpoints for service/${name} in ${where}`);
      const subsets: { addresses?: unknown[]; ports?: { name?: string }[] }[] = endpoints["subsets"] ?? [];
      const ready = subsets.some(
        ({ addresses = [], ports: open = [] }) =>
          addresses.length > 0 && open.some((one) => (one.name ?? "") === (named.name ?? "")),
      );
      if (!ready) {
        return no(
          "MissingEndpoints",
          `endpoints for service/${name} in "${namespace}" have no addresses with port name "${named.name ?? ""}"`,
        );
      }
    }
    const address = this.addressOf(object);
    const [dialer] = this.dialers;
    if (typeof address !== "object" || dialer === undefined) return no("FailedDiscoveryCheck", "no API server runs");
    const path = `/apis/${group}/${version}`;
    const url = `https://${address.at}${path}`;
    const failed = (why: string): Verdict =>
      no("FailedDiscoveryCheck", `failing or missing response from ${url}: ${why}`);
    const answer = yield* dialer.dial(
      address.at,
      {
        method: "GET",
        path,
        headers: { accept: "application/json", "user-agent": "kube-aggregator" },
        remoteAddress: "",
      },
      CHECK_TIMEOUT,
    );
    if (typeof answer === "string") return failed(`Get "${url}": ${answer}`);
    if (answer.status < 200 || answer.status > 299) return failed(`bad status from ${url}: ${answer.status}`);
    return { status: "True", reason: "Passed", message: "all checks passed", resources: resourcesOf(answer) };
  }

  private *tell(name: string, { status, reason, message }: Verdict): Gen {
    const { registry } = this;
    const def = registry.kind(GROUP, "v1", RESOURCE);
    if (def === undefined || registry.cache(def).get("", name) === undefined) return;
    const now = formatTime(registry.kernel.wallMs);
    yield* guaranteedUpdate(registry, def, "", name, function* (current): Gen<KubeObject> {
      const [before] = current["status"]?.conditions ?? [];
      if (before?.status === status && before.reason === reason && before.message === message) return current;
      const lastTransitionTime = before?.status === status ? before.lastTransitionTime : now;
      const condition = { lastTransitionTime, message, reason, status, type: "Available" };
      return { ...current, status: { conditions: [condition] } };
    });
  }
}

function resourcesOf({ body }: HttpResponse): readonly RemoteResource[] {
  let value: unknown;
  try {
    value = body.type === "object" ? body.value : body.type === "bytes" ? JSON.parse(decode(body.bytes)) : undefined;
  } catch {
    // A server whose discovery cannot be read offers nothing.
  }
  const resources = (value as { resources?: unknown } | undefined)?.resources;
  return Array.isArray(resources) ? (resources as RemoteResource[]) : [];
}
