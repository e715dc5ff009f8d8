import type { HttpResponse } from "../api/http.ts";
import type { KindDef, Subresource } from "../api/kind.ts";
import { encodeBase64, sha256Hex } from "../kernel/index.ts";
import type { RemoteResource, RemoteVersion } from "./aggregation/aggregator.ts";
import type { Context } from "./context.ts";
import { groupVersion } from "./decode.ts";
import { ok } from "./respond.ts";

interface Versioned {
  readonly group: string;
  readonly version: string;
}

/** A group version that is served here. */
interface GroupVersion extends Versioned {
  kinds: KindDef[];
}

/** What `/api`, `/apis` and their group versions answer (apiserver pkg/endpoints/discovery). */
export function discoveryPage(context: Context): HttpResponse | undefined {
  const parts = context.info.path.split("/").filter((part) => part !== "");
  const [prefix, first, second] = parts;
  if (prefix !== "api" && prefix !== "apis") return undefined;
  const all = groupVersions(context.registry.kinds);
  const shown = all.filter(({ group }) => (group === "") === (prefix === "api"));
  const remotes = prefix === "api" ? NONE : context.registry.aggregator.remotes;
  if (first === undefined) {
    if (wantsAggregated(context.request.headers["accept"])) {
      return aggregated(context.registry.kinds, shown, prefix, remotes);
    }
    return prefix === "api" ? apiVersions(context, shown) : groupList([...shown, ...remotes]);
  }
  if (parts.length > (prefix === "api" ? 2 : 3)) return undefined;
  if (prefix === "api") return resourceList(shown.find(({ version }) => version === first));
  if (second !== undefined) {
    return resourceList(shown.find(({ group, version }) => group === first && version === second));
  }
  const ofGroup = [...shown, ...remotes].filter(({ group }) => group === first);
  return ofGroup.length === 0 ? undefined : ok({ kind: "APIGroup", apiVersion: "v1", ...apiGroup(first, ofGroup) });
}

const NONE: readonly RemoteVersion[] = [];

const cached = new WeakMap<readonly KindDef[], GroupVersion[]>();

function groupVersions(kinds: readonly KindDef[]): GroupVersion[] {
  let list = cached.get(kinds);
  if (list === undefined) {
    list = [];
    for (const def of kinds) {
      const { group, version } = def.resource;
      let entry = list.find((one) => one.group === group && one.version === version);
      if (entry === undefined) list.push((entry = { group, version, kinds: [] }));
      entry.kinds.push(def);
    }
    for (const entry of list) entry.kinds.sort((a, b) => (a.resource.resource < b.resource.resource ? -1 : 1));
    cached.set(kinds, list);
  }
  return list;
}

function apiVersions({ server }: Context, shown: readonly GroupVersion[]): HttpResponse {
  return ok({
    kind: "APIVersions",
    versions: shown.map(({ version }) => version),
    serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: `${server.address}:6443` }],
  });
}

function groupList(shown: readonly Versioned[]): HttpResponse {
  return ok({
    kind: "APIGroupList",
    apiVersion: "v1",
    groups: namesOf(shown).map((name) =>
      apiGroup(
        name,
        shown.filter(({ group }) => group === name),
      ),
    ),
  });
}

function apiGroup(name: string, versions: readonly Versioned[]): object {
  const list = versions.map(({ group, version }) => ({ groupVersion: `${group}/${version}`, version }));
  return { name, versions: list, preferredVersion: list[0] };
}

function resourceList(entry: GroupVersion | undefined): HttpResponse | undefined {
  if (entry === undefined) return undefined;
  const { group, version, kinds } = entry;
  return ok({
    kind: "APIResourceList",
    ...(group && { apiVersion: "v1" }),
    groupVersion: groupVersion(group, version),
    resources: kinds.flatMap((def) => [resource(def), ...sorted(def).map((one) => subresource(def, one))]),
  });
}

function sorted({ subresources }: KindDef): Subresource[] {
  return [...subresources].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function resource(def: KindDef): object {
  const { resource: r, singular, verbs, shortNames, categories, etcdPrefix } = def;
  return {
    name: r.resource,
    singularName: singular,
    namespaced: r.namespaced,
    kind: r.kind,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(etcdPrefix !== "" && { storageVersionHash: storageVersionHash(def) }),
  };
}

const hashes = new Map<string, string>();

/** Opaque to clients: a hash of the kind as it is stored (discovery/storageversionhash.go). */
function storageVersionHash(def: KindDef): string {
  const { group, version, kind } = def.resource;
  const stored = def.custom?.storageVersion ?? STORED[`${group}/${kind}`] ?? `${group}/${version}`;
  const name = `${stored}/${kind}`;
  let hash = hashes.get(name);
  if (hash === undefined) {
    const bytes = sha256Hex(name).match(/../g)!.slice(0, 8);
    hash = encodeBase64(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)));
    hashes.set(name, hash);
  }
  return hash;
}

