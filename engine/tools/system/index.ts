import type { Program } from "../../machine/process.ts";
import { accountPrograms } from "./accounts/index.ts";
import { atd } from "./at/daemon.ts";
import { at, atq, atrm, batch } from "./at/index.ts";
import { dig } from "./bind/dig.ts";
import { host } from "./bind/host.ts";
import { blkid, fdisk, findmnt, losetup, lsblk, lscpu } from "./block-devices.ts";
import { bridge } from "./bridge.ts";
import { hwclock, localectl, timedatectl } from "./clock.ts";
import { crontab } from "./cron/crontab.ts";
import { cron } from "./cron/daemon.ts";
import { curl } from "./curl.ts";
import { journald, logind } from "./daemons.ts";
import { df } from "./df.ts";
import { dmesg } from "./dmesg.ts";
import { ethtool } from "./ethtool.ts";
import { chattr, lsattr } from "./file-attributes.ts";
import { fuser } from "./fuser.ts";
import { getopt } from "./getopt.ts";
import { gpg } from "./gpg.ts";
import { arch, hostid, hostname, hostnamectl, lsbRelease, uname } from "./hostname.ts";
import { htpasswd } from "./htpasswd.ts";
import { iconv } from "./iconv.ts";
import { groups, id, whoami } from "./id.ts";
import { ip } from "./ip.ts";
import { ipcs, mcookie, pwdx } from "./ipc.ts";
import { chroot, lsns, runuser, unshare } from "./isolate.ts";
import { journalctl } from "./journalctl.ts";
import { lsmod, modinfo, modprobe, rmmod } from "./kernel-modules.ts";
import { kill } from "./kill.ts";
import { choom, i386, linux32, linux64, prlimit, setarch, setpriv, x86_64 } from "./limits.ts";
import { loginctl } from "./loginctl.ts";
import { lsof } from "./lsof.ts";
import { free, nproc, uptime } from "./memory.ts";
import { mesg, wall, write } from "./messages.ts";
import { mount, umount } from "./mount.ts";
import { nc } from "./nc.ts";
import { arp, ifconfig, route } from "./net-tools.ts";
import { netstat } from "./netstat.ts";
import { nsenter } from "./nsenter.ts";
import { getent, nslookup, oldNslookup } from "./nslookup.ts";
import { updateAlternatives } from "./packages/alternatives.ts";
import { apk } from "./packages/apk.ts";
import { apt, aptMark } from "./packages/apt.ts";
import { aptCache } from "./packages/apt-query.ts";
import { dpkg } from "./packages/dpkg.ts";
import { pgrep, pidof, pkill } from "./pgrep.ts";
import { ping } from "./ping.ts";
import { pinky } from "./pinky.ts";
import { pmap } from "./pmap.ts";
import { killall, pstree } from "./process-tree.ts";
import { ps } from "./ps.ts";
import { rsync } from "./rsync/index.ts";
import { chrt, flock, ionice, renice, taskset } from "./scheduling.ts";
import { scp } from "./scp.ts";
import { script, scriptreplay } from "./script.ts";
import { halt, logger, poweroff, reboot, ttyProgram, w, who } from "./session.ts";
import { sftp } from "./sftp/index.ts";
import { shutdown } from "./shutdown.ts";
import { fallocate, getconf, locale, mknod, runParts, uuidgen, whereis } from "./small.ts";
import { ss } from "./ss.ts";
import { ssh } from "./ssh.ts";
import { sshAdd, sshAgent } from "./ssh-agent.ts";
import { sshCopyId } from "./ssh-copy-id.ts";
import { sshKeygen } from "./ssh-keys.ts";
import { sshKeyscan } from "./ssh-keyscan.ts";
import { sshd } from "./sshd.ts";
import { su, sudo } from "./sudo.ts";
import { swapoff, swapon } from "./swap.ts";
import { sysctl } from "./sysctl.ts";
import { systemctl } from "./systemctl.ts";
import { systemdAnalyze } from "./systemd-analyze.ts";
import { systemdEscape } from "./systemd-escape.ts";
import { systemdCgls, systemdCgtop } from "./systemd-groups.ts";
import { systemdRun } from "./systemd-run.ts";
import { systemdDelta, systemdId128, systemdNotify, systemdPath } from "./systemd-small.ts";
import { systemdTmpfiles } from "./systemd-tmpfiles.ts";
import { service, systemdCat, systemdDetectVirt } from "./systemd-tools.ts";
import { tc } from "./tc.ts";
import { clear, reset, stty, tput } from "./terminal.ts";
import { top } from "./top.ts";
import { visudo } from "./visudo.ts";
import { vmstat } from "./vmstat.ts";
import { wget } from "./wget/index.ts";
import { mountpoint, namei } from "./where-files-lie.ts";
import { last, lastlog, logname, nologin, users } from "./who-was-here.ts";

