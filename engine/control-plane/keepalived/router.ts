import { type Kernel, type KernelEvent, SECOND } from "../../kernel/index.ts";
import type { Network } from "../../network/index.ts";
import type { VrrpInstance } from "./configuration.ts";

export type RouterState = "INIT" | "BACKUP" | "MASTER" | "FAULT";

/** What a virtual router needs of the program that runs it. */
export interface RouterHost {
  /** The machine's own address, for the others' logs. */
  readonly address: () => string;
  /** Whether its interface is up and the cable in. */
  readonly isUp: () => boolean;
  /** Whether a signal has stopped the program. */
  readonly isStopped: () => boolean;
  readonly log: (message: string) => void;
  /** Takes the virtual addresses, or gives them up. */
  readonly hold: (holds: boolean) => void;
  /** A state was entered. */
  readonly entered: (state: RouterState, priority: number) => void;
}

/** What ends a silence is an advert of a better master; three of its intervals and a skew are waited for (RFC 3768, 6.1). */
const MASTER_DOWN_ADVERTS = 3;

/**
 * One vrrp_instance of one machine (RFC 3768). Adverts are not sent: who hears whom is looked at when something changes,
 * and once an interval.
 */
export class Router {
  readonly instance: VrrpInstance;
  readonly host: RouterHost;
  private readonly segment: Segment;
  private readonly kernel: Kernel;
  state: RouterState = "INIT";
  /** Effective: with what its scripts add. */
  priority: number;
  /** A script without a weight fails. */
  isFaulty = false;
  private isLinkDown = false;
  private timer: KernelEvent | undefined;
  private discards: KernelEvent | undefined;
  /** Virtual time (µs) of the last advert that kept it a backup. */
  private heardAt = 0;

  constructor(segment: Segment, kernel: Kernel, instance: VrrpInstance, host: RouterHost) {
    this.segment = segment;
    this.kernel = kernel;
    this.instance = instance;
    this.host = host;
    this.priority = instance.priority;
  }

  private get advert(): number {
    return Math.round(this.instance.advert * SECOND);
  }

  private get skew(): number {
    return Math.round(((256 - this.priority) / 256) * this.advert);
  }

  /** Begins. `settled`: the routers have been up before, and who is told to be the master is. */
  start(settled: boolean): void {
    if (!this.host.isUp() || this.isFaulty) {
      this.enter("FAULT", "Entering FAULT STATE");
      return;
    }
    this.enter("BACKUP", "Entering BACKUP STATE (init)");
    this.heardAt = this.kernel.now;
    if (settled && this.instance.state === "MASTER") this.lead();
    this.segment.look();
  }

  /** After its configuration was read again. */
  goOn(state: RouterState): void {
    this.state = state;
    this.heardAt = this.kernel.now;
    this.segment.look();
  }

  /** Ends: a master says so with an advert of priority 0, unless it `vanishes`. */
  stop(vanishes: boolean): void {
    const wasMaster = this.state === "MASTER";
    this.calm();
    this.state = "INIT";
    this.segment.remove(this);
    if (wasMaster && !vanishes) this.segment.resigned(this);
    this.segment.look();
  }

  /** What its scripts say now. */
  judge(priority: number, isFaulty: boolean): void {
    if (priority !== this.priority) {
      this.host.log(`(${this.instance.name}) Changing effective priority from ${this.priority} to ${priority}`);
      this.priority = priority;
    }
    this.isFaulty = isFaulty;
    this.segment.look();
  }

  /** Looks at link, scripts and the others. */
  look(): void {
    if (this.state === "INIT") return;
    const { name } = this.instance;
    if (!this.host.isUp() || this.isFaulty) {
      if (this.state === "FAULT") return;
      const wasMaster = this.state === "MASTER";
      this.isLinkDown = !this.host.isUp();
      if (this.isLinkDown) this.host.log(`Netlink reports ${this.instance.interface} down`);
      this.calm();
      this.enter("FAULT", "Entering FAULT STATE");
      if (wasMaster && this.host.isUp()) this.segment.resigned(this);
      return;
    }
    if (this.state === "FAULT") {
      if (this.isLinkDown) this.host.log(`Netlink reports ${this.instance.interface} up`);
      this.isLinkDown = false;
      this.enter("BACKUP", "Entering BACKUP STATE");
      this.heardAt = this.kernel.now;
    }
    const masters = this.segment.heardBy(this);
    if (this.state === "MASTER") {
      const better = masters.find((other) => other.priority > this.priority || this.loses(other));
      if (better === undefined) return;
      this.host.log(
        `(${name}) Master received advert from ${better.host.address()} with higher priority ${better.priority}, ours ${this.priority}`,
      );
      this.enter("BACKUP", "Entering BACKUP STATE");
      this.heardAt = this.kernel.now;
      return;
    }
    const keeps = masters.some((other) => other.priority >= this.priority || this.instance.nopreempt);
    if (keeps) {
      this.heardAt = this.kernel.now;
      this.calm();
      return;
    }
    this.wait(this.heardAt + MASTER_DOWN_ADVERTS * this.advert + this.skew - this.kernel.now);
    if (masters.length > 0 && this.discards === undefined) this.discard();
  }

