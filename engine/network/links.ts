import type { Interface, NetNamespace } from "./namespace.ts";
import type { Network } from "./network.ts";
import { routeTo } from "./routes.ts";

/** What people wire by hand with `ip link` and `ip netns`: pairs of veth and bridges between namespaces of a machine. */

/** A device of a namespace. */
export interface Port {
  ns: NetNamespace;
  device: Interface;
}

/** The other end of a pair. */
export function peerOf({ ns, device }: Port): Port | undefined {
  if (device.peer === undefined) return undefined;
  const slash = device.peer.lastIndexOf("/");
  const other = spaceCalled(ns.host, device.peer.slice(0, slash));
  const found = other?.interfaces.get(device.peer.slice(slash + 1));
  return other && found && { ns: other, device: found };
}

/** A namespace of a machine by its own name. */
export function spaceCalled(host: NetNamespace, name: string): NetNamespace | undefined {
  if (host.name === name) return host;
  for (const space of host.spaces.values()) if (space.name === name) return space;
  return undefined;
}

/** All devices that frames of one reach, itself among them: through pairs whose ends are up, and bridges. */
export function segmentOf(start: Port): Port[] {
  const seen: Port[] = [];
  const open = [start];
  for (let port = open.pop(); port !== undefined; port = open.pop()) {
    const { ns, device } = port;
    if (!device.up || seen.some((one) => one.device === device)) continue;
    seen.push(port);
    const peer = peerOf(port);
    if (peer !== undefined) open.push(peer);
    const master = device.master === undefined ? undefined : ns.interfaces.get(device.master);
    if (master !== undefined) open.push({ ns, device: master });
    if (device.kind === "bridge")
      for (const one of ns.interfaces.values()) if (one.master === device.name) open.push({ ns, device: one });
  }
  return seen;
}

const MOST_HOPS = 6;

/**
 * Whether packets of a namespace get to an address where somebody has wired the way by hand: `no-route`, `silent` when
 * nobody on the wire has the address. Only for ways that begin or end in such a namespace.
 */
export function handmadeWay(from: NetNamespace, address: string): "there" | "no-route" | "silent" {
  let ns = from;
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    if (ns.owns(address)) return ns === from && !loopIsUp(ns) ? "silent" : "there";
    const route = routeTo(ns, address);
    const leads = route !== undefined && route.type === undefined && ns.interfaces.get(route.device)?.up === true;
    if (!leads) return hop === 0 ? "no-route" : "silent";
    const device = ns.interfaces.get(route.device)!;
    const wanted = route.via ?? address;
    const holder = segmentOf({ ns, device }).find(
      (port) => port.ns !== ns && port.device.addresses.some((cidr) => cidr.startsWith(`${wanted}/`)),
    )?.ns;
    // Beyond its own device a machine's usual network begins.
    if (holder === undefined) return ns === ns.host && device.kind === undefined ? "there" : "silent";
    ns = holder;
  }
  return "silent";
}

function loopIsUp(ns: NetNamespace): boolean {
  return ns.interfaces.get("lo")?.up === true;
}

/** Whether the usual paths know nothing of one of the two ends. */
export function isHandmade(network: Network, from: NetNamespace, address: string): boolean {
  if (network.handmade === 0) return false;
  return from.handmade || network.ownerOf(address)?.handmade === true;
}
