import { type Gen, type Kernel, sha256Hex, TaskKilled } from "../kernel/index.ts";
import type { NetNamespace, Network } from "../network/index.ts";
import { MAX_PROCESSES } from "./costs.ts";
import { CpuGroups } from "./cpu.ts";
import { Disk } from "./disk.ts";
import { Errno } from "./errno.ts";
import { DEFAULT_HARDWARE, type Hardware } from "./hardware.ts";
import { type DirNode, dirNode } from "./inode.ts";
import { Journal } from "./journal.ts";
import { KernelModules } from "./kernel-modules.ts";
import type { Login } from "./login.ts";
import { MemoryGroups } from "./memory.ts";
import { MountNamespace } from "./path.ts";
import {
  type Namespaces,
  PidNamespace,
  Process,
  ProcessExit,
  type ProcessInit,
  type Program,
  release,
  type WaitStatus,
} from "./process.ts";
import { defaultAction, type Signal } from "./signal.ts";
import type { Systemd } from "./systemd/manager.ts";
import type { Tty } from "./tty.ts";

export interface MachineOptions {
  kernel: Kernel;
  network: Network;
  hostname: string;
  /** Programs by the name that executable files carry. */
  programs: ReadonlyMap<string, Program>;
  hardware?: Partial<Hardware>;
}

/** One computer: its file tree, process table, namespaces and terminals. Containers are processes with namespaces of their own. */
export class Machine {
  readonly kernel: Kernel;
  readonly network: Network;
  readonly hostname: string;
  readonly programs: ReadonlyMap<string, Program>;
  readonly root: DirNode = dirNode();
  readonly pids = new PidNamespace();
  readonly net: NetNamespace;
  readonly ns: Namespaces;
  /** Living and zombie processes by machine-wide pid. */
  readonly processes = new Map<number, Process>();
  readonly hardware: Hardware;
  readonly memory = new MemoryGroups();
  readonly cpu: CpuGroups;
  readonly journal: Journal;
  readonly modules = new KernelModules(["nf_conntrack", "br_netfilter", "overlay"]);
  /** The service manager, once `startSystemd` has started it. */
  systemd: Systemd | undefined;
  /** Open pseudo terminals by number: /dev/pts/N. */
  readonly ttys = new Map<number, Tty>();
  /** Who is logged in, oldest first: `who`. */
  readonly logins: Login[] = [];
  /** When it was last booted, in µs of virtual time. */
  bootedAt = 0;
  /** /etc/machine-id. */
  readonly machineId: string;
  readonly disk: Disk;
  /** Told when the kernel kills a process for memory; `whole`: the machine had no more. */
  onOom: ((victim: Process, whole: boolean) => void) | undefined;

  constructor(options: MachineOptions) {
    this.kernel = options.kernel;
    this.network = options.network;
    this.hostname = options.hostname;
    this.programs = options.programs;
    this.net = options.network.namespace(options.hostname);
    this.hardware = { ...DEFAULT_HARDWARE, ...options.hardware };
    this.cpu = new CpuGroups(this.hardware.cpus);
    this.disk = new Disk(this.hardware.diskKib);
    this.journal = new Journal(options.kernel);
    this.net.kernelLog = (message) =>
      void this.journal.append({ message, identifier: "kernel", transport: "kernel", priority: 4 });
    this.machineId = sha256Hex(`${options.kernel.seed} machine-id ${options.hostname}`).slice(0, 32);
    this.ns = {
      mnt: new MountNamespace(this.root),
      net: this.net,
      pid: this.pids,
      uts: { hostname: options.hostname },
      cgroup: "/",
    };
  }

  /** Makes a process. Throws EAGAIN over the process limit. */
  spawn(init: ProcessInit): Process {
    if (this.processes.size >= MAX_PROCESSES) throw new Errno("EAGAIN");
    const most = init.parent?.limits.nproc;
    if (most !== undefined && init.cred.uid !== 0) {
      let own = 0;
      for (const one of this.processes.values()) if (one.cred.uid === init.cred.uid) own++;
      if (own >= most) throw new Errno("EAGAIN");
    }
    const process = new Process(this, init);
    if (init.umask !== undefined) process.umask = init.umask;
    else if (init.parent) process.umask = init.parent.umask;
    if (init.parent) {
      init.parent.children.add(process);
      for (const [signal, how] of init.parent.dispositions) if (how === "ignore") process.dispositions.set(signal, how);
    }
    if (init.fds) for (const [fd, file] of init.fds) process.setFd(fd, file);
    else init.parent?.inheritFds(process);
    this.processes.set(process.pid, process);
    this.memory.resident += process.rssKib;
    process.task = this.kernel.spawn(
      `${this.hostname} ${process.pid} ${process.comm}`,
      runProgram(process, init.main),
      {
        onExit: (task) => {
          if (process.status === undefined) {
            const signal = process.endingBy ?? (task.error instanceof TaskKilled ? "KILL" : "SEGV");
            this.finish(process, { kind: "signaled", signal });
          }
        },
      },
    );
    process.task.throttle = this.cpu.throttle(process.ns.cgroup);
    return process;
  }

