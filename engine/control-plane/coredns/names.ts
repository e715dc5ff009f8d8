/** Plugins that answer names by lines of the Corefile or of a file: hosts, template. */
import {
  answer,
  DNS_TYPES,
  type DnsMessage,
  type DnsRecord,
  RCODES,
  type Rcode,
  reverseName,
} from "../../network/dns.ts";
import { textOf } from "../../network/hosts.ts";
import { normal, within } from "./corefile.ts";
import { fallsThrough, numberOf } from "./fallthrough.ts";
import { followed } from "./kubernetes.ts";
import { patternOf } from "./pattern.ts";
import { ParseError, type Setup } from "./plugin.ts";
import { recordOf } from "./records.ts";

/** plugin/hosts: names from lines in the form of /etc/hosts. */
export const hosts: Setup = ({ args, block }, { p, zones }) => {
  const file = args[0]?.startsWith("/") ? args[0] : undefined;
  const own = args.slice(file === undefined ? 0 : 1).map(normal);
  const scope = own.length > 0 ? own : zones;
  const lines = block.filter(({ name }) => /^[\d:.a-f]+$/i.test(name) && /[.:]/.test(name));
  const ttl = numberOf(block, "ttl") ?? 3600;
  const reverses = !block.some(({ name }) => name === "no_reverse");
  const through = fallsThrough(block);
  const entries = (): { address: string; names: readonly string[] }[] => {
    const inline = lines.map(({ name, args: names }) => ({ address: name, names: names.map(normal) }));
    const text = file === undefined && lines.length > 0 ? "" : textOf(p, file ?? "/etc/hosts");
    for (const line of text.split("\n")) {
      const [address, ...names] = line.replace(/#.*/, "").trim().split(/\s+/);
      if (address && names.length > 0) inline.push({ address, names: names.map(normal) });
    }
    return inline;
  };
  return {
    *serve(query, next) {
      const { name, type } = query.question;
      const wanted = normal(name);
      const record = (data: string): DnsRecord => ({ name, type, ttl, data });
      if (type === "PTR") {
        const found = reverses ? entries().filter(({ address }) => reverseName(address) === wanted) : [];
        if (found.length === 0) return yield* next(query);
        const names = found.flatMap((entry) => entry.names.map(record));
        return answer(query.asked, "NOERROR", names, { authoritative: true, recursion: false });
      }
      if (!scope.some((zone) => within(wanted, zone))) return yield* next(query);
      const found = entries().filter(({ names }) => names.includes(wanted));
      const fits = found.filter(({ address }) => address.includes(":") === (type === "AAAA"));
      if (fits.length > 0 && (type === "A" || type === "AAAA")) {
        const records = fits.map(({ address }) => record(address));
        return answer(query.asked, "NOERROR", records, { authoritative: true, recursion: false });
      }
      if (found.length > 0) return answer(query.asked, "NOERROR", [], { authoritative: true, recursion: false });
      if (through(wanted)) return yield* next(query);
      // Without a zone's SOA there is no honest NXDOMAIN (plugin/hosts/hosts.go).
      return answer(query.asked, "SERVFAIL", [], { recursion: false });
    },
  };
};

/** What a template may say in `{{ }}`: fields of the question, groups of the pattern. */
function filled(
  text: string,
  fields: Record<string, string>,
  groups: readonly (string | undefined)[],
  names: ReadonlyMap<string, number>,
): string {
  return text.replace(/\{\{-?\s*(.*?)\s*-?\}\}/g, (_, inside: string) => {
    const index = /^(?:index \.(?:Match|Group) "?|\.Group\.)(\w+)"?$/.exec(inside)?.[1];
    if (index !== undefined) return groups[names.get(index) ?? Number(index)] ?? "";
    return fields[inside] ?? "";
  });
}

/** plugin/template: answers made by a text for names that match. */
export const template: Setup = ({ args, block }, server) => {
  const [, type = "ANY", ...given] = args;
  const zones = given.length > 0 ? given.map(normal) : server.zones;
  const lines = (name: string) => block.filter((line) => line.name === name);
  const matches = lines("match").flatMap(({ args: words, line }) =>
    words.map((pattern) =>
      patternOf(pattern, (why) => new ParseError(line, `could not parse regex: ${pattern}, ${why}`)),
    ),
  );
  if (matches.length === 0) matches.push(patternOf(".*"));
  const texts = (name: string) => lines(name).flatMap(({ args: words }) => words);
  const [sections, rcodeLine] = [[texts("answer"), texts("authority"), texts("additional")], lines("rcode")[0]];
  const rcode = (rcodeLine?.args[0] ?? "NOERROR") as Rcode;
  if (rcodeLine !== undefined && !RCODES.includes(rcode))
    throw new ParseError(rcodeLine.line, `unknown rcode ${rcode}`);
  const through = fallsThrough(block);
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      const asked = query.question.type;
      const zone = zones.find((one) => within(name, one));
      if (zone === undefined || (type !== "ANY" && asked !== "ANY" && type !== asked)) return yield* next(query);
      const met = matches.find((one) => one.exec(`${name}.`) !== null);
      const match = met?.exec(`${name}.`);
      if (!met || !match)
        return through(name) ? yield* next(query) : answer(query.asked, "SERVFAIL", [], { recursion: false });
      const fields = {
        ".Name": `${name}.`,
        ".Zone": `${zone}.`,
        ".Type": type === "ANY" ? asked : type,
        ".Class": "IN",
        ".Remote": query.client.address,
        ".Question.Name": `${name}.`,
      };
      const [answers, authorities, additionals] = sections.map((section) =>
        section.map((text) => recordOf(filled(text, fields, match.groups, met.names))),
      ) as [DnsRecord[], DnsRecord[], DnsRecord[]];
      const found: DnsMessage = {
        ...answer(query.asked, rcode, answers, { authoritative: true, authorities, recursion: false }),
        ...(additionals.length > 0 && { additionals }),
      };
      return asked in DNS_TYPES ? yield* followed(server, query, found) : found;
    },
  };
};
