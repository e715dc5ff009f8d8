import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { forbidden, invalid, notFoundValue, notSupported, required } from "../validation/field.ts";
import { validateDescendingPath } from "./paths.ts";

/** What a container mounts, and block devices it gets (pkg/apis/core/validation/validation.go). */

const PROPAGATION = ["Bidirectional", "HostToContainer", "None"];
const RECURSIVE = ["Disabled", "Enabled", "IfPossible"];

/** Good volumes of a Pod by their names. */
export type Volumes = ReadonlyMap<string, Draft>;

/** ValidateVolumeMounts. */
export function validateMounts(container: Draft, volumes: Volumes, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const points = new Set<string>();
  const devices: readonly Draft[] = container.volumeDevices ?? [];
  (container.volumeMounts ?? []).forEach((mount: Draft, i: number) => {
    const at = `${path}[${i}]`;
    const { name = "", mountPath = "" } = mount;
    if (!name) causes.push(required(`${at}.name`, ""));
    if (!volumes.has(name)) causes.push(notFoundValue(`${at}.name`, name));
    if (!mountPath) causes.push(required(`${at}.mountPath`, ""));
    if (points.has(mountPath)) causes.push(invalid(`${at}.mountPath`, mountPath, "must be unique"));
    points.add(mountPath);
    if (devices.some((device) => device.name === name)) {
      causes.push(invalid(`${at}.name`, name, "must not already exist in volumeDevices"));
    }
    if (devices.some(({ devicePath }) => devicePath === mountPath)) {
      causes.push(invalid(`${at}.mountPath`, mountPath, "must not already exist as a path in volumeDevices"));
    }
    if (mount.subPath) causes.push(...validateDescendingPath(mount.subPath, `${path}.subPath`));
    if (mount.subPathExpr) {
      if (mount.subPath) {
        causes.push(invalid(`${at}.subPathExpr`, mount.subPathExpr, "subPathExpr and subPath are mutually exclusive"));
      }
      causes.push(...validateDescendingPath(mount.subPathExpr, `${path}.subPathExpr`));
    }
    causes.push(...validatePropagation(mount, container, path));
    causes.push(...validateRecursion(mount, `${path}.recursiveReadOnly`));
  });
  return causes;
}

function validatePropagation({ mountPropagation: mode }: Draft, container: Draft, path: string): StatusCause[] {
  if (mode === undefined) return [];
  const at = `${path}.mountPropagation`;
  if (!PROPAGATION.includes(mode)) return [notSupported(at, mode, PROPAGATION)];
  if (mode !== "Bidirectional" || container.securityContext?.privileged) return [];
  return [forbidden(at, "Bidirectional mount propagation is available only to privileged containers")];
}

function validateRecursion(
  { recursiveReadOnly: mode, readOnly, mountPropagation }: Draft,
  path: string,
): StatusCause[] {
  if (mode === undefined || mode === "Disabled") return [];
  if (!RECURSIVE.includes(mode)) return [notSupported(path, mode, RECURSIVE)];
  const causes: StatusCause[] = [];
  if (!readOnly) causes.push(forbidden(path, "may only be specified when readOnly is true"));
  if (mountPropagation && mountPropagation !== "None") {
    causes.push(forbidden(path, "may only be specified when mountPropagation is None or not specified"));
  }
  return causes;
}

/** ValidateVolumeDevices. */
export function validateDevices(container: Draft, volumes: Volumes, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  const paths = new Set<string>();
  const mounts: readonly Draft[] = container.volumeMounts ?? [];
  (container.volumeDevices ?? []).forEach(({ name = "", devicePath = "" }: Draft, i: number) => {
    const at = `${path}[${i}]`;
    const wrongName = (why: string) => causes.push(invalid(`${at}.name`, name, why));
    const wrongPath = (why: string) => causes.push(invalid(`${at}.devicePath`, devicePath, why));
    const volume = volumes.get(name);
    if (!name) causes.push(required(`${at}.name`, ""));
    if (names.has(name)) wrongName("must be unique");
    if (!volume) causes.push(notFoundValue(`${at}.name`, name));
    else if (!volume.persistentVolumeClaim && !volume.ephemeral) {
      wrongName("can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
    }
    if (!devicePath) causes.push(required(`${at}.devicePath`, ""));
    if (paths.has(devicePath)) wrongPath("must be unique");
    if (devicePath.split("/").includes("..")) wrongPath("can not contain backsteps ('..')");
    else paths.add(devicePath);
    if (mounts.some((mount) => mount.name === name)) wrongName("must not already exist in volumeMounts");
    if (mounts.some(({ mountPath }) => mountPath === devicePath)) {
      wrongPath("must not already exist as a path in volumeMounts");
    }
    if (name) names.add(name);
  });
  return causes;
}
