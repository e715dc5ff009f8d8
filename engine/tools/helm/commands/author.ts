import { decode, type Gen } from "../../../kernel/index.ts";
import * as sys from "../../../machine/sys.ts";
import { toYaml } from "../../../text/yaml.ts";
import { type Chart, loadChart, packChart, withFile } from "../chart.ts";
import { type Helm, table } from "../context.ts";
import { HelmError } from "../error.ts";
import { unpackChart, writeBelow } from "../files.ts";
import { computeValues, enabled, manifestText, type Rendered, type Served } from "../render.ts";
import { scaffold } from "../scaffold.ts";
import { satisfies } from "../template/index.ts";
import { locateChart } from "./charts.ts";
import { checkChart, checkName, renderChart, servedBy } from "./install.ts";

/** What is taken for the cluster where none is asked. */
const OFFLINE: Served = {
  version: "v1.32.3",
  apis: [
    "v1",
    "apps/v1",
    "batch/v1",
    "autoscaling/v1",
    "autoscaling/v2",
    "networking.k8s.io/v1",
    "policy/v1",
    "rbac.authorization.k8s.io/v1",
    "storage.k8s.io/v1",
    "apiextensions.k8s.io/v1",
    "admissionregistration.k8s.io/v1",
    "scheduling.k8s.io/v1",
    "coordination.k8s.io/v1",
    "certificates.k8s.io/v1",
    "apiregistration.k8s.io/v1",
  ],
};

/** helm template. */
export function* template(h: Helm): Gen<number> {
  h.require(1, 1000, "template [NAME] [CHART]");
  const named = h.args.length > 1;
  const name = named ? h.args[0]! : (h.flag("name-template") ?? "release-name");
  checkName(name);
  const found = yield* locateChart(h, h.args[named ? 1 : 0]!);
  const given = yield* h.values();
  const chart = enabled(found, computeValues(found, given));
  const online = h.is("validate") || h.flag("dry-run") === "server";
  const base = online ? yield* servedBy(h) : OFFLINE;
  const version = h.flag("kube-version");
  const served: Served = {
    version: version === undefined ? base.version : `v${version.replace(/^v/, "")}`,
    apis: [...base.apis, ...h.list("api-versions").flatMap((text) => text.split(","))],
  };
  checkChart(chart, served);
  const release = {
    Name: name,
    Namespace: h.namespace,
    Revision: 1,
    IsInstall: !h.is("is-upgrade"),
    IsUpgrade: h.is("is-upgrade"),
    Service: "Helm",
  };
  let rendered: Rendered;
  try {
    rendered = yield* renderChart(h, chart, computeValues(chart, given), release, served, online);
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    throw new HelmError(`${error.message}\n\nUse --debug flag to render out invalid YAML`);
  }
  const hooks = rendered.hooks.filter(
    ({ events }) => !h.is("no-hooks") && !(h.is("skip-tests") && events.includes("test")),
  );
  const crds = h.is("include-crds")
    ? [...chart.dependencies, chart].flatMap((one) =>
        one.crds.map(({ name: file, data }) => ({
          source: `${one.metadata.name}/${file}`,
          text: decode(data).trim(),
          kind: "",
        })),
      )
    : [];
  let all = [...crds, ...rendered.manifests, ...hooks];
  const only = h.list("show-only").flatMap((text) => text.split(","));
  if (only.length > 0) {
    all = only.flatMap((path) => {
      const wanted = all.filter(({ source }) => source === `${chart.metadata.name}/${path}` || source === path);
      if (wanted.length === 0) throw new HelmError(`could not find template ${path} in chart`);
      return wanted;
    });
  }
  const directory = h.flag("output-dir");
  if (directory === undefined) {
    yield* h.out(manifestText(all));
    return 0;
  }
  const files = new Map<string, string>();
  for (const each of all) files.set(each.source, (files.get(each.source) ?? "") + manifestText([each]));
  for (const [path, text] of files) {
    writeBelow(h, `${directory}/${path}`, text);
    yield* h.out(`wrote ${directory}/${path}\n\n`);
  }
  return 0;
}

