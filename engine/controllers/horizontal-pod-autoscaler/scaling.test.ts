import { describe, expect, it } from "vitest";
import { SECOND } from "../../kernel/index.ts";
import { type Behavior, ScalingHistory } from "./scaling.ts";

const at = (seconds: number) => seconds * SECOND;

/** Cases of upstream's horizontal_test.go in our form: TestNormalizeDesiredReplicas, TestConvertDesiredReplicasWithRules. */
describe("without behavior", () => {
  it.each([
    ["grows to the double at most", 5, 20, 1, 30, 10, "True", "ScaleUpLimit"],
    ["grows to four at least", 1, 9, 1, 30, 4, "True", "ScaleUpLimit"],
    ["not above the maximum", 5, 9, 1, 7, 7, "True", "TooManyReplicas"],
    ["not below the minimum", 3, 0, 2, 7, 3, "False", "DesiredWithinRange"],
    ["below the minimum at once where nothing higher was recommended", 1, 0, 2, 7, 2, "True", "TooFewReplicas"],
    ["within range", 3, 4, 1, 7, 4, "False", "DesiredWithinRange"],
  ] as const)("%s", (_name, current, wanted, min, max, replicas, limited, reason) => {
    const history = new ScalingHistory();
    history.begin(0, current);
    const decision = history.decide(at(15), current, wanted, min, max);
    expect([decision.replicas, ...decision.limited.slice(0, 2)]).toEqual([replicas, limited, reason]);
  });

  it("waits five minutes before it shrinks, for the highest of what was recommended meanwhile", () => {
    const history = new ScalingHistory();
    history.begin(0, 8);
    const sizes: number[] = [];
    let current = 8;
    for (let second = 15; second <= 345; second += 30) {
      const { replicas, able } = history.decide(at(second), current, second < 60 ? 5 : 2, 1, 10);
      if (replicas !== 2) expect(able[0]).toBe("ScaleDownStabilized");
      sizes.push((current = replicas));
    }
    expect(sizes).toEqual([8, 8, 8, 8, 8, 8, 8, 8, 8, 8, 5, 5]);
    expect(history.decide(at(400), current, 2, 1, 10).replicas).toBe(2);
  });
});

/** TestScaleUpWithBehaviors… and TestScalingWithRules of the same file. */
describe("with behavior", () => {
  const behavior = (up: object, down: object): Behavior => ({
    scaleUp: { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [], ...up },
    scaleDown: { stabilizationWindowSeconds: 0, selectPolicy: "Max", policies: [], ...down },
  });
  const pods = (value: number, periodSeconds = 60) => ({ type: "Pods" as const, value, periodSeconds });
  const percent = (value: number, periodSeconds = 60) => ({ type: "Percent" as const, value, periodSeconds });

  it.each([
    ["adds what a policy allows", behavior({ policies: [pods(4)] }, {}), 10, 100, 14, "ScaleUpLimit"],
    ["the larger of two", behavior({ policies: [pods(4), percent(100)] }, {}), 10, 100, 20, "ScaleUpLimit"],
    [
      "the smaller with Min",
      behavior({ policies: [pods(4), percent(100)], selectPolicy: "Min" }, {}),
      10,
      100,
      14,
      "ScaleUpLimit",
    ],
    [
      "nothing when disabled",
      behavior({ policies: [pods(4)], selectPolicy: "Disabled" }, {}),
      10,
      100,
      10,
      "ScaleUpLimit",
    ],
    ["percents are rounded up", behavior({ policies: [percent(10)] }, {}), 3, 100, 4, "ScaleUpLimit"],
    ["takes away what a policy allows", behavior({}, { policies: [pods(2)] }), 10, 1, 8, "ScaleDownLimit"],
    ["the larger change downwards", behavior({}, { policies: [pods(2), percent(50)] }), 10, 1, 5, "ScaleDownLimit"],
    [
      "the smaller with Min downwards",
      behavior({}, { policies: [pods(2), percent(50)], selectPolicy: "Min" }),
      10,
      1,
      8,
      "ScaleDownLimit",
    ],
    [
      "no change downwards when disabled",
      behavior({}, { policies: [pods(2)], selectPolicy: "Disabled" }),
      10,
      1,
      10,
      "ScaleDownLimit",
    ],
  ] as const)("%s", (_name, rules, current, wanted, replicas, reason) => {
    const decision = new ScalingHistory().decide(at(15), current, wanted, 1, 1000, rules);
    expect([decision.replicas, ...decision.limited.slice(0, 2)]).toEqual([replicas, "True", reason]);
  });

  it("counts what was added within the period of a policy", () => {
    const rules = behavior({ policies: [pods(4, 60)] }, {});
    const history = new ScalingHistory();
    expect(history.decide(at(0), 1, 20, 1, 20, rules).replicas).toBe(5);
    history.scaled(at(0), 1, 5, rules);
    expect(history.decide(at(30), 5, 20, 1, 20, rules).replicas).toBe(5);
    expect(history.decide(at(61), 5, 20, 1, 20, rules).replicas).toBe(9);
  });

  it("stabilizes upwards by the lowest recommendation of the window", () => {
    const rules = behavior({ policies: [percent(1000)], stabilizationWindowSeconds: 60 }, {});
    const history = new ScalingHistory();
    history.begin(0, 2);
    const early = history.decide(at(30), 2, 8, 1, 20, rules);
    expect([early.replicas, early.able[0]]).toEqual([2, "ScaleUpStabilized"]);
    expect(history.decide(at(75), 2, 6, 1, 20, rules).replicas).toBe(6);
  });
});
