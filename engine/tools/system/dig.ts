import { concat, type Gen, SECOND } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import {
  DNS_TYPES,
  type DnsMessage,
  type DnsRecord,
  type DnsType,
  decodeDns,
  encodeDns,
  query,
  reverseName,
} from "../../network/dns.ts";
import { isNetError } from "../../network/index.ts";
import { candidates, isIpv4, resolveHost, resolverConfig } from "../../network/resolver.ts";
import { calendar, strftime } from "../../text/time.ts";

const VERSION = "DiG 9.18.33-1~deb12u2-Debian";
const USAGE =
  "Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n" +
  "            {global-d-opt} host [@local-server] {local-d-opt}\n" +
  "            [ host [@local-server] {local-d-opt} [...]]\n\n" +
  'Use "dig -h" (or "dig -h | more") for complete list of options\n';
/** Size of datagrams that dig says it takes. */
const EDNS_SIZE = 1_232;

/** Switches of the display, and those that change what is asked. `+all` is the first six. */
const DISPLAY = ["cmd", "comments", "question", "answer", "authority", "additional", "stats"] as const;
const OTHERS = new Set(
  "short search tcp vc recurse rdflag edns cookie ttlid ttl class cl multiline trace nssearch defname dnssec do adflag cdflag ignore identify qr fail besteffort keepopen onesoa ednsflags nsid showsearch split time tries retry bufsize ndots domain subnet timeout".split(
    " ",
  ),
);
type Display = (typeof DISPLAY)[number];

interface Ask {
  name: string;
  type: DnsType;
}

interface Options {
  shown: Record<Display, boolean>;
  short: boolean;
  search: boolean;
  tcp: boolean;
  recurse: boolean;
  edns: boolean;
  cookie: boolean;
  ttl: boolean;
  class: boolean;
  /** µs. */
  time: number;
  tries: number;
  port: number;
}

/** dig(1) of BIND 9.18: asks a server, and shows what came. */
export const dig: Program = function* (p) {
  const words = p.argv.slice(1);
  if (words.includes("-v")) {
    yield* sys.printError(p, `${VERSION}\n`);
    return 0;
  }
  if (words.includes("-h")) {
    yield* sys.print(p, USAGE);
    return 0;
  }
  const options: Options = {
    shown: { cmd: true, comments: true, question: true, answer: true, authority: true, additional: true, stats: true },
    short: false,
    search: false,
    tcp: false,
    recurse: true,
    edns: true,
    cookie: true,
    ttl: true,
    class: true,
    time: 5 * SECOND,
    tries: 3,
    port: 53,
  };
  const asks: Ask[] = [];
  let server: string | undefined;
  let type: DnsType | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const value = () => words[++i] ?? "";
    if (word.startsWith("@")) server = word.slice(1);
    else if (word.startsWith("+")) {
      if (!change(options, word.slice(1))) {
        yield* sys.printError(p, `Invalid option: ${word}\n${USAGE}`);
        return 1;
      }
    } else if (word === "-x") {
      const address = value();
      asks.push({ name: isIpv4(address) ? reverseName(address) : address, type: "PTR" });
    } else if (word === "-t" || word === "-q" || word === "-p" || word === "-c" || word === "-b") {
      const given = value();
      if (word === "-t") {
        if (!(given.toUpperCase() in DNS_TYPES)) yield* sys.print(p, `;; Warning, ignoring invalid type ${given}\n`);
        else type = given.toUpperCase() as DnsType;
        const last = asks.at(-1);
        if (last && type) last.type = type;
      } else if (word === "-q") asks.push({ name: given, type: type ?? "A" });
      else if (word === "-p") options.port = Number(given);
    } else if (word.startsWith("-")) {
      if (word === "-4" || word === "-6" || word === "-u" || word === "-r") continue;
      yield* sys.printError(p, `Invalid option: ${word}\n${USAGE}`);
      return 1;
    } else if (/^(in|ch|hs)$/i.test(word)) continue;
    else if (word.toUpperCase() in DNS_TYPES && asks.length > 0) {
      asks.at(-1)!.type = word.toUpperCase() as DnsType;
    } else if (word.toUpperCase() in DNS_TYPES) type = word.toUpperCase() as DnsType;
    else asks.push({ name: word, type: type ?? "A" });
  }
  if (asks.length === 0) asks.push({ name: ".", type: type ?? ("NS" as DnsType) });
  let address = resolverConfig(p).nameservers[0]!;
  if (server !== undefined) {
    const found = yield* resolveHost(p, server);
    if (!found.ok) {
      yield* sys.printError(p, `dig: couldn't get address for '${server}': not found\n`);
      return 1;
    }
    address = found.addresses[0]!;
  }
  let status = 0;
  for (const [i, ask] of asks.entries()) {
    const heading = i === 0 ? banner(words, server !== undefined, options) : "";
    status = Math.max(status, yield* one(p, ask, address, options, heading));
  }
  return status;
};

