import type { HttpHandler, HttpResponse } from "../api/http.ts";
import type { RequestRate } from "../api/rate-limiter.ts";
import { encode, type Gen, WaitQueue, wait } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import type { Process } from "../machine/process.ts";
import { ProcessExit } from "../machine/process.ts";
import type { Signal } from "../machine/signal.ts";
import type { Listener } from "../network/index.ts";

/** `--name=value` flags of a component's command line; `--name` alone is `true`. */
export function flagsOf(p: Process): Map<string, string> {
  const flags = new Map<string, string>();
  for (const word of p.argv.slice(1)) {
    const match = /^--?([^=]+)(?:=(.*))?$/s.exec(word);
    if (match) flags.set(match[1]!, match[2] ?? "true");
  }
  return flags;
}

/** `--kube-api-qps` and `--kube-api-burst`. */
export function rateOf(flags: ReadonlyMap<string, string>, { qps, burst }: RequestRate): RequestRate {
  return { qps: Number(flags.get("kube-api-qps") ?? qps), burst: Number(flags.get("kube-api-burst") ?? burst) };
}

/** `-v`. */
export function verbosityOf(flags: ReadonlyMap<string, string>): number {
  return Number(flags.get("v") ?? 0);
}

/** Waits for SIGTERM or SIGINT. */
export function* untilTerminated(p: Process): Gen<Signal> {
  p.dispositions.set("TERM", "catch");
  p.dispositions.set("INT", "catch");
  const never = new WaitQueue();
  for (;;) {
    const signal = p.takeSignal();
    if (signal === "TERM" || signal === "INT") return signal;
    if (signal === undefined) yield* wait(never);
  }
}

/** A writer of whole lines, to standard error by default, for code with no process step at hand: never waits or fails. */
export function logger(p: Process, fd = 2): (line: string) => void {
  return (line) => {
    const open = p.fds.get(fd);
    if (open === undefined || p.status !== undefined) return;
    const text = `${line}\n`;
    if (open.lines) open.lines(text);
    else if (open.pipe) open.pipe.push(encode(text));
    else p.machine.kernel.spawn(`${p.comm} log`, writeQuietly(open, encode(text)));
  };
}

function* writeQuietly(open: NonNullable<ReturnType<Process["fds"]["get"]>>, bytes: Uint8Array): Gen {
  try {
    yield* open.write(bytes);
  } catch (error) {
    if (!isErrno(error)) throw error;
  }
}

/** Listens as long as `body` runs, whatever ends it. */
export function* listening<T>(
  p: Process,
  listeners: readonly Omit<Listener, "program" | "pid">[],
  body: Gen<T>,
): Gen<T> {
  const close: (() => void)[] = [];
  try {
    for (const listener of listeners) close.push(p.ns.net.listen({ ...listener, program: p.comm, pid: p.pid }));
    return yield* body;
  } finally {
    for (const each of close) each();
  }
}

const plain = (status: number, text: string): HttpResponse => ({
  status,
  headers: { "content-type": "text/plain; charset=utf-8" },
  body: { type: "bytes", bytes: encode(text) },
});
const HEALTHY = plain(200, "ok");
const NOT_FOUND = plain(404, "404 page not found\n");

/** What a listener needs to answer `ok` on health paths, 404 elsewhere. */
export function healthPages(...paths: string[]): { http: HttpHandler; well: (path: string) => boolean } {
  const well = (path: string): boolean => {
    const mark = path.indexOf("?");
    return paths.includes(mark < 0 ? path : path.slice(0, mark));
  };
  return {
    *http(request) {
      return well(request.path) ? HEALTHY : NOT_FOUND;
    },
    well,
  };
}

export function fail(code: number): never {
  throw new ProcessExit(code);
}
