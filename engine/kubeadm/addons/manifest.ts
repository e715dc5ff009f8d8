/** The small objects that add-ons are made of. */
import type { KubeObject } from "../../api/types.ts";

/** An object as a manifest has it. */
export type Manifest = Omit<KubeObject, "metadata"> & {
  metadata: { name: string; namespace?: string; [field: string]: unknown };
};

/** Namespace of the cluster's own parts. */
export const SYSTEM = "kube-system";

export function configMap(name: string, namespace: string, data: Record<string, string>): Manifest {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name, namespace }, data };
}

export function serviceAccount(name: string, namespace = SYSTEM): Manifest {
  return { apiVersion: "v1", kind: "ServiceAccount", metadata: { name, namespace } };
}

export function rbac(kind: string, name: string, rest: object, namespace?: string): Manifest {
  return {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind,
    metadata: { name, ...(namespace ? { namespace } : {}) },
    ...rest,
  };
}

export const subject = {
  group: (name: string) => ({ apiGroup: "rbac.authorization.k8s.io", kind: "Group", name }),
  account: (name: string, namespace = SYSTEM) => ({ kind: "ServiceAccount", name, namespace }),
};

export const role = (name: string, kind = "ClusterRole") => ({ apiGroup: "rbac.authorization.k8s.io", kind, name });
