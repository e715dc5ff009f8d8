import { type Gen, SECOND, sleep } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { show } from "../../network/capture.ts";
import { isIpv6 } from "../../network/dns.ts";
import { arrive } from "../../network/flows.ts";
import { type NetNamespace, type Network, policySteps } from "../../network/index.ts";
import { handmadeWay, isHandmade } from "../../network/links.ts";
import { askInVain, meet, misled } from "../../network/neighbours.ts";
import { onceAround } from "../../network/netem.ts";
import { type Path, pathOf } from "../../network/path.ts";
import { lookupError, nameOf, resolveHost } from "../../network/resolver.ts";
import { isRoutable } from "../../network/routes.ts";
import { traceOf } from "../../network/trace.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

/** Options of ping that are whole numbers, and between which. */
const RANGES: Readonly<Record<string, readonly [number, string]>> = {
  c: [1, "9223372036854775807"],
  l: [1, "65536"],
  s: [0, "65507"],
  t: [0, "255"],
  w: [0, "2147483647"],
};

/** What iputils says of a number that is none, or is beyond what it may be. */
function wrongNumber(o: ParsedOptions): string | undefined {
  for (const { key, value = "" } of o.list) {
    const range = RANGES[key];
    if (range === undefined) continue;
    if (!/^[+-]?\d+$/.test(value)) return `invalid argument: '${value}'`;
    const [least, most] = range;
    if (Number(value) < least || Number(value) > Number(most))
      return `invalid ${key === "s" ? "-s value" : "argument"}: '${value}': out of range: ${least} <= value <= ${most}`;
  }
  return undefined;
}

/** ping(8) of iputils; BusyBox's words where the image has BusyBox. */
export const ping: Program = function* (p) {
  const busybox = p.applet;
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "46Ac:i:W:w:s:qnt:I:fvDORVM:p:l:Q:S:T:aBbdLrU", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `ping: ${error.message}\n\nUsage\n  ping [options] <destination>\n`);
    return 2;
  }
  if (o.has("V") && !busybox) {
    const features = "libcap: yes, IDN: yes, NLS: no, error.h: yes, getrandom(): yes, __fpending(): yes";
    yield* sys.print(p, `ping from iputils 20221126\n${features}\n`);
    return 0;
  }
  const wrong = busybox ? undefined : wrongNumber(o);
  if (wrong !== undefined) {
    yield* sys.printError(p, `ping: ${wrong}\n`);
    return 1;
  }
  const host = o.operands.at(-1);
  if (host === undefined) {
    yield* sys.printError(p, "ping: usage error: Destination address required\n");
    return 1;
  }
  const six = (o.has("6") || /ping6$/.test(p.argv[0]!)) && !o.has("4");
  if (!busybox && (six || isIpv6(host))) return yield* overIpv6(p, host, six || !o.has("4"));
  const found = yield* resolveHost(p, host);
  if (!found.ok) {
    yield* sys.printError(p, busybox ? `ping: bad address '${host}'\n` : `ping: ${host}: ${lookupError(found.why)}\n`);
    return busybox ? 1 : 2;
  }
  const address = found.addresses[0]!;
  const { network } = p.machine;
  if (
    isHandmade(network, p.ns.net, address)
      ? handmadeWay(p.ns.net, address) === "no-route"
      : !isRoutable(network, p.ns.net, address)
  ) {
    const start = busybox ? `PING ${host} (${address}): ${Number(o.value("s") ?? 56)} data bytes\n` : "";
    yield* sys.print(p, start);
    yield* sys.printError(
      p,
      busybox ? "ping: sendto: Network unreachable\n" : "ping: connect: Network is unreachable\n",
    );
    return busybox ? 1 : 2;
  }
  const size = Number(o.value("s") ?? 56);
  const from = o.value("I");
  const device = from === undefined ? undefined : p.ns.net.interfaces.get(from);
  if (from !== undefined && device === undefined && !p.ns.net.owns(from)) {
    const why = /^[\d.]+$/.test(from)
      ? "bind: Cannot assign requested address"
      : `SO_BINDTODEVICE ${from}: No such device`;
    yield* sys.printError(p, busybox ? `ping: ${from}: No such device\n` : `ping: ${why}\n`);
    return busybox ? 1 : 2;
  }
  const own = device === undefined ? from : (device.addresses[0]?.split("/")[0] ?? "0.0.0.0");
  const via = own === undefined || busybox ? "" : `from ${own} ${device?.name ?? ""}: `;
  yield* sys.print(
    p,
    `PING ${host} (${address})${busybox ? `: ${size} data bytes` : ` ${via}${size}(${size + 28}) bytes of data.`}\n`,
  );
  return yield* echo(p, o, host, address, size, busybox);
};

/** No device here has an IPv6 address but the one that asks itself. */
function* overIpv6(p: Process, host: string, allowed: boolean): Gen<number> {
  const own = host === "localhost" || host === "::1";
  const why = !(isIpv6(host) || own) || !allowed;
  const text = why
    ? `${host}: Address family for hostname not supported`
    : `connect: ${own ? "Cannot assign requested address" : "Network is unreachable"}`;
  yield* sys.printError(p, `ping: ${text}\n`);
  return 2;
}

