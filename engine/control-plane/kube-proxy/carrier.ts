import type { RandomStream } from "../../kernel/index.ts";
import type { Programmed } from "./proxier.ts";
import type { ServicePort } from "./service-ports.ts";

/**
 * Where a node's Service addresses lead, as its last sync wrote the rules: what `connect()` asks as long as it does not
 * walk the chains themselves.
 */
export class Carrier {
  private readonly random: RandomStream;
  private readonly fronts = new Map<string, { programmed: Programmed; local: boolean }>();

  constructor(random: RandomStream) {
    this.random = random;
  }

  /** Takes over what a sync wrote. */
  apply(changes: Iterable<{ before: readonly Programmed[]; now: readonly Programmed[] }>): void {
    for (const { before, now } of changes) {
      for (const { port } of before) for (const { at } of frontsOf(port)) this.fronts.delete(at);
      for (const programmed of now) {
        for (const { at, local } of frontsOf(programmed.port)) this.fronts.set(at, { programmed, local });
      }
    }
  }

  /** An endpoint for a connection (address `node` for a NodePort); `refused` without one, undefined for what is no Service's address. */
  lookup(protocol: string, address: string, port: number): { address: string; port: number } | "refused" | undefined {
    const front = this.fronts.get(`${protocol} ${address}:${port}`);
    if (front === undefined) return undefined;
    const { choice } = front.programmed;
    if (!choice.any) return "refused";
    const targets = front.local ? choice.local : choice.cluster;
    // Policy Local without an endpoint here drops packets: nobody has the Service's address.
    return targets.length === 0 ? undefined : this.random.pick(targets);
  }
}

function frontsOf(port: ServicePort): { at: string; local: boolean }[] {
  const at = (address: string, number: number) => `${port.protocol} ${address}:${number}`;
  const local = port.externalLocal;
  const out = [{ at: at(port.clusterIP, port.number), local: port.internalLocal }];
  for (const address of [...port.externalIPs, ...port.loadBalancerIPs]) {
    out.push({ at: at(address, port.number), local });
  }
  if (port.nodePort !== 0) out.push({ at: at("node", port.nodePort), local });
  return out;
}
