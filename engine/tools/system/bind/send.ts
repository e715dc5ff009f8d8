import { concat, type Gen } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import { type DnsClass, type DnsMessage, type DnsType, decodeDns, encodeDns, query } from "../../../network/dns.ts";
import { isNetError } from "../../../network/index.ts";

export interface Sending {
  server: string;
  port: number;
  tcp: boolean;
  /** µs that a server is given. */
  time: number;
  /** Datagrams that are sent at most. */
  tries: number;
  recurse: boolean;
  /** Largest datagram that may come back, if the question says so. */
  edns?: number | undefined;
  cookie?: boolean;
  /** The Internet's without. */
  class?: DnsClass | undefined;
}

export interface Reply {
  asked: DnsMessage;
  askedSize: number;
  message: DnsMessage;
  /** Bytes. */
  size: number;
  /** µs. */
  took: number;
}

/** Asks a server; gives the reply, or what went wrong with each try. */
export function* exchange(
  p: Process,
  name: string,
  type: DnsType,
  sending: Sending,
): Gen<{ reply?: Reply; errors: string[] }> {
  const { kernel } = p.machine;
  const random = kernel.random("dns");
  const errors: string[] = [];
  for (let tried = 0; tried < sending.tries; tried++) {
    const start = kernel.now;
    const asked: DnsMessage = {
      ...query(random.int(1, 65_535), name === "." ? "" : name, type, sending.class),
      recursionDesired: sending.recurse,
      ...(sending.edns === undefined
        ? {}
        : { edns: sending.edns, ...(sending.cookie ? { cookie: random.hex(16) } : {}) }),
    };
    const bytes = encodeDns(asked);
    const got = yield* send(p, bytes, sending);
    const message = typeof got === "string" ? undefined : decodeDns(got);
    if (message !== undefined) {
      const size = (got as Uint8Array).length;
      return { reply: { asked, askedSize: bytes.length, message, size, took: kernel.now - start }, errors };
    }
    errors.push(typeof got === "string" ? got : "timed out");
  }
  return { errors };
}

function* send(p: Process, bytes: Uint8Array, { server, port, tcp, time }: Sending): Gen<Uint8Array | string> {
  const { network } = p.machine;
  // Nothing here listens on an IPv6 address.
  if (server.includes(":")) return "connection refused";
  try {
    if (!tcp) return yield* network.exchange(p.ns.net, server, port, bytes, time);
    const connection = yield* network.connect(p.ns.net, server, port, { timeout: time });
    if (connection.listener.accept === undefined) return "end of file";
    const socket = connection.stream();
    yield* socket.output.write(concat([Uint8Array.of(bytes.length >> 8, bytes.length & 255), bytes]));
    let got: Uint8Array = new Uint8Array(0);
    while (got.length < 2 || got.length < 2 + ((got[0]! << 8) | got[1]!)) {
      const more = yield* socket.input.read(65_536);
      if (more === "interrupted") continue;
      if (more.length === 0) return "end of file";
      got = concat([got, more]);
    }
    socket.close();
    return got.subarray(2);
  } catch (error) {
    if (!isNetError(error)) throw error;
    if (error.code === "ECONNREFUSED") return "connection refused";
    return error.code === "ETIMEDOUT" ? "timed out" : "host unreachable";
  }
}

export const errorLines = (errors: readonly string[], { server, port }: Sending): string =>
  errors.map((error) => `;; communications error to ${server}#${port}: ${error}\n`).join("");
