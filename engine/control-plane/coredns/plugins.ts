/** Plugins around the answers: errors, log, loadbalance, cache, forward, loop. */
import { type Gen, SECOND } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { answer, type DnsMessage, decodeDns, encodeDns, query as question } from "../../network/dns.ts";
import { isNetError } from "../../network/index.ts";
import { isIpv4 } from "../../network/resolver.ts";
import { normal, within } from "./corefile.ts";
import { seconds as durationOf } from "./directive-checks.ts";
import { file } from "./file.ts";
import { acl, any, autopath, minimal } from "./guards.ts";
import { kubernetes } from "./kubernetes.ts";
import { hosts, template } from "./names.ts";
import { patternOf } from "./pattern.ts";
import { type Query, type Setup, SetupError, UpstreamError } from "./plugin.ts";
import { rewrite } from "./rewrite.ts";
import { chaos, whoami } from "./self.ts";

/** What one upstream is given, and all of them together. */
const UPSTREAM_TIMEOUT = 2 * SECOND;
const FORWARD_DEADLINE = 5 * SECOND;
const MOST_UPSTREAMS = 15;
/** Names that nobody asks for but the plugin loop itself. */
const LOOP_SEEN = 2;

function flagsOf(message: DnsMessage): string {
  return ["qr", message.authoritative && "aa", message.recursionDesired && "rd", message.recursionAvailable && "ra"]
    .filter(Boolean)
    .join(",");
}

/** How the plugin log lays its lines out (plugin/log/log.go), with names of plugin/pkg/replacer. */
const COMMON =
  '{remote}:{port} - {>id} "{type} {class} {name} {proto} {size} {>do} {>bufsize}" {rcode} {>rflags} {rsize} {duration}';
const FORMATS: Readonly<Record<string, string>> = { "{common}": COMMON, "{combined}": `${COMMON} "{>opcode}"` };

/** plugin/log: a line a question. */
const log: Setup = ({ args, block }, { p, log: say, kernel, random }) => {
  const last = args.length > 1 ? args.at(-1)! : "";
  const format = last.includes("{") ? (FORMATS[last] ?? last) : COMMON;
  const zones = (last.includes("{") ? args.slice(0, -1) : args).map(normal);
  const classes = new Set(block.filter(({ name }) => name === "class").flatMap(({ args: words }) => words));
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      if (zones.length > 0 && !zones.some((zone) => within(name, zone))) return yield* next(query);
      const start = kernel.now;
      const found = yield* next(query);
      const rcode = found?.rcode ?? "REFUSED";
      const kind =
        rcode !== "NOERROR"
          ? rcode === "NXDOMAIN"
            ? "denial"
            : "error"
          : found!.answers.length > 0
            ? "success"
            : "denial";
      if (classes.size > 0 && !classes.has("all") && !classes.has(kind)) return found;
      const { client, asked, protocol, size } = query;
      const seconds = ((kernel.now - start) / SECOND + random.int(41_000, 390_000) / 1e9).toFixed(9);
      const reply = found ?? answer(asked, "REFUSED", [], { recursion: false });
      const fields: Record<string, string | number> = {
        remote: client.address,
        port: client.port,
        local: p.ns.net.firstAddress(),
        type: query.question.type,
        class: query.question.class ?? "IN",
        name: `${name}.`,
        proto: protocol,
        size,
        rcode,
        rsize: encodeDns(reply).length,
        duration: `${seconds}s`,
        ">id": asked.id,
        ">opcode": 0,
        ">do": "false",
        ">bufsize": asked.edns ?? 512,
        ">rflags": flagsOf(reply),
      };
      say(`[INFO] ${format.replace(/\{(>?\w+)\}/g, (all, field: string) => String(fields[field] ?? all))}`);
      return found;
    },
  };
};

