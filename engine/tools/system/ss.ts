import type { Process } from "../../machine/process.ts";
import { stateOf } from "../../netfilter/index.ts";
import type { Listener } from "../../network/index.ts";
import { tool } from "../tool.ts";
import { routeTable } from "./net-tools.ts";

const SERVICES: Record<number, string> = {
  22: "ssh",
  53: "domain",
  80: "http",
  443: "https",
  2379: "2379",
  3306: "mysql",
  5432: "postgresql",
  8080: "http-alt",
};

/** ss(8): sockets of this network namespace: those that listen, and connections as its machine tracks them. */
export const ss = tool(
  {
    name: "ss",
    usage: "[ OPTIONS ]\n       ss [ OPTIONS ] [ FILTER ]",
    about: "",
    version: "ss utility, iproute2-6.1.0",
    short: "hVHnralomepiszZNtuwxdf:40:6DF:sOKbEM",
    long: "numeric=n all=a listening=l tcp=t udp=u processes=p no-header=H summary=s options=o extended=e memory=m ipv4=4 ipv6=6 resolve=r family:=f oneline=O",
    usageStatus: 255,
  },
  function* (t, o) {
    const { p } = t;
    if (o.has("s")) {
      t.out.add(summary(p));
      return 0;
    }
    const kinds = [...(o.has("u") ? ["udp"] : []), ...(o.has("t") ? ["tcp"] : [])];
    const protocols = kinds.length > 0 ? kinds : ["udp", "tcp"];
    const showsNetid = protocols.length > 1;
    const filter = filterOf(o.operands);
    const states = filter.states ?? (o.has("a") ? ALL : o.has("l") ? WAITING : SPEAKING);
    const rows = protocols
      .flatMap((protocol) => [
        ...p.ns.net
          .listening()
          .filter((one) => one.protocol === protocol)
          .map((one) => row(p, one, o.has("n"), o.has("p"))),
        ...(protocol === "tcp" ? connections(p, o.has("n"), o.has("p")) : []),
      ])
      .filter((one) => states.has(one.state) && filter.fits(one));
    const hidesState = filter.states !== undefined && filter.states.size === 1;
    const header: Row = {
      netid: "Netid",
      state: "State",
      recv: "Recv-Q",
      send: "Send-Q",
      local: "Local Address",
      localPort: "Port",
      peer: "Peer Address",
      peerPort: "Port",
      sport: 0,
      dport: 0,
      pid: undefined,
      process: "Process",
    };
    const all = [header, ...rows];
    const width = (key: Exclude<keyof Row, "sport" | "dport" | "pid">) =>
      Math.max(...all.map((one) => one[key].length));
    const print = (one: typeof header): void => {
      const cells = [
        ...(showsNetid ? [one.netid.padEnd(width("netid"))] : []),
        ...(hidesState ? [] : [one.state.padEnd(width("state"))]),
        one.recv.padEnd(width("recv")),
        one.send.padEnd(width("send")),
        `${one.local.padStart(width("local"))}:${one.localPort.padEnd(width("localPort"))}`,
        `${one.peer.padStart(width("peer"))}:${one.peerPort.padEnd(width("peerPort"))}`,
      ];
      const line = cells.join(" ");
      t.out.add(`${one === header ? `${line}${one.process}` : o.has("p") ? `${line}${one.process}` : line}\n`);
    };
    if (!o.has("H")) print(header);
    for (const one of rows) print(one);
    return 0;
  },
);

/** States as ss names them in its output, and what its filters call them. */
const STATES: Readonly<Record<string, readonly string[]>> = {
  established: ["ESTAB"],
  "syn-sent": ["SYN-SENT"],
  "syn-recv": ["SYN-RECV"],
  "time-wait": ["TIME-WAIT"],
  "close-wait": ["CLOSE-WAIT"],
  listening: ["LISTEN"],
  listen: ["LISTEN"],
  closed: ["UNCONN"],
  close: ["UNCONN"],
  unconnected: ["UNCONN"],
  connected: ["ESTAB", "SYN-SENT", "SYN-RECV", "TIME-WAIT", "CLOSE-WAIT"],
  synchronized: ["ESTAB", "SYN-RECV", "TIME-WAIT", "CLOSE-WAIT"],
  all: ["ESTAB", "SYN-SENT", "SYN-RECV", "TIME-WAIT", "CLOSE-WAIT", "LISTEN", "UNCONN"],
};
const ALL = new Set(STATES["all"]);
const WAITING = new Set(["LISTEN", "UNCONN"]);
/** What is shown without -a and -l. */
const SPEAKING = new Set(["ESTAB", "SYN-SENT", "SYN-RECV", "CLOSE-WAIT"]);

type Row = Omit<ReturnType<typeof row>, "netid"> & { netid: string };

