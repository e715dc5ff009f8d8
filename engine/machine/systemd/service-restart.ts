/** Whether and how often a service is started again (systemd.service(5), Restart=; systemd.unit(5), StartLimitBurst=). */
import { SECOND } from "../../kernel/index.ts";
import type { Result, Unit } from "./unit.ts";
import { parseSpan, splitWords } from "./unit-file.ts";

/** Counts a start; false when there were more than StartLimitBurst within StartLimitIntervalSec. */
export function withinStartLimit(unit: Unit, now: number): boolean {
  const limit = (key: string) => unit.file.get("Unit", key) ?? unit.file.get("Service", key);
  const interval = parseSpan(limit("StartLimitIntervalSec") ?? limit("StartLimitInterval")) ?? 10 * SECOND;
  const burst = Number(limit("StartLimitBurst") ?? 5);
  if (interval === 0 || burst === 0) return true;
  // A window opens with the first start and is forgotten when it is over (ratelimit_below() of systemd).
  if ((unit.recentStarts[0] ?? Number.NEGATIVE_INFINITY) + interval < now) unit.recentStarts = [];
  if (unit.recentStarts.length >= burst) return false;
  unit.recentStarts.push(now);
  return true;
}

/** Whether Restart= and the statuses that prevent or force it want the service started again after that end. */
export function restarts(unit: Unit, result: Result): boolean {
  if (result === "start-limit-hit") return false;
  const status = unit.mainStatus;
  const among = (key: string) =>
    status?.kind === "exited" && splitWords(unit.service(key) ?? "").includes(String(status.code));
  if (among("RestartPreventExitStatus")) return false;
  if (among("RestartForceExitStatus")) return true;
  switch (unit.service("Restart")) {
    case "always":
      return true;
    case "on-success":
      return result === "success";
    case "on-failure":
      return result !== "success";
    case "on-abnormal":
      return result === "signal" || result === "timeout";
    case "on-abort":
      return result === "signal";
    default:
      return false;
  }
}
