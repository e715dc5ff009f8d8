import type { KindDef, Subresource } from "./kind.ts";

/** What every stored kind answers, in discovery's order. */
export const ALL_VERBS = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"] as const;
/** Verbs of `/status` and of `/scale`. */
export const STATUS_VERBS = ["get", "patch", "update"] as const;

/** `/status` of a kind: the object itself. */
export function statusSubresource(kind: string, group: string, version: string): Subresource {
  return { name: "status", kind, group, version, verbs: STATUS_VERBS };
}

/** `/scale` of a workload. */
export const SCALE: Subresource = {
  name: "scale",
  kind: "Scale",
  group: "autoscaling",
  version: "v1",
  verbs: STATUS_VERBS,
};

type Brief = Pick<KindDef, "columns" | "cells"> &
  Partial<KindDef> & {
    group: string;
    version: string;
    kind: string;
    plural: string;
    namespaced: boolean;
    /** With `/status`. */
    status?: boolean;
  };

/**
 * A KindDef from what differs between kinds: verbs are all of them, the singular is the kind in lower case, the etcd
 * prefix the plural.
 */
export function define(brief: Brief): KindDef {
  const { group, version, kind, plural, namespaced, status, ...rest } = brief;
  const subresources = [...(rest.subresources ?? [])];
  if (status) subresources.push(statusSubresource(kind, group, version));
  return {
    resource: { group, version, resource: plural, kind, namespaced },
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    etcdPrefix: plural,
    verbs: ALL_VERBS,
    schema: schemaName(group, version, kind),
    ...rest,
    subresources,
  };
}

/** `io.k8s.api.apps.v1.Deployment`: the name under which OpenAPI documents know a built-in type. */
export function schemaName(group: string, version: string, kind: string): string {
  if (group === "apiextensions.k8s.io")
    return `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.${version}.${kind}`;
  if (group === "apiregistration.k8s.io") return `io.k8s.kube-aggregator.pkg.apis.apiregistration.${version}.${kind}`;
  const dir = group === "" ? "core" : group.split(".")[0];
  return `io.k8s.api.${dir}.${version}.${kind}`;
}
