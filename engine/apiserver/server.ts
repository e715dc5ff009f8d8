import { RELEASE } from "../api/build-info.ts";
import { CertificateAuthenticator } from "../api/client-certificates.ts";
import type { Beat, BeatRequests, HttpHandler } from "../api/http.ts";
import type { KindDef } from "../api/kind.ts";
import { ANONYMOUS } from "../api/user.ts";
import type { Kernel } from "../kernel/index.ts";
import type { Exposition } from "../text/exposition.ts";
import type { AdmissionPlugin } from "./admission/admission.ts";
import { ADMISSION_PLUGINS } from "./admission/plugins.ts";
import type { ServiceDialer } from "./aggregation/aggregator.ts";
import { AuditLog, type AuditOptions, type AuditSink } from "./audit.ts";
import type { AccessAttributes } from "./authorization/attributes.ts";
import type { Authorizer } from "./authorization/authorization.ts";
import { beatOf } from "./beat.ts";
import { Encryption } from "./encryption.ts";
import { FlowTally } from "./flow-tally.ts";
import { ApiMetrics } from "./metrics.ts";
import type { NodeProxy, WebhookClient } from "./node-proxy.ts";
import { serve } from "./pipeline.ts";
import type { Registry } from "./registry.ts";
import type { RequestInfo } from "./requestinfo.ts";
import { TokenAuthenticator } from "./tokens.ts";
import type { CacheWatch } from "./watch.ts";

export interface ApiServerOptions {
  kernel: Kernel;
  /** Machine it runs on: `cp-1`. */
  name: string;
  /** What it is of: `v1.32.3`. */
  release?: string;
  /** Kinds and watch caches; API servers on one etcd share one. */
  registry: Registry;
  /** PEM of `--client-ca-file`. */
  clientCa: string;
  /** P-256 private key that signs ServiceAccount tokens, 32 bytes. */
  serviceAccountKey: Uint8Array;
  /** `--service-account-issuer`. */
  serviceAccountIssuer?: string;
  /** Takes each line of the audit log. */
  auditSink?: AuditSink;
  /** The rest of the audit log. */
  audit?: Omit<AuditOptions, "sink">;
  /** Admission plugins that are on; ADMISSION_PLUGINS by default. */
  plugins?: readonly AdmissionPlugin[];
  nodeProxy?: NodeProxy;
  webhooks?: WebhookClient;
  /** Reaches servers that APIServices name. */
  services?: ServiceDialer;
  /** `--encryption-provider-config`. */
  encryption?: Encryption;
  /** `--service-cluster-ip-range`. */
  serviceCidr?: string;
  /** `--service-node-port-range`. */
  nodePorts?: string | undefined;
  /** IP it serves on. */
  address?: string;
  /** Metrics of the process. */
  ownFamilies?: (out: Exposition) => void;
}

/** Events live for an hour (`--event-ttl`), in seconds. */
const EVENT_TTL = 3600;
const ISSUER = "https://kubernetes.default.svc.cluster.local";

/** Kinds whose delete answers with the object even when it is gone at once (ReturnDeletedObject of their stores). */
const RETURNS_DELETED = new Set([
  "/pods",
  "/persistentvolumes",
  "/persistentvolumeclaims",
  "/podtemplates",
  "/resourcequotas",
  "/serviceaccounts",
  "/services",
]);

/** Kinds that may not be updated without a resourceVersion (AllowUnconditionalUpdate of their strategies). */
const CONDITIONAL_UPDATE = new Set([
  "coordination.k8s.io/leases",
  "apiextensions.k8s.io/customresourcedefinitions",
  "apiregistration.k8s.io/apiservices",
  "node.k8s.io/runtimeclasses",
  "policy/poddisruptionbudgets",
  "admissionregistration.k8s.io/mutatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingwebhookconfigurations",
  "admissionregistration.k8s.io/validatingadmissionpolicies",
  "admissionregistration.k8s.io/validatingadmissionpolicybindings",
  "storage.k8s.io/csidrivers",
  "storage.k8s.io/csinodes",
  "storage.k8s.io/csistoragecapacities",
  "storage.k8s.io/volumeattachments",
]);

/** Kinds that a PUT creates when they are not there (AllowCreateOnUpdate of their strategies). */
const CREATE_ON_UPDATE = new Set([
  "/endpoints",
  "/events",
  "/limitranges",
  "/services",
  "coordination.k8s.io/leases",
  "events.k8s.io/events",
  "node.k8s.io/runtimeclasses",
  "rbac.authorization.k8s.io/clusterrolebindings",
  "rbac.authorization.k8s.io/clusterroles",
  "rbac.authorization.k8s.io/rolebindings",
  "rbac.authorization.k8s.io/roles",
]);

/** What an anonymous reader of a health page asks of the authorizer. */
const HEALTH_PAGES: ReadonlyMap<string, AccessAttributes> = new Map(
  ["/healthz", "/livez", "/readyz"].map((path) => [
    path,
    {
      user: ANONYMOUS,
      verb: "get",
      path,
      isResource: false,
      namespace: "",
      group: "",
      resource: "",
      subresource: "",
      name: "",
    },
  ]),
);

