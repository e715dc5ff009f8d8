import { column, doc, NAME, since } from "../columns.ts";
import { define } from "../define.ts";
import type { Cell } from "../kind.ts";
import { parseTime } from "../time.ts";
import type { KubeObject } from "../types.ts";
import { invalid } from "../validation/field.ts";
import { pathSegment } from "../validation/names.ts";

const EVENT = "io.k8s.api.core.v1.Event";
const REFERENCE = "io.k8s.api.core.v1.ObjectReference";

/** `kubelet, worker-1`; an event of the events.k8s.io kind names its controller instead. */
function source(event: KubeObject): string {
  const component = event.source?.component || event.reportingComponent || "";
  const host = event.source?.host || event.reportingInstance || "";
  return host ? `${component}, ${host}` : component;
}

/** pkg/printers/internalversion/printers.go printEvent: a series counts its own occurrences, a singleton counts one. */
function cells(event: KubeObject, nowMs: number): Cell[] {
  const first = event.firstTimestamp ?? event.eventTime;
  const firstSeen = since(first, nowMs);
  let lastSeen = event.lastTimestamp ? since(event.lastTimestamp, nowMs) : firstSeen;
  let count: number = event.count ?? 0;
  if (event.series) {
    lastSeen = since(event.series.lastObservedTime, nowMs);
    count = event.series.count;
  } else if (count === 0) count = 1;
  const involved = event.involvedObject ?? {};
  const target = (involved.kind ?? "").toLowerCase() + (involved.name ? `/${involved.name}` : "");
  return [
    lastSeen,
    event.type ?? "",
    event.reason ?? "",
    target,
    involved.fieldPath ?? "",
    source(event),
    (event.message ?? "").trim(),
    firstSeen,
    count,
    event.metadata.name,
  ];
}

/** When it was last seen, ms since 1970; NaN for one without any time. */
export function lastSeenMs(event: KubeObject): number {
  return parseTime(
    event.series?.lastObservedTime ?? event.lastTimestamp ?? event.eventTime ?? event.firstTimestamp ?? "",
  );
}

const wide = { wide: true };

export const eventColumns = [
  column("Last Seen", "string", doc(`${EVENT}#lastTimestamp`)),
  column("Type", "string", doc(`${EVENT}#type`)),
  column("Reason", "string", doc(`${EVENT}#reason`)),
  column("Object", "string", doc(`${EVENT}#involvedObject`)),
  column("Subobject", "string", doc(`${REFERENCE}#fieldPath`), wide),
  column("Source", "string", doc(`${EVENT}#source`), wide),
  column("Message", "string", doc(`${EVENT}#message`)),
  column("First Seen", "string", doc(`${EVENT}#firstTimestamp`), wide),
  column("Count", "string", doc(`${EVENT}#count`), wide),
  { ...NAME, priority: 1 },
];

export const eventCells = cells;

export const event = define({
  group: "",
  version: "v1",
  kind: "Event",
  plural: "events",
  nameCheck: pathSegment,
  namespaced: true,
  metadataOnce: true,
  shortNames: ["ev"],
  // validateV1EventSeries and the rest apply to newer clients only; the namespaces must agree for all.
  validateBody: (object) => {
    const involved = object["involvedObject"]?.namespace || "default";
    if (object.metadata.namespace === involved) return [];
    return [
      invalid("involvedObject.namespace", object["involvedObject"]?.namespace ?? "", "does not match event.namespace"),
    ];
  },
  fields: (object) => {
    const involved = object.involvedObject ?? {};
    return {
      "involvedObject.kind": involved.kind ?? "",
      "involvedObject.namespace": involved.namespace ?? "",
      "involvedObject.name": involved.name ?? "",
      "involvedObject.uid": involved.uid ?? "",
      "involvedObject.apiVersion": involved.apiVersion ?? "",
      "involvedObject.resourceVersion": involved.resourceVersion ?? "",
      "involvedObject.fieldPath": involved.fieldPath ?? "",
      reason: object.reason ?? "",
      reportingComponent: object.reportingComponent ?? "",
      source: object.source?.component || object.reportingComponent || "",
      type: object.type ?? "",
    };
  },
  columns: eventColumns,
  cells,
});
