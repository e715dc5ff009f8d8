import { toError } from "../../api/client.ts";
import { failure, isStatus, StatusError } from "../../api/status.ts";
import type { Resource } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { isNetError } from "../../network/index.ts";
import { keepDiscovery, keptDiscovery } from "./discovery-cache.ts";
import { KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import { klog, klogText } from "./klog.ts";

/** A kind as discovery names it. */
export interface Mapping extends Resource {
  singular: string;
  shortNames: readonly string[];
  categories: readonly string[];
  verbs: readonly string[];
  subresources: readonly string[];
}

/** A resource of the aggregated documents. */
export interface DiscoveryResource {
  resource: string;
  responseKind?: { group?: string; version?: string; kind: string };
  scope: "Namespaced" | "Cluster";
  singularResource: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
  subresources?: readonly {
    subresource: string;
    responseKind?: { group?: string; version?: string; kind: string };
    verbs?: readonly string[];
  }[];
}

/** apidiscovery.k8s.io/v2 APIGroupDiscoveryList. */
export interface DiscoveryList {
  items: readonly {
    metadata: { name?: string };
    versions: readonly { version: string; resources?: readonly DiscoveryResource[]; freshness?: string }[];
  }[];
}

/** The aggregated form, which older servers do not have. */
export const ACCEPT =
  "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList," +
  "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList,application/json";

/** What a server serves, in the order of its discovery documents. */
export class Discovery {
  readonly mappings: readonly Mapping[];
  /** `v1`, `apps/v1` …, preferred versions first within a group. */
  readonly groupVersions: readonly string[];

  constructor(lists: readonly DiscoveryList[]) {
    const mappings: Mapping[] = [];
    const groupVersions: string[] = [];
    for (const list of lists) {
      for (const group of list.items) {
        const groupName = group.metadata.name ?? "";
        for (const { version, resources, freshness } of group.versions) {
          // A server that does not answer offers nothing.
          if (freshness === "Stale") continue;
          groupVersions.push(groupName === "" ? version : `${groupName}/${version}`);
          for (const entry of resources ?? []) mappings.push(mappingOf(groupName, version, entry));
        }
      }
    }
    this.mappings = mappings;
    this.groupVersions = groupVersions;
  }

  /** The resource that a word means: plural, singular or short name, with an optional version and group; or a kind. */
  find(word: string): Mapping | undefined {
    // Resources are looked for in lower case, short names and groups as they are written (meta/restmapper.go, shortcut.go).
    const [first, ...rest] = word.split(".") as [string, ...string[]];
    const resource = first.toLowerCase();
    const short = (m: Mapping) => m.shortNames.includes(first);
    if (rest.length > 0) {
      const [version, ...group] = rest;
      const groupOnly = group.join(".");
      if (group.length > 0) {
        // A short name is spelled out first, which forgets the version where the group is whole (restmapper/shortcut.go).
        const exact =
          this.mappings.find((m) => m.version === version && m.group === groupOnly && longNames(m, resource)) ??
          this.mappings.find((m) => m.group === groupOnly && short(m)) ??
          this.mappings.find((m) => m.version === version && m.group.startsWith(groupOnly) && short(m));
        if (exact) return exact;
      }
      const groupName = rest.join(".");
      const matches = (m: Mapping) => m.group === groupName || m.group.startsWith(groupName);
      return (
        this.mappings.find((m) => m.group === groupName && (longNames(m, resource) || short(m))) ??
        this.mappings.find((m) => matches(m) && (longNames(m, resource) || short(m))) ??
        this.byKindWord(word)
      );
    }
    return (
      this.mappings.find((m) => m.resource === resource) ??
      this.mappings.find((m) => m.singular === resource) ??
      this.mappings.find(short) ??
      this.byKindWord(word)
    );
  }

  /** Other resources that a short name without a group could mean (client-go restmapper/shortcut.go). */
  ambiguous(word: string): string[] {
    if (word.includes(".") || this.mappings.some((m) => m.resource === word || m.singular === word)) return [];
    const all = this.mappings.filter((m) => m.shortNames.includes(word));
    const names = new Set(all.map((m) => (m.group === "" ? m.resource : `${m.resource}.${m.group}`)));
    return [...names].slice(1);
  }

  private byKindWord(word: string): Mapping | undefined {
    const [kind, ...rest] = word.split(".") as [string, ...string[]];
    return this.mappings.find((m) => {
      if (m.kind !== kind && m.kind.toLowerCase() !== kind) return false;
      const full = `${m.version}.${m.group}`;
      return rest.length === 0 || rest.join(".") === m.group || rest.join(".") === full;
    });
  }

  /** The resource of an object's `apiVersion` and `kind`. */
  byKind(apiVersion: string, kind: string): Mapping | undefined {
    const slash = apiVersion.indexOf("/");
    const group = slash < 0 ? "" : apiVersion.slice(0, slash);
    const version = apiVersion.slice(slash + 1);
    const served = this.mappings.filter((m) => m.group === group && m.version === version);
    // The mapper also knows every kind in lower case; what the server makes of such an object is its own affair.
    return served.find((m) => m.kind === kind) ?? served.find((m) => m.kind.toLowerCase() === kind);
  }

  /** Resources of a category, e.g. `all`; undefined when there is none of that name. */
  category(name: string): Mapping[] | undefined {
    const found = this.mappings.filter((m) => m.categories.includes(name));
    return found.length > 0 ? found : undefined;
  }
}

function longNames(mapping: Mapping, word: string): boolean {
  return mapping.resource === word || mapping.singular === word;
}

function mappingOf(group: string, version: string, entry: DiscoveryResource): Mapping {
  return {
    group,
    version,
    resource: entry.resource,
    kind: entry.responseKind?.kind ?? "",
    namespaced: entry.scope === "Namespaced",
    // Servers that do not say it leave it to be guessed (meta.UnsafeGuessKindToResource).
    singular: entry.singularResource || (entry.responseKind?.kind ?? "").toLowerCase(),
    shortNames: entry.shortNames ?? [],
    categories: entry.categories ?? [],
    verbs: entry.verbs,
    subresources: (entry.subresources ?? []).map((sub) => sub.subresource),
  };
}

/** Answers of servers are frozen and served by reference, so what was made of one can be kept with it. */
const made = new WeakMap<object, WeakMap<object, Discovery>>();

/** What discovery makes of a 401, whose body it does not read. */
const NO_CREDENTIALS = failure(401, "Unauthorized", "the server has asked for the client to provide credentials");

/** And of a 403. */
const NOT_ALLOWED = failure(403, "Forbidden", "unknown");

/**
 * Reads `/api` and `/apis` in the aggregated form; asks so often before it gives up, each time with a line on stderr.
 * Zero asks once and says nothing.
 */
export function* discover(k: Invocation, attempts: number): Gen<Discovery> {
  let failed: unknown;
  for (let attempt = 0; attempt < Math.max(1, attempts); attempt++) {
    try {
      return yield* ask(k);
    } catch (error) {
      if (isStatus(error, "Unauthorized")) failed = NO_CREDENTIALS;
      else if (isStatus(error, "Forbidden")) failed = NOT_ALLOWED;
      else if (isNetError(error) || error instanceof StatusError) failed = error;
      else throw error;
      if (attempts === 0) continue;
      k.err(
        klog(
          k,
          "E",
          "memcache.go:265",
          `"Unhandled Error" err=${klogText(`couldn't get current server API group list: ${(failed as Error).message}`)}`,
        ),
      );
    }
  }
  throw failed;
}

function* ask(k: Invocation): Gen<Discovery> {
  const kept = k.fresh ? undefined : keptDiscovery(k);
  if (kept !== undefined) {
    // What is wrong with the configuration is told all the same.
    yield* k.connect();
    return kept;
  }
  const core = yield* list(k, "/api");
  const groups = yield* list(k, "/apis");
  let inner = made.get(core);
  if (inner === undefined) {
    inner = new WeakMap();
    made.set(core, inner);
  }
  let discovery = inner.get(groups);
  if (discovery === undefined) {
    discovery = new Discovery([core, groups]);
    inner.set(groups, discovery);
  }
  keepDiscovery(k, core, groups, discovery);
  k.fresh = true;
  return discovery;
}

function* list(k: Invocation, path: string): Gen<DiscoveryList> {
  const response = yield* k.request("GET", `${path}?timeout=32s`, undefined, { accept: ACCEPT });
  if (response.status >= 400 || response.body.type !== "object") throw toError(response);
  const value = response.body.value as DiscoveryList;
  if (!Array.isArray(value.items)) throw new KubectlError("the server did not answer with aggregated discovery");
  return value;
}
