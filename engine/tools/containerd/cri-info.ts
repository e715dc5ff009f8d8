/** What containerd tells of containers and sandboxes besides their status: configurations, and runtime specifications. */
import { spaceName } from "../../machine/cni/index.ts";
import type { Container, Sandbox } from "../../machine/runtime/index.ts";
import { commandOf } from "../../machine/runtime/spec.ts";
import type { ContainerConfig } from "../../machine/runtime/types.ts";

type Json = Record<string, unknown>;

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
    // HOME comes from runc, at the start.
    env: [...container.env]
      .filter(([name]) => name !== "HOME" || container.config.env.some(([given]) => given === name))
      .map(([name, value]) => `${name}=${value}`),
    ...(container.config.given === undefined ? { oomScoreAdj: container.config.oomScoreAdj ?? 0 } : {}),
    ...(container.config.tty ? { terminal: true } : {}),
    user: { additionalGids: groups, gid, uid },
  };
}

function namespaces(container: Container): Json[] {
  const { sandbox } = container;
  const of = (type: string, file = type) => ({ path: `/proc/${sandbox.pause.pid}/ns/${file}`, type });
  const out: Json[] = [sandbox.config.sharePid ? of("pid") : { type: "pid" }, of("ipc"), of("uts"), { type: "mount" }];
  out.push(of("network", "net"), { type: "cgroup" });
  return out;
}

/** `kubelet.slice:cri-containerd:ID` of the systemd cgroup driver. */
function cgroupsPath(sandbox: Sandbox, id: string): string {
  const { cgroupParent } = sandbox.config;
  return `${cgroupParent.slice(cgroupParent.lastIndexOf("/") + 1)}:cri-containerd:${id}`;
}

const NO_EXEC = ["nosuid", "noexec", "nodev"];

/** What every container mounts (oci/mounts.go of containerd). */
const BASE_MOUNTS: readonly Json[] = [
  { destination: "/proc", options: NO_EXEC, source: "proc", type: "proc" },
  {
    destination: "/dev",
    options: ["nosuid", "strictatime", "mode=755", "size=65536k"],
    source: "tmpfs",
    type: "tmpfs",
  },
  {
    destination: "/dev/pts",
    options: ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"],
    source: "devpts",
    type: "devpts",
  },
  { destination: "/dev/mqueue", options: NO_EXEC, source: "mqueue", type: "mqueue" },
  { destination: "/sys", options: [...NO_EXEC, "ro"], source: "sysfs", type: "sysfs" },
];

/** Paths that a kubelet has hidden, or made read-only (pkg/securitycontext/util.go). */
const MASKED = [
  "/proc/asound",
  "/proc/acpi",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/proc/sched_debug",
  "/proc/scsi",
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
];
/** The same paths as containerd hides them from a sandbox, in its order. */
const SANDBOX_MASKED = [
  "/proc/acpi",
  "/proc/asound",
  ...MASKED.slice(2, 8),
  "/sys/firmware",
  "/sys/devices/virtual/powercap",
  "/proc/scsi",
];
const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

const sandboxDir = (base: string, { id }: Sandbox): string => `${base}/io.containerd.grpc.v1.cri/sandboxes/${id}`;

/** The mounts of a container's runtime specification: by how deep they lie, as containerd sorts them. */
function specMounts({ config, sandbox }: Container): Json[] {
  const bind = (destination: string, source: string, readOnly = false): Json => ({
    destination,
    options: ["rbind", "rprivate", readOnly ? "ro" : "rw"],
    source,
    type: "bind",
  });
  const given = config.mounts.map((one) => bind(one.containerPath, one.hostPath, one.readOnly));
  const kept = sandboxDir("/var/lib/containerd", sandbox);
  const own = [
    ...["hostname", "hosts", "resolv.conf"].map((file) => bind(`/etc/${file}`, `${kept}/${file}`)),
    bind("/dev/shm", `${sandboxDir("/run/containerd", sandbox)}/shm`),
  ].filter(({ destination }) => !given.some((one) => one.destination === destination));
  const depth = ({ destination }: Json): number => (destination as string).split("/").length;
  const cgroup = {
    destination: "/sys/fs/cgroup",
    options: [...NO_EXEC, "relatime", "ro"],
    source: "cgroup",
    type: "cgroup",
  };
  return [...BASE_MOUNTS, cgroup, ...[...own, ...given].sort((a, b) => depth(a) - depth(b))];
}

