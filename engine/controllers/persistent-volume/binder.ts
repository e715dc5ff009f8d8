import { keyOf } from "../../api/informer.ts";
import { compareQuantities, quantity } from "../../api/quantity.ts";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES, PODS, STORAGE_CLASSES } from "../../api/resources.ts";
import { isStatus, StatusError } from "../../api/status.ts";
import { storageClassOf } from "../../api/storage/access.ts";
import {
  BETA_PROVISIONER,
  BIND_COMPLETED,
  BOUND_BY_CONTROLLER,
  PROVISIONED_BY,
  PROVISIONER,
  SELECTED_NODE,
} from "../../api/storage/annotations.ts";
import { findVolume, refersTo } from "../../api/storage/match.ts";
import type { KubeObject } from "../../api/types.ts";
import { type Gen, SECOND } from "../../kernel/index.ts";
import { isNetError } from "../../network/error.ts";
import type { ControllerContext } from "../context.ts";
import type { ReconcileResult, Reconciler, WorkQueue } from "../reconciler.ts";
import { isRecyclable, recycle } from "./recycler.ts";
import { usesClaim } from "./uses.ts";

const NO_PROVISIONER = "kubernetes.io/no-provisioner";
/** --pvclaimbinder-sync-period: what waits is looked at, and told of, again. */
const RESYNC = 15 * SECOND;

/** Binds claims to volumes, and sees to volumes whose claim is gone (pkg/controller/volume/persistentvolume). */
class Binder {
  private readonly context: ControllerContext;
  private readonly claims: WorkQueue;
  private readonly volumes: WorkQueue;
  /** Volumes that are being emptied. */
  private readonly recycling = new Set<string>();

  constructor(context: ControllerContext) {
    this.context = context;
    const claims: Reconciler = { name: "persistentvolumeclaim", reconcile: (key) => this.syncClaim(key) };
    const volumes: Reconciler = { name: "persistentvolume", reconcile: (key) => this.syncVolume(key) };
    this.claims = context.queue(claims);
    this.volumes = context.queue(volumes);
    const { informers } = context;
    informers.handle(PERSISTENT_VOLUME_CLAIMS, ({ object }) => {
      this.claims.add(keyOf(object));
      const { volumeName } = object["spec"];
      if (volumeName) this.volumes.add(volumeName);
    });
    informers.handle(PERSISTENT_VOLUMES, ({ object }) => {
      this.volumes.add(keyOf(object));
      const { claimRef } = object["spec"];
      if (claimRef) this.claims.add(`${claimRef.namespace}/${claimRef.name}`);
      else
        for (const claim of informers.list(PERSISTENT_VOLUME_CLAIMS)) if (waits(claim)) this.claims.add(keyOf(claim));
    });
    informers.handle(STORAGE_CLASSES, ({ object }) => {
      for (const claim of informers.list(PERSISTENT_VOLUME_CLAIMS)) {
        if (waits(claim) && storageClassOf(claim) === object.metadata.name) this.claims.add(keyOf(claim));
      }
    });
  }

  // ---- claims -----------------------------------------------------------------------------------------------------

  private *syncClaim(key: string): Gen<ReconcileResult | void> {
    const { informers, recorder } = this.context;
    const claim = informers.get(PERSISTENT_VOLUME_CLAIMS, key);
    if (claim === undefined) return;
    if (claim.metadata.annotations?.[BIND_COMPLETED] === undefined) return yield* this.syncUnbound(claim);
    const volume = informers.get(PERSISTENT_VOLUMES, claim["spec"].volumeName);
    if (volume === undefined || (volume["spec"].claimRef && !refersTo(volume, claim))) {
      if (claim["status"]?.phase === "Lost") return;
      const why =
        volume === undefined
          ? "Bound claim has lost its PersistentVolume. Data on the volume is lost!"
          : "Bound claim has lost reference to PersistentVolume. Data on the volume is lost!";
      recorder.event(claim, "Warning", "ClaimLost", why);
      yield* this.setClaimStatus(claim, { phase: "Lost" });
      return;
    }
    yield* this.bind(volume, claim);
  }

