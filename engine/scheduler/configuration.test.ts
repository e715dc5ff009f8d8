import { describe, expect, it } from "vitest";
import { SECOND } from "../kernel/index.ts";
import { configurationProblem, schedulerConfiguration } from "./configuration.ts";
import { profileOf } from "./profile.ts";

const head = { apiVersion: "kubescheduler.config.k8s.io/v1", kind: "KubeSchedulerConfiguration" };
const name = (one: string) => ({ name: one });

describe("configuration of the scheduler", () => {
  it("has defaults, and a lone profile needs no name", () => {
    expect(schedulerConfiguration({ ...head, profiles: [{}], leaderElection: { leaseDuration: "1m" } })).toMatchObject({
      leaderElection: {
        leaderElect: true,
        leaseDuration: 60 * SECOND,
        renewDeadline: 10 * SECOND,
        resourceName: "kube-scheduler",
        resourceNamespace: "kube-system",
      },
      podInitialBackoffSeconds: 1,
      podMaxBackoffSeconds: 10,
      profiles: [{ schedulerName: "default-scheduler" }],
    });
  });

  it.each<[string, unknown, string]>([
    [
      "another version",
      { ...head, apiVersion: "kubescheduler.config.k8s.io/v1beta3" },
      'no kind "KubeSchedulerConfiguration" is registered for version "kubescheduler.config.k8s.io/v1beta3" in scheme "pkg/scheduler/apis/config/scheme/scheme.go:30"',
    ],
    ["no kind", { a: 1 }, `Object 'Kind' is missing in '{"a":1}'`],
    ["unknown fields", { ...head, profile: 1 }, 'strict decoding error: unknown field "profile"'],
    [
      "unknown fields within",
      { ...head, profiles: [{ schedulerName: "a", plugins: { scores: {}, score: { enable: [] } } }] },
      'strict decoding error: unknown field "profiles[0].plugins.scores", unknown field "profiles[0].plugins.score.enable"',
    ],
    [
      "unknown arguments",
      { ...head, profiles: [{ pluginConfig: [{ name: "NodeResourcesFit", args: { foo: 1 } }] }] },
      'strict decoding error: decoding .profiles[0].pluginConfig[0]: strict decoding error: decoding args for plugin NodeResourcesFit: strict decoding error: unknown field "foo"',
    ],
    [
      "arguments of another plugin",
      { ...head, profiles: [{ pluginConfig: [{ name: "NodeAffinity", args: { kind: "InterPodAffinityArgs" } }] }] },
      "decoding .profiles[0].pluginConfig[0]: args for plugin NodeAffinity were not of type NodeAffinityArgs.kubescheduler.config.k8s.io, got InterPodAffinityArgs.kubescheduler.config.k8s.io",
    ],
  ])("is refused with %s", (_, document, why) => {
    expect(schedulerConfiguration(document)).toBe(why);
  });

  it.each<[object, string]>([
    [
      { profiles: [{ schedulerName: "a" }, { schedulerName: "a" }] },
      'profiles[1].schedulerName: Duplicate value: "profiles[0].schedulerName"',
    ],
    [
      { percentageOfNodesToScore: 200, podInitialBackoffSeconds: 20 },
      "[percentageOfNodesToScore: Invalid value: 200: not in valid range [0-100], podMaxBackoffSeconds: Invalid value: 10: must be greater than or equal to PodInitialBackoffSeconds]",
    ],
    [
      { profiles: [{ pluginConfig: [{ name: "InterPodAffinity", args: { hardPodAffinityWeight: 101 } }] }] },
      "profiles[0].pluginConfig[0].args.hardPodAffinityWeight: Invalid value: 101: not in valid range [0, 100]",
    ],
  ])("must be valid: %j", (fields, why) => {
    const read = schedulerConfiguration({ ...head, ...fields });
    expect(typeof read === "string" ? read : configurationProblem(read)).toBe(why);
  });
});

describe("profiles", () => {
  const profile = (plugins: object, pluginConfig: { name: string; args: object }[] = []) => {
    const made = profileOf({ schedulerName: "p", plugins, pluginConfig });
    if (typeof made === "string") return made;
    const { score, filter, preempts } = made;
    return {
      score: score.map((one) => `${one.plugin.name} ${one.weight}`),
      filter: filter.map((one) => one.name),
      preempts,
    };
  };

  it("have the default plugins, some with another weight or place", () => {
    expect(profile({ score: { enabled: [{ name: "ImageLocality", weight: 5 }] } })).toMatchObject({
      score: [
        "ImageLocality 5",
        "TaintToleration 3",
        "NodeAffinity 2",
        "NodeResourcesFit 1",
        "VolumeBinding 1",
        "PodTopologySpread 2",
        "InterPodAffinity 2",
        "NodeResourcesBalancedAllocation 1",
      ],
      preempts: true,
    });
  });

  it("do without plugins, at one point or at all", () => {
    const all = { disabled: [name("*")] };
    expect(profile({ score: { ...all, enabled: [name("NodeResourcesFit")] }, postFilter: all })).toMatchObject({
      score: ["NodeResourcesFit 1"],
      preempts: false,
    });
    const only = ["PrioritySort", "DefaultBinder", "NodeName"].map(name);
    expect(profile({ multiPoint: { ...all, enabled: only } })).toEqual({
      score: [],
      filter: ["NodeName"],
      preempts: false,
    });
  });

  it.each<[object, string]>([
    [{ score: { enabled: [name("Foo")] } }, 'ScorePlugin "Foo" does not exist'],
    [{ filter: { enabled: [name("ImageLocality")] } }, 'plugin "ImageLocality" does not extend FilterPlugin plugin'],
    [{ bind: { disabled: [name("*")] } }, 'at least one bind plugin is needed for profile with scheduler name "p"'],
    [
      { queueSort: { disabled: [name("PrioritySort")] } },
      'only one queue sort plugin required for profile with scheduler name "p", but got 0',
    ],
    [
      { score: { enabled: [name("NodeAffinity"), name("NodeAffinity")] } },
      'plugin "NodeAffinity" already registered as "ScorePlugin"',
    ],
  ])("are refused: %j", (plugins, why) => {
    expect(profile(plugins)).toBe(why);
  });

  it("check the strategy of NodeResourcesFit when they are made", () => {
    const args = { scoringStrategy: { type: "Most" } };
    expect(profile({}, [{ name: "NodeResourcesFit", args }])).toBe(
      'initializing plugin "NodeResourcesFit": scoringStrategy.type: Unsupported value: "Most": supported values: "LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"',
    );
  });
});
