import type { LoadBalancers } from "../controllers/index.ts";
import type { NetNamespace, Network } from "../network/index.ts";

/** Addresses for Services of type LoadBalancer, of 203.0.113.0/24 (RFC 5737). */
const PREFIX = "203.0.113.";
const FIRST = 50;
const LAST = 99;

/** The rack's load balancer: an address is one that a node's network card answers for, as with MetalLB in layer 2 mode. */
export function rackLoadBalancers(network: Network): LoadBalancers {
  const owners = new Map<string, NetNamespace>();
  return {
    addresses: Array.from({ length: LAST - FIRST + 1 }, (_, i) => `${PREFIX}${FIRST + i}`),
    route(address, node) {
      const before = owners.get(address) ?? network.ownerOf(address);
      const now = node === undefined ? undefined : network.ownerOf(node);
      if (before === now) return;
      if (before !== undefined) network.release(address, before);
      if (now === undefined) owners.delete(address);
      else {
        network.claim(address, now);
        owners.set(address, now);
      }
    },
  };
}
