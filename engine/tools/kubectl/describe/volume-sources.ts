import { compareStrings } from "../go.ts";
import type { Document } from "./document.ts";

// biome-ignore lint/suspicious/noExplicitAny: sources as the API has them
type Any = any;

interface Source {
  type: string;
  /** Title and value, a line each; a title that ends in a tab has no colon. */
  fields: (source: Any) => [title: string, value: unknown][];
}

/** Go's `%v` of what a source holds. */
const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(" ")}]`;
function secret(ref: { name?: string; namespace?: string } | undefined): string {
  if (ref === undefined) return "nil";
  if (ref.namespace === undefined) return `&LocalObjectReference{Name:${ref.name ?? ""},}`;
  return `&SecretReference{Name:${ref.name ?? ""},Namespace:${ref.namespace},}`;
}
function options(map: Readonly<Record<string, string>> = {}): string {
  const keys = Object.keys(map).sort(compareStrings);
  return `map[${keys.map((key) => `${key}:${map[key]}`).join(" ")}]`;
}
const fsType = (s: Any): [string, unknown] => ["FSType", s.fsType ?? ""];
const readOnly = (s: Any): [string, unknown] => ["ReadOnly", s.readOnly ?? false];

/** What describers say of volumes, those of Pods and PersistentVolumes alike (pkg/describe printVolumes). */
const SOURCES: Readonly<Record<string, Source>> = {
  hostPath: {
    type: "HostPath (bare host directory volume)",
    fields: (s) => [
      ["Path", s.path],
      ["HostPathType", s.type ?? "<none>"],
    ],
  },
  emptyDir: {
    type: "EmptyDir (a temporary directory that shares a pod's lifetime)",
    fields: (s) => [
      ["Medium", s.medium ?? ""],
      ["SizeLimit", s.sizeLimit ?? "<unset>"],
    ],
  },
  gcePersistentDisk: {
    type: "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
    fields: (s) => [["PDName", s.pdName], fsType(s), ["Partition", s.partition ?? 0], readOnly(s)],
  },
  awsElasticBlockStore: {
    type: "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
    fields: (s) => [["VolumeID", s.volumeID], fsType(s), ["Partition", s.partition ?? 0], readOnly(s)],
  },
  gitRepo: {
    type: "GitRepo (a volume that is pulled from git when the pod is created)",
    fields: (s) => [
      ["Repository", s.repository],
      ["Revision", s.revision ?? ""],
    ],
  },
  secret: {
    type: "Secret (a volume populated by a Secret)",
    fields: (s) => [
      ["SecretName", s.secretName],
      ["Optional", s.optional === true],
    ],
  },
  configMap: {
    type: "ConfigMap (a volume populated by a ConfigMap)",
    fields: (s) => [
      ["Name", s.name],
      ["Optional", s.optional === true],
    ],
  },
  nfs: {
    type: "NFS (an NFS mount that lasts the lifetime of a pod)",
    fields: (s) => [["Server", s.server], ["Path", s.path], readOnly(s)],
  },
  iscsi: {
    type: "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then exposed to the pod)",
    fields: (s) => [
      ["TargetPortal", s.targetPortal],
      ["IQN", s.iqn],
      ["Lun", s.lun ?? 0],
      ["ISCSIInterface\t", s.iscsiInterface ?? ""],
      fsType(s),
      readOnly(s),
      ["Portals", list(s.portals)],
      ["DiscoveryCHAPAuth", s.chapAuthDiscovery ?? false],
      ["SessionCHAPAuth", s.chapAuthSession ?? false],
      ["SecretRef", secret(s.secretRef)],
      ["InitiatorName", s.initiatorName ?? "<none>"],
    ],
  },
  glusterfs: {
    type: "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
    fields: (s) => [["EndpointsName", s.endpoints], ["Path", s.path], readOnly(s)],
  },
  persistentVolumeClaim: {
    type: "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
    fields: (s) => [["ClaimName", s.claimName], readOnly(s)],
  },
  rbd: {
    type: "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
    fields: (s) => [
      ["CephMonitors", list(s.monitors)],
      ["RBDImage", s.image],
      fsType(s),
      ["RBDPool", s.pool ?? ""],
      ["RadosUser", s.user ?? ""],
      ["Keyring", s.keyring ?? ""],
      ["SecretRef", secret(s.secretRef)],
      readOnly(s),
    ],
  },
  azureDisk: {
    type: "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
    fields: (s) => [
      ["DiskName", s.diskName],
      ["DiskURI", s.diskURI],
      ["Kind: \t", s.kind],
      ["FSType", s.fsType],
      ["CachingMode", s.cachingMode],
      ["ReadOnly", s.readOnly],
    ],
  },
  vsphereVolume: {
    type: "vSphereVolume (a Persistent Disk resource in vSphere)",
    fields: (s) => [["VolumePath", s.volumePath], fsType(s), ["StoragePolicyName", s.storagePolicyName ?? ""]],
  },
  cinder: {
    type: "Cinder (a Persistent Disk resource in OpenStack)",
    fields: (s) => [["VolumeID", s.volumeID], fsType(s), readOnly(s), ["SecretRef", secret(s.secretRef)]],
  },
  cephfs: {
    type: "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
    fields: (s) => [
      ["Monitors", list(s.monitors)],
      ["Path", s.path ?? ""],
      ["User", s.user ?? ""],
      ["SecretFile", s.secretFile ?? ""],
      ["SecretRef", secret(s.secretRef)],
      readOnly(s),
    ],
  },
  fc: {
    type: "FC (a Fibre Channel disk)",
    fields: (s) => [
      ["TargetWWNs", (s.targetWWNs ?? []).join(", ")],
      ["LUN", s.lun ?? "<none>"],
      fsType(s),
      readOnly(s),
    ],
  },
  azureFile: {
    type: "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
    fields: (s) => [["SecretName", s.secretName], ["ShareName", s.shareName], readOnly(s)],
  },
  flexVolume: {
    type: "FlexVolume (a generic volume resource that is provisioned/attached using an exec based plugin)",
    fields: (s) => [
      ["Driver", s.driver],
      fsType(s),
      ["SecretRef", secret(s.secretRef)],
      readOnly(s),
      ["Options", options(s.options)],
    ],
  },
  portworxVolume: { type: "PortworxVolume (a Portworx Volume resource)", fields: (s) => [["VolumeID", s.volumeID]] },
  image: {
    type: "Image (a container image or OCI artifact)",
    fields: (s) => [
      ["Reference", s.reference ?? ""],
      ["PullPolicy", s.pullPolicy ?? ""],
    ],
  },
};

/** Writes what a volume comes from; whether it is one of the plain sources. */
export function writeSource(d: Document, volume: Any): boolean {
  const kind = Object.keys(SOURCES).find((name) => volume[name] !== undefined);
  if (kind === undefined) return false;
  const { type, fields } = SOURCES[kind]!;
  d.line(2, `Type:\t${type}`);
  for (const [title, value] of fields(volume[kind])) d.line(2, `${title}${title.endsWith("\t") ? "" : ":\t"}${value}`);
  return true;
}