function specResources({ memoryLimitInBytes, cpuShares, cpuLimitMilli, given }: ContainerConfig): Json {
  const shares = cpuShares ?? (given === undefined ? 2 : undefined);
  return {
    ...(shares === undefined && cpuLimitMilli === undefined
      ? {}
      : {
          cpu: {
            ...(cpuLimitMilli === undefined ? {} : { period: 100_000, quota: cpuLimitMilli * 100 }),
            ...(shares === undefined ? {} : { shares }),
          },
        }),
    devices: [{ access: "rwm", allow: false }],
    ...(memoryLimitInBytes === undefined ? {} : { memory: { limit: memoryLimitInBytes, swap: memoryLimitInBytes } }),
  };
}

/** runtime.v1.ContainerConfig as the kubelet of this model gives it. */
function kubeletConfig({ config, image }: Container): Json {
  return {
    annotations: config.annotations,
    ...(config.args.length > 0 ? { args: config.args } : {}),
    ...(config.command.length > 0 ? { command: config.command } : {}),
    envs: config.env.map(([key, value]) => ({ key, value })),
    image: { image: image.id, user_specified_image: config.image },
    labels: config.labels,
    linux: {
      resources: {},
      security_context: {
        masked_paths: MASKED,
        namespace_options: { pid: 1 },
        readonly_paths: READ_ONLY,
        run_as_user: {},
      },
    },
    log_path: config.logPath,
    metadata: config.metadata.attempt === 0 ? { name: config.metadata.name } : { ...config.metadata },
    mounts: config.mounts.map(({ containerPath, hostPath, readOnly }) => ({
      container_path: containerPath,
      host_path: hostPath,
      ...(readOnly ? { readonly: true } : {}),
    })),
    ...(config.workingDir === "" ? {} : { working_dir: config.workingDir }),
  };
}

/** Metadata of a configuration; an attempt of 0 is left out. */
function named({ metadata }: Json): unknown {
  const { attempt, ...rest } = metadata as Json;
  return attempt ? metadata : rest;
}