/** µs between two packets of -f. */
const FLOOD = 10_000;

/** What is said of a REJECT on the way, by the error that it is to programs. */
const REFUSALS: Partial<Record<Path["outcome"], string>> = {
  ECONNREFUSED: "Destination Port Unreachable",
  EHOSTUNREACH: "Destination Host Prohibited",
  ENETUNREACH: "Destination Net Unreachable",
};

/** Microseconds there and back, undefined when nobody answers, or the words of a refusal on the way. */
function roundTrip(p: Process, address: string, sequence: number, size: number): number | string | undefined {
  const { net } = p.ns;
  const { network, kernel } = p.machine;
  const jitter = kernel.random("ping").int(0, 140);
  const path = pathOf(network, net, "icmp", address, 0);
  const target = path?.address ?? address;
  const owner = net.owns(target) ? net : network.ownerOf(target);
  const echo = (reply: boolean) => {
    if (path?.wires === undefined) return;
    const payload = Uint8Array.from({ length: size }, (_, i) => i & 255);
    const message = {
      kind: "icmp",
      type: reply ? 0 : 8,
      code: 0,
      rest: ((p.nsPid & 0xffff) << 16) | sequence,
      payload,
    } as const;
    show(network, path.wires, reply, (p.nsPid + sequence * 37) & 0xffff, () => message);
  };
  // Who is to get it is asked for first.
  const there = owner !== undefined && (owner === net || reaches(network, net, owner));
  const asking = !there && askInVain(network, net, target)?.sent === false;
  if (owner !== undefined && owner !== net && reaches(network, net, owner)) {
    meet(network, net, target, owner, path?.source ?? path?.local ?? net.firstAddress());
  }
  if (!asking) echo(false);
  if (path !== undefined && path.outcome !== "pass") return REFUSALS[path.outcome];
  if (path !== undefined) arrive(path, "icmp", p.nsPid, kernel.now);
  const waits = onceAround(network, path?.shapes ?? []);
  const answered = (least: number): number | undefined => {
    if (waits === undefined) return undefined;
    const us = least + waits;
    if (path?.wires !== undefined) kernel.after(us, "icmp echo reply", () => echo(true));
    return us;
  };
  const handmade = isHandmade(network, net, address);
  if (handmade && (handmadeWay(net, address) !== "there" || !network.comesBack(net, address))) return undefined;
  if (net.owns(address)) return answered(25 + (jitter >> 3));
  if (owner === undefined || network.isDark(owner) || network.isDark(net)) return undefined;
  if (!permitted(net, owner, path, address)) return undefined;
  if (misled(network, net, target)) return undefined;
  return answered(owner.host === net.host ? 60 + (jitter >> 1) : 310 + jitter);
}

const reaches = (network: Network, net: NetNamespace, owner: NetNamespace): boolean =>
  owner.host === net.host || !(network.isDark(owner) || network.isDark(net));

/** Machines that forward what goes between two namespaces: each takes one from a packet's time to live. */
function routersBetween(net: NetNamespace, owner: NetNamespace | undefined): number {
  if (owner === undefined || owner.host === net.host) return 0;
  return (net.host === net ? 0 : 1) + (owner.host === owner ? 0 : 1);
}

function permitted(net: NetNamespace, owner: NetNamespace, path: Path | undefined, address: string): boolean {
  const source = path?.source ?? path?.local ?? net.firstAddress();
  const steps = policySteps(net, owner, { protocol: "icmp", source, address: path?.address ?? address, port: 0 });
  return steps.at(-1)?.allowed !== false;
}

