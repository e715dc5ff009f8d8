import { type Gen, SECOND, sleep, wait } from "../../kernel/index.ts";
import { forgetNeighbours } from "../../network/neighbours.ts";
import { runEntries } from "../base/index.ts";
import { entriesOf } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { ROOT } from "../path.ts";
import type { Process } from "../process.ts";
import { systemd } from "./index.ts";
import { Systemd } from "./manager.ts";

/** From power-on to PID 1: firmware, boot loader, kernel. */
const FIRMWARE = 12 * SECOND;

/** Interfaces that software made: the container network's and kube-proxy's. */
const VIRTUAL = /^(cni|flannel|veth|cali|kube-|dummy|tunl|vxlan)/;

/** Powers a machine on: the kernel's first journal lines, then systemd as process 1. `buildBase` must have run. */
export function bootMachine(machine: Machine): Process {
  machine.bootedAt = machine.kernel.now;
  machine.journal.bootIds.push(machine.kernel.random(`boot-id ${machine.hostname}`).hex(32));
  machine.journal.boot = machine.journal.bootIds.length - 1;
  machine.network.dark.delete(machine.net);
  machine.kernel.onDigest(`journal ${machine.hostname}`, () => {
    const last = machine.journal.entries().at(-1);
    return last === undefined ? "" : `${last.seq} ${last.at} ${last.message}`;
  });
  for (const message of kernelMessages(machine)) {
    machine.journal.append({ identifier: "kernel", transport: "kernel", priority: 6, message });
  }
  machine.systemd = new Systemd(machine);
  const process = machine.spawn({
    parent: undefined,
    main: systemd,
    argv: ["/sbin/init"],
    env: new Map([["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]]),
    cwd: "/",
    cred: ROOT,
    ns: { ...machine.ns, cgroup: "/init.scope" },
    fds: new Map(),
  });
  machine.pids.skipTo(machine.kernel.random(`boot-id ${machine.hostname}`).int(380, 440));
  process.comm = "systemd";
  process.exe = "/usr/lib/systemd/systemd";
  process.rssKib = 12_544;
  machine.journal.append({
    identifier: "systemd",
    pid: 1,
    transport: "journal",
    message:
      "systemd 252.36-1~deb12u1 running in system mode (+PAM +AUDIT +SELINUX +APPARMOR +IMA +SMACK +SECCOMP +GCRYPT -GNUTLS +OPENSSL +ACL +BLKID +CURL +ELFUTILS +FIDO2 +IDN2 -IDN +IPTC +KMOD +LIBCRYPTSETUP +LIBFDISK +PCRE2 -PWQUALITY +P11KIT +QRENCODE +TPM2 +BZIP2 +LZ4 +XZ +ZLIB +ZSTD -BPF_FRAMEWORK -XKBCOMMON +UTMP +SYSVINIT default-hierarchy=unified)",
  });
  machine.journal.append({
    identifier: "systemd",
    pid: 1,
    transport: "journal",
    message: `Hostname set to <${machine.hostname}>.`,
  });
  return process;
}

function kernelMessages(machine: Machine): string[] {
  const { memoryKib, cpus } = machine.hardware;
  return [
    "Linux version 6.1.0-32-amd64 (debian-kernel@lists.debian.org) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld (GNU Binutils for Debian) 2.40) #1 SMP PREEMPT_DYNAMIC Debian 6.1.129-1 (2025-03-06)",
    "Command line: BOOT_IMAGE=/boot/vmlinuz-6.1.0-32-amd64 root=/dev/vda1 ro console=tty0 console=ttyS0,115200",
    "Hypervisor detected: KVM",
    `Memory: ${memoryKib - 120_000}K/${memoryKib + 178_000}K available (14342K kernel code, 2331K rwdata, 9056K rodata, 2796K init, 17404K bss, 178260K reserved, 0K cma-reserved)`,
    `smp: Brought up 1 node, ${cpus} CPUs`,
    "EXT4-fs (vda1): mounted filesystem with ordered data mode. Quota mode: none.",
  ];
}

/** Ends everything at once, as when the power fails: no SIGTERM, no journal. The machine stays dark until it is booted. */
export function powerOff(machine: Machine): void {
  machine.systemd = undefined;
  machine.network.dark.add(machine.net);
  for (const process of [...machine.processes.values()]) machine.signal(process, "KILL");
}

/** Stops all services in order, then everything else (shutdown(8)); the machine is off afterwards. */
export function* shutDown(machine: Machine, how: "reboot" | "poweroff" | "halt" = "poweroff"): Gen {
  const manager = machine.systemd;
  if (manager === undefined) return;
  const say = (message: string) =>
    machine.journal.append({ identifier: "systemd", pid: 1, transport: "journal", message });
  say(
    how === "reboot"
      ? "Reached target reboot.target - System Reboot."
      : "Reached target poweroff.target - System Power Off.",
  );
  const units = manager.loaded().filter((unit) => unit.type === "service" && unit.name !== "systemd-journald.service");
  const tasks = units.map((unit) => machine.kernel.spawn(`stop ${unit.name}`, manager.stop(unit)));
  for (const task of tasks) while (task.state !== "done") yield* wait(task.ended);
  say("Shutting down.");
  const rest = [...machine.processes.values()].filter((process) => process.pid !== 1);
  for (const process of rest) machine.signal(process, "TERM");
  for (let i = 0; i < 10 && rest.some((process) => process.status === undefined); i++) yield* sleep(SECOND);
  powerOff(machine);
}

/** Shuts down and boots again after the firmware's time. `/run` and `/tmp` are empty then, the rest stays. */
export function* reboot(machine: Machine): Gen {
  yield* shutDown(machine, "reboot");
  yield* restart(machine);
}

/** Takes the power away, or leaves it so, and boots after the firmware's time. */
export function* restart(machine: Machine): Gen {
  powerOff(machine);
  yield* sleep(FIRMWARE);
  powerOn(machine);
}

/** Boots a machine that is off. */
export function powerOn(machine: Machine): void {
  if (machine.systemd !== undefined) return;
  for (const process of [...machine.processes.values()]) machine.reap(process);
  machine.pids.reset();
  machine.net.translate = undefined;
  machine.net.netfilter = undefined;
  machine.net.settings.clear();
  forgetNeighbours(machine.net);
  // Bridges and veth pairs live in the kernel's memory only; routes of the others are set up again.
  for (const { name, peer } of [...machine.net.interfaces.values()]) {
    if (peer === undefined && !VIRTUAL.test(name)) continue;
    for (const cidr of [...(machine.net.interfaces.get(name)?.addresses ?? [])]) machine.net.removeAddress(name, cidr);
    machine.net.interfaces.delete(name);
    const kept = machine.net.routes.filter((route) => route.device !== name);
    machine.net.routes.splice(0, machine.net.routes.length, ...kept);
  }
  const root = entriesOf(machine.root);
  const run = root.get("run");
  if (run?.kind === "dir") run.entries = runEntries();
  bootMachine(machine);
}
