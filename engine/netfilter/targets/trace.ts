import type { TargetExtension } from "../extension.ts";
import type { Packet } from "../packet.ts";
import type { Target, Verdict } from "../types.ts";

/** `-j TRACE`: what rules do with the packet from here on can be watched (xtables-monitor(8)). */
class TraceTarget implements Target {
  readonly name = "TRACE";
  /** Every packet is to be seen on its way. */
  readonly volatile = true;

  save(): string {
    return "";
  }

  list(): string {
    return "";
  }

  act(packet: Packet): Verdict {
    packet.traced = true;
    return "continue";
  }
}

export const trace: TargetExtension = { name: "TRACE", options: [], create: () => new TraceTarget() };
