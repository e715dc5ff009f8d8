import { keyOf } from "../../api/informer.ts";
import { compareQuantities, quantity } from "../../api/quantity.ts";
import { PERSISTENT_VOLUME_CLAIMS, PERSISTENT_VOLUMES } from "../../api/resources.ts";
import type { KubeObject } from "../../api/types.ts";
import type { ControllerContext } from "../context.ts";

/** No volume plugin of this process can make volumes larger: it says that somebody outside is to (pkg/controller/volume/expand). */
export function startVolumeExpander(context: ControllerContext): void {
  const { informers, recorder } = context;
  const queue = context.queue({
    name: "volume-expand",
    // biome-ignore lint/correctness/useYield: nothing is written.
    *reconcile(key) {
      const claim = informers.get(PERSISTENT_VOLUME_CLAIMS, key);
      const volume = claim && informers.get(PERSISTENT_VOLUMES, claim["spec"].volumeName ?? "");
      if (claim === undefined || volume?.["spec"].claimRef?.uid !== claim.metadata.uid) return;
      if (compareQuantities(asked(claim), has(claim)) <= 0) return;
      const message = "waiting for an external controller to expand this PVC";
      recorder.event(claim, "Normal", "ExternalExpanding", message);
    },
  });
  informers.handle(PERSISTENT_VOLUME_CLAIMS, ({ type, object, old }) => {
    if (type === "deleted" || object["status"]?.phase !== "Bound") return;
    const grew = old === undefined || compareQuantities(asked(object), asked(old)) > 0;
    if (grew || compareQuantities(has(object), has(old)) > 0) queue.add(keyOf(object));
  });
}

const asked = (claim: KubeObject) => quantity(claim["spec"].resources?.requests?.storage ?? "0");
const has = (claim: KubeObject) => quantity(claim["status"]?.capacity?.storage ?? "0");
