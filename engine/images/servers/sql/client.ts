import { decode, encode, type Gen } from "../../../kernel/index.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { isNetError, type Socket } from "../../../network/index.ts";
import { resolveHost } from "../../../network/resolver.ts";
import type { Value } from "./compare.ts";
import { type Reply, type Request, readLine } from "./server.ts";

/** A connection to a server: asked for statements one after another. */
export interface Connection {
  ask(request: Request): Gen<Reply | undefined>;
  close(): void;
}

export type Unconnected = { why: "resolve" } | { why: "refused" | "timeout"; address: string };

const PATIENCE = 10_000_000;

export function* connectTo(p: Process, host: string, port: number): Gen<Connection | Unconnected> {
  const found = yield* resolveHost(p, host);
  if (!found.ok) return { why: "resolve" };
  const address = found.addresses[0]!;
  let socket: Socket;
  try {
    socket = (yield* p.ns.net.network.connect(p.ns.net, address, port, { timeout: PATIENCE })).stream();
  } catch (error) {
    if (!isNetError(error)) throw error;
    return { why: error.code === "ECONNREFUSED" ? "refused" : "timeout", address };
  }
  return {
    *ask(request) {
      socket.output.push(encode(`${JSON.stringify(request)}\n`));
      const line = yield* readLine(socket);
      return line === undefined ? undefined : (JSON.parse(line) as Reply);
    },
    close: () => socket.close(),
  };
}

/** Whether a host's name means the machine itself. */
export const isLocal = (host: string): boolean =>
  host === "localhost" || host.startsWith("127.") || host.startsWith("/");

export const cell = (value: Value, none: string): string => (value === null ? none : String(value));

/** Reads statements from a terminal: a line at a time, until `;` or a command that `whole` takes as it is. */
export function* typed(
  p: Process,
  prompt: (going: boolean) => string,
  whole: (line: string) => boolean,
  take: (text: string) => Gen<boolean>,
): Gen {
  let held = "";
  for (;;) {
    yield* sys.print(p, prompt(held !== ""));
    const line = decode(yield* sys.read(p, 0));
    if (line === "") {
      yield* sys.print(p, "\n");
      return;
    }
    held += line;
    const text = held.trim();
    if (text !== "" && !text.endsWith(";") && !(text === line.trim() && whole(text))) continue;
    held = "";
    if (text !== "" && !(yield* take(text))) return;
  }
}
