import { servicePort } from "../../netfilter/services.ts";
import { type Forwarding, SCHED1, SCHED2, SCHED3 } from "../../network/ipvs.ts";
import { ipv4Text } from "../../text/ipv4.ts";

/** What one line of ipvsadm asks for. */
export interface Asked {
  command: string;
  /** Names of the options given (as in its complaints). */
  options: Set<string>;
  mark?: number;
  protocol: "tcp" | "udp" | "sctp";
  address: string;
  port: number;
  scheduler: string;
  flags: number;
  persistent?: number;
  netmask?: string;
  onePacket: boolean;
  engine?: string;
  server: { address: string; port: number; weight: number; forwarding: Forwarding; upper: number; lower: number };
  tunnel: { type: "ipip" | "gue" | "gre"; port: number; checksum: 0 | 1 | 2 };
  daemon: { kind: "master" | "backup"; device: string; id: number };
  timeouts: [number, number, number];
}

/** The program ends: what it complains of, and with which status. */
export class Complaint extends Error {
  readonly status: number;

  constructor(message: string, status = 2) {
    super(message);
    this.status = status;
  }
}

const TRY = "Try `ipvsadm -h' or 'ipvsadm --help' for more information.";
/** Seconds that a client stays where `-p` says no number (IPVS_SVC_PERSISTENT_TIMEOUT). */
const PERSISTENT = 360;
const MAX_TIMEOUT = 31 * 24 * 60 * 60;
const MAX_INT = 2 ** 31 - 1;

/** Commands by letter or long name, in the order of ipvsadm's tables. */
const COMMANDS: Readonly<Record<string, string>> = {
  A: "add-service",
  E: "edit-service",
  D: "delete-service",
  C: "flush",
  L: "list",
  l: "list",
  a: "add-server",
  d: "delete-server",
  e: "edit-server",
  R: "restore",
  S: "save",
  Z: "zero",
  h: "help",
  v: "version",
  set: "set",
  "start-daemon": "start-daemon",
  "stop-daemon": "stop-daemon",
};
const LONG_COMMANDS: Readonly<Record<string, string>> = {
  "add-service": "A",
  "edit-service": "E",
  "delete-service": "D",
  clear: "C",
  list: "L",
  zero: "Z",
  "add-server": "a",
  "edit-server": "e",
  "delete-server": "d",
  help: "h",
  version: "v",
  restore: "R",
  save: "S",
};

/** Options by letter and by long name; those with `:` take a value, with `?` they may. */
const OPTIONS = `t:tcp-service u:udp-service :sctp-service f:fwmark-service s:scheduler p?persistent M:netmask r:real-server
m.masquerading i.ipip g.gatewaying w:weight x:u-threshold y:l-threshold n.numeric c.connection :mcast-interface :syncid
.timeout .daemon .stats .rate .thresholds .persistent-conn .nosort .sort X.exact 6.ipv6 o.ops :pe b:sched-flags :mcast-group
:mcast-port :mcast-ttl :sync-maxlen .tun-info :tun-type :tun-port .tun-nocsum .tun-csum .tun-remcsum`;

interface Known {
  name: string;
  kind: ":" | "?" | ".";
}

const shortOptions = new Map<string, Known>();
const longOptions = new Map<string, Known>();
for (const word of OPTIONS.split(/\s+/)) {
  const [, letter, kind, name] = /^(\w?)([:?.])(.*)$/.exec(word) as unknown as [string, string, Known["kind"], string];
  const known = { name, kind };
  if (letter !== "") shortOptions.set(letter, known);
  longOptions.set(name, known);
}
for (const [letter, command] of Object.entries(COMMANDS)) {
  if (letter.length === 1) shortOptions.set(letter, { name: `!${command}`, kind: "." });
}
for (const [name, letter] of Object.entries(LONG_COMMANDS))
  longOptions.set(name, { name: `!${COMMANDS[letter]}`, kind: "." });
longOptions.set("set", { name: "!set", kind: "." });
longOptions.set("start-daemon", { name: "!start-daemon", kind: ":" });
longOptions.set("stop-daemon", { name: "!stop-daemon", kind: ":" });

/** What the options are called in complaints, in the order in which they are checked. */
const NAMES =
  `numeric connection service-address scheduler persistent netmask real-server forwarding-method weight u-threshold
l-threshold mcast-interface timeout daemon stats rate thresholds persistent-conn nosort syncid exact ops pe sched-flags mcast-group
mcast-port mcast-ttl sync-maxlen tun-info tun-type tun-port tun-nocsum tun-csum tun-remcsum`.split(/\s+/);

