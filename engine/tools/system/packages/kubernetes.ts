/** kubeadm, kubectl and kubelet as pkgs.k8s.io offers them: a repository for each minor release, with all its patches. */
import { MINORS, parseRelease, RELEASE, releasesOf } from "../../../api/build-info.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import { releaseIn } from "../../../machine/release.ts";
import { executableOf } from "../../../machine/stamp.ts";
import * as sys from "../../../machine/sys.ts";

const SOURCES = "/etc/apt/sources.list.d";
const REPOSITORY = /^https:\/\/pkgs\.k8s\.io\/core:\/stable:\/v(1\.\d+)\/deb\/?$/;
/** kB to download. */
const SIZES: Readonly<Record<string, number>> = { kubeadm: 12_200, kubectl: 11_300, kubelet: 15_200 };
export const COMPONENTS: readonly string[] = Object.keys(SIZES);

/** One version of a package, and where it comes from. */
export interface Version {
  /** `1.33.1-1.1`. */
  version: string;
  /** `v1.33.1`. */
  release: string;
  url: string;
}

/** Addresses of the repositories that files of sources.list.d name, in the order of the files. */
export function addedSources(p: Process): string[] {
  if (sys.find(p, SOURCES) === undefined) return [];
  const files = [...sys.readDir(p, SOURCES).keys()].filter((name) => name.endsWith(".list")).sort();
  return files.flatMap((name) => {
    try {
      const lines = sys.readText(p, `${SOURCES}/${name}`).split("\n");
      return lines.flatMap((line) => /^deb\s+(?:\[[^\]]*\]\s+)?(\S+)/.exec(line)?.[1] ?? []);
    } catch (error) {
      if (!isErrno(error)) throw error;
      return [];
    }
  });
}

/** The minor release whose packages an address has; undefined for other repositories and releases nobody here knows. */
export function minorOf(url: string): string | undefined {
  const minor = REPOSITORY.exec(url)?.[1];
  return minor !== undefined && MINORS.includes(minor) ? minor : undefined;
}

/** Where `apt-get update` notes that it has read a repository's list. */
export const listFile = (url: string): string =>
  `/var/lib/apt/lists/${url
    .replace(/^https?:\/\//, "")
    .replace(/\/$/, "")
    .replaceAll("/", "_")}_InRelease`;

/** What the machine was set up with, whose list it has read. */
const FIRST = RELEASE.slice(1).replace(/\.\d+$/, "");

/** Versions that the lists of the machine have of a component, newest first. */
export function versionsOf(p: Process, name: string): Version[] {
  if (!COMPONENTS.includes(name)) return [];
  const all = addedSources(p).flatMap((url) => {
    const minor = minorOf(url);
    if (minor === undefined || (minor !== FIRST && sys.find(p, listFile(url)) === undefined)) return [];
    return releasesOf(minor).map((release) => ({
      version: `${release.slice(1)}-1.1`,
      release,
      url: url.replace(/\/$/, ""),
    }));
  });
  return all.sort((a, b) => compare(b.release, a.release));
}

/** Negative where the first is older. */
export function compare(a: string, b: string): number {
  const [x, y] = [parseRelease(a), parseRelease(b)];
  return (x?.minor ?? 0) - (y?.minor ?? 0) || (x?.patch ?? 0) - (y?.patch ?? 0);
}

/** The release of a component that is installed. */
export const installedRelease = (p: Process, name: string): string => releaseIn(p, `/usr/bin/${name}`) ?? RELEASE;

/** The newest version that a pattern of apt matches: `1.33.1-1.1`, `1.33.1-*`, `1.33.*`. */
export function matching(versions: readonly Version[], pattern: string): Version | undefined {
  const star = pattern.indexOf("*");
  if (star < 0) return versions.find(({ version }) => version === pattern);
  return versions.find(({ version }) => version.startsWith(pattern.slice(0, star)));
}

/** What one install would change. */
export interface Change {
  name: string;
  from: string;
  to: Version;
}

/** Replaces executables by those of other releases, as apt tells it; services run on until they are restarted. */
export function* carryOut(p: Process, changes: readonly Change[]): Gen {
  const kB = changes.reduce((sum, { name }) => sum + SIZES[name]!, 0);
  const size = `${(kB / 1000).toFixed(1)} MB`;
  for (const [i, { name, to }] of changes.entries())
    yield* sys.print(p, `Get:${i + 1} ${to.url}  ${name} ${to.version} [${(SIZES[name]! / 1000).toFixed(1)} MB]\n`);
  yield* sys.print(
    p,
    `Fetched ${size} in 1s (${size}/s)\n(Reading database ... 35127 files and directories currently installed.)\n`,
  );
  for (const { name, from, to } of changes) {
    yield* sys.print(
      p,
      `Preparing to unpack .../${name}_${to.version}_amd64.deb ...\nUnpacking ${name} (${to.version}) over (${from.slice(1)}-1.1) ...\n`,
    );
  }
  for (const { name, to } of changes) {
    const path = `/usr/bin/${name}`;
    if (sys.find(p, path, false) !== undefined) sys.unlink(p, path);
    sys.link(p, path, executableOf(name, to.release, { time: p.machine.kernel.now }));
    yield* sys.print(p, `Setting up ${name} (${to.version}) ...\n`);
  }
}

export function sizeOf(changes: readonly Change[]): number {
  return changes.reduce((sum, { name }) => sum + SIZES[name]!, 0);
}
