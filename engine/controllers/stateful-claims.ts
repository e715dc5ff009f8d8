import { keyOf } from "../api/informer.ts";
import { PERSISTENT_VOLUME_CLAIMS } from "../api/resources.ts";
import { failure, isStatus, type StatusError } from "../api/status.ts";
import type { KubeObject, OwnerReference } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerRef } from "./pods.ts";
import { claimsOf, inRange, ordinalOf } from "./stateful-pods.ts";

/**
 * The claims of a StatefulSet's Pods: made before them, and owned by what they are to go with
 * (pkg/controller/statefulset/stateful_pod_control.go, KEP-1847).
 */
export class StatefulClaims {
  private readonly context: ControllerContext;

  constructor(context: ControllerContext) {
    this.context = context;
  }

  private stored(claim: KubeObject): KubeObject | undefined {
    return this.context.informers.get(PERSISTENT_VOLUME_CLAIMS, keyOf(claim));
  }

  /** A claim still belongs to an earlier Pod of this name, and is about to go with it. */
  areStale(set: KubeObject, pod: string, ordinal: number): boolean {
    return claimsOf(set, ordinal).some((claim) =>
      this.stored(claim)?.metadata.ownerReferences?.some((owner) => owner.kind === "Pod" && owner.name === pod),
    );
  }

  /** Makes those that are missing. */
  *create(set: KubeObject, pod: string, ordinal: number): Gen {
    const { client, recorder } = this.context;
    for (const claim of claimsOf(set, ordinal)) {
      const { name } = claim.metadata;
      const there = this.stored(claim);
      if (there?.metadata.deletionTimestamp) throw problem(`pvc ${name} is being deleted`);
      if (there) continue;
      try {
        yield* client.create(PERSISTENT_VOLUME_CLAIMS, claim);
        const message = `create Claim ${name} Pod ${pod} in StatefulSet ${set.metadata.name} success`;
        recorder.event(set, "Normal", "SuccessfulCreate", message);
      } catch (error) {
        if (isStatus(error, "AlreadyExists")) continue;
        const what = `create Claim ${name} for Pod ${pod} in StatefulSet ${set.metadata.name}`;
        recorder.event(set, "Warning", "FailedCreate", `${what} failed error: ${(error as Error).message}`);
        throw problem(`failed to create PVC ${name}: ${(error as Error).message}`);
      }
    }
  }

  /** Gives a Pod's claims the owner that persistentVolumeClaimRetentionPolicy asks for; whether one had another. */
  *settle(set: KubeObject, pod: KubeObject): Gen<boolean> {
    const { client } = this.context;
    let changed = false;
    for (const { metadata } of claimsOf(set, ordinalOf(set, pod))) {
      const claim = this.stored({ metadata } as KubeObject);
      if (claim === undefined) continue;
      const references: readonly OwnerReference[] = claim.metadata.ownerReferences ?? [];
      const ours = references.filter((owner) => owner.uid === set.metadata.uid || owner.uid === pod.metadata.uid);
      const others = references.filter((owner) => !ours.includes(owner));
      // A claim that somebody else controls is left to them.
      const foreign = retains(set) ? undefined : others.find((one) => one.controller);
      const owner = foreign ? undefined : ownerOf(set, pod);
      const same = owner
        ? ours.length === 1 && ours[0]!.uid === owner.metadata.uid && ours[0]!.controller
        : ours.length === 0;
      if (same) continue;
      if (foreign) {
        const message = `PersistentVolumeClaim ${metadata.name} has a conflicting OwnerReference that acts as a manging controller, the retention policy is ignored for this claim`;
        this.context.recorder.event(set, "Warning", "ConflictingController", message);
      }
      const ownerReferences = owner ? [...others, controllerRef(owner)] : others;
      yield* client.update(PERSISTENT_VOLUME_CLAIMS, { ...claim, metadata: { ...claim.metadata, ownerReferences } });
      changed = true;
    }
    return changed;
  }
}

function retains(set: KubeObject): boolean {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  return whenDeleted !== "Delete" && whenScaled !== "Delete";
}

/** What a claim goes with: its set, its Pod once that is beyond the set's size, or nothing. */
function ownerOf(set: KubeObject, pod: KubeObject): KubeObject | undefined {
  const { whenDeleted, whenScaled } = set.spec.persistentVolumeClaimRetentionPolicy ?? {};
  if (whenScaled === "Delete" && !inRange(set, ordinalOf(set, pod))) return { ...pod, apiVersion: "v1", kind: "Pod" };
  return whenDeleted === "Delete" ? set : undefined;
}

/** A Pod cannot be made for want of its claims; the key is tried again. */
function problem(message: string): StatusError {
  return failure(500, "InternalError", message);
}
