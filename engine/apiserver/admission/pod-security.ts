import type { Draft } from "../../api/kind.ts";
import type { StatusCause } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { invalid as invalidField } from "../../api/validation/field.ts";
import { deepEqual } from "../../api/validation/value.ts";
import { invalid } from "../errors.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { type Level, type Violation, violations } from "./pod-security-checks.ts";
import { annotateAudit, refuse } from "./refuse.ts";

const PREFIX = "pod-security.kubernetes.io/";
const LEVELS: readonly Level[] = ["privileged", "baseline", "restricted"];
/** Newest version whose rules are known. */
const LATEST_MINOR = 32;
/** Most Pods that a new level is tried on. */
const MAX_PODS = 3000;

export interface LevelVersion {
  level: Level;
  /** `latest` or `v1.25`. */
  version: string;
}

export interface Policy {
  enforce: LevelVersion;
  audit: LevelVersion;
  warn: LevelVersion;
}

/** Where workloads keep their Pod template. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  "/replicationcontrollers": ["spec", "template"],
  "/podtemplates": ["template"],
  "apps/daemonsets": ["spec", "template"],
  "apps/deployments": ["spec", "template"],
  "apps/replicasets": ["spec", "template"],
  "apps/statefulsets": ["spec", "template"],
  "batch/jobs": ["spec", "template"],
  "batch/cronjobs": ["spec", "jobTemplate", "spec", "template"],
};

const IGNORED = new Set(["exec", "attach", "binding", "eviction", "log", "portforward", "proxy", "status"]);

const PRIVILEGED: LevelVersion = { level: "privileged", version: "latest" };

/** What PodSecurityConfiguration sets (pod-security.admission.config.k8s.io/v1). */
export interface PodSecuritySettings {
  defaults: Policy;
  exemptions: {
    readonly namespaces: readonly string[];
    readonly usernames: readonly string[];
    readonly runtimeClasses: readonly string[];
  };
}

/** Nothing is asked of a namespace without labels, and nobody is exempt. */
export const POD_SECURITY_SETTINGS: PodSecuritySettings = {
  defaults: { enforce: PRIVILEGED, audit: PRIVILEGED, warn: PRIVILEGED },
  exemptions: { namespaces: [], usernames: [], runtimeClasses: [] },
};

/** Pods must keep to their namespace's Pod Security Standard (plugin/pkg/admission/security/podsecurity). */
export function podSecurityWith(settings: PodSecuritySettings): AdmissionPlugin {
  return {
    name: "PodSecurity",
    validate(attributes) {
      const { operation, def } = attributes;
      if (operation !== "CREATE" && operation !== "UPDATE") return;
      const { group, resource } = def.resource;
      if (group === "") {
        if (resource === "pods") return judgePod(attributes, settings);
        if (resource === "namespaces") return judgeNamespace(attributes, settings);
      }
      const path = TEMPLATES[`${group}/${resource}`];
      if (path) judgeTemplate(attributes, path, settings);
    },
  };
}

export const podSecurity = podSecurityWith(POD_SECURITY_SETTINGS);

function judgePod(attributes: Attributes, settings: PodSecuritySettings): void {
  const { object, old, subresource } = attributes;
  if (IGNORED.has(subresource)) return;
  if (isExempt(attributes, settings, object.spec)) return;
  const policy = policyOf(attributes, settings);
  if (policy === undefined) annotateAudit(attributes, `${PREFIX}enforce-policy`, "privileged:latest");
  if (policy === undefined || (old !== undefined && !significant(object, old))) return;
  judge(attributes, policy, object.spec, object.metadata.annotations, true);
}

function judgeTemplate(attributes: Attributes, path: readonly string[], settings: PodSecuritySettings): void {
  if (attributes.subresource !== "") return;
  const policy = policyOf(attributes, settings);
  if (policy === undefined || (policy.warn.level === "privileged" && policy.audit.level === "privileged")) return;
  let template: Draft = attributes.object;
  for (const step of path) template = template?.[step];
  if (!template?.spec || isExempt(attributes, settings, template.spec)) return;
  judge(attributes, policy, template.spec, template.metadata?.annotations, false);
}

function isExempt(attributes: Attributes, { exemptions }: PodSecuritySettings, spec: Draft): boolean {
  const { context, namespace } = attributes;
  const { namespaces, usernames, runtimeClasses } = exemptions;
  let by: string | undefined;
  if (namespaces.includes(namespace)) by = "namespace";
  else if (usernames.includes(context.user.name)) by = "user";
  else if (runtimeClasses.includes(spec.runtimeClassName)) by = "runtimeClass";
  if (by !== undefined) annotateAudit(attributes, `${PREFIX}exempt`, by);
  return by !== undefined;
}

