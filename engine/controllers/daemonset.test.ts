import { expect, it } from "vitest";
import type { KubeObject } from "../api/types.ts";
import { MERGE, start } from "./harness.ts";

const AGENT = "/apis/apps/v1/namespaces/default/daemonsets/agent";

function agent(rollingUpdate: object) {
  const s = start();
  for (const name of ["w1", "w2", "w3"]) s.node(name);
  s.run(1);
  const labels = { app: "agent" };
  s.json("POST", AGENT.replace("/agent", ""), {
    metadata: { name: "agent" },
    spec: {
      selector: { matchLabels: labels },
      updateStrategy: { type: "RollingUpdate", rollingUpdate },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "agent:1" }] } },
    },
  });
  s.run(2);
  s.runPods();
  s.run(2);
  const images = () =>
    s
      .pods()
      .filter((pod: KubeObject) => !pod.metadata.deletionTimestamp)
      .map((pod: KubeObject) => pod["spec"].containers[0].image)
      .sort();
  const renew = () => {
    const spec = { template: { spec: { containers: [{ name: "c", image: "agent:2" }] } } };
    s.json("PATCH", AGENT, { spec }, MERGE);
    s.run(2);
  };
  return { ...s, images, renew };
}

it("with surge a new Pod stands beside the old one until it is available", () => {
  const s = agent({ maxSurge: 1, maxUnavailable: 0 });
  expect(s.images()).toEqual(["agent:1", "agent:1", "agent:1"]);
  s.renew();
  expect(s.images()).toEqual(["agent:1", "agent:1", "agent:1", "agent:2"]);
  for (let i = 0; i < 4; i++) {
    s.runPods();
    s.run(3);
  }
  expect(s.images()).toEqual(["agent:2", "agent:2", "agent:2"]);
  expect(s.json("GET", AGENT).status).toMatchObject({ updatedNumberScheduled: 3, numberAvailable: 3 });
  expect(s.kernel.faults).toEqual([]);
});

it("without, an old Pod goes before its successor comes", () => {
  const s = agent({ maxUnavailable: 1 });
  s.renew();
  expect(s.images().filter((image: string) => image === "agent:1")).toHaveLength(2);
});
