import { DNS_TYPES, type DnsClass, type DnsRecord, type DnsType } from "../../network/dns.ts";
import { normal } from "./corefile.ts";

/** The lines of a zone file, or of a template (RFC 1035, 5.1; miekg/dns scan.go). */

const UNITS: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };
/** Types whose data is or ends with a name. */
const NAMED = new Set<string>(["CNAME", "NS", "PTR", "MX", "SRV", "SOA"]);

/** What is wrong with a line. */
export class RecordError extends Error {}

/** Seconds of `3600`, `1h30m`; undefined for other words. */
function ttlOf(word: string): number | undefined {
  if (!/^(\d+[smhdw]?)+$/i.test(word)) return undefined;
  let sum = 0;
  for (const [, number, unit] of word.matchAll(/(\d+)([smhdw]?)/gi))
    sum += Number(number) * (UNITS[unit!.toLowerCase()] ?? 1);
  return sum;
}

const absolute = (name: string, origin: string): string =>
  name === "@" ? origin : name.endsWith(".") ? normal(name) : normal(origin === "" ? name : `${name}.${origin}`);

/** Words of a line, quoted ones as one. */
const wordsOf = (line: string): string[] =>
  [...line.matchAll(/"((?:[^"\\]|\\.)*)"|[^\s"]+/g)].map((match) => match[1] ?? match[0]);

interface State {
  origin: string;
  owner: string;
  ttl: number;
}

/** A record of `words`; an owner is missing where the line begins with blanks. Throws RecordError. */
function parse(words: string[], inherits: boolean, state: State): DnsRecord {
  if (!inherits) state.owner = absolute(words.shift() ?? "", state.origin);
  let { ttl } = state;
  let ofClass: DnsClass = "IN";
  for (let word = words[0]; word !== undefined; word = words[0]) {
    const found = ttlOf(word);
    if (found !== undefined) ttl = found;
    else if (/^(IN|CH|HS|ANY)$/i.test(word)) ofClass = word.toUpperCase() as DnsClass;
    else break;
    words.shift();
  }
  const type = (words.shift() ?? "").toUpperCase() as DnsType;
  if (!(type in DNS_TYPES)) throw new RecordError(`unknown RR type: "${type}"`);
  if (words.length === 0) throw new RecordError(`bad ${type} record`);
  if (NAMED.has(type)) {
    const names = type === "SOA" ? [0, 1] : [words.length - 1];
    for (const i of names) words[i] = absolute(words[i]!, state.origin);
    if (type === "SOA") for (let i = 2; i < words.length; i++) words[i] = String(ttlOf(words[i]!) ?? words[i]);
  }
  return { name: state.owner, type, ...(ofClass !== "IN" && { class: ofClass }), ttl, data: words.join(" ") };
}

/** One line by itself, as templates make them. Throws RecordError. */
export function recordOf(text: string): DnsRecord {
  return parse(wordsOf(text.replace(/[()]/g, " ")), false, { origin: "", owner: "", ttl: 3600 });
}

/** A zone file's records. Throws RecordError with the number of the line. */
export function recordsOf(text: string, origin: string): DnsRecord[] {
  const state: State = { origin, owner: origin, ttl: 3600 };
  const out: DnsRecord[] = [];
  // Parentheses join lines.
  const bare = text.split("\n").map((line) => line.replace(/;(?=(?:[^"]*"[^"]*")*[^"]*$).*/, ""));
  for (let i = 0; i < bare.length; i++) {
    const number = i + 1;
    let line = bare[i]!;
    while (line.includes("(") && !line.includes(")") && i + 1 < bare.length) line += ` ${bare[++i]}`;
    line = line.replace(/[()]/g, " ");
    if (line.trim() === "") continue;
    const words = wordsOf(line);
    if (words[0] === "$ORIGIN") state.origin = absolute(words[1] ?? "", state.origin);
    else if (words[0] === "$TTL") state.ttl = ttlOf(words[1] ?? "") ?? state.ttl;
    else
      try {
        out.push(parse(words, /^\s/.test(line), state));
      } catch (error) {
        if (!(error instanceof RecordError)) throw error;
        throw new RecordError(`${error.message} at line: ${number}`);
      }
  }
  return out;
}
