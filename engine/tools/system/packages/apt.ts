/** apt, apt-get, apt-cache and apt-mark: mirrors have the programs that are known here, where they can be reached. */
import { decode, type Gen } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { disable, enable } from "../unit-install.ts";
import { query } from "./apt-query.ts";
import { DEBIAN_OFFERS, type Offered } from "./catalogue.ts";
import { holds, installed, RECORDS, setHolds } from "./installed.ts";
import {
  addedSources,
  type Change,
  COMPONENTS,
  carryOut,
  compare,
  installedRelease,
  listFile,
  matching,
  minorOf,
  sizeOf,
  versionsOf,
} from "./kubernetes.ts";
import { download, keepIndex, place, placed, takeAway, unreachable } from "./mirror.ts";

const SUITES = [
  ["http://deb.debian.org/debian", "bookworm"],
  ["http://deb.debian.org/debian-security", "bookworm-security"],
] as const;

const READING = "Reading package lists... Done\nBuilding dependency tree... Done\nReading state information... Done\n";
const CHANGING = ["install", "remove", "purge", "upgrade", "dist-upgrade", "full-upgrade", "autoremove", "reinstall"];

const LISTS = "/var/lib/apt/lists";

/** Sources of an image or a machine, by its distribution. */
function suites(p: Process): readonly (readonly [string, string])[] {
  const release = sys.find(p, "/etc/os-release") ? sys.readText(p, "/etc/os-release") : "";
  if (!/^ID=ubuntu$/m.test(release)) return SUITES;
  const code = /^VERSION_CODENAME=(\w+)/m.exec(release)?.[1] ?? "noble";
  return [
    ["http://archive.ubuntu.com/ubuntu", code],
    ["http://security.ubuntu.com/ubuntu", `${code}-security`],
  ];
}

const listOf = (url: string, suite: string): string =>
  `${LISTS}/${url.replace("http://", "").replaceAll("/", "_")}_dists_${suite}_InRelease`;

/** Whether the packages of a mirror are known: a machine's are from the beginning, an image's once it was updated. */
const knowsOffers = (p: Process): boolean =>
  sys.find(p, "/usr/bin/systemctl") !== undefined || suites(p).some(([url, suite]) => sys.find(p, listOf(url, suite)));

function* update(p: Process): Gen<number> {
  const failed: string[] = [];
  const refused: string[] = [];
  for (const [i, [url, suite]] of suites(p).entries()) {
    const host = url.split("/")[2]!;
    const why = yield* unreachable(p, host, 80);
    if (why === undefined) {
      yield* download(8000);
      keepIndex(p, listOf(url, suite));
      yield* sys.print(p, `Get:${i + 1} ${url} ${suite} InRelease [151 kB]\n`);
      continue;
    }
    const words =
      why === "resolve"
        ? `Temporary failure resolving '${host}'`
        : `Could not connect to ${host}:80, connection timed out`;
    yield* sys.print(p, `Err:${i + 1} ${url} ${suite} InRelease\n  ${words}\n`);
    failed.push(`W: Failed to fetch ${url}/dists/${suite}/InRelease  ${words}\n`);
  }
  const debian = suites(p).length;
  for (const [i, url] of addedSources(p).entries()) {
    const host = url.split("/")[2] ?? "";
    const from = url.replace(/\/$/, "");
    if (minorOf(url) !== undefined && (yield* unreachable(p, host, 443)) === undefined) {
      yield* download(20);
      keepIndex(p, listFile(url));
      yield* sys.print(p, `Get:${debian + i + 1} ${from}  InRelease [1,186 B]\n`);
      continue;
    }
    const why = yield* unreachable(p, host, 443);
    // A repository that is not there is refused by the network of pkgs.k8s.io.
    const words =
      why === undefined
        ? "403  Forbidden"
        : why === "resolve"
          ? `Could not resolve '${host}'`
          : `Could not connect to ${host}:443, connection timed out`;
    yield* sys.print(p, `Err:${debian + i + 1} ${from}  InRelease\n  ${words}\n`);
    if (why === undefined) refused.push(from);
    else failed.push(`W: Failed to fetch ${from}/InRelease  ${words}\n`);
  }
  if (failed.length < suites(p).length) yield* sys.print(p, "Fetched 9251 kB in 2s (4625 kB/s)\n");
  yield* sys.print(p, "Reading package lists... Done\n");
  for (const from of refused)
    yield* sys.printError(
      p,
      `E: Failed to fetch ${from}/InRelease  403  Forbidden\nE: The repository '${from}  InRelease' is not signed.\n` +
        "N: Updating from such a repository can't be done securely, and is therefore disabled by default.\n" +
        "N: See apt-secure(8) manpage for repository creation and user configuration details.\n",
    );
  if (failed.length === 0) return refused.length === 0 ? 0 : 100;
  yield* sys.printError(
    p,
    `${failed.join("")}W: Some index files failed to download. They have been ignored, or old ones used instead.\n`,
  );
  return 0;
}

