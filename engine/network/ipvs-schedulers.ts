import { ipv4Number } from "../text/ipv4.ts";
import type { Connections, RealServer, VirtualServer } from "./ipvs.ts";

/** Where a virtual server's scheduler stands. */
export interface Turn {
  /** Whom round robin chose last; undefined at the head of the list. */
  last?: RealServer | undefined;
  /** Weighted round robin: at whom it stands, and the weight that is enough in this round. */
  weighted?: { last: RealServer | undefined; enough: number };
}

type Load = (server: RealServer) => Connections;

/** Buckets of the schedulers that hash (IP_VS_DH_TAB_SIZE, IP_VS_SH_TAB_SIZE). */
const BUCKETS = 256;

/** Whom a new connection goes to (net/netfilter/ipvs/ip_vs_*.c); undefined when nobody takes any. */
export function nextServer(
  service: VirtualServer,
  client: string | undefined,
  turn: Turn,
  load: Load,
): RealServer | undefined {
  const { servers, scheduler } = service;
  const full = (server: RealServer) => {
    if (server.upper === 0) return false;
    const { active, inactive } = load(server);
    return active + inactive >= server.upper;
  };
  const able = servers.filter((server) => server.weight > 0 && !full(server));
  if (able.length === 0) return undefined;
  switch (scheduler) {
    case "wrr":
      return weighted(servers, able, turn);
    case "lc":
      return least(able, (server) => overhead(load(server)));
    case "wlc":
    case "lblc":
    case "lblcr":
      return least(able, (server) => overhead(load(server)) / server.weight);
    case "sed":
      return least(able, (server) => (load(server).active + 1) / server.weight);
    case "nq":
      return able.find((server) => load(server).active === 0) ?? least(able, (s) => (load(s).active + 1) / s.weight);
    case "fo":
      return least(able, (server) => -server.weight);
    case "ovf":
      return overflow(able, load);
    case "dh":
      return hashed(servers, service.address, able, false);
    case "sh":
    case "mh":
      return client === undefined ? able[0] : hashed(servers, client, able, true);
    default:
      return inTurn(servers, able, turn);
  }
}

/** ip_vs_dest_conn_overhead: a connection that goes on weighs 256 of those that ended. */
const overhead = ({ active, inactive }: Connections): number => active * 256 + inactive;

/** The first of the servers with the smallest figure. */
function least(able: readonly RealServer[], figure: (server: RealServer) => number): RealServer {
  let best = able[0]!;
  let smallest = figure(best);
  for (const server of able.slice(1)) {
    const own = figure(server);
    if (own < smallest) [best, smallest] = [server, own];
  }
  return best;
}

function inTurn(servers: readonly RealServer[], able: readonly RealServer[], turn: Turn): RealServer {
  const at = turn.last === undefined ? -1 : servers.indexOf(turn.last);
  for (let step = 1; step <= servers.length; step++) {
    const server = servers[(at + step) % servers.length]!;
    if (able.includes(server)) return (turn.last = server);
  }
  return able[0]!;
}

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b));

function weighted(servers: readonly RealServer[], able: readonly RealServer[], turn: Turn): RealServer {
  const step = able.reduce((common, { weight }) => gcd(common, weight), 0);
  const most = Math.max(...able.map(({ weight }) => weight)) - (step - 1);
  turn.weighted ??= { last: undefined, enough: most };
  const state = turn.weighted;
  let at = state.last === undefined ? -1 : servers.indexOf(state.last);
  for (;;) {
    for (at++; at < servers.length; at++) {
      const server = servers[at]!;
      if (server.weight >= state.enough && able.includes(server)) return (state.last = server);
    }
    at = -1;
    state.enough -= step;
    if (state.enough <= 0) state.enough = most;
  }
}

/** The heaviest that has fewer connections than its weight; else the heaviest. */
function overflow(able: readonly RealServer[], load: Load): RealServer {
  const heaviest = [...able].sort((a, b) => b.weight - a.weight);
  return heaviest.find((server) => load(server).active < server.weight) ?? heaviest[0]!;
}

/** Buckets are given to servers in turn, by source hashing as many in a row as a server weighs. */
function hashed(servers: readonly RealServer[], address: string, able: readonly RealServer[], byWeight: boolean) {
  const bucket = (Math.imul(ipv4Number(address) | 0, 0x61c8_8647) >>> 0) >>> 24;
  let at = 0;
  let server = servers[0]!;
  for (let i = 0; at <= bucket; i++) {
    server = servers[i % servers.length]!;
    at += byWeight ? server.weight : 1;
    if (i > BUCKETS) break;
  }
  return able.includes(server) ? server : undefined;
}
