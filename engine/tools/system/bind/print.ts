import type { DnsMessage, DnsQuestion, DnsRecord } from "../../../network/dns.ts";

/** How records are laid out (dns_master_stylecreate of dig.c). */
export interface Style {
  ttl: boolean;
  /** `1h30m` for `5400`. */
  ttlUnits: boolean;
  class: boolean;
  /** SOA over several lines, with what its numbers mean. */
  multiline: boolean;
}

export const PLAIN: Style = { ttl: true, ttlUnits: false, class: true, multiline: false };

/** Puts cells at columns, filled with tabs where they reach (BIND's masterdump.c indent). */
function columns(cells: readonly (readonly [at: number, text: string])[]): string {
  let out = "";
  let at = 0;
  for (const [stop, text] of cells) {
    if (out !== "") {
      const to = Math.max(stop, at + 1);
      const tabs = Math.max(0, Math.floor(to / 8) - Math.floor(at / 8));
      const from = tabs > 0 ? Math.floor(to / 8) * 8 : at;
      out += "\t".repeat(tabs) + " ".repeat(to - from);
      at = to;
    }
    out += text;
    at += text.length;
  }
  return out;
}

const dotted = (name: string): string => (name.endsWith(".") ? name : `${name}.`);

/** `;web.default.svc.cluster.local.	IN	A`. */
export function questionLine({ name, type, class: ofClass = "IN" }: DnsQuestion, { multiline }: Style = PLAIN): string {
  // The semicolon stands before the columns.
  return `;${columns([
    [0, dotted(name)],
    [multiline ? 24 : 32, ofClass],
    [multiline ? 24 : 40, type],
  ])}\n`;
}

export function recordLine(record: DnsRecord, style: Style = PLAIN): string {
  const { name, ttl, type } = record;
  const cells: [number, string][] = [[0, dotted(name)]];
  let stop = 24;
  const add = (text: string) => {
    cells.push([stop, text]);
    if (!style.multiline) stop += 8;
  };
  if (style.ttl) add(style.ttlUnits ? ttlText(ttl) : String(ttl));
  if (style.class) add(record.class ?? "IN");
  add(type);
  const data = style.multiline && type === "SOA" ? soaLines(record.data) : dataOf(record);
  cells.push([style.multiline ? 32 : stop, data]);
  return `${columns(cells)}\n`;
}

const UNITS: readonly [string, string, number][] = [
  ["w", "week", 604_800],
  ["d", "day", 86_400],
  ["h", "hour", 3_600],
  ["m", "minute", 60],
  ["s", "second", 1],
];

function ttlText(seconds: number, words = false): string {
  let rest = seconds;
  const out: string[] = [];
  for (const [short, long, size] of UNITS) {
    const count = Math.floor(rest / size);
    rest %= size;
    if (count > 0) out.push(words ? `${count} ${long}${count === 1 ? "" : "s"}` : `${count}${short}`);
  }
  if (out.length === 0) out.push(words ? "0 seconds" : "0s");
  return out.join(words ? " " : "");
}

function soaLines(data: string): string {
  const [primary = "", mail = "", ...numbers] = data.split(" ");
  const names = ["serial", "refresh", "retry", "expire", "minimum"];
  const lines = names.map((name, i) => {
    const told = i === 0 ? "" : ` (${ttlText(Number(numbers[i]), true)})`;
    return `\t\t\t\t${(numbers[i] ?? "").padEnd(10)} ; ${name}${told}\n`;
  });
  return `${dotted(primary)} ${dotted(mail)} (\n${lines.join("")}\t\t\t\t)`;
}

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

/** `qr aa rd`. */
export function flagsOf(message: DnsMessage): string {
  return [
    message.response && "qr",
    message.authoritative && "aa",
    message.recursionDesired && "rd",
    message.recursionAvailable && "ra",
  ]
    .filter(Boolean)
    .join(" ");
}

/** The two lines on a message's header. */
export function headerLines(message: DnsMessage, flags = flagsOf(message)): string {
  const { questions, answers, authorities, additionals = [], edns } = message;
  const more = additionals.length + (edns === undefined ? 0 : 1);
  return (
    `;; ->>HEADER<<- opcode: QUERY, status: ${message.rcode}, id: ${message.id}\n` +
    `;; flags: ${flags}; QUERY: ${questions.length}, ANSWER: ${answers.length}, AUTHORITY: ${authorities.length}, ADDITIONAL: ${more}\n`
  );
}
