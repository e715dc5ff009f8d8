import type { ApiClient } from "../../api/client.ts";
import { EventRecorder } from "../../api/event-recorder.ts";
import { Informer, keyOf } from "../../api/informer.ts";
import { klog } from "../../api/klog.ts";
import { inClusterClient } from "../../api/kubeconfig.ts";
import { wholeUnits } from "../../api/quantity.ts";
import {
  CONFIG_MAPS,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  STORAGE_CLASSES,
} from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { storageClassOf } from "../../api/storage/access.ts";
import { BETA_PROVISIONER, PROVISIONED_BY, PROVISIONER, SELECTED_NODE } from "../../api/storage/annotations.ts";
import { formatTime } from "../../api/time.ts";
import type { KubeObject } from "../../api/types.ts";
import { fail, flagsOf, healthPages, listening, logger, untilTerminated } from "../../control-plane/daemon.ts";
import { type Gen, SECOND, sleep, type Task } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError } from "../../network/index.ts";
import { type LocalPathConfig, pathOnNode, readConfig, readHelper } from "./config.ts";
import { type HelperOptions, runHelper, type Volume } from "./helper.ts";

/** Annotation by which a volume tells its node. */
const NODE = "local.path.provisioner/selected-node";
const HOST = "kubernetes.io/hostname";
/** Tries of a claim or a volume (--provisioning-retry-count, --deletion-retry-count), and the pause between: 15 s doubling. */
const TRIES = 15;
const RETRY_FIRST = 15 * SECOND;
const RETRY_LAST = 1000 * SECOND;
const SINGLE = ["ReadWriteOnce", "ReadWriteOncePod"];

/**
 * rancher/local-path-provisioner: makes a directory on the node that the scheduler chose for each claim of its classes,
 * by a Pod that runs there, and removes it with the volume (provisioner.go; the loop around it is
 * sig-storage-lib-external-provisioner's controller.go).
 */
export const localPathProvisioner: Program = function* (p) {
  const flags = flagsOf(p);
  const say = speaker(p);
  const client = inClusterClient(p, "local-path-provisioner/v0.0.0 (linux/amd64) kubernetes/$Format");
  if (client === undefined) {
    say("fatal", "Error starting daemon: unable to get client config: invalid configuration: no configuration");
    fail(1);
  }
  const settings = { name: flags.get("provisioner-name") ?? "rancher.io/local-path", ...placeOf(p, flags) };
  let files: { config: LocalPathConfig; helper: KubeObject };
  try {
    files = yield* readFiles(p, client, settings);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    say("fatal", `Error starting daemon: ${error.message}`);
    fail(1);
  }
  const provisioner = new Provisioner(p, client, settings, files);
  provisioner.start();
  // Versions from 0.0.32 on have a health server; their manifest names its port.
  const port = Number(p.env.get("HEALTH_PORT") ?? 0);
  const health = { protocol: "tcp" as const, address: "0.0.0.0", port, ...healthPages("/health", "/ready") };
  try {
    yield* listening(p, port > 0 ? [health] : [], untilTerminated(p));
  } finally {
    provisioner.stop();
  }
  return 0;
};

/** Where the provisioner finds what it is told, and who its helpers are. */
interface Place {
  readonly namespace: string;
  readonly configMap: string;
  readonly configFile: string;
  readonly serviceAccount: string;
}

function placeOf(p: Process, flags: ReadonlyMap<string, string>): Place {
  // The command line has its values as words of their own: `--config /etc/config/config.json`.
  const given = (name: string): string | undefined => {
    const at = p.argv.indexOf(`--${name}`);
    return at >= 0 ? p.argv[at + 1] : flags.get(name);
  };
  return {
    namespace: given("namespace") ?? p.env.get("POD_NAMESPACE") ?? "local-path-storage",
    configMap: given("configmap-name") ?? p.env.get("CONFIGMAP_NAME") ?? "local-path-config",
    configFile: given("config") ?? "",
    serviceAccount:
      given("service-account-name") ?? p.env.get("SERVICE_ACCOUNT_NAME") ?? "local-path-provisioner-service-account",
  };
}

