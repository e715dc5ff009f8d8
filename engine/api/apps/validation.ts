import { address } from "../core/go-struct.ts";
import { validateTemplate } from "../core/pod-validation.ts";
import { validateTemplateMeta } from "../core/template-meta.ts";
import type { Draft } from "../kind.ts";
import { type LabelSelector, matchLabelSelector, validateLabelSelector } from "../selector.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import {
  forbidden,
  invalid,
  invalidText,
  nonNegative,
  notSupported,
  notSupportedText,
  required,
} from "../validation/field.ts";
import { percent } from "../validation/names.ts";
import { goLabelSelector, goLabels, semanticEqual } from "../validation/value.ts";

/** Workloads (pkg/apis/apps/validation/validation.go), in upstream's order and words. */

/** `kind` as the message has it: `deployment`, `daemonset`, `statefulset`. */
export function validateSelector(selector: LabelSelector | undefined | null, kind: string): StatusCause[] {
  const path = "spec.selector";
  if (!selector) return [required(path, "")];
  const causes = validateLabelSelector(selector, path);
  const count = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions?.length ?? 0);
  if (count === 0) {
    causes.push(invalidText(path, goLabelSelector(selector as never), `empty selector is invalid for ${kind}`));
  }
  return causes;
}

/** The template of a workload whose Pods run for ever. */
export function validateWorkloadTemplate(
  spec: Draft,
  selector: LabelSelector | undefined | null,
  owner = "ReplicaSet",
): StatusCause[] {
  const path = "spec.template";
  const template = spec.template;
  const causes: StatusCause[] = [];
  const labels = template?.metadata?.labels;
  // A map of labels is taken as it stands.
  if (selector && owner !== "ReplicationController" && validateLabelSelector(selector, "").length > 0) {
    const detail = owner === "StatefulSet" ? "" : "invalid label selector";
    return [invalidText("spec.selector", goLabelSelector(selector as never), detail)];
  }
  // No selector picks nothing, an empty one everything.
  if (!selector || !matchLabelSelector(selector, labels)) {
    causes.push(
      invalidText(
        `${path}.metadata.labels`,
        goLabels(template?.metadata),
        "`selector` does not match template `labels`",
      ),
    );
  }
  causes.push(...(owner === "StatefulSet" ? validateTemplateMeta : validateTemplate)(template ?? {}, path));
  const policy = template?.spec?.restartPolicy;
  if (policy !== "Always") causes.push(notSupported(`${path}.spec.restartPolicy`, policy ?? "", ["Always"]));
  if (template?.spec?.activeDeadlineSeconds !== undefined) {
    causes.push(forbidden(`${path}.spec.activeDeadlineSeconds`, `activeDeadlineSeconds in ${owner} is not Supported`));
  }
  return causes;
}

/** ValidateImmutableField of a selector. */
export function immutableSelector(object: KubeObject, old: KubeObject): StatusCause[] {
  if (semanticEqual(object["spec"]?.selector, old["spec"]?.selector)) return [];
  return [invalidText("spec.selector", goLabelSelector(object["spec"]?.selector), "field is immutable")];
}

/** A count or a percentage that is not negative. */
export function validateIntOrPercent(value: number | string | undefined, path: string): StatusCause[] {
  if (typeof value === "number") return nonNegative(value, path);
  if (typeof value !== "string") return [];
  return percent(value).map((detail) => invalidText(path, goIntOrString(value), detail));
}

export function atMostAll(value: number | string | undefined, path: string): StatusCause[] {
  if (typeof value !== "string" || percent(value).length > 0 || Number(value.slice(0, -1)) <= 100) return [];
  return [invalidText(path, goIntOrString(value), "must not be greater than 100%")];
}

/** What is no percentage comes to nothing. */
export const isZeroAmount = (value: number | string | undefined): boolean =>
  value === 0 || (typeof value === "string" && (percent(value).length > 0 || Number(value.slice(0, -1)) === 0));

