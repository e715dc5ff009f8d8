import { expect, it } from "vitest";
import { decode } from "../kernel/index.ts";
import { flowSchemas, priorityLevels } from "./bootstrap/flow-control.ts";
import { harness } from "./harness.ts";

const FLOWS = "/apis/flowcontrol.apiserver.k8s.io/v1";

it("priority and fairness dumps levels, queues and the requests that are being served", () => {
  const h = harness();
  for (const level of priorityLevels()) h.json("POST", `${FLOWS}/prioritylevelconfigurations`, level);
  for (const schema of flowSchemas("2026-03-02T09:00:00Z")) h.json("POST", `${FLOWS}/flowschemas`, schema);
  const dump = (page: string) => {
    const { body } = h.request("GET", `/debug/api_priority_and_fairness/${page}`);
    return body.type === "bytes" ? decode(body.bytes).trimEnd().split("\n") : [];
  };
  const levels = dump("dump_priority_levels");
  expect(levels[0]).toBe(
    "PriorityLevelName, ActiveQueues, IsIdle, IsQuiescing, WaitingRequests, ExecutingRequests, DispatchedRequests, RejectedRequests, TimedoutRequests, CancelledRequests",
  );
  expect(levels).toContain(
    "workload-low,      0,            true,   false,       0,               0,                 0,                  0,                0,                0",
  );
  // Who asks is served at this very moment.
  expect(levels.find((line) => line.startsWith("exempt"))).toMatch(
    /^exempt, +0, +false, +false, +0, +1, +\d+, +0, +0, +0$/,
  );
  expect(dump("dump_queues").filter((line) => line.startsWith("leader-election"))).toHaveLength(16);
  const requests = dump("dump_requests?includeRequestDetails=1");
  expect(requests[1]).toMatch(
    /^exempt, +exempt, +-1, +-1, +, +20\S+Z, +1, +0, +0s, +20\S+Z, +\S+, +get, +\/debug\/api_priority_and_fairness\/dump_requests, /,
  );
  expect(requests).toHaveLength(2);
});
