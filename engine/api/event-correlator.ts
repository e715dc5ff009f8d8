import { type Kernel, MINUTE } from "../kernel/index.ts";
import type { EventNames } from "./event-names.ts";
import type { ObjectReference } from "./reference.ts";
import { formatTime } from "./time.ts";

/** A core/v1 Event as a recorder sends it. */
export interface RecordedEvent {
  apiVersion: "v1";
  kind: "Event";
  metadata: { name: string; namespace: string; resourceVersion?: string };
  involvedObject: ObjectReference;
  reason: string;
  message: string;
  source: { component: string; host?: string };
  firstTimestamp: string;
  lastTimestamp: string;
  count: number;
  type: string;
  eventTime: null;
  reportingComponent: string;
  reportingInstance: string;
}

interface Similar {
  messages: Set<string>;
  /** µs of virtual time. */
  last: number;
}

interface Logged {
  count: number;
  firstTimestamp: string;
  name: string;
}

interface Bucket {
  /** Events that may still pass. */
  tokens: number;
  /** µs of virtual time. */
  at: number;
}

/** What to send. */
export interface Correlated {
  event: RecordedEvent;
  patch: object | undefined;
  /** What is kept of it, unless it is a combined one. */
  logged: Logged | undefined;
}

/** Defaults of client-go tools/record/events_cache.go. */
const CACHE_SIZE = 4096;
const SIMILAR_MAX = 10;
const SIMILAR_INTERVAL = 10 * MINUTE;
const SPAM_BURST = 25;
const SPAM_REFILL = 5 * MINUTE;

/** Turns events into creations, counted repetitions or silence (client-go tools/record/events_cache.go). */
export class EventCorrelator {
  private readonly kernel: Kernel;
  private readonly names: EventNames;
  private readonly similar = new LruMap<Similar>(CACHE_SIZE);
  private readonly logged = new LruMap<Logged>(CACHE_SIZE);
  private readonly buckets = new LruMap<Bucket>(CACHE_SIZE);

  constructor(kernel: Kernel, names: EventNames) {
    this.kernel = kernel;
    this.names = names;
  }

  /** What to send: the event, with the patch to its first occurrence if there was one; undefined for spam. */
  correlate(event: RecordedEvent): Correlated | undefined {
    const object = objectKey(event.involvedObject);
    const [aggregated, key] = this.aggregate(event, object);
    const before = this.logged.get(key);
    let observed = aggregated;
    let patch: object | undefined;
    if (before !== undefined && before.count > 0) {
      observed = {
        ...aggregated,
        metadata: { ...aggregated.metadata, name: before.name },
        firstTimestamp: before.firstTimestamp,
        count: before.count + 1,
      };
      patch = { count: observed.count, lastTimestamp: observed.lastTimestamp, message: observed.message };
    }
    const logged = {
      count: observed.count,
      firstTimestamp: observed.firstTimestamp,
      name: observed.metadata.name,
    };
    this.logged.set(key, logged);
    return this.isSpam(observed, object)
      ? undefined
      : { event: observed, patch, logged: aggregated === event ? logged : undefined };
  }

  /** Notes what the server has stored of the event that was correlated last, so that the next repetition counts on from it. */
  observed(stored: RecordedEvent, logged: Logged | undefined): void {
    const { count, firstTimestamp } = stored;
    const { name } = stored.metadata;
    if (logged === undefined) {
      this.logged.set(eventKey(stored, objectKey(stored.involvedObject)), { count, firstTimestamp, name });
      return;
    }
    logged.count = count;
    logged.firstTimestamp = firstTimestamp;
    logged.name = name;
  }

  /** After ten different messages about one thing within ten minutes the rest share one event. */
  private aggregate(event: RecordedEvent, object: string): [RecordedEvent, string] {
    const key = aggregateKey(event, object);
    let record = this.similar.get(key);
    if (record === undefined || this.kernel.now - record.last > SIMILAR_INTERVAL) {
      record = { messages: new Set(), last: 0 };
    }
    record.messages.add(event.message);
    record.last = this.kernel.now;
    this.similar.set(key, record);
    if (record.messages.size < SIMILAR_MAX) return [event, eventKey(event, object)];
    for (const message of record.messages) {
      record.messages.delete(message);
      break;
    }
    const now = formatTime(this.kernel.wallMs);
    const combined: RecordedEvent = {
      ...event,
      metadata: { ...event.metadata, name: this.names.next(event.involvedObject.name ?? "") },
      message: `(combined from similar events): ${event.message}`,
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
      // EventAggregate makes it anew from the source alone (client-go tools/record/events_cache.go).
      reportingComponent: "",
      reportingInstance: "",
    };
    return [combined, key];
  }

  /** A token bucket per source and object. */
  private isSpam(event: RecordedEvent, object: string): boolean {
    const key = `${sourceKey(event)}\0${object}`;
    const now = this.kernel.now;
    const bucket = this.buckets.get(key) ?? { tokens: SPAM_BURST, at: now };
    bucket.tokens = Math.min(SPAM_BURST, bucket.tokens + (now - bucket.at) / SPAM_REFILL);
    bucket.at = now;
    this.buckets.set(key, bucket);
    if (bucket.tokens < 1) return true;
    bucket.tokens--;
    return false;
  }
}

function sourceKey(event: RecordedEvent): string {
  return `${event.source.component}\0${event.source.host ?? ""}`;
}

function objectKey(ref: ObjectReference): string {
  return `${ref.kind ?? ""}\0${ref.namespace ?? ""}\0${ref.name ?? ""}\0${ref.uid ?? ""}\0${ref.apiVersion ?? ""}`;
}

function aggregateKey(event: RecordedEvent, object: string): string {
  const { type, reason, reportingComponent, reportingInstance } = event;
  return `${sourceKey(event)}\0${object}\0${type}\0${reason}\0${reportingComponent}\0${reportingInstance}`;
}

function eventKey(event: RecordedEvent, object: string): string {
  const { involvedObject, type, reason, message } = event;
  return `${sourceKey(event)}\0${object}\0${involvedObject.fieldPath ?? ""}\0${type}\0${reason}\0${message}`;
}

/** A map that forgets what was used longest ago. */
class LruMap<V> {
  private readonly map = new Map<string, V>();
  private readonly size: number;

  constructor(size: number) {
    this.size = size;
  }

  get(key: string): V | undefined {
    return this.map.get(key);
  }

  set(key: string, value: V): void {
    this.map.delete(key);
    this.map.set(key, value);
    if (this.map.size <= this.size) return;
    for (const oldest of this.map.keys()) {
      this.map.delete(oldest);
      return;
    }
  }
}
