/** /proc/net: devices, routes and sockets of a network namespace, in the kernel's own forms. */
import type { Interface, NetNamespace } from "../../network/namespace.ts";
import { knownTo } from "../../network/neighbours.ts";
import { ComputedContent, fileNode, type Inode } from "../inode.ts";

/** An IPv4 address as the kernel prints it: four bytes, the last first. */
function little(address: string): string {
  return address
    .split(".")
    .reverse()
    .map((part) => Number(part).toString(16).toUpperCase().padStart(2, "0"))
    .join("");
}

function maskOf(prefix: number): string {
  const bits = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  return little([24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join("."));
}

function devices(net: NetNamespace): string {
  // net/core/net-procfs.c dev_seq_printf_stats: each column has a width of its own.
  const cells = (counted: Interface["sent"], widths: readonly number[]) =>
    [counted?.bytes ?? 0, counted?.packets ?? 0, 0, 0, 0, 0, 0, 0]
      .map((figure, i) => `${figure}`.padStart(widths[i]!))
      .join(" ");
  const rows = [...net.interfaces.values()].map(
    ({ name, received, sent }) =>
      `${name.padStart(6)}: ${cells(received, [7, 7, 4, 4, 4, 5, 10, 9])} ${cells(sent, [8, 7, 4, 4, 4, 5, 7, 10])}\n`,
  );
  return `Inter-|   Receive                                                |  Transmit\n face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed\n${rows.join("")}`;
}

function routes(net: NetNamespace): string {
  const head = "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT";
  const rows = net.routes.map(({ destination, via, device }) => {
    const [network, prefix = "32"] = destination === "default" ? ["0.0.0.0", "0"] : destination.split("/");
    const flags = (1 + (via === undefined ? 0 : 2) + (prefix === "32" ? 4 : 0))
      .toString(16)
      .toUpperCase()
      .padStart(4, "0");
    return `${device}\t${little(network!)}\t${little(via ?? "0.0.0.0")}\t${flags}\t0\t0\t0\t${maskOf(Number(prefix))}\t0\t0\t0`;
  });
  return [head, ...rows].map((line) => `${line.padEnd(127)}\n`).join("");
}

function sockets(net: NetNamespace, protocol: "tcp" | "udp"): string {
  const head =
    protocol === "tcp"
      ? "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
      : "   sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode ref pointer drops";
  const port = (number: number) => number.toString(16).toUpperCase().padStart(4, "0");
  const rows = net
    .listening()
    .filter((one) => one.protocol === protocol)
    .map(
      ({ address, port: number }, i) =>
        `${String(i).padStart(4)}: ${little(address)}:${port(number)} 00000000:0000 ${protocol === "tcp" ? "0A" : "07"} 00000000:00000000 00:00000000 00000000     0        0 ${20_000 + i} 1 0000000000000000 100 0 0 10 0`,
    );
  return [head, ...rows].map((line) => `${line.padEnd(protocol === "tcp" ? 149 : 127)}\n`).join("");
}

function neighbours(net: NetNamespace): string {
  let text = "IP address       HW type     Flags       HW address            Mask     Device\n";
  for (const { address, device, mac = "00:00:00:00:00:00", state } of knownTo(net)) {
    if (state === "NOARP") continue;
    const flags = state === "PERMANENT" ? "0x6" : state === "INCOMPLETE" || state === "FAILED" ? "0x0" : "0x2";
    text += `${address.padEnd(16)} 0x1         ${flags}         ${mac}     *        ${device}\n`;
  }
  return text;
}

/** The files of /proc/net. */
export function netEntries(net: NetNamespace): Map<string, Inode> {
  const file = (text: () => string) => fileNode(new ComputedContent(text), { mode: 0o444 });
  return new Map<string, Inode>([
    ["arp", file(() => neighbours(net))],
    ["dev", file(() => devices(net))],
    ["route", file(() => routes(net))],
    ["tcp", file(() => sockets(net, "tcp"))],
    [
      "tcp6",
      file(
        () =>
          "  sl  local_address                         remote_address                        st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n",
      ),
    ],
    ["udp", file(() => sockets(net, "udp"))],
  ]);
}
