import { AGE, age, column, doc, NAME } from "../columns.ts";
import { define } from "../define.ts";
import {
  validateNewVolumeAttachment,
  validateVolumeAttachment,
  validateVolumeAttachmentUpdate,
} from "./driver-validation.ts";

const SPEC = "io.k8s.api.storage.v1.VolumeAttachmentSpec";

export const volumeAttachment = define({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttachment",
  plural: "volumeattachments",
  namespaced: false,
  status: true,
  validateBody: validateVolumeAttachment,
  validateBodyNew: validateNewVolumeAttachment,
  validateBodyUpdate: validateVolumeAttachmentUpdate,
  columns: [
    NAME,
    column("Attacher", "string", doc(`${SPEC}#attacher`)),
    column("PV", "string", doc("io.k8s.api.storage.v1.VolumeAttachmentSource#persistentVolumeName")),
    column("Node", "string", doc(`${SPEC}#nodeName`)),
    column("Attached", "boolean", doc("io.k8s.api.storage.v1.VolumeAttachmentStatus#attached")),
    AGE,
  ],
  cells: (object, nowMs) => [
    object.metadata.name,
    object.spec?.attacher ?? "",
    object.spec?.source?.persistentVolumeName ?? "",
    object.spec?.nodeName ?? "",
    object.status?.attached ?? false,
    age(object, nowMs),
  ],
});
