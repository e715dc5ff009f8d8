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

/** Interfaces with their index, in that order: 1 is the loopback. */
export function numbered(net: NetNamespace): [number, Interface][] {
  return [...net.interfaces.values()]
    .map((one, i): [number, Interface] => [one.index ?? i + 1, one])
    .sort(([a], [b]) => a - b);
}

/** The number of a pair's other end (`namespace/interface`) where that lies; 2 where it cannot be seen. */
export function peerIndex(net: NetNamespace, peer: string): number {
  const slash = peer.lastIndexOf("/");
  const [space, device] = [peer.slice(0, slash), peer.slice(slash + 1)];
  for (const one of [net.host, net, spaceCalled(net.host, space)]) {
    if (one?.name !== space) continue;
    const found = numbered(one).find(([, other]) => other.name === device);
    if (found) return found[0];
  }
  return 2;
}

/**
 * All devices that take frames of one, itself among them: through pairs whose ends are up, bridges, and the devices that
 * VLANs lie on, where a frame has their number.
 */
export function segmentOf(start: Port): Port[] {
  const seen: (Port & { tag: string })[] = [];
  const open = [{ ...start, tag: "" }];
  for (let port = open.pop(); port !== undefined; port = open.pop()) {
    const { ns, device, tag } = port;
    if (!device.up || seen.some((one) => one.device === device && one.tag === tag)) continue;
    seen.push(port);
    const peer = peerOf(port);
    if (peer !== undefined) open.push({ ...peer, tag });
    const master = device.master === undefined ? undefined : ns.interfaces.get(device.master);
    if (master !== undefined) open.push({ ns, device: master, tag });
    const under = device.link === undefined ? undefined : ns.interfaces.get(device.link);
    if (under !== undefined && device.kind === "vlan")
      open.push({ ns, device: under, tag: `${device.settings?.["id"]}` });
    if (under !== undefined && device.kind === "macvlan") open.push({ ns, device: under, tag });
    for (const one of ns.interfaces.values()) {
      if (device.kind === "bridge" && one.master === device.name) open.push({ ns, device: one, tag });
      if (one.link !== device.name) continue;
      if (one.kind === "vlan" && `${one.settings?.["id"]}` === tag) open.push({ ns, device: one, tag: "" });
      if (one.kind === "macvlan") open.push({ ns, device: one, tag });
    }
  }
  return seen.filter(({ tag }) => tag === "");
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
