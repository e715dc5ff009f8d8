import { type Gen, SECOND } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import {
  classOf,
  DNS_TYPES,
  type DnsMessage,
  type DnsRecord,
  type DnsType,
  isIpv6,
  RCODES,
  reverseName,
} from "../../../network/dns.ts";
import { candidates, isIpv4, resolveHost, resolverConfig } from "../../../network/resolver.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../../options.ts";
import { dataOf, headerLines, questionLine, recordLine } from "./print.ts";
import { errorLines, exchange, type Reply, type Sending } from "./send.ts";

const USAGE = `Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
       -a is equivalent to -v -t ANY
       -A is like -a but omits RRSIG, NSEC, NSEC3
       -c specifies query class for non-IN data
       -C compares SOA records on authoritative nameservers
       -d is equivalent to -v
       -l lists all hosts in a domain, using AXFR
       -m set memory debugging flag (trace|record|usage)
       -N changes the number of dots allowed before root lookup is done
       -p specifies the port on the server to query
       -r disables recursive processing
       -R specifies number of retries for UDP packets
       -s a SERVFAIL response should stop query
       -t specifies the query type
       -T enables TCP/IP mode
       -U enables UDP mode
       -v enables verbose output
       -V print version number and exit
       -w specifies to wait forever for a reply
       -W specifies how long to wait for a reply
       -4 use IPv4 query transport only
       -6 use IPv6 query transport only
`;

/** host(1) of BIND: sentences about a name. */
export const host: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "aACc:dilN:m:p:rR:st:TUvVwW:46", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `host: ${error.message.replace("invalid option", "illegal option").replace(/'(.)'$/, "$1")}\n${USAGE}`,
    );
    return 1;
  }
  if (o.has("V")) {
    yield* sys.printError(p, "host 9.18.33-1~deb12u2-Debian\n");
    return 0;
  }
  const [name, given] = o.operands;
  if (name === undefined) {
    yield* sys.printError(p, USAGE);
    return 1;
  }
  const all = o.has("a") || o.has("A");
  const wanted = o.value("t")?.toUpperCase() ?? (all ? "ANY" : undefined);
  if (wanted !== undefined && !(wanted in DNS_TYPES)) {
    yield* sys.printError(p, `host: invalid type: ${o.value("t")}\n\n`);
    return 2;
  }
  const ofClass = classOf(o.value("c") ?? "IN");
  if (ofClass === undefined) {
    yield* sys.printError(p, `host: invalid class: ${o.value("c")}\n\n`);
    return 2;
  }
  const config = resolverConfig(p);
  let server = o.has("6") ? "::1" : config.nameservers[0]!;
  const port = Number(o.value("p") ?? 53);
  if (given !== undefined) {
    const found = yield* resolveHost(p, given);
    if (!found.ok) {
      yield* sys.printError(p, `host: couldn't get address for '${given}': not found\n`);
      return 1;
    }
    server = found.addresses[0]!;
  }
  const address = isIpv4(name) || isIpv6(name);
  const types: DnsType[] = address ? ["PTR"] : wanted === undefined ? ["A", "AAAA", "MX"] : [wanted as DnsType];
  const ndots = Number(o.value("N") ?? config.ndots);
  return yield* tell(p, {
    names: address ? [reverseName(name)] : candidates(name, { ...config, ndots }),
    reverse: address,
    types,
    explicit: wanted !== undefined,
    heading:
      given === undefined ? "" : `Using domain server:\nName: ${given}\nAddress: ${server}#${port}\nAliases: \n\n`,
    verbose: o.has("v") || o.has("d") || all,
    sending: {
      server,
      port,
      tcp: o.has("T") || wanted === "ANY",
      time: o.value("W") === undefined ? config.timeout : Number(o.value("W")) * SECOND,
      tries: Number(o.value("R") ?? 1) + 1,
      recurse: !o.has("r"),
      class: ofClass,
    },
  });
};

