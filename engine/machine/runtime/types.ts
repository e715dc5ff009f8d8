import type { Image } from "../../images/image.ts";
import type { Pipe } from "../../kernel/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { DirNode } from "../inode.ts";
import type { Credentials, MountNamespace } from "../path.ts";
import type { Namespaces, PidNamespace, Process } from "../process.ts";
import type { Signal } from "../signal.ts";
import type { Tty } from "../tty.ts";
import type { ContainerLog, LogSink } from "./log-file.ts";

/** runtime.v1.PodSandboxConfig, as far as it matters here. */
export interface SandboxConfig {
  metadata: { name: string; uid: string; namespace: string; attempt: number };
  hostname: string;
  /** `/var/log/pods/<namespace>_<name>_<uid>`. */
  logDirectory: string;
  /** Text of /etc/resolv.conf. */
  resolvConf: string;
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** `/kubepods.slice/…/kubepods-besteffort-pod<uid>.slice`. */
  cgroupParent: string;
  hostNetwork?: boolean;
  hostPid?: boolean;
  /** One pid namespace for all containers (shareProcessNamespace). */
  sharePid?: boolean;
  portMappings?: readonly PortMapping[];
  /** The whole of it as its client gave it, where that was not the kubelet. */
  given?: Readonly<Record<string, unknown>>;
  /** Kernel settings of its namespaces: name and value. */
  sysctls?: readonly (readonly [name: string, value: string])[];
}

/** A port of the machine that leads to one of the Pod. */
export interface PortMapping {
  /** `tcp` or `udp`. */
  protocol: string;
  hostPort: number;
  containerPort: number;
  /** The machine's address that it is for; undefined: all. */
  hostIP?: string;
}

export interface Sandbox {
  readonly id: string;
  readonly config: SandboxConfig;
  state: "ready" | "notready";
  /** Virtual time in µs. */
  readonly createdAt: number;
  readonly net: NetNamespace;
  readonly uts: Namespaces["uts"];
  /** Addresses; none with the host's network. */
  ips: string[];
  readonly pids: PidNamespace | undefined;
  pause: Process;
  /** containerd-shim-runc-v2: parent of all processes of the Pod. */
  shim: Process;
  /** In the order in which they were created. */
  readonly containers: Container[];
  /** Files that its containers see: /etc/hostname and /etc/resolv.conf. */
  readonly files: DirNode;
}

export interface Mount {
  containerPath: string;
  /** Path on the machine. */
  hostPath: string;
  readOnly?: boolean;
  /** Inside the volume. */
  name?: string;
  /** `Memory`: it lies on a tmpfs, which may have a bound in bytes. */
  medium?: string;
  size?: number;
}

/** runtime.v1.ContainerConfig. */
export interface ContainerConfig {
  metadata: { name: string; attempt: number };
  /** The container whose processes it sees (NamespaceMode TARGET). */
  pidsOf?: string;
  /** What the user wrote. */
  image: string;
  command: readonly string[];
  args: readonly string[];
  workingDir: string;
  env: readonly (readonly [string, string])[];
  mounts: readonly Mount[];
  labels: Readonly<Record<string, string>>;
  annotations: Readonly<Record<string, string>>;
  /** Below the sandbox's log directory: `nginx/0.log`. */
  logPath: string;
  /** The whole of it as its client gave it, where that was not the kubelet. */
  given?: Readonly<Record<string, unknown>>;
  stdin?: boolean;
  stdinOnce?: boolean;
  tty?: boolean;
  /** `NAME|UID[:GROUP|GID]` in place of the image's. */
  user?: string;
  /** uid; the image's user when missing. */
  runAsUser?: number;
  runAsGroup?: number;
  supplementalGroups?: readonly number[];
  readOnlyRootfs?: boolean;
  privileged?: boolean;
  /** linux.resources.memory_limit_in_bytes. */
  memoryLimitInBytes?: number;
  /** linux.resources.oom_score_adj. */
  oomScoreAdj?: number;
  /** linux.resources.cpu_quota, as millicores. */
  cpuLimitMilli?: number;
  /** CPUs that it may run on; all without it. */
  cpus?: readonly number[];
  /** linux.resources.cpu_shares. */
  cpuShares?: number;
}

export type ContainerState = "created" | "running" | "exited";

export interface Container {
  readonly id: string;
  readonly sandbox: Sandbox;
  readonly config: ContainerConfig;
  readonly image: Image;
  state: ContainerState;
  /** Virtual time in µs; 0 while it has not happened. */
  readonly createdAt: number;
  startedAt: number;
  finishedAt: number;
  exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`, `StartError`. */
  reason: string;
  message: string;
  readonly rootfs: DirNode;
  readonly mnt: MountNamespace;
  readonly cred: Credentials;
  readonly cwd: string;
  readonly env: Map<string, string>;
  pids: PidNamespace;
  process: Process | undefined;
  log: ContainerLog;
  stdout: LogSink;
  stderr: LogSink;
  stdin: Pipe | undefined;
  tty: Tty | undefined;
  stopSignal: Signal;
  /** It is being stopped, so its end is no accident. */
  stopping: boolean;
}
