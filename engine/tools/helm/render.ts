import { HELM_RELEASE, helmBuild } from "../../api/build-info.ts";
import { decode, encodeBase64 } from "../../kernel/index.ts";
import { readDocument } from "../kubectl/yaml-documents.ts";
import type { Chart, ChartFile } from "./chart.ts";
import { globMatches } from "./chart.ts";
import { HelmError } from "./error.ts";
import { chartTemplates, ExecutionError, type Surroundings, TemplateError } from "./template/index.ts";
import { coalesce, isTable, type Values } from "./values.ts";

/** One object of a release. */
export interface Manifest {
  /** Path of the template it comes from: `web/templates/deployment.yaml`. */
  source: string;
  text: string;
  kind: string;
}

export interface Hook extends Manifest {
  name: string;
  events: string[];
  weight: number;
  deletePolicies: string[];
}

export interface Rendered {
  manifests: Manifest[];
  hooks: Hook[];
  notes: string;
}

/** `.Release` of templates. */
export interface ReleaseFacts {
  Name: string;
  Namespace: string;
  Revision: number;
  IsInstall: boolean;
  IsUpgrade: boolean;
  Service: string;
}

/** `.Capabilities`: what the cluster (or the command line) says it serves. */
export interface Served {
  /** `v1.32.3`. */
  version: string;
  /** `v1`, `apps/v1`, `apps/v1/Deployment`. */
  apis: readonly string[];
}

class Files {
  constructor(readonly all: readonly ChartFile[]) {}
  private find(name: unknown): ChartFile | undefined {
    return this.all.find((file) => file.name === name);
  }
  Get(name: unknown): string {
    const file = this.find(name);
    return file === undefined ? "" : decode(file.data);
  }
  GetBytes(name: unknown): string {
    return this.Get(name);
  }
  Glob(pattern: unknown): Record<string, FileText> {
    const found = this.all.filter(({ name }) => globMatches(String(pattern), name));
    return Object.assign(
      Object.create(FileSet.prototype) as Record<string, FileText>,
      Object.fromEntries(found.map(({ name, data }) => [name, new FileText(data)])),
    );
  }
  Lines(name: unknown): string[] {
    const text = this.Get(name);
    return text === "" ? [] : text.replace(/\n$/, "").split("\n");
  }
  AsConfig(): string {
    return config(this.all.map(({ name, data }) => [name, decode(data)]));
  }
  AsSecrets(): string {
    return config(this.all.map(({ name, data }) => [name, encodeBase64(data)]));
  }
}

/** The bytes of a file, which print as text. */
class FileText {
  constructor(readonly data: Uint8Array) {}
  toString(): string {
    return decode(this.data);
  }
}

/** What `Glob` gives: a map of files with the methods of one. */
class FileSet {
  AsConfig(): string {
    return config(entries(this).map(([name, file]) => [name, decode(file.data)]));
  }
  AsSecrets(): string {
    return config(entries(this).map(([name, file]) => [name, encodeBase64(file.data)]));
  }
  Get(name: unknown): string {
    const file = (this as unknown as Record<string, FileText>)[String(name)];
    return file === undefined ? "" : decode(file.data);
  }
}

const entries = (set: object): [string, FileText][] => Object.entries(set) as [string, FileText][];

function config(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .map(([path, text]): [string, string] => [path.slice(path.lastIndexOf("/") + 1), text])
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, text]) =>
      text.includes("\n")
        ? `${name}: |\n${text
            .replace(/\n$/, "")
            .split("\n")
            .map((line) => (line === "" ? "" : `  ${line}`))
            .join("\n")}`
        : `${name}: ${JSON.stringify(text)}`,
    )
    .join("\n");
}

class ApiVersions {
  constructor(private readonly apis: readonly string[]) {}
  Has(name: unknown): boolean {
    return this.apis.includes(String(name));
  }
}

function capabilities({ version, apis }: Served): Values {
  const [, major, minor] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  const helm = helmBuild(HELM_RELEASE);
  return {
    KubeVersion: { Version: version, GitVersion: version, Major: major ?? "", Minor: minor ?? "", toString: undefined },
    APIVersions: new ApiVersions(apis),
    HelmVersion: {
      Version: helm.version,
      GitCommit: helm.commit,
      GitTreeState: "clean",
      GoVersion: helm.goVersion,
    },
  };
}

