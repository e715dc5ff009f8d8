import { decode } from "../../kernel/index.ts";
import * as sys from "../../machine/sys.ts";
import { busyboxSize } from "../../tools/busybox-sizes.ts";
import { tool } from "../../tools/tool.ts";

const UNITS: Readonly<Record<string, number>> = { b: 1 / 1024, k: 1, m: 1024, g: 1024 * 1024 };

/** free of BusyBox (procps/free.c): kibibytes, what is used is what is neither free nor cached. */
export const free = tool(
  { name: "free", usage: "[-bkmgh]", about: "Display free and used memory", short: "bkmgh", long: "" },
  function* (t, o) {
    const known = new Map<string, number>();
    for (const line of decode(sys.readBytes(t.p, "/proc/meminfo")).split("\n")) {
      const match = /^(\w+):\s+(\d+)/.exec(line);
      if (match) known.set(match[1]!, Number(match[2]));
    }
    const of = (name: string) => known.get(name) ?? 0;
    const key = o.last("b", "k", "m", "g", "h")?.key ?? "k";
    const show = (kib: number) => (key === "h" ? busyboxSize(kib * 1024) : String(Math.floor(kib / UNITS[key]!)));
    const row = (label: string, ...values: number[]) =>
      t.out.add(`${label}${values.map((value) => show(value).padStart(12)).join("")}\n`);
    const cached = of("Buffers") + of("Cached") + of("SReclaimable");
    const [total, left] = [of("MemTotal"), of("MemFree")];
    t.out.add("              total        used        free      shared  buff/cache   available\n");
    row("Mem:   ", total, total - left - cached, left, of("Shmem"), cached, of("MemAvailable"));
    row("Swap:  ", of("SwapTotal"), of("SwapTotal") - of("SwapFree"), of("SwapFree"));
    return 0;
  },
);
