import type { KubeObject } from "../../api/types.ts";
import { CLUSTER_ROLES } from "../bootstrap/cluster-roles.ts";
import type { Registry } from "../registry.ts";
import type { AccessAttributes, Decision } from "./attributes.ts";
import { allows } from "./rbac.ts";

const NODES_GROUP = "system:nodes";
const PREFIX = "system:node:";
const NODE_RULES = CLUSTER_ROLES.find((role) => role.name === "system:node")!.rules!;

const yes: Decision = { allowed: true, reason: "" };
const no = (reason: string): Decision => ({ allowed: false, reason });

/** Name of the node that a user is; undefined for others. */
export function nodeOf(user: { name: string; groups: readonly string[] }): string | undefined {
  if (!user.name.startsWith(PREFIX) || !user.groups.includes(NODES_GROUP)) return undefined;
  return user.name.slice(PREFIX.length);
}

/**
 * Lets a kubelet at what its Pods need and at nothing else (plugin/pkg/auth/authorizer/node/node_authorizer.go).
 * Undefined: not a node, no opinion.
 */
export class NodeAuthorizer {
  private readonly registry: Registry;

  constructor(registry: Registry) {
    this.registry = registry;
  }

  authorize(attributes: AccessAttributes): Decision | undefined {
    const node = nodeOf(attributes.user);
    if (node === undefined) return undefined;
    const { isResource, group, resource, subresource, verb, name } = attributes;
    if (isResource && group === "") {
      if (resource === "secrets" || resource === "configmaps") {
        if (!["get", "list", "watch"].includes(verb)) return no("can only read resources of this type");
        return this.related(node, attributes, (pod) => references(pod, resource, name));
      }
      if (resource === "persistentvolumeclaims" && subresource === "") {
        if (verb !== "get") return no("can only get individual resources of this type");
        return this.related(node, attributes, (pod) => references(pod, resource, name));
      }
      if (resource === "serviceaccounts") {
        if (subresource !== "token" || verb !== "create") {
          return no("can only create tokens for individual service accounts");
        }
        return this.related(node, attributes, (pod) => pod["spec"]?.serviceAccountName === name);
      }
      if (resource === "pods") return this.pods(node, attributes);
      if (resource === "nodes") return nodes(node, attributes);
    }
    if (isResource && group === "coordination.k8s.io" && resource === "leases") return lease(node, attributes);
    if (isResource && group === "storage.k8s.io" && resource === "csinodes") {
      if (verb === "create" || name === node) return rules(attributes);
      return no("can only access CSINode with the same name as the requesting node");
    }
    return rules(attributes);
  }

  private pods(node: string, attributes: AccessAttributes): Decision {
    const { verb, namespace, name, fieldSelector = "", subresource } = attributes;
    if (subresource !== "") return rules(attributes);
    if (verb === "list" || verb === "watch") {
      const own = fieldSelector.split(",").some((term) => term === `spec.nodeName=${node}`);
      return own ? yes : no("can only list/watch pods with spec.nodeName field selector");
    }
    if (verb !== "get") return rules(attributes);
    const pod = this.registry.cacheOf("", "v1", "pods")?.get(namespace, name);
    return pod?.["spec"]?.nodeName === node ? yes : no(`no relationship found between node '${node}' and this object`);
  }

  private related(node: string, attributes: AccessAttributes, uses: (pod: KubeObject) => boolean): Decision {
    const { namespace, name } = attributes;
    if (name === "") return no("No Object name found");
    const pods = this.registry.cacheOf("", "v1", "pods")?.unordered(namespace) ?? [];
    for (const pod of pods) if (pod["spec"]?.nodeName === node && uses(pod)) return yes;
    return no(`no relationship found between node '${node}' and this object`);
  }
}

function rules(attributes: AccessAttributes): Decision {
  return NODE_RULES.some((rule) => allows(rule, attributes)) ? yes : no("");
}

function nodes(node: string, attributes: AccessAttributes): Decision {
  const { verb, name, subresource, fieldSelector = "" } = attributes;
  if (subresource === "" && (verb === "get" || verb === "list" || verb === "watch")) {
    const named = name || (/^metadata\.name=([^,]+)$/.exec(fieldSelector)?.[1] ?? "");
    if (named === node) return yes;
    const what = named === "" ? "all nodes" : `'${named}'`;
    return no(`node '${node}' cannot read ${what}, only its own Node object`);
  }
  return rules(attributes);
}

function lease(node: string, attributes: AccessAttributes): Decision {
  const { verb, namespace, name } = attributes;
  if (!["get", "create", "update", "patch", "delete"].includes(verb)) {
    return no("can only get, create, update, patch, or delete a node lease");
  }
  if (namespace !== "kube-node-lease") return no(`can only access leases in the "kube-node-lease" system namespace`);
  if (verb !== "create" && name !== node)
    return no("can only access node lease with the same name as the requesting node");
  return yes;
}

/** Whether a Pod names the object in its volumes, environment or pull secrets. */
function references(pod: KubeObject, resource: string, name: string): boolean {
  const spec = pod["spec"] ?? {};
  if (resource === "persistentvolumeclaims") {
    return (spec.volumes ?? []).some(
      (volume: Any) =>
        volume.persistentVolumeClaim?.claimName === name ||
        (volume.ephemeral && `${pod.metadata.name}-${volume.name}` === name),
    );
  }
  const secret = resource === "secrets";
  if (secret && (spec.imagePullSecrets ?? []).some((one: Any) => one.name === name)) return true;
  const source = (one: Any) => (secret ? one.secret?.secretName === name : one.configMap?.name === name);
  for (const volume of spec.volumes ?? []) {
    if (source(volume)) return true;
    for (const part of volume.projected?.sources ?? []) {
      if ((secret ? part.secret?.name : part.configMap?.name) === name) return true;
    }
  }
  for (const container of [...(spec.initContainers ?? []), ...(spec.containers ?? [])]) {
    for (const env of container.env ?? []) {
      const from = env.valueFrom;
      if ((secret ? from?.secretKeyRef?.name : from?.configMapKeyRef?.name) === name) return true;
    }
    for (const from of container.envFrom ?? []) {
      if ((secret ? from.secretRef?.name : from.configMapRef?.name) === name) return true;
    }
  }
  return false;
}

// biome-ignore lint/suspicious/noExplicitAny: parts of a Pod's spec
type Any = any;
