import type { ApiClient } from "../../api/client.ts";
import { klog } from "../../api/klog.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { wholeUnits } from "../../api/quantity.ts";
import { CONFIG_MAPS, DEPLOYMENTS, NODES, REPLICA_SETS, REPLICATION_CONTROLLERS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import {
  fail,
  flagsOf,
  healthPages,
  listening,
  logger,
  untilTerminated,
  verbosityOf,
} from "../../control-plane/daemon.ts";
import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import { isNetError } from "../../network/index.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { type ClusterSize, type Scaling, scalingOf } from "./params.ts";

const NAME = "cluster-proportional-autoscaler";
const KINDS = new Map([
  ["deployment", DEPLOYMENTS],
  ["replicaset", REPLICA_SETS],
  ["replicationcontroller", REPLICATION_CONTROLLERS],
]);

type ConfigMap = KubeObject & { data?: Record<string, string> };

/** What went wrong in a round, in the words of its log line. */
class Failed extends Error {}

/**
 * kubernetes-sigs/cluster-proportional-autoscaler: every ten seconds as many replicas of its targets as a ConfigMap says
 * for so many nodes and cores (pkg/autoscaler/autoscaler_server.go).
 */
class Autoscaler {
  private readonly p: Process;
  private readonly client: ApiClient;
  private readonly flags: ReadonlyMap<string, string>;
  private readonly verbosity: number;
  private readonly write: (line: string) => void;
  private scaling: Scaling | undefined;
  private mode = "";
  private version = "";

  constructor(p: Process, client: ApiClient, flags: ReadonlyMap<string, string>) {
    this.p = p;
    this.client = client;
    this.flags = flags;
    this.verbosity = verbosityOf(flags);
    this.write = logger(p);
  }

  say(severity: "I" | "E", source: string, text: string, verbosity = 0): void {
    if (verbosity <= this.verbosity) this.write(klog(this.p.machine.kernel, 1, severity, source, text));
  }

  private get namespace(): string {
    return this.flags.get("namespace") || (this.p.env.get("MY_POD_NAMESPACE") ?? "");
  }

  *run(): Gen {
    const { flags, namespace } = this;
    this.say("I", "autoscaler.go:49", `Scaling Namespace: ${namespace}, Target: ${flags.get("target")}`);
    for (;;) {
      yield* this.poll();
      yield* sleep(Number(flags.get("poll-period-seconds") ?? 10) * SECOND);
    }
  }

  private *poll(): Gen {
    try {
      const size = yield* this.size();
      const map = yield* this.configMap();
      if (this.scaling === undefined || map.metadata.resourceVersion !== this.version) this.ensure(map);
      const replicas = this.scaling!.replicas(size);
      for (const target of (this.flags.get("target") ?? "").split(","))
        yield* this.update(target.trim(), replicas, size);
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error) && !(error instanceof Failed)) throw error;
      this.say(
        "E",
        "autoscaler_server.go:154",
        error instanceof Failed ? error.message : `Update failure: ${error.message}`,
      );
    }
  }

  private *size(): Gen<ClusterSize> {
    const labelSelector = this.flags.get("nodelabels");
    const { items } = yield* this.client.list(NODES, labelSelector ? { labelSelector } : {});
    const ready = ({ spec, status }: Record<string, any>) =>
      !spec?.unschedulable &&
      status?.conditions?.some(({ type, status }: Record<string, string>) => type === "Ready" && status === "True");
    const cores = (nodes: readonly KubeObject[]) =>
      nodes.reduce((sum, node) => sum + wholeUnits(node["status"]?.allocatable?.cpu ?? "0"), 0);
    const schedulable = items.filter(ready);
    return {
      nodes: items.length,
      cores: cores(items),
      schedulableNodes: schedulable.length,
      schedulableCores: cores(schedulable),
    };
  }

  private *configMap(): Gen<ConfigMap> {
    const { client, namespace, flags } = this;
    const name = flags.get("configmap") ?? "";
    try {
      return yield* client.get<ConfigMap>(CONFIG_MAPS, namespace, name);
    } catch (error) {
      const given = flags.get("default-params");
      if (given === undefined || !isStatus(error, "NotFound")) throw error;
      const said = `ConfigMap not found: ${(error as Error).message}, will create one with default params`;
      this.say("I", "autoscaler_server.go:169", said);
      const params = Object.entries(JSON.parse(given) as Record<string, object>);
      const data = Object.fromEntries(params.map(([mode, value]) => [mode, JSON.stringify(sorted(value))]));
      const made = yield* client.create<ConfigMap>(CONFIG_MAPS, {
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name, namespace },
        data,
      });
      this.say("I", "k8sclient.go:173", `Created ConfigMap ${name} in namespace ${namespace}`);
      return made;
    }
  }

  private ensure({ data = {}, metadata }: ConfigMap): void {
    const modes = Object.entries(data);
    const [[mode, text] = ["", ""]] = modes;
    if (modes.length !== 1) {
      const shown = modes.map(([key, value]) => `${key}:${value}`).sort();
      throw new Failed(
        `Error ensuring controller: invalid configMap format, expected only one entry, got: map[${shown.join(" ")}]`,
      );
    }
    if (mode !== this.mode) this.say("I", "plugin.go:50", `Set control mode to ${mode}`, 1);
    const change = `ConfigMap version change (old: ${this.version} new: ${metadata.resourceVersion})`;
    if (mode === "ladder") this.say("I", "ladder_controller.go:72", `Detected ${change} - rebuilding lookup entries`);
    else this.say("I", "linear_controller.go:60", `${change} - rebuilding params`);
    this.say("I", "linear_controller.go:61", `Params from apiserver: \n${text}`, 2);
    const scaling = scalingOf(mode, text);
    if (typeof scaling === "string") throw new Failed(`Error ensuring controller: ${scaling}`);
    this.scaling = scaling;
    this.mode = mode;
    this.version = metadata.resourceVersion;
  }

  private *update(target: string, replicas: number, size: ClusterSize): Gen {
    const { client, namespace } = this;
    const [kind = "", name = ""] = target.split("/");
    const resource = KINDS.get(kind.toLowerCase().replace(/s$/, ""));
    if (resource === undefined) throw new Failed(`Update failure: unsupported target kind: ${kind}`);
    const scale = yield* client.get<KubeObject>(resource, namespace, name, "scale");
    const before: number = scale["spec"]?.replicas ?? 0;
    if (before === replicas) return;
    const { nodes, cores, schedulableNodes, schedulableCores } = size;
    const counts = `SchedulableNodes[${schedulableNodes}], TotalNodes[${nodes}], SchedulableCores[${schedulableCores}], TotalCores[${cores}]`;
    this.say("I", "k8sclient.go:312", `Cluster status: ${counts}`);
    const change = `updating ${kind}/${name} from ${before} to ${replicas}`;
    this.say("I", "k8sclient.go:318", `Replicas are not as expected : ${change}`);
    const next = { ...scale, spec: { ...scale["spec"], replicas } };
    yield* client.update(resource, next, "scale");
  }
}

