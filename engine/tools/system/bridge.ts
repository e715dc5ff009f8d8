import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Interface } from "../../network/index.ts";
import { flags, numbered, shownName } from "./link-text.ts";

/** Of iproute2 6.1. */
const USAGE = `Usage: bridge [ OPTIONS ] OBJECT { COMMAND | help }
       bridge [ -force ] -batch filename
where  OBJECT := { link | fdb | mdb | vlan | monitor }
       OPTIONS := { -V[ersion] | -s[tatistics] | -d[etails] |
                    -o[neline] | -t[imestamp] | -n[etns] name |
                    -c[ompressvlans] -color -p[retty] -j[son] }
`;

const OBJECTS = ["link", "fdb", "mdb", "vlan"];
const COMMANDS = [
  "add",
  "append",
  "delete",
  "replace",
  "set",
  "show",
  "list",
  "lst",
  "get",
  "flush",
  "help",
  "tunnelshow",
];

/** bridge(8): forwarding entries and ports. */
export const bridge: Program = function* (p) {
  const words = p.argv.slice(1).filter((word) => !word.startsWith("-"));
  const [object = "", ...rest] = words;
  const { net } = p.ns;
  const whole = OBJECTS.find((one) => object !== "" && one.startsWith(object));
  const [command] = rest;
  if (whole !== undefined && command !== undefined && !COMMANDS.some((one) => one.startsWith(command))) {
    yield* sys.printError(p, `Command "${command}" is unknown, try "bridge ${whole} help".\n`);
    return 255;
  }
  const dev = rest.includes("dev") ? rest[rest.indexOf("dev") + 1] : undefined;
  if (dev !== undefined && !net.interfaces.has(dev)) {
    yield* sys.printError(p, `Cannot find device "${dev}"\n`);
    return 255;
  }
  if (
    whole === "fdb" &&
    command !== undefined &&
    /^(add|append|del|delete|replace)$/.test(command) &&
    rest.length < 4
  ) {
    yield* sys.printError(p, "Device and address are required arguments.\n");
    return 255;
  }
  const ports = [...net.interfaces.values()].filter(({ master }) => master !== undefined);
  if ("fdb".startsWith(object) && object !== "") {
    yield* sys.print(p, fdb(p, ports, dev));
    return 0;
  }
  if ("link".startsWith(object) && object !== "") {
    const shown = numbered(net).filter(
      ([, { name, master }]) => master !== undefined && (dev === undefined || name === dev),
    );
    const lines = shown.map(
      ([index, one]) =>
        `${index}: ${shownName(p, one)}: <${flags(p, one)}> mtu ${one.mtu} master ${one.master} state ${one.up ? "forwarding" : "disabled"} priority 32 cost 2 \n`,
    );
    yield* sys.print(p, lines.join(""));
    return 0;
  }
  if (object === "" || "help".startsWith(object)) {
    yield* sys.printError(p, USAGE);
    return object === "" ? 255 : 0;
  }
  if ("vlan".startsWith(object)) {
    yield* sys.print(p, "port              vlan-id  \n");
    return 0;
  }
  if ("mdb".startsWith(object)) return 0;
  yield* sys.printError(p, `Object "${object}" is unknown, try "bridge help".\n`);
  return 255;
};

/** Where frames go: on flannel's device the peer's machine for each peer's device, on the bridge the Pods' ends. */
function fdb(p: Process, ports: readonly Interface[], dev: string | undefined): string {
  const { net } = p.ns;
  const { overlay } = net.network;
  const own = overlay.get(net);
  let text = "";
  const add = (device: string, line: string) => {
    if (dev === undefined) text += `${line.replace(" ", ` dev ${device} `)}\n`;
    else if (dev === device) text += `${line}\n`;
  };
  for (const [peer, member] of own === undefined ? [] : overlay) {
    if (peer !== net) add(own!.device, `${member.mac} dst ${peer.firstAddress()} self permanent`);
  }
  for (const { name, mac, master } of ports) add(name, `${mac} vlan 1 master ${master} permanent`);
  return text;
}
