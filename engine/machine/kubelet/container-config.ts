import { milliUnits, wholeUnits } from "../../api/quantity.ts";
import type { Gen } from "../../kernel/index.ts";
import { fnv1a } from "../../kernel/index.ts";
import { ensureDir, putFile } from "../runtime/files.ts";
import { hostView } from "../runtime/host-view.ts";
import type { ContainerConfig, Mount, PortMapping, SandboxConfig } from "../runtime/index.ts";
import * as sys from "../sys.ts";
import { type KubeletContext, SyncError } from "./context.ts";
import { environment, expand } from "./env.ts";
import { podDir } from "./pods-dir.ts";
import { oomScoreAdjust, podCgroup } from "./resources.ts";
import { type ContainerSpec, isSidecar, type Pod } from "./types.ts";
import { inMemory, memoryBound, PODS_DIR } from "./volumes.ts";

/** Directory of a Pod's logs on the node. */
export function logDirectory(pod: Pod): string {
  const { namespace, name, uid } = pod.metadata;
  return `/var/log/pods/${namespace}_${name}_${uid}`;
}

export function sandboxConfig(ctx: KubeletContext, pod: Pod, attempt: number): SandboxConfig {
  const { namespace = "", name, uid, labels, annotations } = pod.metadata;
  const { spec } = pod;
  return {
    metadata: { name, uid, namespace, attempt },
    hostname: kernelHostname(ctx, pod),
    logDirectory: logDirectory(pod),
    resolvConf: resolvConf(ctx, pod),
    labels: {
      ...labels,
      "io.kubernetes.pod.name": name,
      "io.kubernetes.pod.namespace": namespace,
      "io.kubernetes.pod.uid": uid,
    },
    annotations: annotations ?? {},
    cgroupParent: podCgroup(pod),
    hostNetwork: spec.hostNetwork ?? false,
    hostPid: spec.hostPID ?? false,
    sharePid: spec.shareProcessNamespace ?? false,
    portMappings: portMappings(pod),
    sysctls: (spec.securityContext?.sysctls ?? []).map(({ name, value }) => [name.replaceAll("/", "."), value]),
  };
}

/** Most that the kernel's nodename holds, in characters. */
const NODENAME_MAX = 64;

/** What the kernel of a Pod's containers is called: its host name, or all of its domain name (pkg/kubelet/util GetNodenameForKernel). */
function kernelHostname(ctx: KubeletContext, pod: Pod): string {
  const hostname = (pod.spec.hostname || pod.metadata.name).slice(0, 63);
  if (!pod.spec.setHostnameAsFQDN || !pod.spec.subdomain) return hostname;
  const fqdn = fullName(ctx, pod, hostname);
  if (fqdn.length <= NODENAME_MAX) return fqdn;
  const sizes = `(${NODENAME_MAX} characters is the max, ${fqdn.length} characters requested)`;
  throw new SandboxConfigError(
    `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long ${sizes}`,
  );
}

/** A sandbox that cannot even be described. */
export class SandboxConfigError extends Error {}

function fullName(ctx: KubeletContext, { metadata, spec }: Pod, hostname: string): string {
  return `${hostname}.${spec.subdomain}.${metadata.namespace}.svc.${ctx.options.clusterDomain}`;
}

/** Host ports of its containers; with the host's network there is nothing to map. */
function portMappings({ spec }: Pod): PortMapping[] {
  if (spec.hostNetwork) return [];
  const ports = [...spec.containers, ...(spec.initContainers ?? []).filter(isSidecar)].flatMap(
    (one) => one.ports ?? [],
  );
  return ports
    .filter(({ hostPort }) => hostPort)
    .map(({ protocol = "TCP", hostPort, containerPort, hostIP }) => ({
      protocol: protocol.toLowerCase(),
      hostPort: hostPort!,
      containerPort,
      ...(hostIP && { hostIP }),
    }));
}

