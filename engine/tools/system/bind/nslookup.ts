import { type Gen, SECOND } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import {
  classOf,
  DNS_TYPES,
  type DnsClass,
  type DnsMessage,
  type DnsRecord,
  type DnsType,
  isIpv6,
  reverseName,
} from "../../../network/dns.ts";
import { candidates, isIpv4, resolveHost, resolverConfig } from "../../../network/resolver.ts";
import { LineReader } from "../../io.ts";
import { errorLines, exchange } from "./send.ts";

/** What `set` sets, and a command line's options. */
interface Settings {
  server: string;
  /** Somebody named the server: whether it would ask others is then of no interest. */
  named: boolean;
  port: number;
  /** Undefined: A, then AAAA. */
  type: DnsType | undefined;
  class: DnsClass;
  debug: boolean;
  d2: boolean;
  search: boolean;
  domain: string | undefined;
  ndots: number;
  recurse: boolean;
  tcp: boolean;
  /** Seconds; 0 for the resolver's own. */
  timeout: number;
  retry: number;
}

/**
 * nslookup(1) of BIND 9.18 (bin/dig/nslookup.c): names on the command line, or commands on its input.
 * @param quiet  as 9.9 was about servers that ask no others
 */
export function* bindNslookup(p: Process, quiet = false): Gen<number> {
  const config = resolverConfig(p);
  const settings: Settings = {
    server: config.nameservers[0]!,
    named: quiet,
    port: 53,
    type: undefined,
    class: "IN",
    debug: false,
    d2: false,
    search: true,
    domain: undefined,
    ndots: config.ndots,
    recurse: true,
    tcp: false,
    timeout: 0,
    retry: 3,
  };
  const names: string[] = [];
  for (const word of p.argv.slice(1)) {
    if (word === "-version") {
      yield* sys.print(p, "nslookup 9.18.33-1~deb12u2-Debian\n");
      return 0;
    }
    if (word.startsWith("-") && word !== "-") yield* sys.print(p, set(settings, word.slice(1)));
    else names.push(word);
  }
  const [name, server] = names;
  if (server !== undefined) {
    const found = yield* resolveHost(p, server);
    if (!found.ok) {
      yield* sys.printError(p, `nslookup: couldn't get address for '${server}': not found\n`);
      return 1;
    }
    settings.server = found.addresses[0]!;
    settings.named = true;
  }
  if (name === undefined || name === "-") return yield* converse(p, settings);
  const status = yield* look(p, name, settings);
  yield* sys.print(p, "\n");
  return status;
}

/** Commands from the input, until it ends or one says so. Fails when any lookup did. */
function* converse(p: Process, settings: Settings): Gen<number> {
  const terminal = p.fds.get(0)?.tty !== undefined;
  const input = new LineReader(p, 0);
  let failed = false;
  let looked = false;
  for (;;) {
    let line = input.take();
    if (line === undefined) {
      if (terminal) yield* sys.print(p, "> ");
      if (!(yield* input.fill())) break;
      line = input.take();
      if (line === undefined) break;
    }
    const [word = "", argument, ...more] = line.trim().split(/\s+/);
    if (word === "") continue;
    if (word === "exit") break;
    if (word === "set" && argument !== undefined) {
      for (const option of [argument, ...more]) {
        yield* sys.print(p, option === "all" ? showAll(p, settings) : set(settings, option));
      }
    } else if ((word === "server" || word === "lserver") && argument !== undefined) {
      const found = yield* resolveHost(p, argument);
      if (!found.ok) {
        yield* sys.printError(p, `nslookup: couldn't get address for '${argument}': not found\n`);
        return 1;
      }
      settings.server = found.addresses[0]!;
      settings.named = true;
      yield* sys.print(p, `Default server: ${argument}\nAddress: ${settings.server}#${settings.port}\n`);
    } else if (/^(help|\?|finger|root|ls|view)$/.test(word)) {
      yield* sys.print(p, `The '${word}' command is not yet implemented.\n`);
    } else {
      looked = true;
      const own = { ...settings };
      if (argument !== undefined) {
        const found = yield* resolveHost(p, argument);
        if (found.ok) Object.assign(own, { server: found.addresses[0]!, named: true });
      }
      failed = (yield* look(p, word, own)) !== 0 || failed;
    }
  }
  yield* sys.print(p, "\n");
  return failed || !looked ? 1 : 0;
}

