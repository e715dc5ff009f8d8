import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Invocation } from "../kubectl/invocation.ts";
import { create, pathOf, poll, remove, type Target, targets, waitGone } from "./cluster.ts";
import { HelmError } from "./error.ts";
import { type Release, type StoredHook, stamp } from "./release.ts";

/**
 * Runs the hooks of an event one after another by weight, and waits for the Jobs and Pods among them (action hooks.go
 * execHook). Throws HelmError when one fails. `deadline`: virtual µs.
 */
export function* runHooks(k: Invocation, release: Release, event: string, deadline: number): Gen {
  const list = (release.hooks ?? [])
    .filter(({ events }) => events.includes(event))
    .sort((a, b) => (a.weight ?? 0) - (b.weight ?? 0) || (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  for (const hook of list) {
    const policies = hook.delete_policies ?? ["before-hook-creation"];
    const found = yield* targets(k, hook.manifest, release.namespace);
    if (policies.includes("before-hook-creation")) {
      yield* remove(k, found);
      yield* waitGone(k, found, k.p.machine.kernel.now + 60 * SECOND);
    }
    hook.last_run = { started_at: stamp(k), completed_at: "", phase: "Running" };
    let failed: HelmError | undefined;
    try {
      yield* create(k, found, release.name, release.namespace, false);
      yield* finished(k, found, deadline);
    } catch (error) {
      if (!(error instanceof HelmError)) throw error;
      failed = error;
    }
    hook.last_run.completed_at = stamp(k);
    hook.last_run.phase = failed === undefined ? "Succeeded" : "Failed";
    if (policies.includes(failed === undefined ? "hook-succeeded" : "hook-failed")) yield* remove(k, found);
    if (failed !== undefined) throw failed;
  }
}

/** Waits for Jobs to complete and Pods to end; everything else is done once it is there. */
function* finished(k: Invocation, list: readonly Target[], deadline: number): Gen {
  for (const target of list) {
    const { kind } = target.mapping;
    if (kind !== "Job" && kind !== "Pod") continue;
    const done = yield* poll(k, deadline, function* () {
      const object = (yield* k.object("GET", pathOf(target))) as unknown as {
        status?: { phase?: string; conditions?: { type: string; status: string; reason?: string }[] };
      };
      const condition = (type: string) =>
        object.status?.conditions?.find((each) => each.type === type && each.status === "True");
      if (kind === "Pod") {
        if (object.status?.phase === "Failed") throw new HelmError(`pod ${target.name} failed`);
        return object.status?.phase === "Succeeded";
      }
      const failure = condition("Failed");
      if (failure !== undefined) throw new HelmError(`job failed: ${failure.reason ?? ""}`);
      return condition("Complete") !== undefined;
    });
    if (!done) throw new HelmError("timed out waiting for the condition");
  }
}

/** The hooks of `helm test`, in the order in which they run. */
export const testHooks = (release: Release): StoredHook[] =>
  (release.hooks ?? []).filter(({ events }) => events.includes("test"));
