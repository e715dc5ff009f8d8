/**
 * Messages of CRI v1 (k8s.io/cri-api runtime/v1) made from a machine's runtime, as protojson with default values
 * writes them: 64-bit numbers as strings, times in ns.
 */
import type { Image } from "../../images/index.ts";
import { groupUse } from "../../machine/cpu.ts";
import type { Machine } from "../../machine/machine.ts";
import { type Container, type ContainerRuntime, runtimeOf, type Sandbox } from "../../machine/runtime/index.ts";
import { formatNano } from "../../machine/runtime/log-file.ts";
import { commandOf } from "../../machine/runtime/spec.ts";
import type { ContainerConfig } from "../../machine/runtime/types.ts";

type Json = Record<string, unknown>;

/** ns since 1970 as a string; `0` for what has not happened. */
export function nanos(machine: Machine, at: number): string {
  return at === 0 ? "0" : `${machine.kernel.epochMs * 1000 + Math.floor(at)}000`;
}

const NEVER = "0001-01-01T00:00:00Z";

function time(machine: Machine, at: number): string {
  return formatNano(machine.kernel.epochMs, at);
}

export const CONTAINER_STATES = {
  created: "CONTAINER_CREATED",
  running: "CONTAINER_RUNNING",
  exited: "CONTAINER_EXITED",
} as const;

export const SANDBOX_STATES = { ready: "SANDBOX_READY", notready: "SANDBOX_NOTREADY" } as const;

const imageSpec = (image: string) => ({ image, annotations: {}, userSpecifiedImage: "", runtimeHandler: "" });

/** runtime.v1.Container, as ListContainers gives it. */
export function containerMessage(machine: Machine, container: Container): Json {
  return {
    id: container.id,
    podSandboxId: container.sandbox.id,
    metadata: { ...container.config.metadata },
    image: { ...imageSpec(container.image.id), userSpecifiedImage: container.config.image },
    imageRef: container.image.id,
    state: CONTAINER_STATES[container.state],
    createdAt: nanos(machine, container.createdAt),
    labels: container.config.labels,
    annotations: container.config.annotations,
    imageId: container.image.id,
  };
}

/** runtime.v1.PodSandbox. */
export function sandboxMessage(machine: Machine, sandbox: Sandbox): Json {
  const { name, uid, namespace, attempt } = sandbox.config.metadata;
  return {
    id: sandbox.id,
    metadata: { name, uid, namespace, attempt },
    state: SANDBOX_STATES[sandbox.state],
    createdAt: nanos(machine, sandbox.createdAt),
    labels: sandbox.config.labels,
    annotations: sandbox.config.annotations,
    runtimeHandler: "",
  };
}

/** runtime.v1.Image. */
export function imageMessage(image: Image, tags: readonly string[], digests: readonly string[]): Json {
  const user = image.def.user ?? "";
  const uid = /^(\d+)(:|$)/.exec(user)?.[1];
  return {
    id: image.id,
    repoTags: tags,
    repoDigests: digests,
    size: String(image.sizeBytes),
    ...(uid === undefined ? {} : { uid: { value: uid } }),
    username: uid === undefined ? user.split(":")[0] : "",
    pinned: image.reference.startsWith("registry.k8s.io/pause:"),
  };
}

/** Every image in the order of crictl: by the first tag, else the first digest. */
export function imageMessages(runtime: ContainerRuntime): Json[] {
  const key = (image: Json): string =>
    ((image.repoTags as string[])[0] ?? (image.repoDigests as string[])[0] ?? (image.id as string)) as string;
  return runtime.images
    .list()
    .map(({ image, tags, digests }) => imageMessage(image, tags, digests))
    .sort((a, b) => (key(a) < key(b) ? -1 : 1));
}

function mounts(container: Container): Json[] {
  return container.config.mounts.map(({ containerPath, hostPath, readOnly }) => ({
    containerPath,
    gidMappings: [],
    hostPath,
    propagation: "PROPAGATION_PRIVATE",
    readonly: readOnly ?? false,
    recursiveReadOnly: false,
    selinuxRelabel: false,
    uidMappings: [],
  }));
}

/** runtime.v1.ContainerStatus with readable times, as crictl inspect shows it. */
export function containerStatus(machine: Machine, container: Container): Json {
  const { config, image, state } = container;
  const { uid, gid, groups } = container.cred;
  return {
    annotations: config.annotations,
    createdAt: time(machine, container.createdAt),
    exitCode: container.exitCode,
    finishedAt: state === "exited" ? time(machine, container.finishedAt) : NEVER,
    id: container.id,
    image: { ...imageSpec(image.reference) },
    imageId: image.id,
    imageRef: image.repoDigest,
    labels: config.labels,
    logPath: logPath(container),
    message: container.message,
    metadata: { ...config.metadata },
    mounts: mounts(container),
    reason: state === "exited" ? container.reason : "",
    resources: { linux: linuxResources(container.config) },
    startedAt: state === "created" ? NEVER : time(machine, container.startedAt),
    state: CONTAINER_STATES[state],
    user: { linux: { gid: String(gid), supplementalGroups: groups.map(String), uid: String(uid) } },
  };
}