/** `state established`, `sport = :6443`, `( dport = :80 or dport = :443 )`, `dst 10.0.0.0/8`, `src 1.2.3.4:22`. */
function filterOf(words: readonly string[]): { states: ReadonlySet<string> | undefined; fits: (one: Row) => boolean } {
  let states: ReadonlySet<string> | undefined;
  const rest: string[] = [];
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "state" || word === "exclude") {
      const named = STATES[words[++i] ?? ""] ?? [];
      if (word === "state") states = new Set([...(states ?? []), ...named]);
      else states = new Set([...(states ?? ALL)].filter((one) => !named.includes(one)));
    } else
      rest.push(
        ...word
          .replace(/([()])/g, " $1 ")
          .trim()
          .split(/\s+/),
      );
  }
  const alternatives: ((one: Row) => boolean)[][] = [[]];
  for (let i = 0; i < rest.length; i++) {
    const word = rest[i]!;
    if (word === "or" || word === "||" || word === "|") alternatives.push([]);
    if (!["sport", "dport", "src", "dst"].includes(word)) continue;
    const operator = ["=", "==", "eq", "!=", "ne", "neq", ">", "<", ">=", "<=", "gt", "lt", "ge", "le"].includes(
      rest[i + 1] ?? "",
    )
      ? rest[++i]!
      : "=";
    alternatives.at(-1)!.push(testOf(word, operator, rest[++i] ?? ""));
  }
  const used = alternatives.filter((tests) => tests.length > 0);
  return { states, fits: (one) => used.length === 0 || used.some((tests) => tests.every((test) => test(one))) };
}

function testOf(what: string, operator: string, text: string): (one: Row) => boolean {
  const own = what.startsWith("s");
  const bare = !what.endsWith("port") && !text.includes(":");
  const [host = "", port = ""] = bare
    ? [text, ""]
    : [text.slice(0, text.lastIndexOf(":")), text.slice(text.lastIndexOf(":") + 1)];
  const number = /^\d+$/.test(port)
    ? Number(port)
    : Number(Object.entries(SERVICES).find(([, name]) => name === port)?.[0] ?? -1);
  const compare = (a: number): boolean => {
    if (/^(=|==|eq)$/.test(operator)) return a === number;
    if (/^(!=|ne|neq)$/.test(operator)) return a !== number;
    if (/^(>|gt)$/.test(operator)) return a > number;
    if (/^(<|lt)$/.test(operator)) return a < number;
    return /^(>=|ge)$/.test(operator) ? a >= number : a <= number;
  };
  return (one) => {
    const address = own ? one.local : one.peer;
    if (host !== "" && host !== "*" && !within(address, host)) return false;
    return port === "" || port === "*" || compare(own ? one.sport : one.dport);
  };
}

function within(address: string, cidr: string): boolean {
  const [network = "", length = "32"] = cidr.replace(/[[\]]/g, "").split("/");
  const number = (text: string) => text.split(".").reduce((value, byte) => value * 256 + Number(byte), 0);
  const size = 2 ** (32 - Number(length));
  return Math.floor(number(address) / size) === Math.floor(number(network) / size);
}

/** Connections of this namespace by what its machine tracks, the youngest last. */
export function connections(p: Process, numeric: boolean, processes: boolean): Row[] {
  const { net } = p.ns;
  const shown = (port: number) => (numeric ? String(port) : (SERVICES[port] ?? String(port)));
  const tracks = net.host.netfilter?.conntrack.list(p.machine.kernel.now) ?? [];
  return tracks.flatMap((track): Row[] => {
    if (track.protocol !== "tcp") return [];
    const { original, reply } = track;
    const known: Record<string, string> = { ESTABLISHED: "ESTAB", TIME_WAIT: "TIME-WAIT", SYN_SENT: "SYN-SENT" };
    const state = known[stateOf(track)];
    if (state === undefined) return [];
    const made: Row[] = [];
    const add = (local: string, sport: number, peer: string, dport: number, server: boolean) => {
      const listener = server ? net.listenerFor("tcp", local, sport) : undefined;
      made.push({
        netid: "tcp",
        state,
        recv: "0",
        send: "0",
        local,
        localPort: shown(sport),
        peer,
        peerPort: shown(dport),
        sport,
        dport,
        pid: listener?.pid,
        process: processes && state === "ESTAB" ? usersOf(p, listener?.pid) : "",
      });
    };
    const { source, sourcePort, destination, destinationPort } = original;
    // Who closed waits; the other end is through with it.
    if (net.owns(source) && !source.startsWith("127.")) add(source, sourcePort, destination, destinationPort, false);
    const served = net.owns(reply.source) && !reply.source.startsWith("127.") && state !== "TIME-WAIT";
    if (served) add(reply.source, reply.sourcePort, reply.destination, reply.destinationPort, true);
    return made;
  });
}

