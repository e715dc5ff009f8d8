import { type Gen, type Kernel, MINUTE, SECOND, sleep } from "../kernel/index.ts";
import type { ApiClient } from "./client.ts";
import { EventNames } from "./event-names.ts";
import type { EventType } from "./event-recorder.ts";
import { type ObjectReference, referenceKey, referenceTo } from "./reference.ts";
import { EVENTS_V1 } from "./resources.ts";
import { isStatus, StatusError } from "./status.ts";
import { formatMicroTime } from "./time.ts";
import type { KubeObject } from "./types.ts";

interface SeriesEvent {
  apiVersion: "events.k8s.io/v1";
  kind: "Event";
  metadata: { name: string; namespace: string };
  eventTime: string;
  series?: { count: number; lastObservedTime: string };
  reportingController: string;
  reportingInstance: string;
  action: string;
  reason: string;
  regarding: ObjectReference;
  related?: ObjectReference;
  note: string;
  type: EventType;
  deprecatedSource: Record<string, never>;
  deprecatedFirstTimestamp: null;
  deprecatedLastTimestamp: null;
}

interface Cached {
  event: SeriesEvent;
  /** µs of virtual time of the last occurrence. */
  last: number;
}

/** client-go tools/events/event_broadcaster.go. */
const FINISH = 6 * MINUTE;
const MAX_TRIES = 12;
const RETRY_PAUSE = 10 * SECOND;

/**
 * Records events.k8s.io/v1 events as client-go's tools/events does (the scheduler): a second occurrence turns the
 * event into a series at once; later ones are only counted, and written when the series has been quiet for 6 minutes.
 */
export class EventSeriesRecorder {
  private readonly kernel: Kernel;
  private readonly client: ApiClient;
  private readonly controller: string;
  private readonly instance: string;
  private readonly cache = new Map<string, Cached>();
  private readonly names: EventNames;
  private ticking = false;

  /** `controller` and `host` as in `default-scheduler` on `cp-1`. */
  constructor(options: { kernel: Kernel; client: ApiClient; controller: string; host: string }) {
    this.kernel = options.kernel;
    this.client = options.client;
    this.names = new EventNames(options.kernel);
    this.controller = options.controller;
    this.instance = `${options.controller}-${options.host}`;
  }

  /** Says that `action` on `object` had `reason`; `by`: what else had a part in it. Returns at once, never throws. */
  event(
    object: KubeObject | ObjectReference,
    type: EventType,
    reason: string,
    action: string,
    note: string,
    by?: KubeObject,
  ): void {
    const regarding = referenceTo(object);
    const related = by && referenceTo(by);
    const key = [type, action, reason, referenceKey(regarding), related ? referenceKey(related) : ""].join("\0");
    const micros = this.kernel.epochMs * 1000 + this.kernel.now;
    const time = formatMicroTime(micros);
    const cached = this.cache.get(key);
    if (cached !== undefined) {
      cached.last = this.kernel.now;
      const first = cached.event.series === undefined;
      const count = first ? 2 : cached.event.series!.count + 1;
      cached.event = { ...cached.event, series: { count, lastObservedTime: time } };
      if (first) this.spawn(cached.event);
      return;
    }
    const event: SeriesEvent = {
      apiVersion: "events.k8s.io/v1",
      kind: "Event",
      metadata: { name: this.names.next(regarding.name ?? ""), namespace: regarding.namespace ?? "default" },
      eventTime: time,
      reportingController: this.controller,
      reportingInstance: this.instance,
      action,
      reason,
      regarding,
      ...(related && { related }),
      note: note.length > 1024 ? note.slice(0, 1024) : note,
      type,
      deprecatedSource: {},
      deprecatedFirstTimestamp: null,
      deprecatedLastTimestamp: null,
    };
    this.cache.set(key, { event, last: this.kernel.now });
    this.spawn(event);
    this.tick();
  }

  /** Runs every six minutes while there is something to forget. */
  private tick(): void {
    if (this.ticking) return;
    this.ticking = true;
    this.kernel.after(FINISH, `event series ${this.controller}`, () => {
      this.ticking = false;
      for (const [key, { event, last }] of this.cache) {
        if (last >= this.kernel.now - FINISH) continue;
        this.cache.delete(key);
        if (event.series !== undefined) this.spawn(event);
      }
      if (this.cache.size > 0) this.tick();
    });
  }

  private spawn(event: SeriesEvent): void {
    this.kernel.spawn(`events ${this.controller}`, this.record(event), { instant: false });
  }

  private *record(event: SeriesEvent): Gen {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      try {
        yield* this.write(event);
        return;
      } catch (error) {
        // Created by the first occurrence while the second was on its way: the patch finds it next time.
        const again =
          !(error instanceof StatusError) || (event.series !== undefined && isStatus(error, "AlreadyExists"));
        if (!again) return;
        yield* sleep(RETRY_PAUSE);
      }
    }
  }

  private *write(event: SeriesEvent): Gen {
    const { namespace, name } = event.metadata;
    if (event.series !== undefined) {
      try {
        yield* this.client.patch(EVENTS_V1, namespace, name, { series: event.series }, "strategic");
        return;
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
    }
    yield* this.client.create(EVENTS_V1, event);
  }
}
