import { describe, expect, it } from "vitest";
import { NODES } from "../../api/resources.ts";
import { node } from "./testing.ts";

describe("kubelet", () => {
  it("runs a Pod of the API: sandbox, address, image, container, status and events", () => {
    const n = node();
    n.advance(3);
    n.create("web", { containers: [{ name: "web", image: "nginx" }] });
    n.advance(30);
    const pod = n.pod("web");
    console.log(JSON.stringify(pod.status, null, 1));
    console.log(n.eventLines("web").join("\n"));
    console.log(n.journal.join(""));
    console.log(n.kernel.faults);
    expect(pod.status?.phase).toBe("Running");
    expect(n.kernel.faults).toEqual([]);
    console.log(JSON.stringify(n.run(n.client.get(NODES, undefined, "worker-1")), null, 1));
  });
});
