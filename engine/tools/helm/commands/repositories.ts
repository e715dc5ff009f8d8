import { HELM_RELEASE } from "../../../api/build-info.ts";
import { encodeBody } from "../../../api/encode.ts";
import { decode, encode, type Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { resolverConfig } from "../../../network/resolver.ts";
import { toYaml } from "../../../text/yaml.ts";
import { readDocument } from "../../kubectl/yaml-documents.ts";
import { authority, exchange, parseUrl } from "../../system/http-client.ts";
import { type Helm, table } from "../context.ts";
import { HelmError } from "../error.ts";
import { writeBelow } from "../files.ts";
import { compareSemver } from "../template/index.ts";

export interface Repository {
  name: string;
  url: string;
}

export interface IndexEntry {
  name: string;
  version: string;
  appVersion?: string;
  description?: string;
  urls?: string[];
}

type Index = Map<string, IndexEntry[]>;

const home = (h: Helm, variable: string, fallback: string): string =>
  h.p.env.get(variable) ?? `${h.p.env.get("HOME") ?? "/root"}/${fallback}/helm`;

const configFile = (h: Helm): string =>
  h.flag("repository-config") ??
  h.p.env.get("HELM_REPOSITORY_CONFIG") ??
  `${home(h, "HELM_CONFIG_HOME", ".config")}/repositories.yaml`;

const cacheFile = (h: Helm, name: string): string =>
  `${h.flag("repository-cache") ?? h.p.env.get("HELM_REPOSITORY_CACHE") ?? `${home(h, "HELM_CACHE_HOME", ".cache")}/repository`}/${name}-index.yaml`;

export function repositories(h: Helm): Repository[] {
  const path = configFile(h);
  if (sys.find(h.p, path) === undefined) return [];
  const found = readDocument(sys.readText(h.p, path)) as { repositories?: Repository[] } | null;
  return found?.repositories ?? [];
}

export const findRepository = (h: Helm, name: string): Repository | undefined =>
  repositories(h).find((each) => each.name === name);

function save(h: Helm, list: readonly Repository[]): void {
  const full = list.map(({ name, url }) => ({
    caFile: "",
    certFile: "",
    insecure_skip_tls_verify: false,
    keyFile: "",
    name,
    pass_credentials_all: false,
    password: "",
    url,
    username: "",
  }));
  writeBelow(h, configFile(h), toYaml({ apiVersion: "", generated: "0001-01-01T00:00:00Z", repositories: full }));
}

/** What a URL gives. Throws HelmError with Go's words. */
export function* fetchBytes(h: Helm, text: string): Gen<Uint8Array> {
  const url = parseUrl(text);
  const failed = (why: string) => new HelmError(`Get ${JSON.stringify(text)}: ${why}`);
  if (url === undefined) throw new HelmError(`could not find protocol handler for: `);
  const result = yield* exchange(
    h.p,
    url,
    { method: "GET", headers: { host: authority(url), "user-agent": `Helm/${HELM_RELEASE.slice(1)}` } },
    {},
  );
  if ("kind" in result) {
    if (result.kind === "resolve")
      throw failed(`dial tcp: lookup ${url.host} on ${resolverConfig(h.p).nameservers[0]}:53: no such host`);
    if (result.kind === "tls")
      throw failed("tls: failed to verify certificate: x509: certificate signed by unknown authority");
    const address = result.kind === "connect" ? result.address : url.host;
    throw failed(
      `dial tcp ${address}:${url.port}: ${result.kind === "connect" && result.code === "ECONNREFUSED" ? "connect: connection refused" : "i/o timeout"}`,
    );
  }
  const { status, body } = result.response;
  if (status !== 200)
    throw new HelmError(`failed to fetch ${text} : ${status} ${status === 404 ? "Not Found" : ""}`.trim());
  return body.type === "bytes" ? body.bytes : encode(body.type === "object" ? encodeBody(body) : "");
}

/** A repository's index, asked for now. */
export function* repositoryIndex(h: Helm, url: string): Gen<string> {
  if (!/^https?:\/\//.test(url))
    throw new HelmError(`could not find protocol handler for: ${/^(\w+):/.exec(url)?.[1] ?? ""}`);
  try {
    return decode(yield* fetchBytes(h, `${url.replace(/\/+$/, "")}/index.yaml`));
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    throw new HelmError(
      `looks like ${JSON.stringify(url)} is not a valid chart repository or cannot be reached: ${error.message}`,
    );
  }
}

export function indexOf(text: string): Index {
  const found = readDocument(text) as { entries?: Record<string, IndexEntry[]> } | null;
  return new Map(
    Object.entries(found?.entries ?? {}).map(([name, list]) => [
      name,
      list.map((entry) => ({ ...entry, version: String(entry.version) })),
    ]),
  );
}

/** The index of an added repository, as it was fetched last. */
export function loadIndex(h: Helm, name: string): Index {
  const path = cacheFile(h, name);
  return sys.find(h.p, path) === undefined ? new Map() : indexOf(sys.readText(h.p, path));
}

export function* repoAdd(h: Helm): Gen<number> {
  h.require(2, 2, "repo add [NAME] [URL]");
  const [name, url] = h.args as [string, string];
  if (name.includes("/"))
    throw new HelmError(`repository name (${name}) contains '/', please specify a different name without '/'`);
  const present = findRepository(h, name);
  if (present !== undefined && !h.is("force-update")) {
    if (present.url !== url)
      throw new HelmError(`repository name (${name}) already exists, please specify a different name`);
    yield* h.out(`${JSON.stringify(name)} already exists with the same configuration, skipping\n`);
    return 0;
  }
  const index = yield* repositoryIndex(h, url);
  writeBelow(h, cacheFile(h, name), index);
  save(h, [...repositories(h).filter((each) => each.name !== name), { name, url }]);
  yield* h.out(`${JSON.stringify(name)} has been added to your repositories\n`);
  return 0;
}

export function* repoList(h: Helm): Gen<number> {
  h.require(0, 0, "repo list");
  const list = repositories(h);
  const output = h.flag("output");
  if (list.length === 0 && output !== "json" && output !== "yaml") throw new HelmError("no repositories to show");
  const plain = list.map(({ name, url }) => ({ name, url }));
  if (output === "json") yield* h.out(`${JSON.stringify(plain)}\n`);
  else if (output === "yaml") yield* h.out(toYaml(plain));
  else yield* h.out(table([["NAME", "URL"], ...plain.map(({ name, url }) => [name, url])], 200));
  return 0;
}

export function* repoUpdate(h: Helm): Gen<number> {
  const list = repositories(h);
  if (list.length === 0) throw new HelmError("no repositories found. You must add one before updating");
  for (const name of h.args) {
    if (!list.some((each) => each.name === name))
      throw new HelmError(`no repositories found matching '${name}'.  Nothing will be updated`);
  }
  yield* h.out("Hang tight while we grab the latest from your chart repositories...\n");
  for (const { name, url } of list) {
    if (h.args.length > 0 && !h.args.includes(name)) continue;
    try {
      writeBelow(h, cacheFile(h, name), yield* repositoryIndex(h, url));
      yield* h.out(`...Successfully got an update from the ${JSON.stringify(name)} chart repository\n`);
    } catch (error) {
      if (!(error instanceof HelmError)) throw error;
      const why = error.message.replace(/^looks like .*? cannot be reached: /, "");
      yield* h.out(
        `...Unable to get an update from the ${JSON.stringify(name)} chart repository (${url}):\n\t${why}\n`,
      );
    }
  }
  yield* h.out("Update Complete. ⎈Happy Helming!⎈\n");
  return 0;
}

export function* repoRemove(h: Helm): Gen<number> {
  h.require(1, 1000, "repo remove [REPO1 [REPO2 ...]]");
  for (const name of h.args) {
    if (findRepository(h, name) === undefined) throw new HelmError(`no repo named ${JSON.stringify(name)} found`);
    save(
      h,
      repositories(h).filter((each) => each.name !== name),
    );
    if (sys.find(h.p, cacheFile(h, name))) sys.unlink(h.p, cacheFile(h, name));
    yield* h.out(`${JSON.stringify(name)} has been removed from your repositories\n`);
  }
  return 0;
}

export function* searchRepo(h: Helm): Gen<number> {
  const list = repositories(h);
  if (list.length === 0) throw new HelmError("no repositories configured");
  const words = h.args.join(" ").toLowerCase();
  const rows: IndexEntry[] = [];
  for (const { name } of list) {
    for (const entries of loadIndex(h, name).values()) {
      const sorted = [...entries].sort((a, b) => compareSemver(b.version, a.version));
      const suited = sorted.filter(
        ({ version }) => h.is("devel") || h.flag("version") !== undefined || !version.includes("-"),
      );
      for (const entry of h.is("versions") ? suited : suited.slice(0, 1)) {
        const full = { ...entry, name: `${name}/${entry.name}` };
        if (`${full.name} ${full.description ?? ""}`.toLowerCase().includes(words)) rows.push(full);
      }
    }
  }
  // What is named so comes before what is described so, each by name (cmd/helm/search SortScore).
  const score = ({ name }: IndexEntry): number => Number(!name.toLowerCase().includes(words));
  rows.sort((a, b) => score(a) - score(b) || (a.name < b.name ? -1 : Number(a.name > b.name)));
  const plain = rows.map(({ name, version, appVersion, description }) => ({
    name,
    version,
    app_version: String(appVersion ?? ""),
    description: description ?? "",
  }));
  const output = h.flag("output");
  if (output === "json") yield* h.out(`${JSON.stringify(plain)}\n`);
  else if (output === "yaml") yield* h.out(toYaml(plain));
  else if (rows.length === 0) yield* h.out("No results found\n");
  else
    yield* h.out(
      table(
        [
          ["NAME", "CHART VERSION", "APP VERSION", "DESCRIPTION"],
          ...plain.map((each) => [each.name, each.version, each.app_version, each.description]),
        ],
        h.number("max-col-width", 50),
      ),
    );
  return rows.length === 0 && h.is("fail-on-no-result") ? 1 : 0;
}

export function* searchHub(h: Helm): Gen<number> {
  yield* fetchBytes(h, `https://hub.helm.sh/api/chartsvc/v1/charts/search?q=${encodeURIComponent(h.args.join(" "))}`);
  return 0;
}
