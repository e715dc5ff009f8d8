import { cpu, decode, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { serviceName } from "../../netfilter/services.ts";
import { hostsByAddress, lookupHosts } from "../../network/hosts.ts";
import {
  type Ipvs,
  ipvsIn,
  ipvsOf,
  realServer,
  savedServers,
  serverKey,
  type VirtualServer,
} from "../../network/ipvs.ts";
import { connectionLines, type Format, listing, type Name } from "./ipvsadm-list.ts";
import { type Asked, Complaint, readOptions } from "./ipvsadm-options.ts";

const CALL = 1_500;
const VERSION = "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)";
const TITLE = "IP Virtual Server version 1.2.1 (size=4096)";
const SCHEDULERS = "rr wrr lc wlc lblc lblcr dh sh sed nq fo ovf mh twos".split(" ");
const USAGE = `Usage:
  ipvsadm -A|E virtual-service [-s scheduler] [-p [timeout]] [-M netmask] [--pe persistence_engine] [-b sched-flags]
  ipvsadm -D virtual-service
  ipvsadm -C
  ipvsadm -R
  ipvsadm -S [-n]
  ipvsadm -a|e virtual-service -r server-address [options]
  ipvsadm -d virtual-service -r server-address
  ipvsadm -L|l [virtual-service] [options]
  ipvsadm -Z [virtual-service]
  ipvsadm --set tcp tcpfin udp
  ipvsadm --start-daemon {master|backup} [daemon-options]
  ipvsadm --stop-daemon {master|backup}
  ipvsadm -h
`;

/** ipvsadm(8) 1.31: the virtual servers of this network namespace. */
export const ipvsadm: Program = (p) => main(p, p.argv.slice(1));

function* main(p: Process, words: readonly string[]): Gen<number> {
  yield* cpu(CALL);
  if (p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      "Can't initialize ipvs: Permission denied (you must be root)\nAre you sure that IP Virtual Server is built in the kernel or as module?\n",
    );
    return 2;
  }
  p.machine.modules.load("ip_vs");
  if (words.length === 0) {
    yield* sys.print(p, `${list(p, new Set()).join("\n")}\n`);
    return 0;
  }
  try {
    return yield* run(p, words, false);
  } catch (error) {
    if (!(error instanceof Complaint)) throw error;
    yield* sys.printError(p, `${error.message}\n`);
    return error.status;
  }
}

/** `ipvsadm-save`, `ipvsadm-restore`: scripts around it. */
export const ipvsadmSave: Program = function* (p) {
  const options = p.argv.slice(1);
  if (options.some((word) => word.startsWith("-") && word !== "-n")) {
    yield* sys.printError(
      p,
      "ipvsadm-save: Script to save the IPVS table to stdout.\n   With the -n option, prints out the table in numeric format.\n",
    );
    return 1;
  }
  return yield* main(p, ["-S", ...options.filter((word) => word === "-n")]);
};

export const ipvsadmRestore: Program = function* (p) {
  ipvsOf(p.ns.net).services.clear();
  return yield* main(p, ["-R"]);
};

function* run(p: Process, words: readonly string[], restoring: boolean): Gen<number> {
  const resolve = (name: string) => lookupHosts(p, name)?.addresses[0];
  const asked = readOptions(words, resolve);
  const { command, options } = asked;
  switch (command) {
    case "help":
      yield* sys.print(p, `${VERSION}\n${USAGE}`);
      return 0;
    case "version":
      yield* sys.print(p, `${VERSION}\n`);
      return 0;
    case "list":
      for (const line of listed(p, asked)) yield* sys.print(p, `${line}\n`);
      return 0;
    case "save": {
      const services = ipvsIn(p.ns.net)?.services.values() ?? [];
      for (const line of savedServers(services, naming(p, options))) yield* sys.print(p, `${line}\n`);
      return 0;
    }
    case "restore": {
      if (restoring) throw new Complaint("Try `ipvsadm -h' or 'ipvsadm --help' for more information.", 255);
      let status = 0;
      for (const line of decode(yield* sys.readAll(p, 0)).split("\n")) {
        const [first, ...rest] = line.split(/\s+/).filter((word) => word !== "");
        const own = first === "ipvsadm" ? rest : first === undefined ? [] : [first, ...rest];
        if (own.length > 0) status = yield* run(p, own, true);
      }
      return status;
    }
  }
  const ipvs = ipvsOf(p.ns.net);
  const wrong = change(asked, ipvs);
  if (wrong === undefined) {
    // The kernel fetches a scheduler that is asked for.
    if (asked.command === "add-service" || asked.command === "edit-service") {
      p.machine.modules.load(`ip_vs_${asked.scheduler}`);
    }
    return 0;
  }
  yield* sys.printError(p, `${wrong}\n`);
  return 255;
}

