import { formatLabels } from "../../../api/columns.ts";
import { accessModes, storageClassOf } from "../../../api/storage/access.ts";
import type { KubeObject } from "../../../api/types.ts";
import type { Gen } from "../../../kernel/index.ts";
import { compareStrings, sortedKeys } from "../go.ts";
import { podsOf } from "../pods.ts";
import { boolText } from "./batch.ts";
import { type Document, dateText } from "./document.ts";
import { eventsOf, writeEvents } from "./events.ts";
import { writeSource } from "./volume-sources.ts";

// biome-ignore lint/suspicious/noExplicitAny: fields as the API has them
type Any = any;

function statusOf(d: Document, { metadata, status }: KubeObject): string {
  return metadata.deletionTimestamp
    ? `Terminating (lasts ${d.since(metadata.deletionTimestamp)})`
    : (status?.phase ?? "");
}

const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(" ")}]`;

/** describe persistentvolume. */
export function* describePersistentVolume(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Finalizers:\t${list(metadata.finalizers)}`);
  d.line(0, `StorageClass:\t${storageClassOf(object)}`);
  d.line(0, `Status:\t${statusOf(d, object)}`);
  d.line(0, `Claim:\t${spec.claimRef ? `${spec.claimRef.namespace ?? ""}/${spec.claimRef.name}` : ""}`);
  d.line(0, `Reclaim Policy:\t${spec.persistentVolumeReclaimPolicy ?? ""}`);
  d.line(0, `Access Modes:\t${accessModes(spec.accessModes)}`);
  if (spec.volumeMode !== undefined) d.line(0, `VolumeMode:\t${spec.volumeMode}`);
  d.line(0, `Capacity:\t${spec.capacity?.storage ?? "0"}`);
  writeNodeAffinity(d, spec.nodeAffinity?.required);
  d.line(0, `Message:\t${status.message ?? ""}`);
  d.line(0, "Source:");
  writeVolumeSource(d, spec);
  writeEvents(d, events);
}

function writeNodeAffinity(d: Document, required: Any): void {
  d.write(0, "Node Affinity:\t");
  if (!required) {
    d.line(0, "<none>");
    return;
  }
  d.line(0, "");
  const terms = (required.nodeSelectorTerms ?? []) as Any[];
  d.line(1, `Required Terms:\t${terms.length === 0 ? "<none>" : ""}`);
  terms.forEach(({ matchExpressions = [] }, i) => {
    d.write(2, `Term ${i}:\t`);
    if (matchExpressions.length === 0) d.line(0, "<none>");
    (matchExpressions as Any[]).forEach(({ key, operator, values = [] }, j) => {
      if (j > 0) d.write(2, "\t");
      d.line(0, `${key} ${operator.toLowerCase()}${values.length > 0 ? ` [${values.join(", ")}]` : ""}`);
    });
  });
}

function writeVolumeSource(d: Document, spec: Any): void {
  const { local, csi } = spec;
  if (writeSource(d, spec)) return;
  if (local) {
    d.line(2, "Type:\tLocalVolume (a persistent volume backed by local storage on a node)");
    d.line(2, `Path:\t${local.path}`);
  } else if (csi) {
    d.line(2, "Type:\tCSI (a Container Storage Interface (CSI) volume source)");
    d.line(2, `Driver:\t${csi.driver}`);
    d.line(2, `FSType:\t${csi.fsType ?? ""}`);
    d.line(2, `VolumeHandle:\t${csi.volumeHandle}`);
    d.line(2, `ReadOnly:\t${csi.readOnly ?? false}`);
    d.write(2, "VolumeAttributes:\t");
    const keys = sortedKeys(csi.volumeAttributes ?? {});
    if (keys.length === 0) d.line(0, "<none>");
    keys.forEach((key, i) => {
      if (i > 0) d.write(2, `${"  ".repeat(2)}\t`);
      const line = `${key}=${csi.volumeAttributes[key]}`;
      d.line(2, line.length > 140 ? `${line.slice(0, 140)}...` : line);
    });
  } else d.line(1, "<unknown>");
}