/** /etc/resolv.conf of a Pod (pkg/kubelet/network/dns). */
export function resolvConf(ctx: KubeletContext, pod: Pod): string {
  const { options, machine } = ctx;
  const { spec, metadata } = pod;
  const policy = spec.dnsPolicy ?? "ClusterFirst";
  const own = (): string => {
    const node = sys.find(hostView(machine), options.resolvConf);
    return node?.kind === "file" ? sys.readText(hostView(machine), options.resolvConf) : "";
  };
  const cluster =
    options.clusterDns.length > 0 &&
    (policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && !spec.hostNetwork));
  const servers: string[] = [];
  const searches: string[] = [];
  const flags: string[] = [];
  if (cluster) {
    servers.push(...options.clusterDns);
    const domain = options.clusterDomain;
    searches.push(`${metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain);
    flags.push("ndots:5");
  } else if (policy !== "None") {
    for (const line of own().split("\n")) {
      const [word, ...rest] = line.trim().split(/\s+/);
      if (word === "nameserver") servers.push(...rest);
      else if (word === "search") searches.push(...rest);
      else if (word === "options") flags.push(...rest);
    }
  }
  const { nameservers = [], searches: more = [], options: extra = [] } = spec.dnsConfig ?? {};
  servers.push(...nameservers.filter((server) => !servers.includes(server)));
  searches.push(...more.filter((search) => !searches.includes(search)));
  for (const { name, value } of extra) {
    const at = flags.findIndex((flag) => flag.split(":")[0] === name);
    const text = value === undefined ? name : `${name}:${value}`;
    if (at >= 0) flags[at] = text;
    else flags.push(text);
  }
  let out = "";
  if (searches.length > 0) out += `search ${searches.join(" ")}\n`;
  for (const server of servers) out += `nameserver ${server}\n`;
  if (flags.length > 0) out += `options ${flags.join(" ")}\n`;
  return out;
}

/** Hash of what a container is made from: a change of it restarts the container (HashContainer: name and image). */
export function containerHash(spec: ContainerSpec): string {
  let hash = hashes.get(spec);
  if (hash === undefined) {
    hash = (fnv1a(JSON.stringify([spec.name, spec.image])) >>> 0).toString(16);
    hashes.set(spec, hash);
  }
  return hash;
}

/** It is asked for at every look at a Pod. */
const hashes = new WeakMap<ContainerSpec, string>();

/** Everything the runtime needs for one container. Throws SyncError CreateContainerConfigError. */
export function* containerConfig(
  ctx: KubeletContext,
  pod: Pod,
  spec: ContainerSpec,
  attempt: number,
  podIps: readonly string[],
  image: { user: string },
): Gen<ContainerConfig> {
  const env = yield* environment(ctx, pod, spec, podIps);
  const values = new Map(env);
  const security = { ...pod.spec.securityContext, ...spec.securityContext };
  const uid = security.runAsUser;
  if (security.runAsNonRoot && (uid === 0 || (uid === undefined && isRoot(image.user)))) {
    const reason =
      uid === 0
        ? "container's runAsUser breaks non-root policy"
        : "container has runAsNonRoot and image will run as root";
    throw new SyncError(
      "CreateContainerConfigError",
      `${reason} (pod: "${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})", container: ${spec.name})`,
    );
  }
  const config: ContainerConfig = {
    metadata: { name: spec.name, attempt },
    image: spec.image,
    command: (spec.command ?? []).map((word) => expand(word, values)),
    args: (spec.args ?? []).map((word) => expand(word, values)),
    workingDir: spec.workingDir ?? "",
    env,
    mounts: mounts(ctx, pod, spec, podIps, values),
    labels: {
      "io.kubernetes.container.name": spec.name,
      "io.kubernetes.pod.name": pod.metadata.name,
      "io.kubernetes.pod.namespace": pod.metadata.namespace ?? "",
      "io.kubernetes.pod.uid": pod.metadata.uid,
    },
    annotations: {
      "io.kubernetes.container.hash": containerHash(spec),
      "io.kubernetes.container.restartCount": String(attempt),
      "io.kubernetes.container.terminationMessagePath": spec.terminationMessagePath ?? "/dev/termination-log",
      "io.kubernetes.container.terminationMessagePolicy": spec.terminationMessagePolicy ?? "File",
      "io.kubernetes.pod.terminationGracePeriod": String(pod.spec.terminationGracePeriodSeconds ?? 30),
    },
    logPath: `${spec.name}/${attempt}.log`,
    stdin: spec.stdin ?? false,
    stdinOnce: spec.stdinOnce ?? false,
    tty: spec.tty ?? false,
    readOnlyRootfs: security.readOnlyRootFilesystem ?? false,
    privileged: security.privileged ?? false,
  };
  if (spec.targetContainerName) config.pidsOf = spec.targetContainerName;
  if (uid !== undefined) config.runAsUser = uid;
  if (security.runAsGroup !== undefined) config.runAsGroup = security.runAsGroup;
  const groups = [...(pod.spec.securityContext?.supplementalGroups ?? [])];
  if (pod.spec.securityContext?.fsGroup !== undefined) groups.push(pod.spec.securityContext.fsGroup);
  if (groups.length > 0) config.supplementalGroups = groups;
  const memory = spec.resources?.limits?.["memory"];
  if (memory !== undefined) config.memoryLimitInBytes = wholeUnits(memory);
  config.oomScoreAdj = oomScoreAdjust(pod, spec, ctx.machine.hardware.memoryKib * 1024);
  const cpu = spec.resources?.limits?.["cpu"];
  if (cpu !== undefined) config.cpuLimitMilli = milliUnits(cpu);
  if (ctx.cpus) config.cpus = ctx.cpus.cpusOf(pod, spec.name);
  config.cpuShares = cpuShares(spec.resources?.requests?.["cpu"] ?? cpu);
  return config;
}

/** Weight of a container by the CPU it asks for (pkg/kubelet/cm MilliCPUToShares): at least 2. */
function cpuShares(request: string | undefined): number {
  return Math.max(2, Math.floor(((request === undefined ? 0 : milliUnits(request)) * 1024) / 1000));
}

function isRoot(user: string): boolean {
  return user === "" || user === "root" || user.split(":")[0] === "0";
}

/** Why a subPath leads out of its volume (kubelet_pods.go makeMounts). */
function subPathProblem(subPath: string): string | undefined {
  if (subPath.startsWith("/")) return `error SubPath \`${subPath}\` must not be an absolute path`;
  if (!subPath.split("/").includes("..")) return undefined;
  return `unable to provision SubPath \`${subPath}\`: must not contain '..'`;
}

/** Every variable of a subPathExpr has to have a value (pkg/kubelet/container ExpandContainerVolumeMounts). */
function expandSubPath(text: string, env: ReadonlyMap<string, string>): string {
  const names = [...text.matchAll(/\$\$|\$\(([^)]*)\)/g)].flatMap(([, name]) => (name === undefined ? [] : [name]));
  const missing = [...new Set(names)].filter((name) => !env.get(name)).sort();
  if (missing.length > 0) throw new SyncError("CreateContainerConfigError", `missing value for ${missing.join(", ")}`);
  return expand(text, env);
}

