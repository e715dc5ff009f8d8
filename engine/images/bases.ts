import type { Program } from "../machine/process.ts";
import * as sys from "../machine/sys.ts";
import { alpineTree } from "./alpine.ts";
import { debianTools, debianTree } from "./debian.ts";
import type { ImageDef } from "./image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "./rootfs.ts";

/** Images that are asked to run a command: other distributions, interpreters, and tools in an image of their own. */

const programs = (directory: string, ...names: readonly string[]): Record<string, Entry> =>
  Object.fromEntries(names.map((name) => [`${directory}/${name}`, { program: name }]));

const release = (name: string, id: string, version: string): Record<string, Entry> => ({
  "etc/os-release": `NAME="${name}"\nVERSION="${version}"\nID="${id}"\nVERSION_ID="${version}"\nPRETTY_NAME="${name} ${version}"\n`,
});

/** A distribution: /etc/os-release, GNU tools, and a shell to start. */
function distribution(
  names: readonly string[],
  tags: RegExp,
  [title, id, version]: [string, string, string],
  megabytes: number,
): ImageDef {
  return {
    names,
    tags,
    sizeBytes: megabytes * 1_000_000,
    rootfs: (tag) =>
      rootfs(
        SKELETON,
        debianTree(),
        debianTools("awk", "curl", "ps", "top", "vi", "watch"),
        release(title, id, /^\d[\d.]*/.exec(tag.replace(/^[a-z]+/, ""))?.[0] ?? version),
      ),
    entrypoint: [],
    cmd: ["/bin/bash"],
    env: () => ({ PATH: DEFAULT_PATH }),
  };
}

/** An interpreter without scripts to run: it tells its version, and ends at once where nobody types. */
const versions: Readonly<
  Record<string, { flags: readonly string[]; text: (version: string) => string; variable: string; otherwise: string }>
> = {
  node: { flags: ["-v", "--version"], text: (v) => `v${v}`, variable: "NODE_VERSION", otherwise: "22.14.0" },
  php: {
    flags: ["-v", "--version"],
    text: (v) => `PHP ${v} (cli) (built: Mar  1 2025 00:00:00) (NTS)\nCopyright (c) The PHP Group`,
    variable: "PHP_VERSION",
    otherwise: "8.4.4",
  },
  ruby: {
    flags: ["-v", "--version"],
    text: (v) => `ruby ${v} (2025-02-04 revision 4e7008a349) +PRISM [x86_64-linux]`,
    variable: "RUBY_VERSION",
    otherwise: "3.4.2",
  },
  go: {
    flags: ["version"],
    text: (v) => `go version go${v} linux/amd64`,
    variable: "GOLANG_VERSION",
    otherwise: "1.24.1",
  },
  java: {
    flags: ["-version", "--version"],
    text: (v) =>
      `openjdk version "${v}" 2025-01-21\nOpenJDK Runtime Environment (build ${v})\nOpenJDK 64-Bit Server VM (build ${v}, mixed mode, sharing)`,
    variable: "JAVA_VERSION",
    otherwise: "21.0.6",
  },
};

const interpreter = (name: string): Program =>
  function* (p) {
    const { flags, text, variable, otherwise } = versions[name]!;
    const [first] = p.argv.slice(1);
    if (first !== undefined && flags.includes(first)) {
      yield* sys.print(p, `${text(p.env.get(variable) ?? otherwise)}\n`);
      return 0;
    }
    if (first === undefined || first === "-a") return 0;
    yield* sys.printError(p, `${name}: programs are not run in this image\n`);
    return 1;
  };

export const basePrograms: Readonly<Record<string, Program>> = Object.fromEntries(
  Object.keys(versions).map((name) => [`interpreter ${name}`, interpreter(name)]),
);

function language(
  names: readonly string[],
  program: string,
  path: string,
  megabytes: number,
  cmd: readonly string[] = [program],
): ImageDef {
  const { variable, otherwise } = versions[program]!;
  return {
    names,
    tags: /^(latest|lts|slim|alpine|current|cli|apache|fpm|jdk|jre|v?\d[\w.]*)(-[\w.-]+)?$/,
    sizeBytes: megabytes * 1_000_000,
    rootfs: (tag) =>
      rootfs(SKELETON, tag.includes("alpine") ? alpineTree("3.21.3") : debianTree(), {
        [path]: { program: `interpreter ${program}` },
        ...(tag.includes("alpine") ? {} : programs("usr/bin", "curl")),
      }),
    entrypoint: [],
    cmd,
    env: (tag) => ({
      PATH: `/usr/local/go/bin:${DEFAULT_PATH}`,
      [variable]: /^\d+\.\d+\.\d+/.exec(tag)?.[0] ?? otherwise,
    }),
  };
}

