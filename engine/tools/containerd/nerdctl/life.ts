/** The life of a container that nerdctl made: its network while it runs, and who starts it again. */

import { formatTime } from "../../../api/time.ts";
import { decode, encode, type Gen, SECOND, sleep, wait } from "../../../kernel/index.ts";
import { CniError } from "../../../machine/cni/index.ts";
import { entriesOf, type FileNode } from "../../../machine/inode.ts";
import type { Machine } from "../../../machine/machine.ts";
import { livingIn } from "../../../machine/process.ts";
import { hostView } from "../../../machine/runtime/host-view.ts";
import {
  type Bare,
  CriError,
  type ExecSession,
  freeze,
  isCriError,
  runtimeOf,
} from "../../../machine/runtime/index.ts";
import { signalNamed } from "../../../machine/signal.ts";
import * as sys from "../../../machine/sys.ts";
import type { Unit } from "../ctr-context.ts";
import { DATA_STORE, HOSTNAME, NAME, NETWORKS, type Nerd, NerdError, PORTS, type PortLabel } from "./context.ts";

const STATUS = "containerd.io/restart.status";
const STOPPED = "containerd.io/restart.explicitly-stopped";
const POLICY = "containerd.io/restart.policy";
const COUNT = "containerd.io/restart.count";
const FOREVER = 1e15;
/** How often containerd's monitor looks (runtime/restart/monitor). */
const INTERVAL = 10 * SECOND;

const machineOf = ({ container }: Bare): Machine => container.log.machine;
const spaceOf = ({ container }: Bare): string => container.sandbox.config.metadata.namespace;
const attachment = (bare: Bare): string => `${spaceOf(bare)}-${bare.container.id}`;

/** The file of a network's configuration; undefined when there is none. */
function fileOf(machine: Machine, name: string): string | undefined {
  const view = hostView(machine);
  const dir = sys.find(view, "/etc/cni/net.d");
  if (dir?.kind !== "dir") return undefined;
  for (const [file, node] of entriesOf(dir)) {
    if (node.kind !== "file" || !/\.(conflist|conf|json)$/.test(file)) continue;
    try {
      if ((JSON.parse(decode(node.content.bytes())) as { name?: string }).name === name)
        return `/etc/cni/net.d/${file}`;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
    }
  }
  return undefined;
}

/** The hook createRuntime: gives the container its network and writes its /etc/hosts. Throws CriError. */
export function started(bare: Bare): void {
  const machine = machineOf(bare);
  const { labels, container } = bare;
  const [network = "none"] = JSON.parse(labels.get(NETWORKS) ?? "[]") as string[];
  if (network === "none" || network.startsWith("container:")) return;
  if (network !== "host") {
    const file = fileOf(machine, network);
    if (file === undefined) throw hookError(bare, `no such network: \\"${network}\\"`);
    const ports = (JSON.parse(labels.get(PORTS) ?? "[]") as PortLabel[]).map((port) => ({
      protocol: port.Protocol,
      hostPort: port.HostPort,
      containerPort: port.ContainerPort,
      hostIP: port.HostIP,
    }));
    try {
      container.sandbox.ips = runtimeOf(machine).cni.attach(attachment(bare), container.sandbox.net, ports, file);
    } catch (error) {
      if (!(error instanceof CniError)) throw error;
      throw hookError(bare, `failed to call cni.Setup: ${error.message}`);
    }
  }
  const extra = JSON.parse(labels.get("nerdctl/extraHosts") ?? "null") as string[] | null;
  const hosts = [
    "# <nerdctl>",
    "127.0.0.1\tlocalhost localhost.localdomain",
    "::1\t\tlocalhost localhost.localdomain",
    ...container.sandbox.ips.map((ip) => `${ip.padEnd(15)} ${labels.get(HOSTNAME)} ${labels.get(NAME)}`),
    ...(extra ?? []).map(
      (pair) => `${pair.slice(pair.indexOf(":") + 1).padEnd(15)} ${pair.slice(0, pair.indexOf(":"))}`,
    ),
    "# </nerdctl>",
    "",
  ].join("\n");
  const path = `${DATA_STORE}/etchosts/${spaceOf(bare)}/${container.id}/hosts`;
  const file = sys.find(hostView(machine), path) as FileNode | undefined;
  file?.content.replace(encode(hosts));
}

function hookError(bare: Bare, message: string): CriError {
  const at = formatTime(machineOf(bare).kernel.wallMs);
  const log = `${DATA_STORE}/containers/${spaceOf(bare)}/${bare.container.id}/oci-hook.createRuntime.log`;
  return new CriError(
    "Unknown",
    "failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: " +
      "error during container init: error running hook #0: error running hook: exit status 1, stdout: , " +
      `stderr: time="${at}" level=fatal msg="${message}"\nFailed to write to log, write ${log}: file already closed: unknown`,
  );
}

/** The hook poststop: takes the network away; containerd's monitor may start the container again. */
export function ended(bare: Bare): void {
  const machine = machineOf(bare);
  runtimeOf(machine).cni.del(attachment(bare));
  bare.container.sandbox.ips = [];
  // Whoever waits for the end, or follows the log, learns of it.
  bare.container.log.file.changed.wakeAll();
  runtimeOf(machine).metadata.paused.delete(bare.container.id);
  if (wantsRestart(bare)) later(bare);
}

