import type { Image } from "../../images/image.ts";
import { Pipe, WaitQueue } from "../../kernel/index.ts";
import type { NetNamespace } from "../../network/index.ts";
import type { Machine } from "../machine.ts";
import { exitCode, type Process } from "../process.ts";
import { CriError } from "./error.ts";
import { type ExecOptions, type ExecSession, runIn } from "./exec.ts";
import { launch } from "./launch.ts";
import type { ContainerLog } from "./log-file.ts";
import { loneSandbox } from "./lone-sandbox.ts";
import { newContainer } from "./new-container.ts";
import { type Exits, startShim } from "./shim.ts";
import type { Container, ContainerConfig } from "./types.ts";

/** A container that is no Pod's: what a client of containerd itself makes. */
export interface Bare {
  readonly container: Container;
  readonly labels: Map<string, string>;
  /** Its process was started, and has not been deleted since. */
  task: boolean;
  /** Starts its command. Throws CriError in runc's words. */
  start(): ExecSession;
  /** The machine was started anew: its task is gone. */
  lost(): void;
  /** Runs one more command in it. Throws CriError in runc's words. */
  exec(argv: readonly string[], options: ExecOptions): ExecSession;
}

export interface BareOptions {
  namespace: string;
  id: string;
  image: Image;
  /** In place of the image's own arguments. */
  args: readonly string[];
  env: readonly (readonly [string, string])[];
  cwd: string;
  hostname: string | undefined;
  hostNetwork: boolean;
  /** Another container's network. */
  net?: NetNamespace;
  tty: boolean;
  mounts: ContainerConfig["mounts"];
  /** What else there is to say of it. */
  config?: Partial<ContainerConfig>;
  log?: ContainerLog;
  /** Told before its command is started, and when it has ended. */
  started?(bare: Bare): void;
  ended?(bare: Bare): void;
}

/** Makes a container in a network of its own, or in the machine's; nothing runs yet. Throws CriError. */
export function createBare(machine: Machine, options: BareOptions): Bare {
  const { namespace, id, image, hostNetwork } = options;
  const exits: Exits = new Map();
  const net = hostNetwork
    ? machine.net
    : (options.net ?? machine.network.namespace(`ctr-${namespace}-${id}`, machine.net));
  const sandbox = loneSandbox(machine, { id, namespace, hostname: options.hostname ?? machine.hostname, net });
  const container = newContainer(machine, sandbox, { ...containerConfig(options), ...options.config }, image, {
    id,
    layer: 0,
    logs: false,
    ...(options.log && { log: options.log }),
  });
  // Of CRI's.
  if (!options.env.some(([name]) => name === "HOSTNAME")) container.env.delete("HOSTNAME");
  return {
    container,
    labels: new Map([
      ["io.containerd.image.config.stop-signal", `SIG${container.stopSignal}`],
      ["io.cri-containerd.image", "managed"],
    ]),
    task: false,
    start() {
      this.task = true;
      sandbox.shim = sandbox.pause = startShim(machine, id, sandbox.config, exits, namespace);
      try {
        options.started?.(this);
        return start(machine, container, exits, () => options.ended?.(this));
      } catch (error) {
        this.task = false;
        options.ended?.(this);
        throw error;
      }
    },
    lost() {
      this.task = false;
      container.state = "created";
      options.ended?.(this);
    },
    exec: (argv, more) => runIn(machine, container, argv, more, (process, done) => exits.set(process, done)),
  };
}

function containerConfig({ id, image, args, env, cwd, tty, mounts }: BareOptions): ContainerConfig {
  return {
    metadata: { name: id, attempt: 0 },
    image: image.reference,
    command: [],
    args,
    workingDir: cwd,
    env,
    mounts,
    labels: {},
    annotations: {},
    logPath: "",
    tty,
    given: { metadata: { name: id, attempt: 0 } },
  };
}

function start(machine: Machine, container: Container, exits: Exits, done: () => void): ExecSession {
  const process = launch(machine, container);
  if (typeof process === "string")
    throw new CriError(
      "Unknown",
      `failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${process}: unknown`,
    );
  container.process = process;
  container.state = "running";
  container.startedAt = machine.kernel.now;
  const session = {
    process,
    stdin: container.config.tty ? undefined : container.stdin,
    stdout: tap(container.stdout),
    stderr: container.tty ? undefined : tap(container.stderr),
    tty: container.tty,
    exitCode: undefined as number | undefined,
    ended: new WaitQueue(),
  };
  exits.set(process, (status) => {
    ended(machine, container, process);
    session.exitCode = container.exitCode = exitCode(status);
    session.ended.wakeAll();
    done();
  });
  return session;
}

function tap(sink: Container["stdout"]): Pipe {
  const pipe = new Pipe(1 << 24);
  pipe.readers = pipe.writers = 1;
  sink.taps.add(pipe);
  return pipe;
}

function ended(machine: Machine, container: Container, { ns: { cgroup } }: Process): void {
  container.state = "exited";
  container.finishedAt = machine.kernel.now;
  machine.memory.forget(cgroup);
  machine.cpu.forget(cgroup);
}
