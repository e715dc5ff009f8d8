import { type Gen, type Kernel, MS, SECOND } from "../kernel/index.ts";
import { isNetError } from "../network/error.ts";
import type { ApiClient } from "./client.ts";
import type { Beat } from "./http.ts";
import { LEASES } from "./resources.ts";
import { isStatus, StatusError } from "./status.ts";
import { formatMicroTime } from "./time.ts";
import type { KubeObject } from "./types.ts";

/** The process that keeps a Lease; what it starts ends with it. */
export interface LeaseHost {
  readonly kernel: Kernel;
  log(severity: "E", source: string, message: string, kv: { err: string }): void;
  spawn(name: string, body: Gen<unknown>): unknown;
  /** The same of an instant task that begins within this event. */
  begin(name: string, body: Gen<unknown>): void;
  after(us: number, key: string, callback: () => void): unknown;
}

export interface LeaseKeeperOptions {
  client: ApiClient;
  namespace: string;
  name: string;
  holderIdentity: string;
  /** How long it lasts, in seconds. */
  seconds: number;
  /** What its metadata has besides name and namespace. */
  metadata(): Gen<object>;
  /** How much longer than ten seconds it is until the next renewal, in ms. */
  jitterMs(): number;
}

const PERIOD = 10 * SECOND;

/**
 * A heartbeat: a Lease renewed every ten seconds, that of a node by its kubelet, that of an API server by itself
 * (component-helpers apimachinery/lease/controller.go).
 */
export class LeaseKeeper {
  private readonly host: LeaseHost;
  private readonly options: LeaseKeeperOptions;
  private latest: KubeObject | undefined;
  private busy = false;
  private readonly event: string;
  private readonly wake = () => this.beat();
  private short: Beat | undefined;

  constructor(host: LeaseHost, options: LeaseKeeperOptions) {
    this.host = host;
    this.options = options;
    this.event = `lease ${options.name}`;
  }

  start(): void {
    this.beat();
  }

  private beat(): void {
    const { host } = this;
    if (!this.busy && !this.renewedAtOnce()) {
      this.busy = true;
      if (this.latest === undefined) host.spawn(this.event, this.renew());
      else host.begin(this.event, this.renew());
    }
    host.after(PERIOD + this.options.jitterMs() * MS, this.event, this.wake);
  }

  private get micros(): number {
    const { kernel } = this.host;
    return kernel.epochMs * 1000 + kernel.now;
  }

  private renewedAtOnce(): boolean {
    const { latest, options } = this;
    if (latest === undefined) return false;
    this.short ??= options.client.beat(options.namespace, options.name);
    const renewed = this.short?.renew(latest, this.micros);
    if (renewed !== undefined) this.latest = renewed;
    return renewed !== undefined;
  }

  private *renew(): Gen {
    const { client } = this.options;
    const renewTime = formatMicroTime(this.micros);
    try {
      if (this.latest !== undefined) {
        try {
          const spec = { ...this.latest["spec"], renewTime };
          this.latest = yield* client.update(LEASES, { ...this.latest, spec });
          return;
        } catch (error) {
          if (!isStatus(error, "Conflict") && !isStatus(error, "NotFound")) throw error;
          this.latest = undefined;
        }
      }
      this.latest = yield* this.ensure(renewTime);
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      this.host.log("E", "controller.go:195", "Failed to update lease", { err: error.message });
    } finally {
      this.busy = false;
    }
  }

  private *ensure(renewTime: string): Gen<KubeObject> {
    const { client, namespace, name, holderIdentity, seconds } = this.options;
    const spec = { holderIdentity, leaseDurationSeconds: seconds, renewTime };
    try {
      const found = yield* client.get<KubeObject>(LEASES, namespace, name);
      return yield* client.update(LEASES, { ...found, spec: { ...found["spec"], ...spec } });
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
    const metadata = { name, namespace, ...(yield* this.options.metadata()) };
    return yield* client.create(LEASES, { apiVersion: "coordination.k8s.io/v1", kind: "Lease", metadata, spec });
  }
}
