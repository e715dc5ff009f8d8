import { formatLabelSelector } from "../../../api/columns.ts";
import { storageClassOf } from "../../../api/storage/access.ts";
import { compareStrings } from "../go.ts";
import { writeContainers } from "./containers.ts";
import type { Document } from "./document.ts";
import { writeSource } from "./volume-sources.ts";

// biome-ignore lint/suspicious/noExplicitAny: parts of a Pod as the API has them
type Any = any;

export function writeVolumes(d: Document, volumes: readonly Any[] | undefined, space: string): void {
  if (!volumes || volumes.length === 0) {
    d.line(0, `${space}Volumes:\t<none>`);
    return;
  }
  d.line(0, `${space}Volumes:`);
  for (const volume of volumes) {
    d.line(1, `${space === "" ? "" : " "}${volume.name}:`);
    if (writeSource(d, volume)) continue;
    if (volume.csi) writeInlineCsi(d, volume.csi);
    else if (volume.ephemeral) writeEphemeral(d, volume.ephemeral);
    else if (volume.projected) writeProjected(d, volume.projected);
    else if (volume.downwardAPI) {
      d.line(2, "Type:\tDownwardAPI (a volume populated by information about the pod)");
      d.line(2, "Items:");
      for (const { fieldRef, resourceFieldRef, path } of volume.downwardAPI.items ?? []) {
        if (fieldRef) d.line(3, `${fieldRef.fieldPath} -> ${path}`);
        if (resourceFieldRef) d.line(3, `${resourceFieldRef.resource} -> ${path}`);
      }
    } else d.line(1, "<unknown>");
  }
}

function writeInlineCsi(d: Document, csi: Any): void {
  d.line(2, "Type:\tCSI (a Container Storage Interface (CSI) volume source)");
  d.line(2, `Driver:\t${csi.driver}`);
  d.line(2, `FSType:\t${csi.fsType ?? ""}`);
  d.line(2, `ReadOnly:\t${csi.readOnly ?? false}`);
  d.write(2, "VolumeAttributes:\t");
  const keys = Object.keys(csi.volumeAttributes ?? {}).sort(compareStrings);
  if (keys.length === 0) d.line(0, "<none>");
  keys.forEach((key, i) => {
    if (i > 0) d.write(2, "\t");
    d.line(2, `${key}=${csi.volumeAttributes[key]}`);
  });
}

/** The claim that will be made; its writer puts the indentation before each piece of a line (NewNestedPrefixWriter). */
function writeEphemeral(d: Document, { volumeClaimTemplate }: Any): void {
  d.line(2, "Type:\tEphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)");
  if (!volumeClaimTemplate) return;
  const { metadata = {}, spec } = volumeClaimTemplate;
  d.line(2, `StorageClass:\t${storageClassOf({ metadata, spec } as Any)}`);
  d.line(2, `Volume:\t${spec.volumeName ?? ""}`);
  for (const [title, map] of [
    ["Labels", metadata.labels],
    ["Annotations", metadata.annotations],
  ]) {
    const keys = Object.keys(map ?? {}).sort(compareStrings);
    const lines = keys.map((key) => (title === "Labels" ? `${key}=${map[key]}` : `${key}: ${map[key]}`));
    d.write(2, `${title}:\t`);
    if (lines.length === 0) d.line(2, "<none>");
    lines.forEach((line, i) => {
      if (i > 0) d.write(2, "    \t");
      d.line(2, line);
    });
  }
  d.line(2, "Capacity:\t");
  d.line(2, "Access Modes:\t");
  if (spec.volumeMode !== undefined) d.line(2, `VolumeMode:\t${spec.volumeMode}`);
}

function writeProjected(d: Document, projected: Any): void {
  d.line(2, "Type:\tProjected (a volume that contains injected data from multiple sources)");
  for (const { secret, downwardAPI, configMap, serviceAccountToken } of projected.sources ?? []) {
    if (secret) {
      d.line(2, `SecretName:\t${secret.name}`);
      d.line(2, `SecretOptionalName:\t${secret.optional ?? "<nil>"}`);
    } else if (downwardAPI) d.line(2, "DownwardAPI:\ttrue");
    else if (configMap) {
      d.line(2, `ConfigMapName:\t${configMap.name}`);
      d.line(2, `ConfigMapOptional:\t${configMap.optional ?? "<nil>"}`);
    } else if (serviceAccountToken) d.line(2, `TokenExpirationSeconds:\t${serviceAccountToken.expirationSeconds}`);
  }
}

export function writeTolerations(d: Document, tolerations: readonly Any[] | undefined, space = ""): void {
  d.write(0, `${space}Tolerations:\t`);
  const sorted = [...(tolerations ?? [])].sort((a, b) => compareStrings(a.key ?? "", b.key ?? ""));
  if (sorted.length === 0) d.line(0, "<none>");
  sorted.forEach(({ key = "", value = "", effect = "", operator, tolerationSeconds }, i) => {
    let text = i === 0 ? key : `\t${key}`;
    if (value) text += `=${value}`;
    if (effect) text += `:${effect}`;
    if (operator === "Exists" && !value) text += key || effect ? " op=Exists" : "op=Exists";
    if (tolerationSeconds !== undefined) text += ` for ${tolerationSeconds}s`;
    d.line(0, text);
  });
}

export function writeSpread(d: Document, constraints: readonly Any[] | undefined, space: string): void {
  if (!constraints || constraints.length === 0) return;
  const sorted = [...constraints].sort((a, b) => compareStrings(a.topologyKey, b.topologyKey));
  d.write(0, `${space}Topology Spread Constraints:\t`);
  sorted.forEach(({ topologyKey, whenUnsatisfiable, maxSkew, labelSelector }, i) => {
    if (i > 0) d.write(0, `${space}\t`);
    const selector = labelSelector ? ` for selector ${formatLabelSelector(labelSelector)}` : "";
    d.line(0, `${topologyKey}:${whenUnsatisfiable} when max skew ${maxSkew} is exceeded${selector}`);
  });
}

/** The Pod template of a workload. */
export function writePodTemplate(d: Document, template: Any): void {
  d.line(0, "Pod Template:");
  if (!template) {
    d.write(1, "<unset>");
    return;
  }
  const { metadata = {}, spec = {} } = template;
  d.labels("  Labels", metadata.labels);
  if (Object.keys(metadata.annotations ?? {}).length > 0) d.annotations("  Annotations", metadata.annotations);
  if (spec.serviceAccountName) d.line(1, `Service Account:\t${spec.serviceAccountName}`);
  if (spec.initContainers?.length > 0)
    writeContainers(d, "Init Containers", spec.initContainers, undefined, undefined, "  ");
  writeContainers(d, "Containers", spec.containers ?? [], undefined, undefined, "  ");
  writeVolumes(d, spec.volumes, "  ");
  writeSpread(d, spec.topologySpreadConstraints, "  ");
  if (spec.priorityClassName) d.line(1, `Priority Class Name:\t${spec.priorityClassName}`);
  d.labels("  Node-Selectors", spec.nodeSelector);
  writeTolerations(d, spec.tolerations, "  ");
}
