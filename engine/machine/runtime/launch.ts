import { Pipe } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import { DeviceFile, type OpenFile, PipeEnd } from "../open-file.ts";
import { type Process, type Program, shortName } from "../process.ts";
import * as sys from "../sys.ts";
import { Tty } from "../tty.ts";
import { meet } from "../unseen.ts";
import { hostView } from "./host-view.ts";
import { nullDevice } from "./mounts.ts";
import { programOf } from "./oci.ts";
import { commandOf } from "./spec.ts";
import type { Container } from "./types.ts";

export interface LaunchOptions {
  /** In place of the shim. */
  parent?: Process;
  /** In place of the log, or a terminal. */
  fds?: Map<number, OpenFile>;
  /** What the command waits for. */
  gate?(main: Program): Program;
}

/** Starts a created container's command under its shim, or says in runc's words why it cannot be run. */
export function launch(machine: Machine, container: Container, by: LaunchOptions = {}): Process | string {
  const { sandbox, config, image } = container;
  const ns = {
    mnt: container.mnt,
    net: sandbox.net,
    uts: sandbox.uts,
    pid: container.pids,
    cgroup: `${sandbox.config.cgroupParent}/cri-containerd-${container.id}.scope`,
  };
  const limit = config.memoryLimitInBytes;
  if (limit !== undefined) machine.memory.limit(ns.cgroup, limit / 1024);
  machine.memory.adjust(ns.cgroup, config.oomScoreAdj ?? 0);
  machine.cpu.limit(ns.cgroup, config.cpuLimitMilli, config.cpuShares);
  if (config.cpus) machine.cpu.pin(ns.cgroup, config.cpus);
  const argv = commandOf(image, config);
  const view = hostView(machine, { ns, cred: container.cred, cwd: container.cwd });
  const found = known(container, argv) ?? programOf(view, argv, container.env);
  if (typeof found === "string") return found;
  const process = machine.spawn({
    parent: by.parent ?? sandbox.shim,
    main: by.gate?.(found.main) ?? found.main,
    argv: found.argv,
    env: new Map(container.env),
    cwd: container.cwd,
    cred: container.cred,
    ns,
    fds: by.fds ?? standardFiles(machine, container),
  });
  process.exe = found.path;
  process.comm = shortName(argv[0]!);
  process.group = process.session = process.pid;
  process.tty = container.tty;
  if (container.tty) container.tty.foreground = process.pid;
  return process;
}

/** What runs in a container whose files nobody has looked at: the same as in others of its image. */
function known(container: Container, argv: readonly string[]): sys.Executable | undefined {
  const { mnt, env, cred } = container;
  const [name = ""] = argv;
  if (mnt.unseen === undefined || (name.includes("/") && !name.startsWith("/"))) return undefined;
  const path = env.get("PATH") ?? "";
  const preview = mnt.unseen.peek(name.includes("/") ? name : path);
  const found = preview?.recall(`run ${cred.uid} ${cred.gid} ${cred.groups} ${path} ${name}`, ({ machine, ns }) => {
    const one = programOf(hostView(machine, { ns, cred }), argv, env);
    // A script's words depend on those it is called by.
    return typeof one === "string" || one.argv !== argv ? "to be looked at" : one;
  });
  return found === undefined || found === "to be looked at" ? undefined : { ...found, argv };
}

/** What the command has open: the log, or a terminal; input from whoever attaches, or none. */
function standardFiles(machine: Machine, container: Container): Map<number, OpenFile> {
  const { config } = container;
  if (config.tty) {
    const out = container.stdout;
    const tty = new Tty("/dev/console", 80, 24, (bytes) => out.put(bytes));
    tty.signal = (group, signal) => machine.signalGroup(group, signal);
    tty.onClose = () => out.close();
    container.tty = tty;
    return new Map([
      [0, tty],
      [1, tty],
      [2, tty],
    ]);
  }
  const files = new Map<number, OpenFile>([
    [1, container.stdout],
    [2, container.stderr],
  ]);
  if (config.stdin) {
    const pipe = new Pipe();
    // Held open for the clients that may still attach.
    pipe.writers = 1;
    container.stdin = pipe;
    files.set(0, new PipeEnd(pipe, "read"));
  } else if (
    container.mnt.unseen !== undefined &&
    !config.mounts.some(({ containerPath }) => meet(containerPath, "/dev/null"))
  ) {
    files.set(0, new DeviceFile(nullDevice(), "/dev/null", "null", machine.kernel.random("urandom")));
  } else {
    files.set(
      0,
      sys.openFile(hostView(machine, { ns: { ...machine.ns, mnt: container.mnt } }), "/dev/null", {
        read: true,
      }),
    );
  }
  return files;
}
