import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import { duplicate, forbidden, invalid, invalidEach, notSupported, required } from "../validation/field.ts";
import { dns1123Label } from "../validation/names.ts";
import { validateClaimSpec } from "./claim-validation.ts";
import { validateFieldRef, validateResourceField } from "./container-validation.ts";
import { HOST_PATH_TYPES, validateDescendingPath, validateNoBacksteps } from "./paths.ts";
import { validateOwnMeta } from "./template-meta.ts";
import { type SourceCheck, VENDOR_SOURCES } from "./vendor-volumes.ts";

/** Volumes of a Pod (pkg/apis/core/validation/validation.go ValidateVolumes). */

const DOWNWARD_FIELDS = [
  "metadata.annotations",
  "metadata.labels",
  "metadata.name",
  "metadata.namespace",
  "metadata.uid",
];
const MODE_RANGE = "must be a number between 0 and 0777 (octal), both inclusive";

/** Field errors, and the volumes that are good by their names. */
export function validateVolumes(volumes: Draft[], path: string): { good: Map<string, Draft>; causes: StatusCause[] } {
  const causes: StatusCause[] = [];
  const good = new Map<string, Draft>();
  volumes.forEach((volume, i) => {
    const at = `${path}[${i}]`;
    const own = validateSource(volume, at);
    if (!volume.name) own.push(required(`${at}.name`, ""));
    else own.push(...invalidEach(`${at}.name`, volume.name, dns1123Label(volume.name)));
    if (good.has(volume.name)) own.push(duplicate(`${at}.name`, volume.name));
    if (own.length === 0) good.set(volume.name, volume);
    causes.push(...own);
  });
  return { good, causes };
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

/** What each kind of volume needs; kinds that have no check need nothing. */
export const SOURCES: Readonly<Record<string, SourceCheck | undefined>> = {
  ...VENDOR_SOURCES,
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
    if (!source.path?.startsWith("/"))
      causes.push(invalid(`${path}.path`, source.path ?? "", "must be an absolute path"));
    return causes;
  },
  downwardAPI: (source, path) => {
    const causes = validateMode(source.defaultMode, `${path}.defaultMode`);
    for (const item of source.items ?? []) causes.push(...validateDownwardItem(item, path));
    return causes;
  },
  projected: (source, path) => {
    const causes = validateMode(source.defaultMode, `${path}.defaultMode`);
    return [...causes, ...validateProjections(source.sources ?? [], path)];
  },
  iscsi: validateIscsi,
  ephemeral: ({ volumeClaimTemplate: template }, path) => {
    const at = `${path}.volumeClaimTemplate`;
    if (!template) return [required(at, "")];
    return [
      ...validateOwnMeta(template.metadata, `${at}.metadata`),
      ...validateClaimSpec(template.spec ?? {}, `${at}.spec`),
    ];
  },
};

const ISCSI_NAMES: readonly [string, RegExp][] = [
  ["iqn", /iqn\.\d{4}-\d{2}\.[a-zA-Z0-9.-]+:[^,;*&$|\s]+$/],
  ["eui", /^eui.[a-zA-Z0-9]{16}$/],
  ["naa", /^naa.[a-zA-Z0-9]{32}$/],
];

function validateIscsi(source: Draft, path: string): StatusCause[] {
  const causes = source.targetPortal ? [] : [required(`${path}.targetPortal`, "")];
  const name = (text: string, at: string) => {
    const form = ISCSI_NAMES.find(([start]) => text.startsWith(start))?.[1];
    if (form === undefined) causes.push(invalid(at, text, "must be valid format starting with iqn, eui, or naa"));
    else if (!form.test(text)) causes.push(invalid(at, text, "must be valid format"));
  };
  if (source.iqn) name(source.iqn, `${path}.iqn`);
  else causes.push(required(`${path}.iqn`, ""));
  const lun = source.lun ?? 0;
  if (lun < 0 || lun > 255) causes.push(invalid(`${path}.lun`, lun, "must be between 0 and 255, inclusive"));
  if ((source.chapAuthDiscovery || source.chapAuthSession) && !source.secretRef)
    causes.push(required(`${path}.secretRef`, ""));
  if (source.initiatorName !== undefined) name(source.initiatorName, `${path}.initiatorname`);
  return causes;
}

