import { describe, expect, it } from "vitest";
import { formatTime, parseTime } from "../time.ts";
import { nextTime, parseSchedule, rfc1123z, zoneOffset } from "./schedule.ts";

describe("schedules", () => {
  // 2026-03-02 is a Monday.
  it.each([
    ["* * * * *", "2026-03-02T09:00:30Z", "2026-03-02T09:01:00Z"],
    ["*/15 * * * *", "2026-03-02T09:00:00Z", "2026-03-02T09:15:00Z"],
    ["@hourly", "2026-03-02T09:00:00Z", "2026-03-02T10:00:00Z"],
    ["@every 1m30s", "2026-03-02T09:00:00Z", "2026-03-02T09:01:30Z"],
    ["30 2 * * *", "2026-03-02T09:00:00Z", "2026-03-03T02:30:00Z"],
    ["0 9-17/4 * * mon-fri", "2026-03-06T17:00:00Z", "2026-03-09T09:00:00Z"],
    ["0 0 29 feb *", "2026-03-02T09:00:00Z", "2028-02-29T00:00:00Z"],
    ["0 0 13 * fri", "2026-03-02T09:00:00Z", "2026-03-06T00:00:00Z"],
    ["0 0 */5 * 1", "2026-03-02T09:00:00Z", "2026-03-06T00:00:00Z"],
    ["5/20 * * * *", "2026-03-02T09:30:00Z", "2026-03-02T09:45:00Z"],
    ["0 0 30 2 *", "2026-03-02T09:00:00Z", undefined],
  ])("%s after %s", (text, from, expected) => {
    const next = nextTime(parseSchedule(text), parseTime(from));
    expect(next === undefined ? undefined : formatTime(next)).toBe(expected);
  });

  it.each([
    ["61 * * * *", "end of range (61) above maximum (59): 61"],
    ["* * * * 7", "end of range (7) above maximum (6): 7"],
    ["0 * 0 * *", "beginning of range (0) below minimum (1): 0"],
    ["5-1 * * * *", "beginning of range (5) beyond end of range (1): 5-1"],
    ["*/0 * * * *", "step of range should be a positive number: */0"],
    ["x * * * *", 'failed to parse int from x: strconv.Atoi: parsing "x": invalid syntax'],
    ["1-2-3 * * * *", "too many hyphens: 1-2-3"],
    ["* * * *", "expected exactly 5 fields, found 4: [* * * *]"],
    ["@sometimes", "unrecognized descriptor: @sometimes"],
  ])("refuses %s", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
  });

  it("knows zones without summer time", () => {
    const next = nextTime(parseSchedule("0 9 * * *"), parseTime("2026-03-02T09:00:00Z"), zoneOffset("Asia/Seoul"));
    expect(formatTime(next!)).toBe("2026-03-03T00:00:00Z");
    expect(zoneOffset("Mars/Olympus")).toBeUndefined();
    expect(zoneOffset("Etc/GMT-9")).toBe(zoneOffset("Asia/Tokyo"));
    expect(rfc1123z(parseTime("2026-03-02T09:00:00Z"))).toBe("Mon, 02 Mar 2026 09:00:00 +0000");
  });
});
