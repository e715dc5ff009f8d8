import { expect, it } from "vitest";
import { scalingOf } from "./params.ts";

const size = { nodes: 6, cores: 12, schedulableNodes: 5, schedulableCores: 10 };

// The examples of the project's README and its tests of parameters.
it.each([
  ["linear", { coresPerReplica: 256, nodesPerReplica: 16, preventSinglePointFailure: true }, 2],
  ["linear", { coresPerReplica: 256, nodesPerReplica: 16 }, 1],
  ["linear", { coresPerReplica: 2, nodesPerReplica: 1, min: 1, max: 100 }, 5],
  ["linear", { coresPerReplica: 2, nodesPerReplica: 1, includeUnschedulableNodes: true }, 6],
  ["linear", { nodesPerReplica: 1, max: 3 }, 3],
  ["linear", { nodesPerReplica: 100, min: 4 }, 4],
  [
    "ladder",
    {
      coresToReplicas: [
        [1, 1],
        [8, 3],
        [64, 5],
      ],
      nodesToReplicas: [
        [1, 1],
        [2, 2],
      ],
    },
    3,
  ],
  [
    "ladder",
    {
      nodesToReplicas: [
        [10, 7],
        [20, 9],
      ],
    },
    7,
  ],
])("%s %j asks for %d", (mode, params, replicas) => {
  const scaling = scalingOf(mode, JSON.stringify(params));
  expect(typeof scaling === "string" ? scaling : scaling.replicas(size)).toBe(replicas);
});

it.each([
  ["linear", "{}", /should at least provide either CoresPerReplica or NodesPerReplica/],
  ["linear", '{"min":5,"max":2,"nodesPerReplica":1}', /max replicas count 2 should be greater than/],
  ["linear", "{", /could not parse parameters/],
  ["square", "{}", /^not a supported control mode: square$/],
])("%s %s is refused", (mode, text, why) => {
  expect(scalingOf(mode, text)).toMatch(why);
});
