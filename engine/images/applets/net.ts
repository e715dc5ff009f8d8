/** Network applets of BusyBox: ifconfig, route, arp, telnet, dnsdomainname. */

import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Connection, isNetError } from "../../network/index.ts";
import { knownTo, neighboursOf } from "../../network/neighbours.ts";
import { resolveHost } from "../../network/resolver.ts";
import { ipv4Number } from "../../text/ipv4.ts";

const masks = new Map<number, string>();

/** `255.255.255.0` of 24. */
function maskOf(bits: number): string {
  let mask = masks.get(bits);
  if (mask === undefined) {
    const value = bits === 0 ? 0 : (0xffffffff << (32 - bits)) >>> 0;
    mask = [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
    masks.set(bits, mask);
  }
  return mask;
}

function dotted(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 255).join(".");
}

export const ifconfig: Program = function* (p): Gen<number> {
  const words = p.argv.slice(1).filter((word) => word !== "-a");
  const interfaces = [...p.ns.net.interfaces.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const wanted = words[0];
  const list = wanted === undefined ? interfaces : interfaces.filter(({ name }) => name === wanted);
  if (wanted !== undefined && list.length === 0) {
    yield* sys.printError(p, `ifconfig: ${wanted}: error fetching interface information: Device not found\n`);
    return 1;
  }
  for (const { name, mac, addresses, mtu } of list) {
    const loop = name === "lo";
    const head = loop ? "Link encap:Local Loopback" : `Link encap:Ethernet  HWaddr ${mac.toUpperCase()}`;
    let out = `${name.padEnd(9)} ${head}  \n`;
    for (const cidr of addresses) {
      if (cidr.includes(":")) continue;
      const [address = "", bits = "32"] = cidr.split("/");
      const broadcast = dotted((ipv4Number(address) | (2 ** (32 - Number(bits)) - 1)) >>> 0);
      out += `          inet addr:${address}${loop ? "" : `  Bcast:${broadcast}`}  Mask:${maskOf(Number(bits))}\n`;
    }
    out += `          UP ${loop ? "LOOPBACK RUNNING" : "BROADCAST RUNNING MULTICAST"}  MTU:${mtu}  Metric:1\n`;
    out +=
      "          RX packets:0 errors:0 dropped:0 overruns:0 frame:0\n          TX packets:0 errors:0 dropped:0 overruns:0 carrier:0\n";
    out += "          collisions:0 txqueuelen:1000 \n          RX bytes:0 (0.0 B)  TX bytes:0 (0.0 B)\n\n";
    yield* sys.print(p, out);
  }
  return 0;
};

export const route: Program = function* (p): Gen<number> {
  const rows = p.ns.net.routes.map(({ destination, via, device }) => {
    const isDefault = destination === "default";
    const [address = "", bits = "32"] = isDefault ? ["0.0.0.0", "0"] : destination.split("/");
    const flags = `U${via ? "G" : ""}${bits === "32" ? "H" : ""}`;
    const shown = isDefault && !p.argv.includes("-n") ? "default" : address;
    const gateway = via ?? (p.argv.includes("-n") ? "0.0.0.0" : "*");
    return `${shown.padEnd(15)} ${gateway.padEnd(15)} ${maskOf(Number(bits)).padEnd(15)} ${flags.padEnd(5)} 0      0        0 ${device}\n`;
  });
  const head = "Destination     Gateway         Genmask         Flags Metric Ref    Use Iface\n";
  yield* sys.print(p, `Kernel IP routing table\n${head}${rows.join("")}`);
  return 0;
};

/** BusyBox's arp: what /proc/net/arp has; -s and -d change it. */
export const arp: Program = function* (p): Gen<number> {
  const { net } = p.ns;
  const words = p.argv.slice(1);
  const given = words.filter((word) => !word.startsWith("-"));
  const [address = "", mac = ""] = given;
  const rows = knownTo(net).filter(({ state }) => state !== "NOARP");
  const table = neighboursOf(net);
  if (words.includes("-s")) {
    const device = rows.find((row) => row.address === address)?.device ?? net.routes[0]?.device ?? "eth0";
    table.set(device, address, mac.toLowerCase(), "PERMANENT", p.machine.kernel.now);
    return 0;
  }
  const found = rows.filter((row) => address === "" || row.address === address);
  if (words.includes("-d")) {
    for (const { device, entry } of found) if (entry) table.delete(device, address);
    if (found.length === 0) yield* sys.print(p, `No ARP entry for ${address}\n`);
    return found.length === 0 ? 1 : 0;
  }
  for (const row of found) {
    const at = row.state === "FAILED" || row.state === "INCOMPLETE" ? "<incomplete> " : `${row.mac} [ether] `;
    const fixed = row.state === "PERMANENT" ? "PERM on" : " on";
    yield* sys.print(p, `? (${row.address}) at ${at}${fixed} ${row.device}\n`);
  }
  if (found.length === 0 && address !== "") yield* sys.print(p, `No match found in ${rows.length} entries\n`);
  return 0;
};

export const dnsdomainname: Program = function* (p): Gen<number> {
  const search = /^search\s+(\S+)/m.exec(
    sys.find(p, "/etc/resolv.conf") ? sys.readText(p, "/etc/resolv.conf") : "",
  )?.[1];
  if (search !== undefined) yield* sys.print(p, `${search}\n`);
  return 0;
};

const WORDS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "Connection refused",
  EHOSTUNREACH: "No route to host",
  ETIMEDOUT: "Connection timed out",
};

export const telnet: Program = function* (p): Gen<number> {
  const words = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  const [host, port = "23"] = words;
  if (host === undefined) {
    yield* sys.printError(p, "BusyBox v1.37.0 multi-call binary.\n\nUsage: telnet [-a] [-l USER] HOST [PORT]\n");
    return 1;
  }
  const found = yield* resolveHost(p, host);
  if (!found.ok) {
    yield* sys.printError(p, `telnet: bad address '${host}'\n`);
    return 1;
  }
  try {
    const connection = yield* p.machine.network.connect(p.ns.net, found.addresses[0]!, Number(port));
    yield* sys.print(p, `Connected to ${host}\n`);
    return yield* talk(p, connection);
  } catch (error) {
    if (!isNetError(error)) throw error;
    yield* sys.printError(
      p,
      `telnet: can't connect to remote host (${found.addresses[0]}): ${WORDS[error.code] ?? "Connection refused"}\n`,
    );
    return 1;
  }
};

function* talk(p: Process, connection: Connection): Gen<number> {
  const socket = connection.stream();
  const { kernel } = p.machine;
  let over = false;
  const input = kernel.spawn(
    "telnet input",
    (function* (): Gen {
      for (;;) {
        const bytes = yield* sys.read(p, 0);
        if (bytes.length === 0) break;
        yield* socket.output.write(bytes);
      }
      // telnet.c: nothing more to type is the end, whatever may come.
      over = true;
      socket.close();
    })(),
  );
  try {
    for (;;) {
      const bytes = yield* socket.input.read(65_536);
      if (over) return 0;
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) break;
      yield* sys.write(p, 1, bytes);
    }
  } finally {
    if (input.state !== "done") kernel.kill(input);
    socket.close();
  }
  yield* sys.printError(p, "Connection closed by foreign host\n");
  return 1;
}
