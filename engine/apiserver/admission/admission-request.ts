import type { Draft } from "../../api/kind.ts";
import { groupVersion } from "../decode.ts";
import type { Attributes } from "./admission.ts";

/** admission.k8s.io/v1 AdmissionRequest: what webhooks are sent and expressions see as `request`. */
export function admissionRequest(attributes: Attributes, uid: string): Draft {
  const { context, def, operation, namespace, name, subresource, object, dryRun } = attributes;
  const { group, version, resource, kind } = def.resource;
  const { name: username, groups, uid: userId, extra } = context.user as Draft;
  const gvk = { group, version, kind };
  const gvr = { group, version, resource };
  return {
    uid,
    kind: gvk,
    resource: gvr,
    ...(subresource && { subResource: subresource }),
    requestKind: gvk,
    requestResource: gvr,
    ...(subresource && { requestSubResource: subresource }),
    ...(nameOf(name, object) && { name: nameOf(name, object) }),
    ...(namespace && { namespace }),
    operation,
    userInfo: { username, ...(userId && { uid: userId }), groups, ...(extra && { extra }) },
    dryRun,
    options: { kind: OPTIONS[operation], apiVersion: groupVersion("meta.k8s.io", "v1") },
  };
}

const OPTIONS = { CREATE: "CreateOptions", UPDATE: "UpdateOptions", DELETE: "DeleteOptions", CONNECT: "" } as const;

function nameOf(name: string, object: Draft | undefined): string {
  return name || object?.metadata?.name || "";
}
