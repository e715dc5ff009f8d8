import { formatTime } from "../../api/time.ts";
import type { AdmissionPlugin } from "./admission.ts";

/**
 * Who asks for a certificate is written into the request, whatever the client said. Upstream does it in the kind's
 * strategy (pkg/registry/certificates/certificates/strategy.go), which knows the user as well.
 */
export const certificateRequest: AdmissionPlugin = {
  name: "CertificateRequest",
  mutate(attributes) {
    const { def, object, operation, context, subresource } = attributes;
    if (def.resource.kind !== "CertificateSigningRequest") return;
    if (operation === "CREATE") {
      const { name, uid, groups, extra } = context.user;
      object.spec.username = name;
      if (uid) object.spec.uid = uid;
      else delete object.spec.uid;
      object.spec.groups = [...groups];
      if (extra) object.spec.extra = extra;
      else delete object.spec.extra;
    } else if (subresource === "approval") {
      const now = formatTime(context.registry.kernel.wallMs);
      for (const condition of object.status?.conditions ?? []) {
        condition.lastTransitionTime ??= now;
        condition.lastUpdateTime ??= now;
      }
    }
  },
};
