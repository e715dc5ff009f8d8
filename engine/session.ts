import type { KubeObject } from "./api/types.ts";
import { Cluster } from "./cluster.ts";
import { type FrontendState, frontendStates } from "./control-plane/cilium/lb-map.ts";
import { rulesOf, type ServiceRules } from "./control-plane/kube-proxy/record.ts";
import type { Input, SessionFile, StampedInput } from "./input.ts";
import { digest, encode, fnv1a, type Gen, Kernel, wait } from "./kernel/index.ts";
import { addContexts, installFile } from "./kubeadm/files.ts";
import { DEFAULT_TOPOLOGY, gatewayAddress, type Topology } from "./kubeadm/topology.ts";
import { login, runScript } from "./machine/login.ts";
import type { Machine } from "./machine/machine.ts";
import { exitCode, type Process } from "./machine/process.ts";
import type { Tty } from "./machine/tty.ts";
import { ipset, nftCommands, save } from "./netfilter/index.ts";
import type { NetNamespace } from "./network/index.ts";
import { ipvsIn, savedServers } from "./network/ipvs.ts";
import { upstreamResolvers } from "./network/upstream.ts";
import { OutsideRequests } from "./outside.ts";
import { PUBLISHED_ADDRESS, plainListener, publishedListener } from "./published/index.ts";
import { SITE_ADDRESSES, siteListeners } from "./published/sites.ts";
import { preparing } from "./setup.ts";
import { askedWalk, type WalkPicture } from "./view/walk.ts";

/** Everything that makes a session what it is, before any input. */
export interface SessionSpec {
  lab: string;
  seed: number;
  /** Wall clock at virtual time 0, ms since 1970. */
  epochMs: number;
  topology?: Topology;
  /** Further clusters by name, each on a rack of its own; the learner's machine stands in the first one's. */
  clusters?: Readonly<Record<string, Topology>>;
  /** Files that the lab puts on machines before they boot. */
  files?: readonly LabFile[];
  /** A script that the learner's account runs on the workstation once the cluster is ready, before the learner comes. */
  setup?: string;
  /** Hash of the engine file, for the record. */
  engine?: string;
}

export interface LabFile {
  machine: string;
  path: string;
  content: string;
  mode?: number;
  /** Owned by root unless it says `learner`. */
  owner?: "root" | "learner";
}

/** What a session tells its host. Called within the event that causes it; must not call back into the session. */
export interface SessionEvents {
  /** Bytes for a terminal's screen, or a script's output. */
  output?(id: string, bytes: Uint8Array, stream: "stdout" | "stderr"): void;
  /** A login shell or a script ended. */
  ended?(id: string, status: number): void;
  /** Head of the answer to an outside API request. `channels`: an exec or attach was opened. */
  apiHead?(id: string, status: number, headers: Readonly<Record<string, string>>, channels?: { tty: boolean }): void;
  /** Part of its body; `channel` 1 stdout, 2 stderr, 3 the final Status of an exec or attach. */
  apiData?(id: string, bytes: Uint8Array, channel: number): void;
  apiEnd?(id: string): void;
  /** The API could not be reached at all; the network's words. */
  apiError?(id: string, message: string): void;
  /** The way of a connection that was asked about; `from` or `to`: that could not be found. */
  walked?(id: string, walk: WalkPicture | "from" | "to"): void;
}

/** Events of a replay between two questions whether to rest. */
const REPLAY_STEP = 32;

interface Terminal {
  tty: Tty | undefined;
  process: Process;
}

/** One learner's cluster with everything that reached it from outside: the thing that runs, is saved, replayed and graded. */
export class Session {
  readonly spec: SessionSpec;
  readonly kernel: Kernel;
  /** The first cluster: the one that a session is about unless something names another. */
  readonly cluster: Cluster;
  /** All of them, the first under the name "". */
  readonly clusters: ReadonlyMap<string, Cluster>;
  readonly inputs: StampedInput[] = [];
  /** Virtual time at which the cluster was ready and the learner's clock began, µs. */
  startedAt = 0;
  private readonly events: SessionEvents;
  private readonly terminals = new Map<string, Terminal>();
  private readonly requests: OutsideRequests;
  private readonly outside: NetNamespace;
  /** Rolling hash of everything shown, for the digest. */
  private shown = 0;

