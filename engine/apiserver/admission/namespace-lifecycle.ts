import { notFound } from "../../api/status.ts";
import { forbidden } from "../errors.ts";
import type { AdmissionPlugin } from "./admission.ts";

const IMMORTAL = new Set(["default", "kube-system", "kube-public"]);

/**
 * Nothing is created in a namespace that is missing or going away, and the system's own namespaces stay
 * (apiserver pkg/admission/plugin/namespace/lifecycle).
 */
export const namespaceLifecycle: AdmissionPlugin = {
  name: "NamespaceLifecycle",
  mutate({ context, def, operation, namespace, name }) {
    const { group, resource } = def.resource;
    const isNamespace = group === "" && resource === "namespaces";
    if (operation === "DELETE" && isNamespace && IMMORTAL.has(name)) {
      throw forbidden(group, resource, name, "this namespace may not be deleted");
    }
    if (isNamespace || !def.resource.namespaced || operation !== "CREATE") return;
    // An access review may ask about a namespace that does not exist.
    if (group === "authorization.k8s.io") return;
    const found = context.registry.cacheOf("", "v1", "namespaces")?.get("", namespace);
    if (found === undefined) throw notFound("", "namespaces", namespace);
    if (found["status"]?.phase !== "Terminating") return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    const error = forbidden(group, resource, name, why);
    error.status.details!.causes = [
      {
        reason: "NamespaceTerminating",
        message: `namespace ${namespace} is being terminated`,
        field: "metadata.namespace",
      },
    ];
    throw error;
  },
};
