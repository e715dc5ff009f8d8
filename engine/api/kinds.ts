import { configMap } from "./core/configmap.ts";
import { event } from "./core/event.ts";
import { namespace } from "./core/namespace.ts";
import { node } from "./core/node.ts";
import { pod } from "./core/pod.ts";
import { secret } from "./core/secret.ts";
import { serviceAccount } from "./core/serviceaccount.ts";
import type { KindDef } from "./kind.ts";

/** Every built-in kind, in discovery's order within its group. One file a kind; a new kind is one line here. */
export const KINDS: readonly KindDef[] = [configMap, event, namespace, node, pod, secret, serviceAccount];

const byResource = new Map(KINDS.map((k) => [`${k.resource.group}/${k.resource.version}/${k.resource.resource}`, k]));
const byKind = new Map(KINDS.map((k) => [`${k.resource.group}/${k.resource.version}/${k.resource.kind}`, k]));

/** The built-in kind behind a path's group, version and plural. */
export function kindByResource(group: string, version: string, resource: string): KindDef | undefined {
  return byResource.get(`${group}/${version}/${resource}`);
}

/** The built-in kind of an object's `apiVersion` and `kind`. */
export function kindByGvk(apiVersion: string, kind: string): KindDef | undefined {
  return byKind.get(apiVersion.includes("/") ? `${apiVersion}/${kind}` : `/${apiVersion}/${kind}`);
}
