import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";

const SPEC = "io.k8s.api.storage.v1.CSIDriverSpec";

export const csiDriver = define({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  namespaced: false,
  defaults: (draft) => {
    const spec = (draft.spec ??= {});
    spec.attachRequired ??= true;
    spec.fsGroupPolicy ??= "ReadWriteOnceWithFSType";
    spec.podInfoOnMount ??= false;
    spec.requiresRepublish ??= false;
    spec.seLinuxMount ??= false;
    spec.storageCapacity ??= false;
    if (!spec.volumeLifecycleModes?.length) spec.volumeLifecycleModes = ["Persistent"];
  },
  columns: [
    NAME,
    column("AttachRequired", "boolean", doc(`${SPEC}#attachRequired`)),
    column("PodInfoOnMount", "boolean", doc(`${SPEC}#podInfoOnMount`)),
    column("StorageCapacity", "boolean", doc(`${SPEC}#storageCapacity`)),
    column("TokenRequests", "string", doc(`${SPEC}#tokenRequests`)),
    column("RequiresRepublish", "boolean", doc(`${SPEC}#requiresRepublish`)),
    column("Modes", "string", doc(`${SPEC}#volumeLifecycleModes`)),
    AGE,
  ],
  cells: (object, nowMs) => {
    const { spec = {} } = object;
    const tokens: readonly { audience: string }[] = spec.tokenRequests ?? [];
    const modes: readonly string[] = spec.volumeLifecycleModes ?? [];
    return [
      object.metadata.name,
      spec.attachRequired ?? true,
      spec.podInfoOnMount ?? false,
      spec.storageCapacity ?? false,
      tokens.map((t) => t.audience).join(",") || "<unset>",
      spec.requiresRepublish ?? false,
      modes.join(",") || "<none>",
      age(object, nowMs),
    ];
  },
});