/** plugin/errors: what went wrong behind a SERVFAIL; `consolidate` tells of many at once. */
const errors: Setup = ({ block }, { log: say, kernel }) => {
  const patterns = block
    .filter(({ name }) => name === "consolidate")
    .map(({ args: [period = "", pattern = "", level = "error"] }) => ({
      period,
      text: pattern,
      pattern: patternOf(pattern),
      level: level.toUpperCase(),
      count: 0,
    }));
  const note = (line: string): void => {
    const met = patterns.find(({ pattern }) => pattern.test(line));
    if (met === undefined) say(`[ERROR] plugin/errors: ${line}`);
    else if (++met.count === 1)
      kernel.after(durationOf(met.period) * SECOND, "coredns errors", () => {
        say(
          `[${met.level}] plugin/errors: ${met.count} errors like '${met.text}' occurred in last ${goDuration(met.period)}`,
        );
        met.count = 0;
      });
  };
  return {
    *serve(query, next) {
      try {
        return yield* next(query);
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        note(`2 ${normal(query.question.name)}. ${query.question.type}: ${error.message}`);
        return answer(query.asked, "SERVFAIL", [], { recursion: false });
      }
    },
  };
};

/** As Go prints a duration. */
function goDuration(text: string): string {
  const all = durationOf(text);
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  return hours > 0 ? `${hours}h${minutes}m${rest}s` : minutes > 0 ? `${minutes}m${rest}s` : `${rest}s`;
}

/** plugin/loadbalance round_robin: addresses in another order each time. */
const loadbalance: Setup = (_, { random }) => ({
  *serve(query, next) {
    const found = yield* next(query);
    if (found === undefined) return undefined;
    const at = found.answers.flatMap(({ type }, i) => (type === "A" || type === "AAAA" ? [i] : []));
    if (at.length < 2) return found;
    const answers = [...found.answers];
    for (let i = at.length - 1; i > 0; i--) {
      const j = random.int(0, i);
      [answers[at[i]!], answers[at[j]!]] = [answers[at[j]!]!, answers[at[i]!]!];
    }
    return { ...found, answers };
  },
});

interface Kept {
  message: DnsMessage;
  at: number;
  /** Seconds. */
  ttl: number;
}

/** plugin/cache: answers stay for as long as they say, at most so many seconds. */
const cache: Setup = ({ args, block }, { kernel, zones: own, port, metrics }) => {
  const seconds = args[0] !== undefined && /^\d+$/.test(args[0]) ? Number(args[0]) : undefined;
  const given = args.slice(seconds === undefined ? 0 : 1).map(normal);
  const zones = given.length > 0 ? given : own;
  const limits = { success: seconds ?? 3600, denial: seconds ?? 1800 };
  const off: { kind: string; zones: string[] }[] = [];
  /** Seconds that a failure is kept. */
  let failure = 5;
  let keeps = false;
  for (const { name, args: words } of block) {
    if (name === "disable") off.push({ kind: words[0] ?? "", zones: words.slice(1).map(normal) });
    else if ((name === "success" || name === "denial") && words[1] !== undefined) limits[name] = Number(words[1]);
    else if (name === "servfail") failure = durationOf(words[0]!);
    else if (name === "keepttl") keeps = true;
  }
  const kept = new Map<string, Kept>();
  const server = `dns://:${port}`;
  const rest = { view: "", zones: zones.map((zone) => `${zone}.`).join(",") };
  const labels = { server, ...rest };
  const kindOf = ({ rcode, answers }: DnsMessage) => (rcode === "NOERROR" && answers.length > 0 ? "success" : "denial");
  const disabled = (kind: string, name: string) =>
    off.some((one) => one.kind === kind && (one.zones.length === 0 || one.zones.some((zone) => within(name, zone))));
  return {
    gauges() {
      const counts = { denial: 0, success: 0 };
      for (const { message } of kept.values()) counts[kindOf(message)]++;
      const samples = Object.entries(counts).map(([type, value]) => ({ labels: { server, type, ...rest }, value }));
      return [{ name: "cache_entries", samples }];
    },
    *serve(query, next) {
      const name = normal(query.question.name);
      if (!zones.some((zone) => within(name, zone))) return yield* next(query);
      const key = `${name} ${query.question.type}`;
      const known = kept.get(key);
      const age = known === undefined ? 0 : (kernel.now - known.at) / SECOND;
      metrics.count("cache_requests_total", labels);
      if (known !== undefined && age < known.ttl) {
        metrics.count("cache_hits_total", { server, type: kindOf(known.message), ...rest });
        const aged = (records: DnsMessage["answers"]) =>
          records.map((record) => (keeps ? record : { ...record, ttl: Math.max(0, known.ttl - Math.floor(age)) }));
        const { message } = known;
        return {
          ...message,
          id: query.asked.id,
          questions: query.asked.questions,
          answers: aged(message.answers),
          authorities: aged(message.authorities),
        };
      }
      metrics.count("cache_misses_total", labels);
      const found = yield* next(query);
      if (found === undefined) return undefined;
      const kind = kindOf(found);
      if (found.rcode === "SERVFAIL") {
        if (failure > 0) kept.set(key, { message: found, at: kernel.now, ttl: failure });
        return found;
      }
      if (disabled(kind, name)) return found;
      const least = Math.min(
        limits[kind],
        ...found.answers.map(({ ttl }) => ttl),
        ...found.authorities.map(({ ttl }) => ttl),
      );
      if (kept.size > 9_984) kept.clear();
      if (least > 0) kept.set(key, { message: found, at: kernel.now, ttl: least });
      const capped = (records: DnsMessage["answers"]) =>
        records.map((record) => ({ ...record, ttl: Math.min(record.ttl, least) }));
      return { ...found, answers: capped(found.answers), authorities: capped(found.authorities) };
    },
  };
};

