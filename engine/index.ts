/** The only door through which the other rooms reach the engine. */
export { celMistake } from "./api/cel/check.ts";
export { CelError, compileCel, toCel } from "./api/cel/index.ts";
export type { KubeObject } from "./api/types.ts";
export type { AuditEntry } from "./apiserver/audit.ts";
export type { Change } from "./chronicle.ts";
export { type Answer, Cluster } from "./cluster.ts";
export { LiveDriver } from "./driver.ts";
export type { Fault, Input, SessionFile, StampedInput } from "./input.ts";
export { decode, digest, HOUR, MINUTE, MS, SECOND } from "./kernel/index.ts";
export { adminConfig } from "./kubeadm/files.ts";
export { DEFAULT_TOPOLOGY, machinesOf, type Topology } from "./kubeadm/topology.ts";
export { createCertificate, keyPair, pem, privateKeyPem } from "./pki/x509.ts";
export { type HostClock, SessionRunner } from "./runner.ts";
export { type HostMessage, type SessionMessage, SessionService, type SessionStatus } from "./service.ts";
export { type LabFile, Session, type SessionEvents, type SessionSpec } from "./session.ts";
export type { MapEndpoint, MapItem, MapMachine, MapPod, MapService, PodState } from "./view/items.ts";
export type { MapUpdate } from "./view/map.ts";
export type { WaitFor } from "./view/waiting.ts";
export {
  rehearse,
  type WalkChain,
  type WalkEnd,
  type WalkHook,
  type WalkPicture,
  type WalkPlace,
  type WalkRequest,
  type WalkStation,
} from "./view/walk.ts";
