import { keepEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
import { compareQuantities, quantity } from "../quantity.ts";
import { validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { forbidden, invalid, invalidEach, invalidText, notSupported, required } from "../validation/field.ts";
import { dns1123Label, dns1123Subdomain } from "../validation/names.ts";
import { semanticEqual } from "../validation/value.ts";
import { goDiff } from "./go-diff.ts";

/** Claims on volumes, in the words of pkg/apis/core/validation. */

const MODES = ["ReadOnlyMany", "ReadWriteMany", "ReadWriteOnce", "ReadWriteOncePod"];
export const VOLUME_MODES = ["Block", "Filesystem"];

export function validateModes(modes: readonly string[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  for (const mode of modes) if (!MODES.includes(mode)) causes.push(notSupported(path, mode, MODES));
  if (modes.includes("ReadWriteOncePod") && modes.some((mode) => mode !== "ReadWriteOncePod")) {
    causes.push(forbidden(path, "may not use ReadWriteOncePod with other access modes"));
  }
  return causes;
}

export const isPositive = (text: string) => compareQuantities(quantity(text), quantity("0")) > 0;

export function validateClaim(object: KubeObject): StatusCause[] {
  return validateClaimSpec(object["spec"] ?? {}, "spec");
}

/** ValidatePersistentVolumeClaimSpec. */
export function validateClaimSpec(spec: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const modes: readonly string[] = spec.accessModes ?? [];
  if (modes.length === 0) causes.push(required(`${path}.accessModes`, "at least 1 access mode is required"));
  if (spec.selector) causes.push(...validateLabelSelector(spec.selector, `${path}.selector`));
  causes.push(...validateModes(modes, `${path}.accessModes`));
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
  if (dataSourceRef) {
    causes.push(...validateDataSource(dataSourceRef, `${path}.dataSourceRef`));
    const { namespace = "" } = dataSourceRef;
    if (namespace !== "") {
      causes.push(...invalidEach(`${path}.dataSourceRef.namespace`, namespace, dns1123Label(namespace)));
    }
  }
  // Upstream prints the very path, with where it was in memory.
  const shown = 'field.Path{name:"dataSource", index:"", parent:(*field.Path)(0xc0049011d0)}';
  if (dataSourceRef?.namespace) {
    if (dataSource)
      causes.push(invalidText(path, shown, "may not be specified when dataSourceRef.namespace is specified"));
  } else if (dataSource && dataSourceRef && !semanticEqual(dataSource, dataSourceRef)) {
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

/** ValidatePersistentVolumeClaimUpdate. */
export function validateClaimUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const [spec, before]: Draft[] = [object["spec"] ?? {}, old["spec"] ?? {}];
  if (spec === before) return [];
  const causes: StatusCause[] = [];
  const [wanted, had] = [spec.resources?.requests?.storage, before.resources?.requests?.storage];
  const [is, was]: Draft[] = [keepEmpty({ ...spec }, spec), { ...before }];
  const put = (to: Draft, from: Draft, field: string) => {
    if (from[field] === undefined) delete to[field];
    else to[field] = from[field];
  };
  // A claim may get its volume, and a class where it had none.
  if (!was.volumeName) put(was, is, "volumeName");
  if (was.storageClassName === undefined && is.storageClassName !== undefined) put(is, was, "storageClassName");
  if (object["status"]?.phase === "Bound" && spec.resources?.requests) {
    const requests = { ...spec.resources.requests, storage: had ?? "0" };
    is.resources = { ...spec.resources, requests };
    if (spec.volumeAttributesClassName !== undefined) put(is, was, "volumeAttributesClassName");
  }
  if (!semanticEqual(is, was)) {
    const changes = goDiff("PersistentVolumeClaimSpec", was, is);
    causes.push(forbidden("spec", `${CLAIM_FIXED}\n${changes}`));
  }
  if (compareQuantities(quantity(wanted ?? "0"), quantity(had ?? "0")) < 0) {
    const capacity = old["status"]?.capacity?.storage ?? "0";
    if (compareQuantities(quantity(wanted ?? "0"), quantity(capacity)) <= 0) {
      causes.push(forbidden("spec.resources.requests.storage", "field can not be less than status.capacity"));
    }
  }
  if (spec.volumeMode !== before.volumeMode) {
    causes.push(invalid("volumeMode", spec.volumeMode ?? null, "field is immutable"));
  }
  return causes;
}
