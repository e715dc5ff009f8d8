import { givenEmpty } from "../given-empty.ts";
import type { Draft } from "../kind.ts";
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
import { isPositive, VOLUME_MODES, validateModes } from "./claim-validation.ts";
import { goDiff } from "./go-diff.ts";
import { address } from "./go-struct.ts";
import { validateNoBacksteps } from "./paths.ts";
import { validateVolumeNodeAffinity } from "./placement-validation.ts";
import { type SourceCheck, validateDriverName } from "./vendor-volumes.ts";
import { SOURCES } from "./volume-validation.ts";

/** PersistentVolumes, in the words of pkg/apis/core/validation. */

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

export function validatePersistentVolume(object: KubeObject): StatusCause[] {
  const spec: Draft = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  const modes: readonly string[] = spec.accessModes ?? [];
  if (modes.length === 0) causes.push(required("spec.accessModes", ""));
  causes.push(...validateModes(modes, "spec.accessModes"));
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
    const amount = Number(capacity[name]);
    if (amount < 0) causes.push(invalid(`spec.capacity[${name}]`, amount, "must be a valid resource quantity"));
    if (!isPositive(capacity[name]!))
      causes.push(invalid(`spec.capacity[${name}]`, capacity[name], "must be greater than zero"));
  }
  const policy: string = spec.persistentVolumeReclaimPolicy ?? "";
  if (policy !== "" && !POLICIES.includes(policy)) {
    causes.push(notSupported("spec.persistentVolumeReclaimPolicy", policy, POLICIES));
  }
  if (spec.nodeAffinity) causes.push(...validateVolumeNodeAffinity(spec.nodeAffinity, "spec.nodeAffinity"));
  causes.push(...validateSources(spec));
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

/** Kinds of storage, in the order they are looked for; the first is the one, and others are too many. */
const SOURCE_ORDER = [
  "hostPath",
  "gcePersistentDisk",
  "awsElasticBlockStore",
  "glusterfs",
  "flocker",
  "nfs",
  "rbd",
  "quobyte",
  "cephfs",
  "iscsi",
  "cinder",
  "fc",
  "flexVolume",
  "azureFile",
  "vsphereVolume",
  "photonPersistentDisk",
  "portworxVolume",
  "azureDisk",
  "scaleIO",
  "local",
  "storageos",
  "csi",
];

const CSI_SECRETS = [
  "controllerPublishSecretRef",
  "controllerExpandSecretRef",
  "nodePublishSecretRef",
  "nodeExpandSecretRef",
];

/** What is otherwise than in a Pod's volume. */
const OWN_SOURCES: Readonly<Record<string, SourceCheck>> = {
  local: (source, path) =>
    source.path ? validateNoBacksteps(source.path, `${path}.path`) : [required(`${path}.path`, "")],
  csi: (source, path) => {
    const causes = validateDriverName(source.driver ?? "", `${path}.driver`);
    if (!source.volumeHandle) causes.push(required(`${path}.volumeHandle`, ""));
    for (const field of CSI_SECRETS) {
      if (!source[field]) continue;
      for (const part of ["name", "namespace"]) {
        if (!source[field][part]) causes.push(required(`${path}.${field}.${part}`, ""));
      }
    }
    return causes;
  },
};

function validateSources(spec: Draft): StatusCause[] {
  const causes: StatusCause[] = [];
  let found = false;
  for (const name of SOURCE_ORDER) {
    if (!spec[name]) continue;
    // One more flexVolume is nobody's mistake, and cephfs is called otherwise here.
    if (found && name !== "flexVolume") {
      const at = `spec.${name === "cephfs" ? "cephFS" : name}`;
      causes.push(forbidden(at, "may not specify more than 1 volume type"));
      continue;
    }
    found = true;
    causes.push(...((OWN_SOURCES[name] ?? SOURCES[name])?.(spec[name], `spec.${name}`) ?? []));
    if (name === "local" && !spec.nodeAffinity) {
      causes.push(required("spec.nodeAffinity", "Local volume requires node affinity"));
    }
  }
  if (!found) causes.push(required("spec", "must specify a volume type"));
  return causes;
}

export function validatePersistentVolumeUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const source = (spec: Draft): Draft =>
    Object.fromEntries(Object.entries(spec ?? {}).filter(([name]) => !NOT_SOURCES.has(name)));
  const [is, was] = [source(object["spec"]), source(old["spec"])];
  // A secret for expansion may come later.
  if (is["csi"]?.controllerExpandSecretRef && was["csi"] && !was["csi"].controllerExpandSecretRef) {
    const { controllerExpandSecretRef: _, ...csi } = is["csi"];
    is["csi"] = csi;
  }
  if (!semanticEqual(is, was)) {
    const why = `spec.persistentvolumesource is immutable after creation\n${goDiff("PersistentVolumeSource", was, is)}`;
    causes.push(forbidden("spec.persistentvolumesource", why));
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