const TUNNEL = ["tun-type", "tun-port", "tun-nocsum", "tun-csum", "tun-remcsum"];
const SERVER = ["forwarding-method", "weight", "u-threshold", "l-threshold", ...TUNNEL];
const SERVICE = ["scheduler", "persistent", "netmask", "ops", "pe", "sched-flags"];
const LISTS = ["numeric", "stats", "rate", "thresholds", "persistent-conn", "nosort", "syncid", "exact", "tun-info"];
const DAEMONS = ["mcast-interface", "syncid", "mcast-group", "mcast-port", "mcast-ttl", "sync-maxlen"];

/** By command: options that must be there, those that may, and those of which only one may. */
const LEGAL: Readonly<Record<string, readonly [must: string[], may: string[], one: string[]]>> = {
  "add-service": [["service-address"], SERVICE, []],
  "edit-service": [["service-address"], SERVICE, []],
  "delete-service": [["service-address"], [], []],
  flush: [[], [], []],
  list: [[], LISTS, ["connection", "service-address", "timeout", "daemon"]],
  "add-server": [["service-address", "real-server"], SERVER, []],
  "delete-server": [["service-address", "real-server"], [], []],
  "edit-server": [["service-address", "real-server"], SERVER, []],
  set: [[], [], []],
  "start-daemon": [[], DAEMONS, []],
  "stop-daemon": [[], ["syncid"], []],
  restore: [[], [], []],
  save: [[], ["numeric"], []],
  zero: [[], ["service-address"], []],
};

/** By kind of tunnel: as above. */
const TUNNELS: Readonly<Record<string, readonly [must: string[], may: string[], one: string[]]>> = {
  ipip: [[], ["tun-type"], []],
  gue: [["tun-port"], ["tun-type"], ["tun-nocsum", "tun-csum", "tun-remcsum"]],
  gre: [[], ["tun-type"], ["tun-nocsum", "tun-csum"]],
};

function check(
  options: ReadonlySet<string>,
  names: readonly string[],
  [must, may, one]: readonly [string[], string[], string[]],
  whose: string,
): void {
  let last: string | undefined;
  for (const name of names) {
    if (!options.has(name)) {
      if (must.includes(name)) throw new Complaint(`You need to supply the '${name}' option for the ${whose}`);
    } else if (one.includes(name)) {
      if (last !== undefined)
        throw new Complaint(`The option '${name}' conflicts with the '${last}' option in the ${whose}`);
      last = name;
    } else if (!must.includes(name) && !may.includes(name))
      throw new Complaint(`Illegal '${name}' option with the ${whose}`);
  }
}

/** Words as popt takes them: option and value, in their order; a bare word has no name. */
function* words(
  argv: readonly string[],
): Generator<{ name?: string; value?: string; error?: string; spelling?: string }> {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i]!;
    if (word === "--") {
      for (const value of argv.slice(i + 1)) yield { value };
      return;
    }
    if (!word.startsWith("-") || word === "-") {
      yield { value: word };
      continue;
    }
    const clusters: [spelling: string, known: Known | undefined, rest: string | undefined][] = [];
    if (word.startsWith("--")) {
      const at = word.indexOf("=");
      const spelling = at < 0 ? word : word.slice(0, at);
      clusters.push([spelling, longOptions.get(spelling.slice(2)), at < 0 ? undefined : word.slice(at + 1)]);
    } else {
      for (let at = 1; at < word.length; at++) {
        const known = shortOptions.get(word[at]!);
        const rest = word.slice(at + 1).replace(/^=/, "");
        const takes = known !== undefined && known.kind !== "." && rest !== "";
        clusters.push([`-${word[at]}`, known, takes ? rest : undefined]);
        if (takes) break;
      }
    }
    for (const [spelling, known, inline] of clusters) {
      if (known === undefined) yield { error: `${spelling}: unknown option` };
      else if (known.kind === ".") {
        if (inline !== undefined) yield { error: `${word}: option does not take an argument` };
        yield { name: known.name, spelling };
      } else {
        const next = argv[i + 1];
        const optional = known.kind === "?";
        const own = inline !== undefined || next === undefined || (optional && next.startsWith("-"));
        if (inline === undefined && next === undefined && !optional) yield { error: `${spelling}: missing argument` };
        const value = own ? inline : next;
        if (!own) i++;
        yield { name: known.name, ...(value === undefined ? {} : { value }) };
      }
    }
  }
}

function number(text: string, least: number, most: number): number | undefined {
  if (!/^\s*[-+]?\d+$/.test(text)) return undefined;
  const value = Number(text);
  return value >= least && value <= most ? value : undefined;
}

function need(text: string, least: number, most: number, what: string): number {
  const value = number(text, least, most);
  if (value === undefined) throw new Complaint(`illegal ${what} specified`);
  return value;
}

