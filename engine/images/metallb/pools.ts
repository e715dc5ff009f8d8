import type { KubeObject } from "../../api/types.ts";
import { ipv4Number, ipv4Text } from "../../text/ipv4.ts";

/** Addresses of MetalLB's pools (internal/config, internal/allocator). */

/** First and last address of `10.0.0.0/24` or `10.0.0.1-10.0.0.9`; undefined for what is neither. */
export function rangeOf(text: string): [number, number] | undefined {
  const pair = /^(\d+\.\d+\.\d+\.\d+)\s*-\s*(\d+\.\d+\.\d+\.\d+)$/.exec(text.trim());
  if (pair !== null) return [ipv4Number(pair[1]!), ipv4Number(pair[2]!)];
  const cidr = /^(\d+\.\d+\.\d+\.\d+)\/(\d+)$/.exec(text.trim());
  if (cidr === null) return undefined;
  const size = 2 ** (32 - Number(cidr[2]));
  const first = Math.floor(ipv4Number(cidr[1]!) / size) * size;
  return [first, first + size - 1];
}

/** Whether a pool has an address. */
export function holds(pool: KubeObject, address: string): boolean {
  const number = ipv4Number(address);
  return ((pool["spec"].addresses ?? []) as string[]).some((text) => {
    const range = rangeOf(text);
    return range !== undefined && number >= range[0] && number <= range[1];
  });
}

/** The first address of a pool that nobody has; those that buggy devices drop are left out where that is asked for. */
export function freeIn(pool: KubeObject, taken: (address: string) => boolean): string | undefined {
  for (const text of (pool["spec"].addresses ?? []) as string[]) {
    const range = rangeOf(text);
    if (range === undefined) continue;
    for (let number = range[0]; number <= range[1]; number++) {
      if (pool["spec"].avoidBuggyIPs && (number % 256 === 0 || number % 256 === 255)) continue;
      const address = ipv4Text(number);
      if (!taken(address)) return address;
    }
  }
  return undefined;
}

/** Whether a pool is for Services of a namespace. */
export function serves(pool: KubeObject, service: KubeObject): boolean {
  const names: string[] = pool["spec"].serviceAllocation?.namespaces ?? [];
  return names.length === 0 || names.includes(service.metadata.namespace ?? "");
}