/** `.Chart`: the metadata under the names of Go's fields. */
function chartFacts({ metadata }: Chart, root: boolean): Values {
  const named = (name: string) => name[0]!.toUpperCase() + name.slice(1);
  const facts = Object.fromEntries(
    Object.entries(metadata).map(([name, value]) => [
      name === "apiVersion" ? "APIVersion" : named(name),
      typeof value === "number" ? String(value) : value,
    ]),
  );
  return { AppVersion: "", Description: "", ...facts, IsRoot: root };
}

/** The charts of a tree that are switched on, by their conditions and tags (chartutil ProcessDependencies). */
export function enabled(chart: Chart, values: Values): Chart {
  const wanted = chart.metadata.dependencies ?? [];
  const dependencies = chart.dependencies.flatMap((inner): Chart[] => {
    const asked = wanted.filter(({ name }) => name === inner.metadata.name);
    if (asked.length === 0) return [enabled(inner, scoped(inner, values))];
    return asked
      .filter((each) => isOn(each.condition, each.tags, values))
      .map(({ alias }) => {
        const named = alias ? { ...inner, metadata: { ...inner.metadata, name: alias } } : inner;
        return enabled(named, scoped(named, values));
      });
  });
  return { ...chart, dependencies };
}

function isOn(condition: string | undefined, tags: readonly string[] | undefined, values: Values): boolean {
  for (const path of (condition ?? "")
    .split(",")
    .map((part) => part.trim())
    .filter(Boolean)) {
    let at: unknown = values;
    for (const step of path.split(".")) at = isTable(at) ? at[step] : undefined;
    if (typeof at === "boolean") return at;
  }
  const given = (tags ?? []).map((tag) => (isTable(values["tags"]) ? values["tags"][tag] : undefined));
  return given.includes(true) || !given.includes(false);
}

function scoped(inner: Chart, values: Values): Values {
  const own = values[inner.metadata.name];
  return { ...(isTable(own) ? own : {}), global: values["global"] ?? {} };
}

/** A chart's values with the user's upon them, all the way down. */
export function computeValues(chart: Chart, given: Values): Values {
  const out = coalesce(given, chart.values);
  for (const inner of chart.dependencies) {
    const name = inner.metadata.name;
    const own = isTable(out[name]) ? out[name] : {};
    const below = computeValues(inner, own);
    const upper = isTable(out["global"]) ? out["global"] : {};
    const global = coalesce(upper, isTable(below["global"]) ? below["global"] : {});
    out[name] = { ...below, global };
  }
  return out;
}

export interface RenderOptions {
  release: ReleaseFacts;
  served: Served;
  around: Surroundings;
  /** Notes of subcharts are shown too. */
  subchartNotes?: boolean;
}

/** Fills in a chart's templates and sorts out what they give. Throws HelmError. */
export function render(chart: Chart, values: Values, options: RenderOptions): Rendered {
  const set = chartTemplates(options.around);
  const jobs: { name: string; data: Values }[] = [];
  const capable = capabilities(options.served);
  const add = (one: Chart, path: string, own: Values, root: boolean): void => {
    for (const inner of one.dependencies) {
      add(
        inner,
        `${path}/charts/${inner.metadata.name}`,
        isTable(own[inner.metadata.name]) ? (own[inner.metadata.name] as Values) : {},
        false,
      );
    }
    const data: Values = {
      Chart: chartFacts(one, root),
      Values: own,
      Release: { ...options.release },
      Capabilities: capable,
      Files: new Files(one.files),
      Subcharts: {},
    };
    for (const file of one.templates) {
      const name = `${path}/${file.name}`;
      parse(() => set.add(name, decode(file.data)));
      if (one.metadata.type === "library" || /(^|\/)_[^/]*$/.test(file.name)) continue;
      jobs.push({ name, data: { ...data, Template: { Name: name, BasePath: `${path}/templates` } } });
    }
  };
  add(chart, chart.metadata.name, values, true);
  const texts = new Map<string, string>();
  for (const { name, data } of jobs.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    texts.set(
      name,
      parse(() => set.render(name, data)),
    );
  }
  return sorted(chart, texts, options.subchartNotes ?? false);
}

