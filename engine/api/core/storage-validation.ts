import { givenEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import { compareQuantities, quantity } from "../quantity.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import {
  forbidden,
  invalid,
  invalidEach,
  invalidText,
  notSupported,
  notSupportedText,
  required,
} from "../validation/field.ts";
import { dns1123Subdomain } from "../validation/names.ts";
import { goQuantity, semanticEqual } from "../validation/value.ts";
import { address } from "./go-struct.ts";
import { HOST_PATH_TYPES } from "./paths.ts";
import { validateVolumeNodeAffinity } from "./placement-validation.ts";
import { validateDriverName } from "./vendor-volumes.ts";

/** PersistentVolumes and claims on them, in the words of pkg/apis/core/validation. */

const MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
const VOLUME_MODES = ["Block", "Filesystem"];
const POLICIES = ["Delete", "Recycle", "Retain"];
const NOT_SOURCES = new Set([
  "capacity",
  "accessModes",
  "claimRef",
  "persistentVolumeReclaimPolicy",
  "storageClassName",
  "mountOptions",
  "volumeMode",
  "nodeAffinity",
  "volumeAttributesClassName",
]);

function accessModes(modes: readonly string[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const mode of modes) if (!MODES.includes(mode)) causes.push(notSupported(path, mode, MODES));
  if (modes.includes("ReadWriteOncePod") && modes.some((mode) => mode !== "ReadWriteOncePod")) {
    causes.push(forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
  return causes;
}

const isPositive = (text: string) => compareQuantities(quantity(text), quantity("0")) > 0;

export function validatePersistentVolume(object: KubeObject): StatusCause[] {
  const spec: Draft = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  const modes: readonly string[] = spec.accessModes ?? [];
  if (modes.length === 0) causes.push(required("spec.accessModes", ""));
  causes.push(...accessModes(modes, "spec.accessModes"));
  const capacity: Record<string, string> = spec.capacity ?? {};
  const names = Object.keys(capacity);
  if (names.length === 0) causes.push(required("spec.capacity", ""));
  if (capacity["storage"] === undefined || names.length > 1) {
    const amounts = names.sort().map((name) => `${JSON.stringify(name)}:${goQuantity(capacity[name]!)}`);
    const given = spec.capacity || givenEmpty(spec, "capacity");
    const text = given ? `core.ResourceList{${amounts.join(", ")}}` : "core.ResourceList(nil)";
    causes.push(notSupportedText("spec.capacity", text, ["storage"]));
  }
  for (const name of names) {
    if (!isPositive(capacity[name]!))
      causes.push(invalid(`spec.capacity[${name}]`, capacity[name], "must be greater than zero"));
  }
  const policy: string = spec.persistentVolumeReclaimPolicy ?? "";
  if (policy !== "" && !POLICIES.includes(policy)) {
    causes.push(notSupported("spec.persistentVolumeReclaimPolicy", policy, POLICIES));
  }
  if (spec.nodeAffinity) causes.push(...validateVolumeNodeAffinity(spec.nodeAffinity, "spec.nodeAffinity"));
  const sources = Object.keys(spec).filter((name) => !NOT_SOURCES.has(name));
  if (sources.length === 0) causes.push(required("spec", "must specify a volume type"));
  for (const name of sources.slice(1))
    causes.push(forbidden(`spec.${name}`, "may not specify more than 1 volume type"));
  causes.push(...validateSource(spec));
  if (spec.hostPath?.path === "/" && policy === "Recycle") {
    causes.push(forbidden("spec.persistentVolumeReclaimPolicy", "may not be 'recycle' for a hostPath mount of '/'"));
  }
  if (spec.storageClassName) {
    causes.push(
      ...invalidEach("spec.storageClassName", spec.storageClassName, dns1123Subdomain(spec.storageClassName)),
    );
  }
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode)) {
    causes.push(notSupported("spec.volumeMode", spec.volumeMode, VOLUME_MODES));
  }
  return causes;
}

function validateSource({ hostPath, nfs, local, csi, nodeAffinity }: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  if (hostPath) {
    if (!hostPath.path) causes.push(required("spec.hostPath.path", ""));
    else if (hostPath.path.split("/").includes(".."))
      causes.push(invalid("spec.hostPath.path", hostPath.path, "must not contain '..'"));
    if (hostPath.type && !HOST_PATH_TYPES.includes(hostPath.type)) {
      causes.push(notSupported("spec.hostPath.type", hostPath.type, HOST_PATH_TYPES));
    }
  }
  if (nfs) {
    if (!nfs.server) causes.push(required("spec.nfs.server", ""));
    if (!nfs.path) causes.push(required("spec.nfs.path", ""));
    if (!nfs.path?.startsWith("/")) causes.push(invalid("spec.nfs.path", nfs.path ?? "", "must be an absolute path"));
  }
  if (local) {
    if (!local.path) causes.push(required("spec.local.path", ""));
    else if (local.path.split("/").includes(".."))
      causes.push(invalid("spec.local.path", local.path, "must not contain '..'"));
    if (!nodeAffinity) causes.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
  }
  if (csi) {
    causes.push(...validateDriverName(csi.driver ?? "", "spec.csi.driver"));
    if (!csi.volumeHandle) causes.push(required("spec.csi.volumeHandle", ""));
  }
  return causes;
}

