import type { Process } from "../../machine/process.ts";
import { tool } from "../tool.ts";
import { routeTable } from "./net-tools.ts";
import { connections } from "./sockets.ts";

/** `PID/name` of a process by its command line's first word, 19 characters of it (netstat.c prg_cache_load). */
function nameOf({ pid, argv, comm }: Process): string {
  const [first = comm] = argv;
  return `${pid}/${first.startsWith("/") ? first.slice(first.lastIndexOf("/") + 1) : first}`.slice(0, 19);
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
      const who = owner && (p.cred.uid === 0 || owner.cred.uid === p.cred.uid) ? nameOf(owner) : "-";
      const state = one.protocol === "tcp" ? "LISTEN" : "";
      line(one.protocol, `${one.address}:${one.port}`, "0.0.0.0:*", state, who);
    }
    if (o.has("l") || (o.has("u") && !o.has("t"))) return 0;
    const NAMES: Record<string, string> = { ESTAB: "ESTABLISHED", "TIME-WAIT": "TIME_WAIT", "SYN-SENT": "SYN_SENT" };
    for (const one of connections(p, true, program)) {
      const [, comm, pid] = /"(.*)",pid=(\d+)/.exec(one.process) ?? [];
      const owner = pid === undefined ? undefined : p.machine.processes.get(Number(pid));
      const who = owner ? nameOf(owner) : pid === undefined ? "-" : `${pid}/${comm}`;
      line("tcp", `${one.local}:${one.sport}`, `${one.peer}:${one.dport}`, NAMES[one.state] ?? one.state, who);
    }
    return 0;
  },
);