function parse<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ExecutionError) throw new HelmError(`execution error at ${error.message}`);
    if (error instanceof TemplateError) {
      throw new HelmError(
        /:\d+: (?!executing)/.test(error.message) && !/executing/.test(error.message)
          ? `parse error at (${error.message.replace(/^(.*?:\d+): /, "$1): ")}`
          : `template: ${error.message}`,
      );
    }
    throw error;
  }
}

/** Kinds in the order in which they are installed (releaseutil InstallOrder); others come after them. */
export const INSTALL_ORDER =
  "PriorityClass Namespace NetworkPolicy ResourceQuota LimitRange PodSecurityPolicy PodDisruptionBudget ServiceAccount Secret SecretList ConfigMap StorageClass PersistentVolume PersistentVolumeClaim CustomResourceDefinition ClusterRole ClusterRoleList ClusterRoleBinding ClusterRoleBindingList Role RoleList RoleBinding RoleBindingList Service DaemonSet Pod ReplicationController ReplicaSet Deployment HorizontalPodAutoscaler StatefulSet Job CronJob IngressClass Ingress APIService".split(
    " ",
  );

const HOOK = "helm.sh/hook";

/** Documents of a text, as helm splits it: at lines that begin with three dashes. */
export function splitManifests(text: string): string[] {
  return `\n${text.trim()}`
    .split(/\n---[^\S\n]*(?=\n|$|\S)/)
    .map((part) => part.trim())
    .filter((part) => part !== "");
}

function sorted(chart: Chart, texts: ReadonlyMap<string, string>, subchartNotes: boolean): Rendered {
  const manifests: Manifest[] = [];
  const hooks: Hook[] = [];
  let notes = "";
  for (const [source, text] of texts) {
    if (source.endsWith("NOTES.txt")) {
      if (source === `${chart.metadata.name}/templates/NOTES.txt`) notes = text + notes;
      else if (subchartNotes) notes += text;
      continue;
    }
    for (const part of splitManifests(text)) {
      const object = documentOf(part, source);
      if (object === undefined) continue;
      const kind = String(object["kind"] ?? "");
      const metadata = isTable(object["metadata"]) ? object["metadata"] : {};
      const annotations = isTable(metadata["annotations"]) ? metadata["annotations"] : {};
      const hook = annotations[HOOK];
      if (hook === undefined) {
        manifests.push({ source, text: part, kind });
        continue;
      }
      const words = (name: string) =>
        String(annotations[name] ?? "")
          .split(",")
          .map((word) => word.trim())
          .filter(Boolean);
      hooks.push({
        source,
        text: part,
        kind,
        name: String(metadata["name"] ?? ""),
        events: words(HOOK).map((event) => (event === "test-success" ? "test" : event)),
        weight: Number(annotations["helm.sh/hook-weight"] ?? 0) || 0,
        deletePolicies: words("helm.sh/hook-delete-policy"),
      });
    }
  }
  return { manifests: byKind(manifests), hooks: byKind(hooks), notes };
}

/** Stable sort by InstallOrder. */
export function byKind<T extends Manifest>(list: readonly T[]): T[] {
  const rank = (kind: string) => {
    const at = INSTALL_ORDER.indexOf(kind);
    return at < 0 ? INSTALL_ORDER.length : at;
  };
  return [...list].sort(
    (a, b) =>
      rank(a.kind) - rank(b.kind) ||
      (rank(a.kind) === INSTALL_ORDER.length && a.kind !== b.kind ? (a.kind < b.kind ? -1 : 1) : 0),
  );
}

function documentOf(text: string, source: string): Values | undefined {
  let value: unknown;
  try {
    value = readDocument(text);
  } catch (error) {
    const why = (error as Error).message.replace(/^error converting YAML to JSON: /, "");
    throw new HelmError(`YAML parse error on ${source}: error converting YAML to JSON: ${why}`);
  }
  if (value === null || value === undefined) return undefined;
  if (!isTable(value)) {
    throw new HelmError(
      `YAML parse error on ${source}: error unmarshaling JSON: while decoding JSON: json: cannot unmarshal ${typeof value === "string" ? "string" : Array.isArray(value) ? "array" : typeof value} into Go value of type releaseutil.SimpleHead`,
    );
  }
  return value;
}

/** The manifest of a release: its objects with the templates that they come from. */
export function manifestText(manifests: readonly Manifest[]): string {
  return manifests.map(({ source, text }) => `---\n# Source: ${source}\n${text}\n`).join("");
}