/** What the restart policy says of how it ended (restart.Reconcile). */
export function wantsRestart({ labels, container }: Bare): boolean {
  const [policy, most = "0"] = (labels.get(POLICY) ?? "").split(":");
  if (policy === "" || labels.get(STATUS) !== "running") return false;
  if (policy === "always") return true;
  if (policy === "unless-stopped") return labels.get(STOPPED) !== "true";
  const count = Number(labels.get(COUNT) ?? "0");
  return policy === "on-failure" && container.exitCode !== 0 && (most === "0" || count < Number(most));
}

function later(bare: Bare): void {
  const machine = machineOf(bare);
  const { kernel } = machine;
  const { id } = bare.container;
  const next = INTERVAL - (kernel.now % INTERVAL);
  kernel.after(next, `restart monitor of ${machine.hostname} ${id.slice(0, 12)}`, () => {
    const runtime = runtimeOf(machine);
    const there = runtime.metadata.tenants.get(spaceOf(bare))?.containers.get(id) === bare;
    if (!there || bare.container.state === "running" || !wantsRestart(bare)) return;
    if (runtime.daemon === undefined) return later(bare);
    if (bare.labels.get(POLICY)?.startsWith("on-failure"))
      bare.labels.set(COUNT, String(Number(bare.labels.get(COUNT) ?? "0") + 1));
    try {
      letGo(bare.start());
    } catch (error) {
      if (!isCriError(error)) throw error;
      later(bare);
    }
  });
}

/** A task that nobody reads. */
export function letGo(session: ExecSession): void {
  for (const pipe of [session.stdout, session.stderr]) pipe?.closeReader();
}

/** Starts a container's command. Throws NerdError in runc's words. */
export function begin(bare: Bare): ExecSession {
  if (bare.labels.has(POLICY)) bare.labels.set(STATUS, "running");
  try {
    return bare.start();
  } catch (error) {
    if (!isCriError(error)) throw error;
    throw new NerdError(error.message);
  }
}

/** Starts one that does not run. */
export function* startUnit(c: Nerd, unit: Unit): Gen<ExecSession | undefined> {
  const { bare, status, id } = unit;
  if (status === "RUNNING") {
    yield* c.log("warning", `container ${id} is already running`);
    return undefined;
  }
  if (bare === undefined) throw new NerdError(`task ${id}: already exists`);
  bare.labels.set(STOPPED, "false");
  return begin(bare);
}

/** Sends the stop signal, after so many seconds SIGKILL, and waits for the end; nothing happens to what does not run. */
export function* stopUnit(c: Nerd, unit: Unit, seconds: number | undefined): Gen {
  const { bare, container, process, labels, id } = unit;
  labels.set(STOPPED, "true");
  if (process === undefined || unit.status === "STOPPED" || unit.status === "CREATED") return;
  if (unit.status === "PAUSED") resume(c, unit);
  if (bare === undefined) {
    if (container) yield* c.runtime.stopContainer(container.id, seconds ?? 10);
    else yield* c.runtime.stopPodSandbox(id);
    return;
  }
  const timeout = seconds ?? Number(labels.get("nerdctl/stop-timeout") ?? "10");
  const word = labels.get("io.containerd.image.config.stop-signal") ?? "SIGTERM";
  if (timeout > 0) {
    c.machine.signal(process, signalNamed(word) ?? "TERM");
    yield* endOf(c, unit, timeout * SECOND);
  }
  if (bare.container.state !== "running") return;
  c.machine.signal(process, "KILL");
  yield* endOf(c, unit, 10 * SECOND);
}

/** Waits for the end of its command, at most so many µs. */
export function* endOf(c: Nerd, { process, container }: Unit, most = Number.POSITIVE_INFINITY): Gen {
  if (process === undefined) return;
  const { kernel } = c.machine;
  const until = kernel.now + most;
  const running = () => (container ? container.state === "running" : process.status === undefined);
  while (running() && kernel.now < until) {
    const left = Math.min(until - kernel.now, FOREVER);
    if (container) yield* wait(container.log.file.changed, left);
    else yield* sleep(Math.min(left, 50_000));
  }
}

/** The processes of a container. */
export const processesOf = (c: Nerd, { process }: Unit) => (process ? livingIn(c.machine, process.ns.cgroup) : []);

export function pause(c: Nerd, unit: Unit): void {
  if (unit.process) freeze(c.machine, unit.id, unit.process, true);
}

export function resume(c: Nerd, unit: Unit): void {
  if (unit.process) freeze(c.machine, unit.id, unit.process, false);
}

/** Takes a container away that does not run. */
export function* removeUnit(c: Nerd, unit: Unit): Gen {
  const { bare, container, id } = unit;
  if (bare === undefined) {
    if (container) yield* c.runtime.removeContainer(id);
    else yield* c.runtime.removePodSandbox(id);
    return;
  }
  bare.labels.delete(POLICY);
  c.runtime.metadata.tenants.get(c.namespace)?.containers.delete(id);
  c.runtime.metadata.paused.delete(id);
  c.machine.disk.release(bare.container.rootfs);
  for (const [dir, name] of [
    [`${DATA_STORE}/containers/${c.namespace}`, id],
    [`${DATA_STORE}/etchosts/${c.namespace}`, id],
  ] as const) {
    const node = sys.find(hostView(c.machine), dir);
    if (node?.kind !== "dir") continue;
    const own = entriesOf(node).get(name);
    if (own) c.machine.disk.release(own);
    entriesOf(node).delete(name);
  }
}
