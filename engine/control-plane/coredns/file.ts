import { SECOND } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { answer, type DnsMessage, type DnsRecord } from "../../network/dns.ts";
import { normal, within } from "./corefile.ts";
import { seconds } from "./directive-checks.ts";
import { fallsThrough } from "./fallthrough.ts";
import { type Setup, SetupError } from "./plugin.ts";
import { RecordError, recordsOf } from "./records.ts";

/** An alias may lead to another, so many times. */
const DEEPEST = 8;

/** A zone by name; each zone name as its SOA says. */
class Zone {
  readonly serial: string;
  private readonly soa: DnsRecord | undefined;
  private readonly byName = new Map<string, DnsRecord[]>();

  constructor(origin: string, records: readonly DnsRecord[]) {
    this.soa = records.find(({ type, name }) => type === "SOA" && name === origin);
    this.serial = this.soa?.data.split(" ")[2] ?? "";
    for (const one of records) {
      const own = this.byName.get(one.name);
      if (own === undefined) this.byName.set(one.name, [one]);
      else own.push(one);
      // Names between a record and the zone's own exist too.
      for (let name = one.name; name !== origin && name.includes("."); ) {
        name = name.slice(name.indexOf(".") + 1);
        if (!this.byName.has(name)) this.byName.set(name, []);
      }
    }
  }

  get usable(): boolean {
    return this.soa !== undefined;
  }

  private at(name: string): DnsRecord[] | undefined {
    const exact = this.byName.get(name);
    if (exact !== undefined) return exact;
    for (let rest = name; rest.includes("."); ) {
      rest = rest.slice(rest.indexOf(".") + 1);
      const wild = this.byName.get(`*.${rest}`);
      if (wild !== undefined) return wild.map((one) => ({ ...one, name }));
      if (this.byName.has(rest)) return undefined;
    }
    return undefined;
  }

  find(asked: DnsMessage, name: string, type: string): DnsMessage {
    const options = { authoritative: true, recursion: false };
    const answers: DnsRecord[] = [];
    const soa = this.soa === undefined ? [] : [this.soa];
    for (let next = name, hops = 0; hops < DEEPEST; hops++) {
      const records = this.at(next);
      if (records === undefined) {
        if (hops > 0) return answer(asked, "NOERROR", answers, options);
        return answer(asked, "NXDOMAIN", [], { ...options, authorities: soa });
      }
      const found = records.filter((one) => one.type === type || type === "ANY");
      answers.push(...found);
      const alias = records.find((one) => one.type === "CNAME");
      if (found.length > 0 || alias === undefined) break;
      answers.push(alias);
      next = normal(alias.data);
    }
    return answer(asked, "NOERROR", answers, { ...options, authorities: answers.length === 0 ? soa : [] });
  }
}

/** plugin/file: zones from files, read again when their serial has changed. */
export const file: Setup = ({ args: [path = "", ...given], block }, { p, zones: own, kernel, log }) => {
  const zones = given.length > 0 ? given.map(normal) : [...own];
  const through = fallsThrough(block);
  const pause = seconds(block.find(({ name }) => name === "reload")?.args[0] ?? "1m");
  const loaded = new Map<string, Zone>();
  const read = (zone: string): Zone => new Zone(zone, recordsOf(sys.readText(p, path), zone));
  for (const zone of zones) {
    try {
      loaded.set(zone, read(zone));
    } catch (error) {
      if (error instanceof RecordError) throw new SetupError(`file ${JSON.stringify(path)}: dns: ${error.message}`);
      if (!isErrno(error)) throw error;
      log(`[WARNING] plugin/file: Failed to open "open ${path}: no such file or directory": trying again in 1m0s`);
    }
  }
  const look = (): void => {
    if (p.status !== undefined) return;
    for (const zone of zones) {
      try {
        const fresh = read(zone);
        if (fresh.serial === loaded.get(zone)?.serial) continue;
        loaded.set(zone, fresh);
        log(`[INFO] plugin/file: Successfully reloaded zone "${zone}." in "${path}" with ${fresh.serial} SOA serial`);
      } catch (error) {
        if (!isErrno(error) && !(error instanceof RecordError)) throw error;
      }
    }
    kernel.after(pause * SECOND, "coredns file", look);
  };
  return {
    start() {
      if (pause > 0) kernel.after(pause * SECOND, "coredns file", look);
    },
    *serve(query, next) {
      const name = normal(query.question.name);
      const zone = zones.filter((one) => within(name, one)).sort((a, b) => b.length - a.length)[0];
      if (zone === undefined) return yield* next(query);
      const held = loaded.get(zone);
      if (held === undefined || !held.usable) return answer(query.asked, "SERVFAIL", [], { recursion: false });
      const found = held.find(query.asked, name, query.question.type);
      return found.rcode === "NXDOMAIN" && through(name) ? yield* next(query) : found;
    },
  };
};
