/** One object on its way through a kustomization, with the names it had. */
import type { Origin } from "./build-metadata.ts";
import { kindRanks } from "./specs.ts";

// biome-ignore lint/suspicious/noExplicitAny: any YAML value; these trees are the build's own and are changed in place
export type Tree = any;

export interface Gvk {
  group: string;
  version: string;
  kind: string;
}

/** kyaml resid.ResId. */
export interface ResId extends Gvk {
  name: string;
  namespace: string;
}

/** What a selector leaves empty takes anything. */
export function selects(selector: Partial<Gvk>, { group, version, kind }: Gvk): boolean {
  return (
    (!selector.group || selector.group === group) &&
    (!selector.version || selector.version === version) &&
    (!selector.kind || selector.kind === kind)
  );
}

export function parseApiVersion(apiVersion: string): { group: string; version: string } {
  const slash = apiVersion.indexOf("/");
  return { group: slash < 0 ? "" : apiVersion.slice(0, slash), version: apiVersion.slice(slash + 1) };
}

/** Kinds without a namespace in the OpenAPI document that kustomize carries (of Kubernetes 1.21); newer ones it takes to have one. */
const CLUSTER_KINDS = new Set(
  [
    "/v1 ComponentStatus,Namespace,Node,PersistentVolume",
    "admissionregistration.k8s.io/v1,v1beta1 MutatingWebhookConfiguration,ValidatingWebhookConfiguration",
    "apiextensions.k8s.io/v1,v1beta1 CustomResourceDefinition",
    "apiregistration.k8s.io/v1,v1beta1 APIService",
    "certificates.k8s.io/v1,v1beta1 CertificateSigningRequest",
    "flowcontrol.apiserver.k8s.io/v1beta1 FlowSchema,PriorityLevelConfiguration",
    "networking.k8s.io/v1,v1beta1 IngressClass",
    "node.k8s.io/v1,v1beta1 RuntimeClass",
    "policy/v1beta1 PodSecurityPolicy",
    "rbac.authorization.k8s.io/v1,v1beta1 ClusterRole,ClusterRoleBinding",
    "scheduling.k8s.io/v1,v1beta1 PriorityClass",
    "storage.k8s.io/v1,v1beta1 CSIDriver,CSINode,StorageClass,VolumeAttachment",
  ].flatMap((line) => {
    const [gv = "", kinds = ""] = line.split(" ");
    const [group = "", versions = ""] = gv.split("/");
    return versions.split(",").flatMap((version) => kinds.split(",").map((kind) => `${group}/${version}/${kind}`));
  }),
);

/** Only what is known to have no namespace. */
export function isClusterScoped({ group, version, kind }: Gvk): boolean {
  return CLUSTER_KINDS.has(`${group}/${version}/${kind}`);
}

/** The namespace that counts: `default` for none, something else for kinds without. */
export function effectiveNamespace(id: ResId): string {
  if (isClusterScoped(id)) return "_non_namespaceable_";
  return id.namespace || "default";
}

export function sameId(a: ResId, b: ResId): boolean {
  return (
    a.group === b.group &&
    a.version === b.version &&
    a.kind === b.kind &&
    a.name === b.name &&
    effectiveNamespace(a) === effectiveNamespace(b)
  );
}

/** `Deployment.v1.apps`. */
export function gvkText({ group, version, kind }: Partial<Gvk>): string {
  return `${kind || "[noKind]"}.${version || "[noVer]"}.${group || "[noGrp]"}`;
}

/** `Deployment.v1.apps/web.default`. */
export function idText(id: ResId): string {
  return `${gvkText(id)}/${id.name || "[noName]"}.${id.namespace || "[noNs]"}`;
}

/** kustomize's Resource: the object and what the build notes about it. */
export class Resource {
  object: Tree;
  readonly previous: { name: string; namespace: string; kind: string }[] = [];
  readonly prefixes: string[] = [];
  readonly suffixes: string[] = [];
  /** What was wrong with its text, which shows only when it is written. */
  fault = "";
  needsHash = false;
  behavior = "create";
  /** Where it came from, and what has changed it, for those who ask (`buildMetadata`). */
  origin: Origin | undefined;
  readonly changes: Origin[] = [];

  constructor(object: Tree) {
    this.object = object;
  }

  get gvk(): Gvk {
    return { ...parseApiVersion(String(this.object.apiVersion ?? "")), kind: String(this.object.kind ?? "") };
  }

  get name(): string {
    return this.object.metadata?.name ?? "";
  }

  set name(name: string) {
    this.object.metadata = { ...this.object.metadata, name };
  }

  get namespace(): string {
    return this.object.metadata?.namespace ?? "";
  }

  get id(): ResId {
    return { ...this.gvk, name: this.name, namespace: this.namespace };
  }

  /** Every id it had, oldest first, without the present one. */
  get previousIds(): ResId[] {
    const { gvk } = this;
    return this.previous.map((each) => ({ ...gvk, ...each }));
  }

  get originalId(): ResId {
    return this.previousIds[0] ?? this.id;
  }

  /** Notes the present id before it changes. */
  remember(): void {
    const { id } = this;
    this.previous.push({ name: id.name, namespace: effectiveNamespace(id), kind: id.kind });
  }

  /** Takes over what a replaced resource was called. */
  inherit(old: Resource): void {
    this.previous.splice(0, this.previous.length, ...old.previous);
    this.prefixes.splice(0, this.prefixes.length, ...old.prefixes);
    this.suffixes.splice(0, this.suffixes.length, ...old.suffixes);
    this.origin = old.origin;
    this.needsHash &&= old.needsHash;
    this.behavior = old.behavior;
  }
}

const byText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** The order of the output (SortOrderTransformer, legacy): ranks of kinds, then group, version, kind, then id. */
export function legacyOrder(list: readonly Resource[], ranks = kindRanks()): Resource[] {
  const gvkKey = ({ group, version, kind }: Gvk) => `${group || "~G"}_${version || "~V"}_${kind || "~K"}`;
  const idKey = (id: ResId) => `${gvkText(id)}|${id.namespace || "~X"}|${id.name || "~N"}`;
  const keyed = list.map((resource) => {
    const { id } = resource;
    return { resource, rank: ranks.get(id.kind) ?? 0, gvk: gvkKey(id), id: idKey(id) };
  });
  keyed.sort((a, b) => a.rank - b.rank || byText(a.gvk, b.gvk) || byText(a.id, b.id));
  return keyed.map(({ resource }) => resource);
}
