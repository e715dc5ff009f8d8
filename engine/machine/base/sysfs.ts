/** /sys as far as programs read it: network devices, control groups, the machine's make. */
import type { Interface, NetNamespace } from "../../network/namespace.ts";
import { firmwareUuid } from "../hardware.ts";
import { ComputedContent, type DirNode, dirNode, fileNode, type Inode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { cgroupDir } from "./cgroup-fs.ts";
import { runningProcess } from "./proc.ts";

const folder = (load: () => Map<string, Inode>): DirNode => dirNode({ mode: 0o555 }, load);

function line(text: () => string | number, mode = 0o444): Inode {
  return fileNode(new ComputedContent(() => `${text()}\n`), { mode });
}

/** A machine's /sys, or a container's with the devices and the control group that its processes have. */
export function sysEntries(machine: Machine, inContainer = false): Map<string, Inode> {
  const net = (): NetNamespace => (inContainer ? runningProcess(machine)?.ns.net : undefined) ?? machine.net;
  const group = () => (inContainer ? (runningProcess(machine)?.ns.cgroup ?? "/") : "/");
  const devices = folder(() => {
    const out = new Map<string, Inode>();
    [...net().interfaces.values()].forEach((one, i) => {
      const { name, mac, mtu, up } = one;
      out.set(
        name,
        folder(
          () =>
            new Map<string, Inode>([
              ["address", line(() => mac)],
              ["mtu", line(() => mtu, 0o644)],
              ["operstate", line(() => (name === "lo" ? "unknown" : up ? "up" : "down"))],
              ["carrier", line(() => (up ? 1 : 0), 0o644)],
              ["ifindex", line(() => i + 1)],
              ["iflink", line(() => i + 1)],
              ["type", line(() => (name === "lo" ? 772 : 1))],
              ["speed", line(() => -1)],
              ["statistics", folder(() => statistics(one))],
            ]),
        ),
      );
    });
    return out;
  });
  devices.volatile = true;
  const { diskKib, cpus } = machine.hardware;
  const block = () =>
    new Map<string, Inode>([
      ["size", line(() => diskKib * 2)],
      ["ro", line(() => 0)],
    ]);
  const cpu = () =>
    new Map<string, Inode>([
      ["online", line(() => (cpus === 1 ? "0" : `0-${cpus - 1}`))],
      ["present", line(() => (cpus === 1 ? "0" : `0-${cpus - 1}`))],
      ["possible", line(() => (cpus === 1 ? "0" : `0-${cpus - 1}`))],
    ]);
  const dmi = () =>
    new Map<string, Inode>([
      ["sys_vendor", line(() => "QEMU")],
      ["product_name", line(() => "Standard PC (Q35 + ICH9, 2009)")],
      ["product_version", line(() => "pc-q35-7.2")],
      ["bios_vendor", line(() => "SeaBIOS")],
      ["chassis_type", line(() => 1)],
      ["product_serial", line(() => "", 0o400)],
      ["product_uuid", line(() => firmwareUuid(machine.machineId), 0o400)],
    ]);
  const hugepage = () =>
    new Map<string, Inode>([
      ["enabled", line(() => "always [madvise] never", 0o644)],
      ["defrag", line(() => "always defer defer+madvise [madvise] never", 0o644)],
    ]);
  return new Map<string, Inode>([
    ["block", folder(() => new Map([["vda", folder(block)]]))],
    [
      "class",
      folder(
        () =>
          new Map<string, Inode>([
            ["net", devices],
            ["dmi", folder(() => new Map([["id", folder(dmi)]]))],
          ]),
      ),
    ],
    ["devices", folder(() => new Map([["system", folder(() => new Map([["cpu", folder(cpu)]]))]]))],
    ["fs", folder(() => new Map([["cgroup", cgroupDir(machine, group, !inContainer)]]))],
    ["kernel", folder(() => new Map([["mm", folder(() => new Map([["transparent_hugepage", folder(hugepage)]]))]]))],
    ["module", folder(() => new Map())],
  ]);
}

function statistics({ received, sent }: Interface): Map<string, Inode> {
  return new Map([
    ["rx_bytes", line(() => received?.bytes ?? 0)],
    ["rx_packets", line(() => received?.packets ?? 0)],
    ["rx_errors", line(() => 0)],
    ["rx_dropped", line(() => 0)],
    ["tx_bytes", line(() => sent?.bytes ?? 0)],
    ["tx_packets", line(() => sent?.packets ?? 0)],
    ["tx_errors", line(() => 0)],
    ["tx_dropped", line(() => 0)],
  ]);
}
