import type { Beat, BeatRequests, HttpRequest } from "../api/http.ts";
import { setOrigin } from "../api/managed-fields/index.ts";
import { StatusError } from "../api/status.ts";
import { formatMicroTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { ANONYMOUS, type User } from "../api/user.ts";
import { userOfPlain } from "./authentication.ts";
import { authorOf } from "./author.ts";
import type { ResourceCache } from "./cache.ts";
import type { ResourceContext } from "./context.ts";
import { asksToImpersonate } from "./impersonation.ts";
import { asksOthers } from "./renewal.ts";
import { requestInfo } from "./requestinfo.ts";
import { isForPeople } from "./respond.ts";
import type { ApiServer } from "./server.ts";

const ADMISSION = "admissionregistration.k8s.io";
/** What admission reads in objects: who is asked by it, and namespaces. */
const ASKED_BY_ADMISSION = [
  [ADMISSION, "mutatingwebhookconfigurations"],
  [ADMISSION, "validatingwebhookconfigurations"],
  [ADMISSION, "validatingadmissionpolicies"],
  [ADMISSION, "validatingadmissionpolicybindings"],
  ["", "namespaces"],
] as const;

/**
 * Most of what a cluster at rest asks of a server are Leases that are looked at, or renewed with nothing but another
 * time. Whatever the pipeline would find out about such a request is found out once, and holds as long as that from which
 * it was found out: who asks, whether he may, that nobody wants a record of it, that admission has nothing to say. What is
 * left is a comparison and a put. Undefined for what the pipeline must answer.
 */
export function beatOf(server: ApiServer, { look, renewal }: BeatRequests): Beat | undefined {
  const info = requestInfo(look);
  const def = server.registry.kind(info.group, info.version, info.resource);
  if (def?.etcdPrefix !== "leases" || info.subresource !== "" || !info.query.isEmpty) return undefined;
  if (info.namespace === "" || info.name === "" || !isPlain(look) || !isPlain(renewal)) return undefined;
  const context = (request: HttpRequest): ResourceContext => ({
    server,
    registry: server.registry,
    request,
    info: requestInfo(request),
    user: ANONYMOUS,
    writer: ANONYMOUS.name,
    warnings: [],
    def,
  });
  return new LeaseBeat(new Asked(context(look)), new Asked(context(renewal)));
}

/** Shows one credential, and wants the object as it is. */
function isPlain({ headers, clientCertificate }: HttpRequest): boolean {
  if ((clientCertificate === undefined) === (headers["authorization"] === undefined)) return false;
  return headers["accept"] === "application/json" && !isForPeople(headers) && !asksToImpersonate(headers);
}

/** One of the requests, with what is known about it. */
class Asked {
  readonly context: ResourceContext;
  private user: User | undefined;
  private generation = -1;
  private passes = false;

  constructor(context: ResourceContext) {
    this.context = context;
  }

  /** Who asks may, and nobody wants a record of it. A node's rights to Leases do not depend on its Pods. */
  isPlainlyAllowed(): boolean {
    const { context } = this;
    const { server, registry, info } = context;
    if (registry.encrypting || registry.aggregator.serving(info.group, info.version) !== undefined) return false;
    const user = userOfPlain(server, context.request);
    if (user === undefined) return false;
    const { generation } = server.authorizer.rbac;
    if (user === this.user && generation === this.generation) return this.passes;
    this.user = user;
    this.generation = generation;
    context.user = user;
    context.writer = user.name;
    this.passes = server.audit.passesOver(context) && server.authorizer.request(user, info).allowed;
    return this.passes;
  }
}

type Fields = Record<string, unknown>;

/** Copies the parts of a Lease with another time and another version. */
interface Layout {
  specOf(spec: Fields, renewTime: string): Fields;
  metadataOf(metadata: object, resourceVersion: string): Fields;
}

const ANY: Layout = {
  specOf: (spec, renewTime) => ({ ...spec, renewTime }),
  metadataOf: (metadata, resourceVersion) => ({ ...metadata, resourceVersion }),
};

/** The spec of a Lease that one keeps for himself. */
const keptSpec: Layout["specOf"] = ({ holderIdentity, leaseDurationSeconds }, renewTime) => ({
  holderIdentity,
  leaseDurationSeconds,
  renewTime,
});

/** Leases as kubelets, API servers and those who lead lay them out: written field by field, copies of frozen values cost a third. */
const LAYOUTS: Readonly<Record<string, Layout>> = {
  "holderIdentity,leaseDurationSeconds,renewTime name,namespace,uid,resourceVersion,creationTimestamp,ownerReferences":
    {
      specOf: keptSpec,
      metadataOf(metadata, resourceVersion) {
        const { name, namespace, uid, creationTimestamp, ownerReferences } = metadata as Fields;
        return { name, namespace, uid, resourceVersion, creationTimestamp, ownerReferences };
      },
    },
  "holderIdentity,leaseDurationSeconds,renewTime name,namespace,uid,resourceVersion,creationTimestamp,labels": {
    specOf: keptSpec,
    metadataOf(metadata, resourceVersion) {
      const { name, namespace, uid, creationTimestamp, labels } = metadata as Fields;
      return { name, namespace, uid, resourceVersion, creationTimestamp, labels };
    },
  },
  "holderIdentity,leaseDurationSeconds,acquireTime,renewTime,leaseTransitions name,namespace,uid,resourceVersion,creationTimestamp":
    {
      specOf: ({ holderIdentity, leaseDurationSeconds, acquireTime, leaseTransitions }, renewTime) => ({
        holderIdentity,
        leaseDurationSeconds,
        acquireTime,
        renewTime,
        leaseTransitions,
      }),
      metadataOf(metadata, resourceVersion) {
        const { name, namespace, uid, creationTimestamp } = metadata as Fields;
        return { name, namespace, uid, resourceVersion, creationTimestamp };
      },
    },
};

function layoutOf(lease: KubeObject): Layout {
  if (Object.keys(lease).join() !== "kind,apiVersion,metadata,spec") return ANY;
  return LAYOUTS[`${Object.keys(lease["spec"]).join()} ${Object.keys(lease.metadata).join()}`] ?? ANY;
}

/** The Lease with another spec, unfrozen. */
function withSpec(lease: KubeObject, spec: Fields, layout: Layout): Fields {
  if (layout === ANY) return { ...lease, spec: Object.freeze(spec) };
  const { kind, apiVersion, metadata } = lease;
  return { kind, apiVersion, metadata, spec: Object.freeze(spec) };
}

class LeaseBeat implements Beat {
  private readonly looking: Asked;
  private readonly renewing: Asked;
  private readonly cache: ResourceCache;
  private readonly key: string;
  private readonly asked: readonly ResourceCache[];
  /** Sum of the revisions at which those that admission asks last changed, and whether it is silent since. */
  private judgedAt = -1;
  private silent = false;
  /** What was stored last from here, and how it is laid out. */
  private last: KubeObject | undefined;
  private layout = ANY;

  constructor(looking: Asked, renewing: Asked) {
    const { registry, info, def } = looking.context;
    this.looking = looking;
    this.renewing = renewing;
    this.cache = registry.cache(def);
    this.key = this.cache.key(info.namespace, info.name);
    this.asked = ASKED_BY_ADMISSION.map(([group, resource]) => registry.cacheOf(group, "v1", resource)!);
  }

  look(): KubeObject | undefined {
    if (!this.looking.isPlainlyAllowed()) return undefined;
    const found = this.current();
    const { server, info } = this.looking.context;
    if (found !== undefined) server.metrics.count(info, 200, 0);
    return found;
  }

  renew(seen: KubeObject, micros: number): KubeObject | undefined {
    const { context } = this.renewing;
    const before: Record<string, unknown> | undefined = seen["spec"];
    const renewTime = formatMicroTime(micros);
    if (this.current() !== seen || before?.["renewTime"] === undefined || before["renewTime"] === renewTime) {
      return undefined;
    }
    if (!this.renewing.isPlainlyAllowed() || !this.isSilent(seen)) return undefined;
    if (seen !== this.last) this.layout = layoutOf(seen);
    const { layout } = this;
    const out = withSpec(seen, layout.specOf(before, renewTime), layout);
    setOrigin(out as unknown as KubeObject, authorOf(context), seen);
    const valueAt = (revision: number): object => {
      out["metadata"] = Object.freeze(layout.metadataOf(seen.metadata, String(revision)));
      return Object.freeze(out);
    };
    const version = Number(seen.metadata.resourceVersion);
    if (!context.registry.etcd.swap(this.key, version, valueAt, context.writer)) return undefined;
    context.server.metrics.count(context.info, 200, 0);
    this.last = out as unknown as KubeObject;
    return this.last;
  }

  /** The Lease as it is stored; undefined where there is none, or anything is amiss with what is stored. */
  private current(): KubeObject | undefined {
    const { namespace, name } = this.looking.context.info;
    return this.cache.isSound ? this.cache.get(namespace, name) : undefined;
  }

  /** Admission lets renewals of this Lease pass without a word. */
  private isSilent(lease: KubeObject): boolean {
    let at = 0;
    for (const cache of this.asked) at += cache.changedAt;
    if (at === this.judgedAt) return this.silent;
    this.judgedAt = at;
    this.silent = this.asked.every((cache) => this.isBystander(cache)) && this.isLetPass(lease);
    return this.silent;
  }

  /** Nobody who is asked for his opinion. */
  private isBystander(cache: ResourceCache): boolean {
    return cache.def.resource.group !== ADMISSION || cache.everything().length === 0;
  }

  private isLetPass(lease: KubeObject): boolean {
    const context = { ...this.renewing.context, warnings: [] as string[] };
    try {
      return !asksOthers(context, { ...lease }, lease) && context.warnings.length === 0;
    } catch (error) {
      if (error instanceof StatusError) return false;
      throw error;
    }
  }
}