function timeout(text: string, least: number): number {
  const value = number(text, least, MAX_TIMEOUT);
  if (value === undefined) throw new Complaint(`invalid timeout value \`${text}' specified`);
  return value;
}

/** An address as inet_aton(3) reads it, of fewer than four parts too. */
function addressOf(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.length > 4 || !parts.every((part) => /^(0[xX][\da-fA-F]+|\d+)$/.test(part))) return undefined;
  const values = parts.map((part) => (/^0\d/.test(part) ? Number.parseInt(part, 8) : Number(part)));
  const last = values.pop()!;
  if (values.some((value) => value > 255) || last >= 256 ** (4 - values.length)) return undefined;
  return ipv4Text(values.reduce((sum, value, i) => sum + value * 256 ** (3 - i), last));
}

/** `address[:port]`; undefined when it is none. */
function place(text: string, protocol: string, resolve: (name: string) => string | undefined) {
  if (/^\d*$/.test(text)) return undefined;
  const colon = text.lastIndexOf(":");
  const host = colon < 0 ? text : text.slice(0, colon);
  const address = addressOf(host) ?? resolve(host);
  if (address === undefined) return undefined;
  if (colon < 0) return { address, port: undefined };
  const name = text.slice(colon + 1);
  const port = number(name, 0, 65_535) ?? servicePort(name, protocol);
  return port === undefined ? undefined : { address, port };
}

const PROTOCOLS: Readonly<Record<string, Asked["protocol"]>> = { tcp: "tcp", udp: "udp", sctp: "sctp" };
const FLAGS: Readonly<Record<string, [bit: number, scheduler?: string]>> = {
  "flag-1": [SCHED1],
  "flag-2": [SCHED2],
  "flag-3": [SCHED3],
  "sh-fallback": [SCHED1, "sh"],
  "sh-port": [SCHED2, "sh"],
  "mh-fallback": [SCHED1, "mh"],
  "mh-port": [SCHED2, "mh"],
};

/** Reads a command line without the program's name. Throws a Complaint. */
export function readOptions(argv: readonly string[], resolve: (name: string) => string | undefined): Asked {
  const asked: Asked = {
    command: "",
    options: new Set(),
    protocol: "tcp",
    address: "0.0.0.0",
    port: 0,
    scheduler: "",
    flags: 0,
    onePacket: false,
    server: { address: "", port: 0, weight: 1, forwarding: "g", upper: 0, lower: 0 },
    tunnel: { type: "ipip", port: 0, checksum: 0 },
    daemon: { kind: "master", device: "", id: 0 },
    timeouts: [0, 0, 0],
  };
  const bare: string[] = [];
  let flagNames = "";
  let first = true;
  for (const { name, value = "", error, spelling } of words(argv)) {
    if (name === undefined && error === undefined) {
      bare.push(value);
      continue;
    }
    if (first) {
      if (!name?.startsWith("!")) throw new Complaint(TRY, 255);
      first = false;
      asked.command = name.slice(1);
      if (asked.command.endsWith("-daemon")) {
        if (value !== "master" && value !== "backup") {
          const where = asked.command === "start-daemon" ? "start-daemon parameter" : "start_daemon";
          throw new Complaint(`illegal ${where} specified`);
        }
        asked.daemon.kind = value;
      }
      if (asked.command === "help" || asked.command === "version") return asked;
      continue;
    }
    if (error !== undefined) throw new Complaint(error, 255);
    if (name!.startsWith("!")) throw new Complaint(`invalid option \`${spelling}'`);
    if (name === "sched-flags") flagNames = value;
    take(asked, name!, value, resolve);
  }
  if (first) throw new Complaint(TRY, 255);
  if (flagNames !== "") asked.flags = flagsOf(flagNames, asked.scheduler || "wlc");
  if (asked.command === "set") {
    if (bare.length < 3) throw new Complaint("--set option requires 3 timeout values");
    asked.timeouts = bare.splice(0, 3).map((text) => timeout(text, 0)) as Asked["timeouts"];
  }
  if (bare.length > 0) throw new Complaint(`unexpected argument ${bare[0]}`);
  check(asked.options, NAMES, LEGAL[asked.command]!, `'${asked.command}' command`);
  finish(asked);
  return asked;
}

function flagsOf(text: string, scheduler: string): number {
  let flags = 0;
  for (const name of text.split(",").filter((each) => each !== "")) {
    const known = FLAGS[name];
    if (known === undefined) throw new Complaint(`invalid scheduler flag \`${name}'`);
    if (known[1] !== undefined && known[1] !== scheduler) throw new Complaint(`incompatible scheduler flag \`${name}'`);
    flags |= known[0];
  }
  return flags;
}

