import type { Program } from "../../machine/process.ts";
import { arping, mtr, tracepath } from "./path-tools.ts";
import { tcpdump } from "./tcpdump.ts";
import { traceroute } from "./traceroute.ts";

/** Programs that look at packets and their ways, by name. */
export const packetPrograms: Record<string, Program> = { arping, mtr, tcpdump, tracepath, traceroute };
