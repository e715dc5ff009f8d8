import { concat, decode, encode } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { gunzip, gzip } from "../../text/deflate.ts";
import { endOfArchive, packMember, unpackMembers } from "../../text/tar-format.ts";
import { readDocument } from "../kubectl/yaml-documents.ts";
import { HelmError } from "./error.ts";
import { isTable, type Values } from "./values.ts";

export interface Dependency {
  name: string;
  version?: string;
  repository?: string;
  condition?: string;
  tags?: string[];
  alias?: string;
}

export interface ChartMetadata {
  name: string;
  version: string;
  apiVersion?: string;
  appVersion?: string;
  description?: string;
  type?: string;
  kubeVersion?: string;
  icon?: string;
  deprecated?: boolean;
  dependencies?: Dependency[];
  [other: string]: unknown;
}

export interface ChartFile {
  /** Path within the chart. */
  name: string;
  data: Uint8Array;
}

/** A chart in memory (helm pkg/chart). */
export interface Chart {
  metadata: ChartMetadata;
  values: Values;
  templates: ChartFile[];
  crds: ChartFile[];
  /** Everything else, for `.Files`. */
  files: ChartFile[];
  /** All files as they lie, for `show` and `package`. */
  raw: ChartFile[];
  dependencies: Chart[];
}

/** Bytes that a chart may have. */
const MOST_BYTES = 20 * 1024 * 1024;

/** A chart from a directory or an archive. Throws HelmError in helm's words. */
export function loadChart(p: Process, path: string): Chart {
  const node = sys.find(p, path);
  if (node === undefined) throw new HelmError(`path ${JSON.stringify(path)} not found`);
  if (node.kind !== "dir") return loadArchive(sys.readBytes(p, path));
  const files: ChartFile[] = [];
  if (sys.find(p, `${path}/Chart.yaml`) === undefined) {
    throw new HelmError("Chart.yaml file is missing");
  }
  const ignored = ignoreRules(sys.find(p, `${path}/.helmignore`) ? sys.readText(p, `${path}/.helmignore`) : "");
  collect(p, path.replace(/\/+$/, "") || "/", "", ignored, files);
  return chartOf(files);
}

function collect(
  p: Process,
  root: string,
  prefix: string,
  ignored: (name: string, dir: boolean) => boolean,
  out: ChartFile[],
): void {
  for (const name of [...sys.readDir(p, `${root}/${prefix}`).keys()].sort()) {
    if (name === "." || name === "..") continue;
    const inner = prefix + name;
    const node = sys.find(p, `${root}/${inner}`);
    if (node === undefined || ignored(inner, node.kind === "dir")) continue;
    if (node.kind === "dir") collect(p, root, `${inner}/`, ignored, out);
    else if (node.kind === "file") out.push({ name: inner, data: sys.readBytes(p, `${root}/${inner}`) });
  }
}

/** The rules of a .helmignore: names and patterns, `/` at the end for directories. */
function ignoreRules(text: string): (name: string, dir: boolean) => boolean {
  const rules = text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"));
  return (name, dir) =>
    rules.some((rule) => {
      if (rule.endsWith("/") && !dir) return false;
      const pattern = rule.replace(/\/$/, "");
      if (pattern.startsWith("/")) return globMatches(pattern.slice(1), name);
      return globMatches(pattern, pattern.includes("/") ? name : name.slice(name.lastIndexOf("/") + 1));
    });
}

/** path.Match, with `**` for any directories: step by step, so that no pattern takes long. */
export function globMatches(pattern: string, name: string): boolean {
  let states = new Set([0]);
  const close = (set: Set<number>): Set<number> => {
    for (const at of set) {
      if (pattern[at] === "*") set.add(pattern[at + 1] === "*" ? at + (pattern[at + 2] === "/" ? 3 : 2) : at + 1);
    }
    return set;
  };
  states = close(states);
  for (const char of name) {
    const next = new Set<number>();
    for (const at of states) {
      if (pattern[at] === "*") {
        if (char !== "/" || pattern[at + 1] === "*") next.add(at);
      } else if (pattern[at] === "?" ? char !== "/" : pattern[at] === char) next.add(at + 1);
    }
    states = close(next);
  }
  return states.has(pattern.length);
}

