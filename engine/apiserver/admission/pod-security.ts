import type { Draft } from "../../api/kind.ts";
import type { StatusCause } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import { invalid as invalidField } from "../../api/validation/field.ts";
import { deepEqual } from "../../api/validation/value.ts";
import { invalid } from "../errors.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { type Level, type Violation, violations } from "./pod-security-checks.ts";
import { refuse } from "./refuse.ts";

const PREFIX = "pod-security.kubernetes.io/";
const LEVELS: readonly Level[] = ["privileged", "baseline", "restricted"];
/** Newest version whose rules are known. */
const LATEST_MINOR = 32;
/** Most Pods that a new level is tried on. */
const MAX_PODS = 3000;

interface LevelVersion {
  level: Level;
  /** `latest` or `v1.25`. */
  version: string;
}

interface Policy {
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

/** Pods must keep to their namespace's Pod Security Standard (plugin/pkg/admission/security/podsecurity). */
export const podSecurity: AdmissionPlugin = {
  name: "PodSecurity",
  validate(attributes) {
    const { operation, def } = attributes;
    if (operation !== "CREATE" && operation !== "UPDATE") return;
    const { group, resource } = def.resource;
    if (group === "") {
      if (resource === "pods") return judgePod(attributes);
      if (resource === "namespaces") return judgeNamespace(attributes);
    }
    const path = TEMPLATES[`${group}/${resource}`];
    if (path) judgeTemplate(attributes, path);
  },
};

function judgePod(attributes: Attributes): void {
  const { object, old, subresource } = attributes;
  if (IGNORED.has(subresource)) return;
  const policy = policyOf(attributes);
  if (policy === undefined || (old !== undefined && !significant(object, old))) return;
  judge(attributes, policy, object.spec, object.metadata.annotations, true);
}

function judgeTemplate(attributes: Attributes, path: readonly string[]): void {
  if (attributes.subresource !== "") return;
  const policy = policyOf(attributes);
  if (policy === undefined || (policy.warn.level === "privileged" && policy.audit.level === "privileged")) return;
  let template: Draft = attributes.object;
  for (const step of path) template = template?.[step];
  if (template?.spec) judge(attributes, policy, template.spec, template.metadata?.annotations, false);
}

function judge(
  attributes: Attributes,
  { enforce, warn }: Policy,
  spec: Draft,
  annotations: Record<string, string> | undefined,
  enforced: boolean,
): void {
  if (enforced) {
    const found = evaluate(enforce, spec, annotations);
    if (found.length > 0) throw refuse(attributes, `violates PodSecurity ${named(enforce)}: ${details(found)}`);
  }
  const found = evaluate(warn, spec, annotations);
  if (found.length > 0) {
    attributes.context.warnings.push(`would violate PodSecurity ${named(warn)}: ${details(found)}`);
  }
}

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

function policyOf({ context, namespace }: Attributes): Policy | undefined {
  const labels = context.registry.cacheOf("", "v1", "namespaces")?.get("", namespace)?.metadata.labels;
  return labels && hasPolicy(labels) ? readPolicy(labels).policy : undefined;
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
function readPolicy(labels: Readonly<Record<string, string>>): { policy: Policy; causes: StatusCause[] } {
  const causes: StatusCause[] = [];
  const complain = (label: string, why: string) =>
    causes.push(invalidField(`metadata.labels[${label}]`, labels[label], why));
  const policy: Policy = {
    enforce: { level: "privileged", version: "latest" },
    audit: { level: "privileged", version: "latest" },
    warn: { level: "privileged", version: "latest" },
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
  if (labels[`${PREFIX}warn`] === undefined && LEVELS.indexOf(enforce as Level) > 0) {
    policy.warn.level = policy.enforce.level;
    if (labels[`${PREFIX}warn-version`] === undefined) policy.warn.version = policy.enforce.version;
  }
  return { policy, causes };
}

function judgeNamespace(attributes: Attributes): void {
  const { object, old, subresource, operation, context, def } = attributes;
  if (subresource !== "") return;
  const labels: Record<string, string> = object.metadata.labels ?? {};
  if (!Object.keys(labels).some((key) => key.startsWith(PREFIX))) return;
  const { policy, causes } = readPolicy(labels);
  const before = old && readPolicy(old.metadata.labels ?? {});
  const changed = before === undefined || !deepEqual(before.causes, causes);
  const { group, kind } = def.resource;
  if (causes.length > 0 && changed) throw invalid(group, kind, object.metadata.name ?? "", causes);
  if (operation === "CREATE" || before === undefined) return;
  const { enforce } = policy;
  const was = before.policy.enforce;
  if (deepEqual(enforce, was) || enforce.level === "privileged") return;
  if (enforce.version === was.version && LEVELS.indexOf(enforce.level) <= LEVELS.indexOf(was.level)) return;
  context.warnings.push(...existing(attributes, enforce));
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
