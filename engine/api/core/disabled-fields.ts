import type { Draft } from "../kind.ts";

/**
 * Fields that 1.32 publishes while the features they belong to are off: a client may send them, the server takes them away
 * without a word (pkg/api/pod/util.go dropDisabledFields, and the strategies of the other kinds).
 */

const POD = ["hostUsers", "resources", "resourceClaims"];

export function dropFromPodSpec(spec: Draft): void {
  for (const name of POD) delete spec[name];
  delete spec.securityContext?.supplementalGroupsPolicy;
  delete spec.securityContext?.seLinuxChangePolicy;
  const images = new Set<string>();
  for (const volume of spec.volumes ?? []) if (volume?.image) images.add(volume.name);
  if (images.size > 0) {
    spec.volumes = spec.volumes.filter((volume: Draft) => !volume.image);
    if (spec.volumes.length === 0) delete spec.volumes;
  }
  for (const list of [spec.initContainers, spec.containers, spec.ephemeralContainers])
    for (const container of list ?? []) dropFromContainer(container, images);
}

/** `images`: volumes that went, and take what is mounted from them with them. */
function dropFromContainer(container: Draft, images: ReadonlySet<string>): void {
  delete container.resizePolicy;
  delete container.resources?.claims;
  if (container.securityContext?.procMount !== undefined) container.securityContext.procMount = "Default";
  if (images.size === 0 || !container.volumeMounts) return;
  container.volumeMounts = container.volumeMounts.filter((mount: Draft) => !images.has(mount.name));
  if (container.volumeMounts.length === 0) delete container.volumeMounts;
}

/**
 * Whence a claim is filled: only what the server knows stays, unless the claim had a source before, and both fields for
 * it say the same (pkg/api/persistentvolumeclaim/util.go).
 */
export function settleDataSource(spec: Draft, old: Draft = {}): void {
  if (old.volumeAttributesClassName === undefined) delete spec.volumeAttributesClassName;
  if (spec.dataSourceRef?.namespace && !old.dataSourceRef) delete spec.dataSourceRef;
  const used = old.dataSource || old.dataSourceRef;
  if (!used && !spec.dataSourceRef && spec.dataSource && !isKnown(spec.dataSource)) delete spec.dataSource;
  if (spec.dataSource && !spec.dataSourceRef) spec.dataSourceRef = { ...spec.dataSource };
  else if (spec.dataSourceRef && !spec.dataSource && !spec.dataSourceRef.namespace) {
    spec.dataSource = { ...spec.dataSourceRef };
  }
}

function isKnown({ apiGroup, kind }: Draft): boolean {
  return (
    (kind === "PersistentVolumeClaim" && !apiGroup) ||
    (kind === "VolumeSnapshot" && apiGroup === "snapshot.storage.k8s.io")
  );
}
