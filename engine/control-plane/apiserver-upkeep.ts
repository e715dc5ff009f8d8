import { sha256 } from "@noble/hashes/sha2.js";
import { userAgent } from "../api/build-info.ts";
import { ApiClient } from "../api/client.ts";
import { EventRecorder } from "../api/event-recorder.ts";
import type { Sender } from "../api/http.ts";
import type { Severity } from "../api/klog.ts";
import { type LeaseHost, LeaseKeeper } from "../api/lease-keeper.ts";
import { CONFIG_MAPS, LEASES } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import { formatTime, parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import {
  type ApiServer,
  type CacheEvent,
  EndpointReconciler,
  RECONCILE_PERIOD,
  repairRanges,
} from "../apiserver/index.ts";
import { type Gen, HOUR, type Kernel, type KernelEvent, MINUTE, type Task } from "../kernel/index.ts";

export interface UpkeepOptions {
  kernel: Kernel;
  server: ApiServer;
  /** Host name, and IP that it is reached under. */
  hostname: string;
  address: string;
  /** ClusterIP of the Service `kubernetes`. */
  serviceIp: string;
  /** How it asks itself. */
  send: Sender;
  /** Whether etcd answers. */
  answers: () => boolean;
  flags: ReadonlyMap<string, string>;
  /** Text of a file; empty where it is not there. */
  read: (path: string | undefined) => string;
  log: (severity: Severity, source: string, message: string, kv?: Record<string, unknown>) => void;
}

const IDENTITY_LABEL = "apiserver.kubernetes.io/identity";
const IDENTITY = "kube-apiserver";
/** Seconds that the Lease of an API server's identity lasts; one that is over is thrown away within another hour. */
const LEASE_SECONDS = 3600;

const AUTHENTICATION = "extension-apiserver-authentication";
const TRACKING = "kube-apiserver-legacy-service-account-token-tracking";

/** How often it looks whether what Services hold is what their ranges say (pkg/controlplane/apiserver). */
const REPAIR_PERIOD = 3 * MINUTE;

/** Flags whose lists of words kube-apiserver publishes, under their own names, for the servers behind it. */
const PUBLISHED = ["allowed-names", "extra-headers-prefix", "group-headers", "username-headers"].map(
  (name) => `requestheader-${name}`,
);

/**
 * What an API server does by itself while it serves, as a client of its own: the Lease of its identity (KEP-1965), its
 * place behind the Service `kubernetes`, and what it publishes for others (pkg/controlplane/apiserver/server.go).
 */
export class ApiServerUpkeep implements LeaseHost {
  readonly kernel: Kernel;
  private readonly options: UpkeepOptions;
  private readonly client: ApiClient;
  private readonly reconciler: EndpointReconciler;
  private readonly recorders: Record<"ip" | "port", EventRecorder>;
  private unfollow: (() => void) | undefined;
  private readonly tasks = new Set<Task>();
  private readonly events = new Set<KernelEvent>();

  constructor(options: UpkeepOptions) {
    const { kernel, server, address, serviceIp, send } = options;
    this.kernel = kernel;
    this.options = options;
    const agent = userAgent("kube-apiserver", server.release);
    this.client = new ApiClient({ send, userAgent: agent, bearer: server.loopbackToken, remoteAddress: "::1" });
    this.reconciler = new EndpointReconciler(server.registry, address, serviceIp);
    const recorder = (component: string) => new EventRecorder({ kernel, client: this.client, component });
    this.recorders = {
      ip: recorder("ipallocator-repair-controller"),
      port: recorder("portallocator-repair-controller"),
    };
  }

  start(): void {
    const { hostname, server } = this.options;
    const random = this.kernel.random(`apiserver ${hostname} identity`);
    const name = identityOf(hostname);
    new LeaseKeeper(this, {
      client: this.client,
      namespace: "kube-system",
      name,
      holderIdentity: `${name}_${random.uuid()}`,
      seconds: LEASE_SECONDS,
      *metadata() {
        return { labels: { [IDENTITY_LABEL]: IDENTITY, "kubernetes.io/hostname": hostname } };
      },
      jitterMs: () => random.int(0, 400),
    }).start();
    this.spawn(`apiserver ${hostname} published`, this.publish());
    const maps = server.registry.cacheOf("", "v1", "configmaps");
    this.unfollow = maps?.onEvent((event) => this.follow(event));
    this.after(HOUR, `apiserver ${hostname} leases`, () => this.collect());
    this.reconcile();
    this.repair();
  }

  /** Takes its address away from the Service. */
  *leave(): Gen {
    yield* this.reconciler.leave();
  }

  stop(): void {
    this.unfollow?.();
    for (const event of this.events) this.kernel.cancel(event);
    for (const task of [...this.tasks]) this.kernel.kill(task);
  }

  log(severity: "E", source: string, message: string, kv: { err: string }): void {
    this.options.log(severity, source, message, kv);
  }

  spawn(name: string, body: Gen<unknown>): void {
    const task = this.kernel.spawn(name, body, { instant: true, onExit: (ended) => this.tasks.delete(ended) });
    this.tasks.add(task);
  }

  begin(name: string, body: Gen<unknown>): void {
    const task = this.kernel.begin(name, body, (ended) => this.tasks.delete(ended));
    if (task.state !== "done") this.tasks.add(task);
  }

  after(us: number, key: string, callback: () => void): void {
    const event = this.kernel.after(us, key, () => {
      this.events.delete(event);
      callback();
    });
    this.events.add(event);
  }

  private reconcile(): void {
    const key = `apiserver ${this.options.hostname} endpoints`;
    if (this.options.answers()) this.begin(key, this.reconciler.reconcile());
    this.after(RECONCILE_PERIOD, key, () => this.reconcile());
  }

  private repair(): void {
    const { hostname, server, answers } = this.options;
    const key = `apiserver ${hostname} ranges`;
    const repaired = repairRanges(server.registry, (service, kind, reason, message) =>
      this.recorders[kind].event(service, "Warning", reason, message),
    );
    if (answers()) this.begin(key, repaired);
    this.after(REPAIR_PERIOD, key, () => this.repair());
  }

  /**
   * Who may be trusted, for the servers that ask kube-apiserver whom to let in (controllers/clusterauthenticationtrust),
   * and since when tokens without an end are followed (controllers/legacytokentracking). What somebody takes away comes
   * back at once.
   */
  private *publish(): Gen {
    yield* this.ensure(AUTHENTICATION, this.trusted());
    yield* this.ensure(TRACKING, { since: formatTime(this.kernel.wallMs).slice(0, 10) });
  }

  private trusted(): Record<string, string> {
    const { flags, read } = this.options;
    const data: Record<string, string> = {};
    const ca = read(flags.get("client-ca-file"));
    if (ca !== "") data["client-ca-file"] = ca;
    const proxyCa = read(flags.get("requestheader-client-ca-file"));
    if (proxyCa !== "") {
      for (const flag of PUBLISHED) data[flag] = JSON.stringify((flags.get(flag) ?? "").split(",").filter(Boolean));
      data["requestheader-client-ca-file"] = proxyCa;
    }
    return data;
  }

  /** A change of what is published: it is made again, or has again what it lacks. */
  private follow({ type, object }: CacheEvent): void {
    const { namespace, name } = object.metadata;
    if (namespace !== "kube-system") return;
    if (name !== AUTHENTICATION && (name !== TRACKING || type !== "DELETED")) return;
    if (!this.options.answers()) return;
    this.spawn(`apiserver ${this.options.hostname} published`, this.publish());
  }

  /** A ConfigMap of kube-system that has these data beside what others have added. */
  private *ensure(name: string, data: Record<string, string>): Gen {
    const namespace = "kube-system";
    try {
      const found = yield* this.client.get<KubeObject & { data?: Record<string, string> }>(
        CONFIG_MAPS,
        namespace,
        name,
      );
      const next = { ...found.data };
      for (const [key, value] of Object.entries(data)) next[key] = combined(key, next[key], value);
      if (Object.keys(data).every((key) => next[key] === found.data?.[key])) return;
      yield* this.client.update(CONFIG_MAPS, { ...found, data: next });
    } catch (error) {
      if (!isStatus(error, "NotFound")) return this.given(error);
      try {
        yield* this.client.create(CONFIG_MAPS, {
          apiVersion: "v1",
          kind: "ConfigMap",
          metadata: { name, namespace },
          data,
        });
      } catch (other) {
        this.given(other);
      }
    }
  }

  /** Leases of API servers that have been gone for longer than they last (controllers/apiserverleasegc). */
  private collect(): void {
    const key = `apiserver ${this.options.hostname} leases`;
    this.spawn(key, this.collectExpired());
    this.after(HOUR, key, () => this.collect());
  }

  private *collectExpired(): Gen {
    try {
      const { items } = yield* this.client.list(LEASES, {
        namespace: "kube-system",
        labelSelector: `${IDENTITY_LABEL}=${IDENTITY}`,
      });
      for (const lease of items) {
        const { renewTime, leaseDurationSeconds = 0 } = lease["spec"] ?? {};
        if (parseTime(renewTime) + leaseDurationSeconds * 1000 > this.kernel.wallMs) continue;
        yield* this.client.delete(LEASES, "kube-system", lease.metadata.name);
      }
    } catch (error) {
      this.given(error);
    }
  }

  /** What the server answers itself is taken as it is: the next turn tries again. */
  private given(error: unknown): void {
    if (!(error instanceof StatusError)) throw error;
  }
}

/** What was there with what is ours: certificates and names of both, of anything else what was there. */
function combined(key: string, found: string | undefined, own: string): string {
  if (found === undefined) return own;
  if (key.endsWith("client-ca-file")) return found.includes(own.trim()) ? found : `${found.trim()}\n${own}`;
  if (!key.startsWith("requestheader-")) return found;
  const both = new Set([...namesIn(found), ...namesIn(own)]);
  return JSON.stringify([...both]);
}

function namesIn(text: string): string[] {
  try {
    const value: unknown = JSON.parse(text);
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

const BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

/**
 * `apiserver-` and half the SHA-256 of host name and kind, each behind its length in two bytes, in base32
 * (apiserver pkg/server/config.go NewConfig).
 */
export function identityOf(hostname: string): string {
  const parts = [hostname, IDENTITY].map((text) => [
    text.length >> 8,
    text.length & 255,
    ...new TextEncoder().encode(text),
  ]);
  const hash = sha256(Uint8Array.from(parts.flat())).subarray(0, 16);
  let out = "";
  for (let bit = 0; bit < 128; bit += 5) {
    const pair = (hash[bit >> 3]! << 8) | (hash[(bit >> 3) + 1] ?? 0);
    out += BASE32[(pair >> (11 - (bit & 7))) & 31];
  }
  return `apiserver-${out}`;
}
