import type { AdmissionPlugin } from "./admission.ts";
import { namespaceLifecycle } from "./namespace-lifecycle.ts";

/** Plugins that are on, in upstream's order (pkg/kubeapiserver/options/plugins.go); a new one is one line here. */
export const ADMISSION_PLUGINS: readonly AdmissionPlugin[] = [namespaceLifecycle];
