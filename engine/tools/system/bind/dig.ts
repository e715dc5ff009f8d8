import { type Gen, SECOND } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { localZone } from "../../../machine/zone.ts";
import {
  classOf,
  DNS_TYPES,
  type DnsClass,
  type DnsRecord,
  type DnsType,
  isIpv6,
  reverseName,
} from "../../../network/dns.ts";
import { candidates, resolveHost, resolverConfig } from "../../../network/resolver.ts";
import { strftime } from "../../../text/time.ts";
import { dataOf, flagsOf, headerLines, PLAIN, questionLine, recordLine, type Style } from "./print.ts";
import { errorLines, exchange, type Reply } from "./send.ts";

const VERSION = "DiG 9.18.33-1~deb12u2-Debian";
const USAGE =
  "Usage:  dig [@global-server] [domain] [q-type] [q-class] {q-opt}\n" +
  "            {global-d-opt} host [@local-server] {local-d-opt}\n" +
  "            [ host [@local-server] {local-d-opt} [...]]\n\n" +
  'Use "dig -h" (or "dig -h | more") for complete list of options\n';
/** Size of datagrams that dig says it takes. */
const EDNS_SIZE = 1_232;

/** Switches of the display. `+all` is all of them. */
const DISPLAY = ["cmd", "comments", "question", "answer", "authority", "additional", "stats"] as const;
/** Options that change nothing which can be seen here. */
const OTHERS = new Set(
  "aaflag aaonly trace nssearch dnssec do adflag cdflag ignore fail besteffort keepopen onesoa ednsflags nsid showsearch split subnet rrcomments header-only expire zflag tcflag raflag coflag crypto dns64prefix ednsopt ednsnegotiation mapped badcookie padding opcode https proxy tls qid idnin idnout dscp yaml".split(
    " ",
  ),
);
type Display = (typeof DISPLAY)[number];

interface Ask {
  name: string;
  type: DnsType;
  class: DnsClass;
  /** Those behind a name are for it alone, but for those of `Shared`. */
  options: Options;
}

/** What dig keeps once for all names: which of these was told last counts. */
interface Shared {
  short: boolean;
}

interface Options {
  shown: Record<Display, boolean>;
  style: Style;
  shared: Shared;
  identify: boolean;
  search: boolean;
  domain: string | undefined;
  ndots: number | undefined;
  tcp: boolean;
  recurse: boolean;
  edns: number | undefined;
  cookie: boolean;
  /** Shows the question, too. */
  query: boolean;
  trace: boolean;
  /** µs. */
  time: number;
  tries: number;
  port: number;
}

const defaults = (): Options => ({
  shown: { cmd: true, comments: true, question: true, answer: true, authority: true, additional: true, stats: true },
  style: { ...PLAIN },
  shared: { short: false },
  identify: false,
  search: false,
  domain: undefined,
  ndots: undefined,
  tcp: false,
  recurse: true,
  edns: EDNS_SIZE,
  cookie: true,
  query: false,
  trace: false,
  time: 5 * SECOND,
  tries: 3,
  port: 53,
});

/** What the words of a command line ask for. */
interface Request {
  asks: Ask[];
  /** Whether the command line is shown first; unlike the others a matter of them all. */
  heading: boolean;
  server: string | undefined;
  six: boolean;
  /** Lines of complaint that do not end it. */
  warnings: string;
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
  const request = read(p, words);
  if (typeof request === "string") {
    yield* sys.printError(p, request);
    return 1;
  }
  const { asks, server, six, warnings } = request;
  if (warnings !== "") yield* sys.print(p, warnings);
  let address = six ? "::1" : resolverConfig(p).nameservers[0]!;
  if (server !== undefined && isIpv6(server)) address = server;
  else if (server !== undefined) {
    const found = yield* resolveHost(p, server);
    if (!found.ok) {
      yield* sys.printError(p, `dig: couldn't get address for '${server}': not found\n`);
      return 1;
    }
    address = found.addresses[0]!;
  }
  let status = 0;
  for (const [i, ask] of asks.entries()) {
    const heading = i === 0 && request.heading ? banner(words, server !== undefined) : "";
    status = Math.max(status, yield* one(p, ask, address, heading));
  }
  return status;
};

