import { keyOf } from "../api/informer.ts";
import { PODS } from "../api/resources.ts";
import { isStatus, StatusError } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, join } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import type { Expectations } from "./expectations.ts";

/** Most Pods made or removed in one go. */
export const BURST = 500;

/** Makes and removes Pods of an owner, with the events that say so (pkg/controller/controller_utils.go RealPodControl). */
export class PodControl {
  private readonly context: ControllerContext;
  private readonly expectations: Expectations;

  constructor(context: ControllerContext, expectations: Expectations) {
    this.context = context;
    this.expectations = expectations;
  }

  /** Creates `pods` in slow start: 1, 2, 4, … at a time, stopping after a batch with an error; that error is the answer. */
  *create(key: string, owner: KubeObject, pods: readonly object[]): Gen<Error | undefined> {
    this.expectations.expectCreations(key, pods.length);
    let problem: Error | undefined;
    let done = 0;
    for (let batch = 1; done < pods.length && problem === undefined; batch *= 2) {
      const part = pods.slice(done, done + batch);
      const tasks = part.map((pod) =>
        this.context.kernel.spawn(`create Pod of ${key}`, this.createOne(owner, pod), { instant: false }),
      );
      for (const task of tasks) {
        const error = yield* join<Error | undefined>(task);
        if (error === undefined) continue;
        this.expectations.created(key);
        problem = error;
      }
      done += part.length;
    }
    // Those that were never tried are not to be waited for.
    for (; done < pods.length; done++) this.expectations.created(key);
    return problem;
  }

  private *createOne(owner: KubeObject, pod: object): Gen<Error | undefined> {
    const { client, recorder } = this.context;
    try {
      const made = yield* client.create(PODS, pod);
      recorder.event(owner, "Normal", "SuccessfulCreate", `Created pod: ${made.metadata.name}`);
      return undefined;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      const leaving =
        error instanceof StatusError && error.status.details?.causes?.some((c) => c.reason === "NamespaceTerminating");
      if (!leaving) recorder.event(owner, "Warning", "FailedCreate", `Error creating: ${error.message}`);
      return error;
    }
  }

  /** Deletes `victims`, each after `first` was done with it; the answer is the last error. */
  *delete(
    key: string,
    owner: KubeObject,
    victims: readonly KubeObject[],
    first?: (pod: KubeObject) => Gen,
  ): Gen<Error | undefined> {
    const { client, recorder, kernel } = this.context;
    this.expectations.expectDeletions(key, victims.map(keyOf));
    const expectations = this.expectations;
    let problem: Error | undefined;
    const remove = function* (pod: KubeObject): Gen<Error | undefined> {
      const { namespace, name } = pod.metadata;
      try {
        if (first) yield* first(pod);
        yield* client.delete(PODS, namespace, name);
        recorder.event(owner, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
        return undefined;
      } catch (error) {
        expectations.deleted(key, keyOf(pod));
        if (isStatus(error, "NotFound") || !(error instanceof Error)) return undefined;
        recorder.event(owner, "Warning", "FailedDelete", `Error deleting: ${error.message}`);
        return error;
      }
    };
    const tasks = victims.map((pod) => kernel.spawn(`delete Pod of ${key}`, remove(pod), { instant: false }));
    for (const task of tasks) problem = (yield* join<Error | undefined>(task)) ?? problem;
    return problem;
  }
}
