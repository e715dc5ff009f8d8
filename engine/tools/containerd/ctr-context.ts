/** What the commands of ctr share: their context, containers of a namespace, tables. */
import { formatTime } from "../../api/time.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Machine } from "../../machine/machine.ts";
import type { Process } from "../../machine/process.ts";
import { type Bare, type Container, type ContainerRuntime, runtimeOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { TabWriter } from "../kubectl/printers/tabwriter.ts";
import type { Given } from "./cli.ts";
import { isOn } from "./cli.ts";
import { containers as allContainers, sandboxes as allSandboxes } from "./cri.ts";
import type { CommandText } from "./legacy-cli.ts";

/** The namespace of what the kubelet runs. */
export const K8S = "k8s.io";

/** Ends ctr with `ctr: message`. */
export class CtrError extends Error {}

export interface Ctr {
  p: Process;
  runtime: ContainerRuntime;
  namespace: string;
  given: Given;
}

/** A command at the end of a path of names, or a group of them. */
export interface Command extends CommandText {
  commands?: readonly Command[];
  /** What stands behind its first word is not its own: flags there are another command's. */
  passes?: boolean;
  run?(c: Ctr): Gen<void>;
}

export function table(head: string, rows: readonly (readonly string[])[], minWidth: number, padding: number): string {
  const writer = new TabWriter(minWidth, padding);
  writer.write(`${head}\n${rows.map((row) => `${row.join("\t")}\n`).join("")}`);
  return writer.flush();
}

export const on = (c: Ctr, name: string): boolean => isOn(c.given, name);
export const value = (c: Ctr, name: string): string | undefined => c.given.values.get(name)?.[0];

export interface Unit {
  id: string;
  image: string;
  /** Its process 1, once it was started. */
  process: Process | undefined;
  status: "CREATED" | "RUNNING" | "PAUSED" | "STOPPED";
  labels: Map<string, string>;
  /** What a client of containerd itself made. */
  bare?: Bare;
  /** A container of a Pod, or the bare one's. */
  container?: Container;
}

/** Containers of a namespace, by id: in k8s.io those of Pods and a pause for each Pod, elsewhere what ctr made. */
export function units(machine: Machine, namespace: string): Unit[] {
  const { metadata } = runtimeOf(machine);
  const status = (id: string, running: boolean, started: boolean): Unit["status"] =>
    metadata.paused.has(id) ? "PAUSED" : running ? "RUNNING" : started ? "STOPPED" : "CREATED";
  const labels = (own: Readonly<Record<string, string>>, kind: string) =>
    new Map([...Object.entries(own), ["io.cri-containerd.kind", kind] as const].sort(([a], [b]) => (a < b ? -1 : 1)));
  const out: Unit[] = [];
  if (namespace === K8S) {
    for (const { id, pause, config } of allSandboxes(machine)) {
      out.push({
        id,
        image: "registry.k8s.io/pause:3.10",
        process: pause,
        status: status(id, pause.status === undefined, true),
        labels: labels(config.labels, "sandbox"),
      });
    }
    for (const container of allContainers(machine)) {
      const { id, image, process, state, config } = container;
      out.push({
        id,
        image: image.reference,
        process,
        status: status(id, state === "running", process !== undefined),
        labels: labels(config.labels, "container"),
        container,
      });
    }
  }
  for (const bare of metadata.tenants.get(namespace)?.containers.values() ?? []) {
    const { container } = bare;
    out.push({
      id: container.id,
      image: container.config.image,
      process: bare.task ? container.process : undefined,
      status: status(container.id, container.state === "running", bare.task),
      labels: bare.labels,
      bare,
      container,
    });
  }
  return out.sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** The container of that id. Throws CtrError. */
export function unitOf(c: Ctr, id: string): Unit {
  const found = units(c.p.machine, c.namespace).find((one) => one.id === id);
  if (found === undefined) throw new CtrError(`container "${id}" in namespace "${c.namespace}": not found`);
  return found;
}

/** Sets and clears labels as `KEY=VALUE` and `KEY=` say. */
export function label(labels: Map<string, string>, words: readonly string[]): void {
  for (const word of words) {
    const equals = word.indexOf("=");
    const [key, text] = equals < 0 ? [word, "true"] : [word.slice(0, equals), word.slice(equals + 1)];
    if (text === "") labels.delete(key);
    else labels.set(key, text);
  }
}

/** Labels as one cell: sorted, with commas between them. */
export const labelText = (labels: ReadonlyMap<string, string>): string =>
  [...labels]
    .map(([key, text]) => `${key}=${text}`)
    .sort()
    .join(",");

export function* printList(c: Ctr, ids: readonly string[]): Gen<void> {
  yield* sys.print(c.p, ids.map((id) => `${id}\n`).join(""));
}

/** A line of logrus with the field `error`. */
export function* logError(p: Process, message: string, error: string): Gen<void> {
  const time = formatTime(p.machine.kernel.wallMs);
  const quoted = `${JSON.stringify(message)} error=${JSON.stringify(error)}`;
  yield* sys.printError(p, `time="${time}" level=error msg=${quoted}\n`);
}

/** Why nobody answers at a socket; undefined when containerd does. */
export function socketError(p: Process, path: string): string | undefined {
  const dial = (what: string, why: string) =>
    `failed to dial "${path}": ${what}connection error: desc = "transport: error while dialing: dial unix ${why}"`;
  const isContainerd = /^(\/var)?\/run\/containerd\/containerd\.sock$/.test(path);
  if (!isContainerd || runtimeOf(p.machine).daemon === undefined)
    return dial("context deadline exceeded: ", `://${path}: timeout`.replace("unix ", "")).replace(
      "unix ://",
      "unix://",
    );
  return p.cred.uid === 0 ? undefined : dial("", `${path}: connect: permission denied`);
}