export function validatePersistentVolumeUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const source = (spec: Draft) =>
    Object.fromEntries(Object.entries(spec ?? {}).filter(([name]) => !NOT_SOURCES.has(name)));
  if (!semanticEqual(source(object["spec"]), source(old["spec"]))) {
    causes.push(forbidden("spec.persistentvolumesource", "spec.persistentvolumesource is immutable after creation"));
  }
  const mode = object["spec"]?.volumeMode;
  if (mode !== old["spec"]?.volumeMode) causes.push(invalid("volumeMode", mode ?? null, "field is immutable"));
  const [now, before] = [object["spec"]?.nodeAffinity, old["spec"]?.nodeAffinity];
  if (before && !semanticEqual(now, before)) {
    const shown = now ? `core.VolumeNodeAffinity{Required:(*core.NodeSelector)(${address(now.required)})}` : '"null"';
    const why = "field is immutable, except for updating from beta label to GA";
    causes.push(invalidText("nodeAffinity", shown, why));
  }
  return causes;
}

export function validateClaim(object: KubeObject): StatusCause[] {
  return validateClaimSpec(object["spec"] ?? {}, "spec");
}

/** ValidatePersistentVolumeClaimSpec. */
export function validateClaimSpec(spec: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = spec.selector ? validateLabelSelector(spec.selector, `${path}.selector`) : [];
  const modes: readonly string[] = spec.accessModes ?? [];
  if (modes.length === 0) causes.push(required(`${path}.accessModes`, "at least 1 access mode is required"));
  causes.push(...accessModes(modes, `${path}.accessModes`));
  const storage: string | undefined = spec.resources?.requests?.storage;
  if (storage === undefined) causes.push(required(`${path}.resources[storage]`, ""));
  else if (!isPositive(storage))
    causes.push(invalid(`${path}.resources[storage]`, storage, "must be greater than zero"));
  if (spec.storageClassName) {
    causes.push(
      ...invalidEach(`${path}.storageClassName`, spec.storageClassName, dns1123Subdomain(spec.storageClassName)),
    );
  }
  if (spec.volumeMode !== undefined && !VOLUME_MODES.includes(spec.volumeMode)) {
    causes.push(notSupported(`${path}.volumeMode`, spec.volumeMode, VOLUME_MODES));
  }
  const { dataSource, dataSourceRef } = spec;
  if (dataSource) causes.push(...validateDataSource(dataSource, `${path}.dataSource`));
  if (dataSourceRef) causes.push(...validateDataSource(dataSourceRef, `${path}.dataSourceRef`));
  if (dataSource && dataSourceRef && !semanticEqual(dataSource, dataSourceRef)) {
    // Upstream prints the very path, with where it was in memory.
    const shown = 'field.Path{name:"dataSource", index:"", parent:(*field.Path)(0xc0049011d0)}';
    causes.push(invalidText(path, shown, "must match dataSourceRef"));
  }
  return causes;
}

function validateDataSource({ name, kind, apiGroup }: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!name) causes.push(required(`${path}.name`, ""));
  if (!kind) causes.push(required(`${path}.kind`, ""));
  if (!apiGroup && kind !== "PersistentVolumeClaim")
    causes.push(invalid(path, kind ?? "", "must be 'PersistentVolumeClaim' when referencing the default apiGroup"));
  if (apiGroup) causes.push(...invalidEach(`${path}.apiGroup`, apiGroup, dns1123Subdomain(apiGroup)));
  return causes;
}

const CLAIM_FIXED =
  "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

export function validateClaimUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const [spec, before]: Draft[] = [object["spec"] ?? {}, old["spec"] ?? {}];
  if (spec === before) return [];
  const rest = ({ resources, volumeName, storageClassName, volumeAttributesClassName, ...others }: Draft) => ({
    ...others,
    limits: resources?.limits,
  });
  // A claim that is not bound yet may get its volume, and a class where it had none.
  const bindable = before.volumeName === undefined || before.volumeName === spec.volumeName;
  const sameClass = before.storageClassName === undefined || before.storageClassName === spec.storageClassName;
  const [wanted, had] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
  const bound = old["status"]?.phase === "Bound";
  const resized = wanted !== had;
  if (!semanticEqual(rest(spec), rest(before)) || !bindable || !sameClass || (resized && !bound)) {
    return [forbidden("spec", CLAIM_FIXED)];
  }
  if (!resized || wanted === undefined || had === undefined) return [];
  if (compareQuantities(quantity(wanted), quantity(had)) >= 0) return [];
  const capacity = old["status"]?.capacity?.storage ?? had;
  if (compareQuantities(quantity(wanted), quantity(capacity)) > 0) return [];
  return [forbidden("spec.resources.requests.storage", "field can not be less than status.capacity")];
}
