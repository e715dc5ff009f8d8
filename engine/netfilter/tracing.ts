import type { NftRule } from "./nft/model.ts";
import type { Packet } from "./packet.ts";
import type { Rule } from "./types.ts";

/** What happened to a packet that `-j TRACE` or `meta nftrace set 1` has marked (net/netfilter/nf_tables_trace.c). */
export interface TraceEvent {
  /** Eight hexadecimal digits: the same for a packet on all its way through a namespace. */
  readonly id: string;
  readonly family: string;
  readonly table: string;
  readonly chain: string;
  /** It comes to a base chain, a rule matched, or a base chain's policy judged it. */
  readonly kind: "packet" | "rule" | "policy";
  /** As it was before the rule. */
  readonly packet: Readonly<Packet>;
  /** `accept`, `drop`, `continue`, `return`, `jump NAME`, `goto NAME`. */
  readonly verdict: string;
  readonly rule?: Rule | NftRule;
}

export type Tracer = (event: TraceEvent) => void;

/** Where a traced packet is, for as long as somebody listens. */
export class Tracing {
  private readonly tracers: ReadonlySet<Tracer>;
  /** Something that tells packets apart. */
  private readonly salt: string;
  private introduced = false;

  constructor(tracers: ReadonlySet<Tracer>, salt: string) {
    this.tracers = tracers;
    this.salt = salt;
  }

  /** Comes to the next base chain. */
  enter(): void {
    this.introduced = false;
  }

  /** Tells of a rule that matched. `before`: the packet as it was; `after` knows whether it is traced by now. */
  rule(place: Place, before: Readonly<Packet>, after: Packet, rule: Rule | NftRule, verdict: string): void {
    if (before.traced || after.traced)
      this.tell(place, "rule", before, after, verdict === "reject" ? "drop" : verdict, rule);
  }

  policy(place: Place, packet: Packet, verdict: string): void {
    if (packet.traced) this.tell(place, "policy", { ...packet }, packet, verdict);
  }

  private tell(
    place: Place,
    kind: "rule" | "policy",
    packet: Readonly<Packet>,
    live: Packet,
    verdict: string,
    rule?: Rule | NftRule,
  ): void {
    live.traceId ??= identity(`${this.salt} ${packet.source} ${packet.destination} ${packet.sourcePort}`);
    const event = { ...place, id: live.traceId, packet };
    if (!this.introduced) {
      this.introduced = true;
      this.send({ ...event, kind: "packet", verdict: "" });
    }
    this.send({ ...event, kind, verdict, ...(rule ? { rule } : {}) });
  }

  private send(event: TraceEvent): void {
    for (const tracer of this.tracers) tracer(event);
  }
}

interface Place {
  family: string;
  table: string;
  chain: string;
}

/** FNV-1a, as eight digits. */
function identity(text: string): string {
  let hash = 0x811c_9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x0100_0193);
  return (hash >>> 0).toString(16).padStart(8, "0");
}
