export type { User } from "../api/user.ts";
export { type AdmissionSettings, admissionFlags, enabledPlugins } from "./admission/enabled.ts";
export type { AuditEntry } from "./audit.ts";
export { type BootstrapOptions, bootstrap, leave } from "./bootstrap/bootstrap.ts";
export { Encryption, type EncryptionRule, type Provider } from "./encryption.ts";
export { kubeletAddress, type NodeProxy } from "./node-proxy.ts";
export { Registry } from "./registry.ts";
export { ApiServer, type ApiServerOptions } from "./server.ts";