/** plugin/forward: asks other servers. */
const forward: Setup = ({ args: [from = ".", ...targets], block }, { p, random, kernel, metrics }) => {
  if (targets.length > MOST_UPSTREAMS)
    throw new SetupError(`more than ${MOST_UPSTREAMS} TOs configured: ${targets.length}`);
  const zone = normal(from);
  const except = block.filter(({ name }) => name === "except").flatMap(({ args }) => args.map(normal));
  const policy = block.find(({ name }) => name === "policy")?.args[0] ?? "random";
  const upstreams = targets.flatMap((target) => upstreamsOf(p, target));
  let turn = 0;
  const order = (): { address: string; port: number }[] => {
    const first = policy === "sequential" ? 0 : policy === "round_robin" ? turn++ : random.int(0, upstreams.length - 1);
    return upstreams.map((_, i) => upstreams[(first + i) % upstreams.length]!);
  };
  return {
    *serve(query, next) {
      const name = normal(query.question.name);
      if (!within(name, zone) || except.some((each) => within(name, each))) return yield* next(query);
      const start = kernel.now;
      let why = "no healthy upstream";
      for (const { address, port } of order()) {
        if (kernel.now - start >= FORWARD_DEADLINE) break;
        const asked = kernel.now;
        const local = `${p.ns.net.firstAddress()}:${random.int(32_768, 60_999)}`;
        try {
          const bytes = encodeDns({ ...query.asked, id: random.int(1, 65_535) });
          const left = Math.min(UPSTREAM_TIMEOUT, start + FORWARD_DEADLINE - kernel.now);
          const found = decodeDns(yield* p.machine.network.exchange(p.ns.net, address, port, bytes, left));
          if (found === undefined) continue;
          const labels = { proxy_name: "forward", rcode: found.rcode, to: `${address}:${port}` };
          metrics.observe("proxy_request_duration_seconds", labels, (kernel.now - asked) / SECOND);
          return { ...found, id: query.asked.id, edns: query.asked.edns, cookie: query.asked.cookie };
        } catch (error) {
          if (!isNetError(error)) throw error;
          const words =
            error.code === "ECONNREFUSED"
              ? "read: connection refused"
              : error.code === "ETIMEDOUT"
                ? "i/o timeout"
                : error.message;
          why = `read udp ${local}->${address}:${port}: ${words}`;
        }
      }
      throw new UpstreamError(why);
    },
  };
};

