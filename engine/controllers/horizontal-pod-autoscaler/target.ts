import { type ApiClient, resourcePath } from "../../api/client.ts";
import { DEPLOYMENTS, REPLICA_SETS, REPLICATION_CONTROLLERS, STATEFUL_SETS } from "../../api/resources.ts";
import { StatusError } from "../../api/status.ts";
import type { KubeObject, Resource } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";

/** What scaleTargetRef names, through its `/scale`. */
export interface ScaleTarget {
  resource: Resource;
  scale: KubeObject;
}

const KNOWN = [DEPLOYMENTS, STATEFUL_SETS, REPLICA_SETS, REPLICATION_CONTROLLERS];

/** Reads the scale of a target; why not, in the words of the failure (horizontal.go scaleForResourceMappings). */
export function* scaleTarget(
  client: ApiClient,
  namespace: string,
  { apiVersion = "", kind, name }: { apiVersion?: string; kind: string; name: string },
): Gen<ScaleTarget | string> {
  const slash = apiVersion.indexOf("/");
  const group = slash < 0 ? "" : apiVersion.slice(0, slash);
  const known = KNOWN.find((one) => one.kind === kind && one.group === group);
  try {
    const resource = known ?? (yield* discovered(client, group, apiVersion.slice(slash + 1), kind));
    if (resource === undefined) {
      return group === ""
        ? `no matches for kind "${kind}" in group ""`
        : `no matches for kind "${kind}" in group "${group}"`;
    }
    return { resource, scale: yield* client.get(resource, namespace, name, "scale") };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return error.message;
  }
}

/** A kind of a custom resource, asked of the server. */
function* discovered(client: ApiClient, group: string, version: string, kind: string): Gen<Resource | undefined> {
  if (group === "") return undefined;
  let list: { resources: { name: string; kind: string; namespaced: boolean }[] };
  try {
    list = (yield* client.object("GET", `/apis/${group}/${version}`)) as typeof list;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return undefined;
  }
  const found = list.resources.find((one) => one.kind === kind && !one.name.includes("/"));
  return found && { group, version, resource: found.name, kind, namespaced: found.namespaced };
}

/** Asks for another number of replicas. Throws StatusError. */
export function* rescale(client: ApiClient, namespace: string, target: ScaleTarget, replicas: number): Gen {
  const { scale, resource } = target;
  const path = resourcePath(resource, namespace, scale.metadata.name, "scale");
  yield* client.object("PUT", path, { ...scale, spec: { ...scale["spec"], replicas } });
}