/** A chart from the bytes of a .tgz. */
export function loadArchive(bytes: Uint8Array): Chart {
  let members: ReturnType<typeof unpackMembers>;
  try {
    members = unpackMembers(gunzip(bytes).bytes);
  } catch {
    members = undefined;
  }
  if (members === undefined)
    throw new HelmError("file does not appear to be a gzipped archive; got 'application/octet-stream'");
  const files = members
    .filter(({ kind }) => kind === "file")
    .map(({ name, bytes: data }) => ({ name: name.replace(/^[^/]*\//, ""), data }));
  return chartOf(files);
}

function chartOf(raw: ChartFile[]): Chart {
  if (raw.reduce((sum, { data }) => sum + data.length, 0) > MOST_BYTES) throw new HelmError("chart is too large");
  const find = (name: string) => raw.find((file) => file.name === name);
  const metadata = yaml(find("Chart.yaml"), "Chart.yaml") as ChartMetadata | null;
  if (metadata === null) throw new HelmError("Chart.yaml file is missing");
  const requirements = yaml(find("requirements.yaml"), "requirements.yaml") as { dependencies?: Dependency[] } | null;
  if (requirements?.dependencies) metadata.dependencies ??= requirements.dependencies;
  const chart: Chart = { metadata, values: {}, templates: [], crds: [], files: [], raw, dependencies: [] };
  const values = yaml(find("values.yaml"), "values.yaml");
  if (isTable(values)) chart.values = values;
  const inner = new Map<string, ChartFile[]>();
  for (const file of raw) {
    const { name } = file;
    if (name === "Chart.yaml" || name === "values.yaml" || name === "Chart.lock" || name === "values.schema.json")
      continue;
    if (name.startsWith("templates/")) chart.templates.push(file);
    else if (name.startsWith("charts/")) {
      const [, sub = "", ...rest] = name.split("/");
      if (rest.length === 0 && sub.endsWith(".tgz")) chart.dependencies.push(loadArchive(file.data));
      else if (rest.length > 0 && !/^[_.]/.test(sub)) {
        inner.set(sub, [...(inner.get(sub) ?? []), { name: rest.join("/"), data: file.data }]);
      }
    } else {
      if (name.startsWith("crds/") && /\.(ya?ml|json)$/.test(name)) chart.crds.push(file);
      chart.files.push(file);
    }
  }
  for (const files of inner.values()) chart.dependencies.push(chartOf(files));
  validate(metadata);
  return chart;
}

function yaml(file: ChartFile | undefined, name: string): unknown {
  if (file === undefined) return null;
  try {
    return readDocument(decode(file.data));
  } catch (error) {
    const why = (error as Error).message.replace(/^error converting YAML to JSON: /, "");
    throw new HelmError(`cannot load ${name}: error converting YAML to JSON: ${why}`);
  }
}

const VERSION = /^v?\d+(\.\d+){0,2}(-[\w.-]+)?(\+[\w.-]+)?$/;

function validate({ apiVersion, name, version }: ChartMetadata): void {
  if (!apiVersion) throw new HelmError("validation: chart.metadata.apiVersion is required");
  if (!name) throw new HelmError("validation: chart.metadata.name is required");
  if (!version) throw new HelmError("validation: chart.metadata.version is required");
  if (!VERSION.test(String(version)))
    throw new HelmError(`validation: chart.metadata.version ${JSON.stringify(String(version))} is invalid`);
}

/** A chart's archive, as `helm package` makes it. `seconds` since 1970. */
export function packChart(chart: Chart, seconds: number): Uint8Array {
  const plain = { kind: "file", mode: 0o644, uid: 0, gid: 0, user: "", group: "", mtime: seconds, target: "" } as const;
  const members = chart.raw.map(({ name, data }) =>
    packMember({ ...plain, name: `${chart.metadata.name}/${name}`, bytes: data }),
  );
  const size = members.reduce((sum, { length }) => sum + length, 0);
  return gzip(concat([...members, endOfArchive(size)]), undefined, seconds);
}

/** A file of a chart as text; undefined when there is none. */
export function fileText(chart: Chart, name: string): string | undefined {
  const file = chart.raw.find((each) => each.name === name);
  return file && decode(file.data);
}

/** What a chart would be with another file. */
export function withFile(chart: Chart, name: string, text: string): Chart {
  const rest = chart.raw.filter((file) => file.name !== name);
  return chartOf([...rest, { name, data: encode(text) }]);
}
