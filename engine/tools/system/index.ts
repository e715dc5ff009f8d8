import type { Program } from "../../machine/process.ts";
import { cron, journald, logind } from "./daemons.ts";
import { arch, hostname, hostnamectl, uname } from "./hostname.ts";
import { groups, id, whoami } from "./id.ts";
import { journalctl } from "./journalctl.ts";
import { kill, pgrep, pidof, pkill } from "./kill.ts";
import { ps } from "./ps.ts";
import { ssh } from "./ssh.ts";
import { sshd } from "./sshd.ts";
import { su, sudo } from "./sudo.ts";
import { systemctl } from "./systemctl.ts";

/** Programs that show or change the system, by name. */
export const systemPrograms: Record<string, Program> = {
  arch,
  cron,
  groups,
  hostname,
  hostnamectl,
  id,
  journalctl,
  kill,
  pgrep,
  pidof,
  pkill,
  ps,
  ssh,
  sshd,
  su,
  sudo,
  systemctl,
  "systemd-journald": journald,
  "systemd-logind": logind,
  uname,
  whoami,
};
