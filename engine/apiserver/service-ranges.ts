import { decodeProtobuf } from "../api/protobuf/decode.ts";
import type { KubeObject } from "../api/types.ts";
import { type Etcd, type KeyValue, valueBytes } from "../etcd/index.ts";
import { decodeBase64, encodeBase64, type Gen } from "../kernel/index.ts";
import { ipv4Number, ipv4Text } from "../text/ipv4.ts";
import { Places } from "./places.ts";

/** Attempts at a write that others overtake. */
const ATTEMPTS = 10;
/** Looks of the repair at a number that no Service has, before it is free again (ipallocator/controller/repair.go). */
const LOOKS_BEFORE_FREED = 3;

/** What a range is and which of its places are taken, as the API server keeps it in etcd: a RangeAllocation. */
interface Taken {
  readonly range: string;
  readonly places: Places;
}

/** Places of the values that this file wrote: their bitmaps are made when somebody reads the bytes. */
const written = new WeakMap<object, Taken>();

/** A RangeAllocation: `data` is the bitmap as a number, big-endian without leading zeros (allocator/bitmap.go Snapshot). */
function rangeAllocation(taken: Taken): object {
  let data: string | undefined;
  const value = {
    kind: "RangeAllocation",
    apiVersion: "v1",
    metadata: Object.freeze({ creationTimestamp: null }),
    range: taken.range,
    get data(): string {
      data ??= encodeBase64(bitmap(taken.places.all()));
      return data;
    },
  };
  written.set(Object.freeze(value), taken);
  return value;
}

function bitmap(places: ReadonlySet<number>): Uint8Array {
  const top = Math.max(-1, ...places);
  const bytes = new Uint8Array((top >> 3) + 1);
  for (const place of places) bytes[bytes.length - 1 - (place >> 3)]! |= 1 << (place & 7);
  return bytes;
}

/** What lies under the key, whoever wrote it; undefined for what is no RangeAllocation. */
function takenIn(kv: KeyValue): Taken | undefined {
  const known = typeof kv.value === "object" && kv.value !== null ? written.get(kv.value) : undefined;
  if (known !== undefined) return known;
  try {
    const bytes = valueBytes(kv);
    const text = () => new TextDecoder().decode(bytes);
    const { range, data } = (bytes[0] === 0x6b ? decodeProtobuf(bytes) : JSON.parse(text())) as Record<string, string>;
    const map = decodeBase64(data ?? "") ?? new Uint8Array(0);
    const places = new Set<number>();
    map.forEach((byte, at) => {
      for (let bit = 0; bit < 8; bit++) if ((byte >> bit) & 1) places.add((map.length - 1 - at) * 8 + bit);
    });
    return { range: range ?? "", places: Places.of(places) };
  } catch {
    return undefined;
  }
}

interface Range {
  /** As `RangeAllocation.range` has it. */
  readonly text: string;
  /** Places there are, and how many of the first are for those who ask by name (KEP-3070). */
  readonly size: number;
  readonly band: number;
  /** What the first place stands for. */
  readonly first: number;
}

/** Why a place could not be taken; undefined when it was. */
export type Why = string | undefined;

/** One range of numbers whose places are handed out through a key of etcd (pkg/registry/core/service/allocator). */
export class RangeAllocator {
  range: Range;
  private readonly etcd: Etcd;
  private readonly key: string;
  private readonly resource: string;
  private readonly what: string;
  private readonly leaks = new Map<number, number>();

  /** `resource`: what complaints call it; `what`: `IP` or `port`. */
  constructor(etcd: Etcd, name: string, resource: string, what: string, range: Range) {
    this.etcd = etcd;
    this.key = `/registry/ranges/${name}`;
    this.resource = resource;
    this.what = what;
    this.range = range;
  }

  includes(number: number): boolean {
    return number >= this.range.first && number < this.range.first + this.range.size;
  }

  /** Takes this very number, which is in the range. */
  *take(number: number): Gen<Why> {
    const place = number - this.range.first;
    return yield* this.update((places) => {
      if (places.has(place)) return `provided ${this.what} is already allocated`;
      return places.with(place, true);
    });
  }

  /** Whether the number is taken. */
  *has(number: number): Gen<boolean> {
    const { taken } = yield* this.read();
    return taken?.places.has(number - this.range.first) === true;
  }

  /** Takes any number: one beyond the band, and only when there is none left, one of it. `draw` is a number of [0, n). */
  *takeNext(draw: (n: number) => number): Gen<number | string> {
    const { size, band, first } = this.range;
    let found = -1;
    const why = yield* this.update((places) => {
      if (places.size >= size) return "range is full";
      found = freeFrom(places, band, size - band, draw);
      if (found < 0) found = freeFrom(places, 0, band, draw);
      if (found < 0) return "range is full";
      return places.with(found, true);
    });
    return why ?? first + found;
  }

  /** Gives a number back; one that is not taken, or not of the range, stays. */
  *release(number: number): Gen {
    if (!this.includes(number)) return;
    yield* this.update((places) => places.with(number - this.range.first, false));
  }

