export { ControllerManager, type ControllerManagerOptions } from "./controller-manager.ts";
export type { LoadBalancers } from "./service-lb.ts";
