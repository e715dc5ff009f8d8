import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { reverseName } from "../../network/dns.ts";
import { hostsByAddress, lookupHosts } from "../../network/hosts.ts";
import type { Captured, NetNamespace } from "../../network/index.ts";
import { lookupDns } from "../../network/resolver.ts";
import { calendar } from "../../text/time.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";
import { decodeFrame } from "./decode.ts";
import { compileFilter, type Filter, FilterError } from "./filter.ts";
import { cooked, fileHead, readCapture, record, uncooked } from "./pcap.ts";
import { Printer, type PrintOptions } from "./print.ts";
import { portNamed, portNumber } from "./services.ts";

const VERSION = "tcpdump version 4.99.3\nlibpcap version 1.10.3 (with TPACKET_V3)\nOpenSSL 3.0.15 3 Sep 2024\n";
const SNAPSHOT = 262_144;
const USAGE =
  "Usage: tcpdump [-AbdDefhHIJKlLnNOpqStuUvxX#] [ -B size ] [ -c count ] [--count]\n" +
  "\t\t[ -C file_size ] [ -E algo:secret ] [ -F file ] [ -G seconds ]\n" +
  "\t\t[ -i interface ] [ --immediate-mode ] [ -j tstamptype ]\n" +
  "\t\t[ -M secret ] [ --number ] [ --print ] [ -Q in|out|inout ]\n" +
  "\t\t[ -r file ] [ -s snaplen ] [ -T type ] [ --version ]\n" +
  "\t\t[ -V file ] [ -w file ] [ -W filecount ] [ -y datalinktype ]\n" +
  "\t\t[ --time-stamp-precision precision ] [ --micro ] [ --nano ]\n" +
  "\t\t[ -z postrotate-command ] [ -Z user ] [ expression ]\n";