/** config.json from its file or the ConfigMap, and the helper Pod from the ConfigMap. Throws Errors. */
function* readFiles(
  p: Process,
  client: ApiClient,
  { namespace, configMap, configFile }: Place,
): Gen<{ config: LocalPathConfig; helper: KubeObject }> {
  const { data = {} } = yield* client.get<KubeObject>(CONFIG_MAPS, namespace, configMap);
  const of = (key: string): string => {
    if (data[key] === undefined) throw new Error(`${key} is not exist in local-path-config ConfigMap`);
    return data[key];
  };
  let text: string;
  try {
    text = configFile === "" ? of("config.json") : sys.readText(p, configFile);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Error(`invalid empty flag config: open ${configFile}: ${error.message}`);
  }
  return { config: readConfig(text), helper: readHelper(of("helperPod.yaml")) };
}

type Level = "debug" | "info" | "error" | "fatal";

/** Lines as logrus writes them where nobody watches a terminal. */
function speaker(p: Process): (level: Level, message: string) => void {
  const log = logger(p);
  return (level, message) =>
    log(`time="${formatTime(p.machine.kernel.wallMs)}" level=${level} msg=${JSON.stringify(message)}`);
}

class Provisioner {
  private readonly p: Process;
  private readonly client: ApiClient;
  private readonly settings: Place & { name: string };
  private files: { config: LocalPathConfig; helper: KubeObject };
  private readonly recorder: EventRecorder;
  private readonly claims: Informer;
  private readonly volumes: Informer;
  private readonly say: ReturnType<typeof speaker>;
  private readonly component: string;
  /** What works on a claim or a volume, or waits for another try. */
  private readonly tasks = new Map<string, Task>();

  constructor(p: Process, client: ApiClient, settings: Place & { name: string }, files: Provisioner["files"]) {
    const { kernel } = p.machine;
    this.p = p;
    this.client = client;
    this.settings = settings;
    this.files = files;
    this.component = `${settings.name}_${p.ns.uts.hostname}_${kernel.random("local-path-provisioner").uuid()}`;
    this.recorder = new EventRecorder({ kernel, client, component: this.component });
    this.say = speaker(p);
    this.claims = new Informer(kernel, client, PERSISTENT_VOLUME_CLAIMS);
    this.volumes = new Informer(kernel, client, PERSISTENT_VOLUMES);
  }

  start(): void {
    this.say("debug", "Provisioner started");
    const { kernel } = this.p.machine;
    const text = klog(kernel, this.p.nsPid, "I", "controller.go:838", "Starting provisioner controller", {
      component: this.component,
    });
    logger(this.p)(text);
    this.claims.onChange(({ type, object }) => {
      if (type !== "deleted" && this.isOurs(object))
        this.begin(`claim ${keyOf(object)}`, () => this.provision(keyOf(object)));
    });
    this.volumes.onChange(({ type, object }) => {
      const { name } = object.metadata;
      if (type !== "deleted" && this.isOver(object)) this.begin(`volume ${name}`, () => this.remove(name));
    });
    this.claims.start();
    this.volumes.start();
  }

  stop(): void {
    this.claims.stop();
    this.volumes.stop();
    for (const task of [...this.tasks.values()]) this.p.machine.kernel.kill(task);
  }

  /** One task a key; a failure is tried again later, a number of times. */
  private begin(key: string, work: () => Gen): void {
    if (this.tasks.has(key)) return;
    const body = this.persistently(key, work);
    this.tasks.set(key, this.p.machine.kernel.spawn(`local-path-provisioner ${key}`, body, { instant: false }));
  }

  private *persistently(key: string, work: () => Gen): Gen {
    try {
      for (let tries = 1; ; tries++) {
        try {
          yield* work();
          return;
        } catch (error) {
          if (!(error instanceof Error)) throw error;
          this.say("error", `error syncing ${key}: ${error.message}`);
        }
        if (tries >= TRIES) return;
        yield* sleep(Math.min(RETRY_FIRST * 2 ** (tries - 1), RETRY_LAST));
      }
    } finally {
      this.tasks.delete(key);
    }
  }

