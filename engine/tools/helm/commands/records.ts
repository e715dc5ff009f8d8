import { resourcePath } from "../../../api/client.ts";
import { decode, type Gen } from "../../../kernel/index.ts";
import { compileRegex } from "../../../text/regex/index.ts";
import { toYaml } from "../../../text/yaml.ts";
import { remove, targets, uninstallOrder, waitGone } from "../cluster.ts";
import { type Helm, table } from "../context.ts";
import { HelmError } from "../error.ts";
import { runHooks, testHooks } from "../hooks.ts";
import { ansic, chartName, type Release, releases, removeRelease, saveRelease, stamp } from "../release.ts";
import { computeValues } from "../render.ts";
import { failing } from "./install.ts";
import { outputOf, printStatus } from "./output.ts";
import { rollTo } from "./upgrade.ts";

/** A release by its name, at a revision or the last. */
function* findRelease(h: Helm, revision = 0): Gen<Release> {
  const all = yield* releases(h.k, h.namespace, h.args[0]!);
  const found = revision > 0 ? all.find(({ version }) => version === revision) : all.at(-1);
  if (found === undefined) throw new HelmError("release: not found");
  return found;
}

/** `2026-03-02 09:00:12.123 +0000 UTC`. */
const updated = (time: string): string =>
  `${time
    .replace("T", " ")
    .replace(/Z$/, "")
    .replace(/(\.\d*?)0+$/, "$1")
    .replace(/\.$/, "")} +0000 UTC`;

/** helm list. */
export function* list(h: Helm): Gen<number> {
  const k = h.k;
  const all = yield* releases(k, h.is("all-namespaces") ? "" : h.namespace);
  const latest = new Map<string, Release>();
  for (const each of all) latest.set(`${each.namespace}/${each.name}`, each);
  // A deployed revision is shown although a later one failed only where it is the last.
  const states = ["deployed", "failed", "superseded", "uninstalled", "uninstalling"].filter((state) => h.is(state));
  const wanted = (release: Release): boolean => {
    const { status } = release.info;
    if (h.is("all")) return true;
    if (states.length > 0 || h.is("pending"))
      return states.includes(status) || (h.is("pending") && status.startsWith("pending"));
    return status === "deployed" || status === "failed";
  };
  const pattern = h.flag("filter");
  const filter = pattern === undefined ? undefined : compileRegex(pattern, { syntax: "perl" });
  let rows = [...latest.values()].filter(wanted).filter(({ name }) => filter?.test(name) ?? true);
  rows.sort((a, b) =>
    h.is("date")
      ? a.info.last_deployed < b.info.last_deployed
        ? -1
        : 1
      : a.name < b.name
        ? -1
        : a.name > b.name
          ? 1
          : a.namespace < b.namespace
            ? -1
            : 1,
  );
  if (h.is("reverse")) rows.reverse();
  rows = rows.slice(h.number("offset", 0), h.number("offset", 0) + (h.number("max", 256) || rows.length));
  const output = outputOf(h);
  if (h.is("short")) {
    const names = rows.map(({ name }) => name);
    yield* h.out(
      output === "json"
        ? `${JSON.stringify(names)}\n`
        : output === "yaml"
          ? toYaml(names)
          : names.map((name) => `${name}\n`).join(""),
    );
    return 0;
  }
  const plain = rows.map((each) => ({
    name: each.name,
    namespace: each.namespace,
    revision: String(each.version),
    updated: updated(each.info.last_deployed),
    status: each.info.status,
    chart: chartName(each),
    app_version: String(each.chart.metadata.appVersion ?? ""),
  }));
  if (output === "json") yield* h.out(`${JSON.stringify(plain)}\n`);
  else if (output === "yaml") yield* h.out(toYaml(plain));
  else {
    const head = ["NAME", "NAMESPACE", "REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION"];
    yield* h.out(table([...(h.is("no-headers") ? [] : [head]), ...plain.map((each) => Object.values(each))]));
  }
  return 0;
}

