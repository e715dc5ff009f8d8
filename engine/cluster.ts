import { KINDS } from "./api/kinds.ts";
import type { KubeObject } from "./api/types.ts";
import { Registry, Storage } from "./apiserver/index.ts";
import { Chronicle } from "./chronicle.ts";
import { setClusterContext } from "./control-plane/context.ts";
import { EtcdStore, type Member, memberId, RaftGroup } from "./etcd/index.ts";
import type { Kernel } from "./kernel/index.ts";
import { MINUTE } from "./kernel/index.ts";
import { addons } from "./kubeadm/addons/index.ts";
import { furnish } from "./kubeadm/files.ts";
import { bootstrap } from "./kubeadm/init.ts";
import { type ClusterPki, clusterPki } from "./kubeadm/pki.ts";
import { OWN } from "./kubeadm/settings.ts";
import {
  API_PORT,
  apiAddress,
  DEFAULT_TOPOLOGY,
  gatewayAddress,
  type MachineSpec,
  machinesOf,
  rackAddress,
  type Topology,
} from "./kubeadm/topology.ts";
import { buildBase } from "./machine/base/index.ts";
import { Machine } from "./machine/machine.ts";
import { bootMachine } from "./machine/systemd/index.ts";
import { Network } from "./network/index.ts";
import { programs } from "./tools/index.ts";

/** Boot must be over after this much virtual time, or something is broken. */
const BOOT_LIMIT = 10 * MINUTE;

export interface Answer {
  task: string;
  value: string;
  /** Virtual time in µs. */
  at: number;
}

/** etcd's members on the control planes: the first began the cluster, the others were added when they joined. */
function membersOf(specs: readonly MachineSpec[], epochMs: number): Member[] {
  const planes = specs.filter(({ role }) => role === "control-plane");
  return planes.map(({ address }, index) => {
    const peerUrls = [`https://${address}:2380`];
    const id = index === 0 ? memberId(peerUrls) : memberId(peerUrls, "", Math.floor(epochMs / 1000) + index);
    return { id, name: "", peerUrls, clientUrls: [], isLearner: false };
  });
}

/** The machines of one cluster, what they share, and its assembly. */
export class Cluster {
  readonly kernel: Kernel;
  readonly topology: Topology;
  readonly network: Network;
  readonly machines = new Map<string, Machine>();
  readonly specs: readonly MachineSpec[];
  readonly etcd: EtcdStore;
  readonly registry: Registry;
  readonly pki: ClusterPki;
  readonly chronicle: Chronicle;
  /** What the learner answered to the tasks' questions, oldest first. */
  readonly answers: Answer[];
  /** URL of the API for clients. */
  readonly server: string;
  private readonly ready = new Set<string>();

  /**
   * `others`: the clusters of the session that were made before, with which it shares the record of answers and a router;
   * `all`: the topologies of all of them, whose machines know each other by name.
   */
  constructor(
    kernel: Kernel,
    topology: Topology = DEFAULT_TOPOLOGY,
    others: readonly Cluster[] = [],
    all: readonly Topology[] = [topology],
  ) {
    this.kernel = kernel;
    this.topology = topology;
    this.answers = others[0]?.answers ?? [];
    this.specs = machinesOf(topology);
    this.network = new Network(kernel);
    for (const other of others) this.network.join(other.network);
    const { name = "" } = topology;
    const etcd = name === "" ? "etcd" : `etcd ${name}`;
    this.etcd = new EtcdStore(kernel, etcd);
    const raft = new RaftGroup(kernel, this.etcd, etcd);
    const members = membersOf(this.specs, kernel.epochMs);
    raft.begin(members, "1", members.slice(0, 1));
    this.registry = new Registry(
      kernel,
      new Storage(this.etcd),
      KINDS,
      name === "" ? "apiserver" : `apiserver ${name}`,
    );
    this.pki = clusterPki(kernel.epochMs, name);
    this.server = `https://${apiAddress(topology)}:${API_PORT}`;
    this.chronicle = new Chronicle(kernel, this.etcd, (kv) => this.registry.objectOf(kv));
    setClusterContext(this.network, {
      etcd: this.etcd,
      raft,
      registry: this.registry,
      pki: this.pki,
      chronicle: this.chronicle,
      settings: { ...OWN, endpoint: `${apiAddress(topology)}:${API_PORT}` },
      answer: (task, value) => this.answers.push({ task, value, at: kernel.now }),
    });
    const hosts = all.flatMap(machinesOf).map((spec) => ({ address: spec.address, names: [spec.name] }));
    for (const spec of this.specs) this.addMachine(spec, hosts);
  }