function judge(
  attributes: Attributes,
  { enforce, audit, warn }: Policy,
  spec: Draft,
  annotations: Record<string, string> | undefined,
  enforced: boolean,
): void {
  if (enforced) annotateAudit(attributes, `${PREFIX}enforce-policy`, `${enforce.level}:${enforce.version}`);
  const audited = evaluate(audit, spec, annotations);
  if (audited.length > 0) annotateAudit(attributes, `${PREFIX}audit-violations`, wouldViolate(audit, audited));
  if (enforced) {
    const found = evaluate(enforce, spec, annotations);
    if (found.length > 0) throw refuse(attributes, `violates PodSecurity ${named(enforce)}: ${details(found)}`);
  }
  const found = evaluate(warn, spec, annotations);
  if (found.length > 0) attributes.context.warnings.push(wouldViolate(warn, found));
}

const wouldViolate = (policy: LevelVersion, found: readonly Violation[]) =>
  `would violate PodSecurity ${named(policy)}: ${details(found)}`;

function evaluate(
  { level, version }: LevelVersion,
  spec: Draft,
  annotations: Record<string, string> = {},
): Violation[] {
  const minor = version === "latest" ? LATEST_MINOR : Math.min(Number(version.slice(3)), LATEST_MINOR);
  return violations(level, minor, spec, annotations);
}

const named = ({ level, version }: LevelVersion) => JSON.stringify(`${level}:${version}`);
const details = (found: readonly Violation[]) =>
  found.map(({ reason, detail }) => (detail === "" ? reason : `${reason} (${detail})`)).join(", ");

/** What of a running Pod may change and matters: images, and annotations of profiles. */
function significant(object: Draft, old: KubeObject): boolean {
  for (const list of ["containers", "initContainers", "ephemeralContainers"]) {
    const [now = [], before = []] = [object.spec[list], old["spec"]?.[list]];
    if (now.length !== before.length) return true;
    for (let i = 0; i < now.length; i++) {
      if (now[i].image !== before[i].image) return true;
      if (list === "ephemeralContainers" && !deepEqual(now[i], before[i])) return true;
    }
  }
  const relevant = (annotations: Record<string, string> = {}) =>
    Object.entries(annotations).filter(
      ([key]) =>
        key.startsWith("container.apparmor.security.beta.kubernetes.io/") ||
        key.startsWith("container.seccomp.security.alpha.kubernetes.io/") ||
        key === "seccomp.security.alpha.kubernetes.io/pod",
    );
  return JSON.stringify(relevant(object.metadata.annotations)) !== JSON.stringify(relevant(old.metadata.annotations));
}

function policyOf({ context, namespace }: Attributes, { defaults }: PodSecuritySettings): Policy | undefined {
  const labels = context.registry.cacheOf("", "v1", "namespaces")?.get("", namespace)?.metadata.labels;
  if (labels && hasPolicy(labels)) return readPolicy(labels, defaults).policy;
  return defaults === POD_SECURITY_SETTINGS.defaults ? undefined : defaults;
}

const known = new WeakMap<object, boolean>();

function hasPolicy(labels: Readonly<Record<string, string>>): boolean {
  let has = known.get(labels);
  if (has === undefined) {
    has = Object.keys(labels).some((key) => key.startsWith(PREFIX));
    known.set(labels, has);
  }
  return has;
}

/** The policy that a namespace's labels ask for, and what is wrong with them (api/helpers.go PolicyToEvaluate). */
function readPolicy(
  labels: Readonly<Record<string, string>>,
  defaults: Policy,
): { policy: Policy; causes: StatusCause[] } {
  const causes: StatusCause[] = [];
  const complain = (label: string, why: string) =>
    causes.push(invalidField(`metadata.labels[${label}]`, labels[label], why));
  const policy: Policy = {
    enforce: { ...defaults.enforce },
    audit: { ...defaults.audit },
    warn: { ...defaults.warn },
  };
  for (const mode of ["enforce", "audit", "warn"] as const) {
    const level = labels[PREFIX + mode];
    if (level !== undefined) {
      const good = LEVELS.includes(level as Level);
      // What cannot be read is enforced strictly, and neither audited nor warned of.
      policy[mode].level = good ? (level as Level) : mode === "enforce" ? "restricted" : "privileged";
      if (!good) complain(PREFIX + mode, `must be one of ${LEVELS.join(", ")}`);
    }
    const label = `${PREFIX}${mode}-version`;
    const version = labels[label];
    if (version !== undefined) {
      const good = version === "latest" || /^v1\.(\d|[1-9]\d+)$/.test(version);
      policy[mode].version = good ? version : "latest";
      if (!good) complain(label, 'must be "latest" or "v1.x"');
    }
  }
  const enforce = labels[`${PREFIX}enforce`];
  if (labels[`${PREFIX}warn`] === undefined && LEVELS.indexOf(enforce as Level) > LEVELS.indexOf(policy.warn.level)) {
    policy.warn.level = policy.enforce.level;
    if (labels[`${PREFIX}warn-version`] === undefined) policy.warn.version = policy.enforce.version;
  }
  return { policy, causes };
}

