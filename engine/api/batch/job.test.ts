import { expect, it } from "vitest";
import { harness } from "../../apiserver/harness.ts";
import { MERGE } from "../../controllers/harness.ts";

const JOBS = "/apis/batch/v1/namespaces/default/jobs";

function served() {
  const h = harness();
  h.json("POST", "/api/v1/namespaces", { metadata: { name: "default" } });
  return h;
}

const template = { spec: { restartPolicy: "Never", containers: [{ name: "c", image: "busybox" }] } };
const indexed = { completionMode: "Indexed", completions: 3, parallelism: 3 };
const rule = (extra: object) => ({ podFailurePolicy: { rules: [{ action: "FailJob", ...extra }] } });
const success = (extra: object) => ({ ...indexed, successPolicy: { rules: [extra] } });
const AT = "spec.podFailurePolicy.rules[0]";
const MET = "spec.successPolicy.rules[0]";

it.each([
  [rule({}), `${AT}: Invalid value: specifying one of OnExitCodes and OnPodConditions is required`],
  [
    rule({ onExitCodes: { operator: "In", containerName: "x", values: [3, 0, 3] } }),
    `[${AT}.onExitCodes.containerName: Invalid value: "x": must be one of the container or initContainer names in the pod template, ` +
      `${AT}.onExitCodes.values[1]: Invalid value: 0: must not be 0 for the In operator, ` +
      `${AT}.onExitCodes.values[2]: Duplicate value: 3, ` +
      `${AT}.onExitCodes.values: Invalid value: []int32{3, 0, 3}: must be ordered]`,
  ],
  [
    rule({ action: "FailIndex", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] }),
    `${AT}.action: Invalid value: "FailIndex": requires the backoffLimitPerIndex to be set`,
  ],
  [
    { ...rule({ onExitCodes: { operator: "NotIn", values: [1] } }), podReplacementPolicy: "TerminatingOrFailed" },
    'spec.podReplacementPolicy: Unsupported value: "TerminatingOrFailed": supported values: "Failed"',
  ],
  [success({}), `${MET}: Required value: at least one of succeededCount or succeededIndexes must be specified`],
  [
    success({ succeededIndexes: "2-1" }),
    `${MET}.succeededIndexes: Invalid value: "2-1": error parsing succeededIndexes: non-increasing order, previous: 2, current: 1`,
  ],
  [
    success({ succeededIndexes: "0,7" }),
    `${MET}.succeededIndexes: Invalid value: "0,7": error parsing succeededIndexes: too large index: "7"`,
  ],
  [
    success({ succeededIndexes: "0-1", succeededCount: 3 }),
    `${MET}.succeededCount: Invalid value: 3: must be less than or equal to 2 (the number of indexes in the specified succeededIndexes field)`,
  ],
  [
    { maxFailedIndexes: 1 },
    /when maxFailedIndexes is specified, spec.maxFailedIndexes: Invalid value: 1: requires indexed/,
  ],
  [
    { selector: { matchLabels: { a: "b" } } },
    /^Job.batch "j" is invalid: \[spec.selector: Invalid value: .*: `selector` not auto-generated, /,
  ],
])("refuses %j", (extra, message) => {
  const h = served();
  const answer = h.json("POST", JOBS, { metadata: { name: "j" }, spec: { template, ...extra } });
  if (typeof message === "string") expect(answer.message).toBe(`Job.batch "j" is invalid: ${message}`);
  else expect(answer.message).toMatch(message);
});

it("refuses a Job without a name in words", () => {
  const answer = served().json("POST", JOBS, { metadata: {}, spec: { template } });
  expect(answer.message).toBe(
    'Job.batch "" is invalid: metadata.name: Required value: name or generateName is required',
  );
});

it("lets a Job with indexes change its size as a whole", () => {
  const h = served();
  h.json("POST", JOBS, { metadata: { name: "j" }, spec: { template, ...indexed } });
  const patch = (spec: object) => h.json("PATCH", `${JOBS}/j`, { spec }, MERGE);
  expect(patch({ completions: 5 }).message).toBe(
    'Job.batch "j" is invalid: spec.completions: Invalid value: 5: can only be modified in tandem with spec.parallelism',
  );
  expect(patch({ completions: 5, parallelism: 5 }).spec.completions).toBe(5);
});

it("takes the conditions of a failure policy to be asked for as True", () => {
  const h = served();
  const conditions = [{ type: "DisruptionTarget" }, { type: "Other", status: "False" }];
  const policy = { podFailurePolicy: { rules: [{ action: "Ignore", onPodConditions: conditions }] } };
  const job = h.json("POST", JOBS, { metadata: { name: "j" }, spec: { template, ...policy } }) as never as {
    spec: { podFailurePolicy: { rules: { onPodConditions: { status: string }[] }[] } };
  };
  expect(job.spec.podFailurePolicy.rules[0]!.onPodConditions.map(({ status }) => status)).toEqual(["True", "False"]);
});