  private addMachine(spec: MachineSpec, hosts: readonly { address: string; names: readonly string[] }[]): void {
    const rack = this.topology.rack ?? 0;
    const gateway = gatewayAddress(this.topology);
    const machine = new Machine({ kernel: this.kernel, network: this.network, hostname: spec.name, programs });
    machine.net.addInterface({
      name: "eth0",
      mac: `52:54:00:c0:${(0xa8 + rack).toString(16)}:${Number(spec.address.split(".")[3]).toString(16).padStart(2, "0")}`,
      addresses: [`${spec.address}/24`],
      up: true,
      mtu: 1500,
    });
    machine.net.routes.push(
      { destination: "default", via: gateway, device: "eth0" },
      { destination: `${rackAddress(this.topology, 0)}/24`, device: "eth0", source: spec.address },
    );
    buildBase(machine, { role: spec.role, hosts, nameservers: [gateway] });
    furnish(machine, spec, this);
    this.machines.set(spec.name, machine);
  }

  /** The machine of that name; throws for a name that a lab got wrong. */
  machine(name: string): Machine {
    const machine = this.machines.get(name);
    if (machine === undefined) throw new Error(`cluster: no machine ${name}`);
    return machine;
  }

  /** Objects of a resource as they are now, of one namespace or all; frozen. */
  objects(group: string, resource: string, namespace?: string): readonly KubeObject[] {
    const { registry } = this;
    const def = registry.kinds.find((kind) => kind.resource.group === group && kind.resource.resource === resource);
    if (def === undefined) return [];
    const cache = registry.cache(def);
    return namespace === undefined ? cache.everything() : cache.inNamespace(namespace);
  }

  /** Lets virtual time pass until all system Pods are Ready; yields whenever `rest`, asked after every event, says so. */
  *booting(rest: () => boolean): Generator<void, void> {
    for (;;) {
      let resting = false;
      const going = this.kernel.runUntil(() => {
        resting = rest();
        return resting || this.isReady();
      }, BOOT_LIMIT);
      if (this.isReady()) return;
      if (!going) {
        throw new Error(
          `cluster: not ready after ${BOOT_LIMIT / MINUTE} minutes (what a lab breaks, its setup.sh breaks afterwards); not Ready: ${this.unready().join(" ")}`,
        );
      }
      yield;
    }
  }

  /** Switches every machine on. */
  start(): void {
    this.etcd.watch(
      { key: "/registry/pods/", rangeEnd: "/registry/pods0", startRevision: 1 },
      {
        events: (events) => {
          for (const { kv, type } of events) this.note(kv.key, type === "PUT" ? this.registry.objectOf(kv) : undefined);
        },
      },
    );
    for (const machine of this.machines.values()) bootMachine(machine);
    const first = this.specs.find(({ role }) => role === "control-plane");
    if (first)
      bootstrap(
        this.machine(first.name),
        this.specs,
        addons(this.server, this.pki.kubernetes.certificate, this.topology),
      );
  }

  private note(key: string, value: unknown): void {
    const conditions = (value as { status?: { conditions?: { type: string; status: string }[] } } | undefined)?.status
      ?.conditions;
    if (conditions?.some((condition) => condition.type === "Ready" && condition.status === "True")) this.ready.add(key);
    else this.ready.delete(key);
  }

  /** Keys of Pods that are there and not Ready. */
  private unready(): string[] {
    const { kvs } = this.etcd.range({ key: "/registry/pods/", rangeEnd: "/registry/pods0" });
    return kvs.map(({ key }) => key).filter((key) => !this.ready.has(key));
  }

  /**
   * Every Pod that a fresh cluster has is Ready: four a control plane, CoreDNS twice, and on each node kube-proxy and
   * the network's, or Cilium's agent, whose operator runs once; and the provisioner of volumes.
   */
  isReady(): boolean {
    const { controlPlanes, workers, network, storage } = this.topology;
    const nodes = controlPlanes + workers;
    const networking = network === "cilium" ? nodes + 1 : 2 * nodes;
    return this.ready.size >= 4 * controlPlanes + networking + 2 + (storage === "local-path" ? 1 : 0);
  }
}