const YES = /^(-[a-z]*y[a-z]*|--yes|--assume-yes)$/;

/** Asks whether to go on, as it does without `-y`. */
function* agreed(p: Process): Gen<boolean> {
  if (p.argv.some((word) => YES.test(word))) return true;
  yield* sys.print(p, "Do you want to continue? [Y/n] ");
  const line = decode(yield* sys.read(p, 0));
  if (line === "" || /^\s*[nN]/.test(line)) {
    yield* sys.print(p, "Abort.\n");
    return false;
  }
  return true;
}

const UNIT_DIR = "/lib/systemd/system";

/** The service of a package is enabled and started where systemd runs, as deb-systemd-helper(1p) does. */
function* startService(p: Process, { unit }: Offered): Gen<void> {
  if (unit === undefined || p.machine.systemd === undefined || p.ns.pid !== p.machine.pids) return;
  const { systemd } = p.machine;
  sys.writeText(p, `${UNIT_DIR}/${unit.name}`, unit.text);
  systemd.reload();
  const loaded = systemd.unit(unit.name);
  yield* enable(p, loaded);
  yield* systemd.start(loaded);
}

function* stopService(p: Process, { unit }: Offered): Gen<void> {
  if (unit === undefined || p.machine.systemd === undefined) return;
  const { systemd } = p.machine;
  const loaded = systemd.unit(unit.name);
  yield* systemd.stop(loaded);
  yield* disable(p, loaded.name);
  if (sys.find(p, `${UNIT_DIR}/${unit.name}`) !== undefined) sys.unlink(p, `${UNIT_DIR}/${unit.name}`);
  systemd.reload();
}

/** Fetches packages and puts their programs there. */
function* install(p: Process, list: readonly Offered[]): Gen<number> {
  const names = list.map(({ name }) => name);
  const size = list.reduce((sum, one) => sum + one.size, 0);
  yield* sys.print(
    p,
    `The following NEW packages will be installed:\n  ${names.join(" ")}\n0 upgraded, ${list.length} newly installed, 0 to remove and 0 not upgraded.\n` +
      `Need to get ${size} kB of archives.\nAfter this operation, ${size * 3} kB of additional disk space will be used.\n`,
  );
  if (!(yield* agreed(p))) return 1;
  const [url, suite] = suites(p)[0]!;
  const host = url.split("/")[2]!;
  const why = yield* unreachable(p, host, 80);
  if (why !== undefined) {
    const words =
      why === "resolve"
        ? `Temporary failure resolving '${host}'`
        : `Could not connect to ${host}:80, connection timed out`;
    yield* sys.print(
      p,
      list.map(({ name }, i) => `Err:${i + 1} ${url} ${suite}/main amd64 ${name}\n  ${words}\n`).join(""),
    );
    yield* sys.printError(
      p,
      `E: Failed to fetch ${url}/pool/main/  ${words}\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n`,
    );
    return 100;
  }
  for (const [i, one] of list.entries()) {
    yield* download(one.size);
    yield* sys.print(p, `Get:${i + 1} ${url} ${suite}/main amd64 ${one.name} amd64 ${one.version} [${one.size} kB]\n`);
  }
  yield* sys.print(p, `Fetched ${size} kB in 1s (${size} kB/s)\n`);
  for (const one of list) {
    yield* sys.print(
      p,
      `Selecting previously unselected package ${one.name}.\nPreparing to unpack .../${one.name}_${one.version.replace(":", "%3a")}_amd64.deb ...\nUnpacking ${one.name} (${one.version}) ...\n`,
    );
  }
  for (const one of list) {
    place(p, one, RECORDS);
    yield* sys.print(p, `Setting up ${one.name} (${one.version}) ...\n`);
    yield* startService(p, one);
  }
  return 0;
}

