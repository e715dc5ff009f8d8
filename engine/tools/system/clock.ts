/** The clock, its zone and the locale: timedatectl(1) and localectl(1) of systemd 252, hwclock(8) of util-linux. */

import { isErrno } from "../../machine/errno.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { localZone, machineZone } from "../../machine/zone.ts";
import { UTC, type Zone, zoneNames } from "../../text/zone.ts";
import type { ParsedOptions } from "../options.ts";
import { Fatal, type Tool, tool } from "../tool.ts";
import { VERSION } from "./systemd-version.ts";
import { wallTime } from "./when.ts";

const SYSTEMD = VERSION;
const ZONES = "/usr/share/zoneinfo/";
/** Where systemd-timedated's wish for synchronization is kept here: what starts systemd-timesyncd elsewhere. */
const NTP_OFF = "/var/lib/systemd/timesync-off";

/** What a clock of a zone shows now. */
const shown = (p: Process, zone: Zone, format: string): string => wallTime(p, p.machine.kernel.now, format, zone);

const zoneName = (p: Process): string => machineZone(p) ?? "UTC";

const synchronizes = (p: Process) => sys.find(p, NTP_OFF) === undefined;

function refuse(p: Process, what: string): void {
  if (p.cred.uid !== 0) throw new Fatal(`Failed to ${what}: Interactive authentication required.`);
}

export const timedatectl = tool(
  {
    name: "timedatectl",
    usage: "[OPTIONS...] COMMAND ...",
    about: "Query or change system time and date settings.",
    short: "H:M:p:P:a",
    long: "host:=H machine:=M property:=p value=value all=a no-pager=no-pager no-ask-password=nap adjust-system-clock=asc monitor=monitor",
    version: SYSTEMD,
  },
  function* (t, o) {
    const { p } = t;
    const [verb = "status", ...args] = o.operands;
    const needs = (count: number) => {
      if (args.length < count) throw new Fatal("Too few arguments.");
      if (args.length > count) throw new Fatal("Too many arguments.");
    };
    switch (verb) {
      case "status":
        needs(0);
        return status(t);
      case "show":
        return show(t, o);
      case "list-timezones":
        needs(0);
        t.out.add(`${zoneNames().join("\n")}\n`);
        return 0;
      case "set-timezone":
        needs(1);
        return setZone(t, args[0]!);
      case "set-ntp": {
        needs(1);
        if (!/^(?:1|0|y|n|yes|no|t|f|true|false|on|off)$/i.test(args[0]!))
          throw new Fatal(`Failed to parse NTP setting: ${args[0]}`);
        refuse(p, "set ntp");
        const on = /^(?:1|y|yes|t|true|on)$/i.test(args[0]!);
        if (!on) sys.writeText(p, NTP_OFF, "");
        else if (!synchronizes(p)) sys.unlink(p, NTP_OFF);
        return 0;
      }
      case "set-local-rtc":
        needs(1);
        refuse(p, "set local RTC");
        return 0;
      case "set-time":
        needs(1);
        refuse(p, "set time");
        if (synchronizes(p)) throw new Fatal("Failed to set time: Automatic time synchronization is enabled");
        // The clock is that of the simulation: nothing on a machine moves it.
        throw new Fatal("Failed to set time: Operation not permitted");
      case "timesync-status":
      case "show-timesync":
        throw new Fatal(
          "Failed to query server: The name org.freedesktop.timesync1 was not provided by any .service files",
        );
      default:
        throw new Fatal(`Unknown command verb ${verb}.`);
    }
  },
);

function status({ p, out }: Tool): number {
  const zone = localZone(p, null);
  const rows: [string, string][] = [
    ["Local time", shown(p, zone, "%a %Y-%m-%d %H:%M:%S %Z")],
    ["Universal time", shown(p, UTC, "%a %Y-%m-%d %H:%M:%S UTC")],
    ["RTC time", shown(p, UTC, "%a %Y-%m-%d %H:%M:%S")],
    ["Time zone", `${zoneName(p)} (${shown(p, zone, "%Z, %z")})`],
    ["System clock synchronized", synchronizes(p) ? "yes" : "no"],
    ["NTP service", synchronizes(p) ? "active" : "inactive"],
    ["RTC in local TZ", "no"],
  ];
  for (const [label, value] of rows) out.add(`${label.padStart(25)}: ${value}\n`);
  return 0;
}

