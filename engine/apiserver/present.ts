import { unstructuredList } from "../api/encode.ts";
import type { HttpResponse } from "../api/http.ts";
import type { KindDef } from "../api/kind.ts";
import { failure, StatusError } from "../api/status.ts";
import type { KubeObject, WatchEvent, WatchStream } from "../api/types.ts";
import { type Gen, type Kernel, WaitQueue } from "../kernel/index.ts";
import { type Form, formOf, goTypeOf } from "./accept.ts";
import type { ResourceContext } from "./context.ts";
import { convertShown } from "./conversion.ts";
import { groupVersion } from "./decode.ts";
import { listOf, ok } from "./respond.ts";
import { type IncludeObject, partial, tableOf, tableRow } from "./table.ts";
import { fromStored, isView } from "./views.ts";

type ListMeta = { resourceVersion: string; continue?: string; remainingItemCount?: number };

/** An object in the form that the client accepts. */
export function present(context: ResourceContext, object: KubeObject, status = 200): HttpResponse {
  const form = formFor(context);
  const { def } = context;
  const shown = fromStored(def, object);
  if (form === "object") return ok(shown, status);
  if (form === "partial") return ok(partial(shown), status);
  if (form === "partialList") {
    const why = `you requested PartialObjectMetadataList, but the requested object is not a list (${goTypeOf(def)})`;
    throw failure(406, "NotAcceptable", why);
  }
  const { resourceVersion } = object.metadata;
  return ok(tableOf(def, [row(context, shown)], { resourceVersion }), status);
}

export function presentList(context: ResourceContext, items: readonly KubeObject[], metadata: ListMeta): HttpResponse {
  const form = formFor(context);
  const { def } = context;
  const view = isView(def) ? items.map((item) => fromStored(def, item)) : items;
  if (form === "table") {
    const rows = view.map((item) => row(context, item));
    return ok(tableOf(def, rows, metadata));
  }
  if (form === "partial" || form === "partialList") {
    return ok(listOf("meta.k8s.io/v1", "PartialObjectMetadataList", view.map(partial), metadata));
  }
  const { group, version, kind } = def.resource;
  if (def.custom) return ok(unstructuredList(groupVersion(group, version), `${kind}List`, view, metadata));
  return ok(listOf(groupVersion(group, version), `${kind}List`, view, metadata));
}

export function presentWatch(context: ResourceContext, watch: WatchStream): HttpResponse {
  const form = formFor(context);
  const { def } = context;
  const prepare = def.custom?.conversion && ((objects: readonly KubeObject[]) => convertShown(context, def, objects));
  const plain = form === "object" && !isView(def);
  const shown = plain ? watch : new MappedWatch(watch, converter(context, form), context.registry.kernel, prepare);
  return { status: 200, headers: { "content-type": "application/json" }, body: { type: "watch", watch: shown } };
}

function row({ def, info, registry }: ResourceContext, object: KubeObject): object {
  const include = (info.query.get("includeObject") || "Metadata") as IncludeObject;
  return tableRow(def, object, registry.kernel.wallMs, include);
}

function formFor({ request }: ResourceContext): Form {
  const form = formOf(request.headers["accept"]);
  if (form !== undefined) return form;
  throw failure(
    406,
    "NotAcceptable",
    "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
  );
}

function converter(context: ResourceContext, form: Form): (event: WatchEvent) => WatchEvent {
  const { def } = context;
  let headers = true;
  return ({ type, object }) => {
    if (type === "ERROR") return { type, object };
    const shown = type === "BOOKMARK" ? object : fromStored(def as KindDef, object);
    if (form === "object") return { type, object: shown };
    if (form !== "table") return { type, object: partial(shown) as KubeObject };
    const { resourceVersion } = object.metadata;
    // Only the first event names the columns (pkg/endpoints/handlers/response.go).
    const rows = type === "BOOKMARK" ? [] : [row(context, shown)];
    const table = tableOf(def, rows, { resourceVersion }, headers);
    headers = false;
    return { type, object: table as KubeObject };
  };
}

/** A watch whose events are shown in another form. */
class MappedWatch implements WatchStream {
  readonly buffer: WatchEvent[] = [];
  readonly ready: WaitQueue = new WaitQueue();
  onReady: (() => void) | undefined;
  private readonly inner: WatchStream;
  private readonly convert: (event: WatchEvent) => WatchEvent;
  private readonly kernel: Kernel;
  /** What has to be asked before objects can be shown. */
  private readonly prepare: ((objects: readonly KubeObject[]) => Gen) | undefined;
  private preparing = false;

  constructor(
    inner: WatchStream,
    convert: (event: WatchEvent) => WatchEvent,
    kernel: Kernel,
    prepare?: (objects: readonly KubeObject[]) => Gen,
  ) {
    this.inner = inner;
    this.convert = convert;
    this.kernel = kernel;
    this.prepare = prepare;
    inner.onReady = () => this.drain();
    this.drain();
  }

  get ended(): boolean {
    return this.inner.ended && !this.preparing;
  }

  /** The inner watch's hook, which the audit log uses. */
  get onEnd(): (() => void) | undefined {
    return (this.inner as { onEnd?: () => void }).onEnd;
  }

  set onEnd(callback: (() => void) | undefined) {
    (this.inner as { onEnd?: (() => void) | undefined }).onEnd = callback;
  }

  close(): void {
    this.inner.close();
  }

  private drain(): void {
    if (this.prepare === undefined) this.pass(this.inner.buffer.splice(0));
    else if (!this.preparing) {
      this.preparing = true;
      this.kernel.spawn("apiserver watch conversion", this.prepared(this.prepare));
    }
  }

  /** Shows events in their order, each batch when what it needs is there; a failure ends the watch as an event. */
  private *prepared(prepare: (objects: readonly KubeObject[]) => Gen): Gen {
    try {
      while (this.inner.buffer.length > 0) {
        const events = this.inner.buffer.splice(0);
        yield* prepare(
          events.filter(({ type }) => type !== "BOOKMARK" && type !== "ERROR").map(({ object }) => object),
        );
        this.pass(events);
      }
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      this.pass([{ type: "ERROR", object: error.status as unknown as KubeObject }]);
      this.inner.close();
    } finally {
      this.preparing = false;
    }
    if (this.inner.ended) this.pass([]);
  }

  private pass(events: readonly WatchEvent[]): void {
    const wasEmpty = this.buffer.length === 0;
    for (const event of events) this.buffer.push(this.convert(event));
    if (!wasEmpty && !this.ended) return;
    this.ready.wakeAll();
    this.onReady?.();
  }
}
