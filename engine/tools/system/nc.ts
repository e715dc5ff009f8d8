import { type Gen, SECOND, sleep, type Task, WaitQueue, wait } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { serviceName } from "../../netfilter/services.ts";
import { isNetError, NetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

/** µs that an answer is waited for when nothing says how long. */
const FOREVER = 86_400 * SECOND;

/** nc(1) of OpenBSD's netcat, BusyBox's where the image has BusyBox: connects or listens, bytes both ways. */
export const nc: Program = function* (p) {
  const busybox = p.applet;
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: busybox ? BUSYBOX : OPENBSD, standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(p, `nc: ${error.message}\n${USAGE}`);
    return 1;
  }
  const [host, portText] = o.operands;
  const wrong = busybox ? undefined : mistake(o);
  if (wrong !== undefined) {
    yield* sys.printError(p, wrong);
    return 1;
  }
  if (o.has("l"))
    return yield* listen(p, portText === undefined ? undefined : host, Number(o.value("p") ?? portText ?? host), o);
  if (host === undefined || portText === undefined) {
    yield* sys.printError(p, USAGE);
    return 1;
  }
  const found = yield* resolveHost(p, host);
  if (!found.ok) {
    yield* sys.printError(
      p,
      busybox
        ? `nc: bad address '${host}'\n`
        : `nc: getaddrinfo for host "${host}" port ${portText}: ${lookupError(found.why)}\n`,
    );
    return 1;
  }
  const address = found.addresses[0]!;
  const [low, high = low] = portText.split("-").map(Number);
  // One port that answers is enough.
  let status = 1;
  for (let port = Math.min(low!, high!); port <= Math.max(low!, high!); port++)
    if ((yield* connect(p, o, host, address, port, busybox)) === 0) status = 0;
  return status;
};

const OPENBSD = "46CDdFhklNnrStUuvzZI:i:M:m:O:P:p:q:s:T:V:W:w:X:x:e:";
const BUSYBOX = "46hklnrtuvzNdUp:w:i:q:s:e:";

const USAGE = `usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]
\t  [-m minttl] [-O length] [-P proxy_username] [-p source_port]
\t  [-q seconds] [-s sourceaddr] [-T keyword] [-V rtable] [-W recvlimit]
\t  [-w timeout] [-X proxy_protocol] [-x proxy_address[:port]]
\t  [destination] [port]
`;

/** What OpenBSD's netcat has against a command line; undefined when nothing. */
function mistake(o: ParsedOptions): string | undefined {
  const number = (key: string) => o.value(key) === undefined || /^-?\d+$/.test(o.value(key)!);
  if (o.has("h")) return `OpenBSD netcat (Debian patchlevel 1.219-1)\n${USAGE}`;
  if (!number("i")) return `nc: interval invalid: ${o.value("i")}\n`;
  if (!number("q")) return `nc: quit timer invalid: ${o.value("q")}\n`;
  if (!number("w")) return `nc: timeout invalid: ${o.value("w")}\n`;
  const [first, second, more] = o.operands;
  if (more !== undefined || (first === undefined && !o.has("l", "U") && o.value("p") === undefined)) return USAGE;
  if (o.has("U")) return undefined;
  if (!o.has("l") && !/^\d*$/.test(o.value("p") ?? ""))
    return "nc: getaddrinfo: Servname not supported for ai_socktype\n";
  if (o.has("l") && o.has("z")) return "nc: cannot use -z and -l\n";
  if (!o.has("l") && o.has("k")) return "nc: must use -l with -k\n";
  const port = second ?? (o.has("l") ? (o.value("p") ?? first) : undefined);
  if (port === undefined) return "nc: missing port number\n";
  for (const part of port.split("-")) {
    if (!/^\d+$/.test(part)) return `nc: port number invalid: ${part}\n`;
    if (Number(part) < 1) return `nc: port number too small: ${part}\n`;
    if (Number(part) > 65_535) return `nc: port number too large: ${part}\n`;
  }
  return undefined;
}