function* change(p: Process, verb: string, names: readonly string[]): Gen<number> {
  yield* sys.print(p, READING);
  const all = installed(p);
  const held = new Set(holds(p));
  let failed = false;
  const gone: string[] = [];
  const added = new Set(placed(p, RECORDS));
  const wanted: Offered[] = [];
  const taken: Offered[] = [];
  const components: Change[] = [];
  if (names.length === 0 && /upgrade/.test(verb)) {
    for (const name of COMPONENTS) if (!held.has(name)) components.push(...newer(p, all, name));
  }
  for (const text of names) {
    const [name = "", version] = text.replace(/[+-]$/, "").split("=");
    if (COMPONENTS.includes(name) && all.some((each) => each.name === name) && verb === "install") {
      const versions = versionsOf(p, name);
      const to = version === undefined ? versions[0] : matching(versions, version);
      const from = installedRelease(p, name);
      if (to === undefined && version !== undefined && version !== `${from.slice(1)}-1.1`) {
        yield* sys.printError(p, `E: Version '${version}' for '${name}' was not found\n`);
        failed = true;
      } else if (to === undefined || to.release === from || (version === undefined && compare(to.release, from) < 0)) {
        yield* sys.print(p, `${name} is already the newest version (${from.slice(1)}-1.1).\n`);
      } else components.push({ name, from, to });
      continue;
    }
    const one = all.find((each) => each.name === name);
    const offer = DEBIAN_OFFERS.get(name);
    const there =
      offer !== undefined &&
      Object.keys(offer.files).length > 0 &&
      Object.keys(offer.files).every((file) => sys.find(p, file));
    if (offer !== undefined && one === undefined && there && !added.has(name) && verb === "install") {
      yield* sys.print(p, `${name} is already the newest version (${offer.version}).\n`);
    } else if (offer !== undefined && added.has(name)) {
      if (verb === "install") yield* sys.print(p, `${name} is already the newest version (${offer.version}).\n`);
      else taken.push(offer);
    } else if (one === undefined && offer !== undefined && verb === "install" && knowsOffers(p)) {
      if (!wanted.includes(offer)) wanted.push(offer);
    } else if (one === undefined) {
      yield* sys.printError(p, `E: Unable to locate package ${name}\n`);
      failed = true;
    } else if (verb === "install" && version !== undefined && version !== one.version) {
      yield* sys.printError(p, `E: Version '${version}' for '${name}' was not found\n`);
      failed = true;
    } else if (verb === "install") yield* sys.print(p, `${name} is already the newest version (${one.version}).\n`);
    else gone.push(name);
  }
  if (failed) return 100;
  if (components.length > 0) return yield* changeComponents(p, components);
  if (wanted.length > 0) return yield* install(p, wanted);
  if (taken.length > 0) {
    for (const one of taken) {
      yield* stopService(p, one);
      takeAway(p, one, RECORDS);
      yield* sys.print(p, `Removing ${one.name} (${one.version}) ...\n`);
    }
    return 0;
  }
  if (gone.length > 0) {
    if (gone.some((name) => held.has(name))) {
      yield* sys.printError(p, "E: Held packages were changed and -y was used without --allow-change-held-packages.\n");
    } else yield* sys.printError(p, "E: Sub-process /usr/bin/dpkg returned an error code (1)\n");
    return 100;
  }
  const count = names.length === 0 && /upgrade/.test(verb) ? "Calculating upgrade... Done\n" : "";
  yield* sys.print(p, `${count}0 upgraded, 0 newly installed, 0 to remove and 0 not upgraded.\n`);
  return 0;
}

/** The newer version of a component, if the lists have one. */
function newer(p: Process, all: readonly { name: string }[], name: string): Change[] {
  const to = all.some((one) => one.name === name) ? versionsOf(p, name)[0] : undefined;
  const from = installedRelease(p, name);
  return to !== undefined && compare(to.release, from) > 0 ? [{ name, from, to }] : [];
}

/** Other releases of kubeadm, kubectl and kubelet, unless they are held or would go back without leave. */
function* changeComponents(p: Process, changes: readonly Change[]): Gen<number> {
  const back = changes.filter(({ from, to }) => compare(to.release, from) < 0);
  const on = changes.filter((one) => !back.includes(one));
  const held = holds(p).filter((name) => changes.some((one) => one.name === name));
  const list = (title: string, some: readonly string[]) =>
    some.length === 0 ? "" : `The following ${title}:\n  ${some.join(" ")}\n`;
  const names = (some: readonly Change[]) => some.map(({ name }) => name);
  const yes = p.argv.some((word) => YES.test(word));
  yield* sys.print(
    p,
    list("held packages will be changed", held) +
      list("packages will be upgraded", names(on)) +
      list("packages will be DOWNGRADED", names(back)) +
      `${on.length} upgraded, ${back.length > 0 ? `${back.length} downgraded, ` : ""}0 newly installed, 0 to remove and 0 not upgraded.\n`,
  );
  if (held.length > 0 && yes && !p.argv.includes("--allow-change-held-packages")) {
    yield* sys.printError(p, "E: Held packages were changed and -y was used without --allow-change-held-packages.\n");
    return 100;
  }
  if (back.length > 0 && yes && !p.argv.includes("--allow-downgrades")) {
    yield* sys.printError(p, "E: Packages were downgraded and -y was used without --allow-downgrades.\n");
    return 100;
  }
  yield* sys.print(
    p,
    `Need to get ${(sizeOf(changes) / 1000).toFixed(1)} MB of archives.\nAfter this operation, 0 B of additional disk space will be used.\n`,
  );
  if (!(yield* agreed(p))) return 1;
  const host = "pkgs.k8s.io";
  if ((yield* unreachable(p, host, 443)) !== undefined) {
    yield* sys.printError(
      p,
      `E: Failed to fetch ${changes[0]!.to.url}/  Could not resolve '${host}'\nE: Unable to fetch some archives, maybe run apt-get update or try with --fix-missing?\n`,
    );
    return 100;
  }
  yield* download(sizeOf(changes));
  yield* carryOut(p, changes);
  return 0;
}

