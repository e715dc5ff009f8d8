import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Options } from "./ip.ts";
import { METRICS } from "./ip-route-words.ts";

/** What a listing of ip is about. */
export type Listing = "address" | "link" | "route" | "neighbour" | "get";

export type Json = null | string | number | boolean | readonly Json[] | { readonly [key: string]: Json };

/** Prints a listing: plain, in colours, or the same facts as JSON. */
export function* show(p: Process, text: string, what: Listing, options: Options): Gen {
  if (options.json) {
    const value = toJson(text, what, options.brief);
    yield* sys.print(p, `${options.pretty ? pretty(value, 0) : JSON.stringify(value)}\n`);
    return;
  }
  const colored = options.color === "always" || (options.color === "auto" && p.fds.get(1)?.tty !== undefined);
  yield* sys.print(p, colored ? paint(text, what, options.brief) : text);
}

/** Prints a listing that is there in both forms. */
export function* showValues(p: Process, text: string, value: readonly Json[], options: Options): Gen {
  yield* sys.print(p, options.json ? `${options.pretty ? pretty(value, 0) : JSON.stringify(value)}\n` : text);
}

// ---- JSON -----------------------------------------------------------------------------------------------------------

function toJson(text: string, what: Listing, brief: boolean): Json[] {
  const lines = text.split("\n").filter((line) => line !== "");
  switch (what) {
    case "address":
    case "link":
      return devices(lines, what, brief);
    case "route":
      return lines.map(routeOf);
    case "get":
      return [{ ...routeOf(lines[0] ?? ""), cache: lines[0]?.startsWith("local") ? ["local"] : [] }];
    case "neighbour":
      return lines.map((line) => {
        const words = line.trim().split(" ");
        const value = (key: string) => words[words.indexOf(key) + 1]!;
        return {
          dst: words[0]!,
          ...(words.includes("dev") && { dev: value("dev") }),
          lladdr: value("lladdr"),
          state: [words.at(-1)!],
        };
      });
  }
}

/** Words of a link's first line and the names that they have in JSON; the rest are called as they are. */
const LINK_KEYS: Readonly<Record<string, string>> = { state: "operstate", mode: "linkmode", qlen: "txqlen" };
/** What the columns of `-s`, and those of errors, are called. */
const COUNTERS = {
  rx: ["bytes", "packets", "errors", "dropped", "over_errors", "multicast"],
  tx: ["bytes", "packets", "errors", "dropped", "carrier_errors", "collisions"],
};
const ERRORS = {
  rx: ["length_errors", "crc_errors", "frame_errors", "fifo_errors", "missed_errors"],
  tx: ["aborted_errors", "fifo_errors", "window_errors", "heartbeat_errors", "carrier_changes"],
};
const NUMBERS: ReadonlySet<string> = new Set(["mtu", "txqlen", "link_netnsid"]);
const FOREVER = 4_294_967_295;

