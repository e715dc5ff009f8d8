/** systemd's smaller programs: systemd-cat, -detect-virt; and service(8). */

import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Systemd } from "../../machine/systemd/index.ts";
import { LineReader } from "../io.ts";
import { searchPath } from "../text/env.ts";
import { Fatal, type Tool, tool, UsageError } from "../tool.ts";
import { priorityOf } from "./journal-match.ts";
import { VERSION } from "./systemd-version.ts";

/** The machine's service manager. Throws `Fatal` in a container. */
export function managerOf(t: Tool): Systemd {
  const manager = t.p.machine.systemd;
  if (manager === undefined || t.p.ns.pid !== t.p.machine.pids)
    throw new Fatal("System has not been booted with systemd as init system (PID 1). Can't operate.");
  return manager;
}

const VIRTUAL =
  "none kvm amazon qemu bochs xen uml vmware oracle microsoft zvm parallels bhyve qnx acrn powervm apple sre vm-other systemd-nspawn lxc-libvirt lxc openvz docker podman rkt wsl proot pouch container-other";

/** systemd-detect-virt(1). */
export const systemdDetectVirt = tool(
  {
    name: "systemd-detect-virt",
    usage: "[OPTIONS...]",
    about: "",
    version: VERSION,
    short: "cvrqh",
    long: "container=c vm=v chroot=r quiet=q list private-users cvm",
  },
  function* (t, o) {
    if (o.has("list")) {
      t.out.add(
        VIRTUAL.split(" ")
          .map((name) => `${name}\n`)
          .join(""),
      );
      return 0;
    }
    const inside = t.p.ns.pid !== t.p.machine.pids;
    const answer = o.has("c")
      ? inside
        ? "container-other"
        : "none"
      : o.has("r")
        ? "none"
        : inside && !o.has("v")
          ? "container-other"
          : "kvm";
    if (!o.has("q", "r")) t.out.add(`${answer}\n`);
    return answer === "none" ? 1 : 0;
  },
);

/** systemd-cat(1): a command's output, or standard input, to the journal. */
export const systemdCat = tool(
  {
    name: "systemd-cat",
    usage: "[OPTIONS...] COMMAND ...",
    about: "",
    version: VERSION,
    short: "+t:p:h",
    long: "identifier:=t priority:=p stderr-priority: level-prefix:",
  },
  function* (t, o) {
    const { p } = t;
    const given = o.value("p") ?? "info";
    const priority = priorityOf(given);
    if (priority === undefined) throw new Fatal("Failed to parse priority value.");
    const [name] = o.operands;
    const identifier = o.value("t") ?? (name === undefined ? "cat" : name.slice(name.lastIndexOf("/") + 1));
    let pid = p.pid;
    let fd = 0;
    let child: Process | undefined;
    if (name !== undefined) {
      const path = searchPath(p, name);
      if (path === undefined) throw new Fatal(`Failed to execute process: No such file or directory`);
      const [read, write] = sys.pipe();
      fd = 3;
      while (p.fds.has(fd)) fd++;
      p.setFd(fd, read);
      p.setFd(fd + 1, write);
      const fds = new Map([...p.fds].filter(([number]) => number < fd));
      fds.set(1, write);
      fds.set(2, write);
      child = yield* sys.spawn(p, path, { argv: [...o.operands], fds });
      pid = child.pid;
      p.closeFd(fd + 1);
    }
    const lines = new LineReader(p, fd);
    for (;;) {
      const line = yield* lines.line();
      if (line === undefined) break;
      if (line === "") continue;
      const level = o.value("level-prefix") === "false" ? null : /^<([0-7])>/.exec(line);
      p.machine.journal.append({
        identifier,
        pid,
        message: level ? line.slice(3) : line,
        priority: level ? Number(level[1]) : priority,
        transport: "stdout",
        uid: p.cred.uid,
        cgroup: p.ns.cgroup,
      });
    }
    return child === undefined ? 0 : exitCode((yield* sys.waitFor(p, child))!.status);
  },
);

/** service(8) of sysvinit's tools: hands over to systemctl. */
export const service = tool(
  {
    name: "service",
    usage: "< option > | --status-all | [ service_name [ command | --full-restart ] ]",
    about: "",
    version: "service ver. 1.65.2",
    short: "+",
    long: "status-all full-restart",
  },
  function* (t, o) {
    if (o.has("status-all")) {
      for (const unit of managerOf(t)
        .loaded()
        .filter(({ type }) => type === "service"))
        t.out.add(` [ ${unit.active === "active" ? "+" : "-"} ]  ${unit.name.replace(/\.service$/, "")}\n`);
      return 0;
    }
    const [name, action] = o.operands;
    if (name === undefined || action === undefined) {
      t.out.add("Usage: service < option > | --status-all | [ service_name [ command | --full-restart ] ]\n");
      return 1;
    }
    const known = ["start", "stop", "restart", "status", "reload", "force-reload", "try-restart"];
    if (!known.includes(action)) throw new UsageError(`Unknown command ${action}`);
    if (managerOf(t).unit(name).load === "not-found" && action !== "status") {
      yield* sys.printError(
        t.p,
        action === "status" ? "" : `Failed to ${action} ${name}.service: Unit ${name}.service not found.\n`,
      );
      return 5;
    }
    yield* t.out.flush();
    const child = yield* sys.spawn(t.p, "/usr/bin/systemctl", {
      argv: ["systemctl", action === "force-reload" ? "reload-or-restart" : action, `${name}.service`],
    });
    return exitCode((yield* sys.waitFor(t.p, child))!.status);
  },
);
