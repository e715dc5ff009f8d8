import type { Process } from "../../machine/process.ts";
import { find, readText } from "../../machine/sys.ts";
import { protocolNumber as namedProtocol } from "../../netfilter/protocols.ts";
import type { Route } from "../../network/index.ts";
import { DEFAULT_TABLE, LOCAL_TABLE, MAIN_TABLE } from "../../network/policy-routing.ts";
import { ipv4Number } from "../../text/ipv4.ts";

/** Words of `ip route` and `ip rule` (ip/iproute.c, lib/rt_names.c, lib/utils.c). */

const LAST_TABLE = 0xffff_ffff;
/** Types whose packets go nowhere, and what is said to who asks for the way. */
export const DEAD: Readonly<Record<string, string>> = {
  blackhole: "Invalid argument",
  unreachable: "No route to host",
  prohibit: "Permission denied",
  throw: "Network is unreachable",
};
export const PROTOCOLS = [
  ...["kernel", "boot", "static", "redirect", "gated", "ra", "mrt", "zebra", "bird", "babel", "dhcp", "keepalived"],
  ...["bgp", "isis", "ospf", "rip", "eigrp"],
];
const SCOPES = ["global", "link", "host", "nowhere", "site"];
/** Values that are numbers and go with a route as they are, in the order that they are listed in (RTAX_*). */
export const METRICS = [
  "mtu",
  "window",
  "cwnd",
  "advmss",
  "reordering",
  "hoplimit",
  "initcwnd",
  "initrwnd",
  "quickack",
];

/** The number of a transport protocol by its name or number. */
export function protocolNumber(word: string): number | undefined {
  if (/^\d+$/.test(word) && Number(word) < 256) return Number(word);
  return namedProtocol(word);
}

