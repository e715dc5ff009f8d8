import type { Program } from "../../machine/process.ts";
import { cron, journald, logind } from "./daemons.ts";
import { journalctl } from "./journalctl.ts";
import { systemctl } from "./systemctl.ts";

/** Programs that show or change the system, by name. */
export const systemPrograms: Record<string, Program> = {
  cron,
  journalctl,
  systemctl,
  "systemd-journald": journald,
  "systemd-logind": logind,
};
