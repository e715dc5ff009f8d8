import { formatAddress } from "../address.ts";
import { type Entry, type IpSet, networkText } from "./set.ts";

const SECOND = 1_000_000;
/** Bytes of a bucket with room for two entries, and of a comment besides its text. */
const BUCKET = 32;
const COMMENT = 17;

export type Format = "plain" | "save" | "xml" | "json";

/** What a listing is about. */
export interface Listing {
  format: Format;
  /** Headers only. */
  terse: boolean;
  sorted: boolean;
  /** µs of virtual time. */
  now: number;
  references(set: IpSet): number;
}

/** A word of a header or an entry: `quoted` where JSON has it in quotes; `true` for one that has no value. */
type Field = readonly [name: string, value: string | number | true, quoted?: "quoted"];

function headerFields({ type, is, options }: IpSet): Field[] {
  const { range, bitmask, markmask } = options;
  const own: Field[] = [];
  for (const name of is.header) {
    if (name === "range") {
      const address = type !== "bitmap:port";
      const [first, last] = range!.map((end) => (address ? formatAddress(end) : `${end}`));
      own.push(address ? ["range", `${first}-${last}`, "quoted"] : ["range", `${first}-${last}`]);
    } else if (name.endsWith("mask") && type !== "hash:ip" && type !== "bitmap:ip" && name !== "markmask") {
      // This version says nothing of the masks of other types.
    } else if (name === "bitmask") {
      if (bitmask !== undefined) own.push(["bitmask", networkText(bitmask), "quoted"]);
    } else if (name === "markmask") {
      if (markmask !== undefined) own.push(["markmask", `0x${markmask.toString(16).padStart(8, "0")}`, "quoted"]);
    } else if (name === "family") own.push(["family", options.family ?? "inet", "quoted"]);
    else {
      const value = options[name as "hashsize" | "maxelem" | "netmask" | "size"];
      if (value !== undefined) own.push([name, value]);
    }
  }
  if (options.timeout !== undefined) own.push(["timeout", options.timeout]);
  for (const name of ["counters", "comment", "skbinfo"] as const) if (options[name]) own.push([name, true]);
  if (options.hashsize !== undefined) {
    own.push(["bucketsize", options.bucketsize ?? 12]);
    own.push(["initval", `0x${(options.initval ?? 0).toString(16).padStart(8, "0")}`, "quoted"]);
  }
  return own;
}

function entryFields(entry: Entry, now: number, limited: boolean): Field[] {
  const { until, nomatch, wildcard, packets, bytes, comment, skbmark, skbprio, skbqueue } = entry;
  const out: Field[] = [];
  const left = until === undefined ? 0 : Math.max(1, Math.floor((until - now) / SECOND));
  if (limited) out.push(["timeout", left]);
  if (nomatch) out.push(["nomatch", true]);
  if (wildcard) out.push(["wildcard", true]);
  if (packets !== undefined) out.push(["packets", `${packets}`], ["bytes", `${bytes ?? 0n}`]);
  if (comment !== undefined) out.push(["comment", `"${comment}"`]);
  if (skbmark !== undefined) {
    const [mark, mask] = skbmark.map((bits) => `0x${bits.toString(16)}`);
    out.push(["skbmark", mask === "0xffffffff" ? mark! : `${mark}/${mask}`]);
  }
  if (skbprio !== undefined) out.push(["skbprio", skbprio.map((half) => half.toString(16)).join(":")]);
  if (skbqueue !== undefined) out.push(["skbqueue", skbqueue]);
  return out;
}

const words = (fields: readonly Field[]) =>
  fields.map(([name, value]) => (value === true ? name : `${name} ${value}`)).join(" ");
const tags = (fields: readonly Field[]) =>
  fields.map(([name, value]) => (value === true ? `<${name}/>` : `<${name}>${value}</${name}>`)).join("");
const pairs = (fields: readonly Field[]) =>
  fields.map(([name, value, quoted]) => `"${name}" : ${quoted ? `"${value}"` : value}`);

/** Bytes that the kernel says a set takes, each entry in a bucket of its own. */
function memory(set: IpSet, entries: readonly Entry[]): number {
  const { options, is } = set;
  const extra =
    (options.timeout === undefined ? 0 : 8) +
    (options.counters ? 16 : 0) +
    (options.comment ? 8 : 0) +
    (options.skbinfo ? 16 : 0);
  const each = extra === 0 ? is.entryBytes : Math.ceil(is.entryBytes / 8) * 8 + extra;
  const comments = entries.reduce(
    (sum, { comment }) => sum + (comment === undefined ? 0 : COMMENT + comment.length),
    0,
  );
  if (options.range !== undefined) {
    const [first, last] = options.range;
    const places = (last - first + 1) / 2 ** (32 - (options.netmask ?? 32));
    return is.bytes + Math.ceil(places / 64) * 8 + places * each + comments;
  }
  if (set.type === "list:set") return is.bytes + entries.length * each + comments;
  return is.bytes + entries.length * (BUCKET + 2 * each) + comments;
}