/** Applies `noall`, `time=2`, …; false for a word that is no option. */
function change(options: Options, text: string): boolean {
  const [word = "", value] = text.split("=") as [string, string?];
  const on = !word.startsWith("no");
  const name = on ? word : word.slice(2);
  if (name === "all") {
    for (const each of DISPLAY) if (each !== "cmd") options.shown[each] = on;
    options.shown.cmd = on;
  } else if ((DISPLAY as readonly string[]).includes(name)) options.shown[name as Display] = on;
  else if (name === "short") {
    options.short = on;
  } else if (name === "search" || name === "defname") options.search = on;
  else if (name === "tcp" || name === "vc") options.tcp = on;
  else if (name === "recurse" || name === "rdflag") options.recurse = on;
  else if (name === "edns") options.edns = on;
  else if (name === "cookie") options.cookie = on;
  else if (name === "ttlid" || name === "ttl") options.ttl = on;
  else if (name === "class" || name === "cl") options.class = on;
  else if (name === "time" || name === "timeout") options.time = Math.max(1, Number(value ?? 5)) * SECOND;
  else if (name === "tries") options.tries = Math.max(1, Number(value ?? 3));
  else if (name === "retry") options.tries = Number(value ?? 2) + 1;
  else return OTHERS.has(name);
  return true;
}

function banner(words: readonly string[], found: boolean, { shown, short }: Options): string {
  if (!shown.cmd || short) return "";
  return `\n; <<>> ${VERSION} <<>> ${words.join(" ")}\n${found ? "; (1 server found)\n" : ""};; global options: +cmd\n`;
}

function* one(p: Process, { name, type }: Ask, server: string, options: Options, heading: string): Gen<number> {
  const { kernel } = p.machine;
  const names = options.search ? candidates(name, resolverConfig(p)) : [name.replace(/\.$/, "")];
  let reply: { message: DnsMessage; size: number; us: number } | undefined;
  for (const each of names) {
    reply = undefined;
    for (let tried = 0; tried < options.tries && reply === undefined; tried++) {
      const start = kernel.now;
      const bytes = yield* send(p, server, each, type, options);
      if (typeof bytes === "string") {
        yield* sys.print(p, `;; communications error to ${server}#${options.port}: ${bytes}\n`);
        continue;
      }
      const message = decodeDns(bytes);
      if (message) reply = { message, size: bytes.length, us: kernel.now - start };
    }
    if (reply === undefined || reply.message.rcode !== "NXDOMAIN") break;
  }
  if (reply === undefined) {
    yield* sys.print(p, `${heading};; no servers could be reached\n`);
    return 9;
  }
  const { message } = reply;
  if (options.short) {
    yield* sys.print(p, message.answers.map((record) => `${dataOf(record)}\n`).join(""));
    return 0;
  }
  yield* sys.print(p, heading + shown(p, reply, server, options));
  return 0;
}

/** The answer's bytes, or why there are none. */
function* send(p: Process, server: string, name: string, type: DnsType, options: Options): Gen<Uint8Array | string> {
  const { kernel, network } = p.machine;
  const random = kernel.random("dns");
  const asked: DnsMessage = {
    ...query(random.int(1, 65_535), name === "." ? "" : name, type),
    recursionDesired: options.recurse,
    ...(options.edns ? { edns: EDNS_SIZE, ...(options.cookie ? { cookie: random.hex(16) } : {}) } : {}),
  };
  try {
    if (!options.tcp) return yield* network.exchange(p.ns.net, server, options.port, encodeDns(asked), options.time);
    const connection = yield* network.connect(p.ns.net, server, options.port, { timeout: options.time });
    if (connection.listener.accept === undefined) return "end of file";
    const socket = connection.stream();
    const bytes = encodeDns(asked);
    yield* socket.output.write(concat([Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]));
    let got: Uint8Array = new Uint8Array(0);
    while (got.length < 2 || got.length < 2 + ((got[0]! << 8) | got[1]!)) {
      const more = yield* socket.input.read(65_536);
      if (more === "interrupted") continue;
      if (more.length === 0) return "end of file";
      got = concat([got, more]);
    }
    socket.close();
    return got.subarray(2);
  } catch (error) {
    if (!isNetError(error)) throw error;
    return error.code === "ECONNREFUSED"
      ? "connection refused"
      : error.code === "ETIMEDOUT"
        ? "timed out"
        : "host unreachable";
  }
}

