/** The runtime specification (config.json of the OCI) of what containerd's CRI plug-in runs. */
import { spaceName } from "../cni/index.ts";
import { commandOf } from "./spec.ts";
import type { Container, ContainerConfig, Sandbox } from "./types.ts";

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
export const MASKED = [
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
export const READ_ONLY = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"];

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
  return [...BASE_MOUNTS, cgroup, ...[...given, ...own].sort((a, b) => depth(a) - depth(b))];
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

/** Of a container: `runtimeSpec` of its verbose status, and config.json of its bundle. */
export function containerSpec(container: Container): Json {
  const { config, id, sandbox } = container;
  const { name, namespace, uid } = sandbox.config.metadata;
  const hidden = config.given === undefined && config.privileged !== true;
  return {
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
  };
}

/** Of a sandbox's pause. */
export function sandboxSpec(sandbox: Sandbox): Json {
  const { config, id } = sandbox;
  const { name, uid, namespace } = config.metadata;
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
  };
}

/** Members of the specification in the order of its Go structures; others follow in the order that they have. */
const GO_ORDER = [
  ...["ociVersion", "process", "root", "hostname", "mounts", "annotations", "linux"],
  ...["terminal", "user", "uid", "gid", "additionalGids", "args", "env", "cwd", "capabilities", "noNewPrivileges"],
  ...["destination", "type", "source", "options", "path", "readonly", "resources", "devices", "allow", "memory", "cpu"],
  ...["limit", "swap", "shares", "quota", "period", "cgroupsPath", "namespaces", "maskedPaths", "readonlyPaths"],
];
const rank = new Map(GO_ORDER.map((name, i) => [name, i]));

/** The same with its members in the order in which Go writes them. */
export function inGoOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inGoOrder);
  if (typeof value !== "object" || value === null) return value;
  const place = ([name]: [string, unknown]) => rank.get(name) ?? GO_ORDER.length;
  return Object.fromEntries(
    Object.entries(value)
      .sort((a, b) => place(a) - place(b))
      .map(([name, one]) => [name, inGoOrder(one)]),
  );
}