const SWITCHES: Readonly<Record<string, (settings: Settings, on: boolean) => void>> = {
  debug: (s, on) => (s.debug = on),
  d2: (s, on) => (s.d2 = on),
  search: (s, on) => (s.search = on),
  defname: (s, on) => (s.search = on),
  recurse: (s, on) => (s.recurse = on),
  vc: (s, on) => (s.tcp = on),
  fail: () => {},
  aaonly: () => {},
};

/** Does what `type=mx`, `nosearch`, … ask for; gives what is said of it. */
function set(settings: Settings, option: string): string {
  const [key = "", value] = option.split(/=(.*)/s);
  const given = value?.toUpperCase() ?? "";
  if (value !== undefined) {
    if (/^(ty(p(e)?)?|q(u(e(r(y(t(y(p(e)?)?)?)?)?)?)?)?)$/.test(key)) {
      if (!(given in DNS_TYPES)) return `unknown query type: ${value}\n`;
      settings.type = given as DnsType;
    } else if (/^cl(a(s(s)?)?)?$/.test(key)) {
      const found = classOf(value);
      if (found === undefined) return `unknown query class: ${value}\n`;
      settings.class = found;
    } else if (/^do(m(a(i(n)?)?)?)?$/.test(key)) Object.assign(settings, { domain: value, search: true });
    else if (/^po(r(t)?)?$/.test(key)) settings.port = Number(value);
    else if (/^t(i(m(e(o(u(t)?)?)?)?)?)?$/.test(key)) settings.timeout = Number(value);
    else if (/^re(t(r(y)?)?)?$/.test(key)) settings.retry = Number(value);
    else if (/^nd(o(t(s)?)?)?$/.test(key)) settings.ndots = Number(value);
    else return `*** Invalid option: ${option}\n`;
    return "";
  }
  const on = !key.startsWith("no");
  const name = on ? key : key.slice(2);
  const found = Object.keys(SWITCHES).find((each) => name.length > 1 && each.startsWith(name));
  if (found === undefined) return `*** Invalid option: ${option}\n`;
  SWITCHES[found]!(settings, on);
  return "";
}

function showAll(p: Process, s: Settings): string {
  const no = (on: boolean, name: string) => (on ? name : `no${name}`);
  const search = s.domain === undefined ? resolverConfig(p).search : [s.domain];
  return (
    `Default server: ${s.server}\nAddress: ${s.server}#${s.port}\n\nSet options:\n` +
    `  ${no(s.tcp, "vc")}\t\t\t${no(s.debug, "debug")}\t\t${no(s.d2, "d2")}\n` +
    `  ${no(s.search, "search")}\t\t${no(s.recurse, "recurse")}\n` +
    `  timeout = ${s.timeout}\t\tretry = ${s.retry}\tport = ${s.port}\tndots = ${s.ndots}\n` +
    `  querytype = ${(s.type ?? "A").padEnd(8)}\tclass = ${s.class}\n` +
    `  srchlist = ${search.join("/")}\n`
  );
}

function* look(p: Process, name: string, settings: Settings): Gen<number> {
  const config = resolverConfig(p);
  const { server, port, named, debug, recurse } = settings;
  const address = (isIpv4(name) || isIpv6(name)) && settings.type === undefined;
  const search = settings.domain === undefined ? config.search : [settings.domain];
  const names = address
    ? [reverseName(name)]
    : settings.search
      ? candidates(name, { ...config, search, ndots: settings.ndots })
      : [name.replace(/\.$/, "")];
  const sending = {
    server,
    port,
    tcp: settings.tcp || settings.type === "ANY",
    time: settings.timeout > 0 ? settings.timeout * SECOND : config.timeout,
    tries: settings.retry === 0 ? 1 : settings.retry,
    recurse,
    class: settings.class,
  };
  const ask = function* (each: string, type: DnsType): Gen<DnsMessage | undefined> {
    const { reply, errors } = yield* exchange(p, each, type, sending);
    yield* sys.print(p, errorLines(errors, sending));
    if (reply === undefined) {
      yield* sys.print(p, ";; no servers could be reached\n");
      return undefined;
    }
    const { rcode, recursionAvailable } = reply.message;
    if (rcode === "SERVFAIL") yield* sys.print(p, `;; Got SERVFAIL reply from ${server}\n`);
    else if (!named && recurse && !recursionAvailable)
      yield* sys.print(p, `;; Got recursion not available from ${server}\n`);
    return reply.message;
  };
  const type = settings.type ?? (address ? "PTR" : "A");
  const both = settings.type === undefined && !address;
  const header = address ? "" : `Server:\t\t${server}\nAddress:\t${server}#${port}\n\n`;
  let failed = false;
  let message: DnsMessage | undefined;
  let asked = names[0]!;
  for (const each of names) {
    asked = each;
    message = yield* ask(each, type);
    if (message === undefined) return 1;
    const { rcode } = message;
    const last = rcode !== "NXDOMAIN" || each === names.at(-1);
    if (!last && !debug) continue;
    let text = header + (debug ? detail(message) : "");
    if (rcode !== "NOERROR") {
      text += `** server can't find ${each}: ${rcode}\n`;
      failed = true;
    }
    yield* sys.print(p, text);
    if (last) break;
  }
  if (message!.rcode !== "NOERROR") return 1;
  yield* sys.print(p, answers(message!, type, both, address, asked));
  if (!both) return failed ? 1 : 0;
  // The other family is asked for under the name that aliases lead to.
  const target = message!.answers.findLast((record) => record.type === "CNAME")?.data ?? asked;
  const more = yield* ask(target, "AAAA");
  if (more === undefined) return 1;
  let text = debug ? detail(more) : "";
  if (more.rcode !== "NOERROR") {
    yield* sys.print(p, `${text}** server can't find ${target}: ${more.rcode}\n`);
    return 1;
  }
  text += more.answers.map(line).join("");
  if (more.answers.length === 0 && message!.answers.length === 0) text += `*** Can't find ${target}: No answer\n`;
  yield* sys.print(p, text);
  return failed ? 1 : 0;
}

