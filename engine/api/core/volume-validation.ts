import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbidden, invalid, invalidEach, notSupported, required } from "../validation/field.ts";
import { configMapKey, dns1123Label, dns1123Subdomain } from "../validation/names.ts";
import { validateDescendingPath, validateFieldRef, validateNoBacksteps } from "./container-validation.ts";

/** Volumes of a Pod (pkg/apis/core/validation/validation.go ValidateVolumes). */

/** Kinds of path that a hostPath may ask for. */
export const HOST_PATH_TYPES = [
  "",
  "BlockDevice",
  "CharDevice",
  "Directory",
  "DirectoryOrCreate",
  "File",
  "FileOrCreate",
  "Socket",
];
const DOWNWARD_FIELDS = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
const MODE_RANGE = "must be a number between 0 and 0777 (octal), both inclusive";

/** Field errors, and the names of the volumes that are good. */
export function validateVolumes(volumes: Draft[], path: string): { names: Set<string>; causes: StatusCause[] } {
  const causes: StatusCause[] = [];
  const names = new Set<string>();
  volumes.forEach((volume, i) => {
    const at = `${path}[${i}]`;
    const own = validateSource(volume, at);
    if (!volume.name) own.push(required(`${at}.name`, ""));
    else own.push(...invalidEach(`${at}.name`, volume.name, dns1123Label(volume.name)));
    if (names.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) names.add(volume.name);
    causes.push(...own);
  });
  return { names, causes };
}

function validateSource(volume: Draft, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let count = 0;
  for (const key in volume) {
    if (key === "name") continue;
    count++;
    if (count > 1) causes.push(forbidden(`${at}.${key}`, "may not specify more than 1 volume type"));
    else causes.push(...(SOURCES[key]?.(volume[key], `${at}.${key}`) ?? []));
  }
  if (count === 0) causes.push(required(at, "must specify a volume type"));
  return causes;
}

const SOURCES: Record<string, ((source: Draft, path: string) => StatusCause[]) | undefined> = {
  emptyDir: (source, path) =>
    typeof source.sizeLimit === "string" && source.sizeLimit.startsWith("-")
      ? [forbidden(`${path}.sizeLimit`, "SizeLimit field must be a valid resource quantity")]
      : [],
  hostPath: (source, path) => {
    if (!source.path) return [required(`${path}.path`, "")];
    const causes = validateNoBacksteps(source.path, `${path}.path`);
    if (source.type !== undefined && !HOST_PATH_TYPES.includes(source.type)) {
      causes.push(notSupported(`${path}.type`, source.type, HOST_PATH_TYPES));
    }
    return causes;
  },
  secret: (source, path) => {
    const causes = source.secretName ? [] : [required(`${path}.secretName`, "")];
    return [...causes, ...validateModeAndItems(source, path)];
  },
  configMap: (source, path) => {
    const causes = source.name ? [] : [required(`${path}.name`, "")];
    return [...causes, ...validateModeAndItems(source, path)];
  },
  persistentVolumeClaim: (source, path) => (source.claimName ? [] : [required(`${path}.claimName`, "")]),
  nfs: (source, path) => {
    const causes = source.server ? [] : [required(`${path}.server`, "")];
    if (!source.path) causes.push(required(`${path}.path`, ""));
    else if (!source.path.startsWith("/"))
      causes.push(invalid(`${path}.path`, source.path, "must be an absolute path"));
    return causes;
  },
  downwardAPI: (source, path) => {
    const causes = validateMode(source.defaultMode, `${path}.defaultMode`);
    for (const item of source.items ?? []) causes.push(...validateDownwardItem(item, path));
    return causes;
  },
  projected: (source, path) => {
    const causes = validateMode(source.defaultMode, `${path}.defaultMode`);
    (source.sources ?? []).forEach((one: Draft, i: number) => {
      causes.push(...validateProjection(one, `${path}.sources[${i}]`));
    });
    return causes;
  },
};

function validateMode(mode: number | undefined, path: string): StatusCause[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(path, mode, MODE_RANGE)];
}

function validateModeAndItems(source: Draft, path: string): StatusCause[] {
  const causes = validateMode(source.defaultMode, `${path}.defaultMode`);
  (source.items ?? []).forEach((item: Draft, i: number) => {
    const at = `${path}.items[${i}]`;
    if (!item.key) causes.push(required(`${at}.key`, ""));
    else causes.push(...invalidEach(`${at}.key`, item.key, configMapKey(item.key)));
    if (!item.path) causes.push(required(`${at}.path`, ""));
    else causes.push(...validateDescendingPath(item.path, `${at}.path`));
    causes.push(...validateMode(item.mode, `${at}.mode`));
  });
  return causes;
}

function validateDownwardItem(item: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  if (!item.path) causes.push(required(`${path}.path`, ""));
  else causes.push(...validateDescendingPath(item.path, `${path}.path`));
  if (item.fieldRef) {
    causes.push(...validateFieldRef(item.fieldRef, DOWNWARD_FIELDS, `${path}.fieldRef`));
    if (item.resourceFieldRef) {
      causes.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (item.resourceFieldRef) {
    if (!item.resourceFieldRef.containerName) {
      causes.push(required(`${path}.resourceFieldRef.containerName`, ""));
    }
  } else causes.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  return causes;
}

function validateProjection(source: Draft, at: string): StatusCause[] {
  const causes: StatusCause[] = [];
  let count = 0;
  const one = (field: string, check: (value: Draft, path: string) => StatusCause[]) => {
    if (!source[field]) return;
    count++;
    if (count > 1) causes.push(forbidden(`${at}.${field}`, "may not specify more than 1 volume type per source"));
    else causes.push(...check(source[field], `${at}.${field}`));
  };
  const named = (value: Draft, path: string) => {
    const missing = value.name ? [] : [required(`${path}.name`, "")];
    return [
      ...missing,
      ...invalidEach(`${path}.name`, value.name ?? "", value.name ? dns1123Subdomain(value.name) : []),
    ];
  };
  one("secret", named);
  one("configMap", named);
  one("downwardAPI", (value, path) => (value.items ?? []).flatMap((item: Draft) => validateDownwardItem(item, path)));
  one("serviceAccountToken", (value, path) => {
    const seconds = value.expirationSeconds;
    const own: StatusCause[] = [];
    if (seconds < 600)
      own.push(invalid(`${path}.expirationSeconds`, seconds, "may not specify a duration less than 10 minutes"));
    if (seconds > 2 ** 32)
      own.push(invalid(`${path}.expirationSeconds`, seconds, "may not specify a duration larger than 2^32 seconds"));
    if (!value.path) own.push(required(`${path}.path`, ""));
    else own.push(...validateDescendingPath(value.path, `${path}.path`));
    return own;
  });
  return causes;
}
