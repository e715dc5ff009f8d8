import { type Gen, SECOND } from "../kernel/index.ts";
import type { OpenFile, PipeEnd } from "../machine/open-file.ts";
import { pipe } from "../machine/sys.ts";
import { servicePort } from "../netfilter/services.ts";
import { isNetError, type NetErrorCode, type Socket } from "../network/index.ts";
import { lookupError, resolveHost } from "../network/resolver.ts";
import { ShellError } from "./control.ts";
import type { Shell } from "./shell.ts";

/** µs for which the answer to a datagram is taken. */
const ANSWER = 60 * SECOND;

const WORDS: Partial<Record<NetErrorCode, string>> = {
  EHOSTUNREACH: "No route to host",
  ENETUNREACH: "Network is unreachable",
  ETIMEDOUT: "Connection timed out",
};

/** A connection that descriptors lead to. */
class SocketFile implements OpenFile {
  refs = 0;
  readonly readable = true;
  readonly writable = true;
  private readonly socket: Socket;

  constructor(socket: Socket) {
    this.socket = socket;
  }

  read(max: number): Gen<Uint8Array | "interrupted"> {
    return this.socket.input.read(max);
  }

  *write(bytes: Uint8Array): Gen<"ok" | "interrupted" | number> {
    const result = yield* this.socket.output.write(bytes);
    return result === "broken" ? "ok" : result;
  }

  close(): void {
    this.socket.close();
  }
}

/** Each write is a datagram; what comes back is there to be read. */
class DatagramFile implements OpenFile {
  refs = 0;
  readonly readable = true;
  readonly writable = true;
  private readonly sh: Shell;
  private readonly address: string;
  private readonly port: number;
  /** Its own port. */
  private readonly own: number;
  private readonly answers: PipeEnd;
  private readonly arrived: PipeEnd;

  constructor(sh: Shell, address: string, port: number) {
    this.sh = sh;
    this.address = address;
    this.port = port;
    this.own = sh.p.ns.net.ephemeralPort();
    [this.answers, this.arrived] = pipe();
  }

  read(max: number): Gen<Uint8Array | "interrupted"> {
    return this.answers.read(max);
  }

  *write(bytes: Uint8Array): Gen<"ok"> {
    const { address, port, own, arrived } = this;
    const { machine, ns, pid } = this.sh.p;
    const sent = bytes.slice();
    const exchange = function* (): Gen {
      try {
        arrived.pipe.push(yield* machine.network.exchange(ns.net, address, port, sent, ANSWER, own));
      } catch (error) {
        if (!isNetError(error)) throw error;
      }
    };
    machine.kernel.spawn(`datagram ${pid}`, exchange(), { instant: false });
    return "ok";
  }

  close(): void {
    this.arrived.close();
    this.answers.close();
  }
}

/**
 * `/dev/tcp/HOST/PORT` and `/dev/udp/HOST/PORT`, which are bash's own (lib/sh/netopen.c): a connection, or undefined for
 * any other path. Throws in bash's words.
 */
export function* openSocket(sh: Shell, path: string): Gen<OpenFile | undefined> {
  const match = sh.setup.dialect === "bash" ? /^\/dev\/(tcp|udp)\/([^/]*)\/(.*)$/.exec(path) : null;
  if (match === null) return undefined;
  const [, protocol, host = "", service = ""] = match;
  const fail = function* (why: string, what: string): Gen<never> {
    yield* sh.complain(why);
    throw new ShellError(`${path}: ${what}`, "fail");
  };
  const port = /^\d+$/.test(service) ? Number(service) & 0xffff : servicePort(service, protocol!);
  const found = yield* resolveHost(sh.p, host);
  if (!found.ok) return yield* fail(`${host}: ${lookupError(found.why)}`, "Invalid argument");
  if (port === undefined) return yield* fail(`${service}: Servname not supported for ai_socktype`, "Invalid argument");
  const address = found.addresses[0]!;
  if (protocol === "udp") return new DatagramFile(sh, address, port);
  try {
    return new SocketFile((yield* sh.p.machine.network.connect(sh.p.ns.net, address, port)).stream());
  } catch (error) {
    if (!isNetError(error)) throw error;
    const why = WORDS[error.code] ?? "Connection refused";
    // bash says this one without the line's number.
    yield* sh.writeTo(2, `${sh.commandName}: connect: ${why}\n`);
    throw new ShellError(`${path}: ${why}`, "fail");
  }
}