export const apt: Program = function* (p): Gen<number> {
  const name = p.argv[0]!.slice(p.argv[0]!.lastIndexOf("/") + 1);
  const words = p.argv.slice(1);
  const [verb, ...packages] = words.filter(
    (word, i) => !word.startsWith("-") && words[i - 1] !== "-o" && words[i - 1] !== "-t",
  );
  if (name === "apt" && verb !== undefined && p.fds.get(1)?.tty === undefined) {
    yield* sys.printError(p, "\nWARNING: apt does not have a stable CLI interface. Use with caution in scripts.\n\n");
  }
  if (words.includes("--version") || words.includes("-v")) {
    yield* sys.print(p, "apt 2.6.1 (amd64)\n");
    return 0;
  }
  if (verb === undefined) {
    yield* sys.print(p, `apt 2.6.1 (amd64)\nUsage: ${name} [options] command\n`);
    return 0;
  }
  const changing = CHANGING.includes(verb);
  if (p.cred.uid !== 0 && (changing || verb === "update")) {
    const lock = verb === "update" ? "/var/lib/apt/lists/lock" : "/var/lib/dpkg/lock-frontend";
    yield* sys.printError(
      p,
      `E: Could not open lock file ${lock} - open (13: Permission denied)\n${
        verb === "update"
          ? "E: Unable to lock directory /var/lib/apt/lists/\n"
          : "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend), are you root?\n"
      }`,
    );
    return 100;
  }
  if (verb === "update") return yield* update(p);
  if (changing) return yield* change(p, verb, packages);
  if (verb === "list") {
    yield* sys.print(p, "Listing... Done\n");
    const lines = installed(p).map((one) => `${one.name}/stable,now ${one.version} ${one.architecture} [installed]\n`);
    yield* sys.print(
      p,
      lines.filter((line) => packages.length === 0 || packages.some((each) => line.startsWith(`${each}/`))).join(""),
    );
    return 0;
  }
  if (["policy", "show", "search", "madison"].includes(verb)) return yield* query(p, verb, packages);
  if (["clean", "autoclean", "check"].includes(verb)) return 0;
  yield* sys.printError(p, `E: Invalid operation ${verb}\n`);
  return 100;
};

export const aptMark: Program = function* (p): Gen<number> {
  const [verb, ...names] = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  const held = new Set(holds(p));
  if (verb === "showhold") {
    yield* sys.print(
      p,
      [...held]
        .sort()
        .map((name) => `${name}\n`)
        .join(""),
    );
    return 0;
  }
  if (verb === "showmanual" || verb === "showinstall") {
    yield* sys.print(
      p,
      installed(p)
        .map(({ name }) => `${name}\n`)
        .join(""),
    );
    return 0;
  }
  if (verb !== "hold" && verb !== "unhold") {
    yield* sys.printError(p, `E: Invalid operation ${verb ?? ""}\n`);
    return 100;
  }
  for (const name of names) {
    if (installed(p).some((one) => one.name === name)) continue;
    yield* sys.printError(p, `E: Unable to locate package ${name}\nE: No packages found\n`);
    return 100;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      "E: Could not create temporary file for /var/lib/apt/extended_states - mkstemp (13: Permission denied)\n",
    );
    return 100;
  }
  for (const name of names) {
    const was = held.has(name);
    if (verb === "hold") held.add(name);
    else held.delete(name);
    const already = verb === "hold" ? `${name} was already set on hold.\n` : `${name} was already not on hold.\n`;
    const done = verb === "hold" ? `${name} set on hold.\n` : `Canceled hold on ${name}.\n`;
    yield* sys.print(p, was === (verb === "hold") ? already : done);
  }
  setHolds(p, [...held]);
  return 0;
};
