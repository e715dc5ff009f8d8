import type { Image } from "../../images/index.ts";
import { encode, type Gen, type RandomStream, SECOND, sleep, WaitQueue, wait } from "../../kernel/index.ts";
import { Cni, CniError } from "../cni/index.ts";
import { isErrno } from "../errno.ts";
import { dirNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { exitCode, PidNamespace, type Process, type WaitStatus } from "../process.ts";
import { draw } from "./durations.ts";
import { CriError } from "./error.ts";
import { type ExecOptions, type ExecSession, runIn } from "./exec.ts";
import { putFile, removeEntry, sharedDir } from "./files.ts";
import { ImageStore } from "./image-store.ts";
import { launch } from "./launch.ts";
import { formatNano } from "./log-file.ts";
import { Metadata } from "./metadata.ts";
import { discardFiles, newContainer } from "./new-container.ts";
import { startPause, startShim } from "./shim.ts";
import type { Container, ContainerConfig, Sandbox, SandboxConfig } from "./types.ts";
import { goSeconds, notFound, quoted, signalWord } from "./words.ts";

export const SANDBOX_IMAGE = "registry.k8s.io/pause:3.10";
export const RUNTIME_VERSION = "1.7.27";

const NO_SOCKET =
  'connection error: desc = "transport: Error while dialing: dial unix /run/containerd/containerd.sock: connect: no such file or directory"';

/** A name of CRI that is taken (containerd internal/cri/store registrar.go). */
const reserved = (what: string, name: string, id: string): CriError =>
  new CriError("Unknown", `failed to reserve ${what} name "${name}": name "${name}" is reserved for "${id}"`);

/** How long a signal's effect is waited for after SIGKILL before the call gives up, in µs. */
const KILL_TIMEOUT = 120 * SECOND;

/**
 * A node's container runtime as kubelet and crictl see it: the calls of CRI v1. What runs, and what is on disk, lives
 * on while the containerd process is stopped; only the calls fail then. Failures are thrown as CriError.
 */
export class ContainerRuntime {
  readonly machine: Machine;
  readonly images: ImageStore;
  readonly cni: Cni;
  /** What containerd keeps besides what CRI shows. */
  readonly metadata = new Metadata();
  readonly sandboxes = new Map<string, Sandbox>();
  readonly containers = new Map<string, Container>();
  /** By the uid of their Pod. */
  private readonly byPod = new Map<string, Sandbox[]>();
  /** The containerd process, while it serves. */
  daemon: Process | undefined;
  /** Told within the instant when a container or sandbox has changed its state. */
  readonly listeners = new Set<(sandbox: Sandbox) => void>();
  private readonly random: RandomStream;
  private readonly ended = new Map<string, WaitQueue>();
  /** Who waits for a process that a shim will collect. */
  private readonly exits = new Map<Process, (status: WaitStatus) => void>();
  private netNamespaces = 0;
  /** Layers that the snapshotter has made: a container's own is the newest. */
  private snapshots = 20;

  constructor(machine: Machine) {
    this.machine = machine;
    this.images = new ImageStore(machine);
    this.cni = new Cni(machine);
    this.random = machine.kernel.random(`containerd ${machine.hostname}`);
  }

  // ---- the daemon ---------------------------------------------------------------------------------------------------

  private requireDaemon(): void {
    if (this.daemon === undefined) throw new CriError("Unavailable", NO_SOCKET);
  }

  /** A line of containerd's log, on its standard error. */
  *log(level: "info" | "warning" | "error", message: string, fields = ""): Gen<void> {
    const file = this.daemon?.fds.get(2);
    if (file === undefined) return;
    const { epochMs, now } = this.machine.kernel;
    const make = (): string =>
      `time="${formatNano(epochMs, now)}" level=${level} msg="${quoted(message)}"${fields === "" ? "" : ` ${fields}`}`;
    if (file.later) return file.later(make, message.length + fields.length);
    try {
      yield* file.write(encode(`${make()}\n`));
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }

  /** Undefined when Pods can get a network. */
  networkNotReady(): string | undefined {
    return this.cni.notReady();
  }

  private changed(sandbox: Sandbox): void {
    for (const listener of this.listeners) listener(sandbox);
  }

  // ---- sandboxes ----------------------------------------------------------------------------------------------------

  /** Sandboxes of a Pod, the oldest first. Do not change the list. */
  sandboxesOf(uid: string): readonly Sandbox[] {
    return this.byPod.get(uid) ?? [];
  }

  *runPodSandbox(config: SandboxConfig): Gen<Sandbox> {
    this.requireDaemon();
    const { machine } = this;
    const { name, uid, namespace, attempt } = config.metadata;
    const meta = `&PodSandboxMetadata{Name:${name},Uid:${uid},Namespace:${namespace},Attempt:${attempt},}`;
    yield* this.log("info", `RunPodSandbox for ${meta}`);
    const same = this.sandboxesOf(uid).find(({ config: { metadata } }) => metadata.attempt === attempt);
    if (same !== undefined) throw reserved("sandbox", `${name}_${namespace}_${uid}_${attempt}`, same.id);
    const id = this.random.hex(64);
    if (this.images.find(SANDBOX_IMAGE) === undefined) yield* this.images.pull(SANDBOX_IMAGE);
    const net = config.hostNetwork
      ? machine.net
      : machine.network.namespace(`cni-${this.random.uuid()}-${++this.netNamespaces}`, machine.net);
    let ips: string[] = [];
    if (!config.hostNetwork) {
      net.pod = { namespace, name };
      yield* sleep(draw(this.random, "cniAdd"));
      try {
        ips = this.cni.add(id, net, config.portMappings);
      } catch (error) {
        if (!(error instanceof CniError)) throw error;
        const words = error.message.startsWith("failed to setup")
          ? error.message
          : `failed to setup network for sandbox "${id}": ${error.message}`;
        yield* this.log("error", `RunPodSandbox for ${meta} failed, error`, `error="${quoted(words)}"`);
        throw new CriError("Unknown", words);
      }
    }
    yield* sleep(draw(this.random, "sandbox"));
    const uts = config.hostNetwork ? machine.ns.uts : { hostname: config.hostname, sysctls: new Map(config.sysctls) };
    const files = dirNode({ time: machine.kernel.now });
    putFile(machine, files, "hostname", `${uts.hostname}\n`);
    putFile(machine, files, "resolv.conf", config.resolvConf);
    const shim = startShim(machine, id, config, this.exits);
    const pids = config.hostPid ? machine.pids : config.sharePid ? new PidNamespace() : undefined;
    const image = this.images.find(SANDBOX_IMAGE)!;
    const pause = startPause(shim, image, id, config, { net, uts, pids });
    const sandbox: Sandbox = {
      id,
      config,
      state: "ready",
      createdAt: machine.kernel.now,
      net,
      uts,
      ips,
      pids,
      pause,
      shim,
      containers: [],
      files,
    };
    this.sandboxes.set(id, sandbox);
    const siblings = this.byPod.get(uid);
    if (siblings) siblings.push(sandbox);
    else this.byPod.set(uid, [sandbox]);
    this.exits.set(pause, () => this.sandboxDied(sandbox));
    yield* this.log("info", `RunPodSandbox for ${meta} returns sandbox id "${id}"`);
    this.changed(sandbox);
    return sandbox;
  }

  /**
   * What containerd finds when it starts: of a sandbox whose shim is gone (the machine was rebooted) nothing runs any
   * more, and nobody knows how its containers ended (internal/cri/server/restart.go, unknownExitCode).
   */
  recover(): void {
    for (const sandbox of this.sandboxes.values()) {
      if (sandbox.shim.status === undefined) continue;
      let found = sandbox.state === "ready";
      sandbox.state = "notready";
      for (const container of sandbox.containers) {
        if (container.state !== "running") continue;
        container.state = "exited";
        container.finishedAt = this.machine.kernel.now;
        container.exitCode = 255;
        container.reason = "Unknown";
        this.ended.get(container.id)?.wakeAll();
        container.log.file.changed.wakeAll();
        found = true;
      }
      if (found) this.changed(sandbox);
    }
    for (const { containers } of this.metadata.tenants.values())
      for (const bare of containers.values())
        if (bare.container.state === "running" && bare.container.sandbox.shim.status !== undefined) bare.lost();
  }

  private sandboxDied(sandbox: Sandbox): void {
    if (sandbox.state === "notready") return;
    sandbox.state = "notready";
    this.changed(sandbox);
  }

  /** Kills what runs in it, takes its network away, ends pause. Harmless when done before. */
  *stopPodSandbox(id: string): Gen<void> {
    this.requireDaemon();
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return;
    yield* this.log("info", `StopPodSandbox for "${id}"`);
    for (const container of this.containersOf(id)) {
      if (container.state === "running") yield* this.stopContainer(container.id, 0);
    }
    if (!sandbox.config.hostNetwork && sandbox.ips.length > 0) {
      yield* sleep(draw(this.random, "cniDel"));
      this.cni.del(id);
      sandbox.ips = [];
      yield* this.log("info", `TearDown network for sandbox "${id}" successfully`);
    }
    sandbox.state = "notready";
    if (sandbox.pause.status === undefined) {
      const done = new WaitQueue();
      this.exits.set(sandbox.pause, () => done.wakeAll());
      this.machine.signal(sandbox.pause, "KILL");
      while (!sandbox.pause.reaped) if ((yield* wait(done, SECOND)) === "timeout") break;
    }
    yield* this.log("info", "shim disconnected", `id=${id} namespace=k8s.io`);
    yield* this.log("info", `StopPodSandbox for "${id}" returns successfully`);
    this.changed(sandbox);
  }

  *removePodSandbox(id: string): Gen<void> {
    this.requireDaemon();
    const sandbox = this.sandboxes.get(id);
    if (sandbox === undefined) return;
    yield* this.log("info", `RemovePodSandbox for "${id}"`);
    if (sandbox.state === "ready") yield* this.stopPodSandbox(id);
    for (const container of this.containersOf(id)) yield* this.removeContainer(container.id);
    yield* sleep(draw(this.random, "remove"));
    this.sandboxes.delete(id);
    const { uid } = sandbox.config.metadata;
    const siblings = this.byPod.get(uid)?.filter((one) => one !== sandbox) ?? [];
    if (siblings.length > 0) this.byPod.set(uid, siblings);
    else this.byPod.delete(uid);
    yield* this.log("info", `RemovePodSandbox "${id}" returns successfully`);
    this.changed(sandbox);
  }

  // ---- containers ---------------------------------------------------------------------------------------------------

  containersOf(sandboxId: string): Container[] {
    return [...(this.sandboxes.get(sandboxId)?.containers ?? [])];
  }

  *createContainer(sandboxId: string, config: ContainerConfig): Gen<Container> {
    this.requireDaemon();
    const { machine } = this;
    const sandbox = this.sandboxes.get(sandboxId);
    if (sandbox === undefined) {
      throw new CriError("NotFound", `failed to find sandbox id "${sandboxId}": not found`);
    }
    const { name, attempt } = config.metadata;
    const meta = `&ContainerMetadata{Name:${name},Attempt:${attempt},}`;
    yield* this.log("info", `CreateContainer within sandbox "${sandboxId}" for container ${meta}`);
    if (sandbox.state !== "ready") {
      const why = `no running task found: task ${sandbox.id} not found: not found`;
      throw new CriError("NotFound", `failed to get sandbox container task: ${why}`);
    }
    const same = sandbox.containers.find(
      ({ config: { metadata } }) => metadata.name === name && metadata.attempt === attempt,
    );
    if (same !== undefined) {
      const pod = sandbox.config.metadata;
      throw reserved("container", [name, pod.name, pod.namespace, pod.uid, attempt].join("_"), same.id);
    }
    const image = this.images.find(config.image);
    if (image === undefined) throw new CriError("NotFound", `failed to resolve image "${config.image}": not found`);
    yield* sleep(draw(this.random, "create"));
    const id = this.random.hex(64);
    const container = newContainer(machine, sandbox, config, image, { id, layer: ++this.snapshots });
    this.containers.set(id, container);
    sandbox.containers.push(container);
    this.ended.set(id, new WaitQueue());
    yield* this.log("info", `CreateContainer within sandbox "${sandboxId}" for ${meta} returns container id "${id}"`);
    return container;
  }

  /** Throws CriError with runc's words when the command cannot be run; the container is then `exited` with 128. */
  *startContainer(id: string): Gen<void> {
    this.requireDaemon();
    const container = this.require(id);
    yield* this.log("info", `StartContainer for "${id}"`);
    yield* sleep(draw(this.random, "start"));
    const { machine } = this;
    const { sandbox, config } = container;
    const process = launch(machine, container);
    if (typeof process === "string") {
      const message =
        "failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: " +
        `unable to start container process: error during container init: ${process}: unknown`;
      container.state = "exited";
      container.finishedAt = machine.kernel.now;
      container.exitCode = 128;
      container.reason = "StartError";
      container.message = message;
      yield* this.log(
        "error",
        `StartContainer for "${id}" failed`,
        `error="${quoted(`rpc error: code = Unknown desc = ${message}`)}"`,
      );
      this.changed(sandbox);
      throw new CriError("Unknown", message);
    }
    container.process = process;
    container.state = "running";
    container.startedAt = machine.kernel.now;
    this.exits.set(process, (status) => {
      machine.kernel.after(draw(this.random, "reap"), `exit of ${config.metadata.name} ${id.slice(0, 12)}`, () =>
        this.exited(container, status),
      );
    });
    yield* this.log("info", `StartContainer for "${id}" returns successfully`);
    this.changed(sandbox);
  }

  private exited(container: Container, status: WaitStatus): void {
    if (container.state !== "running") return;
    container.state = "exited";
    container.finishedAt = this.machine.kernel.now;
    container.exitCode = exitCode(status);
    const { memory } = this.machine;
    const cgroup = container.process?.ns.cgroup ?? "";
    if (memory.oomKilled(cgroup)) container.reason = "OOMKilled";
    else container.reason = container.exitCode === 0 ? "Completed" : "Error";
    memory.forget(cgroup);
    this.machine.cpu.forget(cgroup);
    this.ended.get(container.id)?.wakeAll();
    // Whoever follows the log learns that there will be no more.
    container.log.file.changed.wakeAll();
    this.machine.kernel.spawn(`containerd ${this.machine.hostname} exit`, this.logExit(container), { instant: false });
    this.changed(container.sandbox);
  }

  private *logExit(container: Container): Gen<void> {
    yield* this.log("info", "shim disconnected", `id=${container.id} namespace=k8s.io`);
  }

  /**
   * The stop signal, then after `timeoutSeconds` SIGKILL; comes back when it has ended. 0 kills at once.
   */
  *stopContainer(id: string, timeoutSeconds: number): Gen<void> {
    this.requireDaemon();
    const container = this.containers.get(id);
    if (container === undefined) throw notFound(id);
    if (container.state !== "running" || container.process === undefined) return;
    container.stopping = true;
    const { process } = container;
    const ended = this.ended.get(id)!;
    const { kernel } = this.machine;
    const running = () => this.containers.get(id)?.state === "running";
    if (timeoutSeconds > 0) {
      yield* this.log("info", `StopContainer for "${id}" with timeout ${timeoutSeconds} (s)`);
      yield* this.log("info", `Stop container "${id}" with signal ${signalWord(container.stopSignal)}`);
      this.machine.signal(process, container.stopSignal);
      const deadline = kernel.now + timeoutSeconds * SECOND;
      while (running() && kernel.now < deadline) yield* wait(ended, deadline - kernel.now);
    }
    if (running()) {
      yield* this.log("info", `Kill container "${id}"`);
      this.machine.signal(process, "KILL");
      const deadline = kernel.now + KILL_TIMEOUT;
      while (running() && kernel.now < deadline) yield* wait(ended, deadline - kernel.now);
    }
    yield* this.log("info", `StopContainer for "${id}" returns successfully`);
  }

  *removeContainer(id: string): Gen<void> {
    this.requireDaemon();
    const container = this.containers.get(id);
    if (container === undefined) return;
    yield* this.log("info", `RemoveContainer for "${id}"`);
    if (container.state === "running") yield* this.stopContainer(id, 0);
    yield* sleep(draw(this.random, "remove"));
    this.containers.delete(id);
    discardFiles(this.machine, container);
    const siblings = container.sandbox.containers;
    siblings.splice(siblings.indexOf(container), 1);
    this.ended.delete(id);
    const { metadata } = container.sandbox.config;
    const link = `${metadata.name}_${metadata.namespace}_${container.config.metadata.name}-${id}.log`;
    removeEntry(this.machine, sharedDir(this.machine, "/var/log/containers"), link);
    yield* this.log("info", `RemoveContainer for "${id}" returns successfully`);
    this.changed(container.sandbox);
  }

  private require(id: string): Container {
    const container = this.containers.get(id);
    if (container === undefined) throw notFound(id);
    return container;
  }

  /** Tells when a process that was started under one of its shims has ended. */
  whenEnded(process: Process, done: (status: WaitStatus) => void): void {
    this.exits.set(process, done);
  }

  // ---- exec ---------------------------------------------------------------------------------------------------------

  /** Starts a command in a running container; follow it through the session. Throws CriError. */
  *exec(id: string, argv: readonly string[], options: ExecOptions = {}): Gen<ExecSession> {
    this.requireDaemon();
    const container = this.containers.get(id);
    if (container === undefined)
      throw new CriError("NotFound", `failed to load task: no running task found: task ${id} not found`);
    if (container.state !== "running") {
      throw new CriError("Unknown", `container is in CONTAINER_${container.state.toUpperCase()} state`);
    }
    if (!this.machine.kernel.current?.instant) yield* sleep(draw(this.random, "exec"));
    return runIn(this.machine, container, argv, options, (process, done) => this.exits.set(process, done));
  }

  // ---- images -------------------------------------------------------------------------------------------------------

  *pullImage(name: string): Gen<Image> {
    this.requireDaemon();
    const started = this.machine.kernel.now;
    yield* this.log("info", `PullImage "${name}"`);
    let image: Image;
    try {
      image = yield* this.images.pull(name);
    } catch (error) {
      if (error instanceof CriError) {
        yield* this.log("error", `PullImage "${name}" failed`, `error="${quoted(error.rpc)}"`);
      }
      throw error;
    }
    const took = goSeconds(this.machine.kernel.now - started);
    yield* this.log(
      "info",
      `Pulled image "${name}" with image id "${image.id}", repo tag "${image.reference}", repo digest ` +
        `"${image.repoDigest}", size "${image.sizeBytes}" in ${took}`,
    );
    yield* this.log("info", `PullImage "${name}" returns image reference "${image.id}"`);
    return image;
  }
}