export function validateDeployment(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes = nonNegative(spec.replicas, "spec.replicas");
  causes.push(...validateSelector(spec.selector, "deployment"));
  causes.push(...validateWorkloadTemplate(spec, spec.selector));
  causes.push(...validateStrategy(spec.strategy ?? {}));
  causes.push(...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  causes.push(...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"));
  const deadline = spec.progressDeadlineSeconds;
  causes.push(...nonNegative(deadline, "spec.progressDeadlineSeconds"));
  if (deadline !== undefined && deadline <= (spec.minReadySeconds ?? 0)) {
    causes.push(invalid("spec.progressDeadlineSeconds", deadline, "must be greater than minReadySeconds"));
  }
  return causes;
}

function validateStrategy(strategy: Draft): StatusCause[] {
  const path = "spec.strategy";
  if (strategy.type === "Recreate") {
    if (!strategy.rollingUpdate) return [];
    return [forbidden(`${path}.rollingUpdate`, "may not be specified when strategy `type` is 'Recreate'")];
  }
  if (strategy.type !== "RollingUpdate") {
    const shown = `apps.DeploymentStrategy{Type:${JSON.stringify(strategy.type ?? "")}, RollingUpdate:(*apps.RollingUpdateDeployment)(${address(strategy.rollingUpdate)})}`;
    return [notSupportedText(path, shown, ["Recreate", "RollingUpdate"])];
  }
  const { maxUnavailable, maxSurge } = strategy.rollingUpdate ?? {};
  const at = `${path}.rollingUpdate`;
  if (!strategy.rollingUpdate) return [required(at, "this should be defaulted and never be nil")];
  const causes = validateIntOrPercent(maxUnavailable, `${at}.maxUnavailable`);
  causes.push(...validateIntOrPercent(maxSurge, `${at}.maxSurge`));
  if (isZeroAmount(maxUnavailable) && isZeroAmount(maxSurge)) {
    causes.push(
      invalidText(`${at}.maxUnavailable`, goIntOrString(maxUnavailable), "may not be 0 when `maxSurge` is 0"),
    );
  }
  causes.push(...atMostAll(maxUnavailable, `${at}.maxUnavailable`));
  return causes;
}

/** `%#v` of an intstr.IntOrString. */
export function goIntOrString(value: number | string | undefined): string {
  return typeof value === "string"
    ? `intstr.IntOrString{Type:1, IntVal:0, StrVal:${JSON.stringify(value)}}`
    : `intstr.IntOrString{Type:0, IntVal:${value ?? 0}, StrVal:""}`;
}

/** ValidateReplicationControllerSpec: its selector is a map. */
export function validateReplicationController(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes = nonNegative(spec.minReadySeconds, "spec.minReadySeconds");
  const selector: Record<string, string> = spec.selector ?? {};
  if (Object.keys(selector).length === 0) causes.push(required("spec.selector", ""));
  causes.push(...nonNegative(spec.replicas, "spec.replicas"));
  if (!spec.template) return [...causes, required("spec.template", "")];
  return [...causes, ...validateWorkloadTemplate(spec, { matchLabels: selector }, "ReplicationController")];
}

export function validateReplicaSet(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes = nonNegative(spec.replicas, "spec.replicas");
  causes.push(...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  causes.push(...validateSelector(spec.selector, "deployment"));
  causes.push(...validateWorkloadTemplate(spec, spec.selector));
  return causes;
}

export function validateDaemonSet(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes = validateLabelSelector(spec.selector, "spec.selector");
  const labels = spec.template?.metadata?.labels;
  if (causes.length === 0 && (!spec.selector || !matchLabelSelector(spec.selector, labels))) {
    causes.push(
      invalidText(
        "spec.template.metadata.labels",
        goLabels(spec.template?.metadata),
        "`selector` does not match template `labels`",
      ),
    );
  }
  const selectorSize =
    Object.keys(spec.selector?.matchLabels ?? {}).length + (spec.selector?.matchExpressions?.length ?? 0);
  if (spec.selector && selectorSize === 0) {
    causes.push(
      invalidText("spec.selector", goLabelSelector(spec.selector), "empty selector is invalid for daemonset"),
    );
  }
  causes.push(...validateTemplate(spec.template ?? {}, "spec.template"));
  const policy = spec.template?.spec?.restartPolicy;
  if (policy !== "Always") causes.push(notSupported("spec.template.spec.restartPolicy", policy ?? "", ["Always"]));
  if (spec.template?.spec?.activeDeadlineSeconds !== undefined) {
    causes.push(
      forbidden("spec.template.spec.activeDeadlineSeconds", "activeDeadlineSeconds in DaemonSet is not Supported"),
    );
  }
  causes.push(...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  const strategy = spec.updateStrategy ?? {};
  if (!["RollingUpdate", "OnDelete"].includes(strategy.type)) {
    const shown = `apps.DaemonSetUpdateStrategy{Type:${JSON.stringify(strategy.type ?? "")}, RollingUpdate:(*apps.RollingUpdateDaemonSet)(${address(strategy.rollingUpdate)})}`;
    causes.push(notSupportedText("spec.updateStrategy", shown, ["RollingUpdate", "OnDelete"]));
  }
  if (strategy.type === "RollingUpdate") causes.push(...validateDaemonRolling(strategy.rollingUpdate));
  causes.push(...nonNegative(spec.revisionHistoryLimit, "spec.revisionHistoryLimit"));
  return causes;
}

/** validateRollingUpdateDaemonSet: a Pod more on a node, or one less, not both. */
function validateDaemonRolling(rolling: Draft | undefined): StatusCause[] {
  const path = "spec.updateStrategy.rollingUpdate";
  if (!rolling) return [required(path, "")];
  const { maxUnavailable, maxSurge } = rolling;
  const causes = [
    ...validateIntOrPercent(maxUnavailable, `${path}.maxUnavailable`),
    ...validateIntOrPercent(maxSurge, `${path}.maxSurge`),
    ...atMostAll(maxUnavailable, `${path}.maxUnavailable`),
    ...atMostAll(maxSurge, `${path}.maxSurge`),
  ];
  const [less, more] = [!isZeroAmount(maxUnavailable ?? 0), !isZeroAmount(maxSurge ?? 0)];
  if (less && more) {
    causes.push(
      invalidText(`${path}.maxSurge`, goIntOrString(maxSurge), "may not be set when maxUnavailable is non-zero"),
    );
  } else if (!less && !more) causes.push(required(`${path}.maxUnavailable`, "cannot be 0 when maxSurge is 0"));
  return causes;
}

/** ValidateStatefulSetSpec. The Pod's own specification is looked at when Pods are made: a mount may name a claim template. */
export function validateStatefulSet(object: KubeObject): StatusCause[] {
  const spec = object["spec"] ?? {};
  const causes: StatusCause[] = [];
  const policy = spec.podManagementPolicy ?? "";
  if (policy === "") causes.push(required("spec.podManagementPolicy", ""));
  else if (policy !== "OrderedReady" && policy !== "Parallel") {
    causes.push(invalid("spec.podManagementPolicy", policy, "must be 'OrderedReady' or 'Parallel'"));
  }
  causes.push(...validateStatefulStrategy(spec.updateStrategy ?? {}));
  const retention = spec.persistentVolumeClaimRetentionPolicy;
  for (const when of retention ? ["whenDeleted", "whenScaled"] : []) {
    if (retention[when] === "Retain" || retention[when] === "Delete") continue;
    const path = `spec.persistentVolumeClaimRetentionPolicy.${when}`;
    causes.push(notSupported(path, retention[when] ?? "", ["Retain", "Delete"]));
  }
  causes.push(...nonNegative(spec.replicas, "spec.replicas"));
  causes.push(...nonNegative(spec.minReadySeconds, "spec.minReadySeconds"));
  causes.push(...nonNegative(spec.ordinals?.start, "spec.ordinals.start"));
  causes.push(...validateSelector(spec.selector, "statefulset"));
  causes.push(...validateWorkloadTemplate(spec, spec.selector, "StatefulSet"));
  return causes;
}

function validateStatefulStrategy({ type = "", rollingUpdate }: Draft): StatusCause[] {
  const path = "spec.updateStrategy";
  switch (type) {
    case "":
      return [required(path, "")];
    case "OnDelete":
      if (!rollingUpdate) return [];
      return [
        invalidText(
          `${path}.rollingUpdate`,
          "apps.RollingUpdateStatefulSetStrategy{}",
          "only allowed for updateStrategy 'RollingUpdate'",
        ),
      ];
    case "RollingUpdate":
      return nonNegative(rollingUpdate?.partition, `${path}.rollingUpdate.partition`);
    default:
      return [
        invalidText(
          path,
          `apps.StatefulSetUpdateStrategy{Type:${JSON.stringify(type)}, RollingUpdate:(*apps.RollingUpdateStatefulSetStrategy)(${address(rollingUpdate)})}`,
          "must be 'RollingUpdate' or 'OnDelete'",
        ),
      ];
  }
}

const STATEFUL_FIXED =
  "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden";
const STATEFUL_FREE = [
  "replicas",
  "ordinals",
  "template",
  "updateStrategy",
  "persistentVolumeClaimRetentionPolicy",
  "minReadySeconds",
];

/** ValidateStatefulSetUpdate. */
export function validateStatefulSetUpdate(object: KubeObject, old: KubeObject): StatusCause[] {
  const fixed = (spec: Draft) =>
    Object.fromEntries(Object.entries(spec ?? {}).filter(([name]) => !STATEFUL_FREE.includes(name)));
  return semanticEqual(fixed(object["spec"]), fixed(old["spec"])) ? [] : [forbidden("spec", STATEFUL_FIXED)];
}

/** Pods of a Job may end: anything but Always. */
export function validateJobTemplate(template: Draft | undefined, path: string): StatusCause[] {
  const causes = validateTemplate(template ?? {}, path);
  const policy = template?.spec?.restartPolicy;
  if (policy !== "OnFailure" && policy !== "Never") {
    const cause = notSupported(`${path}.spec.restartPolicy`, policy ?? "", ["OnFailure", "Never"]);
    causes.push(
      policy === "Always"
        ? { ...cause, reason: "FieldValueRequired", message: 'Required value: valid values: "OnFailure", "Never"' }
        : cause,
    );
  }
  return causes;
}