/** What options are called when they are given twice, where that is not their own name. */
const SHARED: Readonly<Record<string, string>> = {
  "tcp-service": "service-address",
  "udp-service": "service-address",
  "sctp-service": "service-address",
  "fwmark-service": "service-address",
  masquerading: "forwarding-method",
  ipip: "forwarding-method",
  gatewaying: "forwarding-method",
};

function take(asked: Asked, name: string, value: string, resolve: (name: string) => string | undefined): void {
  if (name === "sort") return;
  if (name === "ipv6") {
    if (asked.mark === undefined) throw new Complaint("-6 must follow -f\n");
    return;
  }
  const called = SHARED[name] ?? name;
  if (asked.options.has(called)) throw new Complaint(`multiple '${called}' options specified`);
  asked.options.add(called);
  const { server, tunnel, daemon } = asked;
  switch (name) {
    case "tcp-service":
    case "udp-service":
    case "sctp-service": {
      asked.protocol = PROTOCOLS[name.slice(0, name.indexOf("-"))]!;
      const found = place(value, asked.protocol, resolve);
      if (found === undefined) throw new Complaint("illegal virtual server address[:port] specified");
      asked.address = found.address;
      asked.port = found.port ?? 0;
      return;
    }
    case "fwmark-service": {
      const mark = number(value, 1, 2 ** 32 - 1);
      if (mark === undefined) throw new Complaint(`invalid fwmark value \`${value}' specified`);
      asked.mark = mark;
      return;
    }
    case "scheduler":
      asked.scheduler = value.slice(0, 15);
      return;
    case "persistent":
      asked.persistent = value === "" ? PERSISTENT : timeout(value, 1);
      return;
    case "netmask": {
      const mask = addressOf(value) ?? resolve(value);
      if (mask === undefined) throw new Complaint("illegal virtual server persistent mask specified");
      asked.netmask = mask;
      return;
    }
    case "real-server": {
      const found = place(value, asked.protocol, resolve);
      if (found === undefined) throw new Complaint("illegal real server address[:port] specified");
      server.address = found.address;
      server.port = found.port ?? asked.port;
      return;
    }
    case "masquerading":
      server.forwarding = "m";
      return;
    case "ipip":
      server.forwarding = "i";
      return;
    case "weight":
      server.weight = need(value, 0, MAX_INT, "weight");
      return;
    case "u-threshold":
      server.upper = need(value, 0, MAX_INT, "u_threshold");
      return;
    case "l-threshold":
      server.lower = need(value, 0, MAX_INT, "l_threshold");
      return;
    case "mcast-interface":
      daemon.device = value.slice(0, 15);
      return;
    case "syncid":
      daemon.id = need(value, 0, 255, "syncid");
      return;
    case "ops":
      asked.onePacket = true;
      return;
    case "pe":
      asked.engine = value;
      return;
    case "tun-type":
      if (TUNNELS[value] === undefined) throw new Complaint("illegal tunnel type specified");
      tunnel.type = value as typeof tunnel.type;
      return;
    case "tun-port":
      tunnel.port = need(value, 1, 65_535, "tunnel port");
      return;
    case "tun-csum":
      tunnel.checksum = 1;
      return;
    case "tun-remcsum":
      tunnel.checksum = 2;
  }
}

/** What holds once everything is known: defaults, and what does not go together (ipvsadm.c process_options). */
function finish(asked: Asked): void {
  const { command, options, server, tunnel } = asked;
  if (command === "add-service" || command === "edit-service") {
    if (asked.mark === undefined && asked.port === 0 && asked.persistent === undefined) {
      throw new Complaint("Zero port specified for non-persistent service");
    }
    if (asked.onePacket && asked.mark === undefined && asked.protocol !== "udp") {
      throw new Complaint("One-Packet Scheduling is only for UDP virtual services");
    }
    if (asked.scheduler === "") asked.scheduler = "wlc";
  }
  if (command === "start-daemon" && asked.daemon.device === "") asked.daemon.device = "eth0";
  if (command === "add-server" || command === "edit-server") {
    if (asked.mark === undefined && server.forwarding !== "m") server.port = asked.port;
    if (server.forwarding !== "i" && TUNNEL.some((name) => options.has(name))) {
      throw new Complaint("Tunnel options conflict with forward method");
    }
    check(options, TUNNEL, TUNNELS[tunnel.type]!, `'${tunnel.type}' tunnel type`);
  }
  if (command === "list") {
    const has = (...names: string[]) => names.some((name) => options.has(name));
    const conflicts =
      (has("connection", "timeout", "daemon") && has("stats", "rate", "thresholds")) ||
      (has("timeout", "daemon") && has("persistent-conn"));
    if (conflicts) throw new Complaint("options conflicts in the list command");
  }
}
