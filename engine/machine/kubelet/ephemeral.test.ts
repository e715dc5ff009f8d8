import { describe, expect, it } from "vitest";
import { PODS } from "../../api/resources.ts";
import { node } from "./testing.ts";

describe("debugging containers", () => {
  it("are started once in a Pod that runs, see their target's processes and end with the Pod", () => {
    const n = node();
    n.create("web", { containers: [{ name: "web", image: "nginx" }], terminationGracePeriodSeconds: 2 });
    n.advance(20);
    const added = { name: "dbg", image: "busybox", command: ["sleep", "1000"], targetContainerName: "web" };
    n.run(
      n.client.patch(
        PODS,
        "default",
        "web",
        { spec: { ephemeralContainers: [added] } },
        "strategic",
        "ephemeralcontainers",
      ),
    );
    n.advance(20);
    const [status] = n.pod("web").status!.ephemeralContainerStatuses!;
    expect(status).toMatchObject({ name: "dbg", ready: false, restartCount: 0 });
    expect(status!.state.running).toBeDefined();
    expect(status!.started).toBeUndefined();
    const named = (name: string) =>
      [...n.runtime.containers.values()].find(({ config }) => config.metadata.name === name)!;
    expect(named("dbg").pids).toBe(named("web").pids);
    n.run(n.client.delete(PODS, "default", "web"));
    n.advance(10);
    expect(() => n.pod("web")).toThrow("not found");
    expect(n.faults()).toEqual([]);
  });
});
