import { describe, expect, it } from "vitest";
import type { RuleSoFar } from "./extension.ts";
import { limit } from "./matches/limit.ts";
import { statistic } from "./matches/statistic.ts";
import type { Packet, Surroundings } from "./packet.ts";
import { Credit, periodOf, rateText } from "./rates.ts";

describe("rates", () => {
  it.each([
    ["3/hour", "3/hour"],
    ["10/min", "10/min"],
    ["60/minute", "1/sec"],
    ["5", "5/sec"],
    ["24/d", "1/hour"],
  ])("%s is listed as %s", (said, listed) => {
    expect(rateText(periodOf(said, 10_000)!, 10_000)).toBe(listed);
  });

  it.each(["", "x/sec", "0/sec", "5/", "5/fortnight", "-1/day"])("%s is none", (said) => {
    expect(periodOf(said, 10_000)).toBeUndefined();
  });

  it("credit is spent, refilled by time up to a most, and untouched by a look", () => {
    const credit = new Credit();
    expect([0, 0, 0].map((now) => credit.pays(10, 20, now))).toEqual([true, true, false]);
    expect([9, 10].map((now) => credit.pays(10, 20, now, true))).toEqual([false, true]);
    expect([10, 10, 1_000, 1_000, 1_000].map((now) => credit.pays(10, 20, now))).toEqual([
      true,
      false,
      true,
      true,
      false,
    ]);
  });
});

const RULE: RuleSoFar = {
  family: 4,
  table: "nat",
  protocol: 0,
  protocolInverted: false,
  setDimensions: () => undefined,
  nextWord: () => undefined,
};

describe("a packet that is only thought of", () => {
  const packet = {} as Packet;
  const at = (now: number, traceless: boolean) => ({ now, traceless }) as Surroundings;

  it("uses no limit up", () => {
    const match = limit.create(RULE);
    for (let i = 0; i < 20; i++) expect(match.test(packet, at(0, true))).toBe(true);
    expect([1, 2, 3, 4, 5, 6].map(() => match.test(packet, at(0, false)))).toEqual([
      true,
      true,
      true,
      true,
      true,
      false,
    ]);
  });

  it("is not the nth of any", () => {
    const match = statistic.create(RULE);
    for (const [name, value] of [
      ["mode", "nth"],
      ["every", "3"],
    ] as const)
      statistic.options.find((option) => option.name === name)!.read(match, value, false, RULE);
    const real = () => match.test(packet, at(0, false));
    for (let i = 0; i < 5; i++) expect(match.test(packet, at(0, true))).toBe(false);
    expect([real(), real(), real(), real()]).toEqual([false, false, true, false]);
  });
});
