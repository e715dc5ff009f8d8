import { describe, expect, it } from "vitest";
import { MERGE, start } from "./harness.ts";

const BATCH = "/apis/batch/v1/namespaces/default";

const cronJob = (extra: object = {}) => ({
  apiVersion: "batch/v1",
  kind: "CronJob",
  metadata: { name: "tick", namespace: "default" },
  spec: {
    schedule: "* * * * *",
    jobTemplate: {
      spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox" }] } } },
    },
    ...extra,
  },
});

type Case = ReturnType<typeof start>;
const jobs = (s: Case): string[] =>
  s.json("GET", `${BATCH}/jobs`).items.map((job: { metadata: { name: string } }) => job.metadata.name);
const status = (s: Case) => s.json("GET", `${BATCH}/cronjobs/tick`).status;
const endAll = (s: Case, code = 0) => {
  for (const pod of s.pods()) if (pod.status.phase === "Pending") s.endPod(pod.metadata.name, code);
  s.run(3);
};

describe("CronJob", () => {
  it("names a Job after its minute and keeps the last three", () => {
    const s = start();
    s.json("POST", `${BATCH}/cronjobs`, cronJob());
    for (let i = 0; i < 5; i++) {
      s.run(60);
      endAll(s);
    }
    const minute = Math.floor(s.kernel.wallMs / 60_000);
    expect(jobs(s)).toEqual([2, 1, 0].map((back) => `tick-${minute - back}`));
    expect(status(s).active).toBeUndefined();
    expect(status(s).lastSuccessfulTime).toBeDefined();
    const told = s.events("tick");
    expect(told).toContain(`SuccessfulCreate Created job tick-${minute}`);
    expect(told).toContain(`SawCompletedJob Saw completed job: tick-${minute}, condition: Complete`);
    expect(told).toContain(`SuccessfulDelete Deleted job tick-${minute - 3}`);
    expect(s.kernel.faults).toEqual([]);
  });

  it("says nothing of the end of a Job that it does not keep", () => {
    const s = start();
    const { template } = cronJob().spec.jobTemplate.spec;
    const jobTemplate = { spec: { backoffLimit: 0, template } };
    s.json("POST", `${BATCH}/cronjobs`, cronJob({ failedJobsHistoryLimit: 0, jobTemplate }));
    s.run(60);
    endAll(s, 1);
    s.run(3);
    expect(jobs(s)).toEqual([]);
    expect(status(s).active).toBeUndefined();
    const told = s.events("tick").map((one: string) => one.split(" ")[0]);
    expect(told).toEqual(["SuccessfulCreate", "SuccessfulDelete"]);
    expect(s.kernel.faults).toEqual([]);
  });

  it.each([
    ["Allow", 3, 3],
    ["Forbid", 1, 1],
    ["Replace", 1, 1],
  ])("%s while Jobs run on", (concurrencyPolicy, count, active) => {
    const s = start();
    s.json("POST", `${BATCH}/cronjobs`, cronJob({ concurrencyPolicy }));
    s.run(181);
    expect(jobs(s)).toHaveLength(count);
    expect(status(s).active).toHaveLength(active);
    if (concurrencyPolicy === "Forbid")
      expect(s.events("tick").at(-1)).toMatch("JobAlreadyActive Not starting job because prior execution is running");
    expect(s.kernel.faults).toEqual([]);
  });

  it.each([
    ["resumed late it starts one Job for what it missed", {}, 1],
    ["or none when that is too long ago", { startingDeadlineSeconds: 5 }, 0],
  ])("%s", (_, spec, count) => {
    const s = start();
    s.json("POST", `${BATCH}/cronjobs`, cronJob({ suspend: true, ...spec }));
    // To the middle of a minute.
    s.run(330 - (Math.floor(s.kernel.wallMs / 1000) % 60));
    expect(jobs(s)).toHaveLength(0);
    s.json("PATCH", `${BATCH}/cronjobs/tick`, { spec: { suspend: false } }, MERGE);
    s.run(2);
    expect(jobs(s)).toHaveLength(count);
  });

  // Restated from pkg/controller/cronjob/utils_test.go.
  it.each([
    ["a hundred missed times are too many", 102, true],
    ["fewer are not", 98, false],
  ])("%s", (_, minutes, told) => {
    const s = start();
    s.json("POST", `${BATCH}/cronjobs`, cronJob({ suspend: true }));
    s.run(minutes * 60);
    s.json("PATCH", `${BATCH}/cronjobs/tick`, { spec: { suspend: false } }, MERGE);
    s.run(2);
    expect(jobs(s)).toHaveLength(1);
    expect(s.events("tick").some((line: string) => line.startsWith("TooManyMissedTimes"))).toBe(told);
  });

  it("removes finished Jobs after their time to live", () => {
    const s = start();
    const { jobTemplate } = cronJob().spec;
    s.json("POST", `${BATCH}/jobs`, {
      metadata: { name: "brief" },
      spec: { ...jobTemplate.spec, ttlSecondsAfterFinished: 20 },
    });
    s.run(1);
    endAll(s);
    s.run(15);
    expect(jobs(s)).toEqual(["brief"]);
    s.run(10);
    expect(jobs(s)).toEqual([]);
    expect(s.pods()).toEqual([]);
  });

  it.each([
    [{ schedule: "TZ=UTC * * * * *" }, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead"],
    [{ timeZone: "Mars/Olympus" }, 'spec.timeZone: Invalid value: "Mars/Olympus": unknown time zone Mars/Olympus'],
    [{ concurrencyPolicy: "x" }, 'Unsupported value: "x": supported values: "Allow", "Forbid", "Replace"'],
  ])("refuses %j", (spec, message) => {
    expect(start().json("POST", `${BATCH}/cronjobs`, cronJob(spec)).message).toContain(message);
  });
});
