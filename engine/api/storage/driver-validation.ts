import { address } from "../core/go-struct.ts";
import { validateDriverName } from "../core/vendor-volumes.ts";
import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, forbidden, invalid, invalidEach, invalidText, nonNegative, required } from "../validation/field.ts";
import { dns1123Subdomain, qualifiedName } from "../validation/names.ts";
import { goStrings, semanticEqual } from "../validation/value.ts";

/** What drivers attach, and which of them a node has (pkg/apis/storage/validation). */

const LONGEST_NODE_ID = 256;
const IMMUTABLE = "field is immutable";

export function validateVolumeAttachment(object: KubeObject): StatusCause[] {
  const { attacher = "", nodeName = "", source = {} }: Draft = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  if (attacher === "") causes.push(required("spec.attacher", ""));
  causes.push(...validateSource(source, "spec.source"));
  return [...causes, ...invalidEach("spec.nodeName", nodeName, dns1123Subdomain(nodeName))];
}

/** What holds for new ones beyond that (ValidateVolumeAttachmentV1). */
export function validateNewVolumeAttachment(object: KubeObject): StatusCause[] {
  const { attacher = "", source }: Draft = object["spec"] ?? {};
  const causes = validateDriverName(attacher, "spec.attacher");
  const name: string | undefined = source?.persistentVolumeName;
  const path = "spec.source.persistentVolumeName";
  return name === undefined ? causes : [...causes, ...invalidEach(path, name, dns1123Subdomain(name))];
}

function validateSource({ inlineVolumeSpec: inline, persistentVolumeName: name }: Draft, path: string): StatusCause[] {
  const one = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";
  if (!inline && name === undefined) return [required(path, one)];
  if (inline && name !== undefined) return [forbidden(path, one)];
  return name === "" ? [required(`${path}.persistentVolumeName`, "must specify non empty persistentVolumeName")] : [];
}

export function validateVolumeAttachmentUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const spec: Draft = object["spec"] ?? {};
  // Upstream judges the object a second time.
  const causes = validateVolumeAttachment(object);
  if (semanticEqual(spec, old["spec"])) return causes;
  const { persistentVolumeName: name, inlineVolumeSpec: inline } = spec.source ?? {};
  const source = `storage.VolumeAttachmentSource{PersistentVolumeName:(*string)(${address(name)}), InlineVolumeSpec:(*core.PersistentVolumeSpec)(${address(inline)})}`;
  const [attacher, node] = [spec.attacher ?? "", spec.nodeName ?? ""].map((text) => JSON.stringify(text));
  const shown = `storage.VolumeAttachmentSpec{Attacher:${attacher}, Source:${source}, NodeName:${node}}`;
  return [...causes, invalidText("spec", shown, IMMUTABLE)];
}

export function validateCsiNode(object: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  for (const [i, driver] of (object["spec"]?.drivers ?? []).entries())
    causes.push(...validateNodeDriver(driver ?? {}, names, `spec.drivers[${i}]`));
  return causes;
}

function validateNodeDriver(driver: Draft, names: Set<string>, path: string): StatusCause[] {
  const { name = "", nodeID = "", allocatable } = driver;
  const causes = validateDriverName(name, `${path}.name`);
  const at = `${path}.nodeID`;
  if (nodeID === "") causes.push(required(at, ""));
  if (nodeID.length > LONGEST_NODE_ID)
    causes.push(invalid(at, nodeID, `must be ${LONGEST_NODE_ID} characters or less`));
  causes.push(...nonNegative(allocatable?.count, `${path}.allocatable.count`));
  if (names.has(name)) causes.push(duplicate(`${path}.name`, name));
  names.add(name);
  const keys = new Set<string>();
  for (const key of driver.topologyKeys ?? []) {
    if (key === "") causes.push(required(path, ""));
    if (keys.has(key)) causes.push(duplicate(path, key));
    keys.add(key);
    causes.push(...invalidEach(path, key, qualifiedName(key)));
  }
  return causes;
}

/** Drivers come and go, but do not change. */
export function validateCsiNodeUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const before of old["spec"]?.drivers ?? []) {
    for (const driver of object["spec"]?.drivers ?? []) {
      if (driver.name === before.name && !semanticEqual(driver, before))
        causes.push(invalidText("CSINodeDriver", shownDriver(driver), IMMUTABLE));
    }
  }
  return causes;
}

function shownDriver({ name = "", nodeID = "", topologyKeys, allocatable }: Draft): string {
  const [called, id] = [name, nodeID].map((text: string) => JSON.stringify(text));
  return `storage.CSINodeDriver{Name:${called}, NodeID:${id}, TopologyKeys:${goStrings(topologyKeys)}, Allocatable:(*storage.VolumeNodeResources)(${address(allocatable)})}`;
}