  private *syncUnbound(claim: KubeObject): Gen<ReconcileResult | void> {
    const { informers } = this.context;
    const { volumeName } = claim["spec"];
    if (volumeName) {
      const volume = informers.get(PERSISTENT_VOLUMES, volumeName);
      const why = volume && refusal(volume, claim);
      if (volume !== undefined && why === undefined) return yield* this.bind(volume, claim);
      if (why !== undefined) this.context.recorder.event(claim, "Warning", why.reason, why.message);
      if (claim["status"]?.phase !== "Pending") yield* this.setClaimStatus(claim, { phase: "Pending" });
      return { requeueAfter: RESYNC };
    }
    const cls = informers.get(STORAGE_CLASSES, storageClassOf(claim));
    const delayed = cls?.["volumeBindingMode"] === "WaitForFirstConsumer";
    const selected = claim.metadata.annotations?.[SELECTED_NODE] !== undefined;
    const volume = findVolume(claim, informers.list(PERSISTENT_VOLUMES));
    // A delayed claim takes what the scheduler has promised it, nothing else.
    if (volume !== undefined && (!delayed || volume["spec"].claimRef !== undefined)) {
      return yield* this.bind(volume, claim);
    }
    if (delayed && !selected) this.tellDelayed(claim);
    else yield* this.provision(claim, cls);
    if (claim["status"]?.phase !== "Pending") yield* this.setClaimStatus(claim, { phase: "Pending" });
    return { requeueAfter: RESYNC };
  }

  private tellDelayed(claim: KubeObject): void {
    const { informers, recorder } = this.context;
    for (const pod of informers.list(PODS)) {
      if (pod.metadata.namespace !== claim.metadata.namespace || pod["spec"].nodeName) continue;
      if (!usesClaim(pod, claim.metadata.name)) continue;
      const message = `waiting for pod ${pod.metadata.name} to be scheduled`;
      recorder.event(claim, "Normal", "WaitForPodScheduled", message);
      return;
    }
    const message = "waiting for first consumer to be created before binding";
    recorder.event(claim, "Normal", "WaitForFirstConsumer", message);
  }

  /** No volume suits: a provisioner is to make one. There is none in this process; outside ones watch for the annotation. */
  private *provision(claim: KubeObject, cls: KubeObject | undefined): Gen {
    const { recorder, client } = this.context;
    const name = storageClassOf(claim);
    if (name === "") {
      const message = "no persistent volumes available for this claim and no storage class is set";
      recorder.event(claim, "Normal", "FailedBinding", message);
      return;
    }
    if (cls === undefined) {
      const message = `storageclass.storage.k8s.io ${JSON.stringify(name)} not found`;
      recorder.event(claim, "Warning", "ProvisioningFailed", message);
      return;
    }
    const provisioner: string = cls["provisioner"];
    if (provisioner === NO_PROVISIONER) {
      recorder.event(claim, "Warning", "ProvisioningFailed", `no volume plugin matched name: ${provisioner}`);
      return;
    }
    const { annotations } = claim.metadata;
    if (annotations?.[PROVISIONER] !== provisioner) {
      const named = { ...annotations, [BETA_PROVISIONER]: provisioner, [PROVISIONER]: provisioner };
      yield* client.update(PERSISTENT_VOLUME_CLAIMS, {
        ...claim,
        metadata: { ...claim.metadata, annotations: named },
      } as KubeObject);
    }
    const message =
      `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the ` +
      "system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.";
    recorder.event(claim, "Normal", "ExternalProvisioning", message);
  }