/** helm create. */
export function* create(h: Helm): Gen<number> {
  h.require(1, 1, "create NAME");
  const path = h.args[0]!.replace(/\/+$/, "");
  const name = path.slice(path.lastIndexOf("/") + 1);
  yield* h.out(`Creating ${path}\n`);
  if (!/^[a-zA-Z0-9._-]+$/.test(name) || name.length > 250) {
    throw new HelmError(`chart name must match the regular expression "^[a-zA-Z0-9._-]+$"`);
  }
  if (sys.find(h.p, path)?.kind === "file") throw new HelmError(`file ${path} already exists and is not a directory`);
  for (const [file, text] of Object.entries(scaffold(name))) writeBelow(h, `${path}/${file}`, text);
  if (sys.find(h.p, `${path}/charts`) === undefined) sys.mkdir(h.p, `${path}/charts`, 0o755);
  return 0;
}

/** helm lint. */
export function* lint(h: Helm): Gen<number> {
  const paths = h.args.length > 0 ? h.args : ["."];
  let failed = 0;
  for (const path of paths) {
    const found: string[] = [];
    let errors = 0;
    const fault = (text: string) => {
      errors++;
      found.push(`[ERROR] ${text}`);
    };
    try {
      const chart = loadChart(h.p, path.replace(/\/+$/, ""));
      if (!chart.metadata.icon) found.push("[INFO] Chart.yaml: icon is recommended");
      const values = computeValues(chart, yield* h.values());
      const release = {
        Name: "test-release",
        Namespace: h.namespace,
        Revision: 1,
        IsInstall: true,
        IsUpgrade: false,
        Service: "Helm",
      };
      try {
        yield* renderChart(h, enabled(chart, values), values, release, OFFLINE, false);
      } catch (error) {
        if (!(error instanceof HelmError)) throw error;
        fault(`templates/: ${error.message}`);
      }
    } catch (error) {
      if (!(error instanceof HelmError)) throw error;
      if (/Chart.yaml file is missing/.test(error.message)) fault(`Chart.yaml: file does not exist`);
      else fault(error.message);
    }
    if (errors > 0) failed++;
    if (!h.is("quiet") || errors > 0)
      yield* h.out(`==> Linting ${path}\n${found.map((line) => `${line}\n`).join("")}\n`);
  }
  const summary = `${paths.length} chart(s) linted, ${failed} chart(s) failed`;
  if (failed > 0) throw new HelmError(summary);
  if (!h.is("quiet")) yield* h.out(`${summary}\n`);
  return 0;
}

/** helm package. */
export function* packageCommand(h: Helm): Gen<number> {
  h.require(1, 1000, "package [CHART_PATH] [...]");
  for (const path of h.args) {
    let chart = loadChart(h.p, path.replace(/\/+$/, "") || "/");
    const version = h.flag("version");
    const appVersion = h.flag("app-version");
    if (version !== undefined || appVersion !== undefined) {
      const metadata = {
        ...chart.metadata,
        ...(version !== undefined && { version }),
        ...(appVersion !== undefined && { appVersion }),
      };
      chart = withFile(chart, "Chart.yaml", toYaml(metadata));
    }
    const directory = h.flag("destination") ?? h.p.cwd;
    const file = `${directory.replace(/\/+$/, "")}/${chart.metadata.name}-${chart.metadata.version}.tgz`;
    if (sys.find(h.p, directory) === undefined)
      throw new HelmError(`failed to save: stat ${directory}: no such file or directory`);
    writeBelow(h, file, packChart(chart, Math.floor(h.k.nowMs / 1000)));
    yield* h.out(`Successfully packaged chart and saved it to: ${file}\n`);
  }
  return 0;
}