/** The verbose part of ContainerStatus: what containerd knows besides. */
export function containerInfo(container: Container): Json {
  const { config, id, sandbox } = container;
  const { name, namespace, uid } = sandbox.config.metadata;
  const given = config.given && {
    ...config.given,
    metadata: named(config.given),
    image: { image: config.image, user_specified_image: config.image },
  };
  const hidden = config.given === undefined && config.privileged !== true;
  return {
    config: given ?? kubeletConfig(container),
    pid: container.state === "running" ? (container.process?.pid ?? 0) : 0,
    removing: false,
    runtimeOptions: { systemd_cgroup: true },
    runtimeSpec: {
      annotations: {
        "io.kubernetes.cri.container-name": config.metadata.name,
        "io.kubernetes.cri.container-type": "container",
        "io.kubernetes.cri.image-name": container.image.reference,
        "io.kubernetes.cri.sandbox-id": sandbox.id,
        "io.kubernetes.cri.sandbox-name": name,
        "io.kubernetes.cri.sandbox-namespace": namespace,
        "io.kubernetes.cri.sandbox-uid": uid,
      },
      linux: {
        cgroupsPath: cgroupsPath(sandbox, id),
        ...(hidden ? { maskedPaths: MASKED } : {}),
        namespaces: namespaces(container),
        ...(hidden ? { readonlyPaths: READ_ONLY } : {}),
        resources: specResources(config),
      },
      mounts: specMounts(container),
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

/** runtime.v1.PodSandboxConfig as the kubelet of this model gives it. */
function kubeletSandbox({ config }: Sandbox): Json {
  const { name, uid, namespace, attempt } = config.metadata;
  return {
    annotations: config.annotations,
    dns_config: {},
    ...(config.hostNetwork ? {} : { hostname: config.hostname }),
    labels: config.labels,
    linux: { cgroup_parent: config.cgroupParent },
    log_directory: config.logDirectory,
    metadata: { ...(attempt === 0 ? {} : { attempt }), name, namespace, uid },
  };
}

/** The verbose part of PodSandboxStatus. */
export function sandboxInfo(sandbox: Sandbox): Json {
  const { config, id } = sandbox;
  const { name, uid, namespace } = config.metadata;
  const running = sandbox.pause.status === undefined;
  const [kept, state] = ["/var/lib/containerd", "/run/containerd"].map((base) => sandboxDir(base, sandbox));
  const bind = (destination: string, source: string) => ({
    destination,
    options: ["rbind", "ro", "nosuid", "nodev", "noexec"],
    source,
    type: "bind",
  });
  const own = config.hostNetwork
    ? []
    : [{ type: "uts" }, { path: `/var/run/netns/${spaceName(sandbox.net)}`, type: "network" }];
  return {
    cniResult: config.hostNetwork
      ? null
      : { Interfaces: { eth0: { IPConfigs: sandbox.ips.map((IP) => ({ Gateway: gateway(IP), IP })) }, lo: {} } },
    config: config.given === undefined ? kubeletSandbox(sandbox) : { ...config.given, metadata: named(config.given) },
    image: "registry.k8s.io/pause:3.10",
    netNamespaceClosed: sandbox.state !== "ready" && !config.hostNetwork,
    pid: running ? sandbox.pause.pid : 0,
    processStatus: running ? "running" : "deleted",
    runtimeHandler: "",
    runtimeOptions: { systemd_cgroup: true },
    runtimeSpec: {
      annotations: {
        "io.kubernetes.cri.container-type": "sandbox",
        "io.kubernetes.cri.sandbox-id": id,
        "io.kubernetes.cri.sandbox-log-directory": config.logDirectory,
        "io.kubernetes.cri.sandbox-name": name,
        "io.kubernetes.cri.sandbox-namespace": namespace,
        "io.kubernetes.cri.sandbox-uid": uid,
      },
      ...(config.hostNetwork ? {} : { hostname: sandbox.uts.hostname }),
      linux: {
        cgroupsPath: cgroupsPath(sandbox, id),
        maskedPaths: SANDBOX_MASKED,
        namespaces: [{ type: "pid" }, { type: "ipc" }, { type: "mount" }, ...own],
        readonlyPaths: READ_ONLY,
        resources: { cpu: { shares: 2 }, devices: [{ access: "rwm", allow: false }] },
      },
      mounts: [...BASE_MOUNTS, bind("/dev/shm", `${state}/shm`), bind("/etc/resolv.conf", `${kept}/resolv.conf`)],
      ociVersion: "1.1.0",
      process: {
        args: ["/pause"],
        capabilities: { bounding: CAPABILITIES, effective: CAPABILITIES, permitted: CAPABILITIES },
        cwd: "/",
        env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
        noNewPrivileges: true,
        oomScoreAdj: -998,
        user: { additionalGids: [65_535], gid: 65_535, uid: 65_535 },
      },
      root: { path: "rootfs", readonly: true },
    },
    runtimeType: "io.containerd.runc.v2",
    snapshotKey: id,
    snapshotter: "overlayfs",
  };
}

function gateway(ip: string): string {
  return ip.replace(/\.\d+$/, ".1");
}
