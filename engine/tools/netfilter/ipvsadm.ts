import { cpu } from "../../kernel/index.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import {
  inOrder,
  ipvsIn,
  ipvsOf,
  type RealServer,
  savedServers,
  serverKey,
  type VirtualServer,
} from "../../network/ipvs.ts";

const CALL = 1_500;
const TITLE = "IP Virtual Server version 1.2.1 (size=4096)";
const SCHEDULERS = ["rr", "wrr", "lc", "wlc", "lblc", "lblcr", "dh", "sh", "sed", "nq", "fo", "ovf", "mh"];
/** Letters that take a value. */
const VALUED = "tusrewpxyM";

interface Request {
  command: string;
  flags: Set<string>;
  values: Map<string, string>;
}

const LONG: Readonly<Record<string, string>> = {
  "--add-service": "A",
  "--edit-service": "E",
  "--delete-service": "D",
  "--clear": "C",
  "--add-server": "a",
  "--edit-server": "e",
  "--delete-server": "d",
  "--list": "L",
  "--save": "S",
  "--zero": "Z",
  "--tcp-service": "t",
  "--udp-service": "u",
  "--scheduler": "s",
  "--real-server": "r",
  "--persistent": "p",
  "--weight": "w",
  "--masquerading": "m",
  "--numeric": "n",
  "--help": "h",
  "--version": "v",
};

/** ipvsadm(8) 1.31: the virtual servers of this network namespace. */
export const ipvsadm: Program = function* (p) {
  yield* cpu(CALL);
  const request = read(p.argv.slice(1));
  if (typeof request === "string") {
    yield* sys.printError(p, request);
    return 2;
  }
  if (request.flags.has("v")) {
    yield* sys.print(p, "ipvsadm v1.31 2019/12/24 (compiled with popt and IPVS v1.2.1)\n");
    return 0;
  }
  if (p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      "Can't initialize ipvs: Permission denied (you must be root)\nAre you sure that IP Virtual Server is built in the kernel or as module?\n",
    );
    return 255;
  }
  const { net } = p.ns;
  if (request.command === "L") {
    const only = request.values.get("t") ?? request.values.get("u");
    const kind = request.values.has("u") ? "udp" : "tcp";
    const services = inOrder(ipvsIn(net)?.services.values() ?? []).filter(
      ({ protocol, address, port }) => only === undefined || (protocol === kind && `${address}:${port}` === only),
    );
    if (only !== undefined && services.length === 0) {
      yield* sys.printError(p, "No such service\n");
      return 1;
    }
    yield* sys.print(p, `${listing(services, request.flags, p.machine.kernel.now, net).join("\n")}\n`);
    return 0;
  }
  if (request.command === "S") {
    const lines = savedServers(ipvsIn(net)?.services.values() ?? []);
    if (lines.length > 0) yield* sys.print(p, `${lines.join("\n")}\n`);
    return 0;
  }
  const wrong = change(request, ipvsOf(net).services);
  if (wrong !== undefined) {
    yield* sys.printError(p, `${wrong}\n`);
    return wrong.startsWith("No such") || wrong.endsWith("exists") ? 1 : 2;
  }
  return 0;
};

function read(words: readonly string[]): Request | string {
  const request: Request = { command: "", flags: new Set(), values: new Map() };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word.startsWith("--")) {
      const [name, inline] = word.split("=", 2) as [string, string?];
      const letter = LONG[name];
      if (letter === undefined) request.flags.add(name.slice(2));
      else if (VALUED.includes(letter)) request.values.set(letter, inline ?? words[++i] ?? "");
      else if (!take(request, letter)) return "multiple commands specified\n";
      continue;
    }
    if (!word.startsWith("-")) continue;
    for (let at = 1; at < word.length; at++) {
      const letter = word[at]!;
      if (!VALUED.includes(letter) || (letter === "e" && request.command === "")) {
        if (!take(request, letter)) return "multiple commands specified\n";
        continue;
      }
      const rest = word.slice(at + 1);
      // `-p` may stand without seconds: five minutes then.
      const value = rest !== "" ? rest : letter === "p" && !/^\d/.test(words[i + 1] ?? "") ? "300" : (words[++i] ?? "");
      request.values.set(letter, value);
      break;
    }
  }
  if (request.command === "") request.command = "L";
  return request;
}