/** helm pull. */
export function* pull(h: Helm): Gen<number> {
  h.require(1, 1000, "pull [chart URL | repo/chartname] [...]");
  for (const name of h.args) {
    const chart = yield* locateChart(h, name);
    const directory = (h.flag("untar") !== undefined ? h.flag("untardir") : undefined) ?? h.flag("destination") ?? ".";
    if (h.is("untar")) unpackChart(h, chart, directory);
    else
      writeBelow(
        h,
        `${directory}/${chart.metadata.name}-${chart.metadata.version}.tgz`,
        packChart(chart, Math.floor(h.k.nowMs / 1000)),
      );
  }
  return 0;
}

/** helm dependency list. */
export function* dependencyList(h: Helm): Gen<number> {
  const path = h.args[0] ?? ".";
  const chart = loadChart(h.p, path);
  const wanted = chart.metadata.dependencies ?? [];
  if (wanted.length === 0) {
    yield* h.err(`WARNING: no dependencies at ${path}/charts\n`);
    return 0;
  }
  const rows = wanted.map(({ name, version = "", repository = "" }) => {
    const there = chart.dependencies.find((inner) => inner.metadata.name === name);
    const state =
      there === undefined
        ? "missing"
        : version === "" || satisfies(version, there.metadata.version)
          ? sys.find(h.p, `${path}/charts/${name}`)
            ? "unpacked"
            : "ok"
          : "wrong version";
    return [name, String(version), repository, state];
  });
  yield* h.out(`${table([["NAME", "VERSION", "REPOSITORY", "STATUS"], ...rows], 80)}\n`);
  return 0;
}

/** helm dependency update and build: charts of directories beside this one, and of repositories, into charts/. */
export function* dependencyUpdate(h: Helm): Gen<number> {
  const path = (h.args[0] ?? ".").replace(/\/+$/, "") || ".";
  const chart = loadChart(h.p, path);
  const wanted = chart.metadata.dependencies ?? [];
  if (wanted.length === 0) return 0;
  yield* h.out(`Saving ${wanted.length} charts\n`);
  const locked: { name: string; repository: string; version: string }[] = [];
  for (const { name, version = "", repository = "" } of wanted) {
    let inner: Chart;
    if (repository.startsWith("file://")) inner = loadChart(h.p, `${path}/${repository.slice("file://".length)}`);
    else if (repository === "") inner = loadChart(h.p, `${path}/charts/${name}`);
    else {
      yield* h.out(`Downloading ${name} from repo ${repository}\n`);
      const alias = /^(@|alias:)/.test(repository);
      h.line.flags.set("version", [String(version)]);
      if (!alias) h.line.flags.set("repo", [repository]);
      inner = yield* locateChart(h, alias ? `${repository.replace(/^(@|alias:)/, "")}/${name}` : name);
      h.line.flags.delete("repo");
    }
    if (repository !== "")
      writeBelow(
        h,
        `${path}/charts/${name}-${inner.metadata.version}.tgz`,
        packChart(inner, Math.floor(h.k.nowMs / 1000)),
      );
    locked.push({ name, repository, version: inner.metadata.version });
  }
  const digest = h.p.machine.kernel.random("helm").hex(64);
  writeBelow(
    h,
    `${path}/Chart.lock`,
    `${toYaml({ dependencies: locked })}digest: sha256:${digest}\ngenerated: "${h.k.nowText}"\n`,
  );
  yield* h.out("Deleting outdated charts\n");
  return 0;
}

/** helm repo index: an index of the archives in a directory. */
export function* repoIndex(h: Helm): Gen<number> {
  h.require(1, 1, "repo index [DIR]");
  const directory = h.args[0]!.replace(/\/+$/, "");
  const entries: Record<string, unknown[]> = {};
  for (const name of [...sys.readDir(h.p, directory).keys()].filter((file) => file.endsWith(".tgz")).sort()) {
    const { metadata } = loadChart(h.p, `${directory}/${name}`);
    const url = h.flag("url");
    (entries[metadata.name] ??= []).push({
      ...metadata,
      created: h.k.nowText,
      digest: "",
      urls: [url === undefined ? name : `${url.replace(/\/+$/, "")}/${name}`],
    });
  }
  writeBelow(h, `${directory}/index.yaml`, toYaml({ apiVersion: "v1", entries, generated: h.k.nowText }));
  return 0;
}
