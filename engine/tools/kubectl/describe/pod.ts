import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { writeContainers, writeResources } from "./containers.ts";
import { controllerOf, type Document, dateText } from "./document.ts";
import { searchEvents, writeEvents } from "./events.ts";
import { writeSpread, writeTolerations, writeVolumes } from "./pod-parts.ts";

const MIRROR = "kubernetes.io/config.mirror";

/** describe pod (describe.go describePod). */
export function* describePod(d: Document, pod: KubeObject): Gen {
  const { metadata, spec, status = {} } = pod;
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  if (spec.priority !== undefined) d.line(0, `Priority:\t${spec.priority}`);
  if (spec.priorityClassName) d.line(0, `Priority Class Name:\t${spec.priorityClassName}`);
  if (spec.runtimeClassName) d.line(0, `Runtime Class Name:\t${spec.runtimeClassName}`);
  if (spec.serviceAccountName) d.line(0, `Service Account:\t${spec.serviceAccountName}`);
  d.line(0, spec.nodeName ? `Node:\t${spec.nodeName}/${status.hostIP ?? ""}` : "Node:\t<none>");
  if (status.startTime) d.line(0, `Start Time:\t${dateText(status.startTime)}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  writeStatus(d, pod);
  if (spec.resources) {
    d.line(0, "Resources:");
    writeResources(d, spec.resources, 1);
  }
  if (spec.initContainers?.length > 0) {
    writeContainers(d, "Init Containers", spec.initContainers, status.initContainerStatuses, pod, "");
  }
  writeContainers(d, "Containers", spec.containers, status.containerStatuses, pod, "");
  if (spec.ephemeralContainers?.length > 0) {
    writeContainers(d, "Ephemeral Containers", spec.ephemeralContainers, status.ephemeralContainerStatuses, pod, "");
  }
  const conditions = (status.conditions ?? []) as { type: string; status: string }[];
  if (spec.readinessGates?.length > 0) {
    d.write(0, "Readiness Gates:\n  Type\tStatus\n");
    for (const { conditionType } of spec.readinessGates) {
      const found = conditions.find(({ type }) => type === conditionType);
      d.line(1, `${conditionType} \t${found?.status ?? "<none>"} `);
    }
  }
  if (conditions.length > 0) {
    d.write(0, "Conditions:\n  Type\tStatus\n");
    for (const condition of conditions) d.line(1, `${condition.type} \t${condition.status} `);
  }
  writeVolumes(d, spec.volumes, "");
  d.line(0, `QoS Class:\t${status.qosClass ?? "BestEffort"}`);
  d.labels("Node-Selectors", spec.nodeSelector);
  writeTolerations(d, spec.tolerations);
  writeSpread(d, spec.topologySpreadConstraints, "");
  const uid = metadata.annotations?.[MIRROR] ?? metadata.uid;
  writeEvents(d, yield* searchEvents(d, { name: metadata.name, namespace: metadata.namespace ?? "", uid }));
}

function writeStatus(d: Document, pod: KubeObject): void {
  const { metadata, spec, status = {} } = pod;
  if (metadata.deletionTimestamp && status.phase !== "Failed" && status.phase !== "Succeeded") {
    d.line(0, `Status:\tTerminating (lasts ${d.since(metadata.deletionTimestamp)})`);
    d.line(0, `Termination Grace Period:\t${metadata.deletionGracePeriodSeconds}s`);
  } else d.line(0, `Status:\t${status.phase ?? ""}`);
  if (status.reason) d.line(0, `Reason:\t${status.reason}`);
  if (status.message) d.line(0, `Message:\t${status.message}`);
  const seccomp = spec.securityContext?.seccompProfile;
  if (seccomp) {
    d.line(0, `SeccompProfile:\t${seccomp.type}`);
    if (seccomp.type === "Localhost") d.line(0, `LocalhostProfile:\t${seccomp.localhostProfile}`);
  }
  d.line(0, `IP:\t${status.podIP ?? ""}`);
  const ips = (status.podIPs ?? []) as { ip: string }[];
  d.line(0, ips.length === 0 ? "IPs:\t<none>" : "IPs:");
  for (const { ip } of ips) d.line(1, `IP:\t${ip}`);
  const controller = controllerOf(pod);
  if (controller) d.line(0, `Controlled By:\t${controller.kind}/${controller.name}`);
  if (status.nominatedNodeName) d.line(0, `NominatedNodeName:\t${status.nominatedNodeName}`);
}
