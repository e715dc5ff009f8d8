import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { groups, users } from "../../machine/users.ts";
import { type DnsRecord, type DnsType, reverseName } from "../../network/dns.ts";
import { hostsByAddress, lookupHosts, textOf } from "../../network/hosts.ts";
import { ask, isIpv4, lookupDns, resolveHost, resolverConfig } from "../../network/resolver.ts";
import { bindNslookup } from "./bind/nslookup.ts";

/** nslookup(1): BIND's form on machines, BusyBox's in images that have it. */
export const nslookup: Program = function* (p) {
  if (!p.applet) return yield* bindNslookup(p);
  const words = p.argv.slice(1);
  let type: DnsType | undefined;
  const names: string[] = [];
  for (const word of words) {
    const match = /^-(?:type|q|query|querytype)=(\w+)$/i.exec(word);
    if (match) type = match[1]!.toUpperCase() as DnsType;
    else if (!word.startsWith("-")) names.push(word);
  }
  const [name, given] = names;
  if (name === undefined) {
    const usage = "Usage: nslookup [-type=QUERY_TYPE] [-debug] HOST [DNS_SERVER]\n";
    yield* sys.printError(p, `BusyBox v1.37.0 multi-call binary.\n\n${usage}`);
    return 1;
  }
  const config = resolverConfig(p);
  let server = config.nameservers[0]!;
  if (given !== undefined) {
    const found = yield* resolveHost(p, given);
    if (!found.ok) {
      yield* sys.printError(p, `nslookup: bad address '${given}'\n`);
      return 1;
    }
    server = found.addresses[0]!;
  }
  return yield* busybox(p, name, server, type);
};

function bindLine({ name, type, data }: DnsRecord): string {
  switch (type) {
    case "A":
    case "AAAA":
      return `Name:\t${name}\nAddress: ${data}\n`;
    case "CNAME":
      return `${name}\tcanonical name = ${data}.\n`;
    case "PTR":
      return `${name}\tname = ${data}.\n`;
    case "SRV":
      return `${name}\tservice = ${data}.\n`;
    case "MX":
      return `${name}\tmail exchanger = ${data}.\n`;
    case "NS":
      return `${name}\tnameserver = ${data}.\n`;
    case "TXT":
      return `${name}\ttext = "${data}"\n`;
    default:
      return `${name}\t${type} ${data}\n`;
  }
}

/** BusyBox asks A and AAAA for the name as given and for each search domain only when the name has no dot. */
function* busybox(p: Process, name: string, server: string, type: DnsType | undefined): Gen<number> {
  const config = resolverConfig(p);
  const reverse = isIpv4(name);
  const types: DnsType[] = reverse ? ["PTR"] : type ? [type] : ["A", "AAAA"];
  const names = reverse
    ? [reverseName(name)]
    : name.includes(".") || config.search.length === 0
      ? [name.replace(/\.$/, "")]
      : config.search.map((domain) => `${name}.${domain}`);
  let text = `Server:\t\t${server}\nAddress:\t${server}:53\n\n`;
  let errors = 0;
  let answers = 0;
  for (const candidate of names) {
    for (const one of types) {
      const message = yield* ask(p, server, candidate, one, config.timeout);
      if (message === undefined) {
        yield* sys.print(p, `${text};; connection timed out; no servers could be reached\n\n`);
        return 1;
      }
      if (message.rcode !== "NOERROR") {
        errors++;
        text += `** server can't find ${candidate}: ${message.rcode}\n\n`;
        continue;
      }
      const own = message.answers;
      if (own.length === 0) {
        if (one === "A" || types.length === 1) text += `*** Can't find ${candidate}: No answer\n\n`;
        else text += "\n";
        continue;
      }
      answers += own.length;
      if (!message.authoritative && one !== "AAAA") text += "Non-authoritative answer:\n";
      for (const record of own) text += busyboxLine(record);
      text += "\n";
    }
  }
  yield* sys.print(p, text);
  return errors > 0 || answers === 0 ? 1 : 0;
}

function busyboxLine(record: DnsRecord): string {
  return bindLine(record).replace(/\.\n$/, "\n");
}

/** That of Debian 8, which images for looking at a cluster's DNS have. */
export const oldNslookup: Program = function* (p) {
  return yield* bindNslookup(p, true);
};