function shown(
  p: Process,
  { message, size, us }: { message: DnsMessage; size: number; us: number },
  server: string,
  options: Options,
): string {
  const { shown: on } = options;
  const { additionals = [] } = message;
  let text = "";
  if (on.comments) {
    const flags = [
      "qr",
      message.authoritative && "aa",
      message.recursionDesired && "rd",
      message.recursionAvailable && "ra",
    ]
      .filter(Boolean)
      .join(" ");
    text += `;; Got answer:\n;; ->>HEADER<<- opcode: QUERY, status: ${message.rcode}, id: ${message.id}\n`;
    text += `;; flags: ${flags}; QUERY: ${message.questions.length}, ANSWER: ${message.answers.length}, AUTHORITY: ${message.authorities.length}, ADDITIONAL: ${additionals.length + (message.edns === undefined ? 0 : 1)}\n`;
    if (message.recursionDesired && !message.recursionAvailable)
      text += ";; WARNING: recursion requested but not available\n";
    text += "\n";
    if (message.edns !== undefined) {
      text += `;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: ${message.edns}\n`;
      if (message.cookie) text += `; COOKIE: ${message.cookie} (echoed)\n`;
    }
  }
  const [question] = message.questions;
  if (on.question && question) {
    if (on.comments) text += ";; QUESTION SECTION:\n";
    text += `;${columns([`${question.name}.`, "", "IN", question.type])}\n${on.comments ? "\n" : ""}`;
  }
  const section = (show: boolean, title: string, records: readonly DnsRecord[]) => {
    if (!show || records.length === 0) return;
    const lines = records.map((record) => {
      const { name, ttl, type } = record;
      return `${columns([`${name}.`, options.ttl ? String(ttl) : "", options.class ? "IN" : "", type, dataOf(record)])}\n`;
    });
    text += `${on.comments ? `;; ${title} SECTION:\n` : ""}${lines.join("")}${on.comments ? "\n" : ""}`;
  };
  section(on.answer, "ANSWER", message.answers);
  section(on.authority, "AUTHORITY", message.authorities);
  section(on.additional, "ADDITIONAL", additionals);
  if (on.stats) {
    const { wallMs } = p.machine.kernel;
    const when = strftime("%a %b %d %H:%M:%S UTC %Y", calendar(Math.floor(wallMs / 1000)));
    text += `;; Query time: ${Math.floor(us / 1000)} msec\n;; SERVER: ${server}#${options.port}(${server}) (${options.tcp ? "TCP" : "UDP"})\n`;
    text += `;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${size}\n\n`;
  }
  return text;
}

/** Columns at which owner, TTL, class, type and data begin, filled with tabs where they reach (BIND's masterdump.c indent). */
const STOPS = [0, 24, 32, 40, 48];

function columns(cells: readonly string[]): string {
  let out = cells[0]!;
  let at = out.length;
  for (let i = 1; i < cells.length; i++) {
    const cell = cells[i]!;
    if (cell === "") continue;
    const to = Math.max(STOPS[i]!, at + 1);
    const tabs = Math.max(0, Math.floor(to / 8) - Math.floor(at / 8));
    const from = tabs > 0 ? Math.floor(to / 8) * 8 : at;
    out += "\t".repeat(tabs) + " ".repeat(to - from) + cell;
    at = to + cell.length;
  }
  return out;
}

const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

/** A record's data as zone files have it. */
export function dataOf({ type, data }: DnsRecord): string {
  switch (type) {
    case "A":
    case "AAAA":
    case "HINFO":
      return data;
    case "TXT":
      return `"${data}"`;
    case "SOA": {
      const [primary = "", mail = "", ...numbers] = data.split(" ");
      return [dotted(primary), dotted(mail), ...numbers].join(" ");
    }
    default:
      return dotted(data);
  }
}