function devices(lines: readonly string[], what: "address" | "link", brief: boolean): Json[] {
  const out: Record<string, Json>[] = [];
  let details: string | undefined;
  let counted: readonly [string, readonly string[]] | undefined;
  for (const line of lines) {
    const head = /^(\d+): ([^:@]+)(?:@(\S+))?: <([^>]*)> (.*)$/.exec(line);
    const last = out.at(-1);
    if (head) {
      const [, index = "", name = "", peer, flags = "", rest = ""] = head;
      const far: Record<string, Json> =
        peer === undefined ? {} : /^if\d+$/.test(peer) ? { link_index: Number(peer.slice(2)) } : { link: peer };
      const pairs = pairsOf(rest.split(" "), LINK_KEYS);
      out.push({ ifindex: Number(index), ...far, ifname: name, flags: flags.split(","), ...pairs });
      if (what === "address") out.at(-1)!["addr_info"] = [];
    } else if (last && line.startsWith("    link/")) {
      const [kind = "", address = "", , broadcast = "", ...rest] = line.trim().split(" ");
      const { addr_info, ...before } = last;
      details = line.includes(" promiscuity ") ? `${line.slice(line.indexOf(" promiscuity "))} ` : undefined;
      const own = { link_type: kind.slice("link/".length), address, broadcast };
      const netns = rest[0]?.startsWith("link-netns") ? pairsOf(rest.slice(0, 2), {}) : {};
      out[out.length - 1] = {
        ...before,
        ...own,
        ...netns,
        ...(details !== undefined && detailsOf(details)),
        ...(addr_info !== undefined && { addr_info }),
      };
    } else if (last && details !== undefined && / addrgenmode /.test(line)) {
      last["linkinfo"] = { info_kind: line.trim().split(" ")[0]! };
      Object.assign(last, detailsOf(line));
      details = undefined;
    } else if (last && line.startsWith("    alias ")) last["ifalias"] = line.slice("    alias ".length);
    else if (last && counted !== undefined) {
      const [way, names] = counted;
      const figures = line.trim().split(/\s+/).map(Number);
      const stats = (last["stats64"] ??= {}) as Record<string, Record<string, Json>>;
      stats[way] = { ...stats[way], ...Object.fromEntries(names.map((name, i) => [name, figures[i]!])) };
      counted = undefined;
    } else if (/^ {4}[RT]X/.test(line)) {
      const way = line.slice(4, 6).toLowerCase() as "rx" | "tx";
      counted = [way, (line.includes(" errors:") ? ERRORS : COUNTERS)[way]];
    } else if (last && line.startsWith("    inet ")) {
      (last["addr_info"] as Json[]).push(addressOf(line.trim().split(" ")));
    }
  }
  if (!brief) return out;
  return out.map(({ link_index, link, ifname, operstate, addr_info, address, flags }) => ({
    ...(link_index !== undefined && { link_index }),
    ...(link !== undefined && { link }),
    ifname: ifname!,
    operstate: operstate!,
    ...(what === "link"
      ? { address: address!, flags: flags! }
      : {
          addr_info: (addr_info as { local: Json; prefixlen: Json }[]).map(({ local, prefixlen }) => ({
            local,
            prefixlen,
          })),
        }),
  }));
}

const DETAILS: readonly (readonly [word: string, key: string])[] = [
  ["promiscuity", "promiscuity"],
  ["allmulti", "allmulti"],
  ["minmtu", "min_mtu"],
  ["maxmtu", "max_mtu"],
  ["addrgenmode", "inet6_addr_gen_mode"],
  ["numtxqueues", "num_tx_queues"],
  ["numrxqueues", "num_rx_queues"],
  ...["gso_max_size", "gso_max_segs", "tso_max_size", "tso_max_segs", "gro_max_size"].map(
    (name) => [name, name] as const,
  ),
];

/** What `-d` says of every device. */
function detailsOf(text: string): Record<string, Json> {
  const words = text.trim().split(/\s+/);
  const out: Record<string, Json> = {};
  for (const [word, key] of DETAILS) {
    const at = words.indexOf(word);
    if (at >= 0) out[key] = word === "addrgenmode" ? words[at + 1]! : Number(words[at + 1]);
  }
  return out;
}

function pairsOf(words: readonly string[], names: Readonly<Record<string, string>>): Record<string, Json> {
  const out: Record<string, Json> = {};
  for (let i = 0; i + 1 < words.length; i += 2) {
    const key = names[words[i]!] ?? words[i]!.replaceAll("-", "_");
    out[key] = NUMBERS.has(key) ? Number(words[i + 1]) : words[i + 1]!;
  }
  return out;
}

function addressOf(words: readonly string[]): Json {
  const [local = "", length] = words[1]!.split("/");
  const value = (key: string) => (words.includes(key) ? words[words.indexOf(key) + 1] : undefined);
  const broadcast = value("brd");
  const peer = value("peer");
  return {
    family: "inet",
    local,
    ...(peer !== undefined && { address: peer.split("/")[0]! }),
    prefixlen: Number(length ?? peer?.split("/")[1]),
    ...(broadcast !== undefined && { broadcast }),
    scope: value("scope") ?? "global",
    ...(words.includes("secondary") && { secondary: true }),
    label: words.at(-1)!,
    valid_life_time: FOREVER,
    preferred_life_time: FOREVER,
  };
}

const ROUTE_KEYS: Readonly<Record<string, string>> = {
  via: "gateway",
  dev: "dev",
  table: "table",
  proto: "protocol",
  scope: "scope",
  src: "prefsrc",
  uid: "uid",
  metric: "metric",
  mark: "mark",
};