function validateMode(mode: number | undefined, path: string): StatusCause[] {
  if (mode === undefined || (mode >= 0 && mode <= 0o777)) return [];
  return [invalid(path, mode, MODE_RANGE)];
}

function validateModeAndItems(source: Draft, path: string): StatusCause[] {
  return [...validateMode(source.defaultMode, `${path}.defaultMode`), ...validateItems(source, path)];
}

/** Keys of a Secret or ConfigMap and the files they become (validateKeyToPath). */
function validateItems(source: Draft, path: string): StatusCause[] {
  return (source.items ?? []).flatMap((item: Draft, i: number) => {
    const at = `${path}.items[${i}]`;
    return [
      ...(item.key ? [] : [required(`${at}.key`, "")]),
      ...validateFilePath(item.path, `${at}.path`),
      ...validateMode(item.mode, `${at}.mode`),
    ];
  });
}

/** Where in a volume a file is written: within it, and not among the links that the kubelet keeps (ValidateLocalNonReservedPath). */
function validateFilePath(text: string | undefined, path: string): StatusCause[] {
  if (!text) return [required(path, "")];
  const causes = validateDescendingPath(text, path);
  if (text.startsWith("..") && !text.startsWith("../")) causes.push(invalid(path, text, "must not start with '..'"));
  return causes;
}

function validateDownwardItem(item: Draft, path: string): StatusCause[] {
  const causes = validateFilePath(item.path, `${path}.path`);
  if (item.fieldRef) {
    causes.push(...validateFieldRef(item.fieldRef, DOWNWARD_FIELDS, `${path}.fieldRef`));
    if (item.resourceFieldRef) {
      causes.push(invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously"));
    }
  } else if (item.resourceFieldRef) {
    const at = `${path}.resourceFieldRef`;
    if (!item.resourceFieldRef.containerName) causes.push(required(`${at}.containerName`, ""));
    else causes.push(...validateResourceField(item.resourceFieldRef, at));
  } else causes.push(required(path, "one of fieldRef and resourceFieldRef is required"));
  return [...causes, ...validateMode(item.mode, `${path}.mode`)];
}

/** Sources of a projected volume, which share its paths (validateProjectionSources). */
function validateProjections(sources: readonly Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const paths = new Set<string>();
  const take = (file: string | undefined, shown: string) => {
    if (file && paths.has(file)) causes.push(invalid(path, shown, "conflicting duplicate paths"));
    if (file) paths.add(file);
  };
  sources.forEach((source, i) => {
    const at = `${path}.sources[${i}]`;
    for (const kind of ["secret", "configMap"]) {
      const value = source[kind];
      if (!value) continue;
      if (!value.name) causes.push(required(`${at}.${kind}.name`, ""));
      causes.push(...validateItems(value, `${at}.${kind}`));
      for (const item of value.items ?? []) take(item.path, value.name ?? "");
    }
    for (const item of source.downwardAPI?.items ?? []) {
      causes.push(...validateDownwardItem(item, `${at}.downwardAPI`));
      take(item.path, item.path);
    }
    if (source.serviceAccountToken)
      causes.push(...validateTokenSource(source.serviceAccountToken, `${at}.serviceAccountToken`, path));
    const given = ["secret", "configMap", "downwardAPI", "serviceAccountToken", "clusterTrustBundle"];
    if (given.filter((kind) => source[kind]).length > 1)
      causes.push(forbidden(at, "may not specify more than 1 volume type per source"));
  });
  return causes;
}

/** How long a token that the kubelet asks for may live, in seconds. */
export function validateTokenLifetime(seconds: number | undefined, path: string): StatusCause[] {
  if (seconds === undefined) return [];
  if (seconds < 600) return [invalid(path, seconds, "may not specify a duration less than 10 minutes")];
  if (seconds > 2 ** 32) return [invalid(path, seconds, "may not specify a duration larger than 2^32 seconds")];
  return [];
}

/** The place of its path is told as if it were the volume's own. */
function validateTokenSource(token: Draft, at: string, volume: string): StatusCause[] {
  return [
    ...validateTokenLifetime(token.expirationSeconds, `${at}.expirationSeconds`),
    ...validateFilePath(token.path, `${volume}.path`),
  ];
}