/** describe persistentvolumeclaim. */
export function* describePersistentVolumeClaim(d: Document, object: KubeObject): Gen {
  const { metadata, spec, status = {} } = object;
  const pods = yield* podsOf(d.k, metadata.namespace!, "");
  const users = pods.filter((pod) =>
    (pod.spec.volumes ?? []).some(
      (volume: Any) =>
        volume.persistentVolumeClaim?.claimName === metadata.name ||
        (volume.ephemeral && `${pod.metadata.name}-${volume.name}` === metadata.name),
    ),
  );
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.line(0, `Namespace:\t${metadata.namespace}`);
  d.line(0, `StorageClass:\t${storageClassOf(object)}`);
  d.line(0, `Status:\t${statusOf(d, object)}`);
  d.line(0, `Volume:\t${spec.volumeName ?? ""}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `Finalizers:\t${list(metadata.finalizers)}`);
  const bound = Boolean(spec.volumeName);
  d.line(0, `Capacity:\t${bound ? (status.capacity?.storage ?? "0") : ""}`);
  d.line(0, `Access Modes:\t${bound ? accessModes(status.accessModes) : ""}`);
  if (spec.volumeMode !== undefined) d.line(0, `VolumeMode:\t${spec.volumeMode}`);
  if (spec.dataSource) {
    d.line(0, "DataSource:");
    if (spec.dataSource.apiGroup !== undefined) d.line(1, `APIGroup:\t${spec.dataSource.apiGroup}`);
    d.line(1, `Kind:\t${spec.dataSource.kind}`);
    d.line(1, `Name:\t${spec.dataSource.name}`);
  }
  d.write(0, "Used By:\t");
  if (users.length === 0) d.line(0, "<none>");
  const names = users.map((pod) => pod.metadata.name).sort(compareStrings);
  names.forEach((name, i) => {
    d.line(0, `${i > 0 ? "\t" : ""}${name}`);
  });
  if (status.conditions?.length > 0) {
    d.line(0, "Conditions:");
    d.line(1, "Type\tStatus\tLastProbeTime\tLastTransitionTime\tReason\tMessage");
    d.line(1, "----\t------\t-----------------\t------------------\t------\t-------");
    for (const c of status.conditions) {
      d.line(
        1,
        `${c.type} \t${c.status} \t${dateText(c.lastProbeTime)} \t${dateText(c.lastTransitionTime)} \t${c.reason ?? ""} \t${c.message ?? ""}`,
      );
    }
  }
  writeEvents(d, events);
}

const DEFAULT_CLASS = [
  "storageclass.kubernetes.io/is-default-class",
  "storageclass.beta.kubernetes.io/is-default-class",
];

/** describe storageclass. */
export function* describeStorageClass(d: Document, object: KubeObject): Gen {
  const { metadata } = object;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  const isDefault = DEFAULT_CLASS.some((key) => metadata.annotations?.[key] === "true");
  d.line(0, `IsDefaultClass:\t${isDefault ? "Yes" : "No"}`);
  d.line(0, `Annotations:\t${formatLabels(metadata.annotations)}`);
  d.line(0, `Provisioner:\t${object["provisioner"]}`);
  d.line(0, `Parameters:\t${formatLabels(object["parameters"])}`);
  d.line(0, `AllowVolumeExpansion:\t${boolText(object["allowVolumeExpansion"])}`);
  const options = (object["mountOptions"] ?? []) as string[];
  d.line(0, `MountOptions:${options.length === 0 ? "\t<none>" : ""}`);
  for (const option of options) d.line(1, option);
  if (object["reclaimPolicy"]) d.line(0, `ReclaimPolicy:\t${object["reclaimPolicy"]}`);
  if (object["volumeBindingMode"]) d.line(0, `VolumeBindingMode:\t${object["volumeBindingMode"]}`);
  const topologies = object["allowedTopologies"] as Any[] | undefined;
  if (topologies) {
    d.line(0, `AllowedTopologies:\t${topologies.length === 0 ? "<none>" : ""}`);
    topologies.forEach(({ matchLabelExpressions = [] }, i) => {
      d.write(1, `Term ${i}:\t`);
      if (matchLabelExpressions.length === 0) d.line(0, "<none>");
      (matchLabelExpressions as Any[]).forEach(({ key, values = [] }, j) => {
        if (j > 0) d.write(1, "\t");
        d.line(0, `${key} in${values.length > 0 ? ` [${values.join(", ")}]` : ""}`);
      });
    });
  }
  writeEvents(d, events);
}

/** describe csinode. */
export function* describeCsiNode(d: Document, object: KubeObject): Gen {
  const { metadata, spec } = object;
  const events = yield* eventsOf(d, object);
  d.line(0, `Name:\t${metadata.name}`);
  d.labels("Labels", metadata.labels);
  d.annotations("Annotations", metadata.annotations);
  d.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`);
  d.line(0, "Spec:");
  if (spec?.drivers) {
    d.line(1, "Drivers:");
    for (const { name, nodeID, allocatable, topologyKeys } of spec.drivers as Any[]) {
      d.line(2, `${name}:`);
      d.line(3, `Node ID:\t${nodeID}`);
      if (allocatable?.count !== undefined) {
        d.line(3, "Allocatables:");
        d.line(4, `Count:\t${allocatable.count}`);
      }
      if (topologyKeys) d.line(3, `Topology Keys:\t${list(topologyKeys)}`);
    }
  }
  writeEvents(d, events);
}
