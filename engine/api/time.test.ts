import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { humanDuration, shortHumanDuration } from "./duration.ts";
import { formatMicroTime, formatTime, parseMicros, parseTime } from "./time.ts";

describe("times", () => {
  it.each([
    ["1970-01-01T00:00:00Z", 0],
    ["2025-03-01T09:00:00Z", 1_740_819_600_000],
    ["2025-03-01T18:00:00+09:00", 1_740_819_600_000],
    ["2025-03-01T09:00:00.123Z", 1_740_819_600_123],
    ["2024-02-29T00:00:00Z", 1_709_164_800_000],
  ])("%s is %i ms", (text, ms) => {
    expect(parseTime(text)).toBe(ms);
  });

  it.each(["", "now", "2025-02-29T00:00:00Z", "2025-03-01 09:00:00Z", "2025-03-01T09:00:00", "2025-03-01T24:00:00Z"])(
    "%j is none",
    (text) => {
      expect(parseTime(text)).toBeNaN();
    },
  );

  it("agree with the platform's calendar", () => {
    fc.assert(
      fc.property(fc.integer({ min: -60_000_000_000, max: 250_000_000_000 }), (seconds) => {
        const text = new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
        expect(formatTime(seconds * 1000)).toBe(text);
        expect(parseTime(text)).toBe(seconds * 1000);
      }),
    );
  });

  it("keep microseconds", () => {
    expect(formatMicroTime(1_740_819_600_000_042)).toBe("2025-03-01T09:00:00.000042Z");
    expect(parseMicros("2025-03-01T09:00:00.000042Z")).toBe(1_740_819_600_000_042);
  });
});

describe("ages", () => {
  const S = 1000;
  const M = 60 * S;
  const H = 60 * M;
  const D = 24 * H;
  it.each([
    [-3 * S, "<invalid>"],
    [-1 * S, "0s"],
    [0, "0s"],
    [119 * S, "119s"],
    [120 * S, "2m"],
    [125 * S, "2m5s"],
    [10 * M, "10m"],
    [179 * M, "179m"],
    [180 * M, "3h"],
    [190 * M, "3h10m"],
    [8 * H, "8h"],
    [47 * H, "47h"],
    [48 * H, "2d"],
    [51 * H, "2d3h"],
    [8 * D, "8d"],
    [729 * D, "729d"],
    [730 * D, "2y"],
    [760 * D, "2y30d"],
    [9 * 365 * D, "9y"],
  ])("%i ms is %s", (ms, text) => {
    expect(humanDuration(ms)).toBe(text);
  });

  it.each([
    [59 * S, "59s"],
    [90 * S, "1m"],
    [25 * H, "1d"],
    [800 * D, "2y"],
  ])("%i ms is %s in short", (ms, text) => {
    expect(shortHumanDuration(ms)).toBe(text);
  });
});
