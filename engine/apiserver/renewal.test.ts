import { expect, it } from "vitest";
import { withManagedFields } from "../api/managed-fields/index.ts";
import type { KubeObject, WatchEvent } from "../api/types.ts";
import type { User } from "../api/user.ts";
import { harness } from "./harness.ts";

const node: User = { name: "system:node:worker-1", groups: ["system:nodes"] };
const LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";

/** The same heartbeats with the objects as they are, and as copies: those go the long way. */
function beats(copy: <T>(value: T) => T) {
  const { json, request, registry } = harness();
  json("POST", "/api/v1/namespaces", { metadata: { name: "kube-node-lease" } });
  let lease = json("POST", LEASES, {
    metadata: { name: "worker-1", namespace: "kube-node-lease" },
    spec: { holderIdentity: "worker-1", leaseDurationSeconds: 40, renewTime: "2025-03-01T09:00:00.000000Z" },
  }) as KubeObject;
  const watch = request("GET", `${LEASES}?watch=true&resourceVersion=${lease.metadata.resourceVersion}`).body;
  const answers: unknown[] = [];
  const beat = (spec: object, agent: string, user: User = node) => {
    const answer = json(
      "PUT",
      `${LEASES}/worker-1`,
      { ...copy(lease), spec: { ...copy(lease["spec"]), ...spec } },
      {
        user,
        headers: { "user-agent": agent },
      },
    ) as KubeObject;
    answers.push(answer.kind === "Lease" ? withManagedFields(answer) : answer);
    if (answer.kind === "Lease") lease = answer;
  };
  beat({ renewTime: "2025-03-01T09:00:10.000001Z" }, "kubelet/v1.32.3");
  beat({ renewTime: "2025-03-01T09:00:20.000001Z" }, "kubelet/v1.32.3");
  beat({ renewTime: "2025-03-01T09:00:20.000001Z" }, "kubelet/v1.32.3");
  beat({ renewTime: "2025-03-01T09:00:30.000001Z" }, "another/v1");
  beat({ renewTime: "2025-03-01T09:00:31.000001Z", leaseDurationSeconds: 0 }, "kubelet/v1.32.3");
  beat({ renewTime: "yesterday" }, "kubelet/v1.32.3");
  beat({ renewTime: "2025-03-01T09:00:32.000001Z" }, "kubelet/v1.32.3", {
    name: "system:node:worker-2",
    groups: ["system:nodes"],
  });
  // Overtaken: the answer is 409.
  const stale = lease;
  beat({ renewTime: "2025-03-01T09:00:40.000001Z" }, "kubelet/v1.32.3");
  const late = { ...copy(stale), spec: { ...copy(stale["spec"]), renewTime: "2025-03-01T09:00:50.000001Z" } };
  answers.push(json("PUT", `${LEASES}/worker-1`, late, { user: node }));
  const events: readonly WatchEvent[] = watch.type === "watch" ? watch.watch.buffer : [];
  return JSON.stringify({ answers, events, revision: registry.revision });
}

it("heartbeats that go the short way leave what the long way leaves", () => {
  const short = beats((value) => value);
  expect(short).toBe(beats((value) => structuredClone(value)));
  const { answers } = JSON.parse(short);
  expect(answers.map(({ kind, code }: { kind: string; code?: number }) => code ?? kind)).toEqual([
    "Lease",
    "Lease",
    "Lease",
    "Lease",
    422,
    400,
    403,
    "Lease",
    409,
  ]);
});
