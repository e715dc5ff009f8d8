import type { ApiClient } from "../../api/client.ts";
import { Informer } from "../../api/informer.ts";
import { ENDPOINT_SLICES, NAMESPACES, PODS, SERVICES } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Process } from "../../machine/process.ts";
import type { ClusterView } from "./plugin.ts";

/** The informers behind the plugin kubernetes (plugin/kubernetes/controller.go). */
export class ClusterWatch {
  readonly view: ClusterView;
  private readonly p: Process;
  private readonly client: ApiClient;
  private readonly informers: Informer[];
  private pods: Informer | undefined;
  private readonly byAddress = new Map<string, KubeObject>();

  constructor(p: Process, client: ApiClient) {
    this.p = p;
    this.client = client;
    const { kernel } = p.machine;
    const made = [SERVICES, ENDPOINT_SLICES, NAMESPACES].map((resource) => new Informer(kernel, client, resource));
    const [services, slices, namespaces] = made as [Informer, Informer, Informer];
    this.informers = made;
    let modified = kernel.now;
    for (const informer of [services, slices]) informer.onChange(() => (modified = kernel.now));
    for (const informer of made) informer.start();
    this.view = {
      service: (key) => services.items.get(key),
      services: () => services.items.values(),
      slices: () => slices.items.values(),
      namespace: (name) => namespaces.items.get(name),
      podAt: (address) => this.byAddress.get(address),
      synced: () => this.informers.every(({ synced }) => synced),
      modified: () => Math.floor((kernel.epochMs + modified / 1000) / 1000),
      self: () => p.ns.net.firstAddress() ?? "",
    };
  }

  /** Pods too, by their addresses. */
  withPods(): void {
    if (this.pods !== undefined) return;
    this.pods = new Informer(this.p.machine.kernel, this.client, PODS);
    this.informers.push(this.pods);
    this.pods.onChange(({ type, object, old }) => {
      const before = old?.status?.podIP;
      if (before) this.byAddress.delete(before);
      const address = object.status?.podIP;
      if (type !== "deleted" && address && !object.spec.hostNetwork) this.byAddress.set(address, object);
      else if (address && this.byAddress.get(address)?.metadata.uid === object.metadata.uid)
        this.byAddress.delete(address);
    });
    this.pods.start();
  }

  stop(): void {
    for (const informer of this.informers) informer.stop();
  }
}
