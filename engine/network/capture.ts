import { encapsulated, ethernet, packetBytes, type Transport } from "./frames.ts";
import type { NetNamespace } from "./namespace.ts";
import type { Network } from "./network.ts";

/** A device that a connection's packets pass, and what they look like there on the way to the server. */
export interface Wire {
  ns: NetNamespace;
  device: string;
  direction: "In" | "Out";
  source: string;
  destination: string;
  /** Destination port. */
  port: number;
  /** Machines that had forwarded it before. */
  hops: number;
  /** Between machines: the packet travels inside one from machine to machine. */
  outer?: { source: string; destination: string };
}

/** A packet as a device saw it. */
export interface Captured {
  /** µs of virtual time. */
  at: number;
  device: string;
  direction: "In" | "Out";
  /** The Ethernet frame. */
  bytes: Uint8Array;
}

/** Somebody who listens on a device of a namespace, or on all of them (`any`). */
export interface Tap {
  ns: NetNamespace;
  device: string;
  receive(captured: Captured): void;
}

/** What a device adds to a packet's time, µs: it is seen on one device after the other. */
const STEP = 4;
const INITIAL_TTL = 64;
const NO_MAC = "00:00:00:00:00:00";

/** Notes the devices between two namespaces. `inside`: through the network that is laid over the machines' own. */
export function cross(
  wires: Wire[],
  from: NetNamespace,
  to: NetNamespace | undefined,
  packet: { source: string; destination: string; port: number; output: string; input: string },
  hops: number,
  inside: boolean,
): void {
  const { source, destination, port, output, input } = packet;
  const at = { source, destination, port, hops };
  const add = (ns: NetNamespace, device: string, direction: "In" | "Out", outer?: Wire["outer"]) =>
    wires.push({ ns, device, direction, ...at, ...(outer ? { outer } : {}) });
  if (to === undefined) add(from, output, "Out");
  else if (from.host === to) {
    add(from, output, "Out");
    const veth = vethOf(from);
    if (veth !== undefined && veth !== input) add(to, veth, "In");
    add(to, input, "In");
  } else if (to.host === from) {
    add(from, output, "Out");
    const veth = vethOf(to);
    if (veth !== undefined && veth !== output) add(from, veth, "Out");
    add(to, input, "In");
  } else {
    add(from, output, "Out");
    if (inside) {
      const outer = { source: from.firstAddress(), destination: to.firstAddress() };
      add(from, nameOf(from), "Out", outer);
      add(to, nameOf(to), "In", outer);
    }
    add(to, input, "In");
  }
}

/** The machine's end of a Pod's pair of devices. */
function vethOf(pod: NetNamespace): string | undefined {
  for (const { peer } of pod.interfaces.values()) if (peer !== undefined) return peer.slice(peer.indexOf("/") + 1);
  return undefined;
}

function nameOf(machine: NetNamespace): string {
  for (const { name } of machine.interfaces.values()) if (name !== "lo") return name;
  return "lo";
}

/**
 * Shows a packet to whoever listens along the way: to the server, or back to the client, whose port it then bears as its
 * destination. Devices from `first` to before `last` in the way's order see it.
 */
export function show(
  network: Network,
  wires: readonly Wire[],
  back: boolean,
  id: number,
  make: (wire: { source: string; destination: string; port: number }) => Transport,
  from: { source?: string; first?: number; last?: number } = {},
): void {
  const { first = 0, last = wires.length } = from;
  const total = wires.at(-1)?.hops ?? 0;
  // What happens in one instant is seen one after the other all the same.
  const start = Math.max(network.kernel.now, network.shownUntil);
  network.shownUntil = start + (last - first) * STEP;
  for (let step = 0; step < last - first; step++) {
    const at = back ? last - 1 - step : first + step;
    const wire = wires[at]!;
    const direction = back ? (wire.direction === "In" ? "Out" : "In") : wire.direction;
    const taps = [...network.taps].filter(
      ({ ns, device }) => ns === wire.ns && (device === wire.device || device === "any"),
    );
    if (taps.length === 0) continue;
    const ends = back
      ? { source: from.source ?? wire.destination, destination: wire.source }
      : { source: wire.source, destination: wire.destination };
    const transport = make({ ...ends, port: wire.port });
    const ttl = INITIAL_TTL - (back ? total - wire.hops : wire.hops);
    const packet = packetBytes(transport, { ...ends, id, ttl, fragment: transport.kind !== "tcp" });
    const [sender, receiver] = macs(wires, at, back);
    let bytes = ethernet(
      ...(wire.outer ? macs(wires, overlayEnd(wires, at), back) : ([sender, receiver] as const)),
      packet,
    );
    if (wire.outer) {
      const outer = back
        ? { source: wire.outer.destination, destination: wire.outer.source }
        : { source: wire.outer.source, destination: wire.outer.destination };
      const wrapped = packetBytes(encapsulated(bytes, 32_768 + (id % 28_000)), {
        ...outer,
        id: id ^ 0x5a5a,
        ttl: INITIAL_TTL,
        fragment: true,
      });
      bytes = ethernet(sender, receiver, wrapped);
    }
    for (const tap of taps) {
      tap.receive({ at: start + step * STEP, device: wire.device, direction, bytes });
    }
  }
}

/** Shows a frame of a wire to whoever listens on one device. */
export function overhear(
  network: Network,
  ns: NetNamespace,
  device: string,
  direction: "In" | "Out",
  bytes: Uint8Array,
): void {
  const at = Math.max(network.kernel.now, network.shownUntil);
  network.shownUntil = at + STEP;
  for (const tap of [...network.taps]) {
    if (tap.ns === ns && (tap.device === device || tap.device === "any")) tap.receive({ at, device, direction, bytes });
  }
}

/**
 * Ethernet addresses of the two ends of the cable that a device is on: sender, receiver. What a bridge's ports let
 * through is for the bridge itself. The overlay's devices face each other, whatever carries their frames.
 */
function macs(wires: readonly Wire[], at: number, back: boolean): [string, string] {
  const own = wires[at]!;
  const interfaceOf = ({ ns, device }: Wire) => ns.interfaces.get(device);
  const ends = (wire: Wire | undefined, direction: Wire["direction"]): boolean =>
    wire !== undefined &&
    wire.direction === direction &&
    (wire.outer === undefined) === (own.outer === undefined) &&
    interfaceOf(wire)?.master === undefined;
  let from = at;
  while (from >= 0 && !ends(wires[from], "Out")) from--;
  let to = at;
  while (to < wires.length && !ends(wires[to], "In")) to++;
  const mac = (wire: Wire | undefined) => (wire && interfaceOf(wire)?.mac) ?? NO_MAC;
  const [sender, receiver] = [mac(wires[from]), mac(wires[to])];
  return back ? [receiver, sender] : [sender, receiver];
}

/** Where the frame began that a device of the machines' own network carries. */
function overlayEnd(wires: readonly Wire[], at: number): number {
  let from = at;
  while (wires[from]?.outer !== undefined) from--;
  return from;
}

/** How far packets get that a machine's NetworkPolicies drop: up to where it would send them on. */
export function stoppedBy(wires: readonly Wire[], machine: NetNamespace): number {
  const arrived = wires.findIndex(({ ns, direction }) => ns === machine && direction === "In");
  const on = wires.findIndex(({ ns, direction }, i) => i > arrived && ns === machine && direction === "Out");
  return on < 0 ? wires.length : on;
}