function judgeNamespace(attributes: Attributes, { defaults, exemptions }: PodSecuritySettings): void {
  const { object, old, subresource, operation, context, def } = attributes;
  if (subresource !== "") return;
  const labels: Record<string, string> = object.metadata.labels ?? {};
  if (!Object.keys(labels).some((key) => key.startsWith(PREFIX))) return;
  const { policy, causes } = readPolicy(labels, defaults);
  const before = old && readPolicy(old.metadata.labels ?? {}, defaults);
  const changed = before === undefined || !deepEqual(before.causes, causes);
  const { group, kind } = def.resource;
  if (causes.length > 0 && changed) throw invalid(group, kind, object.metadata.name ?? "", causes);
  const exempt = exemptions.namespaces.includes(object.metadata.name);
  if (exempt && operation === "CREATE") warnOfExemption(attributes, labels, policy, defaults);
  if (operation === "CREATE" || before === undefined) return;
  const { enforce } = policy;
  const was = before.policy.enforce;
  if (deepEqual(enforce, was) || enforce.level === "privileged") return;
  if (enforce.version === was.version && LEVELS.indexOf(enforce.level) <= LEVELS.indexOf(was.level)) return;
  if (exempt) warnOfExemption(attributes, labels, policy, defaults);
  else context.warnings.push(...existing(attributes, enforce));
}

function warnOfExemption(
  { context, object }: Attributes,
  labels: Record<string, string>,
  policy: Policy,
  defaults: Policy,
): void {
  const modes = ["enforce", "audit", "warn"] as const;
  if (modes.every((mode) => policy[mode].level === "privileged") || deepEqual(policy, defaults)) return;
  const asked = modes
    .filter((mode) => labels[PREFIX + mode] !== undefined || labels[`${PREFIX}${mode}-version`] !== undefined)
    .filter((mode) => policy[mode].level !== "privileged")
    .map((mode) => `${mode}=${policy[mode].level}:${policy[mode].version}`);
  const name = JSON.stringify(object.metadata.name);
  const why = `the policy (${asked.join(", ")}) will be ignored`;
  context.warnings.push(`namespace ${name} is exempt from Pod Security, and ${why}`);
}

/** Pods that are there already and break the new level, those with the same faults in one line. */
function existing({ context, object }: Attributes, enforce: LevelVersion): string[] {
  const name: string = object.metadata.name;
  const pods = context.registry.cacheOf("", "v1", "pods")?.inNamespace(name) ?? [];
  const faults = new Map<string, string[]>();
  for (const pod of firstOfEachOwner(pods).slice(0, MAX_PODS)) {
    const found = evaluate(enforce, pod["spec"], pod.metadata.annotations);
    if (found.length === 0) continue;
    const reason = found.map((one) => one.reason).join(", ");
    faults.set(reason, [...(faults.get(reason) ?? []), pod.metadata.name]);
  }
  if (faults.size === 0) return [];
  const lines = [...faults].map(([reason, names]) => {
    const others = names.length - 1;
    const more = others === 0 ? "" : ` (and ${others} other ${others === 1 ? "pod" : "pods"})`;
    return `${names.sort()[0]}${more}: ${reason}`;
  });
  return [
    `existing pods in namespace ${JSON.stringify(name)} violate the new PodSecurity enforce level ${named(enforce)}`,
    ...lines.sort(),
  ];
}

/** Pods of one owner are alike: each owner's first goes before the rest. */
function firstOfEachOwner(pods: readonly KubeObject[]): KubeObject[] {
  const seen = new Set<string>();
  const first: KubeObject[] = [];
  const rest: KubeObject[] = [];
  for (const pod of pods) {
    const owner = pod.metadata.ownerReferences?.find(({ controller }) => controller)?.uid;
    if (owner !== undefined && seen.has(owner)) rest.push(pod);
    else first.push(pod);
    if (owner !== undefined) seen.add(owner);
  }
  return [...first, ...rest];
}