  constructor(spec: SessionSpec, events: SessionEvents = {}) {
    this.spec = spec;
    this.events = events;
    this.kernel = new Kernel({ seed: spec.seed, epochMs: spec.epochMs });
    const topologies = new Map<string, Topology>([["", spec.topology ?? DEFAULT_TOPOLOGY]]);
    for (const [name, topology] of Object.entries(spec.clusters ?? {})) {
      topologies.set(name, { ...topology, name, rack: topologies.size });
    }
    const clusters = new Map<string, Cluster>();
    for (const [name, topology] of topologies) {
      clusters.set(name, new Cluster(this.kernel, topology, [...clusters.values()], [...topologies.values()]));
    }
    this.clusters = clusters;
    const [first, ...others] = clusters.values();
    this.cluster = first!;
    if (others.length > 0) addContexts(this.cluster.machine("workstation"), this.cluster, others);
    this.outside = this.cluster.network.namespace("outside");
    for (const { topology } of clusters.values()) {
      const { rack = 0 } = topology;
      this.outside.addInterface({
        name: `eth${rack}`,
        mac: `52:54:00:c0:${(0xa8 + rack).toString(16)}:01`,
        addresses: [`${gatewayAddress(topology)}/24`],
        up: true,
        mtu: 1500,
      });
    }
    this.outside.addInterface({
      name: "www",
      mac: "52:54:00:c6:33:0a",
      addresses: [PUBLISHED_ADDRESS, ...SITE_ADDRESSES].map((address) => `${address}/32`),
      up: true,
      mtu: 1500,
    });
    for (const listener of [...upstreamResolvers(), publishedListener(), plainListener(), ...siteListeners()])
      this.outside.listen(listener);
    for (const file of spec.files ?? []) {
      const owner = file.owner === "learner" ? { uid: 1000, gid: 1000 } : {};
      installFile(this.machine(file.machine), file.path, file.content, { mode: file.mode ?? 0o644, ...owner });
    }
    this.requests = new OutsideRequests(this.kernel, this.cluster, this.outside, events);
    this.kernel.onDigest("output", () => String(this.shown));
  }

  /** Switches the cluster on and runs until every system Pod is Ready. */
  boot(): void {
    for (const _ of this.opening(() => false));
  }

  /**
   * Boots, and with `file` replays, yielding whenever `rest` says so, for a host that has other sessions to serve.
   * Nothing else may be asked of the session before it is done.
   */
  *opening(rest: () => boolean, file?: Pick<SessionFile, "inputs" | "end">): Generator<void, void> {
    for (const cluster of this.clusters.values()) cluster.start();
    for (const cluster of this.clusters.values()) yield* cluster.booting(rest);
    if (this.spec.setup !== undefined) yield* preparing(this, this.spec.setup, rest);
    this.startedAt = this.kernel.now;
    if (file === undefined) return;
    for (const { at, index, ...input } of file.inputs) {
      yield* this.goingTo(at, index, rest);
      this.apply(input as Input);
    }
    yield* this.goingTo(file.end.at, file.end.index, rest);
  }

  /** Takes an input in at this instant and records it. Throws for one that makes no sense (unknown terminal or machine). */
  apply(input: Input): void {
    const stamped: StampedInput = { ...input, at: this.kernel.now, index: this.kernel.eventIndex };
    this.act(input);
    this.inputs.push(stamped);
  }

  private act(input: Input): void {
    switch (input.type) {
      case "terminal":
        this.openTerminal(input);
        return;
      case "keys":
        this.terminal(input.id).tty?.input(encode(input.text));
        return;
      case "resize":
        this.terminal(input.id).tty?.resize(input.columns, input.rows);
        return;
      case "close":
        this.terminal(input.id).tty?.hangUp();
        return;
      case "script":
        this.startScript(input);
        return;
      case "api":
      case "api-input":
      case "api-forward":
      case "api-resize":
      case "api-close":
        this.requests.act(input);
        return;
      case "answer":
        this.cluster.answers.push({ task: input.task, value: input.value, at: this.kernel.now });
        return;
      case "walk":
        this.events.walked?.(input.id, askedWalk(this.clusters.get(input.cluster ?? "") ?? this.cluster, input));
        return;
      case "fault": {
        const { net, network } = this.machine(input.fault.machine);
        if (input.fault.kind === "unplug") network.dark.add(net);
        else network.dark.delete(net);
        return;
      }
    }
  }

  private terminal(id: string): Terminal {
    const terminal = this.terminals.get(id);
    if (terminal === undefined) throw new Error(`session: no terminal ${id}`);
    return terminal;
  }

  private show(id: string, bytes: Uint8Array, stream: "stdout" | "stderr"): void {
    let hash = fnv1a(id, this.shown);
    for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
    this.shown = hash;
    this.events.output?.(id, bytes, stream);
  }

  private openTerminal({ id, machine, user, columns, rows }: Extract<Input, { type: "terminal" }>): void {
    if (this.terminals.has(id)) throw new Error(`session: terminal ${id} exists`);
    const opened = login(this.machine(machine), {
      user,
      columns,
      rows,
      output: (bytes) => this.show(id, bytes, "stdout"),
      onEnd: (process) => this.events.ended?.(id, process.status ? exitCode(process.status) : 0),
    });
    this.terminals.set(id, opened);
  }

