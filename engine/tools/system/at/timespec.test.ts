import { describe, expect, it } from "vitest";
import { calendar, strftime, toEpoch } from "../../../text/time.ts";
import { UTC } from "../../../text/zone.ts";
import { parseTimespec, TimespecError } from "./timespec.ts";

/** What at 3.2.5 made of these on Sunday, 29 November 2026 at 00:10 UTC. */
const now = toEpoch(2026, 11, 29, 0, 10, 21);
const answers = `
now: Sun Nov 29 00:10:00 2026
now + 5 minutes: Sun Nov 29 00:15:00 2026
noon: Sun Nov 29 12:00:00 2026
midnight: Mon Nov 30 00:00:00 2026
teatime: Sun Nov 29 16:00:00 2026
tomorrow: Mon Nov 30 00:10:00 2026
10:30: Sun Nov 29 10:30:00 2026
1030: Sun Nov 29 10:30:00 2026
10am: Sun Nov 29 10:00:00 2026
10:15pm tomorrow: Mon Nov 30 22:15:00 2026
noon tomorrow: Mon Nov 30 12:00:00 2026
next week: Sun Dec  6 00:10:00 2026
now + 2 days: Tue Dec  1 00:10:00 2026
monday: Mon Nov 30 00:10:00 2026
10:00 friday: Fri Dec  4 10:00:00 2026
Jul 4: Sun Jul  4 00:10:00 2027
10:00 Jul 4: Sun Jul  4 10:00:00 2027
10:00 Jul 4 2027: Sun Jul  4 10:00:00 2027
10:00 07/04/27: Sun Jul  4 10:00:00 2027
10:00 2027-07-04: Sun Jul  4 10:00:00 2027
10:00 4.7.27: Sun Jul  4 10:00:00 2027
now + 1 month: Tue Dec 29 00:10:00 2026
5 pm UTC: Sun Nov 29 17:00:00 2026
4pm + 3 days: Wed Dec  2 16:00:00 2026
12:00 - 5 minutes: Sun Nov 29 11:55:00 2026
070427: Sun Jul  4 00:10:00 2027
now + 1 year: Mon Nov 29 00:10:00 2027
10:00 next friday: Fri Dec  4 10:00:00 2026
12am: Mon Nov 30 00:00:00 2026
12pm: Sun Nov 29 12:00:00 2026
now+1min: Sun Nov 29 00:11:00 2026
sunday + 1 week: Sun Dec 13 00:10:00 2026
10:00 7/4/2027: Sun Jul  4 10:00:00 2027
10:00 sunday: Sun Dec  6 10:00:00 2026
today: Sun Nov 29 00:10:00 2026
10:00 today: Sun Nov 29 10:00:00 2026
0:01 sunday: Sun Dec  6 00:01:00 2026
Nov 29: Sun Nov 29 00:10:00 2026
Nov 28: Sun Nov 28 00:10:00 2027
10:00 4 jul: Sun Jul  4 10:00:00 2027
4 july 2027: Sun Jul  4 00:10:00 2027
noon jan 31 + 1 month: Wed Mar  3 12:00:00 2027
next month: Tue Dec 29 00:10:00 2026
next day: Mon Nov 30 00:10:00 2026
now + 90 minutes: Sun Nov 29 01:40:00 2026
8:00am: Sun Nov 29 08:00:00 2026
8 am tomorrow: Mon Nov 30 08:00:00 2026
8am mon: Mon Nov 30 08:00:00 2026
noon + 1 hour: Sun Nov 29 13:00:00 2026
midnight tomorrow: Mon Nov 30 00:00:00 2026
10:00 July 4, 2027: Sun Jul  4 10:00:00 2027
2027-07-04: Sun Jul  4 00:10:00 2027
9pm next week: Sun Dec  6 21:00:00 2026
2460: Mon Nov 30 01:00:00 2026
24:00: Mon Nov 30 00:00:00 2026
12:60: Sun Nov 29 13:00:00 2026
10.30: Sun Nov 29 10:30:00 2026
10,30: Sun Nov 29 10:30:00 2026
Feb 30: Tue Mar  2 00:10:00 2027
NOON: Sun Nov 29 12:00:00 2026
12:30 am: Sun Nov 29 00:30:00 2026
foo: !f
now +: !+
now next hour: !next
now + 1 foo: !f
now + hour: !hour
now+1h: !h
tomorrow noon: !noon
10: !10
100: !100
4th: !t
in 5 minutes: !i
07/04/2027 10:00: !10:00
now tomorrow: !tomorrow`;

describe("parseTimespec", () => {
  it.each(
    answers
      .trim()
      .split("\n")
      .map((line) => {
        const match = /^(.*?): (\w{3} \w{3} .*|!.*)$/.exec(line)!;
        return [match[1]!, match[2]!] as const;
      }),
  )("%s", (text, wanted) => {
    if (wanted.startsWith("!")) {
      expect(() => parseTimespec(text, now, UTC)).toThrow(TimespecError);
      return;
    }
    const at = Math.floor(parseTimespec(text, now, UTC) / 60) * 60;
    expect(strftime("%a %b %e %H:%M:%S %Y", calendar(at))).toBe(wanted);
  });
});
