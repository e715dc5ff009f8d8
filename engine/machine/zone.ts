import { UTC, type Zone, zoneOf } from "../text/zone.ts";
import type { Process } from "./process.ts";
import * as sys from "./sys.ts";

/** The time zone a program shows times in: TZ of its environment, else what /etc/localtime leads to; `null`: no TZ. */
export function localZone(p: Process, tz: string | null | undefined = p.env.get("TZ")): Zone {
  if (tz !== undefined && tz !== null) return zoneOf(tz);
  const name = machineZone(p);
  return name === undefined ? UTC : zoneOf(name);
}

/** The name of a machine's zone, as /etc/localtime leads to it. */
export function machineZone(p: Process): string | undefined {
  const link = sys.find(p, "/etc/localtime", false);
  const at = link?.kind === "symlink" ? link.target.indexOf("zoneinfo/") : -1;
  return link?.kind === "symlink" && at >= 0 ? link.target.slice(at + "zoneinfo/".length) : undefined;
}