/** Lines of /etc/services and /etc/protocols: a name, its number and further names. */
function* numbered(p: Process, database: "services" | "protocols", keys: readonly string[]): Gen<number> {
  const entries = textOf(p, `/etc/${database}`)
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim().split(/\s+/))
    .filter(([name]) => name !== "");
  const show = ([name = "", number = "", ...others]: string[]) =>
    sys.print(p, `${name.padEnd(21)} ${[number, ...others].join(" ")}\n`);
  if (keys.length === 0) for (const entry of entries) yield* show(entry);
  let missing = false;
  for (const key of keys) {
    const [wanted, protocol] = key.split("/");
    const found = entries.find(
      ([name, number = "", ...others]) =>
        [name, number.split("/")[0], ...others].includes(wanted) &&
        (protocol === undefined || number.endsWith(`/${protocol}`)),
    );
    if (found) yield* show(found);
    else missing = true;
  }
  return missing ? 2 : 0;
}

/** getent(1): passwd, group, hosts, ahosts, services, protocols, shadow. */
export const getent: Program = function* (p) {
  const [database, ...keys] = p.argv.slice(1);
  const known = ["passwd", "group", "hosts", "ahosts", "ahostsv4", "services", "shadow", "networks", "protocols"];
  if (database === undefined || !known.includes(database)) {
    yield* sys.printError(
      p,
      database === undefined ? "getent: wrong number of arguments\n" : `Unknown database: ${database}\n`,
    );
    yield* sys.print(p, "Try `getent --help' or `getent --usage' for more information.\n");
    return 1;
  }
  let missing = 0;
  if (database === "passwd" || database === "group") {
    const lines = textOf(p, `/etc/${database}`)
      .split("\n")
      .filter((line) => line !== "");
    const numbers =
      database === "passwd" ? users(p.ns.mnt).map(({ uid }) => uid) : groups(p.ns.mnt).map(({ gid }) => gid);
    if (keys.length === 0) yield* sys.print(p, `${lines.join("\n")}\n`);
    for (const key of keys) {
      const line = lines.find((one, i) => one.startsWith(`${key}:`) || String(numbers[i]) === key);
      if (line === undefined) missing++;
      else yield* sys.print(p, `${line}\n`);
    }
    return missing > 0 ? 2 : 0;
  }
  if (database === "services" || database === "protocols") return yield* numbered(p, database, keys);
  if (database === "shadow") {
    const lines = textOf(p, "/etc/shadow")
      .split("\n")
      .filter((line) => line !== "");
    const shown = keys.length === 0 ? lines : keys.map((key) => lines.find((line) => line.startsWith(`${key}:`)));
    for (const line of shown) if (line !== undefined) yield* sys.print(p, `${line}\n`);
    return shown.includes(undefined) ? 2 : 0;
  }
  if (!database.includes("hosts")) return keys.length > 0 ? 2 : 0;
  for (const key of keys) {
    const entry = isIpv4(key) ? (hostsByAddress(p, key) ?? (yield* reverse(p, key))) : lookupHosts(p, key);
    const addresses = entry?.addresses ?? [];
    let canonical = database !== "hosts" && isIpv4(key) ? key : (entry?.canonical ?? key);
    if (entry === undefined && !isIpv4(key)) {
      const found = yield* resolveHost(p, key);
      if (found.ok) {
        addresses.push(...found.addresses);
        canonical = found.canonical;
      }
    }
    if (addresses.length === 0 && !(isIpv4(key) && database !== "hosts")) {
      missing++;
      continue;
    }
    if (database === "hosts") {
      for (const address of addresses)
        yield* sys.print(p, `${address.padEnd(15)} ${[canonical, ...(entry?.aliases ?? [])].join(" ")}\n`);
      continue;
    }
    for (const [i, address] of (addresses.length > 0 ? addresses : [key]).entries()) {
      yield* sys.print(
        p,
        ["STREAM", "DGRAM", "RAW"]
          .map((kind, k) => `${address.padEnd(15)} ${kind.padEnd(6)} ${i === 0 && k === 0 ? canonical : ""}\n`)
          .join(""),
      );
    }
  }
  return missing > 0 ? 2 : 0;
};

function* reverse(
  p: Process,
  address: string,
): Gen<{ addresses: string[]; canonical: string; aliases: string[] } | undefined> {
  if (!textOf(p, "/etc/resolv.conf").includes("nameserver")) return undefined;
  const found = yield* lookupDns(p, `${reverseName(address)}.`, "PTR");
  return found.ok ? { addresses: [address], canonical: found.records[0]!.data, aliases: [] } : undefined;
}
