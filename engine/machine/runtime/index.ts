export { type Bare, createBare } from "./bare.ts";
export { containerd } from "./containerd.ts";
export { CriError, isCriError } from "./error.ts";
export { type ExecOptions, type ExecSession, exitOf } from "./exec.ts";
export { JsonLog } from "./json-log.ts";
export type { NamedImage } from "./metadata.ts";
export { runtimeOf } from "./of.ts";
export { ContainerRuntime, RUNTIME_VERSION, SANDBOX_IMAGE } from "./runtime.ts";
export type { Container, ContainerConfig, Mount, PortMapping, Sandbox, SandboxConfig } from "./types.ts";
