import { type Gen, type Kernel, SECOND, sleep } from "../kernel/index.ts";
import type { ApiClient } from "./client.ts";
import { type Correlated, EventCorrelator, type RecordedEvent } from "./event-correlator.ts";
import { EventNames } from "./event-names.ts";
import { type ObjectReference, referenceTo } from "./reference.ts";
import { EVENTS } from "./resources.ts";
import { isStatus, StatusError } from "./status.ts";
import { formatTime } from "./time.ts";
import type { KubeObject } from "./types.ts";

export type EventType = "Normal" | "Warning";

export interface EventRecorderOptions {
  kernel: Kernel;
  client: ApiClient;
  /** `kubelet`, `deployment-controller`, … */
  component: string;
  /** The node, for components that name one. */
  host?: string;
}

/** client-go tools/record/event.go: tries of one event while the server cannot be reached, and the pause between. */
const MAX_TRIES = 12;
const RETRY_PAUSE = 10 * SECOND;
/** Events that wait to be sent beyond this number are dropped (tools/record/event.go maxQueuedEvents). */
const MAX_QUEUED = 1000;

/**
 * Records core/v1 events as client-go's tools/record does: `event` returns at once, a task of this recorder sends in
 * order. Equal events raise `count` of the first one by a patch, similar ones are combined after ten, and a source
 * that says too much about one object is cut short. Never throws.
 */
export class EventRecorder {
  private readonly kernel: Kernel;
  private readonly client: ApiClient;
  private readonly component: string;
  private readonly host: string;
  private readonly source: RecordedEvent["source"];
  private readonly correlator: EventCorrelator;
  private queue: RecordedEvent[] = [];
  private sending = false;
  private readonly names: EventNames;

  constructor(options: EventRecorderOptions) {
    this.kernel = options.kernel;
    this.client = options.client;
    this.component = options.component;
    this.host = options.host ?? "";
    this.source = Object.freeze({ component: this.component, ...(this.host !== "" && { host: this.host }) });
    this.names = new EventNames(options.kernel);
    this.correlator = new EventCorrelator(options.kernel, this.names);
  }

  /** Says that `reason` happened to `object`; `fieldPath` narrows it, e.g. `spec.containers{web}`. */
  event(
    object: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    message: string,
    fieldPath?: string,
  ): void {
    if (this.queue.length >= MAX_QUEUED) return;
    const involvedObject = Object.freeze(referenceTo(object, fieldPath));
    const now = formatTime(this.kernel.wallMs);
    // Frozen, it is known to be as it was made here: see apiserver/noting.ts.
    const event: RecordedEvent = {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: this.names.next(involvedObject.name ?? ""), namespace: involvedObject.namespace ?? "default" },
      involvedObject,
      reason,
      message,
      source: this.source,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      type,
      // core/v1 writes it without omitempty.
      eventTime: null,
      reportingComponent: this.component,
      reportingInstance: this.host,
    };
    this.queue.push(Object.freeze(event));
    if (this.sending) return;
    this.sending = true;
    this.kernel.spawn(`events ${this.component}`, this.send(), { instant: false });
  }

  private *send(): Gen {
    try {
      for (let event = this.queue.shift(); event !== undefined; event = this.queue.shift()) {
        const correlated = this.correlator.correlate(event);
        if (correlated !== undefined) yield* this.record(correlated);
      }
    } finally {
      this.sending = false;
    }
  }

  private *record({ event, patch, logged }: Correlated): Gen {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        const stored = yield* this.write(event, patch);
        this.correlator.observed(stored, logged);
        return;
      } catch (error) {
        // What the server answers is final; what the network answers may pass.
        if (error instanceof StatusError) return;
        const pause = tries === 0 ? this.kernel.random("event recorder").int(0, RETRY_PAUSE) : RETRY_PAUSE;
        yield* sleep(pause);
      }
    }
  }

  private *write(event: RecordedEvent, patch: object | undefined): Gen<RecordedEvent> {
    if (patch !== undefined) {
      try {
        const { namespace, name } = event.metadata;
        return yield* this.client.patch<RecordedEvent>(EVENTS, namespace, name, patch, "strategic");
      } catch (error) {
        // It expired meanwhile: it starts anew.
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    return yield* this.client.create<RecordedEvent>(EVENTS, event);
  }
}
