/** ifconfig, route and arp of net-tools, which guides still use beside ip(8). */
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Interface, type Route, routeTo } from "../../network/index.ts";
import { knownTo, type NeighbourState, neighboursOf } from "../../network/neighbours.ts";
import { tool } from "../tool.ts";

const VERSION = "net-tools 2.10";

function mask(prefix: number): string {
  const bits = prefix === 0 ? 0 : (0xffffffff << (32 - prefix)) >>> 0;
  return dotted(bits);
}

function dotted(bits: number): string {
  return [24, 16, 8, 0].map((shift) => (bits >>> shift) & 255).join(".");
}

function number(address: string): number {
  return address.split(".").reduce((all, part) => ((all << 8) | Number(part)) >>> 0, 0);
}

function broadcast(address: string, prefix: number): string {
  return dotted((number(address) | ~number(mask(prefix))) >>> 0);
}

/** ifconfig(8): interfaces with their addresses. */
export const ifconfig = tool(
  {
    name: "ifconfig",
    usage: "[-a] [-v] [-s] <interface> [[<AF>] <address>]",
    about: "",
    version: VERSION,
    short: "asv",
    standard: false,
  },
  function* (t, o) {
    const { net } = t.p.ns;
    const [name] = o.operands;
    if (name !== undefined && !net.interfaces.has(name)) {
      yield* sys.printError(t.p, `${name}: error fetching interface information: Device not found\n`);
      return 1;
    }
    if (o.operands.length > 1) {
      yield* sys.printError(
        t.p,
        t.p.cred.uid === 0 ? "SIOCSIFADDR: Operation not supported\n" : "SIOCSIFADDR: Operation not permitted\n",
      );
      return 255;
    }
    const shown = [...net.interfaces.values()]
      .filter((one) => (name === undefined ? one.up || o.has("a") : one.name === name))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    if (o.has("s")) {
      t.out.add("Iface      MTU    RX-OK RX-ERR RX-DRP RX-OVR    TX-OK TX-ERR TX-DRP TX-OVR Flg\n");
      for (const one of shown)
        t.out.add(
          `${one.name.padEnd(8)} ${String(one.mtu).padStart(5)}        0      0      0 0             0      0      0      0 ${one.name === "lo" ? "LRU" : "BMRU"}\n`,
        );
      return 0;
    }
    for (const one of shown) t.out.add(described(one));
    return 0;
  },
);

function described(one: Interface): string {
  const loopback = one.name === "lo";
  const names = [
    ...(one.up ? ["UP"] : []),
    loopback ? "LOOPBACK" : "BROADCAST",
    ...(one.up ? ["RUNNING"] : []),
    ...(loopback ? [] : ["MULTICAST"]),
  ];
  const flags = (one.up ? 0x41 : 0) + (loopback ? 0x8 : 0x2 + 0x1000);
  const pad = " ".repeat(8);
  let text = `${one.name}: flags=${flags}<${names.join(",")}>  mtu ${one.mtu}\n`;
  for (const cidr of one.addresses.filter((address) => address.includes("."))) {
    const [address, prefix] = cidr.split("/") as [string, string];
    text += `${pad}inet ${address}  netmask ${mask(Number(prefix))}${loopback ? "" : `  broadcast ${Number(prefix) === 32 ? "0.0.0.0" : broadcast(address, Number(prefix))}`}\n`;
  }
  text += loopback
    ? `${pad}loop  txqueuelen 1000  (Local Loopback)\n`
    : `${pad}ether ${one.mac}  txqueuelen ${one.name.startsWith("veth") || one.name.startsWith("flannel") ? 0 : 1000}  (Ethernet)\n`;
  const zero = (way: string, errors: string) =>
    `${pad}${way} packets 0  bytes 0 (0.0 B)\n${pad}${way} errors 0  dropped 0 ${errors}\n`;
  return `${text}${zero("RX", " overruns 0  frame 0")}${zero("TX", "overruns 0  carrier 0  collisions 0")}\n`;
}

/** route(8): the routing table; changes are ip(8)'s. */
export const route = tool(
  { name: "route", usage: "[-nNvee] [-FC] [<AF>]", about: "", version: VERSION, short: "neCFvA:46" },
  function* (t, o) {
    if (o.operands.length > 0) {
      yield* sys.printError(
        t.p,
        t.p.cred.uid === 0 ? "SIOCADDRT: Invalid argument\n" : "SIOCADDRT: Operation not permitted\n",
      );
      return 7;
    }
    t.out.add(routeTable(t.p, o.has("n"), "route"));
    return 0;
  },
);

