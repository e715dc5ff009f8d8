import { formatLabelSelector, formatLabels } from "../../../api/columns.ts";
import { storageClassOf } from "../../../api/storage/access.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { writePodTemplate } from "./pod-parts.ts";
import { podStatus, writeConditions } from "./workloads.ts";

/** describe statefulset. */
export function* describeStatefulSet(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const pods = yield* podStatus(d, object);
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  d.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`);
  d.line(0, `Selector:\t${formatLabelSelector(spec.selector)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Replicas:\t${spec.replicas} desired | ${status.replicas ?? 0} total`);
  d.line(0, `Update Strategy:\t${spec.updateStrategy?.type ?? ""}`);
  const rolling = spec.updateStrategy?.rollingUpdate;
  if (rolling?.partition !== undefined) {
    d.line(1, `Partition:\t${rolling.partition}`);
    if (rolling.maxUnavailable !== undefined) d.line(1, `MaxUnavailable:\t${rolling.maxUnavailable}`);
  }
  d.line(0, `Pods Status:\t${pods}`);
  writePodTemplate(d, spec.template);
  writeClaimTemplates(d, spec.volumeClaimTemplates ?? []);
  writeEvents(d, events);
}

function writeClaimTemplates(d: Document, templates: readonly KubeObject[]): void {
  if (templates.length === 0) {
    d.line(0, "Volume Claims:\t<none>");
    return;
  }
  d.line(0, "Volume Claims:");
  for (const claim of templates) {
    d.line(1, `Name:\t${claim.metadata.name}`);
    d.line(1, `StorageClass:\t${storageClassOf(claim)}`);
    d.labels("Labels", claim.metadata.labels, "  ");
    d.labels("Annotations", claim.metadata.annotations, "  ");
    d.line(1, `Capacity:\t${claim.spec.resources?.requests?.storage ?? "<default>"}`);
    d.line(1, `Access Modes:\t[${(claim.spec.accessModes ?? []).join(" ")}]`);
  }
}

/** describe replicationcontroller. */
export function* describeReplicationController(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const selected = { ...object, spec: { ...spec, selector: { matchLabels: spec.selector } } } as KubeObject;
  const pods = yield* podStatus(d, selected);
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  d.line(0, `Selector:\t${formatLabels(spec.selector)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Replicas:\t${status.replicas ?? 0} current / ${spec.replicas} desired`);
  d.line(0, `Pods Status:\t${pods}`);
  writePodTemplate(d, spec.template);
  writeConditions(d, status.conditions);
  writeEvents(d, events);
}
