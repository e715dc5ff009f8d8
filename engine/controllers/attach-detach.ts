import {
  CSI_DRIVERS,
  NODES,
  PERSISTENT_VOLUME_CLAIMS,
  PERSISTENT_VOLUMES,
  PODS,
  VOLUME_ATTACHMENTS,
} from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import { parseTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { encode, type Gen, MS, SECOND, sha256Hex } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { ReconcileResult, WorkQueue } from "./reconciler.ts";

/** How long an attacher is waited for (pkg/volume/csi csiTimeout), and how often a volume in use elsewhere is looked at. */
const PATIENCE = 2 * 60 * SECOND;
const ELSEWHERE = 500 * MS;
const ONE_NODE = ["ReadWriteOnce", "ReadWriteOncePod"];

/** Name of the VolumeAttachment of a CSI volume on a node (pkg/volume/csi getAttachmentName). */
function attachmentName({ driver, volumeHandle }: { driver: string; volumeHandle: string }, node: string): string {
  return `csi-${sha256Hex(encode(`${volumeHandle}${driver}${node}`))}`;
}

/**
 * Asks for the attachment of CSI volumes to the nodes of the Pods that use them (pkg/controller/volume/attachdetach). The
 * work is that of a driver's external-attacher; the node's status tells the kubelet when it is done.
 */
class AttachDetach {
  private readonly context: ControllerContext;
  private readonly queue: WorkQueue;
  /** Attachments told of, in vain or as done, by their names: since when they are waited for in µs, and what was said. */
  private readonly waits = new Map<string, { since: number; said: string }>();

  constructor(context: ControllerContext) {
    this.context = context;
    this.queue = context.queue({ name: "attachdetach", reconcile: (key) => this.sync(key) });
    const { informers } = context;
    informers.handle(PODS, ({ object }) => this.addPod(object));
    informers.handle(PERSISTENT_VOLUME_CLAIMS, ({ object }) => {
      if (this.csiOf(object["spec"].volumeName) === undefined) return;
      for (const pod of informers.list(PODS)) if (claimsOf(pod).includes(object.metadata.name)) this.addPod(pod);
    });
    informers.handle(VOLUME_ATTACHMENTS, ({ object: { spec } }) => {
      const volume = spec.source?.persistentVolumeName;
      if (volume) this.queue.add(`${spec.nodeName} ${volume}`);
    });
  }

  private addPod(pod: KubeObject): void {
    const { nodeName } = pod.spec;
    if (!nodeName) return;
    for (const claim of claimsOf(pod)) {
      const found = this.context.informers.get(PERSISTENT_VOLUME_CLAIMS, `${pod.metadata.namespace}/${claim}`);
      const { volumeName } = found?.["spec"] ?? {};
      if (this.csiOf(volumeName) !== undefined) this.queue.add(`${nodeName} ${volumeName}`);
    }
  }

  private csiOf(volume: string | undefined): { driver: string; volumeHandle: string } | undefined {
    if (!volume) return undefined;
    const csi = this.context.informers.get(PERSISTENT_VOLUMES, volume)?.["spec"].csi;
    if (csi === undefined) return undefined;
    const driver = this.context.informers.get(CSI_DRIVERS, csi.driver);
    return driver?.["spec"].attachRequired === false ? undefined : csi;
  }

  /** Pods on the node that use the volume and have not ended. */
  private users(volume: KubeObject, node?: string): KubeObject[] {
    const ref = volume["spec"].claimRef;
    if (!ref) return [];
    return [...this.context.informers.list(PODS)].filter(
      (pod) =>
        pod.metadata.namespace === ref.namespace &&
        pod.spec.nodeName &&
        (node === undefined || pod.spec.nodeName === node) &&
        pod["status"]?.phase !== "Succeeded" &&
        pod["status"]?.phase !== "Failed" &&
        claimsOf(pod).includes(ref.name),
    );
  }

  private *sync(key: string): Gen<ReconcileResult | void> {
    const { informers, client } = this.context;
    const [node, name] = key.split(" ") as [string, string];
    const volume = informers.get(PERSISTENT_VOLUMES, name);
    const csi = this.csiOf(name);
    if (volume === undefined || csi === undefined) return;
    const id = attachmentName(csi, node);
    const attachment = informers.get(VOLUME_ATTACHMENTS, id);
    const pods = informers.get(NODES, node) === undefined ? [] : this.users(volume, node);
    if (pods.length === 0) {
      this.waits.delete(id);
      if (attachment === undefined) return;
      yield* this.tellNode(node, csi, false);
      if (attachment.metadata.deletionTimestamp) return;
      yield* ignoring("NotFound", client.delete(VOLUME_ATTACHMENTS, undefined, id));
      // Who waits for it on another node looks again.
      for (const pod of this.users(volume)) this.addPod(pod);
      return;
    }
    if (attachment === undefined) return yield* this.attach(volume, csi, node, id, pods);
    if (attachment.metadata.deletionTimestamp) return;
    return yield* this.awaited(volume, csi, node, attachment, pods);
  }

  private *attach(
    volume: KubeObject,
    csi: { driver: string; volumeHandle: string },
    nodeName: string,
    id: string,
    pods: readonly KubeObject[],
  ): Gen<ReconcileResult | void> {
    const { client, informers } = this.context;
    const { name } = volume.metadata;
    const modes: readonly string[] = volume["spec"].accessModes ?? [];
    const elsewhere = [...informers.list(VOLUME_ATTACHMENTS)].filter(
      ({ spec }) => spec.source?.persistentVolumeName === name && spec.nodeName !== nodeName,
    );
    if (elsewhere.length > 0 && modes.every((mode) => ONE_NODE.includes(mode))) {
      const others = this.users(volume).filter((pod) => pod.spec.nodeName !== nodeName);
      this.say(id, pods, "FailedAttachVolume", multiAttach(name, others, pods[0]!));
      return { requeueAfter: ELSEWHERE };
    }
    const spec = { attacher: csi.driver, nodeName, source: { persistentVolumeName: name } };
    const object = { apiVersion: "storage.k8s.io/v1", kind: "VolumeAttachment", metadata: { name: id }, spec };
    yield* ignoring("AlreadyExists", client.create(VOLUME_ATTACHMENTS, object));
    this.waits.set(id, { since: this.context.kernel.now, said: "" });
    return { requeueAfter: PATIENCE };
  }

  /** The attacher has done it, has failed, or is still waited for. */
  private *awaited(
    volume: KubeObject,
    csi: { driver: string; volumeHandle: string },
    node: string,
    attachment: KubeObject,
    pods: readonly KubeObject[],
  ): Gen<ReconcileResult | void> {
    const { kernel } = this.context;
    const { name: id, creationTimestamp } = attachment.metadata;
    const { attached, attachError } = attachment["status"] ?? {};
    if (attached) {
      yield* this.tellNode(node, csi, true);
      const done = `AttachVolume.Attach succeeded for volume "${volume.metadata.name}" `;
      this.say(id, pods, "SuccessfulAttachVolume", done, "Normal");
      return;
    }
    const failed = (why: string) => `AttachVolume.Attach failed for volume "${volume.metadata.name}" : ${why}`;
    if (attachError) {
      this.say(id, pods, "FailedAttachVolume", failed(attachError.message ?? ""));
      return;
    }
    let wait = this.waits.get(id);
    if (wait === undefined) {
      wait = { since: (parseTime(creationTimestamp ?? "") - kernel.epochMs) * MS, said: "" };
      this.waits.set(id, wait);
    }
    const left = wait.since + PATIENCE - kernel.now;
    if (left > 0) return { requeueAfter: left };
    const why = `timed out waiting for external-attacher of ${csi.driver} CSI driver to attach volume ${csi.volumeHandle}`;
    this.waits.set(id, { since: kernel.now, said: "" });
    for (const pod of pods) this.context.recorder.event(pod, "Warning", "FailedAttachVolume", failed(why));
    return { requeueAfter: PATIENCE };
  }

  /** Once for each thing to say. */
  private say(
    id: string,
    pods: readonly KubeObject[],
    reason: string,
    message: string,
    type: "Normal" | "Warning" = "Warning",
  ): void {
    const wait = this.waits.get(id) ?? { since: this.context.kernel.now, said: "" };
    this.waits.set(id, { ...wait, said: message });
    if (wait.said === message) return;
    for (const pod of pods) this.context.recorder.event(pod, type, reason, message);
  }

  /** Notes in the node's status what is attached, which its kubelet waits for. */
  private *tellNode(node: string, csi: { driver: string; volumeHandle: string }, attached: boolean): Gen {
    const { client, informers } = this.context;
    const before: { name: string; devicePath: string }[] =
      informers.get(NODES, node)?.["status"]?.volumesAttached ?? [];
    const name = uniqueName(csi);
    if (informers.get(NODES, node) === undefined || before.some((one) => one.name === name) === attached) return;
    const others = before.filter((one) => one.name !== name);
    const volumesAttached = attached ? [...others, { name, devicePath: "" }] : others;
    const status = { volumesAttached: volumesAttached.length > 0 ? volumesAttached : null };
    yield* ignoring("NotFound", client.patch(NODES, undefined, node, { status }, "merge", "status"));
  }
}

/** What a node's status calls a CSI volume. */
export function uniqueName({ driver, volumeHandle }: { driver: string; volumeHandle: string }): string {
  return `kubernetes.io/csi/${driver}^${volumeHandle}`;
}

function claimsOf(pod: KubeObject): string[] {
  const out: string[] = [];
  for (const volume of pod.spec.volumes ?? []) {
    if (volume.persistentVolumeClaim) out.push(volume.persistentVolumeClaim.claimName);
    else if (volume.ephemeral) out.push(`${pod.metadata.name}-${volume.name}`);
  }
  return out;
}

/** Names those of the same namespace alone (reconciler.go reportMultiAttachError). */
function multiAttach(volume: string, others: readonly KubeObject[], pod: KubeObject): string {
  const near = others.filter((other) => other.metadata.namespace === pod.metadata.namespace);
  const far = others.length - near.length;
  const head = `Multi-Attach error for volume "${volume}" `;
  if (others.length === 0)
    return `${head}Volume is already exclusively attached to one node and can't be attached to another`;
  const names = near.map(({ metadata }) => metadata.name).join(", ");
  if (near.length === 0) return `${head}Volume is already used by ${far} pod(s) in different namespaces`;
  if (far > 0) return `${head}Volume is already used by pod(s) ${names} and ${far} pod(s) in different namespaces`;
  return `${head}Volume is already used by pod(s) ${names}`;
}

function* ignoring(reason: string, work: Gen<unknown>): Gen {
  try {
    yield* work;
  } catch (error) {
    if (!isStatus(error, reason)) throw error;
  }
}

export function startAttachDetach(context: ControllerContext): void {
  new AttachDetach(context);
}