  /** Sends a signal to one process. */
  signal(process: Process, signal: Signal): void {
    if (process.status !== undefined) return;
    // Nothing kills or stops the process 1 of a machine that was booted (kill(2)).
    if (this.systemd !== undefined && process === this.pids.init && (signal === "KILL" || signal === "STOP")) return;
    if (signal === "KILL") {
      this.terminate(process, signal);
      return;
    }
    if (signal === "CONT" && process.stopped) this.unfreeze(process);
    const disposition = process.dispositions.get(signal);
    if (disposition === "ignore" && signal !== "STOP") return;
    if (disposition === "catch") {
      process.queueSignal(signal);
      return;
    }
    const action = defaultAction(signal);
    if (action === "ignore" || action === "continue") return;
    // Process 1 of a container gets only the signals it has a handler for, but SIGSTOP from outside (pid_namespaces(7)).
    if (process.nsPid === 1 && process.ns.pid !== this.pids && signal !== "STOP") return;
    if (action === "stop") this.freeze(process, signal);
    else this.terminate(process, signal);
  }

  /** Sends a signal to every process of a group; false when there is none. */
  signalGroup(group: number, signal: Signal): boolean {
    let found = false;
    for (const process of [...this.processes.values()]) {
      if (process.group !== group || process.status !== undefined) continue;
      found = true;
      this.signal(process, signal);
    }
    return found;
  }

  private terminate(process: Process, signal: Signal): void {
    if (process.endingBy !== undefined && signal !== "KILL") return;
    process.endingBy = signal;
    if (process.stopped) this.unfreeze(process);
    this.kernel.kill(process.task);
  }

  private freeze(process: Process, signal: Signal): void {
    if (process.stopped) return;
    process.stopped = true;
    this.kernel.suspend(process.task);
    this.tellParent(process, { kind: "stopped", signal });
  }

  private unfreeze(process: Process): void {
    process.stopped = false;
    this.kernel.unsuspend(process.task);
    this.tellParent(process, { kind: "continued" });
  }

  private tellParent(process: Process, news: WaitStatus): void {
    process.news = news;
    const parent = process.parent;
    if (parent === undefined) return;
    parent.childChanged.wakeAll();
    this.signal(parent, "CHLD");
  }

  /** For `runProgram`: closes, reparents, and leaves a zombie for the parent. */
  finish(process: Process, status: WaitStatus): void {
    process.status = status;
    for (const file of process.fds.values()) release(file);
    process.fds.clear();
    const init = process.ns.pid.init;
    for (const child of process.children) {
      if (child.status !== undefined) {
        this.reap(child);
        continue;
      }
      child.parent = init && init !== process && init.status === undefined ? init : undefined;
      child.parent?.children.add(child);
    }
    process.children.clear();
    if (process.ns.pid !== this.pids && process.nsPid === 1) {
      for (const other of [...process.ns.pid.byPid.values()]) if (other !== process) this.signal(other, "KILL");
    }
    const parent = process.parent;
    if (parent === undefined || parent.dispositions.get("CHLD") === "ignore") this.reap(process);
    if (parent === undefined) return;
    parent.childChanged.wakeAll();
    this.signal(parent, "CHLD");
  }

  /** Takes an ended process out of the table. */
  reap(process: Process): void {
    if (!process.reaped) this.memory.resident -= process.rssKib;
    process.reaped = true;
    this.cpu.noteEnd(process);
    if (process.parent) process.parent.childrenCpu += process.cpuUsed + process.childrenCpu;
    process.parent?.children.delete(process);
    this.processes.delete(process.pid);
    this.pids.byPid.delete(process.pid);
    process.ns.pid.byPid.delete(process.nsPid);
  }
}

function* runProgram(process: Process, main: Program): Gen {
  let status: WaitStatus;
  try {
    status = { kind: "exited", code: (yield* main(process)) & 0xff };
  } catch (error) {
    if (!(error instanceof ProcessExit)) throw error;
    status = { kind: "exited", code: error.code };
  }
  process.machine.finish(process, status);
}
