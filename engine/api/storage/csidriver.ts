import { AGE, age, column, doc, NAME } from "../columns.ts";
import { validateTokenLifetime } from "../core/volume-validation.ts";
import { define } from "../define.ts";
import type { StatusCause } from "../status.ts";
import type { KubeObject } from "../types.ts";
import { duplicate, invalid, invalidText, notSupported } from "../validation/field.ts";
import { semanticEqual } from "../validation/value.ts";

const SPEC = "io.k8s.api.storage.v1.CSIDriverSpec";

const IMMUTABLE = "field is immutable";

/** pkg/apis/storage/validation/validation.go validateCSIDriverSpec. */
function validateCsiDriver({ spec = {} }: KubeObject): StatusCause[] {
  const causes: StatusCause[] = [];
  const policies = ["File", "None", "ReadWriteOnceWithFSType"];
  if (!policies.includes(spec.fsGroupPolicy))
    causes.push(notSupported("spec.fsGroupPolicy", spec.fsGroupPolicy, policies));
  const audiences = new Set<string>();
  for (const [i, { audience = "", expirationSeconds }] of (spec.tokenRequests ?? []).entries()) {
    const at = `spec.tokenRequests[${i}]`;
    if (audiences.has(audience)) causes.push(duplicate(`${at}.audience`, audience));
    else causes.push(...validateTokenLifetime(expirationSeconds, `${at}.expirationSeconds`));
    audiences.add(audience);
  }
  const modes = ["Persistent", "Ephemeral"];
  for (const mode of spec.volumeLifecycleModes ?? [])
    if (!modes.includes(mode)) causes.push(notSupported("spec.volumeLifecycleModes", mode, modes));
  return causes;
}

export const csiDriver = define({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIDriver",
  plural: "csidrivers",
  namespaced: false,
  metadataOnce: true,
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
  validateBody: validateCsiDriver,
  validateBodyUpdate: ({ spec }, old) => {
    const before = old["spec"] ?? {};
    const causes: StatusCause[] = [];
    if (spec?.attachRequired !== before.attachRequired)
      causes.push(invalid("spec.attachedRequired", spec?.attachRequired, IMMUTABLE));
    if (!semanticEqual(spec?.volumeLifecycleModes, before.volumeLifecycleModes)) {
      const shown = (spec?.volumeLifecycleModes ?? []).map((mode: string) => JSON.stringify(mode)).join(", ");
      causes.push(invalidText("spec.volumeLifecycleModes", `[]storage.VolumeLifecycleMode{${shown}}`, IMMUTABLE));
    }
    return causes;
  },
  // It has no generation before its spec is changed for the first time.
  prepareForUpdate: (draft, old) => {
    if (!semanticEqual(draft.spec, old["spec"])) draft.metadata.generation = (old.metadata.generation ?? 0) + 1;
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
