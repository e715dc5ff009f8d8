export { ControllerManager, type ControllerManagerOptions } from "./controller-manager.ts";