/** One kube-apiserver. `handle` answers a request; it is a step of the caller's task. */
export class ApiServer {
  readonly kernel: Kernel;
  readonly name: string;
  readonly release: string;
  readonly registry: Registry;
  readonly plugins: readonly AdmissionPlugin[];
  readonly certificates: CertificateAuthenticator;
  readonly tokens: TokenAuthenticator;
  readonly authorizer: Authorizer;
  readonly audit: AuditLog;
  readonly metrics: ApiMetrics;
  readonly flows: FlowTally;
  readonly nodeProxy: NodeProxy | undefined;
  readonly webhooks: WebhookClient | undefined;
  readonly services: ServiceDialer | undefined;
  readonly encryption: Encryption;
  readonly address: string;
  /** What the process tells of itself on the page of metrics. */
  readonly ownFamilies: ((out: Exposition) => void) | undefined;
  /** Shown by the server to itself; never leaves the process. */
  readonly loopbackToken: string;
  /** Watches it serves. */
  private readonly watches = new Map<CacheWatch, RequestInfo>();
  private readonly leaveAggregation: (() => void) | undefined;
  private readonly failures = new Map<string, string>();
  /** Whether anonymous callers may read health pages, by path, while no role or binding changes. */
  private readonly pages = new Map<string, boolean>();
  private pagesJudgedAt = -1;

  constructor(options: ApiServerOptions) {
    this.kernel = options.kernel;
    this.name = options.name;
    this.release = options.release ?? RELEASE;
    this.ownFamilies = options.ownFamilies;
    this.registry = options.registry;
    this.nodeProxy = options.nodeProxy;
    this.webhooks = options.webhooks;
    this.services = options.services;
    this.encryption = options.encryption ?? new Encryption();
    if (this.encryption.encrypts) options.registry.encrypting = true;
    if (this.services) this.leaveAggregation = options.registry.aggregator.addDialer(this.services);
    options.registry.ranges.configure(options.serviceCidr ?? "10.201.0.0/16", options.nodePorts ?? "30000-32767");
    this.address = options.address ?? "127.0.0.1";
    this.loopbackToken = this.kernel.random(`apiserver ${this.name} loopback`).uuid();
    this.certificates = new CertificateAuthenticator(options.clientCa);
    this.authorizer = options.registry.authorizer;
    this.audit = new AuditLog(options.kernel, options.name, { ...options.audit, sink: options.auditSink });
    this.metrics = new ApiMetrics(this);
    this.flows = new FlowTally(this);
    this.plugins = options.plugins ?? ADMISSION_PLUGINS;
    const issuer = options.serviceAccountIssuer ?? ISSUER;
    this.tokens = new TokenAuthenticator({
      kernel: options.kernel,
      registry: options.registry,
      key: options.serviceAccountKey,
      issuer,
      audiences: [issuer],
    });
  }

  readonly handle: HttpHandler = (request) => serve(this, request);

  /** Beats of a Lease; undefined for requests that are none. */
  beat(requests: BeatRequests): Beat | undefined {
    return beatOf(this, requests);
  }

  /** Notes a watch that this server carries. */
  carry(watch: CacheWatch, info: RequestInfo): void {
    this.watches.set(watch, info);
    const before = watch.onEnd;
    watch.onEnd = () => {
      before?.();
      this.watches.delete(watch);
    };
  }

  /** What the watches that it carries are about. */
  watched(): Iterable<RequestInfo> {
    return this.watches.values();
  }

  /** The process ends: so do the watches it carries. Its clients see their streams close. */
  stop(): void {
    for (const watch of [...this.watches.keys()]) watch.finish();
    this.leaveAggregation?.();
  }

  /** Some health check fails. */
  get ailing(): boolean {
    return this.failures.size > 0;
  }

  /** Whether the health page at a path tells anonymous callers that all is well. */
  well(path: string): boolean {
    if (this.ailing) return false;
    const { rbac } = this.authorizer;
    if (this.pagesJudgedAt !== rbac.generation) {
      this.pagesJudgedAt = rbac.generation;
      this.pages.clear();
    }
    let open = this.pages.get(path);
    if (open === undefined) {
      const asked = HEALTH_PAGES.get(path);
      if (asked === undefined) return false;
      this.pages.set(path, (open = rbac.authorize(asked).allowed));
    }
    return open;
  }

  /** Why a health check fails; undefined while it passes. */
  failing(check: string): string | undefined {
    return this.failures.get(check);
  }

  /** Makes a health check fail (`etcd`, `shutdown`), or pass again with undefined. */
  setFailing(check: string, why: string | undefined): void {
    if (why === undefined) this.failures.delete(check);
    else this.failures.set(check, why);
  }

  /** Revision below which history is gone. */
  get compactRevision(): number {
    return this.registry.compactRevision;
  }

  /** Seconds that objects of a kind live; 0: until deleted. */
  timeToLive(def: KindDef): number {
    return def.etcdPrefix === "events" ? EVENT_TTL : 0;
  }

  returnsDeleted(def: KindDef): boolean {
    return among(RETURNS_DELETED, def);
  }

  createOnUpdate(def: KindDef): boolean {
    return among(CREATE_ON_UPDATE, def);
  }

  unconditionalUpdate(def: KindDef): boolean {
    return def.custom === undefined && !CONDITIONAL_UPDATE.has(`${def.resource.group}/${def.resource.resource}`);
  }
}

const names = new WeakMap<KindDef, string>();

function among(kinds: ReadonlySet<string>, def: KindDef): boolean {
  let name = names.get(def);
  if (name === undefined) names.set(def, (name = `${def.resource.group}/${def.resource.resource}`));
  return kinds.has(name);
}
