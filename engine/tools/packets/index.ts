import type { Program } from "../../machine/process.ts";
import { tcpdump } from "./tcpdump.ts";
import { traceroute } from "./traceroute.ts";

/** Programs that look at packets and their ways, by name. */
export const packetPrograms: Record<string, Program> = { tcpdump, traceroute };