function* echo(
  p: Process,
  o: ParsedOptions,
  host: string,
  address: string,
  size: number,
  busybox: boolean,
): Gen<number> {
  const { kernel } = p.machine;
  const count = o.value("c") === undefined ? Number.POSITIVE_INFINITY : Number(o.value("c"));
  const interval = Math.round(Number(o.value("i") ?? 1) * SECOND);
  const wait = Math.round(Number(o.value("W") ?? 10) * SECOND);
  const deadline = o.value("w") === undefined ? Number.POSITIVE_INFINITY : kernel.now + Number(o.value("w")) * SECOND;
  const start = kernel.now;
  const times: number[] = [];
  let sent = 0;
  let unreachable = 0;
  /** Packets that wait for somebody to say who has the address, and until when that is waited for. */
  let waiting: number[] = [];
  let waitsUntil = Number.POSITIVE_INFINITY;
  let asker = "";
  let pipe = 1;
  const giveUp = function* (): Gen {
    for (const sequence of waiting) {
      unreachable++;
      pipe = Math.max(pipe, sent - sequence + 1);
      if (!busybox && !o.has("q"))
        yield* sys.print(p, `From ${asker} icmp_seq=${sequence} Destination Host Unreachable\n`);
    }
    waiting = [];
    waitsUntil = Number.POSITIVE_INFINITY;
  };
  /** Who answers, as it is told: its own name, which is looked for once. */
  let shown: string | undefined;
  // When the last packet went or came: what iputils counts the time to.
  let moved = start;
  const source = p.ns.net.addresses()[0] ?? "127.0.0.1";
  const { net } = p.ns;
  const target = pathOf(p.machine.network, net, "icmp", address, 0)?.address ?? address;
  const routers = routersBetween(net, p.machine.network.ownerOf(target));
  const life = Number(o.value("t") ?? 64);
  const flood = o.has("f") && !busybox;
  p.dispositions.set("INT", "catch");
  while (sent < count && kernel.now < deadline) {
    sent++;
    moved = kernel.now;
    const mtu = Math.min(...[...net.interfaces.values()].filter(({ name }) => name !== "lo").map((one) => one.mtu));
    if (o.value("M") === "do" && size + 28 > mtu && !net.owns(address)) {
      yield* sys.printError(p, "ping: sendmsg: Message too long\n");
      unreachable++;
      if (sent < count && (yield* sleep(interval)) === "interrupted") break;
      continue;
    }
    if (life <= routers && !busybox) {
      // Whoever would have had to forward it next says so.
      const router = traceOf(p.machine.network, net, "icmp", address, 0).routers[life - 1];
      yield* sleep(300);
      unreachable++;
      if (router !== undefined) yield* sys.print(p, `From ${router} icmp_seq=${sent} Time to live exceeded\n`);
      if (sent < count && (yield* sleep(interval)) === "interrupted") break;
      continue;
    }
    const rtt = roundTrip(p, address, sent, size);
    if (rtt === undefined || typeof rtt === "string") {
      if (rtt !== undefined && !busybox) {
        unreachable++;
        // A machine that refuses what was for itself answers as whom it was sent to (net/ipv4/icmp.c icmp_send).
        const refuser = p.ns.net.host.owns(address) ? address : source;
        yield* sys.print(p, `From ${refuser} icmp_seq=${sent} ${rtt}\n`);
      }
      const vain = rtt === undefined ? askInVain(p.machine.network, p.ns.net, address) : undefined;
      if (vain?.sent === false) {
        waiting.push(sent);
        waitsUntil = Math.min(waitsUntil, vain.until);
        asker = vain.by;
      }
      const until = Math.min(kernel.now + (sent >= count ? wait : interval), deadline);
      if (waitsUntil <= until) {
        if ((yield* sleep(waitsUntil - kernel.now)) === "interrupted") break;
        yield* giveUp();
        // Everything has come to its end.
        if (sent >= count && times.length + unreachable >= count && !busybox) break;
      }
      if ((yield* sleep(Math.max(0, until - kernel.now))) === "interrupted") break;
      continue;
    }
    yield* sleep(rtt);
    moved = kernel.now;
    times.push(rtt);
    const ms = (rtt / 1000).toFixed(busybox ? 3 : rtt < 1000 ? 3 : 2);
    if (flood) {
      if (sent < count && (yield* sleep(FLOOD)) === "interrupted") break;
      continue;
    }
    if (!o.has("q")) {
      shown ??=
        host === address || busybox || o.has("n") ? address : `${(yield* nameOf(p, address)) ?? address} (${address})`;
      const stamp = o.has("D") ? `[${(kernel.wallMs / 1000).toFixed(6)}] ` : "";
      yield* sys.print(
        p,
        `${stamp}${size + 8} bytes from ${shown ?? address}: ${busybox ? `seq=${sent - 1}` : `icmp_seq=${sent}`} ttl=${64 - routers} time=${ms} ms\n`,
      );
    }
    if (sent < count && (yield* sleep(interval - rtt)) === "interrupted") break;
  }
  const lost = sent === 0 ? 0 : Math.round(((sent - times.length) * 100) / sent);
  const errors = unreachable > 0 ? `+${unreachable} errors, ` : "";
  const total = Math.floor((moved - start) / 1000);
  let text = `\n--- ${host} ping statistics ---\n`;
  text += busybox
    ? `${sent} packets transmitted, ${times.length} packets received, ${lost}% packet loss\n`
    : `${sent} packets transmitted, ${times.length} received, ${errors}${lost}% packet loss, time ${total}ms\n`;
  if (times.length > 0) {
    const mean = times.reduce((a, b) => a + b, 0) / times.length;
    const deviation = Math.sqrt(times.reduce((a, b) => a + (b - mean) * (b - mean), 0) / times.length);
    const ms = (us: number) => (us / 1000).toFixed(3);
    const [low, high] = [Math.min(...times), Math.max(...times)];
    text += busybox
      ? `round-trip min/avg/max = ${ms(low)}/${ms(mean)}/${ms(high)} ms\n`
      : `rtt min/avg/max/mdev = ${ms(low)}/${ms(mean)}/${ms(high)}/${ms(deviation)} ms${flood ? `, ipg/ewma ${ms((kernel.now - start) / Math.max(1, sent - 1))}/${ms(mean)} ms` : ""}\n`;
  } else if (!busybox) text += pipe > 1 ? `pipe ${pipe}\n\n` : "\n";
  yield* sys.print(p, text);
  return times.length > 0 ? 0 : 1;
}