function* connect(
  p: Process,
  o: ParsedOptions,
  host: string,
  address: string,
  port: number,
  busybox: boolean,
): Gen<number> {
  const protocol = o.has("u") ? "udp" : "tcp";
  const seconds = o.value("w");
  const succeeded = function* (): Gen {
    if (!o.has("v") && (!o.has("z") || busybox)) return;
    const name = host === address ? host : `${host} (${address})`;
    yield* sys.printError(
      p,
      busybox
        ? `${host} (${address}:${port}) open\n`
        : `Connection to ${name} ${port} port [${protocol}/${(!o.has("n") && serviceName(port, protocol)) || "*"}] succeeded!\n`,
    );
  };
  try {
    const own = o.value("p");
    const local = own === undefined ? {} : { localPort: Number(own) };
    const limit = seconds === undefined ? undefined : Number(seconds) * SECOND;
    if (protocol === "udp" && !o.has("z") && !o.has("v")) {
      return yield* datagrams(p, address, port, limit, local.localPort ?? p.ns.net.ephemeralPort());
    }
    const connection = yield* p.machine.network.connect(p.ns.net, address, port, {
      protocol,
      ...local,
      ...(limit === undefined ? {} : { timeout: limit }),
    });
    yield* succeeded();
    if (o.has("z")) {
      // Who listens for bytes sees a connection that ends at once.
      if (protocol === "tcp" && connection.server.accept !== undefined) connection.stream().close();
      else connection.close();
      return 0;
    }
    if (protocol === "udp") {
      connection.close();
      return yield* datagrams(p, address, port, limit, connection.localPort);
    }
    return yield* relay(p, connection.stream(), endingOf(p, o));
  } catch (error) {
    if (!isNetError(error)) throw error;
    // Who closes it at once has taken it.
    if (error.code === "EOF") {
      yield* succeeded();
      return 0;
    }
    // Nobody says that a datagram was refused: it is just the end.
    if (protocol === "udp") return 1;
    const words: Record<string, string> = {
      ECONNREFUSED: "Connection refused",
      EHOSTUNREACH: "No route to host",
      ETIMEDOUT: busybox
        ? "Operation timed out"
        : seconds === undefined
          ? "Connection timed out"
          : "Operation now in progress",
    };
    const why = words[error.code] ?? "Connection refused";
    if (busybox) yield* sys.printError(p, `nc: ${host} (${address}:${port}): ${why}\n`);
    else if (o.has("v"))
      yield* sys.printError(
        p,
        `nc: connect to ${host === address ? host : `${host} (${address})`} port ${port} (${protocol}) ${error.code === "ETIMEDOUT" && seconds !== undefined ? "timed out" : "failed"}: ${why}\n`,
      );
    return 1;
  }
}

/** Each piece of standard input is a datagram from `own`; answers go to standard output. `idle`: µs without any that end it. */
function* datagrams(p: Process, address: string, port: number, idle: number | undefined, own: number): Gen<number> {
  const { network, kernel } = p.machine;
  const ended = new WaitQueue();
  let open = 0;
  let refused = false;
  let last = kernel.now;
  const send = function* (bytes: Uint8Array): Gen {
    try {
      const answer = yield* network.exchange(p.ns.net, address, port, bytes, idle ?? FOREVER, own);
      last = kernel.now;
      yield* sys.write(p, 1, answer);
    } catch (error) {
      if (!isNetError(error)) throw error;
      refused ||= error.code === "ECONNREFUSED";
    } finally {
      open--;
      ended.wakeAll();
    }
  };
  const file = p.fds.get(0);
  while (file?.readable && !refused) {
    const bytes = yield* file.read(65_536);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) break;
    open++;
    last = kernel.now;
    kernel.spawn(`nc datagram ${p.pid}`, send(bytes), { instant: false });
  }
  while (open > 0 && !refused) yield* wait(ended);
  if (refused) return 1;
  // Without a limit it would wait for more answers for ever: none come any longer.
  if (idle !== undefined && last + idle > kernel.now) yield* sleep(last + idle - kernel.now);
  while (idle === undefined) yield* wait(ended);
  return 0;
}

/** What happens when standard input has ended. */
interface Ending {
  /** The other side is told. */
  shutdown: boolean;
  /** µs after which it ends all the same. */
  quit: number | undefined;
  /** µs without bytes from the other side that end it. */
  idle: number | undefined;
  /** Standard input is left alone. */
  deaf: boolean;
}

/** OpenBSD's netcat tells nobody that its input has ended, unless `-N` says so; BusyBox does. */
function endingOf(p: Process, o: ParsedOptions): Ending {
  const quit = o.value("q");
  const idle = o.value("w");
  return {
    shutdown: p.applet || o.has("N"),
    quit: quit === undefined || Number(quit) < 0 ? undefined : Number(quit) * SECOND,
    idle: idle === undefined || o.has("l") ? undefined : Number(idle) * SECOND,
    deaf: o.has("d"),
  };
}

