import { resourcePath } from "../api/client.ts";
import { keyOf } from "../api/informer.ts";
import { matchesSelector } from "../api/label-selector.ts";
import { CLUSTER_ROLES } from "../api/resources.ts";
import type { KubeObject } from "../api/types.ts";
import { deepEqual } from "../api/validation/value.ts";
import type { ControllerContext } from "./context.ts";

const MANAGER = "clusterrole-aggregation-controller";
const APPLY = { "content-type": "application/apply-patch+yaml" };

/** Gathers the rules of labelled ClusterRoles into those with an aggregationRule (pkg/controller/clusterroleaggregation). */
export function startClusterRoleAggregation(context: ControllerContext): void {
  const { informers, client } = context;
  const queue = context.queue({
    name: "clusterrole-aggregation",
    *reconcile(key) {
      const role = informers.get(CLUSTER_ROLES, key);
      if (role?.["aggregationRule"] === undefined) return;
      const rules = gathered(role, [...informers.list(CLUSTER_ROLES)]);
      if (deepEqual(rules, role["rules"] ?? [])) return;
      const { name } = role.metadata;
      const path = `${resourcePath(CLUSTER_ROLES, undefined, name)}?fieldManager=${MANAGER}&force=true`;
      const body = {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: { name },
        ...(rules.length > 0 && { rules }),
      };
      yield* client.object("PATCH", path, body, APPLY);
    },
  });
  informers.handle(CLUSTER_ROLES, ({ object, old }) => {
    if (old && old["rules"] === object["rules"] && old.metadata.labels === object.metadata.labels) return;
    for (const role of informers.list(CLUSTER_ROLES)) if (role["aggregationRule"]) queue.add(keyOf(role));
  });
}

/** The rules of all roles that a selector finds, by selector and name, each once. */
function gathered(role: KubeObject, roles: readonly KubeObject[]): object[] {
  const rules: object[] = [];
  const sorted = roles
    .filter(({ metadata }) => metadata.name !== role.metadata.name)
    .sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
  for (const selector of role["aggregationRule"].clusterRoleSelectors ?? [])
    for (const one of sorted) {
      if (!matchesSelector(selector, one.metadata.labels)) continue;
      for (const rule of (one["rules"] ?? []) as readonly object[])
        if (!rules.some((known) => deepEqual(known, rule))) rules.push(rule);
    }
  return rules;
}
