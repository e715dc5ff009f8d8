import type { Gen } from "../../../kernel/index.ts";
import { decode } from "../../../kernel/index.ts";
import { isExpected } from "../../kubectl/errors.ts";
import type { Chart } from "../chart.ts";
import {
  create,
  lookupObject,
  poll,
  refuseForeign,
  remove,
  type Target,
  targets,
  uninstallOrder,
  waitReady,
} from "../cluster.ts";
import type { Helm } from "../context.ts";
import { HelmError } from "../error.ts";
import { runHooks } from "../hooks.ts";
import {
  type Release,
  type ReleaseStatus,
  releases,
  removeRelease,
  saveRelease,
  stamp,
  storedChart,
  storedHook,
} from "../release.ts";
import {
  computeValues,
  enabled,
  manifestText,
  type ReleaseFacts,
  type Rendered,
  render,
  type Served,
} from "../render.ts";
import { satisfies } from "../template/index.ts";
import type { Values } from "../values.ts";
import { locateChart } from "./charts.ts";
import { printStatus } from "./output.ts";

const NAME = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

/** Refuses what cannot be a release's name. */
export function checkName(name: string): void {
  if (name === "" || name.length > 53 || !NAME.test(name)) {
    throw new HelmError(
      `release name ${JSON.stringify(name)}: invalid release name, must match regex ^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$ and the length must not be longer than 53`,
    );
  }
}

/** What the cluster serves, as `.Capabilities` tells it. */
export function* servedBy(h: Helm): Gen<Served> {
  const { mappings, groupVersions } = yield* h.k.resources();
  const version = (yield* h.k.object("GET", "/version")) as unknown as { gitVersion: string };
  const apis = [
    ...groupVersions,
    ...mappings.map(({ group, version: v, kind }) => `${group === "" ? v : `${group}/${v}`}/${kind}`),
  ];
  return { version: version.gitVersion, apis };
}

/** Rounds of asking the cluster for what templates look up. */
const MOST_ROUNDS = 5;

/** Fills a chart in. What `lookup` asks is fetched between rounds, since templates cannot wait. */
export function* renderChart(
  h: Helm,
  chart: Chart,
  values: Values,
  release: ReleaseFacts,
  served: Served,
  online: boolean,
): Gen<Rendered> {
  const known = new Map<string, unknown>();
  const random = h.p.machine.kernel.random("helm");
  for (let round = 0; ; round++) {
    const missing: string[][] = [];
    const lookup = (args: unknown[]) => {
      const key = args.map(String);
      if (!known.has(key.join("\0"))) missing.push(key);
      return known.get(key.join("\0")) ?? {};
    };
    const around = { random, ms: h.k.nowMs, ...(online && { lookup }) };
    const out = render(chart, values, { release, served, around, subchartNotes: h.is("render-subchart-notes") });
    if (missing.length === 0 || round >= MOST_ROUNDS) return out;
    for (const [apiVersion = "", kind = "", namespace = "", name = ""] of missing) {
      const key = [apiVersion, kind, namespace, name].join("\0");
      if (!known.has(key)) known.set(key, yield* lookupObject(h.k, apiVersion, kind, namespace, name));
    }
  }
}

/** Refuses charts for other versions of Kubernetes, libraries, and charts whose dependencies are not there. */
export function checkChart(chart: Chart, served: Served): void {
  const { metadata } = chart;
  if (metadata.type === "library") throw new HelmError("library charts are not installable");
  if (metadata.kubeVersion && !satisfies(metadata.kubeVersion, served.version)) {
    throw new HelmError(
      `chart requires kubeVersion: ${metadata.kubeVersion} which is incompatible with Kubernetes ${served.version}`,
    );
  }
  const missing = (metadata.dependencies ?? []).filter(
    ({ name }) => !chart.dependencies.some((inner) => inner.metadata.name === name),
  );
  if (missing.length > 0) {
    throw new HelmError(
      `An error occurred while checking for chart dependencies. You may need to run \`helm dependency build\` to fetch missing dependencies: found in Chart.yaml, but missing in charts/ directory: ${missing.map(({ name }) => name).join(", ")}`,
    );
  }
}

/** Runs a command's work and puts `INSTALLATION FAILED: ` or the like before what goes wrong. */
export function* failing<T>(prefix: string, work: Gen<T>): Gen<T> {
  try {
    return yield* work;
  } catch (error) {
    if (!(error instanceof HelmError) && !isExpected(error)) throw error;
    throw new HelmError(`${prefix}${error.message.replace(/^error: /, "")}`);
  }
}

/** The objects of a chart's crds/, before everything else. */
function* installCrds(h: Helm, chart: Chart): Gen {
  for (const one of [...chart.dependencies, chart]) {
    for (const { data } of one.crds) {
      const list = yield* targets(h.k, decode(data), "");
      const fresh: Target[] = [];
      for (const target of list) {
        try {
          yield* create(h.k, [target], "", "", false);
          fresh.push(target);
        } catch (error) {
          if (!(error instanceof HelmError) || !error.message.includes("already exists")) throw error;
        }
      }
      yield* waitReady(h.k, fresh, h.deadline(), false);
      if (fresh.length > 0) h.k.forgetResources();
    }
  }
}

