import type { Draft, KindDef, Subresource } from "./kind.ts";
import { typeOf } from "./schema/types.ts";
import { zeroOf } from "./schema/zero.ts";
import type { StatusCause } from "./status.ts";
import type { KubeObject } from "./types.ts";
import {
  type NameCheck,
  validateGenerateName,
  validateKubeFinalizers,
  validateMeta,
  validateMetaUpdate,
} from "./validation/meta.ts";
import { dns1123Subdomain } from "./validation/names.ts";

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
    /** Complaints about a name; a DNS subdomain unless said otherwise. */
    nameCheck?: NameCheck;
    /** Field errors beyond metadata, for create and update. */
    validateBody?(object: KubeObject): StatusCause[];
    /** Field errors of a create beyond those. */
    validateBodyNew?(object: KubeObject): StatusCause[];
    /** Field errors of an update beyond those. */
    validateBodyUpdate?(object: KubeObject, old: KubeObject): StatusCause[];
    /** Where upstream's update says these before those, or does not judge the body again. */
    updateJudges?: "first" | "alone";
    /** Upstream's update does not judge the metadata as a create does once more: any generateName is taken. */
    metadataOnce?: true;
  };

/** Groups whose objects' metadata is judged as that of custom resources is. */
const GENERIC_META: ReadonlySet<string> = new Set([
  ...["admissionregistration.k8s.io", "apiextensions.k8s.io", "apiregistration.k8s.io"],
]);

/**
 * A KindDef from what differs between kinds: verbs are all of them, the singular is the kind in lower case, the etcd
 * prefix the plural; metadata is always validated; with `/status`, a create and an update leave the status alone, and
 * a status update everything else.
 */
export function define(brief: Brief): KindDef {
  const { group, version, kind, plural, namespaced, status, nameCheck, ...more } = brief;
  const { validateBody, validateBodyNew, validateBodyUpdate, updateJudges, metadataOnce, ...rest } = more;
  const subresources = [...(rest.subresources ?? [])];
  if (status) subresources.push(statusSubresource(kind, group, version));
  const finalizers = GENERIC_META.has(group) ? () => [] : validateKubeFinalizers;
  const validate = (object: KubeObject) => [
    ...validateMeta(object, namespaced, nameCheck ?? dns1123Subdomain),
    ...finalizers(object),
    ...(validateBody?.(object) ?? []),
    ...(validateBodyNew?.(object) ?? []),
  ];
  const schema = schemaName(group, version, kind);
  const bodyOfUpdate = (object: KubeObject, old: KubeObject) => {
    const unchanged = updateJudges === "alone" || (rest.specApart && object["spec"] === old["spec"]);
    const body = unchanged ? [] : (validateBody?.(object) ?? []);
    const update = validateBodyUpdate?.(object, old) ?? [];
    return updateJudges === "first" ? [...update, ...body] : [...body, ...update];
  };
  return {
    resource: { group, version, resource: plural, kind, namespaced },
    singular: kind.toLowerCase(),
    shortNames: [],
    categories: [],
    etcdPrefix: plural,
    verbs: ALL_VERBS,
    schema,
    validate,
    validateUpdate: (object, old) => [
      ...validateMetaUpdate(object, old),
      ...finalizers(object),
      ...(metadataOnce ? [] : validateGenerateName(object.metadata, nameCheck ?? dns1123Subdomain)),
      ...bodyOfUpdate(object, old),
    ],
    ...(status && {
      prepareForCreate: dropStatus(schema),
      prepareForUpdate: keepStatus,
      prepareForStatusUpdate: keepAllButStatus,
    }),
    ...rest,
    subresources,
  };
}

/** Clients may not set a status at creation: what stands there is the zero value of its type. */
export function dropStatus(schema: string): (draft: Draft) => void {
  return (draft) => {
    if (draft.status === undefined) return;
    const field = typeOf(schema)?.fields.get("status");
    draft.status = field ? (zeroOf(field) ?? {}) : {};
  };
}

/** An update of the object keeps the status there was. */
export function keepStatus(draft: Draft, old: KubeObject): void {
  if (old["status"] === undefined) delete draft.status;
  else draft.status = old["status"];
}

/** An update of the status keeps everything else there was but metadata. */
export function keepAllButStatus(draft: Draft, old: KubeObject): void {
  for (const field of new Set([...Object.keys(draft), ...Object.keys(old)])) {
    if (field === "status" || field === "metadata" || field === "kind" || field === "apiVersion") continue;
    if (old[field] === undefined) delete draft[field];
    else draft[field] = old[field];
  }
}

/** `io.k8s.api.apps.v1.Deployment`: the name under which OpenAPI documents know a built-in type. */
export function schemaName(group: string, version: string, kind: string): string {
  if (group === "apiextensions.k8s.io")
    return `io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.${version}.${kind}`;
  if (group === "apiregistration.k8s.io") return `io.k8s.kube-aggregator.pkg.apis.apiregistration.${version}.${kind}`;
  const dir = group === "" ? "core" : group.split(".")[0];
  return `io.k8s.api.${dir}.${version}.${kind}`;
}