/** Servers that a word of `forward` names: an address, or a file in the form of resolv.conf. */
function upstreamsOf(p: Parameters<typeof sys.readText>[0], target: string): { address: string; port: number }[] {
  const [, address = "", port] = /^(?:dns:\/\/|tls:\/\/)?([^:]*)(?::(\d+))?$/.exec(target) ?? [];
  if (isIpv4(address)) return [{ address, port: Number(port ?? 53) }];
  const wrong = new SetupError(`not an IP address or file: "${target}"`);
  if (!target.startsWith("/")) throw wrong;
  try {
    const servers = [...sys.readText(p, target).matchAll(/^\s*nameserver\s+(\d+(?:\.\d+){3})/gm)];
    return servers.map((match) => ({ address: match[1]!, port: 53 }));
  } catch (error) {
    if (isErrno(error)) throw wrong;
    throw error;
  }
}

/** plugin/loop: asks itself something that nobody else would; hearing it again means that forwarding comes back here. */
const loop: Setup = (_, { p, random, zones, port, end, kernel }) => {
  const probe = `${random.uint32()}${random.uint32()}.${random.uint32()}${random.uint32()}`;
  const zone = zones[0] ?? "";
  const name = zone === "" ? probe : `${probe}.${zone}`;
  let seen = 0;
  return {
    start() {
      kernel.spawn("coredns loop", send());
    },
    *serve(query: Query, next) {
      if (query.question.type === "HINFO" && normal(query.question.name) === name && ++seen > LOOP_SEEN) {
        end(
          `[FATAL] plugin/loop: Loop (${query.client.address}:${query.client.port} -> :${port}) detected for zone "${zone}.", see https://coredns.io/plugins/loop#troubleshooting. Query: "HINFO ${name}."`,
        );
        return undefined;
      }
      return yield* next(query);
    },
  };
  function* send(): Gen {
    try {
      yield* p.machine.network.exchange(
        p.ns.net,
        "127.0.0.1",
        port,
        encodeDns(question(random.int(1, 65_535), name, "HINFO")),
        UPSTREAM_TIMEOUT,
      );
    } catch (error) {
      if (!isNetError(error)) throw error;
    }
  }
};

/** What acts outside of the chain, or changes nothing that can be seen here. */
function passively(name: string): readonly [string, Setup] {
  return [name, passive];
}

const passive: Setup = () => ({
  *serve(query, next) {
    return yield* next(query);
  },
});

/** The plugins in the order in which a question meets them, whatever the Corefile's (coredns 1.11 plugin.cfg). */
export const ORDER: readonly (readonly [string, Setup])[] = [
  ...["root", "metadata", "geoip", "cancel", "tls", "timeouts"].map(passively),
  ...["reload", "nsid", "bufsize", "bind", "debug", "trace", "ready", "health", "pprof", "prometheus"].map(passively),
  ["errors", errors],
  ["log", log],
  ...["dnstap", "local", "dns64"].map(passively),
  ["acl", acl],
  ["any", any],
  ["chaos", chaos],
  ["loadbalance", loadbalance],
  passively("tsig"),
  ["cache", cache],
  ["rewrite", rewrite],
  ...["header", "dnssec"].map(passively),
  ["autopath", autopath],
  ["minimal", minimal],
  ["template", template],
  passively("transfer"),
  ["hosts", hosts],
  ...["route53", "azure", "clouddns", "k8s_external"].map(passively),
  ["kubernetes", kubernetes],
  ["file", file],
  ...["auto", "secondary", "etcd"].map(passively),
  ["loop", loop],
  ["forward", forward],
  ...["grpc", "erratic"].map(passively),
  ["whoami", whoami],
  ...["on", "sign", "view"].map(passively),
];