function routeOf(line: string): { readonly [key: string]: Json } {
  const words = line.trim().split(" ");
  const typed = /^(local|broadcast|blackhole|unreachable|prohibit|throw|unicast)$/.test(words[0]!);
  const out: Record<string, Json> = typed ? { type: words.shift()! } : {};
  out["dst"] = words.shift()!;
  const metrics: Record<string, Json> = {};
  for (let i = 0; i < words.length; i++) {
    const key = ROUTE_KEYS[words[i]!];
    if (METRICS.includes(words[i]!)) {
      const locked = words[i + 1] === "lock";
      const name = words[i]!;
      i += locked ? 2 : 1;
      metrics[name] = Number(words[i]);
      if (locked) metrics["locks"] = [name];
    } else if (key === "metric" || key === "mark") out[key] = Number(words[++i]);
    else if (key !== undefined && key !== "uid") out[key] = words[++i]!;
    else if (key === "uid") i++;
  }
  out["flags"] = words.includes("onlink") ? ["onlink"] : [];
  if (Object.keys(metrics).length > 0) out["metrics"] = [metrics];
  if (words.includes("uid")) out["uid"] = Number(words[words.indexOf("uid") + 1]);
  return out;
}

/** The layout of `-p` (lib/json_writer.c). */
function pretty(value: Json, depth: number): string {
  const indent = (n: number) => `\n${"    ".repeat(n)}`;
  if (Array.isArray(value)) {
    const items = (value as readonly Json[]).map((one) => pretty(one, depth + 1));
    return items.length === 0 ? "[ ]" : `[ ${items.join(",")} ]`;
  }
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const fields = Object.entries(value).map(
    ([key, one]) => `${indent(depth + 1)}${JSON.stringify(key)}: ${pretty(one, depth + 1)}`,
  );
  return `{${fields.join(",")}${indent(depth)}}`;
}

// ---- colours --------------------------------------------------------------------------------------------------------

const COLORS = { red: 31, green: 32, yellow: 33, magenta: 35, cyan: 36 } as const;

function colour(color: keyof typeof COLORS, text: string): string {
  return `\u001b[${COLORS[color]}m${text}\u001b[0m`;
}

const MAC = /[0-9a-f]{2}(?::[0-9a-f]{2}){5}/g;
const stateColor = (state: string): keyof typeof COLORS | undefined =>
  state === "UP" ? "green" : state === "DOWN" || state === "LOWERLAYERDOWN" ? "red" : undefined;

/** lib/color.c, on a dark background or an unknown one. */
function paint(text: string, what: Listing, brief: boolean): string {
  return text
    .split("\n")
    .map((line) => {
      if (line === "") return line;
      if (what === "route" || what === "get" || what === "neighbour") return paintRoute(line);
      return brief ? paintBrief(line) : paintDevice(line);
    })
    .join("\n");
}

function paintBrief(line: string): string {
  const [, name = "", state = "", rest = ""] = /^(\S+\s+)(\S+\s+)(.*)$/.exec(line) ?? [];
  const color = stateColor(state.trim());
  const painted = rest
    .replace(MAC, (mac) => colour("yellow", mac))
    .replace(/(\d+(?:\.\d+){3})\//g, (_, a: string) => `${colour("magenta", a)}/`);
  return `${colour("cyan", name)}${color ? colour(color, state) : state}${painted}`;
}

function paintDevice(line: string): string {
  return line
    .replace(/^(\d+: )(\S+ )/, (_, index: string, name: string) => index + colour("cyan", name))
    .replace(/( state )(\S+ )/, (all, key: string, state: string) => {
      const color = stateColor(state.trim());
      return color ? key + colour(color, state) : all;
    })
    .replace(
      /^( {4}inet )(\S+)(\/)/,
      (_, key: string, address: string, slash: string) => key + colour("magenta", address) + slash,
    )
    .replace(/^ {4}link\/.*$/, (all) => all.replace(MAC, (mac) => colour("yellow", mac)));
}

function paintRoute(line: string): string {
  const words = line.split(" ");
  return words
    .map((word, i) => {
      const before = words[i - 1] ?? "";
      const first = i === 0 || (i === 1 && /^(local|broadcast)$/.test(before));
      // The blank behind a word has its colour, too.
      if (["via", "src"].includes(before) || (first && /^\d/.test(word))) return colour("magenta", `${word} `);
      if (before === "dev") return colour("cyan", `${word} `);
      if (before === "lladdr") return `${colour("yellow", word)} `;
      return i === words.length - 1 ? word : `${word} `;
    })
    .join("");
}