/** Names of tables: the kernel's, and those of /etc/iproute2/rt_tables. */
function namedTables(p: Process): [string, number][] {
  const out: [string, number][] = [
    ["local", LOCAL_TABLE],
    ["main", MAIN_TABLE],
    ["default", DEFAULT_TABLE],
  ];
  const file = "/etc/iproute2/rt_tables";
  for (const line of find(p, file) === undefined ? [] : readText(p, file).split("\n")) {
    const found = /^\s*(0x[0-9a-f]+|\d+)\s+([^\s#]+)/i.exec(line);
    if (found) out.push([found[2]!, Number(found[1])]);
  }
  return out;
}

/** The number of a table by its name or number; undefined for what is neither. */
export function tableNumber(p: Process, word: string): number | undefined {
  const named = namedTables(p).find(([name]) => name === word);
  if (named !== undefined) return named[1];
  const number = /^(0x[0-9a-f]+|\d+)$/i.test(word) ? Number(word) : undefined;
  return number !== undefined && number <= LAST_TABLE ? number : undefined;
}

/** What a table is called. */
export function tableName(p: Process, table: number): string {
  return namedTables(p).find(([, number]) => number === table)?.[0] ?? `${table}`;
}

/** Ends a command: what is said, and the exit status. */
export class RouteError extends Error {
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export const answers = (why: string) => new RouteError(`RTNETLINK answers: ${why}`, 2);
export const kernel = (why: string) => new RouteError(`Error: ${why}`, 2);
/** What iproute2 says of an argument; some of its messages end a line of their own besides. */
export const invalid = (word: string, why: string) => new RouteError(`Error: argument "${word}" is wrong: ${why}`, 255);
export const wrong = (word: string, why: string) =>
  invalid(
    word,
    `${why}
`,
  );

export function prefixOf(destination: string): [number, number] {
  const [text = "0.0.0.0", length = "32"] = destination === "default" ? ["0.0.0.0", "0"] : destination.split("/");
  return [ipv4Number(text), Number(length)];
}

/** `10.0.0.0/8`, `10.1`, `default`: as it is kept. Throws for what is none. */
export function prefix(text: string): string {
  if (["default", "any", "all"].includes(text)) return "default";
  const [address = "", length] = text.split("/");
  const parts = address.split(".");
  const bits = length === undefined ? (parts.length < 4 ? parts.length * 8 : 32) : Number(length);
  const sound = parts.length <= 4 && parts.every((part) => /^\d{1,3}$/.test(part) && Number(part) < 256);
  if (!sound || (length !== undefined && !/^\d{1,2}$/.test(length)) || bits > 32) {
    throw new RouteError(`Error: any valid prefix is expected rather than "${text}".`, 1);
  }
  const whole = [...parts, "0", "0", "0"].slice(0, 4).join(".");
  return bits === 0 ? "default" : bits === 32 ? whole : `${whole}/${bits}`;
}

function host(text: string): string {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text) && text.split(".").every((part) => Number(part) < 256)) return text;
  throw new RouteError(`Error: inet address is expected rather than "${text}".`, 1);
}

export interface Given {
  destination: string | undefined;
  type?: Route["type"];
  via?: string;
  dev?: string;
  src?: string;
  metric?: number;
  scope?: string;
  proto?: string;
  metrics?: Route["metrics"];
  table?: number | "all" | "cache" | undefined;
  input?: string;
  mark?: number;
  uid?: number;
  sport?: number;
  dport?: number;
  ipproto?: number | undefined;
  onlink?: boolean;
  match?: "root" | "match" | "exact";
  from?: string;
  fibmatch?: boolean;
}

/** Reads what stands behind a verb; `lists`: that shows. Throws `RouteError`. */
export function readWords(p: Process, words: readonly string[], lists = false): Given {
  const out: Given = { destination: undefined };
  let to = false;
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    const next = (): string => {
      const value = words[++i];
      if (value === undefined) throw new RouteError('Command line is not complete. Try option "help"', 255);
      return value;
    };
    const number = (what: string): number => {
      const value = next();
      if (!/^\d+$/.test(value)) throw wrong(value, `"${what}" value is invalid`);
      return Number(value);
    };
    if (lists && word === "vrf") {
      next();
    } else if (word === "via") {
      const value = next();
      out.via = host(value === "inet" ? next() : value);
    } else if (word === "iif") out.input = next();
    else if (word === "dev" || word === "oif") out.dev = next();
    else if (word === "mark" || word === "fwmark") {
      const value = next();
      if (!/^(0x[0-9a-f]+|\d+)$/i.test(value)) throw wrong(value, '"mark" value is invalid');
      out.mark = Number(value);
    } else if (word === "uid") out.uid = number("uid");
    else if (word === "sport" || word === "dport") {
      const value = next();
      if (!/^\d+$/.test(value)) throw wrong(value, `invalid ${word}`);
      out[word] = Number(value);
    } else if (word === "ipproto") {
      const value = next();
      out.ipproto = protocolNumber(value);
      if (out.ipproto === undefined) throw wrong(value, 'Invalid "ipproto" value');
    } else if (word === "src") out.src = host(next());
    else if (word === "from") out.from = prefix(next());
    else if (["metric", "priority", "preference"].includes(word)) out.metric = number("metric");
    else if (METRICS.includes(word)) {
      const value = next();
      const locked = word === "mtu" && value === "lock" ? "lock " : "";
      const figure = locked === "" ? value : next();
      if (!/^\d+$/.test(figure)) throw wrong(figure, `"${word}" value is invalid`);
      out.metrics = { ...out.metrics, [word]: `${locked}${figure}` };
    } else if (word === "scope") {
      out.scope = next();
      if (!SCOPES.includes(out.scope) && !/^\d+$/.test(out.scope)) throw wrong(out.scope, 'invalid "scope" value');
    } else if (word === "proto" || word === "protocol") {
      out.proto = next();
      if (!PROTOCOLS.includes(out.proto) && !/^\d+$/.test(out.proto))
        throw wrong(out.proto, '"protocol" value is invalid');
    } else if (word === "table") {
      const name = next();
      out.table = lists && (name === "all" || name === "cache") ? name : tableNumber(p, name);
      if (out.table === undefined) throw wrong(name, lists ? "table id value is invalid" : '"table" value is invalid');
      if (out.table === 0 && lists) out.table = "all";
    } else if (word === "type") out.type = next() as Route["type"];
    else if (word === "onlink") out.onlink = true;
    else if (word === "fibmatch") out.fibmatch = true;
    else if (word === "root" || word === "match" || word === "exact") {
      out.match = word;
      out.destination = prefix(next());
    } else if (Object.hasOwn(DEAD, word)) out.type = word as Route["type"];
    else if (word === "cache") out.table = word;
    else if (word === "unicast") continue;
    else {
      if (to) throw new RouteError(`Error: either "to" is duplicate, or "${word}" is garbage.`, 255);
      to = true;
      out.destination = prefix(word === "to" ? next() : word);
    }
  }
  return out;
}
