import type { Machine } from "../machine.ts";
import { ContainerRuntime } from "./runtime.ts";

const runtimes = new WeakMap<Machine, ContainerRuntime>();

/** The container runtime of a machine: one a machine, made when first asked for. */
export function runtimeOf(machine: Machine): ContainerRuntime {
  let found = runtimes.get(machine);
  if (found === undefined) {
    found = new ContainerRuntime(machine);
    runtimes.set(machine, found);
  }
  return found;
}