/** The routing table as route(8) shows it, or netstat(8) with -r, whose columns differ. */
export function routeTable(p: Process, numeric: boolean, style: "route" | "netstat"): string {
  const columns = style === "route" ? "Flags Metric Ref    Use Iface" : "Flags   MSS Window  irtt Iface";
  const first = (one: Route) => Number(one.destination === "default");
  const lines = [...p.ns.net.routes]
    .sort((a, b) => first(b) - first(a))
    .map((one) => routeLine(p, one, numeric, style === "route" ? "0      0        0" : "    0 0          0"));
  return `Kernel IP routing table\nDestination     Gateway         Genmask         ${columns}\n${lines.join("")}`;
}

function routeLine(p: Process, one: Route, numeric: boolean, figures: string): string {
  const isDefault = one.destination === "default";
  const [network, prefix = "32"] = isDefault ? ["0.0.0.0", "0"] : (one.destination.split("/") as [string, string?]);
  const host = prefix === "32";
  const shown = isDefault && !numeric ? "default" : network;
  const gateway = one.via ?? (numeric ? "0.0.0.0" : "0.0.0.0");
  const known = numeric || one.via === undefined ? undefined : p.ns.net.network.ownerOf(one.via)?.name;
  const flags = `U${one.via === undefined ? "" : "G"}${host ? "H" : ""}`;
  return `${shown.padEnd(15)} ${(known === undefined ? gateway : gateway).padEnd(15)} ${mask(Number(prefix)).padEnd(15)} ${flags.padEnd(5)} ${figures} ${one.device}\n`;
}

/** arp(8): the neighbours, as ip(8) knows them. */
export const arp = tool(
  {
    name: "arp",
    usage: "[-vn]  [<HW>] [-i <if>] [-a] [<hostname>]",
    about: "",
    version: VERSION,
    short: "aevnDi:s:d:f:H:",
  },
  function* (t, o) {
    const { net } = t.p.ns;
    const { kernel } = t.p.machine;
    const table = neighboursOf(net);
    const [host] = o.operands;
    const device = o.value("i");
    const all = knownTo(net).filter(({ state }) => state !== "NOARP");
    const wanted = all.filter(
      (row) => (device === undefined || row.device === device) && (host === undefined || row.address === host),
    );
    if (o.has("d") || o.has("s")) {
      if (t.p.cred.uid !== 0) {
        yield* sys.printError(t.p, `SIOC${o.has("d") ? "DARP(dontpub)" : "SARP"}: Operation not permitted\n`);
        return 255;
      }
      const address = o.value("d") ?? o.value("s") ?? "";
      const known = all.find((row) => row.address === address);
      if (o.has("d")) {
        if (known === undefined) yield* sys.printError(t.p, `No ARP entry for ${address}\n`);
        else table.delete(known.device, address);
        return known === undefined ? 255 : 0;
      }
      const given = o.operands[0] ?? "";
      if (!/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(given)) {
        yield* sys.printError(t.p, "arp: invalid hardware address\n");
        return 255;
      }
      const on = device ?? routeTo(net, address)?.device ?? "eth0";
      table.set(on, address, given.toLowerCase(), "PERMANENT", kernel.now);
      return 0;
    }
    if (o.has("a")) {
      for (const row of wanted) {
        const at = isOpen(row.state) ? "<incomplete>" : `${row.mac} [ether]`;
        t.out.add(`? (${row.address}) at ${at}${row.state === "PERMANENT" ? " PERM" : ""} on ${row.device}\n`);
      }
      if (wanted.length === 0 && host !== undefined) t.out.add(`arp: in 0 entries no match found.\n`);
      return 0;
    }
    if (wanted.length === 0) {
      if (host !== undefined) t.out.add(`${host} (${host}) -- no entry\n`);
      return 0;
    }
    t.out.add("Address                  HWtype  HWaddress           Flags Mask            Iface\n");
    for (const { address, state, mac: known, device: on } of wanted) {
      const flags = state === "PERMANENT" ? "CM" : "C ";
      const middle = isOpen(state)
        ? "        (incomplete)                             "
        : `ether   ${known}   ${flags}                   `;
      t.out.add(`${address.padEnd(24)} ${middle} ${on}\n`);
    }
    if (o.has("v"))
      t.out.add(`Entries: ${all.length}\tSkipped: ${all.length - wanted.length}\tFound: ${wanted.length}\n`);
    return 0;
  },
);

const isOpen = (state: NeighbourState): boolean => state === "INCOMPLETE" || state === "FAILED";