/** `.Release` of a revision. */
export const facts = (name: string, namespace: string, revision: number, install: boolean): ReleaseFacts => ({
  Name: name,
  Namespace: namespace,
  Revision: revision,
  IsInstall: install,
  IsUpgrade: !install,
  Service: "Helm",
});

/** A revision that is about to be. */
export function releaseOf(
  h: Helm,
  chart: Chart,
  given: Values,
  rendered: Rendered,
  facts: ReleaseFacts,
  status: ReleaseStatus,
  description: string,
): Release {
  const now = stamp(h.k);
  return {
    name: facts.Name,
    namespace: facts.Namespace,
    version: facts.Revision,
    info: { first_deployed: now, last_deployed: now, deleted: "", description, status, notes: rendered.notes },
    chart: storedChart(chart),
    ...(Object.keys(given).length > 0 && { config: given }),
    manifest: manifestText(rendered.manifests),
    hooks: rendered.hooks.map(storedHook),
  };
}

/** Name and chart of a command line. */
function nameAndChart(h: Helm): [string, string] {
  const { args } = h;
  if (h.is("generate-name") || h.flag("name-template") !== undefined) {
    if (args.length > 1) throw new HelmError("cannot set --generate-name and also specify a name");
    const base =
      args[0]!
        .replace(/\/+$/, "")
        .split("/")
        .pop()!
        .replace(/[-.].*$|\.tgz$/, "") || "chart";
    return [h.flag("name-template") ?? `${base}-${Math.floor(h.k.nowMs / 1000)}`, args[0]!];
  }
  if (args.length === 1) throw new HelmError("must either provide a name or specify --generate-name");
  if (args.length > 2)
    throw new HelmError(`expected at most two arguments, unexpected arguments: ${args.slice(2).join(", ")}`);
  return [args[0]!, args[1]!];
}

/** helm install. */
export function* install(h: Helm): Gen<number> {
  h.require(1, 1000, "install [NAME] [CHART]");
  const release = yield* failing(
    "INSTALLATION FAILED: ",
    (function* () {
      const [name, chart] = nameAndChart(h);
      return yield* installRelease(h, name, chart);
    })(),
  );
  yield* printStatus(h, release, { notes: !h.is("hide-notes"), dry: h.is("dry-run") });
  return 0;
}

/** Makes the first revision of a release. */
export function* installRelease(h: Helm, name: string, chartName: string): Gen<Release> {
  const { k, namespace } = h;
  checkName(name);
  const found = yield* locateChart(h, chartName);
  const given = yield* h.values();
  const chart = enabled(found, computeValues(found, given));
  const served = yield* servedBy(h);
  checkChart(chart, served);
  const dry = h.is("dry-run");
  const all = yield* releases(k, namespace, name);
  const last = all.at(-1);
  if (last !== undefined && last.info.status !== "uninstalled" && !(h.is("replace") && last.info.status === "failed")) {
    throw new HelmError("cannot re-use a name that is still in use");
  }
  if (!h.is("skip-crds") && !dry) yield* installCrds(h, chart);
  const about = facts(name, namespace, 1 + (h.is("replace") ? (last?.version ?? 0) : 0), true);
  const rendered = yield* renderChart(h, chart, computeValues(chart, given), about, served, true);
  const release = releaseOf(h, chart, given, rendered, about, "pending-install", "Initial install underway");
  const list = yield* targets(k, release.manifest, namespace);
  if (!h.is("take-ownership")) {
    yield* failing("Unable to continue with install: ", refuseForeign(k, list, name, namespace));
  }
  if (dry) {
    release.info.description = "Dry run complete";
    return release;
  }
  if (h.is("create-namespace")) yield* createNamespace(h, namespace);
  yield* failing("create: failed to create: ", saveRelease(k, release, true));
  const deadline = h.deadline();
  try {
    if (!h.is("no-hooks")) yield* failing("failed pre-install: ", runHooks(k, release, "pre-install", deadline));
    yield* create(k, list, name, namespace);
    if (h.is("wait") || h.is("atomic")) yield* waitReady(k, list, deadline, h.is("wait-for-jobs"));
    if (!h.is("no-hooks")) yield* failing("failed post-install: ", runHooks(k, release, "post-install", deadline));
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    release.info.status = "failed";
    release.info.description = `Release ${JSON.stringify(name)} failed: ${error.message}`;
    yield* saveRelease(k, release, false);
    if (h.is("atomic")) {
      yield* remove(k, uninstallOrder(list));
      yield* removeRelease(k, release);
      throw new HelmError(`release ${name} failed, and has been uninstalled due to atomic being set: ${error.message}`);
    }
    throw error;
  }
  release.info.status = "deployed";
  release.info.description = h.flag("description") ?? "Install complete";
  yield* saveRelease(k, release, false);
  return release;
}

function* createNamespace(h: Helm, namespace: string): Gen {
  try {
    yield* h.k.object("POST", "/api/v1/namespaces?fieldManager=helm", {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: namespace, labels: { name: namespace } },
    });
    // The namespace's account is there before what uses it.
    yield* poll(h.k, h.deadline(), function* () {
      const answer = yield* h.k.request("GET", `/api/v1/namespaces/${namespace}/serviceaccounts/default`);
      return answer.status === 200;
    });
  } catch (error) {
    if (!isExpected(error)) throw error;
    if (!error.message.includes("already exists")) throw error;
  }
}
