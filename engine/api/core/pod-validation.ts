import type { Draft } from "../kind.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { child, duplicate, forbidden, invalid, invalidEach, notSupported, required } from "../validation/field.ts";
import { validateKubeFinalizers, validateLabels, validateMeta } from "../validation/meta.ts";
import { dns1123Label, dns1123Subdomain, inRange, ipAddress, qualifiedName } from "../validation/names.ts";
import { UNTRIMMED, validateContainers, validateInitContainers, validateResources } from "./container-validation.ts";
import { validateEphemeral } from "./ephemeral-validation.ts";
import { validateAffinity, validateTolerations, validateTopologySpread } from "./placement-validation.ts";
import { validateHostProcess, validatePodContext, validateSystem } from "./security-validation.ts";
import { validateDeletionCost, validateTemplateMeta } from "./template-meta.ts";
import { validateVolumes } from "./volume-validation.ts";

/** Pods and pod templates (pkg/apis/core/validation/validation.go), in upstream's order and words. */

const RESTART_POLICIES = ["Always", "OnFailure", "Never"];
const DNS_POLICIES = ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"];
const MAX_INT32 = 2 ** 31 - 1;

/** ValidatePodCreate. */
export function validateNewPod(pod: KubeObject): StatusCause[] {
  const causes = validatePod(pod);
  const spec = pod["spec"] ?? {};
  if (spec.ephemeralContainers?.length > 0) {
    causes.push(forbidden("spec.ephemeralContainers", "cannot be set on create"));
  }
  if (spec.nodeName && spec.schedulingGates?.length > 0) {
    causes.push(forbidden("spec.nodeName", "cannot be set until all schedulingGates have been cleared"));
  }
  return causes;
}

export function validatePodMeta(pod: KubeObject): StatusCause[] {
  const { annotations } = pod.metadata;
  return [
    ...validateMeta(pod, true, dns1123Subdomain),
    ...validateKubeFinalizers(pod),
    ...validateDeletionCost(annotations, "metadata.annotations"),
  ];
}

/** What holds for a Pod at any time (validatePodMetadataAndSpec). */
export function validatePod(pod: KubeObject): StatusCause[] {
  const causes = validatePodMeta(pod);
  causes.push(...validatePodSpec(pod["spec"] ?? {}, "spec"));
  if (!pod["spec"]?.serviceAccountName) {
    (pod["spec"]?.volumes ?? []).forEach((volume: Draft, i: number) => {
      (volume.projected?.sources ?? []).forEach((source: Draft, j: number) => {
        if (!source.serviceAccountToken) return;
        causes.push(
          forbidden(
            `spec.volumes[${i}].projected.sources[${j}].serviceAccountToken`,
            "must not be specified when serviceAccountName is not set",
          ),
        );
      });
    });
  }
  for (const field of ["containers", "initContainers"]) {
    (pod["spec"]?.[field] ?? []).forEach(({ image = "" }: Draft, i: number) => {
      if (image.trim() === image) return;
      causes.push(invalid(`spec.${field}[${i}].image`, image, UNTRIMMED));
    });
  }
  return causes;
}

export function validatePodSpec(spec: Draft, path: string): StatusCause[] {
  const at = (name: string) => child(path, name);
  const causes: StatusCause[] = [];
  const { good, causes: volumeCauses } = validateVolumes(spec.volumes ?? [], at("volumes"));
  causes.push(...volumeCauses);
  const containers: Draft[] = spec.containers ?? [];
  const grace: number | undefined = spec.terminationGracePeriodSeconds;
  causes.push(...validateContainers(containers, good, at("containers"), grace));
  causes.push(...validateInitContainers(spec.initContainers ?? [], containers, good, at("initContainers"), grace));
  causes.push(...validateEphemeral(spec, good, at("ephemeralContainers")));
  causes.push(...validateHostNetwork(spec, at("containers")));
  causes.push(...oneOf(spec.restartPolicy, RESTART_POLICIES, at("restartPolicy")));
  causes.push(...oneOf(spec.dnsPolicy, DNS_POLICIES, at("dnsPolicy")));
  causes.push(...validateLabels(spec.nodeSelector, at("nodeSelector")));
  causes.push(...validatePodContext(spec, at("securityContext")));
  causes.push(...validateAffinity(spec.affinity, at("affinity")));
  causes.push(...validateDnsConfig(spec, at("dnsConfig")));
  (spec.readinessGates ?? []).forEach((gate: Draft, i: number) => {
    const field = `${at("readinessGates")}[${i}].conditionType`;
    causes.push(...invalidEach(field, gate.conditionType, qualifiedName(gate.conditionType ?? "")));
  });
  causes.push(...validateSchedulingGates(spec.schedulingGates ?? [], at("schedulingGates")));
  causes.push(...validateTopologySpread(spec.topologySpreadConstraints ?? [], at("topologySpreadConstraints")));
  causes.push(...validateHostProcess(spec, path));
  for (const field of ["serviceAccountName", "nodeName"]) {
    if (spec[field]) causes.push(...invalidEach(at(field), spec[field], dns1123Subdomain(spec[field])));
  }
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > MAX_INT32)) {
    causes.push(invalid(at("activeDeadlineSeconds"), deadline, inRange(1, MAX_INT32)));
  }
  for (const field of ["hostname", "subdomain"]) {
    if (spec[field]) causes.push(...invalidEach(at(field), spec[field], dns1123Label(spec[field])));
  }
  causes.push(...validateTolerations(spec.tolerations ?? [], at("tolerations")));
  for (const [i, alias] of (spec.hostAliases ?? []).entries()) {
    const path = `${at("hostAliases")}[${i}]`;
    causes.push(...invalidEach(`${path}.ip`, alias.ip ?? "", ipAddress(alias.ip ?? "")));
    for (const [j, name] of (alias.hostnames ?? []).entries())
      causes.push(...invalidEach(`${path}.hostnames[${j}]`, name, dns1123Subdomain(name)));
  }
  for (const field of ["priorityClassName", "runtimeClassName"]) {
    if (spec[field]) causes.push(...invalidEach(at(field), spec[field], dns1123Subdomain(spec[field])));
  }
  if (spec.preemptionPolicy) {
    causes.push(...oneOf(spec.preemptionPolicy, ["Never", "PreemptLowerPriority"], at("preemptionPolicy")));
  }
  if (spec.overhead) causes.push(...validateResources({ limits: spec.overhead }, at("overhead")));
  causes.push(...validateSystem(spec, path));
  return causes;
}

