import type { ApiClient } from "../../api/client.ts";
import { type Change, Informer, keyOf } from "../../api/informer.ts";
import { CONFIG_MAPS, ENDPOINT_SLICES, INGRESS_CLASSES, INGRESSES, SECRETS, SERVICES } from "../../api/resources.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import type { Kernel } from "../../kernel/index.ts";
import { type Settings, settingsOf } from "./annotations.ts";
import type { Sources } from "./model.ts";

export interface StoreOptions {
  kernel: Kernel;
  client: ApiClient;
  /** Value of `kubernetes.io/ingress.class` that is the controller's. */
  ingressClass: string;
  /** `spec.controller` of its IngressClasses. */
  controllerClass: string;
  watchWithoutClass: boolean;
  classByName: boolean;
  /** `namespace/name` of its ConfigMap. */
  configMap: string;
  /** The same of the one that names TCP services. */
  tcpServices: string | undefined;
  udpServices: string | undefined;
  defaultBackend: string | undefined;
  /** Something came that may make another configuration. */
  changed: () => void;
  /** An Ingress of its own is new or was changed. */
  taken: (ingress: KubeObject, ingressClass: string) => void;
  ignored: (ingress: KubeObject, why: string) => void;
  configured: (configMap: KubeObject, type: "CREATE" | "UPDATE") => void;
}

/** What the controller watches (internal/ingress/controller/store/store.go). */
export class Store implements Sources {
  readonly defaultBackend: string | undefined;
  private readonly options: StoreOptions;
  private readonly informers: Informer[] = [];
  private readonly ingressList: Informer;
  private readonly classes: Informer;
  private readonly services: Informer;
  private readonly sliceList: Informer;
  private readonly secrets: Informer;
  private readonly configMaps: Informer;
  /** Those that name headers may lie in any namespace. */
  private readonly headerMaps: Informer;
  private readonly tcpServices: Informer | undefined;
  private readonly udpServices: Informer | undefined;
  private readonly slicesByService = new Map<string, Map<string, KubeObject>>();

  constructor(options: StoreOptions) {
    this.options = options;
    this.defaultBackend = options.defaultBackend;
    const [namespace = "", name = ""] = options.configMap.split("/");
    this.classes = this.watch(INGRESS_CLASSES);
    this.ingressList = this.watch(INGRESSES);
    this.services = this.watch(SERVICES);
    this.sliceList = this.watch(ENDPOINT_SLICES);
    this.secrets = this.watch(SECRETS);
    this.configMaps = this.watch(CONFIG_MAPS, { namespace, fieldSelector: `metadata.name=${name}` });
    this.headerMaps = this.watch(CONFIG_MAPS);
    this.tcpServices = this.watchMap(options.tcpServices);
    this.udpServices = this.watchMap(options.udpServices);
    this.classes.onChange(() => options.changed());
    this.ingressList.onChange((change) => this.onIngress(change));
    this.services.onChange(() => options.changed());
    this.sliceList.onChange((change) => this.onSlice(change));
    // Tokens and the like come and go without meaning anything here.
    this.secrets.onChange(({ object }) => {
      if (object["type"] === "kubernetes.io/tls" || object["type"] === "Opaque") options.changed();
    });
    this.configMaps.onChange(({ type, object }) => {
      if (type !== "deleted") options.configured(object, type === "added" ? "CREATE" : "UPDATE");
      options.changed();
    });
  }

  private watch(resource: Resource, more: { namespace?: string; fieldSelector?: string } = {}): Informer {
    const informer = new Informer(this.options.kernel, this.options.client, resource, more);
    this.informers.push(informer);
    return informer;
  }

  /** A ConfigMap (`namespace/name`) that makes another configuration whenever it changes. */
  private watchMap(key: string | undefined): Informer | undefined {
    if (key === undefined) return undefined;
    const [namespace = "", name = ""] = key.split("/");
    const informer = this.watch(CONFIG_MAPS, { namespace, fieldSelector: `metadata.name=${name}` });
    informer.onChange(() => this.options.changed());
    return informer;
  }

  start(): void {
    for (const informer of this.informers) informer.start();
  }

  stop(): void {
    for (const informer of this.informers) informer.stop();
  }

  get synced(): boolean {
    return this.informers.every(({ synced }) => synced);
  }

  /** Whose an Ingress is: the name of its class, or why it is not the controller's. */
  classOf(ingress: KubeObject): { class: string } | { why: string } {
    const { ingressClass, controllerClass, watchWithoutClass, classByName } = this.options;
    const name: string | undefined = ingress["spec"]?.ingressClassName;
    if (name !== undefined) {
      const found = this.classes.get(name);
      const own = found?.["spec"]?.controller === controllerClass || (classByName && name === ingressClass);
      return found !== undefined && own ? { class: name } : { why: `no object matching key "${name}" in local store` };
    }
    const annotated = ingress.metadata.annotations?.["kubernetes.io/ingress.class"];
    if (annotated !== undefined) {
      const why = "ingress class annotation is not equal to the expected by Ingress Controller";
      return annotated === ingressClass ? { class: annotated } : { why };
    }
    return watchWithoutClass ? { class: "_" } : { why: "ingress does not contain a valid IngressClass" };
  }

  private onIngress({ type, object, old }: Change<KubeObject>): void {
    if (type === "updated" && old?.metadata.generation === object.metadata.generation) {
      const same = JSON.stringify(old?.metadata.annotations) === JSON.stringify(object.metadata.annotations);
      // Status is what the controller itself writes.
      if (same) return;
    }
    const whose = this.classOf(object);
    if ("why" in whose) this.options.ignored(object, whose.why);
    else if (type !== "deleted") this.options.taken(object, whose.class);
    this.options.changed();
  }

  private onSlice({ type, object }: Change<KubeObject>): void {
    const service = object.metadata.labels?.["kubernetes.io/service-name"];
    if (service === undefined) return;
    const key = `${object.metadata.namespace}/${service}`;
    let slices = this.slicesByService.get(key);
    if (slices === undefined) this.slicesByService.set(key, (slices = new Map()));
    if (type === "deleted") slices.delete(object.metadata.name);
    else slices.set(object.metadata.name, object);
    this.options.changed();
  }

  get ingresses(): readonly KubeObject[] {
    return [...this.ingressList.items.values()].filter((ingress) => "class" in this.classOf(ingress));
  }

  get settings(): Settings {
    return settingsOf(this.configMaps.get(this.options.configMap)?.["data"]);
  }

  /** From port to `namespace/service:port`. */
  get tcp(): Readonly<Record<string, string>> {
    return this.tcpServices?.get(this.options.tcpServices!)?.["data"] ?? {};
  }

  get udp(): Readonly<Record<string, string>> {
    return this.udpServices?.get(this.options.udpServices!)?.["data"] ?? {};
  }

  service(key: string): KubeObject | undefined {
    return this.services.get(key);
  }

  configMap(key: string): KubeObject | undefined {
    return this.headerMaps.get(key);
  }

  secret(key: string): KubeObject | undefined {
    return this.secrets.get(key);
  }

  slices(key: string): readonly KubeObject[] {
    return [...(this.slicesByService.get(key)?.values() ?? [])];
  }
}

export { keyOf };
