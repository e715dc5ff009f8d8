import type { HttpHandler, HttpResponse } from "../../api/http.ts";
import { encode, type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import { RegularFile } from "../../machine/open-file.ts";
import type { Process } from "../../machine/process.ts";
import type { Signal } from "../../machine/signal.ts";
import { type Listener, NetError, type Socket } from "../../network/index.ts";

/** µs of CPU that a server spends on a small request, beside what it computes for it. */
export const REQUEST_CPU = 180;

/** Writes whole lines to a descriptor without waiting: from handlers that run in a client's task. */
export function say(p: Process, fd: 1 | 2, text: string): void {
  const open = p.fds.get(fd);
  if (open === undefined || p.status !== undefined) return;
  if (open.lines) open.lines(text);
  else if (open.pipe) open.pipe.push(encode(text));
  else if (open.tty) open.tty.display(encode(text));
  else if (open instanceof RegularFile) open.write(encode(text)).next();
}

export interface Port {
  port: number;
  /** All addresses when absent. */
  address?: string;
  http?: HttpHandler;
  tls?: boolean;
  accept?: (socket: Socket) => Gen<void>;
  /** It is a port of UDP. */
  datagram?: Listener["datagram"];
}

/**
 * Listens until one of `signals` comes and `lastly` has run, and returns it; the others of TERM and INT keep their default
 * action. Throws NetError when a port is taken. What is asked while the process is stopped waits as on a frozen server: it is
 * reset.
 */
export function* serving(
  p: Process,
  ports: readonly Port[],
  signals: readonly Signal[],
  lastly?: (signal: Signal) => Gen,
): Gen<Signal> {
  for (const signal of signals) p.dispositions.set(signal, "catch");
  const close: (() => void)[] = [];
  const open = new Set<Socket>();
  const never = new WaitQueue();
  try {
    for (const { port, address = "0.0.0.0", http, accept, tls, datagram } of ports) {
      close.push(
        p.ns.net.listen({
          protocol: datagram ? "udp" : "tcp",
          address,
          port,
          ...(datagram && { datagram }),
          program: p.comm,
          pid: p.pid,
          ...(tls && { tls }),
          ...(http && {
            *http(request) {
              if (p.stopped) throw new NetError("ECONNRESET");
              p.task.used += REQUEST_CPU;
              return yield* http(request);
            },
          }),
          ...(accept && { accept: (socket) => held(open, socket, accept) }),
        }),
      );
    }
    for (;;) {
      const signal = p.takeSignal();
      if (signal !== undefined && signals.includes(signal)) {
        if (lastly !== undefined) yield* lastly(signal);
        return signal;
      }
      if (signal === undefined) yield* wait(never);
    }
  } finally {
    for (const each of close) each();
    // What a process held open ends with it.
    for (const socket of open) socket.close();
  }
}

function* held(open: Set<Socket>, socket: Socket, accept: NonNullable<Port["accept"]>): Gen<void> {
  open.add(socket);
  try {
    yield* accept(socket);
  } finally {
    open.delete(socket);
  }
}

/** An answer of text. */
export function answer(status: number, body: string, headers: Record<string, string> = {}): HttpResponse {
  const bytes = encode(body);
  return {
    status,
    // Go's servers tell of a type that they found out themselves last.
    headers: {
      ...headers,
      "content-length": String(bytes.length),
      ...(!("content-type" in headers) && { "content-type": "text/plain; charset=utf-8" }),
    },
    body: { type: "bytes", bytes },
  };
}

/** A long-running program that does no more than wait for its end, with status 0 on TERM. */
export function* idle(p: Process, rssKib: number): Gen<number> {
  p.rssKib = rssKib;
  yield* serving(p, [], ["TERM", "INT"]);
  return 0;
}