function oneOf(value: string | undefined, values: readonly string[], path: string): StatusCause[] {
  if (!value) return [required(path, "")];
  return values.includes(value) ? [] : [notSupported(path, value, values)];
}

/** With the host's network a host port is the container's own. */
function validateHostNetwork(spec: Draft, path: string): StatusCause[] {
  if (!spec.hostNetwork) return [];
  const causes: StatusCause[] = [];
  (spec.containers ?? []).forEach((container: Draft, i: number) => {
    (container.ports ?? []).forEach((port: Draft, j: number) => {
      // A template may leave it open: it is filled in when Pods are made. (A Pod has it by its defaults.)
      if (port.hostPort && port.hostPort !== port.containerPort) {
        const why = "must match `containerPort` when `hostNetwork` is true";
        causes.push(invalid(`${path}[${i}].ports[${j}].hostPort`, port.hostPort, why));
      }
    });
  });
  return causes;
}

const MAX_SEARCHES = 32;
const MAX_SEARCH_LIST = 2048;

function validateDnsConfig(spec: Draft, path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const { dnsConfig } = spec;
  const alone = spec.dnsPolicy === "None";
  if (alone && !dnsConfig) return [required(path, "must provide `dnsConfig` when `dnsPolicy` is None")];
  const servers: string[] = dnsConfig?.nameservers ?? [];
  if (alone && servers.length === 0) {
    return [required(`${path}.nameservers`, "must provide at least one DNS nameserver when `dnsPolicy` is None")];
  }
  if (servers.length > 3) causes.push(invalid(`${path}.nameservers`, servers, "must not have more than 3 nameservers"));
  servers.forEach((server, i) => {
    causes.push(...invalidEach(`${path}.nameservers[${i}]`, server, ipAddress(server)));
  });
  const searches: string[] = dnsConfig?.searches ?? [];
  const at = `${path}.searches`;
  if (searches.length > MAX_SEARCHES) {
    causes.push(invalid(at, searches, `must not have more than ${MAX_SEARCHES} search paths`));
  }
  if (searches.join(" ").length > MAX_SEARCH_LIST) {
    const why = `must not have more than ${MAX_SEARCH_LIST} characters (including spaces) in the search list`;
    causes.push(invalid(at, searches, why));
  }
  searches.forEach((search, i) => {
    const domain = search.replace(/\.$/, "");
    causes.push(...invalidEach(`${at}[${i}]`, domain, dns1123Subdomain(domain)));
  });
  (dnsConfig?.options ?? []).forEach((option: Draft, i: number) => {
    if (!option.name) causes.push(required(`${path}.options[${i}]`, "must not be empty"));
  });
  return causes;
}

function validateSchedulingGates(gates: Draft[], path: string): StatusCause[] {
  const causes: StatusCause[] = [];
  const seen = new Set<string>();
  gates.forEach((gate, i) => {
    causes.push(...invalidEach(`${path}[${i}]`, gate.name ?? "", qualifiedName(gate.name ?? "")));
    if (seen.has(gate.name)) causes.push(duplicate(`${path}[${i}]`, gate.name));
    seen.add(gate.name);
  });
  return causes;
}

/** ValidatePodTemplateSpec. */
export function validateTemplate(template: Draft, path: string): StatusCause[] {
  const spec = child(path, "spec");
  const causes = [...validateTemplateMeta(template, path), ...validatePodSpec(template.spec ?? {}, spec)];
  if (template.spec?.ephemeralContainers?.length > 0) {
    causes.push(forbidden(`${spec}.ephemeralContainers`, "ephemeral containers not allowed in pod template"));
  }
  return causes;
}
