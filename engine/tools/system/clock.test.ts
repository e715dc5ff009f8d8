import { expect, it } from "vitest";
import { runLine } from "../../../test/differential/tools-runner.ts";

const EPOCH = Date.UTC(2026, 2, 2, 9, 0, 0);

it("changes the zone of a machine, which every clock shows from then on", () => {
  const { stdout, stderr } = runLine(
    "timedatectl | head -4; timedatectl set-timezone Asia/Seoul; env -u TZ date +%T%z; timedatectl | sed -n '1p;4p'; readlink /etc/localtime; cat /etc/timezone; hwclock | cut -c1-19; timedatectl show -p Timezone --value; timedatectl set-timezone Nope; timedatectl set-ntp no; timedatectl | grep NTP",
    {},
    EPOCH,
  );
  expect(stdout.split("\n")).toEqual([
    "               Local time: Mon 2026-03-02 09:00:00 UTC",
    "           Universal time: Mon 2026-03-02 09:00:00 UTC",
    "                 RTC time: Mon 2026-03-02 09:00:00",
    "                Time zone: Etc/UTC (UTC, +0000)",
    "18:00:00+0900",
    "               Local time: Mon 2026-03-02 18:00:00 KST",
    "                Time zone: Asia/Seoul (KST, +0900)",
    "../usr/share/zoneinfo/Asia/Seoul",
    "Asia/Seoul",
    "2026-03-02 18:00:00",
    "Asia/Seoul",
    "              NTP service: inactive",
    "",
  ]);
  expect(stderr).toBe("Failed to set time zone: Invalid or not installed time zone 'Nope'\n");
});