  /** First the volume names the claim, then the claim the volume; each spec before its status (pv_controller.go bind). */
  private *bind(volume: KubeObject, claim: KubeObject): Gen {
    const bound = yield* this.bindVolume(volume, claim);
    let current = claim;
    const { annotations = {} } = claim.metadata;
    const chosen = !claim["spec"].volumeName;
    if (chosen || annotations[BIND_COMPLETED] === undefined) {
      current = yield* this.context.client.update(PERSISTENT_VOLUME_CLAIMS, {
        ...claim,
        metadata: {
          ...claim.metadata,
          annotations: {
            ...annotations,
            [BIND_COMPLETED]: "yes",
            ...(chosen && { [BOUND_BY_CONTROLLER]: "yes" }),
          },
        },
        spec: { ...claim["spec"], volumeName: bound.metadata.name },
      } as KubeObject);
    }
    const { accessModes, capacity } = bound["spec"];
    const { phase, capacity: had } = current["status"] ?? {};
    if (phase === "Bound" && had?.storage === capacity?.storage) return;
    yield* this.setClaimStatus(current, { phase: "Bound", accessModes, capacity });
  }

  private *bindVolume(volume: KubeObject, claim: KubeObject): Gen<KubeObject> {
    const { client } = this.context;
    let current = volume;
    const ref = volume["spec"].claimRef;
    if (ref?.uid !== claim.metadata.uid) {
      const { namespace, name, uid, resourceVersion } = claim.metadata;
      const claimRef = { kind: "PersistentVolumeClaim", namespace, name, uid, apiVersion: "v1", resourceVersion };
      const { annotations } = volume.metadata;
      const named = ref === undefined ? { ...annotations, [BOUND_BY_CONTROLLER]: "yes" } : annotations;
      current = yield* client.update(PERSISTENT_VOLUMES, {
        ...volume,
        metadata: { ...volume.metadata, ...(named && { annotations: named }) },
        spec: { ...volume["spec"], claimRef },
      } as KubeObject);
    }
    if (current["status"]?.phase === "Bound") return current;
    return yield* this.setVolumePhase(current, "Bound");
  }

  private *setClaimStatus(claim: KubeObject, status: object): Gen<KubeObject> {
    return yield* this.context.client.update(PERSISTENT_VOLUME_CLAIMS, { ...claim, status } as KubeObject, "status");
  }

  // ---- volumes ----------------------------------------------------------------------------------------------------

  private *syncVolume(name: string): Gen {
    const { informers } = this.context;
    const volume = informers.get(PERSISTENT_VOLUMES, name);
    if (volume === undefined) return;
    const ref = volume["spec"].claimRef;
    if (ref === undefined || !ref.uid) {
      if (volume["status"]?.phase !== "Available") yield* this.setVolumePhase(volume, "Available");
      return;
    }
    let claim = informers.get(PERSISTENT_VOLUME_CLAIMS, `${ref.namespace}/${ref.name}`);
    // A claim of that name made anew is another one.
    if (claim !== undefined && claim.metadata.uid !== ref.uid) claim = undefined;
    if (claim === undefined) {
      yield* this.release(volume);
      return;
    }
    if (claim["spec"].volumeName === name) {
      if (volume["status"]?.phase !== "Bound") yield* this.setVolumePhase(volume, "Bound");
      return;
    }
    if (!claim["spec"].volumeName) this.claims.add(keyOf(claim));
  }