  /**
   * Writes what the Services hold, as every API server does when it starts and every three minutes. What no Service has is
   * freed when it was met so three times. `used`: who holds a number; `tell`: what is wrong with one of theirs.
   */
  *repair(
    used: readonly { number: number; object: KubeObject }[],
    tell: (fault: "NotAllocated" | "AlreadyAllocated" | "OutOfRange", number: number, object: KubeObject) => void,
  ): Gen {
    const { first, text } = this.range;
    const { kv, taken } = yield* this.read();
    const stored = new Set(taken?.places.all());
    const places = new Set<number>();
    for (const { number, object } of used) {
      const place = number - first;
      if (!this.includes(number)) tell("OutOfRange", number, object);
      else if (places.has(place)) tell("AlreadyAllocated", number, object);
      else {
        places.add(place);
        if (!stored.delete(place)) tell("NotAllocated", number, object);
        this.leaks.delete(place);
      }
    }
    for (const place of stored) {
      const left = this.leaks.get(place) ?? LOOKS_BEFORE_FREED - 1;
      if (left <= 0) continue;
      this.leaks.set(place, left - 1);
      places.add(place);
    }
    if (taken?.range === text && same(taken.places.all(), places)) return;
    yield* this.write(kv, { range: text, places: Places.of(places) });
  }

  private *read(): Gen<{ kv: KeyValue | undefined; taken: Taken | undefined }> {
    const { kvs } = yield* this.etcd.range({ key: this.key });
    const [kv] = kvs;
    return { kv, taken: kv && takenIn(kv) };
  }

  private *write(kv: KeyValue | undefined, taken: Taken): Gen<boolean> {
    const { key } = this;
    const compare = [{ key, target: "MOD" as const, result: "EQUAL" as const, value: kv?.modRevision ?? 0 }];
    const put = { key, value: rangeAllocation(taken) };
    const { succeeded } = yield* this.etcd.txn({ compare, success: [{ put }], writer: "system:apiserver" });
    return succeeded;
  }

  /** `change` tells the places as they shall be, or why that cannot be. */
  private *update(change: (places: Places) => Places | string): Gen<Why> {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const { kv, taken } = yield* this.read();
      if (kv === undefined) return `cannot allocate resources of type ${this.resource} at this time`;
      if (taken?.range !== this.range.text) return "the provided range does not match the current range";
      const places = change(taken.places);
      if (typeof places === "string") return places;
      if (places === taken.places) return undefined;
      if (yield* this.write(kv, { range: taken.range, places })) return undefined;
    }
    return `Operation cannot be fulfilled on ${this.resource} "": the object has been modified; please apply your changes to the latest version and try again`;
  }
}

function same(a: ReadonlySet<number>, b: ReadonlySet<number>): boolean {
  if (a.size !== b.size) return false;
  for (const place of a) if (!b.has(place)) return false;
  return true;
}

/** The first free place at or behind a random one, round the end; -1: none. */
function freeFrom(places: Places, from: number, count: number, draw: (n: number) => number): number {
  if (count <= 0) return -1;
  const start = draw(count);
  for (let i = 0; i < count; i++) {
    const place = from + ((start + i) % count);
    if (!places.has(place)) return place;
  }
  return -1;
}

/** `min(max(least, size / step), most)` of a range, 0 for a range of no more than `least` (calculateRangeOffset). */
function bandOf(size: number, least: number, most: number, step: number): number {
  return size <= least ? 0 : Math.min(Math.max(least, Math.floor(size / step)), most);
}

/** Addresses of a CIDR without the first and the last. */
function addressRange(cidr: string): Range {
  const [ip, bits] = cidr.split("/") as [string, string];
  const size = 2 ** (32 - Number(bits));
  const base = Math.floor(ipv4Number(ip) / size) * size;
  const text = `${ipv4Text(base)}/${bits}`;
  return { text, size: Math.max(0, size - 2), band: bandOf(size, 16, 256, 16), first: base + 1 };
}

/** Ports of `--service-node-port-range`: `30000-32767`, or `30000+2767`. */
function portRange(text: string): Range {
  const [, from, sign, to] = /^(\d+)([-+])(\d+)$/.exec(text.trim()) ?? ["", "30000", "-", "32767"];
  const first = Number(from);
  const last = sign === "+" ? first + Number(to) : Number(to);
  const size = last - first + 1;
  return { text: `${first}-${last}`, size, band: bandOf(size, 16, 128, 32), first };
}

/** Where the addresses and ports of a cluster's Services come from. */
export class ServiceRanges {
  readonly ips: RangeAllocator;
  readonly ports: RangeAllocator;

  constructor(etcd: Etcd) {
    const [ips, ports] = [addressRange("10.201.0.0/16"), portRange("30000-32767")];
    this.ips = new RangeAllocator(etcd, "serviceips", "serviceipallocations", "IP", ips);
    this.ports = new RangeAllocator(etcd, "servicenodeports", "servicenodeportallocations", "port", ports);
  }

  /** As the API server's flags say. */
  configure(serviceCidr: string, nodePorts: string): void {
    this.ips.range = addressRange(serviceCidr);
    this.ports.range = portRange(nodePorts);
  }
}