function linuxResources({
  cpuLimitMilli = 0,
  cpuShares = 2,
  memoryLimitInBytes = 0,
  oomScoreAdj = 0,
}: ContainerConfig): Json {
  return {
    cpuPeriod: "100000",
    cpuQuota: String(cpuLimitMilli * 100),
    cpuShares: String(cpuShares),
    cpusetCpus: "",
    cpusetMems: "",
    hugepageLimits: [],
    memoryLimitInBytes: String(memoryLimitInBytes),
    memorySwapLimitInBytes: String(memoryLimitInBytes),
    oomScoreAdj: String(oomScoreAdj),
    unified: {},
  };
}

/** Where the container's log lies on the node. */
export function logPath(container: Container): string {
  return `${container.sandbox.config.logDirectory}/${container.config.logPath}`;
}

/** runtime.v1.PodSandboxStatus. */
export function sandboxStatus(machine: Machine, sandbox: Sandbox): Json {
  const { config } = sandbox;
  const { name, uid, namespace, attempt } = config.metadata;
  const options = {
    ipc: config.hostNetwork ? "NODE" : "POD",
    network: config.hostNetwork ? "NODE" : "POD",
    pid: config.hostPid ? "NODE" : config.sharePid ? "POD" : "CONTAINER",
    targetId: "",
    usernsOptions: null,
  };
  return {
    annotations: config.annotations,
    createdAt: time(machine, sandbox.createdAt),
    id: sandbox.id,
    labels: config.labels,
    linux: { namespaces: { options } },
    metadata: { attempt, name, namespace, uid },
    network: { additionalIps: sandbox.ips.slice(1).map((ip) => ({ ip })), ip: sandbox.ips[0] ?? "" },
    runtimeHandler: "",
    state: SANDBOX_STATES[sandbox.state],
  };
}

const CAPABILITIES = [
  "CAP_CHOWN",
  "CAP_DAC_OVERRIDE",
  "CAP_FSETID",
  "CAP_FOWNER",
  "CAP_MKNOD",
  "CAP_NET_RAW",
  "CAP_SETGID",
  "CAP_SETUID",
  "CAP_SETFCAP",
  "CAP_SETPCAP",
  "CAP_NET_BIND_SERVICE",
  "CAP_SYS_CHROOT",
  "CAP_KILL",
  "CAP_AUDIT_WRITE",
];

function processSpec(container: Container): Json {
  const { uid, gid, groups } = container.cred;
  return {
    args: commandOf(container.image, container.config),
    capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
    cwd: container.cwd,
    env: [...container.env].map(([name, value]) => `${name}=${value}`),
    oomScoreAdj: container.config.oomScoreAdj ?? 0,
    ...(container.config.tty ? { terminal: true } : {}),
    user: { additionalGids: groups, gid, uid },
  };
}

function namespaces(container: Container): Json[] {
  const { sandbox } = container;
  const of = (type: string, file = type) => ({ path: `/proc/${sandbox.pause.pid}/ns/${file}`, type });
  const out: Json[] = [sandbox.config.sharePid ? of("pid") : { type: "pid" }, of("ipc"), of("uts"), { type: "mount" }];
  if (!sandbox.config.hostNetwork) out.push(of("network", "net"));
  out.push({ type: "cgroup" });
  return out;
}

/** `kubelet.slice:cri-containerd:ID` of the systemd cgroup driver. */
function cgroupsPath(sandbox: Sandbox, id: string): string {
  const { cgroupParent } = sandbox.config;
  return `${cgroupParent.slice(cgroupParent.lastIndexOf("/") + 1)}:cri-containerd:${id}`;
}

