import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { invalid, invalidEach, notSupported, required, tooLong } from "../validation/field.ts";
import { dns1123Label, dns1123Subdomain, inRange } from "../validation/names.ts";
import { validateDescendingPath } from "./paths.ts";

/** Volumes of storage that others sell or wrote (pkg/apis/core/validation/validation.go), most of them long out of use. */

export type SourceCheck = (source: Draft, path: string) => StatusCause[];

const needs =
  (...fields: string[]): SourceCheck =>
  (source, path) =>
    fields
      .filter((field) => !source[field] || source[field].length === 0)
      .map((field) => required(`${path}.${field}`, ""));

const both =
  (...checks: SourceCheck[]): SourceCheck =>
  (source, path) =>
    checks.flatMap((check) => check(source, path));

const secretRef: SourceCheck = ({ secretRef }, path) =>
  secretRef && !secretRef.name ? [required(`${path}.secretRef.name`, "")] : [];

const partition: SourceCheck = ({ partition: part = 0 }, path) =>
  part < 0 || part > 255 ? [invalid(`${path}.partition`, part, inRange(1, 255))] : [];

const LONGEST_DRIVER = 63;

/** Name of a CSI driver: large letters do, and it is shown as it was given (ValidateCSIDriverName). */
export function validateDriverName(name: string, path: string): StatusCause[] {
  const causes = name === "" ? [required(path, "")] : [];
  if (name.length > LONGEST_DRIVER) causes.push(tooLong(path, LONGEST_DRIVER));
  return [...causes, ...invalidEach(path, name, dns1123Subdomain(name.toLowerCase()))];
}

const csi: SourceCheck = ({ driver = "", nodePublishSecretRef: secret }, path) => {
  const causes = validateDriverName(driver, `${path}.driver`);
  if (secret && !secret.name) causes.push(required(`${path}.nodePublishSecretRef.name`, ""));
  else if (secret) causes.push(...invalidEach(`${path}.name`, secret.name, dns1123Subdomain(secret.name)));
  return causes;
};

const fc: SourceCheck = ({ targetWWNs = [], wwids = [], lun }, path) => {
  const at = `${path}.targetWWNs`;
  const causes: StatusCause[] = [];
  if (targetWWNs.length === 0 && wwids.length === 0) {
    causes.push(required(at, "must specify either targetWWNs or wwids, but not both"));
  }
  if (targetWWNs.length === 0) return causes;
  if (wwids.length > 0) {
    causes.push(invalid(at, targetWWNs, "targetWWNs and wwids can not be specified simultaneously"));
  }
  if (lun === undefined) causes.push(required(`${path}.lun`, "lun is required if targetWWNs is specified"));
  else if (lun < 0 || lun > 255) causes.push(invalid(`${path}.lun`, lun, inRange(0, 255)));
  return causes;
};

const quobyte: SourceCheck = ({ registry = "", tenant = "", volume }, path) => {
  const pairs = "must be a host:port pair or multiple pairs separated by commas";
  const causes: StatusCause[] = [];
  if (registry === "") causes.push(required(`${path}.registry`, pairs));
  else if (tenant.length >= 65) {
    causes.push(required(`${path}.tenant`, "must be a UUID and may not exceed a length of 64 characters"));
  } else {
    for (const pair of registry.split(",")) {
      if (!/^(?:[^:[\]]*|\[[^\]]*\]):[^:]*$/.test(pair)) causes.push(invalid(`${path}.registry`, registry, pairs));
    }
  }
  if (!volume) causes.push(required(`${path}.volume`, ""));
  return causes;
};

const flocker: SourceCheck = ({ datasetName: name = "", datasetUUID: uuid = "" }, path) => {
  const causes: StatusCause[] = [];
  if (name === "" && uuid === "") causes.push(required(path, "one of datasetName and datasetUUID is required"));
  if (name !== "" && uuid !== "") {
    causes.push(invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously"));
  }
  if (name.includes("/")) causes.push(invalid(`${path}.datasetName`, name, "must not contain '/'"));
  return causes;
};

const reservedOptions: SourceCheck = ({ options = {} }, path) =>
  Object.keys(options)
    .filter((key) => /\.(?:kubernetes|k8s)\.io$/.test(`.${key.split("/").slice(0, 1)[0]!.toLowerCase()}`))
    .map((key) => invalid(`${path}.options[${key}]`, key, "kubernetes.io and k8s.io namespaces are reserved"));

const CACHING = ["None", "ReadOnly", "ReadWrite"];
const DISKS = ["Dedicated", "Managed", "Shared"];
const MANAGED = "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}";
const BLOB = "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd";

const azureDisk: SourceCheck = ({ diskName, diskURI = "", cachingMode, kind }, path) => {
  const causes = needs("diskName", "diskURI")({ diskName, diskURI }, path);
  if (cachingMode !== undefined && !CACHING.includes(cachingMode)) {
    causes.push(notSupported(`${path}.cachingMode`, cachingMode, CACHING));
  }
  if (kind !== undefined && !DISKS.includes(kind)) causes.push(notSupported(`${path}.kind`, kind, DISKS));
  if (kind === "Managed" && !diskURI.startsWith("/subscriptions/")) {
    causes.push(notSupported(`${path}.diskURI`, diskURI, [MANAGED]));
  } else if (kind !== undefined && kind !== "Managed" && !diskURI.startsWith("https://")) {
    causes.push(notSupported(`${path}.diskURI`, diskURI, [BLOB]));
  }
  return causes;
};

const storageos: SourceCheck = ({ volumeName = "", volumeNamespace = "" }, path) => {
  const causes =
    volumeName === ""
      ? [required(`${path}.volumeName`, "")]
      : invalidEach(`${path}.volumeName`, volumeName, dns1123Label(volumeName));
  if (volumeNamespace === "") return causes;
  return [...causes, ...invalidEach(`${path}.volumeNamespace`, volumeNamespace, dns1123Label(volumeNamespace))];
};

/** The place of a disk of GCE is told by an older name. */
const gcePersistentDisk: SourceCheck = (source, path) =>
  both(needs("pdName"), partition)(source, path.replace(/gcePersistentDisk$/, "persistentDisk"));

export const VENDOR_SOURCES: Readonly<Record<string, SourceCheck>> = {
  awsElasticBlockStore: both(needs("volumeID"), partition),
  azureDisk,
  azureFile: needs("secretName", "shareName"),
  cephfs: needs("monitors"),
  cinder: both(needs("volumeID"), secretRef),
  csi,
  fc,
  flexVolume: both(needs("driver"), reservedOptions),
  flocker,
  gcePersistentDisk,
  gitRepo: both(needs("repository"), ({ directory = "" }, path) =>
    validateDescendingPath(directory, `${path}.directory`),
  ),
  glusterfs: needs("endpoints", "path"),
  photonPersistentDisk: needs("pdID"),
  portworxVolume: needs("volumeID"),
  quobyte,
  rbd: needs("monitors", "image"),
  scaleIO: needs("gateway", "system", "volumeName"),
  storageos: both(storageos, secretRef),
  vsphereVolume: needs("volumePath"),
};
