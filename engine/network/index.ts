export type { Captured, Tap } from "./capture.ts";
export type { Connection } from "./connection.ts";
export { isNetError, NetError, type NetErrorCode } from "./error.ts";
export {
  type Interface,
  type Listener,
  NetNamespace,
  type Route,
  type Socket,
} from "./namespace.ts";
export { macToward } from "./neighbours.ts";
export { type ConnectOptions, type LocalTarget, Network } from "./network.ts";
export { joinOverlay } from "./overlay.ts";
export { type PolicyMet, type PolicyQuestion, type PolicyVerdict, policySteps } from "./policy.ts";
export { routeTo } from "./routes.ts";
