import { APPARMOR_ANNOTATION, APPARMOR_DEPRECATED } from "../api/core/app-armor.ts";
import type { Draft } from "../api/kind.ts";
import { formatQuantity, parseQuantity } from "../api/quantity.ts";

/** What a valid Pod template may still be warned of (pkg/api/pod/warnings.go), in upstream's order and words. */

const NODE_LABELS: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "app.kubernetes.io/created-by": "deprecated since v1.9",
  "scheduler.alpha.kubernetes.io/preferAvoidPods": "deprecated since v1.22; use Taints and Tolerations instead",
  "node-role.kubernetes.io/master": 'use "node-role.kubernetes.io/control-plane" instead',
};

const ANNOTATIONS: Readonly<Record<string, string>> = {
  "scheduler.alpha.kubernetes.io/critical-pod": 'non-functional in v1.16+; use the "priorityClassName" field instead',
  "security.alpha.kubernetes.io/sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
  "security.alpha.kubernetes.io/unsafe-sysctls": 'non-functional in v1.11+; use the "sysctls" field instead',
};

/** Kinds of volumes that are about to go or gone, in the order in which they are looked for. */
const VOLUMES: Readonly<Record<string, string>> = {
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  gitRepo: "deprecated in v1.11",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  glusterfs: "deprecated in v1.25, non-functional in v1.26+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
};
/** Upstream's name of a field is not always the one that users write. */
const shownVolume = (kind: string) => (kind === "storageos" ? "storageOS" : kind);

const SECCOMP_POD = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_CONTAINER = "container.seccomp.security.alpha.kubernetes.io/";
const SECCOMP = 'non-functional in v1.27+; use the "seccompProfile" field instead';
const MATCHES_NOTHING = "a null labelSelector results in matching no pod";

/** Why a node's label should not be asked for any more. */
export const nodeLabelWarning = (label: string): string | undefined => NODE_LABELS[label];

/** Of the expressions of a node selector's term. */
export function termWarnings(term: Draft, path: string): string[] {
  const warnings: string[] = [];
  for (const [i, { key }] of (term?.matchExpressions ?? []).entries()) {
    const why = NODE_LABELS[key];
    if (why) warnings.push(`${path}.matchExpressions[${i}].key: ${key} is ${why}`);
  }
  return warnings;
}

/** A quantity of bytes that is no whole number. */
export function fractional(text: string | undefined, path: string): string[] {
  if (text === undefined) return [];
  const value = parseQuantity(text);
  if ("error" in value || value.nano % 1_000_000_000n === 0n) return [];
  return [`${path}: fractional byte value "${formatQuantity(value)}" is invalid, must be an integer`];
}

/** Of a claim's spec: in whole bytes. */
export function claimWarnings(spec: Draft, path: string): string[] {
  const { requests, limits } = spec?.resources ?? {};
  return [
    ...fractional(requests?.storage, `${path}.resources.requests[storage]`),
    ...fractional(limits?.storage, `${path}.resources.limits[storage]`),
  ];
}

const LISTS = ["initContainers", "containers", "ephemeralContainers"];

/** Every container with its path. */
function containersOf(spec: Draft, at: string): [Draft, string][] {
  return LISTS.flatMap((list) =>
    (spec[list] ?? []).map((container: Draft, i: number): [Draft, string] => [container, `${at}spec.${list}[${i}]`]),
  );
}