/** Kinds that are stored in another version than the first that serves them. */
const STORED: Readonly<Record<string, string>> = {
  "autoscaling/HorizontalPodAutoscaler": "autoscaling/v2",
  "events.k8s.io/Event": "/v1",
  "apiextensions.k8s.io/CustomResourceDefinition": "apiextensions.k8s.io/v1beta1",
};

function subresource({ resource: r }: KindDef, one: Subresource): object {
  const foreign = one.group !== r.group || one.version !== r.version;
  return {
    name: `${r.resource}/${one.name}`,
    singularName: "",
    namespaced: r.namespaced,
    ...(foreign && { group: one.group, version: one.version }),
    kind: one.kind,
    verbs: one.verbs,
  };
}

// ---- aggregated discovery (KEP-3352) ------------------------------------------------------------------------------

const AGGREGATED = /^application\/json;g=apidiscovery\.k8s\.io;v=(v2|v2beta1);as=APIGroupDiscoveryList$/;

function wantsAggregated(accept: string | undefined): string | undefined {
  for (const clause of (accept ?? "").split(",")) {
    const version = AGGREGATED.exec(clause.trim())?.[1];
    if (version !== undefined) return version;
    if (clause.trim() === "application/json") return undefined;
  }
  return undefined;
}

interface Document {
  value: object;
  etag: string;
  remotes: readonly RemoteVersion[];
}

const documents = new WeakMap<readonly KindDef[], Map<string, Document>>();

function aggregated(
  kinds: readonly KindDef[],
  shown: readonly GroupVersion[],
  prefix: string,
  remotes: readonly RemoteVersion[],
): HttpResponse {
  let known = documents.get(kinds);
  if (known === undefined) documents.set(kinds, (known = new Map()));
  let document = known.get(prefix);
  if (document === undefined || document.remotes !== remotes) {
    const group = (name: string, versions: object[]): object => ({
      metadata: { ...(name && { name }), creationTimestamp: null },
      versions,
    });
    const of = <T extends Versioned>(all: readonly T[], name: string): T[] => all.filter((one) => one.group === name);
    const value = {
      kind: "APIGroupDiscoveryList",
      apiVersion: "apidiscovery.k8s.io/v2",
      metadata: {},
      items: [
        ...namesOf(shown).map((name) => group(name, of(shown, name).map(versionDiscovery))),
        ...namesOf(remotes).map((name) => group(name, of(remotes, name).map(remoteDiscovery))),
      ],
    };
    document = { value, etag: `"${sha256Hex(JSON.stringify(value)).toUpperCase()}"`, remotes };
    known.set(prefix, document);
  }
  return {
    status: 200,
    headers: {
      "content-type": "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
      etag: document.etag,
      vary: "Accept",
    },
    body: { type: "object", value: document.value },
  };
}

const namesOf = (all: readonly Versioned[]): string[] => [...new Set(all.map(({ group }) => group))];

/** What another server said it serves; stale while it does not answer. */
function remoteDiscovery({ group, version, resources, available }: RemoteVersion): object {
  const top = resources.filter(({ name }) => !name.includes("/"));
  const freshness = available ? "Current" : "Stale";
  return { version, resources: top.map((one) => remoteResource(group, version, one)), freshness };
}

function remoteResource(group: string, version: string, one: RemoteResource): object {
  const { name, kind, namespaced, singularName, verbs, shortNames = [], categories = [] } = one;
  return {
    resource: name,
    responseKind: { group, version, kind },
    scope: namespaced ? "Namespaced" : "Cluster",
    singularResource: singularName,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
  };
}

function versionDiscovery({ version, kinds }: GroupVersion): object {
  return { version, resources: kinds.map(resourceDiscovery), freshness: "Current" };
}

/** Group and version of a kind that is served where its own are: a built-in one's are left to the reader. */
const UNSAID = { group: "", version: "" };

function shownGroup({ custom, resource }: KindDef, { group, version }: Subresource): object {
  const foreign = group !== resource.group || version !== resource.version;
  return foreign || custom ? { group, version } : UNSAID;
}

function resourceDiscovery(def: KindDef): object {
  const { resource: r, singular, verbs, shortNames, categories } = def;
  const subresources = sorted(def).map((one) => ({
    subresource: one.name,
    responseKind: { ...shownGroup(def, one), kind: one.kind },
    verbs: one.verbs,
  }));
  return {
    resource: r.resource,
    responseKind: def.custom ? { group: r.group, version: r.version, kind: r.kind } : { ...UNSAID, kind: r.kind },
    scope: r.namespaced ? "Namespaced" : "Cluster",
    singularResource: singular,
    verbs,
    ...(shortNames.length > 0 && { shortNames }),
    ...(categories.length > 0 && { categories }),
    ...(subresources.length > 0 && { subresources }),
  };
}
