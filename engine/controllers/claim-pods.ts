import { matchesSelector } from "../api/label-selector.ts";
import { PODS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import type { Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerRef, isActive } from "./pods.ts";

/**
 * Adopts Pods that nobody controls and that the owner's selector matches, and lets those go that it no longer matches
 * (pkg/controller/controller_ref_manager.go ClaimPods). True when one changed hands: the informer does not show it yet.
 */
export function* claimPods(context: ControllerContext, owner: KubeObject): Gen<boolean> {
  const { informers, client } = context;
  const { uid, namespace } = owner.metadata;
  const fits = (pod: KubeObject) => matchesSelector(owner.spec.selector, pod.metadata.labels);
  const change = function* ({ metadata }: KubeObject, reference: object): Gen {
    try {
      const patch = { metadata: { uid: metadata.uid, ownerReferences: [reference] } };
      yield* client.patch(PODS, namespace, metadata.name, patch, "strategic");
    } catch (error) {
      if (!isStatus(error, "NotFound")) throw error;
    }
  };
  let changed = false;
  for (const pod of informers.pods.owned(uid)) {
    if (fits(pod)) continue;
    yield* change(pod, { $patch: "delete", uid });
    changed = true;
  }
  for (const pod of informers.pods.orphans(namespace ?? "")) {
    if (!isActive(pod) || !fits(pod)) continue;
    yield* change(pod, controllerRef(owner));
    changed = true;
  }
  return changed;
}