/** helm status. */
export function* status(h: Helm): Gen<number> {
  h.require(1, 1, "status RELEASE_NAME");
  yield* printStatus(h, yield* findRelease(h, h.number("revision", 0)), { description: h.is("show-desc") });
  return 0;
}

/** helm history. */
export function* history(h: Helm): Gen<number> {
  h.require(1, 1, "history RELEASE_NAME");
  const all = (yield* releases(h.k, h.namespace, h.args[0]!)).slice(-h.number("max", 256));
  if (all.length === 0) throw new HelmError("release: not found");
  const plain = all.map((each) => ({
    revision: each.version,
    updated: each.info.last_deployed,
    status: each.info.status,
    chart: chartName(each),
    app_version: String(each.chart.metadata.appVersion ?? ""),
    description: each.info.description,
  }));
  const output = outputOf(h);
  if (output === "json") yield* h.out(`${JSON.stringify(plain)}\n`);
  else if (output === "yaml") yield* h.out(toYaml(plain));
  else {
    const rows = plain.map((each) => [
      String(each.revision),
      ansic(each.updated),
      each.status,
      each.chart,
      each.app_version,
      each.description,
    ]);
    yield* h.out(table([["REVISION", "UPDATED", "STATUS", "CHART", "APP VERSION", "DESCRIPTION"], ...rows]));
  }
  return 0;
}

/** helm get. */
export function* get(h: Helm): Gen<number> {
  const part = h.line.command.split(" ")[1]!;
  h.require(1, 1, `get ${part} RELEASE_NAME`);
  const release = yield* findRelease(h, h.number("revision", 0));
  const computed = () => {
    const { metadata, values } = release.chart;
    return computeValues(
      { metadata, values, templates: [], crds: [], files: [], raw: [], dependencies: [] },
      release.config ?? {},
    );
  };
  const hooks = (release.hooks ?? []).map(({ path, manifest }) => `---\n# Source: ${path}\n${manifest}\n`).join("");
  switch (part) {
    case "values": {
      const values = h.is("all") ? computed() : (release.config ?? null);
      const output = outputOf(h);
      if (output === "json") yield* h.out(`${JSON.stringify(values)}\n`);
      else if (output === "yaml") yield* h.out(toYaml(values));
      else yield* h.out(`${h.is("all") ? "COMPUTED" : "USER-SUPPLIED"} VALUES:\n${toYaml(values)}`);
      return 0;
    }
    case "manifest":
      yield* h.out(`${release.manifest}\n`);
      return 0;
    case "notes":
      if (release.info.notes) yield* h.out(`NOTES:\n${release.info.notes}\n`);
      return 0;
    case "hooks":
      yield* h.out(hooks);
      return 0;
    case "metadata": {
      const { metadata } = release.chart;
      const rows: [string, string][] = [
        ["NAME", release.name],
        ["CHART", metadata.name],
        ["VERSION", metadata.version],
        ["APP_VERSION", String(metadata.appVersion ?? "")],
        ["NAMESPACE", release.namespace],
        ["REVISION", String(release.version)],
        ["STATUS", release.info.status],
        ["DEPLOYED_AT", release.info.last_deployed.replace(/\.\d+/, "")],
      ];
      yield* h.out(rows.map(([name, value]) => `${name}: ${value}\n`).join(""));
      return 0;
    }
    default: {
      yield* printStatus(h, release, { notes: false });
      yield* h.out(
        `USER-SUPPLIED VALUES:\n${toYaml(release.config ?? null)}\nCOMPUTED VALUES:\n${toYaml(computed())}\nHOOKS:\n${hooks}MANIFEST:\n${release.manifest}\n`,
      );
      if (release.info.notes) yield* h.out(`NOTES:\n${release.info.notes}\n`);
      return 0;
    }
  }
}

