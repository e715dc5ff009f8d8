import type { Machine } from "../machine.ts";
import { livingIn, type Process } from "../process.ts";
import { runtimeOf } from "./of.ts";

/** Stops what runs in a container, its process 1 and the rest, or lets it go on: what the freezer of its control group does. */
export function freeze(machine: Machine, id: string, { ns: { cgroup } }: Process, frozen: boolean): void {
  for (const one of livingIn(machine, cgroup)) machine.signal(one, frozen ? "STOP" : "CONT");
  const { paused } = runtimeOf(machine).metadata;
  if (frozen) paused.add(id);
  else paused.delete(id);
}
