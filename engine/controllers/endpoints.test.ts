import { describe, expect, it } from "vitest";
import { type Subset, truncated } from "./endpoints.ts";
import { MERGE, start } from "./harness.ts";

const CORE = "/api/v1/namespaces/default";

describe("Endpoints", () => {
  it("list ports by their hashes, and none are made for an ExternalName Service", () => {
    const s = start();
    const selector = { app: "web" };
    const ports = [
      { name: "a", port: 80 },
      { name: "b", port: 81, targetPort: 8081 },
    ];
    s.json("POST", `${CORE}/pods`, {
      metadata: { name: "web", labels: selector },
      spec: { containers: [{ name: "c", image: "i" }] },
    });
    const conditions = [{ type: "Ready", status: "True" }];
    const status = { phase: "Running", podIP: "10.200.0.5", conditions };
    s.json("PATCH", `${CORE}/pods/web/status`, { status }, MERGE);
    s.json("POST", `${CORE}/services`, { metadata: { name: "web" }, spec: { selector, ports } });
    const external = { type: "ExternalName", externalName: "a.b", selector };
    s.json("POST", `${CORE}/services`, { metadata: { name: "ext" }, spec: external });
    s.run(1);
    const { items } = s.json("GET", `${CORE}/endpoints`);
    expect(items).toMatchObject([
      {
        metadata: { name: "web" },
        subsets: [
          {
            ports: [
              { name: "b", port: 8081, protocol: "TCP" },
              { name: "a", port: 80, protocol: "TCP" },
            ],
          },
        ],
      },
    ]);
    expect(s.kernel.faults).toEqual([]);
  });
});

/** Restated from pkg/controller/endpoint/endpoints_controller_test.go TestTruncateEndpoints: [ready, not ready] a subset. */
describe("Endpoints of many addresses", () => {
  it.each([
    ["room for all", [[500, 500]], [[500, 500]]],
    ["those that are not ready give way", [[900, 200]], [[900, 100]]],
    ["ready ones are cut when they alone are too many", [[1200, 50]], [[1000, 0]]],
    [
      "each subset keeps its share",
      [
        [400, 400],
        [500, 100],
      ],
      [
        [400, 80],
        [500, 20],
      ],
    ],
    [
      "rounded up, the last takes what is left",
      [
        [333, 5],
        [334, 5],
        [334, 5],
      ],
      [
        [333, 0],
        [334, 0],
        [333, 0],
      ],
    ],
  ])("%s", (_, before, after) => {
    const list = (count: number) => Array.from({ length: count }, (_, i) => ({ ip: String(i) }));
    const subsets: Subset[] = before.map(([ready, not]) => ({
      addresses: list(ready!),
      notReadyAddresses: list(not!),
      ports: [{ port: 80, protocol: "TCP" }],
    }));
    const out = truncated(subsets);
    expect(out.map((one) => [one.addresses?.length ?? 0, one.notReadyAddresses?.length ?? 0])).toEqual(after);
    expect(out === subsets).toBe(_ === "room for all");
  });
});