  /** A master has said that it ends: only the skew is waited for. */
  resigned(): void {
    if (this.state !== "BACKUP") return;
    this.calm();
    this.wait(this.skew);
  }

  /** Of two of the same priority the one with the higher address stays. */
  private loses(other: Router): boolean {
    return other.priority === this.priority && number(other.host.address()) > number(this.host.address());
  }

  private wait(delay: number): void {
    this.timer ??= this.kernel.after(Math.max(0, delay), `vrrp ${this.instance.name}`, () => {
      this.timer = undefined;
      if (this.host.isStopped()) return;
      this.lead();
      this.segment.look();
    });
  }

  /** Adverts of a master that is worse are passed over, one after the other. */
  private discard(): void {
    this.discards = undefined;
    const [other] = this.segment.heardBy(this);
    if (this.timer === undefined || other === undefined || this.state !== "BACKUP") return;
    this.host.log(
      `(${this.instance.name}) received lower priority (${other.priority}) advert from ${other.host.address()} - discarding`,
    );
    this.discards = this.kernel.after(this.advert, `vrrp ${this.instance.name} discard`, () => this.discard());
  }

  private lead(): void {
    this.calm();
    this.enter("MASTER", "Entering MASTER STATE");
  }

  private enter(state: RouterState, words: string): void {
    const before = this.state;
    this.state = state;
    this.host.log(`(${this.instance.name}) ${words}`);
    if (state === "MASTER" || before === "MASTER") this.host.hold(state === "MASTER");
    this.host.entered(state, this.priority);
  }

  private calm(): void {
    this.kernel.cancel(this.timer);
    this.kernel.cancel(this.discards);
    this.timer = undefined;
    this.discards = undefined;
  }
}

const number = (address: string): number => address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0);

/** The routers of one virtual router id on one network. */
export class Segment {
  private readonly kernel: Kernel;
  private readonly routers: Router[] = [];
  private pulse: KernelEvent | undefined;

  constructor(kernel: Kernel) {
    this.kernel = kernel;
  }

  add(router: Router): void {
    this.routers.push(router);
    if (this.routers.length > 1) this.pulse ??= this.kernel.after(SECOND, "vrrp pulse", () => this.beat());
  }

  remove(router: Router): void {
    const at = this.routers.indexOf(router);
    if (at >= 0) this.routers.splice(at, 1);
  }

  /** Everybody looks anew. */
  look(): void {
    for (const router of [...this.routers]) router.look();
  }

  /** Masters whose adverts reach a router. */
  heardBy(router: Router): Router[] {
    return this.routers.filter((other) => other !== router && other.state === "MASTER" && this.reaches(other, router));
  }

  /** Those that hear a master learn that it ends. */
  resigned(master: Router): void {
    for (const other of this.routers) if (other !== master && this.reaches(master, other)) other.resigned();
  }

  private reaches(from: Router, to: Router): boolean {
    if (!from.host.isUp() || !to.host.isUp() || from.host.isStopped() || to.host.isStopped()) return false;
    const [a, b] = [from.instance, to.instance];
    if (a.authentication !== b.authentication || a.advert !== b.advert) return false;
    if (a.unicastPeers.length === 0 && b.unicastPeers.length === 0) return true;
    return a.unicastPeers.includes(to.host.address()) && b.unicastPeers.includes(from.host.address());
  }

  private beat(): void {
    this.pulse = this.routers.length > 1 ? this.kernel.after(SECOND, "vrrp pulse", () => this.beat()) : undefined;
    this.look();
  }
}

const segments = new WeakMap<Network, Map<number, Segment>>();

/** The segment of a virtual router id. */
export function segmentOf(network: Network, id: number): Segment {
  let all = segments.get(network);
  if (all === undefined) segments.set(network, (all = new Map()));
  let segment = all.get(id);
  if (segment === undefined) all.set(id, (segment = new Segment(network.kernel)));
  return segment;
}