function naming(p: Process, options: Format): Name {
  if (options.has("numeric")) return (address, port) => `${address}:${port}`;
  return (address, port, protocol) =>
    `${hostsByAddress(p, address)?.canonical ?? address}:${serviceName(port, protocol) ?? port}`;
}

function list(p: Process, format: Format, only?: VirtualServer): string[] {
  const ipvs = ipvsOf(p.ns.net);
  const services = only === undefined ? [...ipvs.services.values()] : [only];
  const lines = listing(ipvs, services, format, naming(p, format), p.machine.kernel.now);
  return only === undefined ? [TITLE, ...lines] : lines;
}

function listed(p: Process, asked: Asked): string[] {
  const { options } = asked;
  const ipvs = ipvsOf(p.ns.net);
  if (options.has("connection")) return connectionLines(ipvs, options, naming(p, options), p.machine.kernel.now);
  if (options.has("timeout")) {
    const { tcp, fin, udp } = ipvs.timeouts;
    return [`Timeout (tcp tcpfin udp): ${tcp} ${fin} ${udp}`];
  }
  if (options.has("daemon")) {
    return (["master", "backup"] as const).flatMap((kind) => {
      const daemon = ipvs.daemons[kind];
      return daemon === undefined ? [] : [`${kind} sync daemon (mcast=${daemon.device}, syncid=${daemon.id})`];
    });
  }
  if (!options.has("service-address")) return list(p, options);
  const service = ipvs.services.get(serverKey(asked));
  if (service === undefined) throw new Complaint("No such service", 1);
  return list(p, options, service);
}

/** Changes the table; what the kernel has against it (ip_vs_ctl.c, in libipvs' words). */
function change(asked: Asked, ipvs: Ipvs): string | undefined {
  const { command, options } = asked;
  const { services, daemons } = ipvs;
  const key = serverKey(asked);
  const service = services.get(key);
  switch (command) {
    case "flush":
      services.clear();
      return undefined;
    case "set": {
      const [tcp, fin, udp] = asked.timeouts;
      const { timeouts } = ipvs;
      ipvs.timeouts = { tcp: tcp || timeouts.tcp, fin: fin || timeouts.fin, udp: udp || timeouts.udp };
      return undefined;
    }
    case "start-daemon": {
      const { kind, device, id } = asked.daemon;
      if (daemons[kind] !== undefined) return "Daemon has already run";
      daemons[kind] = { device, id };
      return undefined;
    }
    case "stop-daemon":
      if (daemons[asked.daemon.kind] === undefined) return "No daemon is running";
      delete daemons[asked.daemon.kind];
      return undefined;
    case "zero": {
      if (options.has("service-address") && service === undefined) return "No such service";
      const all = service === undefined ? services.values() : [service];
      for (const { servers } of all) for (const server of servers) server.total = 0;
      return undefined;
    }
    case "add-service":
      if (service !== undefined) return "Service already exists";
      return define(asked, ipvs, []);
    case "edit-service":
      return service === undefined ? "No such service" : define(asked, ipvs, service.servers);
    case "delete-service":
      if (service === undefined) return "No such service";
      services.delete(key);
      return undefined;
  }
  return service === undefined ? "Service not defined" : changeServer(asked, ipvs, service);
}

function define(asked: Asked, ipvs: Ipvs, servers: VirtualServer["servers"]): string | undefined {
  const { mark, protocol, address, port, scheduler, flags, persistent, netmask, onePacket, engine } = asked;
  if (!SCHEDULERS.includes(scheduler) || (engine !== undefined && engine !== "sip")) {
    return "Scheduler or persistence engine not found";
  }
  const mask = netmask === "255.255.255.255" ? undefined : netmask;
  const place = { mark, protocol, address, port };
  ipvs.services.set(serverKey(asked), {
    ...place,
    scheduler,
    flags,
    persistent,
    netmask: mask,
    onePacket,
    engine,
    servers,
  });
  return undefined;
}

function changeServer(asked: Asked, ipvs: Ipvs, service: VirtualServer): string | undefined {
  const { command, server, tunnel } = asked;
  const { servers } = service;
  const at = servers.findIndex(({ address, port }) => address === server.address && port === server.port);
  if (command === "delete-server") {
    if (at < 0) return "No such destination";
    ipvs.changed(service, servers[at]);
    servers.splice(at, 1);
    return undefined;
  }
  if (server.lower > server.upper) return "Numerical result out of range";
  const wanted = { ...server, ...(server.forwarding === "i" ? { tunnel } : {}) };
  if (command === "add-server") {
    if (at >= 0) return "Destination already exists";
    servers.unshift(realServer(server.address, server.port, wanted));
  } else if (at < 0) return "No such destination";
  else Object.assign(servers[at]!, wanted);
  ipvs.changed(service);
  return undefined;
}
