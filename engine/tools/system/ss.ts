import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { spaceOf } from "./ip-netns.ts";
import { connections, type SocketRow, waiting } from "./sockets.ts";
import { ALL_STATES, type Filter, FilterError, readFilter } from "./ss-filter.ts";
import { SS_HELP } from "./ss-help.ts";

/** Short options, those with a value with a colon (misc/ss.c), and what the long ones stand for. */
const SHORT = "dhalBetuwxnro460spTbEf:mMiA:D:F:vVzZN:KHSO";
const LONG: Readonly<Record<string, string>> = {
  numeric: "n",
  resolve: "r",
  options: "o",
  extended: "e",
  memory: "m",
  info: "i",
  processes: "p",
  threads: "T",
  bpf: "b",
  events: "E",
  dccp: "d",
  tcp: "t",
  sctp: "S",
  udp: "u",
  raw: "w",
  unix: "x",
  tipc: "tipc",
  vsock: "vsock",
  all: "a",
  listening: "l",
  ipv4: "4",
  ipv6: "6",
  packet: "0",
  family: "f:",
  socket: "A:",
  query: "A:",
  summary: "s",
  diag: "D:",
  filter: "F:",
  version: "V",
  help: "h",
  context: "Z",
  contexts: "z",
  net: "N:",
  tipcinfo: "tipcinfo",
  tos: "tos",
  cgroup: "cgroup",
  kill: "K",
  "no-header": "H",
  xdp: "xdp",
  mptcp: "M",
  oneline: "O",
  "inet-sockopt": "sockopt",
};

const FAMILIES = ["inet", "inet6", "link", "unix", "netlink", "vsock", "tipc", "xdp", "mptcp"];
const TABLES = [
  ...["all", "inet", "tcp", "mptcp", "udp", "raw", "unix", "unix_dgram", "unix_stream", "unix_seqpacket", "packet"],
  ...["packet_raw", "packet_dgram", "netlink", "dccp", "sctp", "vsock_stream", "vsock_dgram", "tipc", "xdp"],
  ...["u_str", "u_dgr", "u_seq", "u_all", "p_raw", "p_dgr", "r_tcp"],
];

interface Asked {
  on: Set<string>;
  family: string | undefined;
  tables: Set<string>;
  space: string | undefined;
  filter: Filter;
}

const usage = (text: string) => new FilterError(text, true, 255);

/** Reads the command line as getopt_long(3) does; throws `FilterError`. */
function read(p: Process, words: readonly string[]): Asked {
  const on = new Set<string>();
  const tables = new Set<string>();
  const rest: string[] = [];
  let family: string | undefined;
  let space: string | undefined;
  const take = (letter: string, value = "") => {
    on.add(letter);
    if (letter === "f") {
      if (!FAMILIES.includes(value)) throw usage(`ss: "${value}" is invalid family`);
      family = value;
    } else if (letter === "A") {
      for (const name of value.split(",")) {
        if (!TABLES.includes(name.replace(/^!/, ""))) throw usage(`ss: "${name}" is illegal socket table id`);
        tables.add(name);
      }
    } else if (letter === "F") rest.push(...sys.readText(p, value).split(/\s+/).filter(Boolean));
    else if (letter === "N") space = value;
    else if (letter === "4") family = "inet";
    else if (letter === "6") family = "inet6";
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      rest.push(...words.slice(i + 1));
      break;
    }
    if (word.startsWith("--")) {
      const [name = "", value] = word.slice(2).split("=");
      const known = Object.keys(LONG).filter((each) => each.startsWith(name));
      const exact = Object.hasOwn(LONG, name) ? name : known.length === 1 ? known[0]! : undefined;
      if (exact === undefined) {
        const many = known.map((each) => ` '--${each}'`).join("");
        throw usage(
          known.length > 1
            ? `ss: option '${word}' is ambiguous; possibilities:${many}`
            : `ss: unrecognized option '${word}'`,
        );
      }
      const letter = LONG[exact]!;
      if (letter.endsWith(":")) take(letter[0]!, value ?? words[++i]);
      else take(letter);
    } else if (word.startsWith("-") && word !== "-") {
      for (let at = 1; at < word.length; at++) {
        const letter = word[at]!;
        const place = letter === ":" ? -1 : SHORT.indexOf(letter);
        if (place < 0) throw usage(`ss: invalid option -- '${letter}'`);
        if (SHORT[place + 1] !== ":") {
          take(letter);
          continue;
        }
        const value = word.slice(at + 1) || words[++i];
        if (value === undefined) throw usage(`ss: option requires an argument -- '${letter}'`);
        take(letter, value);
        break;
      }
    } else rest.push(word);
  }
  return { on, family, tables, space, filter: readFilter(on.has("h") || on.has("V") ? [] : rest) };
}

