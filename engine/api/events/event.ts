import { event as coreEvent } from "../core/event.ts";
import { define } from "../define.ts";
import type { KubeObject } from "../types.ts";

/**
 * events.k8s.io/v1: the same objects in etcd as core/v1 events under newer names (pkg/apis/events/v1/conversion.go):
 * note = message, regarding = involvedObject, reportingController = reportingComponent, deprecated* = the old fields.
 */
const RENAMED = [
  ["note", "message"],
  ["regarding", "involvedObject"],
  ["reportingController", "reportingComponent"],
  ["deprecatedSource", "source"],
  ["deprecatedFirstTimestamp", "firstTimestamp"],
  ["deprecatedLastTimestamp", "lastTimestamp"],
  ["deprecatedCount", "count"],
] as const;

/** The core/v1 form, in which events are stored. */
export function toCoreEvent(event: KubeObject): KubeObject {
  const core: KubeObject = { ...event, apiVersion: "v1" };
  for (const [from, to] of RENAMED) {
    delete core[from];
    if (event[from] !== undefined) core[to] = event[from];
  }
  return core;
}

/** The events.k8s.io/v1 form of a stored event. */
export function fromCoreEvent(event: KubeObject): KubeObject {
  const newer: KubeObject = { ...event, apiVersion: "events.k8s.io/v1" };
  for (const [to, from] of RENAMED) {
    delete newer[from];
    if (event[from] !== undefined) newer[to] = event[from];
  }
  return newer;
}

export const eventsEvent = define({
  group: "events.k8s.io",
  version: "v1",
  kind: "Event",
  plural: "events",
  namespaced: true,
  shortNames: ["ev"],
  // The same fields under the newer names (pkg/apis/events/v1/conversion.go).
  fields: (object) => {
    const core = coreEvent.fields!(toCoreEvent(object));
    const fields: Record<string, string> = { reason: core["reason"]!, type: core["type"]! };
    fields["reportingController"] = core["reportingComponent"]!;
    for (const name in core) {
      if (name.startsWith("involvedObject.")) fields[`regarding.${name.slice("involvedObject.".length)}`] = core[name]!;
    }
    return fields;
  },
  columns: coreEvent.columns,
  cells: (object, nowMs) => coreEvent.cells(toCoreEvent(object), nowMs),
});
