import type { Image } from "../../images/index.ts";
import { type Gen, wait } from "../../kernel/index.ts";
import { isErrno } from "../errno.ts";
import type { Machine } from "../machine.ts";
import { MountNamespace, ROOT } from "../path.ts";
import { PidNamespace, type Process, type WaitStatus } from "../process.ts";
import * as sys from "../sys.ts";
import { ensureDir } from "./files.ts";
import { snapshot } from "./snapshot.ts";
import { templateOf } from "./spec.ts";
import type { Sandbox, SandboxConfig } from "./types.ts";

/** Who waits for a process that a shim will collect. */
export type Exits = Map<Process, (status: WaitStatus) => void>;

/** containerd-shim-runc-v2: the parent of a Pod's processes. It outlives containerd and kubelet, and collects what ends. */
export function startShim(
  machine: Machine,
  id: string,
  config: SandboxConfig,
  exits: Exits,
  namespace = "k8s.io",
): Process {
  const init = machine.pids.init;
  const shim = machine.spawn({
    parent: init?.status === undefined ? init : undefined,
    main: (p) => collect(p, exits),
    argv: [
      "/usr/bin/containerd-shim-runc-v2",
      "-namespace",
      namespace,
      "-id",
      id,
      "-address",
      "/run/containerd/containerd.sock",
    ],
    env: new Map(),
    cwd: `/run/containerd/io.containerd.runtime.v2.task/${namespace}/${id}`,
    cred: ROOT,
    ns: { ...machine.ns, cgroup: "/system.slice/containerd.service" },
    fds: new Map(),
  });
  shim.group = shim.session = shim.pid;
  // Ignored signals are inherited: what started the first shim must not decide for containers.
  shim.dispositions.clear();
  shim.tty = undefined;
  shim.rssKib = 14_300;
  if (config.logDirectory !== "") ensureDir(machine, config.logDirectory);
  return shim;
}

function* collect(p: Process, exits: Exits): Gen<number> {
  for (;;) {
    if (p.children.size === 0) {
      if (p.hasSignal) return 0;
      yield* wait(p.childChanged);
      continue;
    }
    let waited: sys.Waited | undefined;
    try {
      waited = yield* sys.waitFor(p);
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
    if (waited === undefined) continue;
    const done = exits.get(waited.process);
    exits.delete(waited.process);
    done?.(waited.status);
    if (p.children.size === 0) return 0;
  }
}

/** The process that holds a sandbox's namespaces. */
export function startPause(
  shim: Process,
  image: Image,
  id: string,
  config: SandboxConfig,
  namespaces: Pick<Sandbox, "net" | "uts" | "pids">,
): Process {
  const { machine } = shim;
  const main = machine.programs.get("pause");
  if (main === undefined) throw new Error("no program pause");
  const pause = machine.spawn({
    parent: shim,
    main,
    argv: ["/pause"],
    env: new Map([["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]]),
    cwd: "/",
    cred: { uid: 65_535, gid: 65_535, groups: [65_535] },
    ns: {
      mnt: new MountNamespace(snapshot(templateOf(image), machine.programs)),
      net: namespaces.net,
      uts: namespaces.uts,
      pid: namespaces.pids ?? new PidNamespace(),
      cgroup: `${config.cgroupParent}/cri-containerd-${id}.scope`,
    },
    fds: new Map(),
  });
  pause.exe = "/pause";
  pause.group = pause.session = pause.pid;
  return pause;
}