function mounts(
  ctx: KubeletContext,
  pod: Pod,
  spec: ContainerSpec,
  podIps: readonly string[],
  env: ReadonlyMap<string, string>,
): Mount[] {
  const out: Mount[] = [];
  const { machine } = ctx;
  for (const mount of spec.volumeMounts ?? []) {
    const volume = pod.spec.volumes?.find((one) => one.name === mount.name);
    if (volume === undefined) continue;
    let hostPath = ctx.volumePath(pod, volume);
    const subPath = mount.subPath ?? (mount.subPathExpr && expandSubPath(mount.subPathExpr, env));
    if (subPath) {
      const wrong = subPathProblem(subPath);
      if (wrong !== undefined) throw new SyncError("CreateContainerConfigError", wrong);
      hostPath = `${hostPath}/${subPath}`;
      if (sys.find(hostView(machine), hostPath) === undefined) ensureDir(machine, hostPath);
    }
    const readOnly =
      (mount.readOnly ?? false) || Boolean(volume.configMap || volume.secret || volume.projected || volume.downwardAPI);
    const containerPath = mount.mountPath.replace(/(.)\/+$/, "$1");
    out.push({
      containerPath,
      hostPath,
      readOnly,
      name: mount.name,
      ...(inMemory(volume) ? { medium: "Memory", size: memoryBound(ctx, pod, volume) } : {}),
    });
  }
  const dir = `${PODS_DIR}/${pod.metadata.uid}`;
  if (!out.some((mount) => mount.containerPath === "/etc/hosts")) {
    putFile(machine, podDir(machine, pod.metadata.uid), "etc-hosts", hostsFile(ctx, pod, podIps));
    out.push({ containerPath: "/etc/hosts", hostPath: `${dir}/etc-hosts` });
  }
  const name = ctx.random.hex(8);
  const logs = podDir(machine, pod.metadata.uid, `containers/${spec.name}`);
  putFile(machine, logs, name, "", 0o666);
  out.push({
    containerPath: spec.terminationMessagePath ?? "/dev/termination-log",
    hostPath: `${dir}/containers/${spec.name}/${name}`,
  });
  return out;
}

/** The hosts file that kubelet manages (kubelet_pods.go managedHostsFileContent, nodeHostsFileContent). */
function hostsFile(ctx: KubeletContext, pod: Pod, podIps: readonly string[]): string {
  const aliases = pod.spec.hostAliases ?? [];
  let added = "";
  if (aliases.length > 0) {
    added = "\n# Entries added by HostAliases.\n";
    for (const { ip, hostnames = [] } of aliases) added += `${ip}\t${hostnames.join("\t")}\n`;
  }
  if (pod.spec.hostNetwork) {
    const node = sys.find(hostView(ctx.machine), "/etc/hosts");
    const text = node?.kind === "file" ? sys.readText(hostView(ctx.machine), "/etc/hosts") : "127.0.0.1\tlocalhost\n";
    return `# Kubernetes-managed hosts file (host network).\n${text}${added}`;
  }
  const hostname = (pod.spec.hostname || pod.metadata.name).slice(0, 63);
  let out =
    "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n" +
    "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
  for (const ip of podIps) {
    if (pod.spec.subdomain) {
      out += `${ip}\t${fullName(ctx, pod, hostname)}\t${hostname}\n`;
    } else out += `${ip}\t${hostname}\n`;
  }
  return out + added;
}