  private startScript({
    id,
    machine: name,
    user,
    name: file,
    text,
    instant,
  }: Extract<Input, { type: "script" }>): void {
    const machine = this.machine(name);
    const path = `/tmp/${file.replaceAll("/", "_")}`;
    installFile(machine, path, text, { mode: 0o755, uid: 1000, gid: 1000, time: this.kernel.now });
    const run = () =>
      runScript(machine, user, path, {
        stdout: (bytes) => this.show(id, bytes, "stdout"),
        stderr: (bytes) => this.show(id, bytes, "stderr"),
      });
    const process = instant ? this.kernel.instantly(run) : run();
    this.terminals.set(id, { tty: undefined, process });
    this.kernel.spawn(`script ${file}`, this.tellEnd(id, process));
  }

  private *tellEnd(id: string, process: Process): Gen {
    while (process.status === undefined) yield* wait(process.task.ended);
    this.events.ended?.(id, exitCode(process.status));
  }

  // ---- looking in -------------------------------------------------------------------------------------------------

  /** A machine of any cluster; throws for a name that nobody has. */
  machine(name: string): Machine {
    const found = this.findMachine(name);
    if (found === undefined) throw new Error(`session: no machine ${name}`);
    return found;
  }

  findMachine(name: string): Machine | undefined {
    for (const { machines } of this.clusters.values()) {
      const found = machines.get(name);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** Names of all machines, cluster by cluster. */
  machineNames(): string[] {
    return [...this.clusters.values()].flatMap(({ machines }) => [...machines.keys()]);
  }

  /** Objects of a resource as they are now, of one namespace or all; frozen. */
  objects(group: string, resource: string, namespace?: string): readonly KubeObject[] {
    return this.cluster.objects(group, resource, namespace);
  }

  /** Entries in all machines' journals so far: changes whenever one is added. */
  journalLength(): number {
    let total = 0;
    for (const { machines } of this.clusters.values()) {
      for (const machine of machines.values()) total += machine.journal.length;
    }
    return total;
  }

  /**
   * What a machine's kernel does with packets, by line: `iptables-save`, then `ipset save`, nft's tables as commands, and
   * `ipvsadm -S -n`. Empty as long as nobody writes rules.
   */
  netfilterDump(machine: string): string[] {
    const { net } = this.machine(machine);
    const { netfilter } = net;
    if (netfilter === undefined) return [];
    const { now } = this.kernel;
    const sets = ipset(netfilter, ["save"], { now, seed: () => 0 });
    return [
      ...save(netfilter),
      ...sets.out.split("\n").filter((line) => line !== ""),
      ...nftCommands(netfilter.nft, now),
      ...savedServers(ipvsIn(net)?.services.values() ?? []),
    ];
  }

  /** Every state that machines' kube-proxies gave the rules of a Service (`namespace/name`), oldest first. */
  serviceRules(service: string, { network } = this.cluster): ServiceRules[] {
    return rulesOf(network, service);
  }

  /** Every state of the frontends in the maps of machines' Cilium agents, oldest first. */
  frontendStates({ network } = this.cluster): readonly FrontendState[] {
    return frontendStates(network);
  }

  // ---- saving and replaying ---------------------------------------------------------------------------------------

  digest(): string {
    return digest(this.kernel);
  }

  /** The session on paper, as of now. */
  save(): SessionFile {
    return {
      format: 1,
      engine: this.spec.engine ?? "",
      lab: this.spec.lab,
      seed: this.spec.seed,
      epoch: this.spec.epochMs,
      inputs: [...this.inputs],
      end: { at: this.kernel.now, index: this.kernel.eventIndex },
      digest: this.digest(),
    };
  }

  /** Takes recorded inputs in at their instants; call on a booted session. Ends at `end`, or where `until` (µs) says. */
  replay(inputs: readonly StampedInput[], end?: { at: number; index: number }, until = Number.POSITIVE_INFINITY): void {
    for (const { at, index, ...input } of inputs) {
      if (at > until) break;
      this.goTo(at, index);
      this.apply(input as Input);
    }
    if (end && end.at <= until) this.goTo(end.at, end.index);
    else if (Number.isFinite(until)) this.kernel.run(until);
  }

  private goTo(at: number, index: number): void {
    for (const _ of this.goingTo(at, index, () => false));
  }

  private *goingTo(at: number, index: number, rest: () => boolean): Generator<void, void> {
    const { kernel } = this;
    while (kernel.eventIndex < index) {
      kernel.runToIndex(Math.min(index, kernel.eventIndex + REPLAY_STEP));
      if (rest()) yield;
    }
    if (at > kernel.now) kernel.advanceTo(at);
  }
}
