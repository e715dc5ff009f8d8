import type { KubeList, KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { isExpected } from "../errors.ts";
import { goSort } from "../go-sort.ts";
import type { Document } from "./document.ts";

interface Reference {
  name: string;
  namespace: string;
  kind?: string;
  uid?: string;
}

/** Events about an object; undefined when they cannot be read or `--show-events=false`. */
export function* searchEvents(d: Document, reference: Reference): Gen<KubeObject[] | undefined> {
  const { k } = d;
  if (!k.flags.bool("show-events")) return undefined;
  const parts: string[] = [];
  if (reference.kind) parts.push(`involvedObject.kind=${reference.kind}`);
  parts.push(`involvedObject.name=${reference.name}`, `involvedObject.namespace=${reference.namespace}`);
  if (reference.uid) parts.push(`involvedObject.uid=${reference.uid}`);
  const base = reference.namespace ? `/api/v1/namespaces/${reference.namespace}/events` : "/api/v1/events";
  const limit = k.flags.int("chunk-size");
  const query = `?fieldSelector=${encodeURIComponent(parts.join(","))}${limit > 0 ? `&limit=${limit}` : ""}`;
  try {
    const items: KubeObject[] = [];
    for (let next = ""; ; ) {
      const page = next === "" ? "" : `&continue=${encodeURIComponent(next)}`;
      const list = (yield* k.object("GET", base + query + page)) as unknown as KubeList;
      items.push(...list.items);
      next = list.metadata.continue ?? "";
      if (next === "") return items;
    }
  } catch (error) {
    if (!isExpected(error)) throw error;
    return [];
  }
}

/** Events about an object with its kind and uid. */
export function* eventsOf(d: Document, object: KubeObject): Gen<KubeObject[] | undefined> {
  const { name, namespace = "", uid } = object.metadata;
  return yield* searchEvents(d, { name, namespace, kind: object.kind, uid });
}

const byLastSeen = (a: KubeObject, b: KubeObject) => {
  const x = (a["lastTimestamp"] as string | null) ?? "";
  const y = (b["lastTimestamp"] as string | null) ?? "";
  return x < y ? -1 : x > y ? 1 : 0;
};

/** The table at the end of a description. */
export function writeEvents(d: Document, events: readonly KubeObject[] | undefined): void {
  if (events === undefined) return;
  if (events.length === 0) {
    d.line(0, "Events:\t<none>");
    return;
  }
  d.flush();
  d.write(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n");
  d.line(1, "----\t------\t----\t----\t-------");
  for (const event of goSort(events, (a, b) => byLastSeen(a, b) < 0)) {
    const first = d.since(event["eventTime"] ?? event["firstTimestamp"]);
    const { series, count } = event;
    let interval = first;
    if (series) interval = `${d.since(series.lastObservedTime)} (x${series.count} over ${first})`;
    else if (count > 1) interval = `${d.since(event["lastTimestamp"])} (x${count} over ${first})`;
    const source = event["source"]?.component || event["reportingComponent"] || "";
    d.line(
      1,
      `${event["type"] ?? ""}\t${event["reason"] ?? ""}\t${interval}\t${source}\t${String(event["message"] ?? "").trim()}`,
    );
  }
}
