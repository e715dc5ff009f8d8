import { sha256Hex } from "../kernel/index.ts";

/** The release that clusters are set up with. */
export const RELEASE = "v1.32.3";

/** Days on which releases came out, oldest first: what the package mirror of each minor release has. */
const RELEASED: Readonly<Record<string, readonly string[]>> = {
  "1.32":
    "2024-12-11 2025-01-15 2025-02-12 2025-03-11 2025-04-22 2025-05-15 2025-06-17 2025-07-15 2025-08-13 2025-09-09 2025-11-11 2025-12-09".split(
      " ",
    ),
  "1.33": "2025-04-23 2025-05-15 2025-06-17 2025-07-15 2025-08-13 2025-09-09 2025-11-11 2025-12-09".split(" "),
  "1.34": "2025-08-27 2025-09-09 2025-11-11 2025-12-09".split(" "),
};

const COMPILED_WITH: Readonly<Record<string, string>> = { "1.32": "go1.23.6", "1.33": "go1.24.6", "1.34": "go1.24.6" };

/** Minor releases of which something is known, oldest first. */
export const MINORS: readonly string[] = Object.keys(RELEASED);

/** Releases of `1.33`, oldest first; none where nothing is known of it. */
export function releasesOf(minor: string): string[] {
  return (RELEASED[minor] ?? []).map((_, patch) => `v${minor}.${patch}`);
}

/** A release's number by parts: `v1.32.3` is 1, 32, 3. */
export function parseRelease(text: string): { minor: number; patch: number } | undefined {
  const match = /^v?1\.(\d+)\.(\d+)$/.exec(text);
  return match === null ? undefined : { minor: Number(match[1]), patch: Number(match[2]) };
}

/** A build as its program and `/version` tell it. */
export interface BuildInfo {
  major: string;
  minor: string;
  gitVersion: string;
  gitCommit: string;
  gitTreeState: string;
  buildDate: string;
  goVersion: string;
  compiler: string;
  platform: string;
}

/** What the programs of a release say of themselves. */
export function buildInfo(release: string): BuildInfo {
  const { minor, patch } = parseRelease(release) ?? { minor: 32, patch: 3 };
  const day = RELEASED[`1.${minor}`]?.[patch] ?? "2025-03-11";
  const own = release === RELEASE;
  return {
    major: "1",
    minor: String(minor),
    gitVersion: release,
    gitCommit: own ? "32cc146f75aad04beaaa245a7157eb35063a9f99" : sha256Hex(`kubernetes ${release}`).slice(0, 40),
    gitTreeState: "clean",
    buildDate: own ? "2025-03-11T19:52:21Z" : `${day}T18:30:12Z`,
    goVersion: COMPILED_WITH[`1.${minor}`] ?? "go1.23.6",
    compiler: "gc",
    platform: "linux/amd64",
  };
}

/** `kubelet/v1.32.3 (linux/amd64) kubernetes/32cc146`. */
export function userAgent(program: string, release: string): string {
  return `${program}/${release} (linux/amd64) kubernetes/${buildInfo(release).gitCommit.slice(0, 7)}`;
}

export const BUILD_HELP =
  "[ALPHA] A metric with a constant '1' value labeled by major, minor, git version, git commit, git tree state, build date, " +
  "Go version, and compiler from which Kubernetes was built, and platform on which it is running.";

/** Labels of `kubernetes_build_info` (component-base metrics/version.go). */
export function buildLabels(release: string): Record<string, string> {
  const build = buildInfo(release);
  return {
    build_date: build.buildDate,
    compiler: build.compiler,
    git_commit: build.gitCommit,
    git_tree_state: build.gitTreeState,
    git_version: build.gitVersion,
    go_version: build.goVersion,
    major: build.major,
    minor: build.minor,
    platform: build.platform,
  };
}

/** The release of helm that machines have. */
export const HELM_RELEASE = "v3.17.2";

/** What helm of a release says of its build. */
export function helmBuild(release: string): { version: string; commit: string; goVersion: string } {
  const own = release === HELM_RELEASE;
  return {
    version: release,
    commit: own ? "cc0bbbd6d6276b83880042c1ecb34087e84d41eb" : sha256Hex(`helm ${release}`).slice(0, 40),
    goVersion: "go1.23.7",
  };
}