/** What a message ends the program with, and the status. */
class Failure extends Error {
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** Signals that end a capture with its counts. */
const ENDS = ["INT", "TERM", "HUP", "PIPE"] as const;

/** netdissect's S_ERR_ND_WRITE_FILE. */
const UNWRITTEN = 14;

interface Settings {
  o: ParsedOptions;
  count: number;
  filter: Filter;
  printer: Printer;
  /** Times given: none, seconds, since the last, date. */
  time: number;
  snapshot: number;
  direction: "In" | "Out" | undefined;
}

/** Says something on standard error, whether or not somebody reads it: SIGPIPE is caught. */
function* say(p: Process, text: string): Gen {
  try {
    yield* sys.printError(p, text);
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
}

/** tcpdump(8): packets of this network namespace as its devices see them, or those of a file. */
export const tcpdump: Program = function* (p) {
  let o: ParsedOptions;
  try {
    const short = "aAbB:c:C:dDeE:fF:G:hHi:IjJ:KlLm:M:nNOpqQ:r:s:StT:uUvV:w:W:xXy:z:Z:#";
    o = parseOptions(p.argv.slice(1), {
      short,
      long: "count number=# print immediate-mode list-interfaces=D interface:=i snapshot-length:=s no-promiscuous-mode=p",
    });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* say(p, `tcpdump: ${error.message}\n${VERSION}${USAGE}`);
    return 1;
  }
  if (o.has("help", "h", "version")) {
    yield* sys.print(p, VERSION + (o.has("version") ? "" : USAGE));
    return 0;
  }
  if (o.has("D")) {
    yield* sys.print(p, devices(p.ns.net));
    return 0;
  }
  try {
    const settings = settingsOf(p, o);
    for (const signal of ENDS) p.dispositions.set(signal, "catch");
    return yield* o.value("r") === undefined ? live(p, settings) : fromFile(p, settings, o.value("r")!);
  } catch (error) {
    if (error instanceof Failure || error instanceof FilterError) {
      yield* say(p, `tcpdump: ${error.message}\n`);
      return error instanceof Failure ? error.status : 1;
    }
    throw error;
  }
};

function settingsOf(p: Process, o: ParsedOptions): Settings {
  const given = (key: string) => o.list.filter((option) => option.key === key).length;
  const text = o.value("c");
  if (text !== undefined && !/^[1-9]\d*$/.test(text)) throw new Failure(`invalid packet count ${text}`);
  const filter = compileFilter(o.operands.join(" "), {
    host: (name) => lookupHosts(p, name)?.addresses,
    port: (name) => portNumber(name),
  });
  const numeric = o.has("n");
  const [x, big] = [given("x"), given("X")];
  const dump: PrintOptions["dump"] = o.has("A")
    ? "A"
    : big > 1
      ? "XX"
      : big === 1
        ? "X"
        : x > 1
          ? "xx"
          : x === 1
            ? "x"
            : "";
  const printer = new Printer({
    verbose: given("v"),
    numeric,
    quick: o.has("q"),
    absolute: o.has("S"),
    link: o.has("e"),
    dump,
    port: (port, protocol) => (numeric ? String(port) : (portNamed(port, protocol) ?? String(port))),
  });
  const direction = o.value("Q") === "in" ? "In" : o.value("Q") === "out" ? "Out" : undefined;
  const snapshot = Number(o.value("s") ?? 0) || SNAPSHOT;
  return {
    o,
    count: text === undefined ? Number.POSITIVE_INFINITY : Number(text),
    filter,
    printer,
    time: given("t"),
    snapshot,
    direction,
  };
}

function devices(net: NetNamespace): string {
  const all = [...net.interfaces.values()];
  const lines = all
    .filter(({ name }) => name !== "lo")
    .map(({ name, up }) => `${name} [${up ? "Up, Running, Connected" : "none"}]`);
  lines.splice(1, 0, "any (Pseudo-device that captures on all interfaces) [Up, Running]", "lo [Up, Running, Loopback]");
  return lines.map((line, i) => `${i + 1}.${line}\n`).join("");
}

const head = (device: string, snapshot: number) =>
  `listening on ${device}, ${linkType(device === "any")}, snapshot length ${snapshot} bytes\n`;

const linkType = (any: boolean) => `link-type ${any ? "LINUX_SLL2 (Linux cooked v2)" : "EN10MB (Ethernet)"}`;
const indexOf = (net: NetNamespace, device: string) => [...net.interfaces.keys()].indexOf(device) + 1;

function* live(p: Process, settings: Settings): Gen<number> {
  const { o, count, filter, snapshot, direction } = settings;
  const { net } = p.ns;
  const device = o.value("i") ?? [...net.interfaces.keys()].find((name) => name !== "lo") ?? "lo";
  if (p.cred.uid !== 0) {
    throw new Failure(
      `${device}: You don't have permission to perform this capture on that device\n(socket: Operation not permitted)`,
    );
  }
  if (device !== "any" && !net.interfaces.has(device)) {
    throw new Failure(`${device}: No such device exists\n(No such device exists)`);
  }
  const target = o.value("w");
  const quiet = target !== undefined && !o.has("print");
  if (device === "any") yield* say(p, "tcpdump: data link type LINUX_SLL2\n");
  const verbose = o.has("v");
  if (quiet) yield* say(p, `tcpdump: ${head(device, snapshot)}`);
  else {
    if (!verbose) yield* say(p, "tcpdump: verbose output suppressed, use -v[v]... for full protocol decode\n");
    yield* say(p, `${verbose ? "tcpdump: " : ""}${head(device, snapshot)}`);
  }
  const out = target === undefined ? undefined : yield* openTarget(p, target);
  if (out) yield* out(fileHead(snapshot, device === "any"));
  const waiting: Captured[] = [];
  const arrived = new WaitQueue();
  let received = 0;
  const tap = {
    ns: net,
    device,
    receive(captured: Captured) {
      if (direction !== undefined && captured.direction !== direction) return;
      if (!filter(decodeFrame(captured.bytes))) return;
      received++;
      waiting.push(captured);
      arrived.wakeAll();
    },
  };
  const { network } = p.machine;
  network.taps.add(tap);
  const clock = new Clock(settings.time);
  let taken = 0;
  try {
    while (taken < count) {
      if (p.takeSignal() !== undefined) break;
      const captured = waiting.shift();
      if (captured === undefined) {
        yield* wait(arrived);
        continue;
      }
      taken++;
      const micros = p.machine.kernel.epochMs * 1000 + captured.at;
      if (out)
        yield* out(
          record(micros, device === "any" ? cooked(captured, indexOf(net, captured.device)) : captured.bytes, snapshot),
        );
      if (quiet) continue;
      const frame = decodeFrame(captured.bytes);
      if (!o.has("n")) yield* settings.printer.learn(frame, (address) => nameOf(p, address));
      const number = o.has("#") ? `${String(taken).padStart(5)}  ` : "";
      const where = device === "any" ? `${captured.device.padEnd(5)} ${captured.direction.padEnd(3)} ` : "";
      yield* show(p, `${number}${clock.text(micros)}${where}${settings.printer.print(frame)}\n`);
    }
  } finally {
    network.taps.delete(tap);
    network.changes++;
  }
  const plural = (n: number) => `${n} packet${n === 1 ? "" : "s"}`;
  yield* say(
    p,
    `${quiet ? "" : "\n"}${plural(taken)} captured\n${plural(received)} received by filter\n0 packets dropped by kernel\n`,
  );
  return 0;
}

/** A line of a packet; who reads no longer ends the program, which catches the signal, by a message. */
function* show(p: Process, line: string): Gen {
  try {
    yield* sys.print(p, line);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Failure(`Unable to write output: ${error.message}`, UNWRITTEN);
  }
}

/** Where -w writes: a file, or standard output for `-`. */
function* openTarget(p: Process, path: string): Gen<(bytes: Uint8Array) => Gen> {
  if (path === "-") return (bytes) => sys.write(p, 1, bytes);
  try {
    const file = sys.openFile(p, path, { write: true, create: true, truncate: true });
    return function* (bytes) {
      yield* file.write(bytes);
    };
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Failure(`${path}: ${error.message}`);
  }
}

function* fromFile(p: Process, settings: Settings, path: string): Gen<number> {
  const { o, count, filter, printer, snapshot } = settings;
  let bytes: Uint8Array;
  try {
    bytes = path === "-" ? yield* readAll(p) : sys.readBytes(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    throw new Failure(`${path}: ${error.message}`);
  }
  const found = readCapture(bytes);
  if (found === undefined) {
    if (bytes.length < 4) {
      throw new Failure(`truncated dump file; tried to read 4 file header bytes, only got ${bytes.length}`);
    }
    throw new Failure("unknown file format");
  }
  yield* say(p, `reading from file ${path}, ${linkType(found.any)}, snapshot length ${SNAPSHOT}\n`);
  const target = o.value("w");
  const out = target === undefined ? undefined : yield* openTarget(p, target);
  if (out) yield* out(fileHead(snapshot, found.any));
  if (found.any) yield* say(p, "Warning: interface names might be incorrect\n");
  const names = [...p.ns.net.interfaces.keys()];
  const clock = new Clock(settings.time);
  let taken = 0;
  for (const packet of found.packets) {
    const { frame: ethernet, where } = found.any ? uncooked(packet.bytes, names) : { frame: packet.bytes, where: "" };
    const frame = decodeFrame(ethernet);
    if (!filter(frame)) continue;
    if (taken >= count) break;
    taken++;
    if (out) yield* out(record(packet.micros, packet.bytes, snapshot));
    const signal = p.takeSignal();
    if (signal !== undefined && signal !== "PIPE") break;
    if (out || o.has("count")) continue;
    if (!o.has("n")) yield* printer.learn(frame, (address) => nameOf(p, address));
    const number = o.has("#") ? `${String(taken).padStart(5)}  ` : "";
    yield* show(p, `${number}${clock.text(packet.micros)}${where}${printer.print(frame)}\n`);
  }
  if (o.has("count")) yield* sys.print(p, `${taken} packet${taken === 1 ? "" : "s"}\n`);
  return 0;
}

function* readAll(p: Process): Gen<Uint8Array> {
  const parts: number[] = [];
  for (;;) {
    const bytes = yield* sys.read(p, 0, 65_536);
    if (bytes.length === 0) return Uint8Array.from(parts);
    for (const byte of bytes) parts.push(byte);
  }
}

/** What an address is called: in /etc/hosts, or by the DNS. */
function* nameOf(p: Process, address: string): Gen<string> {
  const known = hostsByAddress(p, address)?.canonical;
  if (known !== undefined) return known;
  const found = yield* lookupDns(p, `${reverseName(address)}.`, "PTR");
  return found.ok ? found.records[0]!.data.replace(/\.$/, "") : address;
}

/** Times of packets as -t asks for them: 1 none, 2 seconds, 3 since the one before, 4 with the date, 5 since the first. */
class Clock {
  private readonly kind: number;
  private first: number | undefined;
  private last: number | undefined;

  constructor(kind: number) {
    this.kind = kind;
  }

  text(micros: number): string {
    const { kind } = this;
    this.first ??= micros;
    const since = micros - (kind === 3 ? (this.last ?? micros) : this.first);
    this.last = micros;
    if (kind === 1) return "";
    const fraction = (us: number) => String(((us % 1_000_000) + 1_000_000) % 1_000_000).padStart(6, "0");
    if (kind === 2) return `${Math.floor(micros / 1_000_000)}.${fraction(micros)} `;
    const two = (n: number) => String(n).padStart(2, "0");
    const day = (us: number) => {
      const s = Math.floor(us / 1_000_000) % 86_400;
      return `${two(Math.floor(s / 3600))}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}.${fraction(us)}`;
    };
    if (kind === 3 || kind === 5) return ` ${day(Math.max(0, since))} `;
    if (kind !== 4) return `${day(micros)} `;
    const { year, month, day: date } = calendar(Math.floor(micros / 1_000_000));
    return `${year}-${two(month)}-${two(date)} ${day(micros)} `;
  }
}
