import { describe, expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";
import { backoffLeft, intervals, parseIntervals } from "./job-pods.ts";

const JOBS = "/apis/batch/v1/namespaces/default/jobs";

const job = (extra: object = {}) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "work", namespace: "default" },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox" }] } }, ...extra },
});

type Case = ReturnType<typeof start>;
const status = (s: Case) => s.json("GET", `${JOBS}/work`).status;
const verdicts = (s: Case) =>
  (status(s).conditions ?? []).map((c: { type: string; reason: string }) => `${c.type} ${c.reason}`);
const working = (s: Case) => s.pods().filter((p: { status: { phase: string } }) => p.status.phase === "Pending");
/** Ends every working Pod; answers how many there were. */
const endAll = (s: Case, code = 0) => {
  const pods = working(s);
  for (const pod of pods) s.endPod(pod.metadata.name, code);
  s.run(3);
  return pods.length;
};

describe("Job", () => {
  it.each([
    ["one Pod", {}, [1]],
    ["five, two at a time", { completions: 5, parallelism: 2 }, [2, 2, 1]],
    ["a work queue ends with the first success", { parallelism: 3 }, [3]],
    ["indexes", { completions: 3, parallelism: 2, completionMode: "Indexed" }, [2, 1]],
  ])("completes: %s", (_, spec, rounds) => {
    const s = start();
    s.json("POST", JOBS, job(spec));
    s.run(1);
    for (const count of rounds) expect(endAll(s)).toBe(count);
    expect(verdicts(s)).toEqual(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
    const done = rounds.reduce((a, b) => a + b, 0);
    expect(status(s)).toMatchObject({ succeeded: done, ready: 0, terminating: 0, uncountedTerminatedPods: {} });
    expect(s.pods().every((p: { metadata: { finalizers?: string[] } }) => !p.metadata.finalizers)).toBe(true);
    expect(s.events("work").at(-1)).toBe("Completed Job completed");
    expect(s.kernel.faults).toEqual([]);
  });

  it("counts failures by index, and fails once no index is left", () => {
    const s = start();
    s.json("POST", JOBS, job({ completions: 2, parallelism: 2, completionMode: "Indexed", backoffLimitPerIndex: 1 }));
    s.run(1);
    const failure = "batch.kubernetes.io/job-index-failure-count";
    const of = (index: number) => working(s).filter((p: KubeObject) => p.metadata.name.startsWith(`work-${index}-`));
    expect(of(0)[0].metadata.annotations[failure]).toBe("0");
    s.endPod(of(0)[0].metadata.name, 1);
    s.endPod(of(1)[0].metadata.name, 0);
    s.run(3);
    expect(working(s)).toEqual([]);
    s.run(15);
    expect(of(0)[0].metadata.annotations[failure]).toBe("1");
    s.endPod(of(0)[0].metadata.name, 1);
    s.run(5);
    expect(verdicts(s)).toEqual(["FailureTarget FailedIndexes", "Failed FailedIndexes"]);
    expect(status(s)).toMatchObject({ completedIndexes: "1", failedIndexes: "0", failed: 2, succeeded: 1 });
    expect(s.kernel.faults).toEqual([]);
  });

  it("succeeds by its successPolicy before all indexes have, and stops the rest", () => {
    const s = start();
    const successPolicy = { rules: [{ succeededIndexes: "0,2", succeededCount: 1 }] };
    s.json("POST", JOBS, job({ completions: 3, parallelism: 3, completionMode: "Indexed", successPolicy }));
    s.run(1);
    s.endPod(working(s).find((p: KubeObject) => p.metadata.name.startsWith("work-2-")).metadata.name, 0);
    s.run(5);
    expect(verdicts(s)[0]).toBe("SuccessCriteriaMet SuccessPolicy");
    expect(status(s).conditions[0].message).toBe("Matched rules at index 0");
    expect(status(s).completedIndexes).toBe("2");
    expect(s.kernel.faults).toEqual([]);
  });

  it("numbers the Pods of an Indexed Job", () => {
    const s = start();
    s.json("POST", JOBS, job({ completions: 2, parallelism: 2, completionMode: "Indexed" }));
    s.run(1);
    const [pod] = s.pods();
    expect(pod.metadata.name).toMatch(/^work-0-.{5}$/);
    expect(pod.spec.hostname).toBe("work-0");
    expect(pod.metadata.annotations).toEqual({ "batch.kubernetes.io/job-completion-index": "0" });
    const fieldPath = "metadata.labels['batch.kubernetes.io/job-completion-index']";
    expect(pod.spec.containers[0].env).toEqual([
      { name: "JOB_COMPLETION_INDEX", valueFrom: { fieldRef: { apiVersion: "v1", fieldPath } } },
    ]);
    endAll(s);
    expect(status(s).completedIndexes).toBe("0,1");
  });

  it("waits 10 s, then 20 s between failures and gives up after backoffLimit", () => {
    const s = start();
    s.json("POST", JOBS, job({ backoffLimit: 2 }));
    s.run(1);
    expect(endAll(s, 1)).toBe(1);
    expect(working(s)).toHaveLength(0);
    s.run(9);
    expect(endAll(s, 1)).toBe(1);
    s.run(12);
    expect(working(s)).toHaveLength(0);
    s.run(8);
    expect(endAll(s, 1)).toBe(1);
    expect(verdicts(s)).toEqual(["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
    expect(status(s).failed).toBe(3);
    expect(s.events("work").at(-1)).toBe("BackoffLimitExceeded Job has reached the specified backoff limit");
  });

  it("ends at its deadline and takes its Pods with it", () => {
    const s = start();
    s.json("POST", JOBS, job({ activeDeadlineSeconds: 20, parallelism: 2, completions: 2 }));
    s.run(15);
    expect(working(s)).toHaveLength(2);
    s.run(10);
    expect(verdicts(s).at(-1)).toBe("Failed DeadlineExceeded");
    expect(s.pods()).toHaveLength(0);
    expect(status(s).failed).toBe(2);
  });

  it("is suspended and resumed", () => {
    const s = start();
    s.json("POST", JOBS, job({ suspend: true }));
    s.run(2);
    expect(s.pods()).toHaveLength(0);
    expect(status(s).startTime).toBeUndefined();
    s.json("PATCH", `${JOBS}/work`, { spec: { suspend: false } }, MERGE);
    s.run(2);
    expect(verdicts(s)).toEqual(["Suspended JobResumed"]);
    expect(status(s).startTime).toBeDefined();
    expect(endAll(s)).toBe(1);
    expect(s.events("work")).toEqual(
      expect.arrayContaining(["Suspended Job suspended", "Resumed Job resumed", "Completed Job completed"]),
    );
  });

  it.each([
    ["FailJob", [42], "Failed PodFailurePolicy", 1],
    ["Ignore", [42], undefined, undefined],
    ["FailJob", [7], undefined, 1],
  ])("podFailurePolicy %s on %j", (action, values, verdict, failed) => {
    const s = start();
    const rules = [{ action, onExitCodes: { operator: "In", values } }];
    s.json("POST", JOBS, job({ podFailurePolicy: { rules } }));
    s.run(1);
    endAll(s, 42);
    expect(verdicts(s).at(-1)).toBe(verdict);
    expect(status(s).failed).toBe(failed);
    expect(s.kernel.faults).toEqual([]);
  });

  // Restated from pkg/controller/job/indexed_job_utils_test.go: indexes of Pods that are leaving are not given out.
  it.each([
    ["Failed", [0, 1, 2, 3]],
    ["TerminatingOrFailed", [0, 0, 1, 2, 3]],
  ])("podReplacementPolicy %s while a Pod of an index is leaving", (podReplacementPolicy, indexes) => {
    const s = start();
    s.json("POST", JOBS, job({ completions: 4, parallelism: 3, completionMode: "Indexed", podReplacementPolicy }));
    s.run(1);
    const of = (index: number) => s.pods().find((p: KubeObject) => p.metadata.name.startsWith(`work-${index}-`));
    const { name } = of(0).metadata;
    const held = { metadata: { finalizers: [...of(0).metadata.finalizers, "example.com/hold"] } };
    s.json("PATCH", `/api/v1/namespaces/default/pods/${name}`, held, MERGE);
    s.json("PATCH", `/api/v1/namespaces/default/pods/${name}/status`, { status: { phase: "Running" } }, MERGE);
    s.json("DELETE", `/api/v1/namespaces/default/pods/${name}`);
    s.run(30);
    s.endPod(of(1).metadata.name);
    s.run(5);
    const found = s.pods().map((p: KubeObject) => Number(p.metadata.name.split("-")[1]));
    expect(found.sort()).toEqual(indexes);
    expect(status(s).terminating).toBe(1);
  });

  it.each([
    ["suspended", { suspend: true }],
    ["made smaller", { parallelism: 0 }],
  ])("does not count Pods as failed that go because it is %s", (_, change) => {
    const s = start();
    s.json("POST", JOBS, job({ parallelism: 2, completions: 2 }));
    s.run(2);
    s.runPods();
    s.run(2);
    s.json("PATCH", `${JOBS}/work`, { spec: change }, MERGE);
    s.run(5);
    expect(s.pods()).toEqual([]);
    expect(status(s).failed).toBeUndefined();
    expect(s.events("work").map((one: string) => one.split(" ")[0])).toContain("SuccessfulDelete");
    expect(s.kernel.faults).toEqual([]);
  });

  it("lets its Pods go with it", () => {
    const s = start();
    s.json("POST", JOBS, job());
    s.run(2);
    s.json("DELETE", `${JOBS}/work`, { kind: "DeleteOptions", apiVersion: "v1", propagationPolicy: "Background" });
    s.run(3);
    expect(s.pods()).toHaveLength(0);
  });

  it.each([
    [
      { completionMode: "Indexed", parallelism: 1 },
      "spec.completions: Required value: when completion mode is Indexed",
    ],
    [{ parallelism: -1 }, "spec.parallelism: Invalid value: -1: must be greater than or equal to 0"],
  ])("refuses %j", (spec, message) => {
    expect(start().json("POST", JOBS, job(spec)).message).toContain(message);
  });

  it("writes and reads index ranges", () => {
    expect(intervals([0, 1, 3, 4, 5, 9])).toBe("0,1,3-5,9");
    expect([...parseIntervals("0,1,3-5,9", 5)]).toEqual([0, 1, 3, 4]);
    expect(backoffLeft({ failures: 3, lastFailure: 1000 }, 1000)).toBe(40_000);
    expect(backoffLeft({ failures: 20, lastFailure: 1000 }, 1000)).toBe(600_000);
  });
});

/** Restated from job_controller_test.go TestGetPodsForJob. */
describe("Pods of a Job with a selector of its own", () => {
  const spec = { manualSelector: true, selector: { matchLabels: { batch: "a" } }, parallelism: 2, completions: 2 };
  const template = {
    metadata: { labels: { batch: "a" } },
    spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox" }] },
  };
  const PODS = "/api/v1/namespaces/default/pods";
  const owners = (s: Case) =>
    s.pods().map((p: KubeObject) => `${p.metadata.ownerReferences?.[0]?.name ?? "-"} ${p.metadata.finalizers ?? "-"}`);

  it("are those there already, which it adopts", () => {
    const s = start();
    s.json("POST", PODS, { metadata: { name: "old", labels: { batch: "a" } }, spec: template.spec });
    s.json("POST", PODS, { metadata: { name: "other", labels: { batch: "b" } }, spec: template.spec });
    s.json("POST", JOBS, job({ ...spec, template }));
    s.run(2);
    expect(owners(s).sort()).toEqual([
      "- -",
      "work batch.kubernetes.io/job-tracking",
      "work batch.kubernetes.io/job-tracking",
    ]);
    expect(s.kernel.faults).toEqual([]);
  });

  it("are let go when their labels no longer match, and replaced", () => {
    const s = start();
    s.json("POST", JOBS, job({ ...spec, template }));
    s.run(2);
    const [first] = s.pods();
    s.json("PATCH", `${PODS}/${first.metadata.name}`, { metadata: { labels: { batch: "gone" } } }, MERGE);
    s.run(3);
    expect(s.json("GET", `${PODS}/${first.metadata.name}`).metadata).not.toHaveProperty("finalizers");
    expect(owners(s).filter((one: string) => one.startsWith("work"))).toHaveLength(2);
    expect(s.kernel.faults).toEqual([]);
  });
});
