/** Tasks as the shim and runc keep them below /run: a bundle of each, and runc's record of it. */
import { Pipe } from "../../kernel/index.ts";
import { type DirNode, dirNode, fifoNode, fileNode, type Inode, symlinkNode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import type { Process } from "../process.ts";
import type { Bare } from "./bare.ts";
import { formatNano } from "./log-file.ts";
import { containerSpec, inGoOrder, sandboxSpec } from "./oci-spec.ts";
import { runtimeOf } from "./of.ts";
import type { Container, Sandbox } from "./types.ts";

/** state= of containerd's configuration. */
export const STATE = "/run/containerd";
export const TASKS = `${STATE}/io.containerd.runtime.v2.task`;
/** Where the shim tells runc to keep its records: a directory a namespace. */
export const RUNC_ROOT = `${STATE}/runc`;
const WORK = "/var/lib/containerd/io.containerd.runtime.v2.task";

/** What runs for containerd in one of its namespaces: a container's process 1, or a sandbox's pause. */
export interface Task {
  readonly namespace: string;
  readonly id: string;
  readonly process: Process;
  /** Undefined: it is a sandbox's pause. */
  readonly container: Container | undefined;
  readonly bare?: Bare | undefined;
  readonly status: "created" | "running" | "paused" | "stopped";
  /** Virtual time in µs. */
  readonly createdAt: number;
  readonly bundle: string;
  readonly rootfs: string;
  /** config.json of its bundle. */
  spec(): { [member: string]: unknown; annotations?: Record<string, string> };
}

/** The tasks of a namespace of containerd, by id. CRI deletes that of a container when it ends. */
export function tasksOf(machine: Machine, namespace: string): Task[] {
  const runtime = runtimeOf(machine);
  const out: Task[] = [];
  const add = (id: string, process: Process | undefined, sandbox: Sandbox, container?: Container, bare?: Bare) => {
    if (process === undefined) return;
    const bundle = `${TASKS}/${namespace}/${id}`;
    out.push({
      namespace,
      id,
      process,
      container,
      bare,
      status: statusOf(machine, id, process),
      createdAt: container ? container.startedAt : sandbox.createdAt,
      bundle,
      rootfs: `${bundle}/rootfs`,
      spec: () => (container ? containerSpec(container) : sandboxSpec(sandbox)),
    });
  };
  if (namespace === "k8s.io") {
    for (const sandbox of runtime.sandboxes.values())
      if (sandbox.pause.status === undefined) add(sandbox.id, sandbox.pause, sandbox);
    for (const container of runtime.containers.values())
      if (container.state === "running" && container.process?.status === undefined)
        add(container.id, container.process, container.sandbox, container);
  }
  for (const bare of runtime.metadata.tenants.get(namespace)?.containers.values() ?? []) {
    const { container } = bare;
    if (bare.task) add(container.id, container.process, container.sandbox, container, bare);
  }
  return out.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** What runc made of bundles, with its records in a directory. */
export function bundledTasks(machine: Machine, root: string): Task[] {
  // The records lie on a tmpfs: a boot clears them.
  const found = [...(runtimeOf(machine).metadata.runc.get(root)?.values() ?? [])].filter(
    ({ createdAt }) => createdAt >= machine.bootedAt,
  );
  return found
    .map((one): Task => {
      const { id, process, container, createdAt, bundle, rootfs, spec } = one;
      const status = statusOf(machine, id, process);
      return {
        namespace: "",
        id,
        process,
        container,
        status: status === "running" && !one.started ? "created" : status,
        createdAt,
        bundle,
        rootfs,
        spec: () => ({ ...spec }),
      };
    })
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

function statusOf(machine: Machine, id: string, process: Process): Task["status"] {
  if (process.status !== undefined) return "stopped";
  return runtimeOf(machine).metadata.paused.has(id) ? "paused" : "running";
}

/** `TASKS` as it is now: for each namespace with tasks a directory with their bundles. */
export const taskDirectory = (machine: Machine): DirNode => byNamespace(machine, bundle);

/** `RUNC_ROOT` as it is now. */
export const runcDirectory = (machine: Machine): DirNode =>
  byNamespace(machine, (task) => [
    0o711,
    () => new Map([["state.json", text(JSON.stringify(record(machine, task)), task.createdAt, 0o600)]]),
  ]);

type Contents = [mode: number, load: () => Map<string, Inode>];

function byNamespace(machine: Machine, contents: (task: Task) => Contents): DirNode {
  const { metadata } = runtimeOf(machine);
  return volatile(0o711, () => {
    const out = new Map<string, Inode>();
    for (const namespace of metadata.tenants.keys()) {
      if (namespace !== "k8s.io" && tasksOf(machine, namespace).length === 0) continue;
      out.set(
        namespace,
        volatile(0o711, () => new Map(tasksOf(machine, namespace).map((task) => [task.id, directory(contents(task))]))),
      );
    }
    return out;
  });
}

const directory = ([mode, load]: Contents): DirNode => dirNode({ mode }, load);

function volatile(mode: number, load: () => Map<string, Inode>): DirNode {
  const dir = dirNode({ mode }, load);
  dir.volatile = true;
  return dir;
}

const text = (content: string, time: number, mode = 0o644): Inode => fileNode(content, { mode, time });

/** What the shim puts beside config.json (pkg/shim of containerd 1.7). */
function bundle(task: Task): Contents {
  const { namespace, id, process } = task;
  return [
    0o700,
    () =>
      new Map<string, Inode>([
        ["address", text(`unix://${STATE}/s/${task.container?.sandbox.id ?? id}`, task.createdAt)],
        ["config.json", text(JSON.stringify(inGoOrder(task.spec())), task.createdAt)],
        ["init.pid", text(String(process.pid), task.createdAt)],
        ["log", fifoNode(new Pipe(), { mode: 0o700, time: task.createdAt })],
        ["log.json", text("", task.createdAt)],
        ["options.json", text('{"systemd_cgroup":true}', task.createdAt, 0o600)],
        ["rootfs", task.container?.rootfs ?? process.ns.mnt.root],
        ["runtime", text("", task.createdAt, 0o600)],
        ["shim-binary-path", text("/usr/bin/containerd-shim-runc-v2", task.createdAt, 0o600)],
        ["work", symlinkNode(`${WORK}/${namespace}/${id}`)],
      ]),
  ];
}

/** state.json of libcontainer, as far as the model has what it tells. */
function record({ kernel }: Machine, { id, process, createdAt, rootfs }: Task) {
  const { cgroup } = process.ns;
  const path = (type: string) => `/proc/${process.pid}/ns/${type}`;
  return {
    id,
    init_process_pid: process.pid,
    init_process_start: Math.floor(process.startedAt / 10_000),
    created: formatNano(kernel.epochMs, createdAt),
    config: { rootfs, parent_death_signal: 0, readonlyfs: false },
    rootless: false,
    cgroup_paths: { "": `/sys/fs/cgroup${cgroup}` },
    namespace_paths: {
      NEWIPC: path("ipc"),
      NEWNET: path("net"),
      NEWNS: path("mnt"),
      NEWPID: path("pid"),
      NEWUTS: path("uts"),
    },
  };
}