/** Standard input to the socket, the socket to standard output, until the other side closes. */
function* relay(p: Process, socket: Socket, ending: Ending): Gen<number> {
  const { kernel } = p.machine;
  let last = kernel.now;
  let ended: number | undefined;
  const timed = ending.quit !== undefined || ending.idle !== undefined;
  const pump: Task = p.machine.kernel.spawn(
    `nc input ${p.pid}`,
    (function* (): Gen {
      if (ending.deaf) return;
      const file = p.fds.get(0);
      while (file?.readable) {
        const bytes = yield* file.read(65_536);
        if (bytes === "interrupted") continue;
        if (bytes.length === 0) break;
        last = kernel.now;
        // Nobody reads any longer: an endless input must not go on.
        if ((yield* socket.output.write(bytes)) === "broken") break;
      }
      ended = kernel.now;
      if (ending.shutdown) socket.output.closeWriter();
      socket.input.readable.wakeAll();
    })(),
  );
  try {
    for (;;) {
      while (timed && socket.input.size === 0 && socket.input.writers > 0) {
        const until = Math.min(
          ending.idle === undefined ? Number.POSITIVE_INFINITY : last + ending.idle,
          ending.quit === undefined || ended === undefined ? Number.POSITIVE_INFINITY : ended + ending.quit,
        );
        if (until <= kernel.now) return 0;
        yield* wait(socket.input.readable, Number.isFinite(until) ? until - kernel.now : undefined);
      }
      const bytes = yield* socket.input.read(65_536);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) {
        // What stands ready on standard input still goes out.
        if (pump.state !== "done") yield* sleep(1000);
        return 0;
      }
      last = kernel.now;
      yield* sys.write(p, 1, bytes);
    }
  } finally {
    const open = pump.state !== "done" || !ending.shutdown;
    kernel.kill(pump);
    if (open) socket.close();
  }
}

/** -u -l: prints datagrams; pieces of standard input are the answers to the first ones. */
function* listenForDatagrams(p: Process, port: number, o: ParsedOptions): Gen<number> {
  const answers: Uint8Array[] = [];
  const input = p.machine.kernel.spawn(
    `nc input ${p.pid}`,
    (function* (): Gen {
      const file = p.fds.get(0);
      while (file?.readable) {
        const bytes = yield* file.read(65_536);
        if (bytes === "interrupted") continue;
        if (bytes.length === 0) return;
        answers.push(bytes);
      }
    })(),
  );
  const never = new WaitQueue();
  let met = false;
  let close: () => void;
  try {
    close = p.ns.net.listen({
      protocol: "udp",
      address: "0.0.0.0",
      port,
      program: "nc",
      pid: p.pid,
      *datagram(payload, from) {
        if (o.has("v") && !met) yield* sys.printError(p, `Connection received on ${from.address} ${from.port}\n`);
        met = true;
        yield* sys.write(p, 1, payload);
        return answers.shift();
      },
    });
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    yield* sys.printError(p, "nc: Address already in use\n");
    return 1;
  }
  try {
    if (o.has("v")) yield* sys.printError(p, `Bound on 0.0.0.0 ${port}\n`);
    for (;;) yield* wait(never);
  } finally {
    p.machine.kernel.kill(input);
    close();
  }
}

function* listen(p: Process, host: string | undefined, port: number, o: ParsedOptions): Gen<number> {
  if (o.has("u")) return yield* listenForDatagrams(p, port, o);
  const waiting = new WaitQueue();
  const sockets: Socket[] = [];
  const given = o.value("s") ?? host;
  const found = given === undefined ? undefined : yield* resolveHost(p, given);
  const address = found?.ok ? found.addresses[0]! : "0.0.0.0";
  let close: () => void;
  try {
    close = p.ns.net.listen({
      protocol: "tcp",
      address,
      port,
      program: "nc",
      pid: p.pid,
      *accept(socket) {
        sockets.push(socket);
        waiting.wakeAll();
      },
    });
  } catch (error) {
    if (!(error instanceof NetError)) throw error;
    yield* sys.printError(p, "nc: Address already in use\n");
    return 1;
  }
  try {
    if (o.has("v")) yield* sys.printError(p, `Listening on ${given ?? address} ${port}\n`);
    do {
      while (sockets.length === 0) yield* wait(waiting);
      const socket = sockets.shift()!;
      if (o.has("v")) yield* sys.printError(p, `Connection received on ${socket.remoteAddress} ${socket.remotePort}\n`);
      yield* relay(p, socket, endingOf(p, o));
    } while (o.has("k"));
    return 0;
  } finally {
    close();
  }
}