function usersOf(p: Process, pid: number | undefined): string {
  const owner = pid === undefined ? undefined : p.machine.processes.get(pid);
  const visible = p.cred.uid === 0 || owner?.cred.uid === p.cred.uid;
  return owner && visible ? `users:(("${owner.comm}",pid=${owner.pid},fd=3))` : "";
}

function row(p: Process, one: Listener, numeric: boolean, processes: boolean) {
  const who = processes ? usersOf(p, one.pid) : "";
  const everywhere = one.address === "0.0.0.0";
  return {
    netid: one.protocol,
    state: one.protocol === "udp" ? "UNCONN" : "LISTEN",
    recv: "0",
    send: one.protocol === "udp" ? "0" : "4096",
    local: everywhere ? "0.0.0.0" : one.address,
    localPort: numeric ? String(one.port) : (SERVICES[one.port] ?? String(one.port)),
    peer: "0.0.0.0",
    peerPort: "*",
    sport: one.port,
    dport: 0,
    pid: one.pid as number | undefined,
    process: who,
  };
}

/** netstat(8) of net-tools: `-tlnp` and the like. */
export const netstat = tool(
  {
    name: "netstat",
    usage: "[-vWeenNcCF] [<Af>] -r",
    about: "",
    short: "tulnpaWreisc",
    long: "tcp=t udp=u listening=l numeric=n programs=p all=a route=r",
    version: "net-tools 2.10",
  },
  function* (t, o) {
    const { p } = t;
    if (o.has("r")) {
      t.out.add(routeTable(p, o.has("n"), "netstat"));
      return 0;
    }
    t.out.add(
      o.has("l")
        ? "Active Internet connections (only servers)\n"
        : o.has("a")
          ? "Active Internet connections (servers and established)\n"
          : "Active Internet connections (w/o servers)\n",
    );
    const program = o.has("p");
    t.out.add(
      `Proto Recv-Q Send-Q Local Address           Foreign Address         State      ${program ? " PID/Program name    " : ""}\n`,
    );
    const line = (protocol: string, local: string, peer: string, state: string, who: string) =>
      t.out.add(
        `${protocol.padEnd(5)} ${"0".padStart(6)} ${"0".padStart(6)} ${local.padEnd(23)} ${peer.padEnd(23)} ${state.padEnd(11)}${program ? ` ${who.padEnd(20)}` : ""}\n`,
      );
    for (const one of o.has("l") || o.has("a") ? p.ns.net.listening() : []) {
      if (o.has("t") !== o.has("u") && one.protocol !== (o.has("t") ? "tcp" : "udp")) continue;
      const owner = one.pid === undefined ? undefined : p.machine.processes.get(one.pid);
      const who = owner && (p.cred.uid === 0 || owner.cred.uid === p.cred.uid) ? `${owner.pid}/${owner.comm}` : "-";
      const state = one.protocol === "tcp" ? "LISTEN" : "";
      line(one.protocol, `${one.address}:${one.port}`, "0.0.0.0:*", state, who);
    }
    if (o.has("l") || (o.has("u") && !o.has("t"))) return 0;
    const NAMES: Record<string, string> = { ESTAB: "ESTABLISHED", "TIME-WAIT": "TIME_WAIT", "SYN-SENT": "SYN_SENT" };
    for (const one of connections(p, true, program)) {
      const [, comm, pid] = /"(.*)",pid=(\d+)/.exec(one.process) ?? [];
      const who = pid === undefined ? "-" : `${pid}/${comm}`;
      line("tcp", `${one.local}:${one.sport}`, `${one.peer}:${one.dport}`, NAMES[one.state] ?? one.state, who);
    }
    return 0;
  },
);

/** ss -s: how many sockets there are of each kind. */
function summary(p: Process): string {
  const all = p.ns.net.listening();
  const count = (protocol: string) => all.filter((one) => one.protocol === protocol).length;
  const open = connections(p, true, false);
  const established = open.filter(({ state }) => state === "ESTAB").length;
  const waiting = open.length - established;
  const [tcp, udp] = [count("tcp") + established, count("udp")];
  const line = (name: string, total: number) =>
    `${name}\t  ${String(total).padEnd(9)} ${String(total).padEnd(9)} ${"0".padEnd(9)}\n`;
  return (
    `Total: ${tcp + udp}\nTCP:   ${tcp + waiting} (estab ${established}, closed ${waiting}, orphaned 0, timewait ${waiting})\n\nTransport Total     IP        IPv6\n` +
    `${line("RAW", 0)}${line("UDP", udp)}${line("TCP", tcp)}${line("INET", tcp + udp)}${line("FRAG", 0)}\n`
  );
}
