import type { Process } from "../../machine/process.ts";
import type { Listener } from "../../network/index.ts";
import { tool } from "../tool.ts";

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

/** ss(8): listening sockets of this network namespace (connections live too short here to be seen). */
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
    const listening = o.has("l") || o.has("a");
    const ports = portFilter(o.operands);
    const rows = protocols.flatMap((protocol) =>
      p.ns.net
        .listening()
        .filter((one) => one.protocol === protocol && listening && (ports.length === 0 || ports.includes(one.port)))
        .map((one) => row(p, one, o.has("n"), o.has("p"))),
    );
    const header = {
      netid: "Netid",
      state: "State",
      recv: "Recv-Q",
      send: "Send-Q",
      local: "Local Address",
      localPort: "Port",
      peer: "Peer Address",
      peerPort: "Port",
      process: "Process",
    };
    const all = [header, ...rows];
    const width = (key: keyof typeof header) => Math.max(...all.map((one) => one[key].length));
    const print = (one: typeof header): void => {
      const cells = [
        ...(showsNetid ? [one.netid.padEnd(width("netid"))] : []),
        one.state.padEnd(width("state")),
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

/** Ports of filters such as `sport = :6443` or `( sport = :80 or sport = :443 )`. */
function portFilter(words: readonly string[]): number[] {
  return [...words.join(" ").matchAll(/:(\d+)\b/g)].map((match) => Number(match[1]));
}

function row(p: Process, one: Listener, numeric: boolean, processes: boolean) {
  const owner = one.pid === undefined ? undefined : p.machine.processes.get(one.pid);
  const visible = p.cred.uid === 0 || owner?.cred.uid === p.cred.uid;
  const who = processes && owner && visible ? `users:(("${owner.comm}",pid=${owner.pid},fd=3))` : "";
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
    if (!o.has("l") && !o.has("a")) return 0;
    for (const one of p.ns.net.listening()) {
      if (o.has("t") !== o.has("u") && one.protocol !== (o.has("t") ? "tcp" : "udp")) continue;
      const owner = one.pid === undefined ? undefined : p.machine.processes.get(one.pid);
      const who = owner && (p.cred.uid === 0 || owner.cred.uid === p.cred.uid) ? `${owner.pid}/${owner.comm}` : "-";
      const state = one.protocol === "tcp" ? "LISTEN" : "";
      t.out.add(
        `${one.protocol.padEnd(5)} ${"0".padStart(6)} ${"0".padStart(6)} ${`${one.address}:${one.port}`.padEnd(23)} ${"0.0.0.0:*".padEnd(23)} ${state.padEnd(11)}${program ? ` ${who.padEnd(20)}` : ""}\n`,
      );
    }
    return 0;
  },
);

/** ss -s: how many sockets there are of each kind. */
function summary(p: Process): string {
  const all = p.ns.net.listening();
  const count = (protocol: string) => all.filter((one) => one.protocol === protocol).length;
  const [tcp, udp] = [count("tcp"), count("udp")];
  const line = (name: string, total: number) =>
    `${name}\t  ${String(total).padEnd(9)} ${String(total).padEnd(9)} ${"0".padEnd(9)}\n`;
  return (
    `Total: ${tcp + udp}\nTCP:   ${tcp} (estab 0, closed 0, orphaned 0, timewait 0)\n\nTransport Total     IP        IPv6\n` +
    `${line("RAW", 0)}${line("UDP", udp)}${line("TCP", tcp)}${line("INET", tcp + udp)}${line("FRAG", 0)}\n`
  );
}