/** Programs that show or change the system, by name. */
export const systemPrograms: Record<string, Program> = {
  ...accountPrograms,
  "update-alternatives": updateAlternatives,
  chattr,
  fdisk,
  hwclock,
  localectl,
  losetup,
  pinky,
  pmap,
  choom,
  lsattr,
  mesg,
  script,
  scriptreplay,
  wall,
  write,
  hostid,
  ipcs,
  mcookie,
  pwdx,
  "systemd-escape": systemdEscape,
  getopt,
  i386,
  linux32,
  linux64,
  mountpoint,
  namei,
  prlimit,
  setarch,
  setpriv,
  x86_64,
  blkid,
  findmnt,
  lsblk,
  lscpu,
  chroot,
  lsns,
  unshare,
  arp,
  ifconfig,
  route,
  killall,
  pstree,
  chrt,
  flock,
  ionice,
  renice,
  taskset,
  ethtool,
  tc,
  fallocate,
  getconf,
  iconv,
  locale,
  mknod,
  "run-parts": runParts,
  uuidgen,
  visudo,
  whereis,
  "ssh-add": sshAdd,
  "ssh-agent": sshAgent,
  "ssh-copy-id": sshCopyId,
  "ssh-keyscan": sshKeyscan,
  "ssh-keygen": sshKeygen,
  "systemd-analyze": systemdAnalyze,
  "systemd-cgls": systemdCgls,
  "systemd-cgtop": systemdCgtop,
  "systemd-cat": systemdCat,
  "systemd-detect-virt": systemdDetectVirt,
  "systemd-delta": systemdDelta,
  "systemd-id128": systemdId128,
  "systemd-notify": systemdNotify,
  "systemd-path": systemdPath,
  "systemd-run": systemdRun,
  "systemd-tmpfiles": systemdTmpfiles,
  loginctl,
  service,
  vmstat,
  last,
  lastlog,
  logname,
  nologin,
  users,
  runuser,
  apk,
  apt,
  "apt-cache": aptCache,
  "apt-get": apt,
  "apt-mark": aptMark,
  dpkg,
  "dpkg-query": dpkg,
  arch,
  at,
  atd,
  atq,
  atrm,
  batch,
  bridge,
  clear,
  cron,
  crontab,
  curl,
  df,
  dig,
  dmesg,
  free,
  fuser,
  getent,
  gpg,
  groups,
  halt,
  host,
  hostname,
  htpasswd,
  hostnamectl,
  id,
  ip,
  journalctl,
  kill,
  logger,
  lsb_release: lsbRelease,
  lsmod,
  lsof,
  modinfo,
  modprobe,
  rmmod,
  rsync,
  mount,
  nc,
  netstat,
  nproc,
  nsenter,
  nslookup,
  "nslookup-9.9": oldNslookup,
  pgrep,
  pidof,
  ping,
  ping4: ping,
  ping6: ping,
  pkill,
  poweroff,
  ps,
  reboot,
  reset,
  scp,
  sftp,
  shutdown,
  ss,
  ssh,
  sshd,
  stty,
  su,
  sudo,
  swapoff,
  swapon,
  sysctl,
  systemctl,
  "systemd-journald": journald,
  "systemd-logind": logind,
  timedatectl,
  top,
  tput,
  tty: ttyProgram,
  umount,
  uname,
  uptime,
  w,
  wget,
  who,
  whoami,
};