/** ss(8): sockets of this network namespace: those that listen, and connections as its machine tracks them. */
export const ss: Program = function* (p) {
  try {
    const asked = read(p, p.argv.slice(1));
    if (asked.on.has("h")) {
      yield* sys.print(p, SS_HELP);
      return 0;
    }
    if (asked.on.has("V") || asked.on.has("v")) {
      yield* sys.print(p, "ss utility, iproute2-6.1.0, libbpf 1.1.0\n");
      return 0;
    }
    if (asked.on.has("Z") || asked.on.has("z")) throw new FilterError("ss: SELinux is not enabled.", false, 1);
    if (asked.space !== undefined) {
      const there = spaceOf(p, asked.space);
      if (there === undefined)
        throw new FilterError(`Cannot open network namespace "${asked.space}": No such file or directory`, false, 1);
      p.ns = { ...p.ns, net: there };
    }
    if (asked.on.has("s")) {
      yield* sys.print(p, summary(p));
      return 0;
    }
    return yield* list(p, asked);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    yield* sys.printError(p, `${error.message}\n${error.usage ? SS_HELP : ""}`);
    return error.status;
  }
};

/** Kinds of sockets that options name; undefined: all there are. */
function kindsOf({ on, tables, family }: Asked): ReadonlySet<string> | undefined {
  const letters: Readonly<Record<string, string>> = { t: "tcp", u: "udp", w: "raw", x: "unix", d: "dccp", S: "sctp" };
  const named = [...tables].filter((name) => !name.startsWith("!"));
  const out = new Set(named.includes("all") ? [] : named.flatMap((name) => (name === "inet" ? INET : [name])));
  for (const [letter, kind] of Object.entries(letters)) if (on.has(letter)) out.add(kind);
  if (on.has("0")) out.add("packet");
  if (on.has("M")) out.add("mptcp");
  if (out.size > 0) return out;
  return family === "unix" || family === "netlink" || family === "link" ? new Set([family]) : undefined;
}

const INET = ["tcp", "mptcp", "udp", "raw", "dccp", "sctp"];
const WAITING: ReadonlySet<string> = new Set(["LISTEN", "UNCONN"]);
/** What is shown without -a and -l: of datagrams only those with a partner. */
const SPEAKING: ReadonlySet<string> = new Set(
  [...ALL_STATES].filter((state) => !WAITING.has(state) && state !== "TIME-WAIT" && state !== "SYN-RECV"),
);

function* list(p: Process, asked: Asked): Gen<number> {
  const { on, filter, family } = asked;
  const kinds = kindsOf(asked);
  const numeric = on.has("n");
  const wants = (kind: string) => (kinds === undefined || kinds.has(kind)) && (family ?? "inet") === "inet";
  const states = filter.states ?? (on.has("a") ? ALL_STATES : on.has("l") ? WAITING : SPEAKING);
  const listeners = p.ns.net.listening().map((one, i) => waiting(p, one, i, numeric, on.has("p")));
  const rows = [
    ...(wants("udp") ? listeners.filter(({ netid }) => netid === "udp") : []),
    ...(wants("tcp") ? listeners.filter(({ netid }) => netid === "tcp") : []),
    ...(wants("tcp") ? connections(p, numeric, on.has("p")) : []),
  ].filter((one) => states.has(one.state) && filter.fits(one));
  // One kind of socket, or state, goes without saying.
  const showsKind = kinds === undefined || kinds.size > 1 || kinds.has("unix") || kinds.has("packet");
  const only = filter.states?.size === 1 || (filter.states === undefined && !on.has("a") && isSingle(kinds, on));
  const cells = rows.map((one) => ({
    netid: one.netid as string,
    state: one.state,
    recv: one.recv,
    send: one.send,
    local: `${one.local}:`,
    localPort: one.localPort,
    peer: `${one.peer}:`,
    peerPort: one.peerPort,
    more: more(p, one, on),
  }));
  const header = {
    netid: "Netid",
    state: "State",
    recv: "Recv-Q",
    send: "Send-Q",
    local: "Local Address:",
    localPort: "Port",
    peer: "Peer Address:",
    peerPort: "Port",
    more: "Process",
  };
  const table = on.has("H") ? cells : [header, ...cells];
  const width = (key: keyof typeof header) => Math.max(...table.map((one) => firstLine(one[key]).length), 0);
  const widths = Object.fromEntries(Object.keys(header).map((key) => [key, width(key as "more")]));
  let text = "";
  for (const one of table) {
    const pad = (key: keyof typeof header) => one[key].padEnd(widths[key]!);
    const [first, ...below] = one.more.split("\n");
    const line = [
      ...(showsKind ? [pad("netid")] : []),
      ...(only ? [] : [pad("state")]),
      pad("recv"),
      pad("send"),
      `${one.local.padStart(widths["local"]!)}${pad("localPort")}`,
      `${one.peer.padStart(widths["peer"]!)}${pad("peerPort")}`,
    ].join(" ");
    text += `${line}${first!.padEnd(widths["more"]!)}\n${below.map((each) => `${each}\n`).join("")}`;
  }
  yield* sys.print(p, text);
  return 0;
}

