import { formatTime } from "../../api/time.ts";
import { type Gen, MS, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type NetNamespace, routeTo } from "../../network/index.ts";
import { handmadeWay, isHandmade } from "../../network/links.ts";
import { showQuestion } from "../../network/neighbours.ts";
import { lookupError, nameOf, resolveHost } from "../../network/resolver.ts";
import { traceOf } from "../../network/trace.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { answerAt } from "./traceroute.ts";

function* optionsOf(p: Process, name: string, short: string, long = ""): Gen<ParsedOptions | undefined> {
  try {
    return parseOptions(p.argv.slice(1), { short, long });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `${name}: ${error.message}\n`);
    return undefined;
  }
}

function* addressFor(p: Process, name: string, host: string): Gen<string | undefined> {
  const found = yield* resolveHost(p, host);
  if (found.ok) return found.addresses[0]!;
  const why = p.applet ? `bad address '${host}'` : `${host}: ${lookupError(found.why)}`;
  yield* sys.printError(p, `${name}: ${why}\n`);
  return undefined;
}

/** The hardware address behind an address of the same wire; undefined: nobody answers. */
function macOf(net: NetNamespace, address: string): string | undefined {
  const { network } = net;
  const owner = network.ownerOf(address);
  if (owner === undefined || owner === net || network.isDark(owner) || network.isDark(net)) return undefined;
  if (isHandmade(network, net, address) && handmadeWay(net, address) !== "there") return undefined;
  // A Pod's wire is the bridge of its own machine.
  if (net.host !== net && owner.host !== net.host) return undefined;
  for (const { addresses, mac } of owner.interfaces.values())
    if (addresses.some((cidr) => cidr.startsWith(`${address}/`))) return mac;
  return undefined;
}

/** arping of iputils, or BusyBox's: asks who has an address. */
export const arping: Program = function* (p) {
  const busybox = p.applet;
  const o = yield* optionsOf(p, "arping", "AbDfqUVc:w:I:s:i:");
  if (o === undefined) return 2;
  const [host] = o.operands;
  if (host === undefined) {
    yield* sys.printError(p, "Usage:\n  arping [options] <destination>\n");
    return 2;
  }
  if (p.cred.uid !== 0 && !busybox) {
    yield* sys.printError(p, "arping: socket: Operation not permitted\n");
    return 2;
  }
  const address = yield* addressFor(p, "arping", host);
  if (address === undefined) return 2;
  const { net } = p.ns;
  const route = routeTo(net, address);
  const device = o.value("I") ?? o.value("i") ?? (busybox ? "eth0" : (route?.device ?? "eth0"));
  const own = net.interfaces.get(device)?.addresses[0]?.split("/")[0];
  if (own === undefined) {
    yield* sys.printError(p, `arping: Device ${device} not available.\n`);
    return 2;
  }
  yield* sys.print(
    p,
    busybox ? `ARPING to ${address} from ${own} via ${device}\n` : `ARPING ${address} from ${own} ${device}\n`,
  );
  const count = Number(o.value("c") ?? Number.POSITIVE_INFINITY);
  const until =
    o.value("w") === undefined ? Number.POSITIVE_INFINITY : p.machine.kernel.now + Number(o.value("w")) * SECOND;
  let [sent, got, broadcasts] = [0, 0, 0];
  p.dispositions.set("INT", "catch");
  while (sent < count && p.machine.kernel.now < until) {
    const mac = macOf(net, address);
    sent++;
    // Once somebody has answered the question goes to him alone.
    if (got === 0 || o.has("b")) broadcasts++;
    if (p.machine.network.taps.size > 0) showQuestion(p.machine.network, { ns: net, device, to: address }, mac);
    if (mac !== undefined) {
      got++;
      const us = 220 + p.machine.kernel.random("arping").int(0, 400);
      yield* sleep(us);
      const shown = busybox ? mac : mac.toUpperCase();
      if (!o.has("q"))
        yield* sys.print(
          p,
          `Unicast reply from ${address} [${shown}]  ${(us / 1000).toFixed(3)}ms\n`.replace(
            "]  ",
            busybox ? "] " : "]  ",
          ),
        );
      if (o.has("f")) break;
    }
    if (sent < count && (yield* sleep(SECOND)) === "interrupted") break;
    if (mac === undefined && sent >= count) yield* sleep(SECOND);
  }
  yield* sys.print(
    p,
    busybox
      ? `Sent ${sent} probe(s) (${broadcasts} broadcast(s))\nReceived ${got} response(s) (0 request(s), 0 broadcast(s))\n`
      : `Sent ${sent} probes (${broadcasts} broadcast(s))\nReceived ${got} response(s)\n`,
  );
  return got > 0 ? 0 : 1;
};