function answers(message: DnsMessage, type: DnsType, both: boolean, address: boolean, name: string): string {
  let text = "";
  if (!message.authoritative && !address) text += "Non-authoritative answer:\n";
  text += message.answers.map(line).join("");
  if (message.answers.length === 0 && !both) text += `*** Can't find ${name}: No answer\n`;
  if (!message.authoritative && type !== "A" && type !== "AAAA") {
    text += "\nAuthoritative answers can be found from:\n";
    text += [...message.authorities, ...(message.additionals ?? [])].map(more).join("");
  }
  return text;
}

function soa(data: string): string {
  const [primary, mail, ...numbers] = data.split(" ");
  const names = ["serial", "refresh", "retry", "expire", "minimum"];
  const lines = names.map((name, i) => `\t${name} = ${numbers[i]}\n`).join("");
  return `\torigin = ${primary}\n\tmail addr = ${mail}\n${lines}`;
}

/** A record as it stands behind its owner; every kind but addresses and SOA. */
function told({ type, data }: DnsRecord): string {
  switch (type) {
    case "CNAME":
      return `canonical name = ${data}.`;
    case "PTR":
      return `name = ${data}.`;
    case "SRV":
      return `service = ${data}.`;
    case "MX":
      return `mail exchanger = ${data}.`;
    case "NS":
      return `nameserver = ${data}.`;
    case "TXT":
      return `text = "${data}"`;
    default:
      return `rdata_${DNS_TYPES[type]} = ${data}`;
  }
}

function line(record: DnsRecord): string {
  const { name, type, data } = record;
  if (type === "A" || type === "AAAA") return `Name:\t${name}\nAddress: ${data}\n`;
  return type === "SOA" ? `${name}\n${soa(data)}` : `${name}\t${told(record)}\n`;
}

/** The same where the name is known: of sections beside the answer. */
function more(record: DnsRecord): string {
  const { name, type, data } = record;
  if (type === "A") return `${name}\tinternet address = ${data}\n`;
  if (type === "AAAA") return `${name}\thas AAAA address ${data}\n`;
  return line(record);
}

/** What `debug` shows of a message. */
function detail({ questions, answers: found, authorities, additionals = [] }: DnsMessage): string {
  const records = (title: string, list: readonly DnsRecord[]) => {
    const lines = list.map((record) => {
      const { name, type, data, ttl } = record;
      const text =
        type === "A"
          ? `\tinternet address = ${data}\n`
          : type === "AAAA"
            ? `\thas AAAA address ${data}\n`
            : type === "SOA"
              ? soa(data)
              : `\t${told(record)}\n`;
      return `    ->  ${name}\n${text}\tttl = ${ttl}\n`;
    });
    return `    ${title}:\n${lines.join("")}`;
  };
  const asked = questions
    .map(({ name, type, class: ofClass = "IN" }) => `\t${name}, type = ${type}, class = ${ofClass}\n`)
    .join("");
  return (
    `------------\n    QUESTIONS:\n${asked}${records("ANSWERS", found)}` +
    `${records("AUTHORITY RECORDS", authorities)}${records("ADDITIONAL RECORDS", additionals)}------------\n`
  );
}
