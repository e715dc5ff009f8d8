import { quantity } from "../../api/quantity.ts";
import { EVENTS, PERSISTENT_VOLUMES, PODS } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { BOUND_BY_CONTROLLER } from "../../api/storage/annotations.ts";
import type { KubeObject, WatchStream } from "../../api/types.ts";
import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { ControllerContext } from "../context.ts";
import { usesClaim } from "./uses.ts";

/** Least seconds, and seconds a GiB, that emptying a volume may take (kube-controller-manager's --pv-recycler flags). */
const TIMES: Readonly<Record<string, { least: number; perGib: number }>> = {
  hostPath: { least: 60, perGib: 30 },
  nfs: { least: 300, perGib: 30 },
};

/** The Pod that empties a volume, but for its volume (pkg/volume/plugins.go). */
const CONTAINER = {
  name: "pv-recycler",
  image: "registry.k8s.io/build-image/debian-base:bookworm-v1.0.4",
  command: ["/bin/sh"],
  args: ["-c", 'test -e /scrub && find /scrub -mindepth 1 -delete && test -z "$(ls -A /scrub)" || exit 1'],
  volumeMounts: [{ name: "vol", mountPath: "/scrub" }],
};

/** The kinds of volumes that can be emptied. */
export function isRecyclable(volume: KubeObject): boolean {
  return kindOf(volume) !== undefined;
}

const kindOf = (volume: KubeObject): string | undefined => Object.keys(TIMES).find((kind) => volume["spec"][kind]);

/**
 * Empties a released volume by a Pod and makes it available again (pv_controller.go recycleVolumeOperation). The text
 * that comes back says why that failed.
 */
export function* recycle({ client, recorder, informers }: ControllerContext, volume: KubeObject): Gen<string | void> {
  const { name } = volume.metadata;
  const { claimRef } = volume["spec"];
  const users = [...informers.list(PODS)]
    .filter((pod) => pod.metadata.namespace === claimRef.namespace && usesClaim(pod, claimRef.name))
    .filter((pod) => pod["status"]?.phase !== "Succeeded" && pod["status"]?.phase !== "Failed");
  if (users.length > 0) {
    const pods = users.map((pod) => `${pod.metadata.namespace}/${pod.metadata.name}`).join(",");
    recorder.event(volume, "Normal", "VolumeFailedRecycle", `Volume is used by pods: ${pods}`);
    return;
  }
  const why = yield* emptied({ client, recorder }, volume);
  if (why !== undefined) return `Recycle failed: ${why}`;
  recorder.event(volume, "Normal", "VolumeRecycled", "Volume recycled");
  const current = yield* client.get(PERSISTENT_VOLUMES, undefined, name);
  const { [BOUND_BY_CONTROLLER]: bound, ...annotations } = current.metadata.annotations ?? {};
  const { claimRef: ref, ...spec } = current["spec"];
  const { uid: _, ...named } = ref;
  // Whom somebody chose keeps the volume.
  const unbound = {
    ...current,
    metadata: { ...current.metadata, annotations },
    spec: bound === undefined ? { ...spec, claimRef: named } : spec,
  } as KubeObject;
  const updated = yield* client.update(PERSISTENT_VOLUMES, unbound);
  yield* client.update(PERSISTENT_VOLUMES, { ...updated, status: { phase: "Available" } } as KubeObject, "status");
}

/** Runs the Pod to its end, and tells its events as the volume's (recyclerclient). */
function* emptied(
  { client, recorder }: Pick<ControllerContext, "client" | "recorder">,
  volume: KubeObject,
): Gen<string | undefined> {
  const name = `recycler-for-${volume.metadata.name}`;
  const namespace = "default";
  const woken = new WaitQueue();
  const streams: WatchStream[] = [];
  try {
    for (const [resource, field] of [
      [PODS, "metadata.name"],
      [EVENTS, "involvedObject.name"],
    ] as const) {
      const stream = yield* client.watch(resource, { namespace, fieldSelector: `${field}=${name}` });
      stream.onReady = () => woken.wakeAll();
      streams.push(stream);
    }
    try {
      yield* client.create(PODS, recyclerPod(volume, name, namespace));
    } catch (error) {
      if (!isStatus(error, "AlreadyExists")) throw error;
      yield* client.delete(PODS, namespace, name);
      return "old recycler pod found, will retry later";
    }
    const [pods, events] = streams as [WatchStream, WatchStream];
    let ended: string | boolean = false;
    while (ended === false) {
      for (const { type, object } of events.buffer.splice(0)) {
        if (type !== "ADDED") continue;
        recorder.event(volume, object["type"], "RecyclerPod", `Recycler pod: ${object["message"]}`);
      }
      for (const { type, object } of pods.buffer.splice(0)) if (ended === false) ended = endOf(type, object);
      if (ended === false && pods.ended) ended = `recycler pod "${name}" watch channel had been closed`;
      if (ended === false) yield* wait(woken);
    }
    yield* client.delete(PODS, namespace, name);
    return typeof ended === "string" ? `failed to recycle volume: ${ended}` : undefined;
  } catch (error) {
    if (!(error instanceof StatusError) && !isNetError(error)) throw error;
    return isStatus(error, "NotFound") ? undefined : `unexpected error creating recycler pod:  ${error.message}`;
  } finally {
    for (const stream of streams) stream.close();
  }
}

/** True once the Pod has done it; a text where it has not. */
function endOf(type: string, pod: KubeObject): string | boolean {
  if (type === "DELETED") return "recycler pod was deleted";
  if (type === "ERROR") return "recycler pod watcher failed";
  const { phase, message } = pod["status"] ?? {};
  if (phase === "Failed") return message || "pod failed, pod.Status.Message unknown.";
  return phase === "Succeeded";
}

function recyclerPod(volume: KubeObject, name: string, namespace: string): object {
  const kind = kindOf(volume)!;
  const { least, perGib } = TIMES[kind]!;
  const gib = Number(quantity(volume["spec"].capacity?.storage ?? "0").nano / 1_000_000_000n / 1024n ** 3n);
  const { path, server } = volume["spec"][kind];
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace },
    spec: {
      activeDeadlineSeconds: Math.max(least, gib * perGib),
      restartPolicy: "Never",
      volumes: [{ name: "vol", [kind]: server === undefined ? { path } : { server, path } }],
      containers: [CONTAINER],
    },
  };
}