/** tracepath of iputils: the way to a host, and the largest packets that it takes. */
export const tracepath: Program = function* (p) {
  const o = yield* optionsOf(p, "tracepath", "46nbVl:m:p:");
  if (o === undefined) return 1;
  const [host] = o.operands;
  if (host === undefined) {
    yield* sys.printError(p, "tracepath: usage error: Destination required\n");
    return 1;
  }
  const address = yield* addressFor(p, "tracepath", host);
  if (address === undefined) return 2;
  const { kernel, network } = p.machine;
  const { net } = p.ns;
  const mtu = net.interfaces.get(routeTo(net, address)?.device ?? "eth0")?.mtu ?? 1500;
  yield* sys.print(p, ` 1?: [LOCALHOST]                      pmtu ${mtu}\n`);
  const most = Number(o.value("m") ?? 30);
  for (let ttl = 1; ttl <= most; ttl++) {
    const answer = answerAt(traceOf(network, net, "udp", address, 44_444), ttl, address);
    if (answer === undefined) {
      yield* sleep(3 * SECOND);
      yield* sys.print(p, `${String(ttl).padStart(2)}:  no reply\n`);
      continue;
    }
    const tries = ttl === 1 ? 2 : 1;
    for (let i = 0; i < tries; i++) {
      const us = answer.us + kernel.random("tracepath").int(0, 90);
      yield* sleep(us);
      const name = o.has("n") ? answer.from : ((yield* nameOf(p, answer.from)) ?? answer.from);
      const text = `${String(ttl).padStart(2)}:  ${name.padEnd(54)} ${(us / 1000).toFixed(3)}ms `;
      yield* sys.print(p, `${text}${answer.over ? "reached" : ""}\n`);
      if (answer.over && i === tries - 1) {
        yield* sys.print(p, `     Resume: pmtu ${mtu} hops ${ttl} back ${ttl} \n`);
        return 0;
      }
    }
  }
  yield* sys.print(p, `     Too many hops: pmtu ${mtu}\n     Resume: pmtu ${mtu} \n`);
  return 0;
};

/** mtr with a report (`-r`): how each machine on the way answers. */
export const mtr: Program = function* (p) {
  const o = yield* optionsOf(
    p,
    "mtr",
    "46nrwbzuTc:i:m:s:",
    "report=r report-wide=w no-dns=n report-cycles:=c interval:=i show-ips=b udp=u tcp=T",
  );
  if (o === undefined) return 1;
  const [host] = o.operands;
  const address = host === undefined ? undefined : yield* addressFor(p, "mtr", host);
  if (address === undefined) return 1;
  const { kernel, network } = p.machine;
  const cycles = Number(o.value("c") ?? 10);
  const interval = Number(o.value("i") ?? 1) * SECOND;
  const random = kernel.random("mtr");
  const rows: { name: string; from: string; times: number[] }[] = [];
  const date = formatTime(kernel.wallMs).replace(/Z$/, "+0000");
  for (let cycle = 0; cycle < cycles; cycle++) {
    const trace = traceOf(network, p.ns.net, "icmp", address, 0);
    for (let ttl = 1; ttl <= 30; ttl++) {
      const answer = answerAt(trace, ttl, address);
      const row = (rows[ttl - 1] ??= { name: "???", from: "", times: [] });
      if (answer === undefined) {
        if (ttl > trace.routers.length) break;
        continue;
      }
      if (row.from !== answer.from)
        row.name = o.has("n") ? answer.from : ((yield* nameOf(p, answer.from)) ?? answer.from);
      row.from = answer.from;
      row.times.push((answer.us + random.int(0, 90)) / 1000);
      if (answer.over) break;
    }
    if ((yield* sleep(Math.max(interval, 100 * MS))) === "interrupted") break;
  }
  const width = Math.max(28, ...rows.map(({ name }) => name.length + 6));
  yield* sys.print(
    p,
    `Start: ${date}\nHOST: ${p.ns.uts.hostname.padEnd(width - 6 + 2)} Loss%   Snt   Last   Avg  Best  Wrst StDev\n`,
  );
  for (const [i, { name, times }] of rows.entries()) {
    const n = times.length;
    const mean = n === 0 ? 0 : times.reduce((sum, time) => sum + time, 0) / n;
    const spread = n < 2 ? 0 : Math.sqrt(times.reduce((sum, time) => sum + (time - mean) ** 2, 0) / (n - 1));
    const cell = (value: number) => value.toFixed(1).padStart(6);
    const figures = [
      times.at(-1) ?? 0,
      mean,
      n === 0 ? 0 : Math.min(...times),
      n === 0 ? 0 : Math.max(...times),
      spread,
    ];
    const loss = `${(100 - (100 * n) / cycles).toFixed(1)}%`.padStart(6);
    yield* sys.print(
      p,
      `${String(i + 1).padStart(3)}.|-- ${name.padEnd(width - 6)} ${loss} ${String(cycles).padStart(5)} ${figures.map(cell).join("")}\n`,
    );
  }
  return 0;
};
