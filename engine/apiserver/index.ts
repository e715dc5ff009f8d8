export type { User } from "../api/user.ts";
export { type AdmissionSettings, admissionFlags, enabledPlugins } from "./admission/enabled.ts";
export type { AuditEntry } from "./audit.ts";
export { type BootstrapOptions, bootstrap } from "./bootstrap/bootstrap.ts";
export { Encryption, type EncryptionRule, type Provider } from "./encryption.ts";
export { EndpointReconciler, RECONCILE_PERIOD } from "./endpoint-reconciler.ts";
export { kubeletAddress, type NodeProxy } from "./node-proxy.ts";
export { Registry } from "./registry.ts";
export { ApiServer, type ApiServerOptions } from "./server.ts";