function facts(set: IpSet, entries: readonly Entry[], on: Listing): [number, number, number] {
  return [memory(set, entries), on.references(set), entries.length];
}

function plain(set: IpSet, entries: readonly Entry[], on: Listing): string {
  const [size, references, count] = facts(set, entries, on);
  const lines = [
    `Name: ${set.name}`,
    `Type: ${set.type}`,
    `Revision: ${set.is.revision}`,
    `Header: ${words(headerFields(set))}`,
    `Size in memory: ${size}`,
    `References: ${references}`,
    `Number of entries: ${count}`,
  ];
  if (!on.terse) lines.push("Members:", ...entries.map((entry) => line(set, entry, on.now)));
  return lines.map((text) => `${text}\n`).join("");
}

function line(set: IpSet, entry: Entry, now: number): string {
  return [entry.text, words(entryFields(entry, now, set.options.timeout !== undefined))].filter(Boolean).join(" ");
}

function commands(set: IpSet, entries: readonly Entry[], on: Listing): string {
  const create = `create ${set.name} ${set.type} ${words(headerFields(set))}\n`;
  return on.terse ? create : create + entries.map((entry) => `add ${set.name} ${line(set, entry, on.now)}\n`).join("");
}

function xml(set: IpSet, entries: readonly Entry[], on: Listing): string {
  const [size, references, count] = facts(set, entries, on);
  const limited = set.options.timeout !== undefined;
  const members = entries.map(
    (entry) => `<member><elem>${entry.text}</elem>${tags(entryFields(entry, on.now, limited))}</member>\n`,
  );
  return `<ipset name="${set.name}">
<type>${set.type}</type>
<revision>${set.is.revision}</revision>
<header>${tags(headerFields(set))}
<memsize>${size}</memsize>
<references>${references}</references>
<numentries>${count}</numentries>
</header>
${on.terse ? "" : `<members>\n${members.join("")}</members>\n`}</ipset>
`;
}

/** JSON as this version writes it: addresses in quotes of their own, which makes none of it. */
function json(set: IpSet, entries: readonly Entry[], on: Listing): string {
  const [size, references, count] = facts(set, entries, on);
  const header = [...pairs(headerFields(set)), `"memsize" : ${size}`, `"references" : ${references}`];
  const head = `  {
    "name" : "${set.name}",
    "type" : "${set.type}",
    "revision" : ${set.is.revision},
    "header" : {
${[...header, `"numentries" : ${count}`].map((pair) => `      ${pair}`).join(",\n")}
    },
`;
  if (on.terse) return `${head}    }`;
  const limited = set.options.timeout !== undefined;
  const members = entries.map((entry) => {
    const fields = [`"elem" : "${quotedAddresses(set, entry.text)}"`, ...pairs(entryFields(entry, on.now, limited))];
    return `      {\n${fields.map((field) => `        ${field}`).join(",\n")}\n      }`;
  });
  return `${head}    "members" : [\n${members.join(",\n")}${members.length > 0 ? "\n" : ""}    ]\n  }`;
}

function quotedAddresses(set: IpSet, text: string): string {
  const address = (i: number) => ["ip", "net"].includes(set.is.parts[i]!.kind);
  return text
    .split(",")
    .map((part, i) => (address(i) ? `"${part}"` : part))
    .join(",");
}

/** What `list` and `save` write. */
export function listed(sets: readonly IpSet[], on: Listing): string {
  const each = (write: (set: IpSet, entries: readonly Entry[], on: Listing) => string) =>
    sets.map((set) => {
      const entries = set.alive(on.now);
      return write(set, on.sorted && set.type.startsWith("hash") ? entries.sort(bySize) : entries, on);
    });
  switch (on.format) {
    case "save":
      return each(commands).join("");
    case "xml":
      return `<ipsets>\n${each(xml).join("")}</ipsets>\n`;
    case "json":
      return `[\n${each(json).join(",\n")}\n]\n`;
    default:
      return each(plain).join("\n");
  }
}

/** The names alone. */
export function listedNames(sets: readonly IpSet[], format: Format): string {
  if (format === "xml") return `<ipsets>\n${sets.map(({ name }) => `<ipset name="${name}"/>\n`).join("")}</ipsets>\n`;
  if (format === "json") return `[\n${sets.map(({ name }) => `  { "name" : "${name}" }`).join(",\n")}\n]\n`;
  return sets.map(({ name }) => `${name}\n`).join("");
}

/** Order of `-s`: word by word, shorter words first, narrower networks first. */
function bySize(a: Entry, b: Entry): number {
  const [ours, theirs] = [a.text.split(/([^0-9A-Za-z])/), b.text.split(/([^0-9A-Za-z])/)];
  for (let i = 0; i < Math.min(ours.length, theirs.length); i++) {
    const [x, y] = [ours[i]!, theirs[i]!];
    if (ours[i - 1] === "/" && theirs[i - 1] === "/" && x !== y) return Number(y) - Number(x);
    if (x.length !== y.length) return x.length - y.length;
    if (x !== y) return x < y ? -1 : 1;
  }
  return ours.length - theirs.length;
}
