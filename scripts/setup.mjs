// What every command of a fresh checkout needs done first: packages, generated files, a build. Each step is skipped
// when its result is newer than what it is made from.
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { ensureKubectlTexts } from "./kubectl-texts.mjs";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Debian packages that the differential and browser tests ask, by the binary they bring. */
const DEBIAN_PACKAGES = {
  kubectl: "kubernetes-client",
  etcd: "etcd-server",
  etcdctl: "etcd-client",
  iptables: "iptables",
  ipset: "ipset",
  tcpdump: "tcpdump",
  dig: "bind9-dnsutils",
  host: "bind9-host",
  jq: "jq",
  gawk: "gawk",
  chromium: "chromium",
  busybox: "busybox",
  bash: "bash",
  column: "bsdextrautils",
  bc: "bc",
  xxd: "xxd",
  cal: "ncal",
  openssl: "openssl",
  tmux: "tmux",
  tree: "tree",
  nano: "nano",
  nc: "netcat-openbsd",
  wget: "wget",
  ss: "iproute2",
  python3: "python3",
  nft: "nftables",
  conntrack: "conntrack",
  ipvsadm: "ipvsadm",
  cc: "gcc",
  "/usr/include/stdio.h": "libc6-dev",
  zip: "zip",
  unzip: "unzip",
  file: "file",
  patch: "patch",
  htpasswd: "apache2-utils",
  bzip2: "bzip2",
  xz: "xz-utils",
  cpio: "cpio",
  "ssh-keygen": "openssh-client",
  "/usr/lib/openssh/sftp-server": "openssh-sftp-server",
  rsync: "rsync",
  strings: "binutils",
  less: "less",
  ps: "procps",
  envsubst: "gettext-base",
  "/usr/share/bash-completion/bash_completion": "bash-completion",
};

/** Installs the npm packages when the lock file is newer than what is installed. */
export function ensureInstalled() {
  const stamp = join(root, "node_modules", ".package-lock.json");
  if (existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(join(root, "package-lock.json")).mtimeMs) return;
  if (existsSync(stamp) && sameVersions(stamp)) return;
  run("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"]);
}

/** A checkout makes the lock file newer without changing it. */
function sameVersions(stamp) {
  const versions = (file) =>
    Object.entries(JSON.parse(readFileSync(file, "utf8")).packages)
      .filter(([path, entry]) => path !== "" && !entry.optional)
      .map(([path, entry]) => `${path}@${entry.version}`)
      .sort()
      .join();
  return versions(stamp) === versions(join(root, "package-lock.json"));
}

/** Makes the generated sources (types and field comments) when missing or older than their generator. */
export function ensureGenerated() {
  for (const name of readdirSync(join(root, "scripts")).filter((file) => /^generate-.*\.mjs$/.test(file))) {
    const script = join(root, "scripts", name);
    const stamp = join(root, "node_modules", `.${name}.stamp`);
    const made = existsSync(join(root, "engine", "api", "generated"));
    if (made && existsSync(stamp) && statSync(stamp).mtimeMs >= statSync(script).mtimeMs) continue;
    run(process.execPath, [script]);
    writeFileSync(stamp, "");
  }
}

/** Builds dist/ when a source is newer than it. */
export function ensureBuilt() {
  ensureInstalled();
  ensureGenerated();
  const stamp = join(root, "dist", ".stamp");
  const sources = Math.max(
    newest(["engine", "grader", "web", "cli", "scripts"]),
    statSync(ensureKubectlTexts()).mtimeMs,
  );
  if (existsSync(stamp) && sources <= statSync(stamp).mtimeMs) return;
  run(process.execPath, [join(root, "scripts", "build.mjs")], { stdio: ["ignore", 2, 2] });
}

function newest(folders) {
  let time = statSync(join(root, "package.json")).mtimeMs;
  const visit = (path) => {
    for (const entry of readdirSync(path, { withFileTypes: true })) {
      const child = join(path, entry.name);
      if (entry.isDirectory()) visit(child);
      else if (!entry.name.includes(".test.")) time = Math.max(time, statSync(child).mtimeMs);
    }
  };
  for (const folder of folders) if (existsSync(join(root, folder))) visit(join(root, folder));
  return time;
}

/** As root on a Debian machine: installs the real tools that tests compare with. Elsewhere tests say what they lack. */
export function ensureJudges() {
  const missing = Object.entries(DEBIAN_PACKAGES).filter(([binary]) => !onPath(binary));
  const noKorean = spawnSync("fc-list", [":lang=ko"], { encoding: "utf8" }).stdout?.trim() === "";
  const packages = missing.map(([, name]) => name);
  if (noKorean || !onPath("fc-list")) packages.push("fonts-noto-cjk", "fontconfig");
  // A module, which no path leads to.
  if (!existsSync("/usr/lib/python3/dist-packages/kubernetes")) packages.push("python3-kubernetes");
  if (packages.length === 0) return;
  if (process.getuid?.() !== 0 || !onPath("apt-get")) {
    console.error(
      `Not installed, and not root on Debian: ${packages.join(", ")}. Tests that need them will be skipped.`,
    );
    return;
  }
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  console.error(`Installing ${packages.join(", ")} for the differential and browser tests …`);
  for (const args of [
    ["update", "-qq"],
    ["install", "-y", "-qq", "--no-install-recommends", ...packages],
  ]) {
    const result = spawnSync("apt-get", args, { env, stdio: ["ignore", "ignore", "inherit"] });
    if (result.status !== 0)
      console.error(`apt-get ${args[0]} failed; tests that need these packages will be skipped.`);
  }
}

function onPath(binary) {
  if (binary.startsWith("/")) return existsSync(binary);
  return (process.env.PATH ?? "").split(":").some((folder) => existsSync(join(folder, binary)));
}

export function run(command, args, options = {}) {
  execFileSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"], ...options });
}
