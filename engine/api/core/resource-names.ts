import type { StatusCause } from "../status.ts";
import { invalidText } from "../validation/field.ts";
import { qualifiedName } from "../validation/names.ts";

/** Names of resources: what they may be where (pkg/apis/core/helper, pkg/apis/core/validation). */

const STANDARD_RESOURCES = new Set(["cpu", "memory", "ephemeral-storage"]);

/** Every name of a resource without a domain that means something somewhere (pkg/apis/core/helper standardResources). */
const KNOWN_RESOURCES = new Set([
  ...["cpu", "memory", "ephemeral-storage", "storage", "pods", "services", "replicationcontrollers", "resourcequotas"],
  ...["secrets", "configmaps", "persistentvolumeclaims", "services.nodeports", "services.loadbalancers"],
  ...["requests.cpu", "requests.memory", "requests.ephemeral-storage", "requests.storage"],
  ...["limits.cpu", "limits.memory", "limits.ephemeral-storage"],
]);

/** validateResourceName: Go prints such a name without quotes. */
export function resourceName(name: string, path: string): StatusCause[] {
  const wrong = qualifiedName(name);
  if (wrong.length > 0) return wrong.map((detail) => invalidText(path, name, detail));
  if (name.includes("/") || KNOWN_RESOURCES.has(name) || /^(requests\.)?hugepages-/.test(name)) return [];
  return [invalidText(path, name, "must be a standard resource type or fully qualified")];
}

/** Of what a container may ask for. */
export function containerResourceName(name: string, path: string): StatusCause[] {
  const causes = resourceName(name, path);
  const standard = STANDARD_RESOURCES.has(name) || name.startsWith("hugepages-");
  if (!name.includes("/")) {
    if (!standard) causes.push(invalidText(path, name, "must be a standard resource for containers"));
  } else if (!name.includes("kubernetes.io/") && qualifiedName(`requests.${name}`).length > 0)
    causes.push(invalidText(path, name, "doesn't follow extended resource name standard"));
  return causes;
}

/** A resource that nodes may promise more of than they have: everything of Kubernetes' own but huge pages. */
export function overcommitAllowed(name: string): boolean {
  const native = !name.includes("/") || name.includes("kubernetes.io/");
  return native && !name.startsWith("hugepages-");
}
