import { formatLabelSelector, formatLabels } from "../../../api/columns.ts";
import type { KubeList, KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { toJson } from "../go.ts";
import { podsOf } from "../pods.ts";
import { controllerOf, type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { writePodTemplate } from "./pod-parts.ts";

/** `2 Running / 0 Waiting / 0 Succeeded / 0 Failed` of the Pods a workload controls. */
export function* podStatus(d: Document, object: KubeObject): Gen<string> {
  const selector = formatLabelSelector(object.spec.selector);
  const pods = yield* podsOf(d.k, object.metadata.namespace!, selector === "<none>" ? "" : selector);
  const count = (phase: string) =>
    pods.filter((pod) => controllerOf(pod)?.uid === object.metadata.uid && pod.status?.phase === phase).length;
  return `${count("Running")} Running / ${count("Pending")} Waiting / ${count("Succeeded")} Succeeded / ${count("Failed")} Failed`;
}

export function writeConditions(d: Document, conditions: readonly Record<string, string>[] | undefined): void {
  if (!conditions || conditions.length === 0) return;
  d.write(0, "Conditions:\n  Type\tStatus\tReason\n");
  d.line(1, "----\t------\t------");
  for (const { type, status, reason = "" } of conditions) d.line(1, `${type} \t${status}\t${reason}`);
}

/** describe deployment. */
export function* describeDeployment(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const events = yield* eventsOf(d, object);
  const { older, newer } = yield* replicaSetsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  d.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Selector:\t${formatLabelSelector(spec.selector)}`);
  const { updatedReplicas = 0, replicas = 0, availableReplicas = 0, unavailableReplicas = 0 } = status;
  d.line(
    0,
    `Replicas:\t${spec.replicas} desired | ${updatedReplicas} updated | ${replicas} total | ${availableReplicas} available | ${unavailableReplicas} unavailable`,
  );
  d.line(0, `StrategyType:\t${spec.strategy.type}`);
  d.line(0, `MinReadySeconds:\t${spec.minReadySeconds ?? 0}`);
  const rolling = spec.strategy.rollingUpdate;
  if (rolling) {
    d.line(0, `RollingUpdateStrategy:\t${rolling.maxUnavailable} max unavailable, ${rolling.maxSurge} max surge`);
  }
  writePodTemplate(d, spec.template);
  writeConditions(d, status.conditions);
  if (older.length > 0 || newer.length > 0) {
    d.line(0, `OldReplicaSets:\t${replicaSetsText(older)}`);
    d.line(0, `NewReplicaSet:\t${replicaSetsText(newer)}`);
  }
  writeEvents(d, events);
}

/** ReplicaSets of a Deployment: the one of its present template, and others that still have Pods or once had. */
export function* replicaSetsOf(d: Document, deployment: KubeObject): Gen<{ older: KubeObject[]; newer: KubeObject[] }> {
  const { flags } = d.k;
  const limit = flags.has("chunk-size") && flags.int("chunk-size") > 0 ? `&limit=${flags.int("chunk-size")}` : "";
  const selector = encodeURIComponent(formatLabelSelector(deployment.spec.selector));
  const path = `/apis/apps/v1/namespaces/${deployment.metadata.namespace}/replicasets?labelSelector=${selector}${limit}`;
  const list = (yield* d.k.object("GET", path)) as unknown as KubeList;
  const owned = list.items
    .filter((set) => controllerOf(set)?.uid === deployment.metadata.uid)
    .sort((a, b) => (a.metadata.creationTimestamp < b.metadata.creationTimestamp ? -1 : 1));
  const wanted = templateKey(deployment.spec.template);
  const current = owned.find((set) => templateKey(set.spec.template) === wanted);
  return { older: owned.filter((set) => set !== current), newer: current ? [current] : [] };
}

/** A template without the label that the controller adds. */
export function templateKey(template: KubeObject): string {
  const { "pod-template-hash": _, ...labels } = (template.metadata?.labels ?? {}) as Record<string, string>;
  const metadata = { ...template.metadata, labels };
  return toJson({ ...template, metadata });
}

function replicaSetsText(sets: readonly KubeObject[]): string {
  const texts = sets.map(
    ({ metadata, spec, status }) => `${metadata.name} (${status?.replicas ?? 0}/${spec.replicas} replicas created)`,
  );
  return texts.join(", ") || "<none>";
}

/** describe replicaset. */
export function* describeReplicaSet(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const pods = yield* podStatus(d, object);
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  d.line(0, `Selector:\t${formatLabelSelector(spec.selector)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  const controller = controllerOf(object);
  if (controller) d.line(0, `Controlled By:\t${controller.kind}/${controller.name}`);
  d.line(0, `Replicas:\t${status.replicas ?? 0} current / ${spec.replicas} desired`);
  d.line(0, `Pods Status:\t${pods}`);
  writePodTemplate(d, spec.template);
  writeConditions(d, status.conditions);
  writeEvents(d, events);
}

/** describe daemonset. */
export function* describeDaemonSet(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const pods = yield* podStatus(d, object);
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Selector:\t${formatLabelSelector(spec.selector)}`);
  d.line(0, `Node-Selector:\t${formatLabels(spec.template.spec.nodeSelector)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Desired Number of Nodes Scheduled: ${status.desiredNumberScheduled ?? 0}`);
  d.line(0, `Current Number of Nodes Scheduled: ${status.currentNumberScheduled ?? 0}`);
  d.line(0, `Number of Nodes Scheduled with Up-to-date Pods: ${status.updatedNumberScheduled ?? 0}`);
  d.line(0, `Number of Nodes Scheduled with Available Pods: ${status.numberAvailable ?? 0}`);
  d.line(0, `Number of Nodes Misscheduled: ${status.numberMisscheduled ?? 0}`);
  d.line(0, `Pods Status:\t${pods}`);
  writePodTemplate(d, spec.template);
  writeEvents(d, events);
}
