import { describe, expect, it } from "vitest";
import { type Subset, truncated } from "./endpoints.ts";

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