interface Telling {
  names: readonly string[];
  reverse: boolean;
  types: readonly DnsType[];
  explicit: boolean;
  verbose: boolean;
  /** Comes before the first reply. */
  heading: string;
  sending: Sending;
}

function* tell(p: Process, { names, reverse, types, explicit, verbose, heading, sending }: Telling): Gen<number> {
  let reply: Reply | undefined;
  let name = names[0]!;
  for (const each of names) {
    name = each;
    reply = yield* ask(p, each, types[0]!, sending, verbose);
    if (reply === undefined) return 1;
    if (each === names[0]) yield* sys.print(p, heading);
    if (reply.message.rcode !== "NXDOMAIN") break;
  }
  const { rcode, answers } = reply!.message;
  if (rcode !== "NOERROR") {
    const shown = reverse && rcode === "NXDOMAIN" && name.endsWith("in-addr.arpa") ? `${name}.` : name;
    const size = verbose && rcode === "NXDOMAIN" ? received(reply!, sending) : "";
    yield* sys.print(p, `Host ${shown} not found: ${RCODES.indexOf(rcode)}(${rcode})\n${size}`);
    return 1;
  }
  let said = yield* say(p, reply!, verbose, sending);
  const target = answers.find(({ type }) => type === "CNAME")?.data;
  for (const type of types.slice(1)) {
    const more = yield* ask(p, target ?? name, type, sending, verbose);
    if (more?.message.rcode === "NOERROR") said = (yield* say(p, more, verbose, sending)) || said;
  }
  if (!said && explicit && !verbose) yield* sys.print(p, `${name} has no ${types[0]} record\n`);
  return 0;
}

function* ask(p: Process, name: string, type: DnsType, sending: Sending, verbose: boolean): Gen<Reply | undefined> {
  if (verbose) yield* sys.print(p, `Trying "${name}"\n`);
  const { reply, errors } = yield* exchange(p, name, type, sending);
  yield* sys.print(p, errorLines(errors, sending));
  if (reply === undefined) yield* sys.print(p, ";; no servers could be reached\n");
  return reply;
}

function* say(p: Process, reply: Reply, verbose: boolean, sending: Sending): Gen<boolean> {
  const { message } = reply;
  if (verbose) {
    yield* sys.print(p, sections(message) + received(reply, sending));
    return true;
  }
  return yield* sentences(p, message);
}

const received = ({ size, took }: Reply, { server, port }: Sending): string =>
  `Received ${size} bytes from ${server}#${port} in ${Math.floor(took / 1000)} ms\n`;

function sections(message: DnsMessage): string {
  const { questions, answers, authorities, additionals = [] } = message;
  let text = `${headerLines(message)}\n`;
  const part = (title: string, lines: readonly string[]) => {
    if (lines.length > 0) text += `;; ${title} SECTION:\n${lines.join("")}\n`;
  };
  const records = (list: readonly DnsRecord[]) => list.map((record) => recordLine(record));
  part(
    "QUESTION",
    questions.map((question) => questionLine(question)),
  );
  part("ANSWER", records(answers));
  part("AUTHORITY", records(authorities));
  part("ADDITIONAL", records(additionals));
  return text;
}

const WORDS: Partial<Record<DnsType, string>> = {
  A: "has address",
  AAAA: "has IPv6 address",
  CNAME: "is an alias for",
  MX: "mail is handled by",
  PTR: "domain name pointer",
  NS: "name server",
  TXT: "descriptive text",
  SOA: "has SOA record",
  SRV: "has SRV record",
};

function* sentences(p: Process, { answers }: DnsMessage): Gen<boolean> {
  let text = "";
  for (const record of answers)
    text += `${record.name} ${WORDS[record.type] ?? `has ${record.type} record`} ${dataOf(record)}\n`;
  if (text !== "") yield* sys.print(p, text);
  return text !== "";
}