  /** The claim is gone: by the reclaim policy the volume stays, or goes with it. */
  private *release(volume: KubeObject): Gen {
    const { client, recorder } = this.context;
    const phase = volume["status"]?.phase;
    let current = volume;
    if (phase !== "Released" && phase !== "Failed") current = yield* this.setVolumePhase(volume, "Released");
    const { persistentVolumeReclaimPolicy: policy, hostPath } = current["spec"];
    if (policy === "Retain" || phase === "Failed" || current.metadata.deletionTimestamp) return;
    const fail = (reason: string, message: string): Gen<KubeObject> => {
      recorder.event(current, "Warning", reason, message);
      return this.setVolumePhase(current, "Failed", message);
    };
    if (policy === "Recycle") {
      if (!isRecyclable(current)) yield* fail("VolumeFailedRecycle", "No recycler plugin found for the volume!");
      else this.recycleOnce(current, (why) => fail("VolumeFailedRecycle", why));
      return;
    }
    // What an outside provisioner has made it deletes itself.
    if (current.metadata.annotations?.[PROVISIONED_BY] !== undefined) return;
    if (hostPath === undefined) {
      const why = "no deletable volume plugin matched";
      yield* fail(
        "VolumeFailedDelete",
        `error getting deleter volume plugin for volume "${current.metadata.name}": ${why}`,
      );
      return;
    }
    if (!/^\/tmp\/.+/.test(hostPath.path)) {
      const message = `host_path deleter only supports /tmp/.+ but received provided ${hostPath.path}`;
      yield* fail("VolumeFailedDelete", message);
      return;
    }
    try {
      yield* client.delete(PERSISTENT_VOLUMES, undefined, current.metadata.name);
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  }

  /** Emptying takes its time; whoever looks at the volume meanwhile leaves it alone. */
  private recycleOnce(volume: KubeObject, fail: (why: string) => Gen<KubeObject>): void {
    const { name } = volume.metadata;
    if (this.recycling.has(name)) return;
    this.recycling.add(name);
    const { context, recycling } = this;
    const work = function* (): Gen {
      try {
        const why = yield* recycle(context, volume);
        if (why) yield* fail(why);
      } catch (error) {
        if (!(error instanceof StatusError) && !isNetError(error)) throw error;
      } finally {
        recycling.delete(name);
      }
    };
    context.kernel.spawn(`recycle ${name}`, work(), { instant: false });
  }

  private *setVolumePhase(volume: KubeObject, phase: string, message?: string): Gen<KubeObject> {
    const status = { phase, ...(message && { message }) };
    return yield* this.context.client.update(PERSISTENT_VOLUMES, { ...volume, status } as KubeObject, "status");
  }
}

/** Why a claim cannot have the volume it names (pv_controller.go checkVolumeSatisfyClaim). */
function refusal(volume: KubeObject, claim: KubeObject): { reason: string; message: string } | undefined {
  const { name } = volume.metadata;
  if (volume["spec"].claimRef !== undefined) {
    if (refersTo(volume, claim)) return undefined;
    return { reason: "FailedBinding", message: `volume "${name}" already bound to a different claim.` };
  }
  const why = mismatch(volume, claim);
  return why === undefined
    ? undefined
    : { reason: "VolumeMismatch", message: `Cannot bind to requested volume "${name}": ${why}` };
}

function mismatch({ metadata, spec }: KubeObject, claim: KubeObject): string | undefined {
  if (metadata.deletionTimestamp) return `the volume is marked for deletion "${metadata.name}"`;
  const asked = quantity(claim["spec"].resources?.requests?.storage ?? "0");
  if (compareQuantities(quantity(spec.capacity?.storage ?? "0"), asked) < 0) return "requested PV is too small";
  if ((spec.storageClassName ?? "") !== storageClassOf(claim)) return "storageClassName does not match";
  if ((spec.volumeMode ?? "Filesystem") !== (claim["spec"].volumeMode ?? "Filesystem"))
    return "incompatible volumeMode";
  const offered: readonly string[] = spec.accessModes ?? [];
  const wanted: readonly string[] = claim["spec"].accessModes ?? [];
  return wanted.every((mode) => offered.includes(mode)) ? undefined : "incompatible accessMode";
}

function waits(claim: KubeObject): boolean {
  return claim.metadata.annotations?.[BIND_COMPLETED] === undefined;
}

export function startVolumeBinder(context: ControllerContext): void {
  new Binder(context);
}