function take(request: Request, letter: string): boolean {
  const command = letter === "l" ? "L" : letter;
  if ("AEDCadeLSZR".includes(command)) {
    if (request.command !== "") return false;
    request.command = command;
  } else request.flags.add(letter);
  return true;
}

function change({ command, values }: Request, services: Map<string, VirtualServer>): string | undefined {
  if (command === "C") {
    services.clear();
    return undefined;
  }
  if (command === "Z") return undefined;
  const protocol = values.has("u") ? "udp" : "tcp";
  const place = /^(.+):(\d+)$/.exec(values.get("t") ?? values.get("u") ?? "");
  if (place === null) return "illegal virtual server address[:port] specified";
  const key = serverKey({ protocol, address: place[1]!, port: Number(place[2]) });
  const there = services.get(key);
  if (command === "A" || command === "E") {
    if (command === "A" && there !== undefined) return "Service already exists";
    if (command === "E" && there === undefined) return "No such service";
    const scheduler = values.get("s") ?? there?.scheduler ?? "wlc";
    if (!SCHEDULERS.includes(scheduler)) return `Scheduler or persistence engine not found`;
    const seconds = values.get("p");
    services.set(key, {
      protocol,
      address: place[1]!,
      port: Number(place[2]),
      scheduler,
      persistent: seconds === undefined ? undefined : Number(seconds),
      servers: there?.servers ?? [],
    });
    return undefined;
  }
  if (there === undefined) return command === "D" ? "No such service" : "Service not defined";
  if (command === "D") {
    services.delete(key);
    return undefined;
  }
  const real = /^(.+?)(?::(\d+))?$/.exec(values.get("r") ?? "");
  if (real === null) return "illegal real server address[:port] specified";
  const server = { address: real[1]!, port: Number(real[2] ?? there.port) };
  const at = there.servers.findIndex((one) => one.address === server.address && one.port === server.port);
  const weight = Number(values.get("w") ?? 1);
  if (command === "a") {
    if (at >= 0) return "Destination already exists";
    there.servers.push({ ...server, weight, given: [], total: 0 });
  } else if (at < 0) return "No such destination";
  else if (command === "e") there.servers[at]!.weight = weight;
  else there.servers.splice(at, 1);
  return undefined;
}

/** As ipvsadm sorts them: by protocol, then address, then port. */
function listing(
  services: readonly VirtualServer[],
  flags: ReadonlySet<string>,
  now: number,
  net: Parameters<typeof ipvsIn>[0],
): string[] {
  const counts = flags.has("stats") || flags.has("rate");
  const out = [TITLE];
  if (counts) {
    const columns = flags.has("stats")
      ? "Conns   InPkts  OutPkts  InBytes OutBytes"
      : "   CPS    InPPS   OutPPS    InBPS   OutBPS";
    out.push(`Prot LocalAddress:Port               ${columns}`, "  -> RemoteAddress:Port");
  } else {
    out.push("Prot LocalAddress:Port Scheduler Flags");
    out.push("  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn");
  }
  const ipvs = ipvsIn(net);
  for (const service of services) {
    const head = `${service.protocol.toUpperCase().padEnd(4)} ${service.address}:${service.port}`;
    if (counts) {
      const total = service.servers.reduce((sum, { total }) => sum + total, 0);
      out.push(`${head.padEnd(33)}${figures(total, flags)}`);
    } else {
      const persistent = service.persistent === undefined ? "" : ` persistent ${service.persistent}`;
      out.push(`${head} ${service.scheduler}${persistent}`);
    }
    for (const server of service.servers) out.push(serverLine(service, server, counts, flags, now, ipvs));
  }
  return out;
}

function figures(connections: number, flags: ReadonlySet<string>): string {
  const values = flags.has("rate") ? [0, 0, 0, 0, 0] : [connections, connections, 0, connections * 60, 0];
  return values.map((value) => String(value).padStart(9)).join("");
}

function serverLine(
  service: VirtualServer,
  server: RealServer,
  counts: boolean,
  flags: ReadonlySet<string>,
  now: number,
  ipvs: ReturnType<typeof ipvsIn>,
): string {
  const place = `  -> ${`${server.address}:${server.port}`.padEnd(28)}`;
  if (counts) return `${place}${figures(server.total, flags)}`;
  const inactive = String(ipvs?.inactive(service, server, now) ?? 0);
  return `${place} Masq    ${String(server.weight).padEnd(6)} ${"0".padEnd(10)} ${inactive.padEnd(10)}`;
}
