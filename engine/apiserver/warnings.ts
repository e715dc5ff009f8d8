import type { Draft, KindDef } from "../api/kind.ts";
import { dns1123Label } from "../api/validation/names.ts";

/** Where a kind keeps its Pod template; "" for a Pod itself. */
const TEMPLATES: Readonly<Record<string, readonly string[]>> = {
  "/pods": [],
  "/replicationcontrollers": ["spec", "template"],
  "apps/daemonsets": ["spec", "template"],
  "apps/deployments": ["spec", "template"],
  "apps/replicasets": ["spec", "template"],
  "apps/statefulsets": ["spec", "template"],
  "batch/jobs": ["spec", "template"],
  "batch/cronjobs": ["spec", "jobTemplate", "spec", "template"],
};

const NODE_LABELS: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
};

/** What a valid object may still be warned of (pkg/api/pod/warnings.go), as `Warning` headers. */
export function warningsOf(def: KindDef, object: Draft): string[] {
  const way = TEMPLATES[`${def.resource.group}/${def.resource.resource}`];
  if (way === undefined) return [];
  let template: Draft = object;
  for (const part of way) template = template?.[part];
  if (!template?.spec) return [];
  const path = way.length === 0 ? "" : `${way.join(".")}.`;
  const warnings: string[] = [];
  if (way.length === 0) warnings.push(...hostname(object.metadata.name));
  for (const label of Object.keys(template.spec.nodeSelector ?? {})) {
    const why = NODE_LABELS[label];
    if (why) warnings.push(`${path}spec.nodeSelector[${label}]: ${why}`);
  }
  for (const [i, volume] of (template.spec.volumes ?? []).entries()) {
    if (volume.gitRepo) warnings.push(`${path}spec.volumes[${i}].gitRepo: deprecated in v1.11`);
  }
  for (const list of ["initContainers", "containers"]) {
    for (const [i, container] of (template.spec[list] ?? []).entries()) {
      warnings.push(...hiddenEnv(container, `${path}spec.${list}[${i}]`));
    }
  }
  if (template.spec.terminationGracePeriodSeconds < 0) {
    warnings.push(
      `${path}spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`,
    );
  }
  return warnings;
}

function hostname(name: string | undefined): string[] {
  const errors = name ? dns1123Label(name) : [];
  if (errors.length === 0) return [];
  return [
    `metadata.name: this is used in the Pod's hostname, which can result in surprising behavior; a DNS label is recommended: [${errors.join(" ")}]`,
  ];
}

/** A variable that is set twice: clients that apply may lose the first. One that refers to itself means it. */
function hiddenEnv(container: Draft, path: string): string[] {
  const warnings: string[] = [];
  const seen = new Set<string>();
  for (const [i, { name, value }] of (container.env ?? []).entries()) {
    if (seen.has(name) && !value?.includes(`$(${name})`)) {
      warnings.push(`${path}.env[${i}]: hides previous definition of "${name}", which may be dropped when using apply`);
    }
    seen.add(name);
  }
  return warnings;
}
