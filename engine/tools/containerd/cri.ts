/**
 * Messages of CRI v1 (k8s.io/cri-api runtime/v1) made from a machine's runtime, as protojson with default values
 * writes them: 64-bit numbers as strings, times in ns.
 */
import type { Image } from "../../images/index.ts";
import { DEFAULT_SHARES, groupUse } from "../../machine/cpu.ts";
import type { Machine } from "../../machine/machine.ts";
import {
  type Container,
  type ContainerRuntime,
  CriError,
  runtimeOf,
  type Sandbox,
} from "../../machine/runtime/index.ts";
import { formatNano } from "../../machine/runtime/log-file.ts";

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

/** The image as the client named it: a kubelet names it by its id. */
export function imageAsked({ config, image }: Container): string {
  return config.given === undefined ? image.id : config.image;
}

/** runtime.v1.Container, as ListContainers gives it. */
export function containerMessage(machine: Machine, container: Container): Json {
  return {
    id: container.id,
    podSandboxId: container.sandbox.id,
    metadata: { ...container.config.metadata },
    image: { ...imageSpec(imageAsked(container)), userSpecifiedImage: container.config.image },
    imageRef: container.image.id,
    state: CONTAINER_STATES[container.state],
    createdAt: nanos(machine, container.createdAt),
    labels: container.config.labels,
    annotations: container.config.annotations,
    // Of the runtime's answers only those of containerd 2 have it.
    imageId: "",
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
  return {
    annotations: config.annotations,
    createdAt: time(machine, container.createdAt),
    exitCode: container.exitCode,
    finishedAt: state === "exited" ? time(machine, container.finishedAt) : NEVER,
    id: container.id,
    image: { ...imageSpec(image.reference) },
    imageId: "",
    imageRef: image.repoDigest,
    labels: config.labels,
    logPath: logPath(container),
    message: container.message,
    metadata: { ...config.metadata },
    mounts: mounts(container),
    reason: state === "exited" ? container.reason : "",
    resources: { linux: linuxResources(machine, container) },
    startedAt: state === "created" ? NEVER : time(machine, container.startedAt),
    state: CONTAINER_STATES[state],
    user: null,
  };
}

/** The control group of a container. */
export const cgroupOf = ({ id, sandbox }: Container): string =>
  `${sandbox.config.cgroupParent}/cri-containerd-${id}.scope`;

/** What limits a container, as it was given at first or by an update since. */
function linuxResources(machine: Machine, container: Container): Json {
  const { given, cpuLimitMilli, cpuShares, memoryLimitInBytes, oomScoreAdj = 0 } = container.config;
  const cgroup = cgroupOf(container);
  const milli = machine.cpu.limitOf(cgroup) ?? cpuLimitMilli ?? 0;
  const kib = machine.memory.limitOf(cgroup);
  const shares = machine.cpu.sharesOf(cgroup);
  const memory = String(kib === undefined ? (memoryLimitInBytes ?? 0) : kib * 1024);
  return {
    cpuPeriod: given === undefined ? "100000" : "0",
    cpuQuota: String(milli * 100),
    // What the kernel takes by itself was not asked for.
    cpuShares: String((shares === DEFAULT_SHARES ? undefined : shares) ?? cpuShares ?? (given === undefined ? 2 : 0)),
    cpusetCpus: "",
    cpusetMems: "",
    hugepageLimits: [],
    memoryLimitInBytes: memory,
    memorySwapLimitInBytes: memory,
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
    ipc: "POD",
    network: config.hostNetwork ? "NODE" : "POD",
    pid: config.hostPid ? "NODE" : config.sharePid ? "POD" : "CONTAINER",
    targetId: "",
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

/**
 * One by its id or the beginning of it, as an answer of containerd's: what fails there is `words` about why
 * (internal/truncindex).
 */
export function byId<T extends { id: string }>(all: Iterable<T>, id: string, words: (why: string) => string): T {
  const list = [...all];
  const found = byPrefix(list, id);
  if (found !== undefined) return found;
  if (id === "") throw new CriError("Unknown", words("prefix can't be empty"));
  if (list.some((one) => one.id.startsWith(id)))
    throw new CriError("Unknown", words(`Multiple IDs found with provided prefix: ${id}`));
  throw new CriError("NotFound", words("not found"));
}

/** A container as most calls look for it. */
export function containerById(runtime: ContainerRuntime, id: string): Container {
  return byId(runtime.containers.values(), id, (why) => `an error occurred when try to find container "${id}": ${why}`);
}

/** A sandbox as most calls look for it. */
export function sandboxById(runtime: ContainerRuntime, id: string): Sandbox {
  return byId(runtime.sandboxes.values(), id, (why) => `an error occurred when try to find sandbox: ${why}`);
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
