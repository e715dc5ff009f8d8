import type { Wire } from "./capture.ts";
import type { NetNamespace } from "./namespace.ts";
import { forwardersTo } from "./neighbours.ts";
import type { Network } from "./network.ts";
import { type Protocol, wiresOf } from "./path.ts";
import { policySteps } from "./policy.ts";
import { isRoutable } from "./routes.ts";

/** Where a probe's packets get, for traceroute. */
export interface Trace {
  /** Addresses of the machines that forward them, in order: what each answers when a packet's time is up. */
  routers: string[];
  /** `reached`: the destination's machine answers; `refused`: the last router says no; `lost`: silence. */
  end: "reached" | "refused" | "lost";
  /** How a refusal is marked: ` !X`, ` !N`, ` !H`. */
  note: string;
  /** Machines on the way besides the first: what takes time. */
  machines: number;
}

const NOTES: Readonly<Record<string, string>> = { EHOSTUNREACH: " !X", ENETUNREACH: " !N" };

/** Follows a probe as a new connection would go. */
export function traceOf(
  network: Network,
  from: NetNamespace,
  protocol: Protocol,
  address: string,
  port: number,
): Trace {
  if (!isRoutable(network, from, address)) return { routers: [], end: "lost", note: "", machines: 0 };
  const { path, wires } = wiresOf(network, from, protocol, address, port);
  const machines = new Set(wires.map(({ ns }) => ns.host)).size - 1;
  const routers = routersOf(wires);
  const lost = (): Trace => ({ routers, end: "lost", note: "", machines });
  if (path.outcome === "dropped") return lost();
  if (path.outcome !== "pass") {
    const own = wires.at(-1);
    // A machine that refuses what it would not forward has a say as a router.
    if (own !== undefined && own.direction === "In") routers.push(deviceAddress(own));
    return {
      routers,
      end: path.outcome === "ECONNREFUSED" ? "reached" : "refused",
      note: NOTES[path.outcome] ?? "",
      machines,
    };
  }
  const owner = from.owns(path.address) ? from : network.ownerOf(path.address);
  if (owner === undefined) {
    // Somebody else's address: the rack's router knows no way on; the last machine asks for it in vain.
    return { routers: forwardersTo(network, from, path.address), end: "lost", note: "", machines };
  }
  if (owner.host !== from.host && (network.isDark(from) || network.isDark(owner))) return lost();
  const source = path.source ?? path.local;
  const steps = policySteps(from, owner, { protocol, source, address: path.address, port: path.port });
  return steps.at(-1)?.allowed === false ? lost() : { routers, end: "reached", note: "", machines };
}

/** Every namespace that a packet comes into and leaves again. */
function routersOf(wires: readonly Wire[]): string[] {
  const out: string[] = [];
  let entered: Wire | undefined;
  for (const wire of wires) {
    // What carries packets between machines is not looked into.
    if (wire.outer !== undefined) continue;
    if (wire.direction === "In") entered = wire;
    else if (entered !== undefined && entered.ns === wire.ns) {
      out.push(deviceAddress(entered));
      entered = undefined;
    }
  }
  return out;
}

/** The address of the device that a packet came in by; a device without one lends the machine's. */
function deviceAddress({ ns, device }: Wire): string {
  const cidr = ns.interfaces.get(device)?.addresses[0];
  return cidr === undefined ? ns.firstAddress() : cidr.slice(0, cidr.indexOf("/"));
}
