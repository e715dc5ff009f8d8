import type { Process } from "../../machine/process.ts";
import { remaining, stateOf } from "../../netfilter/index.ts";
import { serviceName } from "../../netfilter/services.ts";
import type { Listener } from "../../network/index.ts";

/** Sockets of a network namespace as ss(8), netstat(8) and lsof(8) show them. */

/** A socket that listens, or an end of a connection. */
export interface SocketRow {
  netid: "tcp" | "udp";
  state: string;
  recv: string;
  send: string;
  local: string;
  localPort: string;
  peer: string;
  peerPort: string;
  sport: number;
  dport: number;
  pid: number | undefined;
  process: string;
  /** µs until it is forgotten, of one that waits for that. */
  left?: number;
  /** Its place among all, which its inode is known by. */
  inode?: number;
}

const named = (port: number, protocol: string, numeric: boolean): string =>
  numeric ? `${port}` : (serviceName(port, protocol) ?? `${port}`);

/** Connections of this namespace by what its machine tracks, the youngest last. */
export function connections(p: Process, numeric: boolean, processes: boolean): SocketRow[] {
  const { net } = p.ns;
  const { now } = p.machine.kernel;
  const tracks = net.host.netfilter?.conntrack.list(now) ?? [];
  return tracks.flatMap((track): SocketRow[] => {
    if (track.protocol !== "tcp") return [];
    const { original, reply } = track;
    const known: Record<string, string> = { ESTABLISHED: "ESTAB", TIME_WAIT: "TIME-WAIT", SYN_SENT: "SYN-SENT" };
    const state = known[stateOf(track)];
    if (state === undefined) return [];
    const made: SocketRow[] = [];
    const add = (local: string, sport: number, peer: string, dport: number, server: boolean) => {
      const listener = server ? net.listenerFor("tcp", local, sport) : undefined;
      made.push({
        netid: "tcp",
        state,
        recv: "0",
        send: state === "SYN-SENT" ? "1" : "0",
        local,
        localPort: named(sport, "tcp", numeric),
        peer,
        peerPort: named(dport, "tcp", numeric),
        sport,
        dport,
        pid: listener?.pid,
        process: processes && state === "ESTAB" ? usersOf(p, listener?.pid) : "",
        ...(state === "TIME-WAIT" && { left: Math.min(remaining(track, now), TIME_WAIT) }),
        inode: 40_000 + track.id,
      });
    };
    const { source, sourcePort, destination, destinationPort } = original;
    // Who closed waits; the other end is through with it.
    if (net.owns(source) && !source.startsWith("127.")) add(source, sourcePort, destination, destinationPort, false);
    const served = net.owns(reply.source) && !reply.source.startsWith("127.") && state === "ESTAB";
    if (served) add(reply.source, reply.sourcePort, reply.destination, reply.destinationPort, true);
    return made;
  });
}

/** How long one waits at most (TCP_TIMEWAIT_LEN). */
const TIME_WAIT = 60_000_000;

function usersOf(p: Process, pid: number | undefined): string {
  const owner = pid === undefined ? undefined : p.machine.processes.get(pid);
  const visible = p.cred.uid === 0 || owner?.cred.uid === p.cred.uid;
  return owner && visible ? `users:(("${owner.comm}",pid=${owner.pid},fd=3))` : "";
}

/** A socket that waits for others. */
export function waiting(p: Process, one: Listener, place: number, numeric: boolean, processes: boolean): SocketRow {
  return {
    netid: one.protocol,
    state: one.protocol === "udp" ? "UNCONN" : "LISTEN",
    recv: "0",
    send: one.protocol === "udp" ? "0" : "4096",
    local: one.address,
    localPort: named(one.port, one.protocol, numeric),
    peer: "0.0.0.0",
    peerPort: "*",
    sport: one.port,
    dport: 0,
    pid: one.pid,
    process: processes ? usersOf(p, one.pid) : "",
    inode: 20_000 + place,
  };
}