const firstLine = (text: string): string => text.split("\n")[0]!;

/** Datagrams are only ever shown with a partner, where nothing else is asked for. */
const isSingle = (kinds: ReadonlySet<string> | undefined, on: ReadonlySet<string>): boolean =>
  kinds !== undefined && !on.has("l") && [...kinds].every((kind) => kind === "udp" || kind === "raw");

/** What stands behind a socket's addresses, and below it. */
function more(p: Process, one: SocketRow, on: ReadonlySet<string>): string {
  let text = one.process === "" ? "" : ` ${one.process}`;
  if (on.has("o") && one.left !== undefined) text += ` timer:(timewait,${Math.floor(one.left / 1_000_000)}sec,0)`;
  if (on.has("e") && one.state !== "TIME-WAIT") {
    const owner = one.pid === undefined ? undefined : p.machine.processes.get(one.pid);
    const user = owner === undefined || owner.cred.uid === 0 ? "" : ` uid:${owner.cred.uid}`;
    const group = owner === undefined ? "" : ` cgroup:${owner.ns.cgroup ?? "/"}`;
    text += `${user} ino:${one.inode} sk:${(one.inode ?? 0).toString(16)}${group} <->`;
  }
  const below = [
    ...(on.has("m") ? [memory(one)] : []),
    ...(on.has("i") && one.netid === "tcp" && one.state !== "TIME-WAIT" ? [information(p, one)] : []),
  ].join("");
  if (below === "") return text;
  return on.has("O") ? `${text}${below}` : `${text}\n\t${below}`;
}

/** Buffers as the kernel begins with them. */
const memory = ({ netid, state }: SocketRow): string =>
  netid === "udp"
    ? " skmem:(r0,rb212992,t0,tb212992,f0,w0,o0,bl0,d0)"
    : ` skmem:(r0,rb131072,t0,tb${state === "LISTEN" ? 16_384 : 87_040},f0,w0,o0,bl0,d0)`;

/** What TCP knows of a connection: its sizes follow from the device. */
function information(p: Process, { state, local }: SocketRow): string {
  if (state !== "ESTAB") return " cubic cwnd:10";
  const { net } = p.ns;
  const device = [...net.interfaces.values()].find(({ addresses }) =>
    addresses.some((cidr) => cidr.startsWith(`${local}/`)),
  );
  const mtu = device?.mtu ?? 1500;
  return ` ts sack cubic wscale:7,7 rto:204 rtt:0.4/0.2 mss:${mtu - 52} pmtu:${mtu} rcvmss:536 advmss:${mtu - 52} cwnd:10`;
}

/** ss -s: how many sockets there are of each kind. */
function summary(p: Process): string {
  const all = p.ns.net.listening();
  const count = (protocol: string) => all.filter((one) => one.protocol === protocol).length;
  const open = connections(p, true, false);
  const established = open.filter(({ state }) => state === "ESTAB").length;
  const closed = open.filter(({ state }) => state === "TIME-WAIT").length;
  const [tcp, udp] = [count("tcp") + open.length - closed, count("udp")];
  const line = (name: string, total: number) =>
    `${name}\t  ${String(total).padEnd(9)} ${String(total).padEnd(9)} ${"0".padEnd(9)}\n`;
  return (
    `Total: ${tcp + udp}\nTCP:   ${tcp + closed} (estab ${established}, closed ${closed}, orphaned 0, timewait ${closed})\n\nTransport Total     IP        IPv6\n` +
    `${line("RAW", 0)}${line("UDP", udp)}${line("TCP", tcp)}${line("INET", tcp + udp)}${line("FRAG", 0)}\n`
  );
}
