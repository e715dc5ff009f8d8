import type { KubeObject } from "../../api/types.ts";
import { nodeOf } from "../authorization/node.ts";
import type { AdmissionPlugin, Attributes } from "./admission.ts";
import { MIRROR_ANNOTATION, refuse } from "./refuse.ts";

/** A kubelet changes its own Node and the Pods on it, nothing else (plugin/pkg/admission/noderestriction). */
export const nodeRestriction: AdmissionPlugin = {
  name: "NodeRestriction",
  validate(attributes) {
    const node = nodeOf(attributes.context.user);
    if (node === undefined || attributes.def.resource.group !== "") return;
    const { resource } = attributes.def.resource;
    if (resource === "pods") pods(node, attributes);
    else if (resource === "nodes") nodes(node, attributes);
  },
};

function pods(node: string, attributes: Attributes): void {
  const { operation, subresource, object, old } = attributes;
  const itself = (pod: KubeObject | undefined) => pod?.["spec"]?.nodeName === node;
  if (operation === "CREATE" && subresource === "") {
    if (!object.metadata.annotations?.[MIRROR_ANNOTATION]) {
      throw refuse(
        attributes,
        `pod does not have "${MIRROR_ANNOTATION}" annotation, node "${node}" can only create mirror pods`,
      );
    }
    if (!itself(object)) {
      throw refuse(attributes, `node "${node}" can only create pods with spec.nodeName set to itself`);
    }
    return;
  }
  if (operation === "DELETE" && !itself(old)) {
    throw refuse(attributes, `node "${node}" can only delete pods with spec.nodeName set to itself`);
  }
  if (operation === "UPDATE" && subresource === "status" && !itself(old)) {
    throw refuse(attributes, `node "${node}" can only update pod status for pods with spec.nodeName set to itself`);
  }
}

function nodes(node: string, attributes: Attributes): void {
  const { operation, object, old, name } = attributes;
  const target = name || object?.metadata.name;
  if (target !== node) throw refuse(attributes, `node "${node}" is not allowed to modify node "${target}"`);
  if (operation === "DELETE") throw refuse(attributes, `node "${node}" is not allowed to delete node "${target}"`);
  if (operation !== "UPDATE" || old === undefined) return;
  const before = JSON.stringify(old["spec"]?.taints ?? []);
  if (JSON.stringify(object.spec?.taints ?? []) !== before) {
    throw refuse(attributes, `is not allowed to modify taints`);
  }
}
