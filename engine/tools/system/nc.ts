import { type Gen, SECOND, type Task, WaitQueue, wait } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, NetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import { OptionError, type ParsedOptions, parseOptions } from "../options.ts";

/** nc(1) of OpenBSD's netcat, BusyBox's where the image has BusyBox: connects or listens, bytes both ways. */
export const nc: Program = function* (p) {
  const busybox = p.applet;
  let o: ParsedOptions;
  try {
    o = parseOptions(p.argv.slice(1), { short: "46hklnrtuvzNdUp:w:i:q:s:e:", standard: false });
  } catch (error) {
    if (!(error instanceof OptionError)) throw error;
    yield* sys.printError(
      p,
      `nc: ${error.message}\nusage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]\n`,
    );
    return 1;
  }
  const [host, portText] = o.operands;
  if (o.has("l")) return yield* listen(p, Number(o.value("p") ?? portText ?? host), o);
  if (host === undefined || portText === undefined) {
    yield* sys.printError(p, "usage: nc [-46CDdFhklNnrStUuvZz] [-I length] [-i interval] [-M ttl]\n");
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
  let status = 1;
  for (let port = low!; port <= high!; port++) {
    status = yield* connect(p, o, host, address, port, busybox);
  }
  return status;
};

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
  try {
    const connection = yield* p.machine.network.connect(p.ns.net, address, port, {
      protocol,
      ...(seconds === undefined ? {} : { timeout: Number(seconds) * SECOND }),
    });
    const name = host === address ? host : `${host} (${address})`;
    if (o.has("v")) {
      yield* sys.printError(
        p,
        busybox
          ? `${host} (${address}:${port}) open\n`
          : `Connection to ${name} ${port} port [${protocol}/*] succeeded!\n`,
      );
    }
    if (o.has("z") || protocol === "udp") {
      connection.close();
      return 0;
    }
    return yield* relay(p, connection.stream());
  } catch (error) {
    if (!isNetError(error)) throw error;
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
    else if (o.has("v") || o.has("z"))
      yield* sys.printError(
        p,
        `nc: connect to ${host === address ? host : `${host} (${address})`} port ${port} (${protocol}) ${error.code === "ETIMEDOUT" && seconds !== undefined ? "timed out" : "failed"}: ${why}\n`,
      );
    return 1;
  }
}

/** Standard input to the socket, the socket to standard output, until the other side closes. */
function* relay(p: Process, socket: Socket): Gen<number> {
  const pump: Task = p.machine.kernel.spawn(
    `nc input ${p.pid}`,
    (function* (): Gen {
      const file = p.fds.get(0);
      while (file?.readable) {
        const bytes = yield* file.read(65_536);
        if (bytes === "interrupted") continue;
        if (bytes.length === 0) {
          socket.output.closeWriter();
          return;
        }
        yield* socket.output.write(bytes);
      }
    })(),
  );
  try {
    for (;;) {
      const bytes = yield* socket.input.read(65_536);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) return 0;
      yield* sys.write(p, 1, bytes);
    }
  } finally {
    const open = pump.state !== "done";
    p.machine.kernel.kill(pump);
    if (open) socket.close();
  }
}

function* listen(p: Process, port: number, o: ParsedOptions): Gen<number> {
  const waiting = new WaitQueue();
  const sockets: Socket[] = [];
  let close: () => void;
  try {
    close = p.ns.net.listen({
      protocol: "tcp",
      address: "0.0.0.0",
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
    if (o.has("v")) yield* sys.printError(p, `Listening on 0.0.0.0 ${port}\n`);
    do {
      while (sockets.length === 0) yield* wait(waiting);
      const socket = sockets.shift()!;
      if (o.has("v")) yield* sys.printError(p, `Connection received on ${socket.remoteAddress} ${socket.remotePort}\n`);
      yield* relay(p, socket);
    } while (o.has("k"));
    return 0;
  } finally {
    close();
  }
}
