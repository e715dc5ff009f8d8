import type { ApiClient } from "../../api/client.ts";
import type { EventRecorder } from "../../api/event-recorder.ts";
import type { Severity } from "../../api/klog.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen, Kernel, KernelEvent, RandomStream, Task } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import type { ContainerRuntime } from "../runtime/index.ts";
import type { CpuManager } from "./cpu-manager.ts";
import type { LogFields } from "./log.ts";
import type { Tally } from "./metrics.ts";
import type { ObjectCache } from "./object-cache.ts";
import type { KubeletOptions } from "./options.ts";
import type { Pod, VolumeSpec } from "./types.ts";

/** What the parts of one kubelet share. */
export interface KubeletContext {
  readonly kernel: Kernel;
  readonly machine: Machine;
  readonly runtime: ContainerRuntime;
  readonly options: KubeletOptions;
  readonly nodeName: string;
  /** What the kubelet is of: `v1.32.3`. */
  readonly release: string;
  readonly client: ApiClient;
  /** The same user, held to no rate: for the Lease and the node's status. */
  readonly heartbeatClient: ApiClient;
  readonly recorder: EventRecorder;
  readonly objects: ObjectCache;
  readonly random: RandomStream;
  readonly tally: Tally;
  /** Where the policy `static` is in force. */
  readonly cpus: CpuManager | undefined;
  /**
   * Variables about Services as this kubelet knows them: of a namespace (with `links`) and the API server's. Undefined
   * before they were first read.
   */
  serviceEnv(namespace: string, links: boolean): ReadonlyMap<string, string> | undefined;
  /** Addresses of the node, as status.addresses has InternalIP. */
  hostIps(): string[];
  node(): KubeObject | undefined;
  /** A line of the journal. `verbosity`: shown when --v is at least this. */
  log(severity: Severity, source: string, message: string, kv?: LogFields, verbosity?: number): void;
  /** Starts a task that ends with the kubelet. */
  spawn(name: string, body: Gen<unknown>): Task;
  /** The same of an instant one that begins within this event. */
  begin(name: string, body: Gen<unknown>): void;
  /** Calls back `us` µs from now unless the kubelet has ended. */
  after(us: number, key: string, callback: () => void): KernelEvent;
  /** Lets the Pod's worker look again. */
  touch(uid: string): void;
  /** Path on the node of a volume that the Pod mounts. */
  volumePath(pod: Pod, volume: VolumeSpec): string;
  /** The Pod as it is wanted now, by uid. */
  pod(uid: string): Pod | undefined;
}

/** A draw between two milliseconds, in µs. */
export function drawMs(random: RandomStream, [low, high]: readonly [number, number]): number {
  return random.int(low * 1000, high * 1000);
}

/** Raised inside a sync when the Pod is to end: it stops where it is. */
export class SyncCancelled extends Error {}

/** A sync that did not get all it wanted; `reason` is the one a container shows while it waits. */
export class SyncError extends Error {
  readonly reason: string;

  constructor(reason: string, message: string) {
    super(message);
    this.reason = reason;
  }
}