/** `path`: where the template lies, "" for a Pod itself. */
export function templateWarnings({ metadata, spec }: Draft, path: string): string[] {
  const at = path === "" ? "" : `${path}.`;
  const annotations: Record<string, string> = metadata?.annotations ?? {};
  const warnings = placementWarnings(spec, at);
  for (const [key, why] of Object.entries(ANNOTATIONS)) {
    if (key in annotations) warnings.push(`${at}metadata.annotations[${key}]: ${why}`);
  }
  for (const [i, volume] of (spec.volumes ?? []).entries())
    warnings.push(...volumeWarnings(volume, `${at}spec.volumes[${i}]`));
  for (const volume of spec.volumes ?? []) warnings.push(...overlaps(volume));
  warnings.push(...repeated(spec.hostAliases, "ip", `${at}spec.hostAliases`));
  const secrets: Draft[] = spec.imagePullSecrets ?? [];
  warnings.push(...repeated(secrets, "name", `${at}spec.imagePullSecrets`));
  for (const [i, { name }] of secrets.entries())
    if (!name) warnings.push(`${at}spec.imagePullSecrets[${i}].name: invalid empty name ""`);
  for (const name of ["memory", "ephemeral-storage"])
    warnings.push(...fractional(spec.overhead?.[name], `${at}spec.overhead[${name}]`));
  if (!spec.securityContext?.seccompProfile && SECCOMP_POD in annotations)
    warnings.push(`${at}metadata.annotations[${SECCOMP_POD}]: ${SECCOMP}`);
  const containers = containersOf(spec, at);
  for (const [container, where] of containers) {
    const own = container.securityContext ?? {};
    const seccomp = SECCOMP_CONTAINER + container.name;
    if (!own.seccompProfile && seccomp in annotations)
      warnings.push(`${at}metadata.annotations[${seccomp}]: ${SECCOMP}`);
    const apparmor = APPARMOR_ANNOTATION + container.name;
    const profile = own.appArmorProfile ?? spec.securityContext?.appArmorProfile;
    if (at !== "" && !profile && apparmor in annotations)
      warnings.push(`${at}metadata.annotations[${apparmor}]: ${APPARMOR_DEPRECATED}`);
    const { limits, requests } = container.resources ?? {};
    for (const name of ["memory", "ephemeral-storage"]) {
      warnings.push(...fractional(limits?.[name], `${where}.resources.limits[${name}]`));
      warnings.push(...fractional(requests?.[name], `${where}.resources.requests[${name}]`));
    }
    warnings.push(...hiddenEnv(container, where));
  }
  warnings.push(...portWarnings(containers));
  if (spec.terminationGracePeriodSeconds < 0) {
    warnings.push(
      `${at}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  for (const kind of ["podAffinity", "podAntiAffinity"]) {
    const terms = spec.affinity?.[kind];
    if (!terms) continue;
    const where = `${at}spec.affinity.${kind}`;
    for (const [i, term] of (terms.requiredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (term.labelSelector) continue;
      warnings.push(`${where}.requiredDuringSchedulingIgnoredDuringExecution[${i}].labelSelector: ${MATCHES_NOTHING}`);
    }
    for (const [i, term] of (terms.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries()) {
      if (term.podAffinityTerm?.labelSelector) continue;
      const list = `${where}.preferredDuringSchedulingIgnoredDuringExecution`;
      warnings.push(`${list}[${i}].podAffinityTerm.labelSelector: ${MATCHES_NOTHING}`);
    }
  }
  return warnings;
}

function placementWarnings(spec: Draft, at: string): string[] {
  const warnings: string[] = [];
  for (const label of Object.keys(spec.nodeSelector ?? {})) {
    const why = NODE_LABELS[label];
    if (why) warnings.push(`${at}spec.nodeSelector[${label}]: ${why}`);
  }
  const affinity = spec.affinity?.nodeAffinity ?? {};
  const required = `${at}spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution`;
  const terms = affinity.requiredDuringSchedulingIgnoredDuringExecution?.nodeSelectorTerms ?? [];
  for (const [i, term] of terms.entries()) warnings.push(...termWarnings(term, `${required}.nodeSelectorTerms[${i}]`));
  const preferred = `${at}spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution`;
  for (const [i, term] of (affinity.preferredDuringSchedulingIgnoredDuringExecution ?? []).entries())
    warnings.push(...termWarnings(term.preference, `${preferred}[${i}].preference`));
  for (const [i, constraint] of (spec.topologySpreadConstraints ?? []).entries()) {
    const where = `${at}spec.topologySpreadConstraints[${i}]`;
    const why = NODE_LABELS[constraint.topologyKey];
    if (why) warnings.push(`${where}.topologyKey: ${constraint.topologyKey} is ${why}`);
    if (!constraint.labelSelector) warnings.push(`${where}.labelSelector: ${MATCHES_NOTHING}`);
  }
  return warnings;
}

function volumeWarnings(volume: Draft, path: string): string[] {
  const warnings: string[] = [];
  for (const kind in VOLUMES) if (volume[kind]) warnings.push(`${path}.${shownVolume(kind)}: ${VOLUMES[kind]}`);
  const template = volume.ephemeral?.volumeClaimTemplate;
  if (template) warnings.push(...claimWarnings(template.spec, `${path}.ephemeral.volumeClaimTemplate.spec`));
  return warnings;
}

interface Source {
  path: string;
  from: string;
}

const shown = ({ path, from }: Source) => (from === "" ? `"${path}"` : `"${path}" (${from})`);
const sourcesOf = (items: Draft[] | undefined, from: string): Source[] =>
  (items ?? []).map(({ path }) => ({ path: path ?? "", from }));

/** Files of one volume that get into each other's way. */
function overlaps({ name, configMap, secret, downwardAPI, projected }: Draft): string[] {
  const warnings: string[] = [];
  const collide = (what: string, groups: Source[][]) => {
    const seen: Source[] = [];
    for (const source of groups.flat()) {
      const one = { ...source, path: source.path.replace(/\/+$/, "") };
      for (const other of seen) {
        const inside = `${other.path}/`.startsWith(`${one.path}/`) || `${one.path}/`.startsWith(`${other.path}/`);
        if (one.path === "" || other.path === "" || !inside) continue;
        warnings.push(`volume "${name}" (${what}): overlapping paths: ${shown(one)} with ${shown(other)}`);
      }
      seen.push(one);
    }
  };
  if (configMap) collide(`ConfigMap "${configMap.name ?? ""}"`, [sourcesOf(configMap.items, "")]);
  if (secret) collide(`Secret "${secret.secretName ?? ""}"`, [sourcesOf(secret.items, "")]);
  if (downwardAPI) collide("DownwardAPI", [sourcesOf(downwardAPI.items, "")]);
  if (!projected) return warnings;
  const groups: Source[][] = [];
  // A source without files of its own counts with those of the one before it, as upstream has it.
  let last: Source[] = [];
  for (const source of projected.sources ?? []) {
    if (Object.keys(source).length === 0) {
      warnings.push(`volume "${name}" (Projected) has no sources provided`);
      continue;
    }
    if (source.configMap?.items) last = sourcesOf(source.configMap.items, `ConfigMap "${source.configMap.name ?? ""}"`);
    else if (source.secret?.items) last = sourcesOf(source.secret.items, `Secret "${source.secret.name ?? ""}"`);
    else if (source.downwardAPI?.items) last = sourcesOf(source.downwardAPI.items, "DownwardAPI");
    else if (source.serviceAccountToken)
      last = [{ path: source.serviceAccountToken.path ?? "", from: "ServiceAccountToken" }];
    else if (source.clusterTrustBundle) {
      const { name: own, signerName, path } = source.clusterTrustBundle;
      last = [{ path: path ?? "", from: `ClusterTrustBundle "${own ?? signerName ?? ""}"` }];
    }
    groups.push(last);
  }
  collide("Projected", groups);
  return warnings;
}

function repeated(list: Draft[] | undefined, field: string, path: string): string[] {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const [i, item] of (list ?? []).entries()) {
    const value = item[field] ?? "";
    if (seen.has(value)) warnings.push(`${path}[${i}].${field}: duplicate ${field} "${value}"`);
    seen.add(value);
  }
  return warnings;
}

/** A variable that is set twice: clients that apply may lose the first. One that adds to itself means it. */
function hiddenEnv(container: Draft, path: string): string[] {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const [i, { name, value, valueFrom }] of (container.env ?? []).entries()) {
    const itself = `$(${name})`;
    if (seen.has(name) && (valueFrom || value === itself || !value?.includes(itself))) {
      warnings.push(`${path}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`);
    }
    seen.add(name);
  }
  return warnings;
}

/** Ports that are told twice, or by which a node cannot tell its Pods apart. */
function portWarnings(containers: readonly [Draft, string][]): string[] {
  const warnings: string[] = [];
  const known = new Map<string, { path: string; ip: string; host: number }[]>();
  for (const [container, where] of containers) {
    for (const [i, port] of (container.ports ?? []).entries()) {
      const path = `${where}.ports[${i}]`;
      const { hostIP: ip = "", hostPort: host = 0, containerPort, protocol, name = "" } = port;
      if (ip !== "" && !host) {
        const text = `{Name:${name} HostPort:0 ContainerPort:${containerPort} Protocol:${protocol} HostIP:${ip}}`;
        warnings.push(`${path}: hostIP set without hostPort: ${text}`);
      }
      const key = `${containerPort}/${protocol}`;
      const others = known.get(key) ?? [];
      known.set(key, others);
      for (const other of others) {
        if (ip === other.ip && host === other.host)
          warnings.push(`${path}: duplicate port definition with ${other.path}`);
        else if (host === 0 || other.host === 0)
          warnings.push(`${path}: overlapping port definition with ${other.path}`);
        else if (host === other.host && (ip === "") !== (other.ip === ""))
          warnings.push(`${path}: dangerously ambiguous port definition with ${other.path}`);
      }
      others.push({ path, ip, host });
    }
  }
  return warnings;
}