/** The verbose part of ContainerStatus: what containerd knows besides. */
export function containerInfo(container: Container): Json {
  const { config, id, sandbox } = container;
  const bound = config.mounts.map(({ containerPath, hostPath, readOnly }) => ({
    destination: containerPath,
    options: ["rbind", "rprivate", readOnly ? "ro" : "rw"],
    source: hostPath,
    type: "bind",
  }));
  return {
    config: {
      annotations: config.annotations,
      ...(config.args.length > 0 ? { args: config.args } : {}),
      ...(config.command.length > 0 ? { command: config.command } : {}),
      envs: config.env.map(([key, value]) => ({ key, value })),
      image: { image: container.image.id, user_specified_image: config.image },
      labels: config.labels,
      linux: { resources: {}, security_context: { namespace_options: { pid: 1 }, run_as_user: {} } },
      log_path: config.logPath,
      metadata: config.metadata.attempt === 0 ? { name: config.metadata.name } : { ...config.metadata },
      mounts: config.mounts.map(({ containerPath, hostPath, readOnly }) => ({
        container_path: containerPath,
        host_path: hostPath,
        ...(readOnly ? { readonly: true } : {}),
      })),
      ...(config.workingDir === "" ? {} : { working_dir: config.workingDir }),
    },
    pid: container.state === "running" ? (container.process?.pid ?? 0) : 0,
    removing: false,
    runtimeOptions: { systemd_cgroup: true },
    runtimeSpec: {
      annotations: {
        "io.kubernetes.cri.container-name": config.metadata.name,
        "io.kubernetes.cri.container-type": "container",
        "io.kubernetes.cri.image-name": container.image.reference,
        "io.kubernetes.cri.sandbox-id": sandbox.id,
        "io.kubernetes.cri.sandbox-name": sandbox.config.metadata.name,
        "io.kubernetes.cri.sandbox-namespace": sandbox.config.metadata.namespace,
        "io.kubernetes.cri.sandbox-uid": sandbox.config.metadata.uid,
      },
      hostname: sandbox.uts.hostname,
      linux: { cgroupsPath: cgroupsPath(sandbox, id), namespaces: namespaces(container) },
      mounts: bound,
      ociVersion: "1.1.0",
      process: processSpec(container),
      root: { path: "rootfs", ...(config.readOnlyRootfs ? { readonly: true } : {}) },
    },
    runtimeType: "io.containerd.runc.v2",
    sandboxID: sandbox.id,
    snapshotKey: id,
    snapshotter: "overlayfs",
  };
}

/** The verbose part of PodSandboxStatus. */
export function sandboxInfo(sandbox: Sandbox): Json {
  const { config, id } = sandbox;
  const { name, uid, namespace, attempt } = config.metadata;
  const running = sandbox.pause.status === undefined;
  return {
    cniResult: config.hostNetwork
      ? null
      : { Interfaces: { eth0: { IPConfigs: sandbox.ips.map((IP) => ({ Gateway: gateway(IP), IP })) }, lo: {} } },
    config: {
      annotations: config.annotations,
      dns_config: {},
      hostname: config.hostname,
      labels: config.labels,
      linux: { cgroup_parent: config.cgroupParent },
      log_directory: config.logDirectory,
      metadata: { ...(attempt === 0 ? {} : { attempt }), name, namespace, uid },
    },
    image: "registry.k8s.io/pause:3.10",
    netNamespaceClosed: sandbox.state !== "ready",
    pid: running ? sandbox.pause.pid : 0,
    processStatus: running ? "running" : "deleted",
    runtimeHandler: "",
    runtimeOptions: { systemd_cgroup: true },
    runtimeSpec: {
      hostname: sandbox.uts.hostname,
      linux: { cgroupsPath: cgroupsPath(sandbox, id) },
      ociVersion: "1.1.0",
      process: { args: ["/pause"], cwd: "/", user: { gid: 65_535, uid: 65_535 } },
    },
    runtimeType: "io.containerd.runc.v2",
    snapshotKey: id,
    snapshotter: "overlayfs",
  };
}

function gateway(ip: string): string {
  return ip.replace(/\.\d+$/, ".1");
}

/** What a container uses: CPU in ns since its start, memory in bytes. Ended ones use nothing. */
export function usage(machine: Machine, container: Container): { cpu: number; memory: number } {
  if (container.state !== "running" || container.process === undefined) return { cpu: 0, memory: 0 };
  const { us, kib } = groupUse(machine.processes.values(), container.process.ns.cgroup, machine.cpu);
  return { cpu: Math.max(1, us) * 1000, memory: kib * 1024 };
}

/** Containers of a machine, newest first. */
export function containers(machine: Machine): Container[] {
  return [...runtimeOf(machine).containers.values()].sort((a, b) => b.createdAt - a.createdAt);
}

/** Sandboxes of a machine, newest first. */
export function sandboxes(machine: Machine): Sandbox[] {
  return [...runtimeOf(machine).sandboxes.values()].sort((a, b) => b.createdAt - a.createdAt);
}

/** One by its id or the beginning of it; undefined when there is none or the beginning fits several. */
export function byPrefix<T extends { id: string }>(all: Iterable<T>, id: string): T | undefined {
  if (id === "") return undefined;
  let found: T | undefined;
  for (const one of all) {
    if (one.id === id) return one;
    if (!one.id.startsWith(id)) continue;
    if (found !== undefined) return undefined;
    found = one;
  }
  return found;
}