  /** A claim that waits for us (controller.go shouldProvision); in delayed mode the scheduler chooses the node first. */
  private isOurs(claim: KubeObject): boolean {
    const { annotations = {}, deletionTimestamp } = claim.metadata;
    if (claim["spec"].volumeName || deletionTimestamp) return false;
    return (annotations[PROVISIONER] ?? annotations[BETA_PROVISIONER]) === this.settings.name;
  }

  private isOver(volume: KubeObject): boolean {
    const { annotations, deletionTimestamp } = volume.metadata;
    if (annotations?.[PROVISIONED_BY] !== this.settings.name || deletionTimestamp) return false;
    return volume["status"]?.phase === "Released" && volume["spec"].persistentVolumeReclaimPolicy === "Delete";
  }

  private *provision(key: string): Gen {
    const claim = this.claims.get(key);
    if (claim === undefined || !this.isOurs(claim)) return;
    const name = storageClassOf(claim);
    let cls: KubeObject;
    try {
      cls = yield* this.client.get<KubeObject>(STORAGE_CLASSES, undefined, name);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
      return;
    }
    const selected = claim.metadata.annotations?.[SELECTED_NODE];
    if (cls["volumeBindingMode"] === "WaitForFirstConsumer" && selected === undefined) return;
    const wanted = `"${key}"`;
    this.recorder.event(
      claim,
      "Normal",
      "Provisioning",
      `External provisioner is provisioning volume for claim ${wanted}`,
    );
    try {
      const volume = yield* this.make(claim, cls, selected);
      try {
        yield* this.client.create(PERSISTENT_VOLUMES, volume);
      } catch (error) {
        if (!isStatus(error, "AlreadyExists")) throw error;
      }
      const message = `Successfully provisioned volume ${volume.metadata.name}`;
      this.recorder.event(claim, "Normal", "ProvisioningSucceeded", message);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const words = `failed to provision volume with StorageClass ${JSON.stringify(name)}: ${error.message}`;
      this.recorder.event(claim, "Warning", "ProvisioningFailed", words);
      throw new Error(words);
    }
  }

  /** The directory, and the volume that stands for it (provisioner.go provisionFor). Throws Errors. */
  private *make(claim: KubeObject, cls: KubeObject, selected: string | undefined): Gen<KubeObject> {
    const { kernel } = this.p.machine;
    yield* this.reread();
    const { config } = this.files;
    const { accessModes = [], resources, selector, volumeMode = "Filesystem" } = claim["spec"];
    const { namespace, name, uid, resourceVersion } = claim.metadata;
    const local = config.shared === "";
    if (local) {
      if (selector) throw new Error("claim.Spec.Selector is not supported");
      if (accessModes.some((mode: string) => !SINGLE.includes(mode))) {
        throw new Error("NodePath only supports ReadWriteOnce and ReadWriteOncePod (1.22+) access modes");
      }
      if (selected === undefined) throw new Error("configuration error, no node was specified");
    }
    const parameters: Record<string, string> = cls["parameters"] ?? {};
    const draw = (count: number): number => kernel.random("local-path-provisioner").int(0, count - 1);
    const base = pathOnNode(config, selected ?? "", parameters["nodePath"], draw);
    const node = local ? selected! : "";
    const volume: Volume = {
      name: `pvc-${uid}`,
      path: `${base.replace(/\/+$/, "")}/pvc-${uid}_${namespace}_${name}`,
      mode: volumeMode,
      bytes: wholeUnits(resources?.requests?.storage ?? "0"),
      node,
    };
    this.say("info", `Creating volume ${volume.name} at ${node === "" ? "" : `${node}:`}${volume.path}`);
    yield* runHelper("create", volume, this.helperOptions(config.setup));
    const type = claim.metadata.annotations?.["volumeType"] ?? cls.metadata.annotations?.["defaultVolumeType"];
    return {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: {
        name: volume.name,
        annotations: { [NODE]: selected ?? "", [PROVISIONED_BY]: cls["provisioner"] },
      },
      spec: {
        accessModes,
        capacity: { storage: resources.requests.storage },
        claimRef: { kind: "PersistentVolumeClaim", apiVersion: "v1", namespace, name, uid, resourceVersion },
        ...(type === "local"
          ? { local: { path: volume.path } }
          : { hostPath: { path: volume.path, type: "DirectoryOrCreate" } }),
        ...(local && { nodeAffinity: yield* this.affinity(node) }),
        persistentVolumeReclaimPolicy: cls["reclaimPolicy"] ?? "Delete",
        storageClassName: cls.metadata.name,
        volumeMode: "Filesystem",
      },
    } as unknown as KubeObject;
  }

