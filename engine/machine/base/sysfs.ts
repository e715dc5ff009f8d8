/** /sys as far as programs read it: network devices, control groups, the machine's make. */
import type { NetNamespace } from "../../network/namespace.ts";
import { firmwareUuid } from "../hardware.ts";
import { ComputedContent, type DirNode, dirNode, fileNode, type Inode } from "../inode.ts";
import type { Machine } from "../machine.ts";
import { cgroupDir } from "./cgroup-fs.ts";
import { runningProcess } from "./proc.ts";
import { CARD, netDevices, netLinks } from "./sysfs-net.ts";

const folder = (load: () => Map<string, Inode>): DirNode => dirNode({ mode: 0o555 }, load);

function line(text: () => string | number, mode = 0o444): Inode {
  return fileNode(new ComputedContent(() => `${text()}\n`), { mode });
}

/** The network card's place, a folder in a folder. */
function hardware(net: () => NetNamespace): [string, Inode] {
  const [first = "", ...below] = CARD.split("/");
  const inner = below.reduceRight<DirNode>(
    (node, name) => folder(() => new Map([[name, node]])),
    folder(() => new Map([["net", netDevices(net, false, false)]])),
  );
  return [first, inner];
}

/** A machine's /sys, or a container's with the devices and the control group that its processes have. */
export function sysEntries(machine: Machine, inContainer = false): Map<string, Inode> {
  const net = (): NetNamespace => (inContainer ? runningProcess(machine)?.ns.net : undefined) ?? machine.net;
  const group = () => (inContainer ? (runningProcess(machine)?.ns.cgroup ?? "/") : "/");
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
            ["net", netLinks(net, inContainer)],
            ["dmi", folder(() => new Map([["id", folder(dmi)]]))],
          ]),
      ),
    ],
    [
      "devices",
      folder(
        () =>
          new Map<string, Inode>([
            ["system", folder(() => new Map([["cpu", folder(cpu)]]))],
            ["virtual", folder(() => new Map([["net", netDevices(net, inContainer, true)]]))],
            ...(inContainer ? [] : [hardware(net)]),
          ]),
      ),
    ],
    ["fs", folder(() => new Map([["cgroup", cgroupDir(machine, group, !inContainer)]]))],
    ["kernel", folder(() => new Map([["mm", folder(() => new Map([["transparent_hugepage", folder(hugepage)]]))]]))],
    ["module", folder(() => new Map())],
  ]);
}
