/** Name resolution as glibc does it: /etc/hosts, then the nameservers of /etc/resolv.conf over UDP. */
import { type Gen, SECOND } from "../kernel/index.ts";
import type { Process } from "../machine/process.ts";
import { type DnsMessage, type DnsRecord, type DnsType, decodeDns, encodeDns, query, reverseName } from "./dns.ts";
import { isNetError } from "./error.ts";
import { hostsByAddress, lookupHosts, textOf } from "./hosts.ts";

export interface ResolverConfig {
  nameservers: string[];
  search: string[];
  ndots: number;
  /** µs a server is given. */
  timeout: number;
  attempts: number;
}

/** /etc/resolv.conf of this process (resolv.conf(5)). */
export function resolverConfig(p: Process): ResolverConfig {
  const config: ResolverConfig = { nameservers: [], search: [], ndots: 1, timeout: 5 * SECOND, attempts: 2 };
  for (const line of textOf(p, "/etc/resolv.conf").split("\n")) {
    const [key, ...words] = line
      .replace(/[#;].*/, "")
      .trim()
      .split(/\s+/);
    if (key === "nameserver" && words[0] && config.nameservers.length < 3) config.nameservers.push(words[0]);
    else if (key === "search" || key === "domain") config.search = words;
    else if (key === "options") {
      for (const word of words) {
        const [name, value] = word.split(":");
        if (name === "ndots") config.ndots = Number(value);
        else if (name === "timeout") config.timeout = Number(value) * SECOND;
        else if (name === "attempts") config.attempts = Number(value);
      }
    }
  }
  if (config.nameservers.length === 0) config.nameservers.push("127.0.0.1");
  return config;
}

/** Asks one nameserver; undefined when it does not answer. */
export function* ask(
  p: Process,
  server: string,
  name: string,
  type: DnsType,
  timeout = 5 * SECOND,
  edns?: { edns: number; cookie: string },
): Gen<DnsMessage | undefined> {
  const { network, kernel } = p.machine;
  const id = kernel.random("dns").int(1, 65_535);
  try {
    const bytes = yield* network.exchange(
      p.ns.net,
      server,
      53,
      encodeDns({ ...query(id, name, type), ...edns }),
      timeout,
    );
    return decodeDns(bytes);
  } catch (error) {
    if (isNetError(error)) return undefined;
    throw error;
  }
}

/** Names to try for what was asked, in order: search domains first when it has fewer than `ndots` dots. */
export function candidates(name: string, config: ResolverConfig): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const dots = name.split(".").length - 1;
  const searched = config.search.map((domain) => `${name}.${domain.replace(/\.$/, "")}`);
  return dots >= config.ndots ? [name, ...searched] : [...searched, name];
}

export type Lookup =
  | { ok: true; name: string; records: readonly DnsRecord[] }
  /** `again`: no server answered (EAI_AGAIN); `none`: there is no such name. */
  | { ok: false; why: "again" | "none" };

/** Looks a name up with the search list; follows CNAMEs the server sends along. */
export function* lookupDns(p: Process, name: string, type: DnsType = "A"): Gen<Lookup> {
  const config = resolverConfig(p);
  let answered = false;
  for (const candidate of candidates(name, config)) {
    const message = yield* askAny(p, config, candidate, type);
    if (message === undefined) break;
    answered = answered || message.rcode === "NOERROR" || message.rcode === "NXDOMAIN";
    const records = message.answers.filter((record) => record.type === type);
    if (records.length > 0) return { ok: true, name: candidate, records };
  }
  return { ok: false, why: answered ? "none" : "again" };
}

function* askAny(p: Process, config: ResolverConfig, name: string, type: DnsType): Gen<DnsMessage | undefined> {
  for (let attempt = 0; attempt < config.attempts; attempt++) {
    for (const server of config.nameservers) {
      const message = yield* ask(p, server, name, type, config.timeout);
      if (message !== undefined) return message;
    }
  }
  return undefined;
}

export function isIpv4(text: string): boolean {
  return (
    /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.test(text) && text.split(".").every((part) => Number(part) < 256)
  );
}

export type Resolved =
  | { ok: true; addresses: readonly string[]; canonical: string }
  | { ok: false; why: "again" | "none" };

/** getaddrinfo(3) for IPv4: an address, a name of /etc/hosts, or DNS. */
export function* resolveHost(p: Process, host: string): Gen<Resolved> {
  if (isIpv4(host)) return { ok: true, addresses: [host], canonical: host };
  const entry = lookupHosts(p, host);
  if (entry !== undefined) return { ok: true, addresses: entry.addresses, canonical: entry.canonical };
  if (host === "localhost") return { ok: true, addresses: ["127.0.0.1"], canonical: host };
  if (textOf(p, "/etc/resolv.conf").indexOf("nameserver") < 0) return { ok: false, why: "again" };
  const found = yield* lookupDns(p, host);
  if (!found.ok) return found;
  return { ok: true, addresses: found.records.map(({ data }) => data), canonical: found.name };
}

/** getnameinfo(3) for IPv4: the name that an address leads back to in /etc/hosts or DNS; undefined where there is none. */
export function* nameOf(p: Process, address: string): Gen<string | undefined> {
  const entry = hostsByAddress(p, address);
  if (entry !== undefined) return entry.canonical;
  const config = resolverConfig(p);
  if (textOf(p, "/etc/resolv.conf").indexOf("nameserver") < 0) return undefined;
  const message = yield* askAny(p, config, reverseName(address), "PTR");
  return message?.answers.find(({ type }) => type === "PTR")?.data;
}

/** gai_strerror(3) of a failed lookup. */
export function lookupError(why: "again" | "none"): string {
  return why === "again" ? "Temporary failure in name resolution" : "Name or service not known";
}
