import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { askInVain } from "../../network/neighbours.ts";
import { lookupError, nameOf, resolveHost } from "../../network/resolver.ts";
import { type Trace, traceOf } from "../../network/trace.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

/** First port of UDP probes, which goes up with each. */
const PORT = 33_434;
/** What is waited for a hop that keeps silent; the others of it are on their way meanwhile. */
const PATIENCE = 5 * SECOND;

/** traceroute(8) of Linux, or BusyBox's: the machines that forward a packet, one after the other. */
export const traceroute: Program = function* (p) {
  const busybox = p.applet;
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), {
      short: "46FITUnf:m:p:q:w:s:i:N:z:Vr",
      long: "icmp=I tcp=T udp=U max-hops:=m queries:=q port:=p first:=f wait:=w interface:=i",
    });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `traceroute: ${error.message}\n`);
    return 2;
  }
  if (o.has("V", "version")) {
    yield* sys.print(
      p,
      "Modern traceroute for Linux, version 2.1.2\nCopyright (c) 2016  Dmitry Butskoy,   License: GPL v2 or any later\n",
    );
    return 0;
  }
  const [host] = o.operands;
  if (host === undefined) {
    const usage =
      "Usage:\n  traceroute [ -46dFITnreAUDV ] [ -f first_ttl ] [ -g gate,... ] [ -i device ] [ -m max_ttl ] [ -N squeries ] [ -p port ] [ -t tos ] [ -l flow_label ] [ -w MAX,HERE,NEAR ] [ -q nqueries ] [ -s src_addr ] [ -z sendwait ] [ --fwmark=num ] host [ packetlen ]\n";
    yield* sys.printError(p, usage);
    return o.has("help") ? 0 : 2;
  }
  const found = yield* resolveHost(p, host);
  if (!found.ok) {
    yield* sys.printError(
      p,
      busybox
        ? `traceroute: bad address '${host}'\n`
        : `${host}: ${lookupError(found.why)}\nCannot handle "host" cmdline arg \`${host}' on position 1 (argc ${p.argv.indexOf(host)})\n`,
    );
    return busybox ? 1 : 2;
  }
  if (o.has("I", "T") && p.cred.uid !== 0) {
    yield* sys.printError(
      p,
      "You do not have enough privileges to use this traceroute method.\nsocket: Operation not permitted\n",
    );
    return 1;
  }
  return yield* follow(p, o, host, found.addresses[0]!, busybox);
};

function* follow(p: Process, o: ParsedOptions, host: string, address: string, busybox: boolean): Gen<number> {
  const most = Number(o.value("m") ?? 30);
  const queries = Number(o.value("q") ?? 3);
  const patience = o.value("w") === undefined ? PATIENCE : Number(o.value("w")!.split(",")[0]) * SECOND;
  const protocol = o.has("I") ? "icmp" : o.has("T") ? "tcp" : "udp";
  const fixed = o.value("p") === undefined ? undefined : Number(o.value("p"));
  const { kernel, network } = p.machine;
  const size = busybox ? 46 : 60;
  yield* sys.print(p, `traceroute to ${host} (${address}), ${most} hops max, ${size} byte packets\n`);
  let probe = 0;
  for (let ttl = Number(o.value("f") ?? 1); ttl <= most; ttl++) {
    let line = String(ttl).padStart(2) + (busybox ? "" : " ");
    let last = "";
    let over = false;
    let silent = 0;
    for (let query = 0; query < queries; query++) {
      const port = protocol === "tcp" ? (fixed ?? 80) : o.has("U") ? (fixed ?? 53) : (fixed ?? PORT) + probe++;
      const trace = traceOf(network, p.ns.net, protocol, address, protocol === "icmp" ? 0 : port);
      const answer = answerAt(trace, ttl, address) ?? askerOf(p, trace, ttl, address, patience);
      if (answer === undefined) {
        line += busybox ? "  *" : " *";
        silent++;
        continue;
      }
      const us =
        Math.round(answer.us * (query === 0 || answer.note === " !H" ? 1 : 0.6)) +
        kernel.random("traceroute").int(0, 9);
      yield* sleep(us);
      if (answer.from !== last) line += `${busybox ? "  " : " "}${yield* shown(p, o, answer.from)}`;
      last = answer.from;
      line += `  ${(us / 1000).toFixed(3)} ms${answer.note}`;
      over ||= answer.over;
    }
    // Probes are sent side by side: the silent ones cost their wait once.
    if (silent > 0) yield* sleep(busybox ? patience * silent : patience);
    yield* sys.print(p, `${line}\n`);
    if (over) return 0;
  }
  return 0;
}

/** Who would hand the probe to its end, and gives up asking for it in time. */
function askerOf(
  p: Process,
  { end, routers }: Trace,
  ttl: number,
  address: string,
  patience: number,
): Answer | undefined {
  if (end !== "lost" || ttl !== routers.length + 1) return undefined;
  const { network, kernel } = p.machine;
  const vain = askInVain(network, p.ns.net, address);
  if (vain === undefined || vain.sent || vain.until - kernel.now > patience) return undefined;
  return { from: vain.by, us: Math.max(30, vain.until - kernel.now), note: " !H", over: true };
}

function* shown(p: Process, o: ParsedOptions, address: string): Gen<string> {
  if (o.has("n")) return address;
  return `${(yield* nameOf(p, address)) ?? address} (${address})`;
}

/** An answer to a probe. */
export interface Answer {
  from: string;
  us: number;
  note: string;
  over: boolean;
}

/** Who answers a probe that may pass so many machines less one. */
export function answerAt(trace: Trace, ttl: number, address: string): Answer | undefined {
  const router = trace.routers[ttl - 1];
  const us = 30 + trace.machines * 150 + Math.min(ttl, trace.routers.length) * 12;
  if (router !== undefined) {
    const dies = trace.end === "refused" && trace.routers.length === ttl;
    return { from: router, us, note: dies ? trace.note : "", over: dies };
  }
  if (trace.end === "reached" && ttl === trace.routers.length + 1) return { from: address, us, note: "", over: true };
  return undefined;
}
