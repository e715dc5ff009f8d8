import type { Gen } from "../../../kernel/index.ts";
import { refuseForeign, type Target, targets, update, waitReady } from "../cluster.ts";
import type { Helm } from "../context.ts";
import { HelmError } from "../error.ts";
import { runHooks } from "../hooks.ts";
import { type Release, releases, removeRelease, saveRelease, stamp } from "../release.ts";
import { computeValues, enabled } from "../render.ts";
import { mergeValues } from "../values.ts";
import { locateChart } from "./charts.ts";
import { checkChart, facts, failing, installRelease, releaseOf, renderChart, servedBy } from "./install.ts";
import { printStatus } from "./output.ts";

/** helm upgrade. */
export function* upgrade(h: Helm): Gen<number> {
  h.require(2, 2, "upgrade [RELEASE] [CHART]");
  const [name, chart] = h.args as [string, string];
  const all = yield* failing("UPGRADE FAILED: ", releases(h.k, h.namespace, name));
  const fresh = all.length === 0 || all.at(-1)!.info.status === "uninstalled";
  if (h.is("install") && fresh) {
    if ((h.flag("output") ?? "table") === "table")
      yield* h.out(`Release ${JSON.stringify(name)} does not exist. Installing it now.\n`);
    const release = yield* installRelease(h, name, chart);
    yield* printStatus(h, release, { notes: !h.is("hide-notes"), dry: h.is("dry-run") });
    return 0;
  }
  const release = yield* failing("UPGRADE FAILED: ", upgradeRelease(h, all, name, chart));
  if ((h.flag("output") ?? "table") === "table")
    yield* h.out(`Release ${JSON.stringify(name)} has been upgraded. Happy Helming!\n`);
  yield* printStatus(h, release, { notes: !h.is("hide-notes"), dry: h.is("dry-run") });
  return 0;
}

function* upgradeRelease(h: Helm, all: readonly Release[], name: string, chartName: string): Gen<Release> {
  const { k, namespace } = h;
  const last = all.at(-1);
  if (last === undefined) throw new HelmError(`${JSON.stringify(name)} has no deployed releases`);
  if (/^pending/.test(last.info.status))
    throw new HelmError("another operation (install/upgrade/rollback) is in progress");
  const current =
    all.findLast(({ info }) => info.status === "deployed") ?? (last.info.status === "failed" ? last : undefined);
  if (current === undefined) throw new HelmError(`${JSON.stringify(name)} has no deployed releases`);
  const found = yield* locateChart(h, chartName);
  const asked = yield* h.values();
  const fresh = Object.keys(asked).length === 0;
  const reuses = h.is("reuse-values") || h.is("reset-then-reuse-values") || (fresh && !h.is("reset-values"));
  const given = reuses ? mergeValues(current.config ?? {}, asked) : asked;
  const based = h.is("reuse-values") ? { ...found, values: mergeValues(found.values, current.chart.values) } : found;
  const chart = enabled(based, computeValues(based, given));
  const served = yield* servedBy(h);
  checkChart(chart, served);
  const about = facts(name, namespace, last.version + 1, false);
  const rendered = yield* renderChart(h, chart, computeValues(chart, given), about, served, true);
  const release = releaseOf(h, chart, given, rendered, about, "pending-upgrade", "Preparing upgrade");
  release.info.first_deployed = current.info.first_deployed;
  const wanted = yield* targets(k, release.manifest, namespace);
  const old = yield* targets(k, current.manifest, namespace);
  const before = new Set(old.map(({ mapping, namespace: ns, name: n }) => `${mapping.kind}/${ns}/${n}`));
  const added = wanted.filter(({ mapping, namespace: ns, name: n }) => !before.has(`${mapping.kind}/${ns}/${n}`));
  if (!h.is("take-ownership"))
    yield* failing("Unable to continue with update: ", refuseForeign(k, added, name, namespace));
  if (h.is("dry-run")) {
    release.info.description = "Dry run complete";
    return release;
  }
  yield* saveRelease(k, release, true);
  yield* change(h, release, old, wanted, "upgrade", current);
  yield* retire(h, all, current);
  release.info.status = "deployed";
  release.info.description = h.flag("description") ?? "Upgrade complete";
  yield* saveRelease(k, release, false);
  return release;
}

/** Carries a new revision out; a failure is noted in it. */
function* change(
  h: Helm,
  release: Release,
  old: readonly Target[],
  wanted: readonly Target[],
  what: "upgrade" | "rollback",
  current: Release,
): Gen {
  const { k } = h;
  const deadline = h.deadline();
  try {
    if (!h.is("no-hooks")) yield* failing(`pre-${what} hooks failed: `, runHooks(k, release, `pre-${what}`, deadline));
    yield* update(k, old, wanted, release.name, release.namespace);
    if (h.is("wait") || h.is("atomic")) yield* waitReady(k, wanted, deadline, h.is("wait-for-jobs"));
    if (!h.is("no-hooks"))
      yield* failing(`post-${what} hooks failed: `, runHooks(k, release, `post-${what}`, deadline));
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    release.info.status = "failed";
    release.info.description = `${what === "upgrade" ? "Upgrade" : "Rollback"} ${JSON.stringify(release.name)} failed: ${error.message}`;
    yield* saveRelease(k, release, false);
    if (h.is("atomic") && what === "upgrade") {
      const history = yield* releases(k, release.namespace, release.name);
      yield* rollTo(h, history, current);
      throw new HelmError(
        `release ${release.name} failed, and has been rolled back due to atomic being set: ${error.message}`,
      );
    }
    throw error;
  }
}

/** What was deployed is superseded; the oldest revisions go. */
function* retire(h: Helm, all: readonly Release[], current: Release): Gen {
  for (const each of all) {
    if (each.info.status !== "deployed" && each !== current) continue;
    each.info.status = "superseded";
    yield* saveRelease(h.k, each, false);
  }
  const most = h.number("history-max", 10);
  if (most > 0) for (const each of all.slice(0, Math.max(0, all.length + 1 - most))) yield* removeRelease(h.k, each);
}

/** Makes a new revision of an earlier one. */
export function* rollTo(h: Helm, all: readonly Release[], target: Release): Gen<Release> {
  const { k } = h;
  const last = all.at(-1)!;
  const current = all.findLast(({ info }) => info.status === "deployed") ?? last;
  const release: Release = {
    ...target,
    version: last.version + 1,
    info: {
      ...target.info,
      first_deployed: current.info.first_deployed,
      last_deployed: stamp(k),
      status: "pending-rollback",
      description: `Rollback to ${target.version}`,
    },
  };
  const wanted = yield* targets(k, release.manifest, release.namespace);
  const old = yield* targets(k, last.manifest, release.namespace);
  yield* saveRelease(k, release, true);
  yield* change(h, release, old, wanted, "rollback", current);
  yield* retire(h, all, current);
  release.info.status = "deployed";
  yield* saveRelease(k, release, false);
  return release;
}