/** As Go writes a map: by key. */
function sorted(value: object): object {
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const program: Program = function* (p) {
  const flags = flagsOf(p);
  const client = inClusterClient(p, `${NAME}/v0.0.0 (linux/amd64) kubernetes/$Format`);
  if (client === undefined) {
    logger(p)(
      "unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined",
    );
    fail(1);
  }
  const autoscaler = new Autoscaler(p, client, flags);
  const { kernel } = p.machine;
  const task = kernel.spawn(NAME, autoscaler.run(), { instant: false });
  const health = { protocol: "tcp" as const, address: "0.0.0.0", port: 8080, ...healthPages("/healthz", "/last-poll") };
  try {
    yield* listening(p, [health], untilTerminated(p));
  } finally {
    kernel.kill(task);
  }
  return 0;
};

export const proportionalPrograms: Readonly<Record<string, Program>> = { [NAME]: program };

/** What scales DNS with the cluster. */
export const proportionalImage: ImageDef = {
  names: [
    "registry.k8s.io/cpa/cluster-proportional-autoscaler",
    "registry.k8s.io/cluster-proportional-autoscaler-amd64",
  ],
  tags: /^v?1\.\d{1,2}\.\d{1,2}$/,
  sizeBytes: 15_300_000,
  rootfs: () => rootfs(SKELETON, { [NAME]: { program: NAME } }),
  entrypoint: [`/${NAME}`],
  cmd: [],
  env: () => ({ PATH: DEFAULT_PATH }),
};
