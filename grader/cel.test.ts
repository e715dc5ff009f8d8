import { describe, expect, it } from "vitest";
import { cel } from "./cel.ts";

describe("cel", () => {
  const object = { status: { phase: "Running" }, spec: { replicas: 3, containers: [{ image: "nginx" }] } };
  it.each([
    ['object.status.phase == "Running"', true],
    ['object.spec.containers.exists(c, c.image == "nginx" || c.image.startsWith("nginx:"))', true],
    ["object.spec.replicas >= 3", true],
    ["object.spec.nothing == 1", undefined],
    ["has(object.spec.nothing)", false],
    [String.raw`extract("took \"x\" in 1.5s ok", "in ([0-9.]+m?s)")`, "1.5s"],
    ["[1, 2].map(x, x + 1).last()", 3n],
    ['["a"].filter(x, x == "b").last()', ""],
  ])("%s", (expression, value) => expect(cel(expression, { object })).toEqual(value));
});
