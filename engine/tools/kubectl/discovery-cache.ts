import { SECOND } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { FileNode } from "../../machine/inode.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { Discovery, type DiscoveryList, type DiscoveryResource } from "./discovery.ts";
import type { Invocation } from "./invocation.ts";
import { verbose, verbosity } from "./klog.ts";

/** How long what was found is believed (cli-runtime genericclioptions/config_flags.go), in µs. */
const TTL = 6 * 3600 * SECOND;

/** metav1.APIGroupList as it stands in servergroups.json. */
interface Groups {
  groups: { name: string; versions: { groupVersion: string; version: string }[] }[];
}

/** metav1.APIResource; a subresource is named `pods/log`. */
interface ApiResource {
  name: string;
  singularName: string;
  namespaced: boolean;
  group?: string;
  version?: string;
  kind: string;
  verbs: readonly string[];
  shortNames?: readonly string[];
  categories?: readonly string[];
}

/** What was made of a servergroups.json, as long as the file stays as it was. */
const made = new WeakMap<FileNode, { mtime: number; discovery: Discovery }>();

/** Files of a server's discovery documents: every client that keeps them writes the same. */
const texts = new WeakMap<object, WeakMap<object, ReadonlyMap<string, string>>>();

/** `~/.kube/cache/discovery/192.168.108.10_6443`: a server's folder. */
function folder(k: Invocation): string {
  const { flags, p } = k;
  const base = flags.changed("cache-dir")
    ? flags.string("cache-dir")
    : (p.env.get("KUBECACHEDIR") ?? `${k.home.replace(/\/$/, "")}/.kube/cache`);
  const server = k.target().server.replace(/^https?:\/\//, "");
  return `${base}/discovery/${server.replace(/[^\w/.]/g, "_")}`;
}

/** What an earlier kubectl kept of this server; undefined when there is nothing, or it is too old or no longer whole. */
export function keptDiscovery(k: Invocation): Discovery | undefined {
  const { p } = k;
  const dir = folder(k);
  const file = `${dir}/servergroups.json`;
  try {
    const node = sys.find(p, file);
    if (node?.kind !== "file" || p.machine.kernel.now > node.mtime + TTL) return undefined;
    let known = made.get(node);
    if (known?.mtime !== node.mtime) {
      known = { mtime: node.mtime, discovery: read(p, dir) };
      made.set(node, known);
    }
    verbose(k, 10, "cached_discovery.go:113", `returning cached discovery info from ${file}`);
    if (verbosity(k) >= 10) {
      for (const gv of known.discovery.groupVersions) {
        verbose(
          k,
          10,
          "cached_discovery.go:77",
          `returning cached discovery info from ${dir}/${gv}/serverresources.json`,
        );
      }
    }
    return known.discovery;
  } catch (error) {
    if (isErrno(error) || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function read(p: Process, dir: string): Discovery {
  const { groups } = JSON.parse(sys.readText(p, `${dir}/servergroups.json`)) as Groups;
  const items = groups.map(({ name, versions }) => ({
    metadata: { name },
    versions: versions.map(({ groupVersion, version }) => {
      const text = sys.readText(p, `${dir}/${groupVersion}/serverresources.json`);
      return { version, resources: aggregated((JSON.parse(text) as { resources: ApiResource[] }).resources) };
    }),
  }));
  return new Discovery([{ items }]);
}

/** Resources of a version with their subresources below them, as the aggregated documents have them. */
function aggregated(resources: readonly ApiResource[]): DiscoveryResource[] {
  const below = new Map<string, { subresource: string }[]>();
  for (const { name } of resources) {
    const [of = "", subresource] = name.split("/", 2);
    if (subresource !== undefined) below.set(of, [...(below.get(of) ?? []), { subresource }]);
  }
  return resources
    .filter(({ name }) => !name.includes("/"))
    .map(({ name, singularName, namespaced, kind, verbs, shortNames, categories }) => ({
      resource: name,
      responseKind: { kind },
      scope: namespaced ? "Namespaced" : "Cluster",
      singularResource: singularName,
      verbs,
      subresources: below.get(name) ?? [],
      ...(shortNames && { shortNames }),
      ...(categories && { categories }),
    }));
}

/** Keeps what a server's two documents say; where that cannot be written it is not kept. */
export function keepDiscovery(k: Invocation, core: DiscoveryList, groups: DiscoveryList, discovery: Discovery): void {
  const { p } = k;
  const all = [...core.items, ...groups.items];
  if (all.some(({ versions }) => versions.some(({ freshness }) => freshness === "Stale"))) return;
  const dir = folder(k);
  try {
    makeFolders(p, dir);
    for (const [file, text] of filesOf(core, groups)) {
      const path = `${dir}/${file}`;
      makeFolders(p, path.slice(0, path.lastIndexOf("/")));
      sys.writeText(p, path, text);
      const node = sys.find(p, path);
      if (node?.kind !== "file") continue;
      node.mode = 0o660;
      if (file === "servergroups.json") made.set(node, { mtime: node.mtime, discovery });
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
}

function makeFolders(p: Process, path: string): void {
  if (path === "" || sys.find(p, path) !== undefined) return;
  makeFolders(p, path.slice(0, Math.max(0, path.lastIndexOf("/"))));
  sys.mkdir(p, path, 0o750);
}

function filesOf(core: DiscoveryList, groups: DiscoveryList): ReadonlyMap<string, string> {
  let inner = texts.get(core);
  if (inner === undefined) texts.set(core, (inner = new WeakMap()));
  let files = inner.get(groups);
  if (files === undefined) inner.set(groups, (files = written([...core.items, ...groups.items])));
  return files;
}

function written(items: DiscoveryList["items"]): Map<string, string> {
  const files = new Map<string, string>();
  const list = items.map(({ metadata, versions }) => {
    const name = metadata.name ?? "";
    const named = versions.map(({ version }) => ({
      groupVersion: name === "" ? version : `${name}/${version}`,
      version,
    }));
    return { name, versions: named, preferredVersion: named[0] };
  });
  for (const [i, { metadata, versions }] of items.entries()) {
    for (const [j, { version, resources = [] }] of versions.entries()) {
      const { groupVersion } = list[i]!.versions[j]!;
      const entries = resources.flatMap((one) => legacy(metadata.name ?? "", version, one));
      const text = JSON.stringify({ kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: entries });
      files.set(`${groupVersion}/serverresources.json`, `${text}\n`);
    }
  }
  files.set("servergroups.json", `${JSON.stringify({ kind: "APIGroupList", apiVersion: "v1", groups: list })}\n`);
  return files;
}

/** A resource and its subresources as metav1.APIResource. */
function legacy(group: string, version: string, one: DiscoveryResource): ApiResource[] {
  const place = { ...(group !== "" && { group }), version };
  const namespaced = one.scope === "Namespaced";
  const { resource, singularResource, responseKind, verbs, shortNames, categories } = one;
  const top: ApiResource = {
    name: resource,
    singularName: singularResource,
    namespaced,
    ...place,
    kind: responseKind?.kind ?? "",
    verbs,
    ...(shortNames?.length && { shortNames }),
    ...(categories?.length && { categories }),
  };
  const below = (one.subresources ?? []).map((sub) => ({
    name: `${resource}/${sub.subresource}`,
    singularName: singularResource,
    namespaced,
    ...(sub.responseKind?.group !== undefined && sub.responseKind.group !== "" && { group: sub.responseKind.group }),
    version: sub.responseKind?.version ?? version,
    kind: sub.responseKind?.kind ?? "",
    verbs: sub.verbs ?? [],
  }));
  return [top, ...below];
}
