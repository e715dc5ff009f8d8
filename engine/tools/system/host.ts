import { type Gen, SECOND } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { DNS_TYPES, type DnsMessage, type DnsType, RCODES, reverseName } from "../../network/dns.ts";
import { ask, candidates, isIpv4, resolveHost, resolverConfig } from "../../network/resolver.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { dataOf } from "./dig.ts";

const USAGE = `Usage: host [-aCdilrTvVw] [-c class] [-N ndots] [-t type] [-W time]
            [-R number] [-m flag] [-p port] hostname [server]
`;

/** host(1) of BIND: sentences about a name. */
export const host: Program = function* (p) {
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "aACc:dilN:m:p:rR:st:TUvVwW:46", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `host: ${error.message}\n${USAGE}`);
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
  const wanted = o.value("t")?.toUpperCase();
  if (wanted !== undefined && !(wanted in DNS_TYPES)) {
    yield* sys.printError(p, `host: invalid type: ${o.value("t")}\n`);
    return 2;
  }
  const config = resolverConfig(p);
  let server = config.nameservers[0]!;
  if (given !== undefined) {
    const found = yield* resolveHost(p, given);
    if (!found.ok) {
      yield* sys.printError(p, `host: couldn't get address for '${given}': not found\n`);
      return 1;
    }
    server = found.addresses[0]!;
    yield* sys.print(p, `Using domain server:\nName: ${given}\nAddress: ${server}#53\nAliases: \n\n`);
  }
  const timeout = o.value("W") === undefined ? config.timeout : Number(o.value("W")) * SECOND;
  const types: DnsType[] = isIpv4(name) ? ["PTR"] : wanted === undefined ? ["A", "AAAA", "MX"] : [wanted as DnsType];
  const names = isIpv4(name) ? [reverseName(name)] : candidates(name, config);
  return yield* tell(p, server, names, types, timeout, wanted !== undefined);
};

function* tell(
  p: Process,
  server: string,
  names: readonly string[],
  types: readonly DnsType[],
  timeout: number,
  explicit: boolean,
): Gen<number> {
  let reply: DnsMessage | undefined;
  let name = names[0]!;
  for (const each of names) {
    name = each;
    reply = (yield* ask(p, server, each, types[0]!, timeout)) ?? (yield* ask(p, server, each, types[0]!, timeout));
    if (reply === undefined) {
      const line = `;; communications error to ${server}#53: timed out\n`;
      yield* sys.print(p, `${line}${line};; no servers could be reached\n`);
      return 1;
    }
    if (reply.rcode !== "NXDOMAIN") break;
  }
  if (reply!.rcode !== "NOERROR") {
    const asked = reply!.rcode === "NXDOMAIN" && names.length > 1 ? names.at(-1)! : name;
    const shown = names.length > 1 ? (names.find((one) => !one.includes(".")) ?? asked) : asked;
    yield* sys.print(p, `Host ${shown} not found: ${RCODES.indexOf(reply!.rcode)}(${reply!.rcode})\n`);
    return 1;
  }
  let said = yield* sentences(p, reply!);
  const target = reply!.answers.find(({ type }) => type === "CNAME")?.data;
  for (const type of types.slice(1)) {
    const more = yield* ask(p, server, target ?? name, type, timeout);
    if (more?.rcode === "NOERROR") said = (yield* sentences(p, more, true)) || said;
  }
  if (!said && explicit) yield* sys.print(p, `${name} has no ${types[0]} record\n`);
  return 0;
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

function* sentences(p: Process, { answers }: DnsMessage, withoutAliases = false): Gen<boolean> {
  let text = "";
  for (const record of answers) {
    if (withoutAliases && record.type === "CNAME") continue;
    text += `${record.name} ${WORDS[record.type] ?? `has ${record.type} record`} ${dataOf(record)}\n`;
  }
  if (text !== "") yield* sys.print(p, text);
  return text !== "";
}
