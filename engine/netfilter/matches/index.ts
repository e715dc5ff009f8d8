import type { MatchExtension } from "../extension.ts";
import { addrtype } from "./addrtype.ts";
import { comment } from "./comment.ts";
import { conntrack, state } from "./conntrack.ts";
import { mark } from "./mark.ts";
import { multiport } from "./multiport.ts";
import { sctp, tcp, udp } from "./ports.ts";
import { recent } from "./recent.ts";
import { statistic } from "./statistic.ts";

/** Every match by the name after `-m`. A new one is a file here and an entry in this list. */
export const matches: ReadonlyMap<string, MatchExtension> = new Map(
  [addrtype, comment, conntrack, mark, multiport, recent, sctp, state, statistic, tcp, udp].map((one) => [
    one.name,
    one,
  ]),
);