function read(p: Process, words: readonly string[]): Request | string {
  const common = defaults();
  const out: Request = { asks: [], heading: true, server: undefined, six: false, warnings: "" };
  const { asks } = out;
  let type: DnsType | undefined;
  let typed = false;
  const setType = (given: string) => {
    const last = asks.at(-1);
    if (last === undefined) type = given as DnsType;
    else {
      if (typed) out.warnings += ";; Warning, extra type option\n";
      typed = true;
      last.type = given as DnsType;
    }
  };
  // Once an option has said which type or class, words are names (dig.c open_type_class).
  let open = true;
  let ofClass: DnsClass = "IN";
  let classed = false;
  const setClass = (given: DnsClass) => {
    const last = asks.at(-1);
    if (last === undefined) ofClass = given;
    else {
      if (classed) out.warnings += ";; Warning, extra class option\n";
      classed = true;
      last.class = given;
    }
  };
  const add = (name: string, own: DnsType) => {
    const options = { ...common, shown: { ...common.shown }, style: { ...common.style } };
    asks.push({ name, type: own, class: ofClass, options });
    typed = false;
    classed = false;
  };
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const upper = word.toUpperCase();
    // An option's argument may be written against it.
    const glued = /^-[bcfkpqtxy]./.test(word);
    const value = () => (glued ? word.slice(2) : (words[++i] ?? ""));
    const flag = glued ? word.slice(0, 2) : word;
    if (word.startsWith("@")) out.server = word.slice(1);
    else if (word.startsWith("+")) {
      if (!change(asks.at(-1)?.options ?? common, word.slice(1))) return `Invalid option: ${word}\n${USAGE}`;
      if (word === "+short") out.heading = false;
      else if (/^\+(no)?(all|cmd)$/.test(word)) out.heading = !word.startsWith("+no");
    } else if (flag === "-x") add(reverseName(value()), "PTR");
    else if (flag === "-t") {
      const given = value().toUpperCase();
      open = false;
      if (given in DNS_TYPES) setType(given);
      else out.warnings += `;; Warning, ignoring invalid type ${words[i]}\n`;
    } else if (flag === "-q") add(value(), type ?? "A");
    else if (flag === "-p") (asks.at(-1)?.options ?? common).port = Number(value());
    else if (flag === "-f") {
      const path = value();
      if (sys.find(p, path) === undefined) return `dig: couldn't open specified batch file: file not found\n`;
      for (const line of sys.readText(p, path).split("\n")) {
        const [name, own = ""] = line.trim().split(/\s+/);
        const wanted = own.toUpperCase() in DNS_TYPES ? (own.toUpperCase() as DnsType) : (type ?? "A");
        // The file is read when all of the command line has been.
        if (name) asks.push({ name, type: wanted, class: ofClass, options: common });
      }
    } else if (flag === "-c") {
      const given = value();
      const found = classOf(given);
      open = false;
      if (found === undefined) out.warnings += `;; Warning, ignoring invalid class ${given}\n`;
      else setClass(found);
    } else if (flag === "-b" || flag === "-y" || flag === "-k") value();
    else if (word === "-6") out.six = true;
    else if (word === "-4" || word === "-u" || word === "-r" || word === "-m") continue;
    else if (word === "-i") return "dig: -i removed\n";
    else if (word.startsWith("-")) return `Invalid option: ${word}\n${USAGE}`;
    else if (open && upper in DNS_TYPES) setType(upper);
    else if (open && classOf(word) !== undefined) setClass(classOf(word)!);
    else add(word, type ?? "A");
  }
  if (asks.length === 0) add(".", type ?? "NS");
  return out;
}

/** Applies `noall`, `time=2`, …; false for a word that is no option. */
function change(options: Options, text: string): boolean {
  const [word = "", value] = text.split("=") as [string, string?];
  const on = !word.startsWith("no");
  const name = on ? word : word.slice(2);
  if (name === "all") for (const each of DISPLAY) options.shown[each] = on;
  else if ((DISPLAY as readonly string[]).includes(name)) options.shown[name as Display] = on;
  else if (name === "short") {
    options.shared.short = on;
    if (on) {
      for (const each of DISPLAY) options.shown[each] = false;
      options.shown.answer = true;
    }
  } else if (name === "identify") options.identify = on;
  else if (name === "search" || name === "defname") options.search = on;
  else if (name === "domain") {
    options.domain = on ? value : undefined;
    options.search = on;
  } else if (name === "ndots") options.ndots = Number(value ?? 1);
  else if (name === "tcp" || name === "vc") options.tcp = on;
  else if (name === "recurse" || name === "rdflag" || name === "rec") options.recurse = on;
  else if (name === "edns") options.edns = on ? EDNS_SIZE : undefined;
  else if (name === "bufsize") options.edns = on ? Number(value ?? EDNS_SIZE) : undefined;
  else if (name === "cookie") options.cookie = on;
  else if (name === "ttlid" || name === "ttl") options.style.ttl = on;
  else if (name === "ttlunits") {
    options.style.ttlUnits = on;
    options.style.ttl = true;
  } else if (name === "class" || name === "cl") options.style.class = on;
  else if (name === "multiline" || name === "multi") options.style.multiline = on;
  else if (name === "qr") options.query = on;
  else if (name === "trace") {
    options.trace = on;
    if (on) options.recurse = false;
  } else if (name === "time" || name === "timeout") options.time = Math.max(1, Number(value ?? 5)) * SECOND;
  else if (name === "tries") options.tries = Math.max(1, Number(value ?? 3));
  else if (name === "retry") options.tries = Number(value ?? 2) + 1;
  else return OTHERS.has(name);
  return true;
}

