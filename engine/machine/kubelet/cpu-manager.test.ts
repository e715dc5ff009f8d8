import { expect, it } from "vitest";
import { cpuList, cpuMask, parseCpuList } from "../cpu-list.ts";
import { checkpoint } from "./cpu-manager.ts";

// Sums that real kubelets wrote.
it.each([
  ["none", "", {}, 1353318690],
  ["static", "0-1", {}, 1636926438],
  [
    "static",
    "0-1,6-11",
    {
      "60008d73-6f6f-4467-96c5-cd0a1eeadf23": { mysqld2: "4-5" },
      "4aec46af-22b7-4e26-babb-d15383ac9151": { mysqld: "2-3" },
    },
    2764424633,
  ],
])("the checkpoint of policy %s with %s and %j has the sum %d", (policy, shared, pods, sum) => {
  const entries = new Map(
    Object.entries(pods).map(([uid, own]) => [
      uid,
      new Map(Object.entries(own as Record<string, string>).map(([name, list]) => [name, parseCpuList(list)])),
    ]),
  );
  expect(JSON.parse(checkpoint(policy, shared, entries)).checksum).toBe(sum);
});

it.each([
  [[0, 1], "0-1", "0,1", "3"],
  [[0, 1, 2, 5], "0-2,5", "0-2,5", "27"],
  [[1], "1", "1", "2"],
  [[], "", "", "0"],
])("CPUs %j are %s, of util-linux %s, as a mask %s", (cpus, kernel, util, mask) => {
  expect([cpuList(cpus), cpuList(cpus, 3), cpuMask(cpus)]).toEqual([kernel, util, mask]);
  expect(parseCpuList(kernel)).toEqual(cpus);
});