/** helm rollback. */
export function* rollback(h: Helm): Gen<number> {
  h.require(1, 2, "rollback <RELEASE> [REVISION]");
  const text = h.args[1] ?? "0";
  if (!/^\d+$/.test(text))
    throw new HelmError(
      `could not convert revision to a number: strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`,
    );
  const all = yield* releases(h.k, h.namespace, h.args[0]!);
  const last = all.at(-1);
  if (last === undefined) throw new HelmError("release: not found");
  const wanted = Number(text) || last.version - 1;
  const target = all.find(({ version }) => version === wanted);
  if (target === undefined)
    throw new HelmError(Number(text) === 0 ? "release: not found" : `release has no ${wanted} version`);
  if (!h.is("dry-run")) yield* rollTo(h, all, target);
  yield* h.out("Rollback was a success! Happy Helming!\n");
  return 0;
}

/** helm uninstall. */
export function* uninstall(h: Helm): Gen<number> {
  h.require(1, 1000, "uninstall RELEASE_NAME [...]");
  for (const name of h.args) {
    const all = yield* releases(h.k, h.namespace, name);
    const last = all.at(-1);
    if (last === undefined) {
      if (h.is("ignore-not-found")) continue;
      throw new HelmError(`uninstall: Release not loaded: ${name}: release: not found`);
    }
    if (last.info.status === "uninstalled" && h.is("keep-history")) {
      throw new HelmError(`the release named ${JSON.stringify(name)} is already deleted`);
    }
    if (!h.is("dry-run")) yield* removeAll(h, all, last);
    yield* h.out(`release ${JSON.stringify(name)} uninstalled\n`);
  }
  return 0;
}

function* removeAll(h: Helm, all: readonly Release[], last: Release): Gen {
  const { k } = h;
  const deadline = h.deadline();
  if (last.info.status !== "uninstalled") {
    last.info.status = "uninstalling";
    last.info.deleted = stamp(k);
    last.info.description = "Deletion in progress (or silently failed)";
    if (!h.is("no-hooks")) yield* runHooks(k, last, "pre-delete", deadline);
    yield* saveRelease(k, last, false);
    const found = uninstallOrder(yield* targets(k, last.manifest, last.namespace));
    const cascade = h.flag("cascade") ?? "background";
    const kept = yield* remove(k, found, `${cascade[0]!.toUpperCase()}${cascade.slice(1)}`);
    if (kept.length > 0) {
      yield* h.out(
        `These resources were kept due to the resource policy:\n${kept.map(({ mapping, name }) => `[${mapping.kind}] ${name}\n`).join("")}\n`,
      );
    }
    if (h.is("wait"))
      yield* waitGone(
        k,
        found.filter((each) => !kept.includes(each)),
        deadline,
      );
    if (!h.is("no-hooks")) yield* runHooks(k, last, "post-delete", deadline);
  }
  if (!h.is("keep-history")) {
    for (const each of all) yield* removeRelease(k, each);
    return;
  }
  last.info.status = "uninstalled";
  last.info.description = h.flag("description") ?? "Uninstallation complete";
  for (const each of all) if (each.info.status === "deployed") each.info.status = "superseded";
  yield* saveRelease(k, last, false);
}

/** helm test. */
export function* test(h: Helm): Gen<number> {
  h.require(1, 1, "test [RELEASE]");
  const release = yield* findRelease(h);
  let failed: HelmError | undefined;
  try {
    yield* failing("", runHooks(h.k, release, "test", h.deadline()));
  } catch (error) {
    if (!(error instanceof HelmError)) throw error;
    failed = error;
  }
  yield* saveRelease(h.k, release, false);
  yield* printStatus(h, release);
  if (h.is("logs")) {
    for (const { name, manifest } of testHooks(release)) {
      const [target] = yield* targets(h.k, manifest, release.namespace);
      if (target === undefined || target.mapping.kind !== "Pod") continue;
      const response = yield* h.k.request("GET", resourcePath(target.mapping, target.namespace, name, "log"));
      const body = response.body.type === "bytes" ? decode(response.body.bytes) : "";
      yield* h.out(`POD LOGS: ${name}\n${body}\n`);
    }
  }
  if (failed !== undefined) throw failed;
  return 0;
}
