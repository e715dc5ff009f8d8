import { describe, expect, it } from "vitest";
import { formatTime, parseTime } from "../time.ts";
import { nextTime, parseSchedule, rfc1123z } from "./schedule.ts";
import { zoneOf } from "./zones.ts";

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
    ["TZ=Mars/Base 0 3 * * *", "provided bad location Mars/Base: unknown time zone Mars/Base"],
    ["TZ=Asia/Seoul 0 3 * *", "expected exactly 5 fields, found 4: [0 3 * *]"],
  ])("refuses %s", (text, message) => {
    expect(() => parseSchedule(text)).toThrow(message);
  });

  it.each([
    ["0 9 * * *", "Asia/Seoul", "2026-03-02T09:00:00Z", "2026-03-03T00:00:00Z"],
    ["0 9 * * *", "Etc/GMT-9", "2026-03-02T09:00:00Z", "2026-03-03T00:00:00Z"],
    ["0 9 * * *", "Asia/Kolkata", "2026-03-02T09:00:00Z", "2026-03-03T03:30:00Z"],
    ["0 9 * * *", "America/New_York", "2026-03-07T15:00:00Z", "2026-03-08T13:00:00Z"],
    // Half past two does not exist on the day that clocks go forward, half past one comes twice when they go back.
    ["30 2 * * *", "America/New_York", "2026-03-08T06:00:00Z", "2026-03-09T06:30:00Z"],
    ["30 1 * * *", "America/New_York", "2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z"],
    ["0 3 * * *", "Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T01:00:00Z"],
    ["0 0 1 1 *", "Australia/Sydney", "2026-03-02T09:00:00Z", "2026-12-31T13:00:00Z"],
    ["@every 1h", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00Z"],
    ["0 0 30 2 *", "Europe/Berlin", "2026-03-02T09:00:00Z", undefined],
  ])("%s in %s after %s", (text, zone, from, expected) => {
    const next = nextTime(parseSchedule(text), parseTime(from), zoneOf(zone));
    expect(next === undefined ? undefined : formatTime(next)).toBe(expected);
  });

  it.each([
    "America/New_York",
    "America/Sao_Paulo",
    "America/Santiago",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
    "Europe/Berlin",
    "Europe/Dublin",
    "Europe/London",
    "Pacific/Auckland",
    "Pacific/Chatham",
  ])("has the clocks of %s", (name) => {
    const format = new Intl.DateTimeFormat("en-US", { timeZone: name, timeZoneName: "longOffset" });
    const known = (ms: number) => {
      const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?$/.exec(format.format(ms)) ?? [];
      return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0)) * 60_000;
    };
    const zone = zoneOf(name)!;
    for (let day = 0; day < 730; day += 3) {
      const ms = parseTime("2025-01-01T11:00:00Z") + day * 86_400_000;
      expect([day, zone.offsetAt(ms)]).toEqual([day, known(ms) || 0]);
      const change = zone.changeAfter(ms);
      if (change !== undefined) expect(zone.offsetAt(change)).not.toBe(zone.offsetAt(change - 1));
    }
  });

  it("writes times as Go's RFC1123Z", () => {
    expect(rfc1123z(parseTime("2026-03-02T09:00:00Z"))).toBe("Mon, 02 Mar 2026 09:00:00 +0000");
  });

  it("does not know zones that are not there", () => {
    expect(zoneOf("Mars/Olympus")).toBeUndefined();
  });
});
