import { decode, type Gen, sha256Hex } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { toYaml } from "../../../text/yaml.ts";
import { type Chart, loadArchive, loadChart } from "../chart.ts";
import type { Helm } from "../context.ts";
import { HelmError } from "../error.ts";
import { compareSemver, satisfies } from "../template/index.ts";
import { fetchBytes, findRepository, type IndexEntry, indexOf, loadIndex, repositoryIndex } from "./repositories.ts";

/** Finds a chart by what a command line calls it: a directory, an archive, `repo/name`, or a URL. */
export function* locateChart(h: Helm, name: string): Gen<Chart> {
  const path = name.replace(/\/+$/, "") || "/";
  const repo = h.flag("repo");
  if (repo === undefined) {
    if (sys.find(h.p, path) !== undefined) return loadChart(h.p, path);
    if (path.startsWith("/") || path.startsWith(".")) throw new HelmError(`path ${JSON.stringify(name)} not found`);
    if (/^https?:\/\//.test(name)) return loadArchive(yield* fetchBytes(h, name));
    if (name.startsWith("oci://")) return loadArchive(yield* pullChart(h, name.slice(6)));
  }
  const { entry, base } = yield* findEntry(h, name, repo);
  const [url = ""] = entry.urls ?? [];
  return loadArchive(yield* fetchBytes(h, /^https?:\/\//.test(url) ? url : `${base.replace(/\/+$/, "")}/${url}`));
}

/** A chart of a registry: `ghcr.io/nginx/charts/nginx-gateway-fabric`, the newest version that suits, or that of its tag. */
function* pullChart(h: Helm, reference: string): Gen<Uint8Array> {
  const [, name = "", tag] = /^(.*?)(?::([^/:]+))?$/.exec(reference)!;
  const slash = name.indexOf("/");
  const base = `https://${name.slice(0, slash)}/v2/${name.slice(slash + 1)}`;
  const wanted = tag ?? h.flag("version");
  const { tags } = JSON.parse(decode(yield* fetchBytes(h, `${base}/tags/list`))) as { tags: string[] };
  const all = tags.map((version): IndexEntry => ({ name, version }));
  const found = pick(new Map([[name, all]]), name, wanted, h.is("devel"));
  if (found === undefined) throw new HelmError(`Unable to locate any tags in provided repository: oci://${name}`);
  const text = yield* fetchBytes(h, `${base}/manifests/${found.version}`);
  const manifest = JSON.parse(decode(text)) as { layers: { digest: string }[] };
  const bytes = yield* fetchBytes(h, `${base}/blobs/${manifest.layers[0]!.digest}`);
  yield* sys.printError(h.p, `Pulled: ${name}:${found.version}\nDigest: sha256:${sha256Hex(text)}\n`);
  return bytes;
}

function* findEntry(h: Helm, name: string, repo: string | undefined): Gen<{ entry: IndexEntry; base: string }> {
  const version = h.flag("version");
  if (repo !== undefined) {
    const entry = pick(indexOf(yield* repositoryIndex(h, repo)), name, version, h.is("devel"));
    if (entry === undefined)
      throw new HelmError(
        `chart ${JSON.stringify(name)} ${version ? `version ${JSON.stringify(version)} ` : ""}not found in ${repo} repository`,
      );
    return { entry, base: repo };
  }
  const slash = name.indexOf("/");
  if (slash < 0) throw new HelmError(`non-absolute URLs should be in form of repo_name/path_to_chart, got: ${name}`);
  const [alias, chart] = [name.slice(0, slash), name.slice(slash + 1)];
  const found = findRepository(h, alias);
  if (found === undefined) throw new HelmError(`repo ${alias} not found`);
  const entry = pick(loadIndex(h, alias), chart, version, h.is("devel"));
  if (entry === undefined) {
    const wanted = version === undefined ? "" : `no chart version found for ${chart}-${version}`;
    throw new HelmError(
      `chart ${JSON.stringify(chart)} matching ${version ?? ""} not found in ${alias} index. (try 'helm repo update'): ${wanted || `no chart name found`}`,
    );
  }
  return { entry, base: found.url };
}

/** The newest version that suits. */
export function pick(
  index: ReadonlyMap<string, readonly IndexEntry[]>,
  name: string,
  version: string | undefined,
  devel: boolean,
): IndexEntry | undefined {
  const all = [...(index.get(name) ?? [])].sort((a, b) => compareSemver(b.version, a.version));
  const exact = all.find((entry) => entry.version === version || `v${entry.version}` === version);
  if (exact !== undefined || version === undefined)
    return exact ?? all.find((entry) => devel || !entry.version.includes("-"));
  return all.find((entry) => satisfies(version, entry.version));
}

/** helm show. */
export function* show(h: Helm): Gen<number> {
  h.require(1, 1, `${h.line.command} [CHART]`);
  const chart = yield* locateChart(h, h.args[0]!);
  const part = h.line.command.split(" ")[1]!;
  const text = (name: string) => decode(chart.raw.find((file) => file.name === name)?.data ?? new Uint8Array(0));
  const metadata = toYaml(chart.metadata);
  const readme = chart.raw.find(({ name }) => /^readme(\.md|\.txt)?$/i.test(name));
  const crds = () => chart.crds.map(({ data }) => `---\n${decode(data).trim()}\n\n`).join("");
  if (part === "chart") yield* h.out(`${metadata}\n`);
  else if (part === "values") yield* h.out(`${text("values.yaml")}\n`);
  else if (part === "readme") yield* h.out(readme === undefined ? "" : `${decode(readme.data)}\n`);
  else if (part === "crds") yield* h.out(crds());
  else {
    yield* h.out(`${metadata}\n---\n${text("values.yaml")}\n`);
    if (readme !== undefined) yield* h.out(`---\n${decode(readme.data)}\n`);
    yield* h.out(crds());
  }
  return 0;
}
