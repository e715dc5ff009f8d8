import type { AdmissionPlugin } from "./admission.ts";
import { certificateRequest } from "./certificate-request.ts";
import { persistentVolumeClaimResize } from "./claim-resize.ts";
import { defaultIngressClass } from "./default-ingress-class.ts";
import { defaultStorageClass } from "./default-storage-class.ts";
import { defaultTolerationSeconds } from "./default-toleration-seconds.ts";
import { limitRanger } from "./limit-ranger.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";
import { nodeRestriction } from "./node-restriction.ts";
import { podSecurity } from "./pod-security.ts";
import { priority } from "./priority.ts";
import { resourceQuota } from "./resource-quota.ts";
import { runtimeClass } from "./runtime-class.ts";
import { serviceAccount } from "./service-account.ts";
import { storageObjectInUseProtection } from "./storage-protection.ts";
import { taintNodesByCondition } from "./taint-nodes.ts";
import { validatingAdmissionPolicy } from "./validating-policy.ts";
import { mutatingAdmissionWebhook, validatingAdmissionWebhook } from "./webhooks.ts";

/** Plugins that are on, in upstream's order (pkg/kubeapiserver/options/plugins.go); a new one is one line here. */
export const ADMISSION_PLUGINS: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  nodeRestriction,
  taintNodesByCondition,
  podSecurity,
  priority,
  defaultTolerationSeconds,
  storageObjectInUseProtection,
  defaultStorageClass,
  persistentVolumeClaimResize,
  runtimeClass,
  certificateRequest,
  defaultIngressClass,
  mutatingAdmissionWebhook,
  validatingAdmissionPolicy,
  validatingAdmissionWebhook,
  resourceQuota,
];