  private *affinity(node: string): Gen<object> {
    const { metadata } = yield* this.client.get<KubeObject>(NODES, undefined, node);
    const values = [metadata.labels?.[HOST] ?? node];
    return { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: HOST, operator: "In", values }] }] } };
  }

  private *remove(name: string): Gen {
    const volume = this.volumes.get(name);
    if (volume === undefined || !this.isOver(volume)) return;
    try {
      yield* this.clear(volume);
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const words = `failed to delete volume ${name}: ${error.message}`;
      this.recorder.event(volume, "Warning", "VolumeFailedDelete", words);
      throw new Error(words);
    }
    try {
      yield* this.client.delete(PERSISTENT_VOLUMES, undefined, name);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** Removes the directory on its node, if there is such a node still. */
  private *clear(volume: KubeObject): Gen {
    yield* this.reread();
    const { config } = this.files;
    const { hostPath, local, nodeAffinity, capacity, volumeMode = "Filesystem" } = volume["spec"];
    const path: string | undefined = (hostPath ?? local)?.path;
    if (path === undefined) throw new Error("no path set");
    let node = "";
    if (config.shared === "") {
      node = nodeOf(nodeAffinity);
      if (!(yield* this.hasNode(node))) {
        this.say("info", `Node ${node} does not exist, skipping cleanup of volume ${volume.metadata.name}`);
        return;
      }
    }
    this.say("info", `Deleting volume ${volume.metadata.name} at ${node === "" ? "" : `${node}:`}${path}`);
    const what: Volume = {
      name: volume.metadata.name,
      path,
      mode: volumeMode,
      bytes: wholeUnits(capacity?.storage ?? "0"),
      node,
    };
    yield* runHelper("delete", what, this.helperOptions(config.teardown));
  }

  private *hasNode(name: string): Gen<boolean> {
    try {
      yield* this.client.get(NODES, undefined, name);
      return true;
    } catch (error) {
      if (isStatus(error, "NotFound")) return false;
      throw error;
    }
  }

  private helperOptions(command: string): HelperOptions {
    const { client, settings, files, say } = this;
    const { namespace, configMap, serviceAccount } = settings;
    const { timeout } = files.config;
    return { client, namespace, configMap, serviceAccount, template: files.helper, command, timeout, say };
  }

  /** What the ConfigMap says now counts; one that cannot be read leaves the last one in force (watchAndRefreshConfig). */
  private *reread(): Gen {
    try {
      this.files = yield* readFiles(this.p, this.client, this.settings);
    } catch (error) {
      if (!(error instanceof StatusError) && !isNetError(error) && !(error instanceof Error)) throw error;
      this.say("error", `failed to load the new config file: ${error.message}`);
    }
  }
}

/** The node that a volume is bound to (provisioner.go getPathAndNodeForPV). Throws Errors. */
function nodeOf(affinity: { required?: { nodeSelectorTerms?: KubeObject["spec"][] } } | undefined): string {
  if (affinity === undefined) throw new Error("no NodeAffinity set");
  if (affinity.required === undefined) throw new Error("no NodeAffinity.Required set");
  for (const term of affinity.required.nodeSelectorTerms ?? []) {
    for (const { operator, values } of term.matchExpressions ?? []) {
      if (operator !== "In") continue;
      if (values.length !== 1) throw new Error("multiple values for the node affinity");
      return values[0];
    }
  }
  throw new Error("cannot find affinited node");
}