function show({ p, out }: Tool, o: ParsedOptions): number {
  const zone = localZone(p, null);
  const on = synchronizes(p) ? "yes" : "no";
  const facts: [string, string][] = [
    ["Timezone", zoneName(p)],
    ["LocalRTC", "no"],
    ["CanNTP", "yes"],
    ["NTP", on],
    ["NTPSynchronized", on],
    ["TimeUSec", shown(p, zone, "%a %Y-%m-%d %H:%M:%S %Z")],
    ["RTCTimeUSec", shown(p, zone, "%a %Y-%m-%d %H:%M:%S %Z")],
  ];
  const wanted = o.list.filter(({ key }) => key === "p" || key === "P").flatMap(({ value }) => value!.split(","));
  const bare = o.has("value", "P");
  for (const [name, value] of facts)
    if (wanted.length === 0 || wanted.includes(name)) out.add(bare ? `${value}\n` : `${name}=${value}\n`);
  return 0;
}

/** /etc/localtime leads to the zone; Debian's timedated writes /etc/timezone as well. */
function setZone({ p }: Tool, zone: string): number {
  if (!zoneNames().includes(zone))
    throw new Fatal(`Failed to set time zone: Invalid or not installed time zone '${zone}'`);
  refuse(p, "set time zone");
  try {
    if (sys.find(p, "/etc/localtime", false) !== undefined) sys.unlink(p, "/etc/localtime");
    sys.symlink(p, `..${ZONES}${zone}`, "/etc/localtime");
    sys.writeText(p, "/etc/timezone", `${zone}\n`);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Fatal(`Failed to set time zone: ${error.message}`);
  }
  return 0;
}

export const hwclock = tool(
  {
    name: "hwclock",
    usage: "[function] [option...]",
    about: "Time clocks utility.",
    short: "raswulf:v",
    long: "show=r get=r set=set hctosys=s systohc=w systz=systz adjust=a utc=u localtime=l rtc:=f date:=date delay:=delay noadjfile=naf adjfile:=adjfile test=test verbose=v directisa=isa update-drift=drift",
    version: "hwclock from util-linux 2.38.1",
  },
  function* (t, o) {
    const { p } = t;
    if (p.cred.uid !== 0) {
      yield* t.error("Cannot access the Hardware Clock via any known method.");
      yield* t.error("Use the --verbose option to see the details of our search for an access method.");
      return 1;
    }
    if (o.has("set") && o.value("date") === undefined) {
      yield* t.error("--date is required for --set or --predict");
      return 1;
    }
    // Both clocks are the same one: neither needs the other's time.
    if (o.has("set", "s", "w", "systz", "a")) return 0;
    t.out.add(`${shown(p, localZone(p, null), "%Y-%m-%d %H:%M:%S.%6N%:z")}\n`);
    return 0;
  },
);

/** Where Debian keeps the locale. */
const LOCALE_FILE = "/etc/default/locale";

export const localectl = tool(
  {
    name: "localectl",
    usage: "[OPTIONS...] COMMAND ...",
    about: "Query or change system locale and keyboard settings.",
    short: "H:M:l",
    long: "no-pager=no-pager no-ask-password=nap no-convert=nc host:=H machine:=M full=l",
    version: SYSTEMD,
  },
  function* (t, o) {
    const { p } = t;
    const [verb = "status", ...args] = o.operands;
    const kept = () =>
      sys.find(p, LOCALE_FILE) === undefined
        ? []
        : sys
            .readText(p, LOCALE_FILE)
            .split("\n")
            .filter((line) => /^[A-Z_]+=/.test(line))
            .map((line) => line.replace(/"/g, ""));
    switch (verb) {
      case "status": {
        const lines = kept();
        t.out.add(`System Locale: ${lines.length === 0 ? "LANG=C.UTF-8" : lines.join("\n               ")}\n`);
        t.out.add("    VC Keymap: (unset)\n   X11 Layout: (unset)\n");
        return 0;
      }
      case "list-locales":
        t.out.add("C.UTF-8\n");
        return 0;
      case "set-locale": {
        if (args.length === 0) throw new Fatal("Too few arguments.");
        const lines = args.map((arg) => (arg.includes("=") ? arg : `LANG=${arg}`));
        for (const line of lines) {
          const [name, value = ""] = line.split("=");
          if (!/^(?:LANG|LANGUAGE|LC_[A-Z]+)$/.test(name!))
            throw new Fatal("Failed to issue method call: Invalid Locale data.");
          if (value !== "" && !/^(?:C|POSIX|C\.UTF-8|C\.utf8)$/.test(value))
            throw new Fatal(`Failed to issue method call: Locale ${value} not installed, refusing.`);
        }
        refuse(p, "issue method call");
        sys.writeText(p, LOCALE_FILE, `${lines.join("\n")}\n`);
        return 0;
      }
      case "list-keymaps":
        throw new Fatal("Couldn't find any console keymaps.");
      default:
        throw new Fatal(`Unknown command verb ${verb}.`);
    }
  },
);