/** curl alone on Alpine, with curl as the entrypoint or without. */
function curlImage(names: readonly string[], entrypoint: readonly string[], cmd: readonly string[]): ImageDef {
  return {
    names,
    tags: /^(latest|curl|\d[\d.]*)$/,
    sizeBytes: 9_000_000,
    rootfs: () => rootfs(SKELETON, alpineTree("3.21.3"), programs("usr/bin", "curl")),
    entrypoint,
    cmd,
    env: () => ({ PATH: DEFAULT_PATH }),
  };
}

const DEBIAN_LIKE = /^(latest|stable|rawhide|stream\d*|centos\d|\d[\d.]*)(-(minimal|slim))?$/;

export const BASE_IMAGES: readonly ImageDef[] = [
  distribution(["docker.io/library/fedora"], DEBIAN_LIKE, ["Fedora Linux", "fedora", "41"], 60),
  distribution(["docker.io/library/centos", "quay.io/centos/centos"], DEBIAN_LIKE, ["CentOS Linux", "centos", "8"], 83),
  distribution(
    ["docker.io/library/rockylinux", "docker.io/rockylinux/rockylinux"],
    /^\d[\d.]*(-minimal)?$/,
    ["Rocky Linux", "rocky", "9.5"],
    65,
  ),
  distribution(["docker.io/library/almalinux"], DEBIAN_LIKE, ["AlmaLinux", "almalinux", "9.5"], 70),
  distribution(["docker.io/library/amazonlinux"], DEBIAN_LIKE, ["Amazon Linux", "amzn", "2023"], 53),
  distribution(["docker.io/library/oraclelinux"], DEBIAN_LIKE, ["Oracle Linux Server", "ol", "9.5"], 90),
  distribution(["docker.io/library/archlinux"], /^(latest|base|base-devel)$/, ["Arch Linux", "arch", "rolling"], 165),
  distribution(
    ["docker.io/opensuse/leap", "docker.io/opensuse/tumbleweed"],
    DEBIAN_LIKE,
    ["openSUSE Leap", "opensuse-leap", "15.6"],
    43,
  ),
  {
    names: ["docker.io/library/bash"],
    tags: /^(latest|devel|[345](\.\d+){0,2})(-alpine3\.\d+)?$/,
    sizeBytes: 6_800_000,
    rootfs: () =>
      rootfs(SKELETON, alpineTree("3.21.3"), programs("usr/local/bin", "bash"), {
        "usr/local/bin/docker-entrypoint.sh": {
          text: '#!/usr/bin/env bash\nset -Eeuo pipefail\nif [ "${1#-}" != "$1" ]; then\n  set -- bash "$@"\nfi\nexec "$@"\n',
          mode: 0o755,
        },
      }),
    entrypoint: ["docker-entrypoint.sh"],
    cmd: ["bash"],
    env: () => ({ PATH: DEFAULT_PATH }),
  },
  language(["docker.io/library/node"], "node", "usr/local/bin/node", 400),
  language(["docker.io/library/php"], "php", "usr/local/bin/php", 180, ["php", "-a"]),
  language(["docker.io/library/ruby"], "ruby", "usr/local/bin/ruby", 360),
  language(["docker.io/library/golang"], "go", "usr/local/go/bin/go", 300, ["bash"]),
  language(
    ["docker.io/library/openjdk", "docker.io/library/eclipse-temurin", "docker.io/library/amazoncorretto"],
    "java",
    "usr/local/bin/java",
    230,
    ["bash"],
  ),
  curlImage(["docker.io/alpine/curl", "docker.io/byrnedo/alpine-curl", "docker.io/appropriate/curl"], ["curl"], []),
  curlImage(["docker.io/yauritux/busybox-curl"], [], ["/bin/sh"]),
  curlImage(["docker.io/tutum/curl", "docker.io/dwdraju/alpine-curl-jq"], [], ["/bin/sh"]),
  {
    names: [
      "docker.io/bitnami/kubectl",
      "docker.io/rancher/kubectl",
      "docker.io/alpine/k8s",
      "registry.k8s.io/kubectl",
    ],
    tags: /^(latest|v?1\.\d+(\.\d+)?)$/,
    sizeBytes: 85_000_000,
    rootfs: () => rootfs(SKELETON, debianTree(), programs("usr/bin", "curl", "jq", "kubectl")),
    entrypoint: ["kubectl"],
    cmd: [],
    env: () => ({ PATH: DEFAULT_PATH }),
    user: "1001",
  },
];