function banner(words: readonly string[], found: boolean): string {
  const told = words.map((word) => ` ${word}`).join("");
  return `\n; <<>> ${VERSION} <<>>${told}\n${found ? "; (1 server found)\n" : ""};; global options: +cmd\n`;
}

function* one(p: Process, ask: Ask, server: string, heading: string): Gen<number> {
  const { name, type, class: ofClass, options } = ask;
  const config = resolverConfig(p);
  const search = options.domain === undefined ? config.search : [options.domain];
  const ndots = options.ndots ?? config.ndots;
  const names = options.search ? candidates(name, { ...config, search, ndots }) : [name.replace(/\.$/, "")];
  const { port, time, tries, recurse, edns, cookie } = options;
  const transfer = type === "AXFR";
  // Everything about a name is more than a datagram holds.
  const sending = { server, port, time, tries, recurse, edns, cookie, tcp: options.tcp || type === "ANY" || transfer };
  const asked = options.trace ? { names: ["."], type: "NS" as const } : { names, type };
  let reply: Reply | undefined;
  for (const each of asked.names) {
    const found = yield* exchange(p, each, asked.type, { ...sending, class: ofClass });
    yield* sys.print(p, errorLines(found.errors, sending));
    reply = found.reply;
    if (reply === undefined || reply.message.rcode !== "NXDOMAIN") break;
  }
  if (reply === undefined) {
    yield* sys.print(p, `${heading};; no servers could be reached\n`);
    return 9;
  }
  const where = `${server}#${port}(${server})`;
  const { message, size, took } = reply;
  const ms = Math.floor(took / 1000);
  if (options.trace) {
    // The way down begins with the servers of the root, which a cluster's DNS does not know.
    const records = message.answers.map((record) => recordLine(record, options.style)).join("");
    yield* sys.print(p, `${heading}${records};; Received ${size} bytes from ${where} in ${ms} ms\n\n`);
    return 0;
  }
  if (transfer && message.answers.length === 0) {
    const records = message.authorities.map((record) => recordLine(record, options.style)).join("");
    yield* sys.print(p, `${heading}${records}; Transfer failed.\n`);
    return 0;
  }
  if (options.shared.short) {
    const told = options.identify ? ` from server ${server} in ${ms} ms.` : "";
    const lines = message.answers.map((record) => `${dataOf(record)}${told}\n`);
    yield* sys.print(p, lines.join(""));
    return 0;
  }
  let text = heading + (options.query ? sent(reply, options) : "") + received(reply, options);
  if (options.shown.stats) {
    const { wallMs } = p.machine.kernel;
    const when = strftime("%a %b %d %H:%M:%S %Z %Y", localZone(p).calendar(Math.floor(wallMs / 1000)));
    text += `;; Query time: ${ms} msec\n;; SERVER: ${where} (${sending.tcp ? "TCP" : "UDP"})\n`;
    text += `;; WHEN: ${when}\n;; MSG SIZE  rcvd: ${size}\n\n`;
  } else if (options.identify) text += `;; Received ${size} bytes from ${where} in ${ms} ms\n\n`;
  yield* sys.print(p, text);
  return 0;
}

/** The question as it was sent. */
function sent({ asked, askedSize }: Reply, { shown, style }: Options): string {
  let text = "";
  if (shown.comments) {
    text += `;; Sending:\n${headerLines(asked, `${flagsOf(asked)}${asked.recursionDesired ? " " : ""}ad`)}\n`;
    if (asked.edns !== undefined) {
      text += `;; OPT PSEUDOSECTION:\n; EDNS: version: 0, flags:; udp: ${asked.edns}\n`;
      if (asked.cookie) text += `; COOKIE: ${asked.cookie}\n`;
    }
    text += ";; QUESTION SECTION:\n";
  }
  const [question] = asked.questions;
  text += questionLine(question!, style);
  return shown.stats ? `${text}\n;; QUERY SIZE: ${askedSize}\n\n` : `${text}\n`;
}

function received({ message }: Reply, options: Options): string {
  const { shown: on, style } = options;
  const { additionals = [] } = message;
  let text = "";
  if (on.comments) {
    text += `;; Got answer:\n${headerLines(message)}`;
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
    const line = questionLine(question, style);
    text += on.comments ? `;; QUESTION SECTION:\n${line}\n` : line;
  }
  const section = (show: boolean, title: string, records: readonly DnsRecord[]) => {
    if (!show || records.length === 0) return;
    const lines = records.map((record) => recordLine(record, style)).join("");
    text += on.comments ? `;; ${title} SECTION:\n${lines}\n` : lines;
  };
  section(on.answer, "ANSWER", message.answers);
  section(on.authority, "AUTHORITY", message.authorities);
  section(on.additional, "ADDITIONAL", additionals);
  return text;
}
