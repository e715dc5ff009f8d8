/** Nodes and cores of a cluster: all, and those that Pods may be placed on. */
export interface ClusterSize {
  readonly nodes: number;
  readonly cores: number;
  readonly schedulableNodes: number;
  readonly schedulableCores: number;
}

/** A way of scaling as its ConfigMap says. */
export interface Scaling {
  replicas(size: ClusterSize): number;
}

type Params = Record<string, unknown>;

/**
 * The scaling of a mode's parameters, in JSON; a text says what is wrong with them
 * (pkg/autoscaler/controller/linearcontroller, laddercontroller).
 */
export function scalingOf(mode: string, text: string): Scaling | string {
  if (mode !== "linear" && mode !== "ladder") return `not a supported control mode: ${mode}`;
  const wrong = (why: string) => `Error syncing configMap with controller: error parsing ${mode} params: ${why}`;
  let params: Params;
  try {
    params = JSON.parse(text) as Params;
  } catch (error) {
    return wrong(`could not parse parameters (${(error as Error).message})`);
  }
  const found = mode === "linear" ? linear(params) : ladder(params);
  return typeof found === "string" ? wrong(found) : found;
}

function linear(params: Params): Scaling | string {
  const number = (name: string) => Number(params[name] ?? 0);
  const [perCore, perNode, max] = [number("coresPerReplica"), number("nodesPerReplica"), number("max")];
  const given = number("min");
  if (given < 0) return `invalid negative value for min: ${given}`;
  const min = given || 1;
  if (max !== 0 && max < min) {
    return `max replicas count ${max} should be greater than / equal to min replicas count ${min}`;
  }
  if (perCore === 0 && perNode === 0) {
    return "should at least provide either CoresPerReplica or NodesPerReplica (Greater than 0)";
  }
  if (perCore < 0) return `invalid negative value for coresPerReplica: ${perCore}`;
  if (perNode < 0) return `invalid negative value for nodesPerReplica: ${perNode}`;
  const replicas = (count: number, per: number) => {
    if (per === 0) return 1;
    const wanted = Math.ceil(count / per);
    return Math.max(min, max === 0 ? wanted : Math.min(max, wanted));
  };
  return {
    replicas(size) {
      const all = params["includeUnschedulableNodes"] === true;
      const nodes = all ? size.nodes : size.schedulableNodes;
      const cores = all ? size.cores : size.schedulableCores;
      const safe = params["preventSinglePointFailure"] === true && nodes > 1 ? 2 : 0;
      return Math.max(replicas(cores, perCore), replicas(nodes, perNode), safe);
    },
  };
}

type Step = readonly [from: number, replicas: number];

function ladder(params: Params): Scaling | string {
  const steps = (name: string) => [...((params[name] ?? []) as Step[])].sort(([a], [b]) => a - b);
  const [cores, nodes] = [steps("coresToReplicas"), steps("nodesToReplicas")];
  for (const [map, entries] of [
    ["cores", cores],
    ["nodes", nodes],
  ] as const) {
    const bad = entries.find(([from, to]) => from < 0 || to < 0);
    if (bad) return `invalid negative values in entry [${bad.join(" ")}] in ${map}_to_replicas_map`;
  }
  const at = (count: number, entries: readonly Step[]) =>
    (entries.findLast(([from]) => from <= count) ?? entries[0])?.[1] ?? 0;
  return {
    replicas(size) {
      const all = params["includeUnschedulableNodes"] === true;
      return Math.max(
        at(all ? size.cores : size.schedulableCores, cores),
        at(all ? size.nodes : size.schedulableNodes, nodes),
      );
    },
  };
}
