import { type Gen, type Kernel, MS, SECOND, sleep } from "../kernel/index.ts";
import type { ApiClient } from "./client.ts";
import { isStatus } from "./status.ts";
import type { KubeObject, Resource, WatchStream } from "./types.ts";

export interface InformerOptions {
  namespace?: string;
  labelSelector?: string;
  fieldSelector?: string;
}

export interface Change<T> {
  type: "added" | "updated" | "deleted";
  object: T;
  /** The object before, for `updated`. */
  old?: T;
}

/** How long a watch event travels to an informer, in µs. */
const WATCH_LATENCY = MS;
/** Back-off of a failed list or watch: 800 ms doubling to 30 s (client-go tools/cache/reflector.go). */
const BACKOFF_FIRST = 800 * MS;
const BACKOFF_LAST = 30 * SECOND;

/** `namespace/name`, or `name` without a namespace: the key under which caches and work queues know an object. */
export function keyOf(object: { metadata: { name: string; namespace?: string } }): string {
  const { namespace, name } = object.metadata;
  return namespace ? `${namespace}/${name}` : name;
}

/**
 * List + watch + local cache (client-go tools/cache). Handlers run in order, within the instant of delivery; they
 * must only note what to do (enqueue a key), never act. Reconnects from the last resourceVersion, lists anew after 410.
 */
export class Informer<T extends KubeObject = KubeObject> {
  readonly items = new Map<string, T>();
  synced = false;
  private readonly kernel: Kernel;
  private readonly client: ApiClient;
  private readonly resource: Resource;
  private readonly options: InformerOptions;
  private readonly handlers: ((change: Change<T>) => void)[] = [];
  private readonly name: string;
  private resourceVersion = "";
  private stream: WatchStream | undefined;
  private backoff = BACKOFF_FIRST;
  private running = false;
  private delivering = false;

  constructor(kernel: Kernel, client: ApiClient, resource: Resource, options: InformerOptions = {}) {
    this.kernel = kernel;
    this.client = client;
    this.resource = resource;
    this.options = options;
    this.name = `informer ${resource.resource}`;
  }

  onChange(handler: (change: Change<T>) => void): void {
    this.handlers.push(handler);
  }

  get(key: string): T | undefined {
    return this.items.get(key);
  }

  start(): void {
    if (this.running) return;
    this.running = true;
    this.kernel.spawn(this.name, this.connect(), { instant: false });
  }

  stop(): void {
    this.running = false;
    this.stream?.close();
    this.stream = undefined;
  }

  private *connect(): Gen {
    while (this.running) {
      try {
        if (this.resourceVersion === "") yield* this.relist();
        if (!this.running) return;
        const stream = yield* this.client.watch(this.resource, {
          ...this.options,
          resourceVersion: this.resourceVersion,
          allowBookmarks: true,
        });
        if (!this.running) {
          stream.close();
          return;
        }
        this.backoff = BACKOFF_FIRST;
        this.stream = stream;
        stream.onReady = () => this.deliverSoon();
        if (stream.buffer.length > 0 || stream.ended) this.deliverSoon();
        return;
      } catch (error) {
        if (isStatus(error, "Expired") || isStatus(error, "Gone")) this.resourceVersion = "";
        yield* sleep(this.backoff);
        this.backoff = Math.min(this.backoff * 2, BACKOFF_LAST);
      }
    }
  }

  private *relist(): Gen {
    const list = yield* this.client.list<T>(this.resource, { ...this.options, resourceVersion: "0" });
    const seen = new Set<string>();
    for (const item of list.items) {
      const key = keyOf(item);
      seen.add(key);
      this.store(key, item);
    }
    for (const [key, item] of this.items) {
      if (seen.has(key)) continue;
      this.items.delete(key);
      this.tell({ type: "deleted", object: item });
    }
    this.resourceVersion = list.metadata.resourceVersion;
    this.synced = true;
  }

  /** One kernel event carries everything that arrives within the latency. */
  private deliverSoon(): void {
    if (this.delivering) return;
    this.delivering = true;
    this.kernel.after(WATCH_LATENCY, this.name, () => {
      this.delivering = false;
      this.deliver();
    });
  }

  private deliver(): void {
    const stream = this.stream;
    if (!this.running || stream === undefined) return;
    for (const event of stream.buffer.splice(0)) {
      if (event.type === "ERROR") {
        if ((event.object as unknown as { code?: number }).code === 410) this.resourceVersion = "";
        continue;
      }
      this.resourceVersion = event.object.metadata.resourceVersion;
      if (event.type === "BOOKMARK") continue;
      const object = event.object as T;
      const key = keyOf(object);
      if (event.type === "DELETED") {
        this.items.delete(key);
        this.tell({ type: "deleted", object });
      } else this.store(key, object);
    }
    if (stream.ended) {
      this.stream = undefined;
      this.kernel.spawn(this.name, this.connect(), { instant: false });
    }
  }

  private store(key: string, object: T): void {
    const old = this.items.get(key);
    if (old?.metadata.resourceVersion === object.metadata.resourceVersion) return;
    this.items.set(key, object);
    this.tell(old === undefined ? { type: "added", object } : { type: "updated", object, old });
  }

  private tell(change: Change<T>): void {
    for (const handler of this.handlers) handler(change);
  }
}
