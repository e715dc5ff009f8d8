/** Ports of a machine that lead into a Pod (client-go tools/portforward), for kubectl and crictl. */
import { forwardFailure } from "../../api/remote-command.ts";
import { type Gen, WaitQueue, wait } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import type { Connection, Socket } from "../../network/index.ts";
import { isNetError, NetError } from "../../network/index.ts";
import { quote } from "./go.ts";

export interface Forwarded {
  local: number;
  remote: number;
}

/** What ends forwarding, or a port that is none. */
export class ForwardError extends Error {}

/** The program that forwards. */
export interface Forwarder {
  readonly p: Process;
  /** Its name, as `ss` shows it. */
  readonly program: string;
  /** Addresses to listen on, and how they are called. */
  readonly addresses: readonly { shown: string[]; bind: string }[];
  out(text: string): void;
  err(text: string): void;
  flush(): Gen;
  /** An error's line of its log. */
  klog(source: string, message: string): string;
}

/** `localhost` is both loopbacks, the second of which nobody here can dial. */
export const LOCALHOST = { shown: ["127.0.0.1", "[::1]"], bind: "127.0.0.1" };

/** client-go portforward parsePorts. */
export function parsePorts(spec: string): Forwarded {
  const parts = spec.split(":");
  if (parts.length > 2) throw new ForwardError(`invalid port format '${spec}'`);
  const [localText, remoteText] = parts.length === 1 ? [spec, spec] : [parts[0] || "0", parts[1]!];
  const local = portNumber(localText, "local");
  const remote = portNumber(remoteText, "remote");
  if (remote === 0) throw new ForwardError("remote port must be > 0");
  return { local, remote };
}

function portNumber(text: string, side: string): number {
  const error = (why: string) =>
    new ForwardError(`error parsing ${side} port '${text}': strconv.ParseUint: parsing ${quote(text)}: ${why}`);
  if (!/^\d+$/.test(text)) throw error("invalid syntax");
  if (Number(text) > 65_535) throw error("value out of range");
  return Number(text);
}

/** Listens on each port and hands on what comes, until the other side is lost: then it throws. */
export function* forwardPorts(
  f: Forwarder,
  ports: readonly Forwarded[],
  open: (port: number) => Gen<Connection>,
): Gen<never> {
  const { p } = f;
  const { net } = p.ns;
  const closers: (() => void)[] = [];
  const lost = new WaitQueue();
  let broken = false;
  const opening = (local: number, remote: number) =>
    function* connect(): Gen<Connection> {
      yield* sys.write(p, 1, `Handling connection for ${local}\n`);
      try {
        return yield* open(remote);
      } catch (error) {
        if (!isNetError(error)) throw error;
        const words = `an error occurred forwarding ${local} -> ${remote}: ${forwardFailure(remote, error.message)}`;
        yield* sys.write(p, 2, f.klog("portforward.go:424", `"Unhandled Error" err=${quote(words)}`));
        broken = true;
        lost.wakeAll();
        throw new NetError("ECONNRESET");
      }
    };
  try {
    for (const { local: wanted, remote } of ports) {
      const local = wanted === 0 ? net.ephemeralPort() : wanted;
      for (const { shown, bind } of f.addresses) {
        const connect = opening(local, remote);
        try {
          closers.push(
            net.listen({
              protocol: "tcp",
              address: bind,
              port: local,
              program: f.program,
              pid: p.pid,
              *http(request) {
                return yield* (yield* connect()).http(request);
              },
              accept: (socket) => relay(p, socket, connect()),
            }),
          );
        } catch (error) {
          if (!isNetError(error)) throw error;
          const why = shown.map((address) => {
            const family = address.startsWith("[") ? "tcp6" : "tcp4";
            return `unable to create listener: Error listen ${family} ${address}:${local}: bind: ${error.message}`;
          });
          f.err(
            `Unable to listen on port ${local}: Listeners failed to create with the following errors: [${why.join(" ")}]\n`,
          );
          continue;
        }
        for (const address of shown) f.out(`Forwarding from ${address}:${local} -> ${remote}\n`);
      }
    }
    if (closers.length === 0) {
      const shown = ports.map(({ local, remote }) => `{${local} ${remote}}`).join(" ");
      throw new ForwardError(`unable to listen on any of the requested ports: [${shown}]`);
    }
    yield* f.flush();
    while (!broken) yield* wait(lost);
    throw new ForwardError("lost connection to pod");
  } finally {
    for (const close of closers) close();
  }
}

/** Bytes both ways between a client's socket and the Pod's. */
function* relay({ machine: { kernel } }: Process, client: Socket, opening: Gen<Connection>): Gen {
  let server: Socket;
  try {
    server = (yield* opening).stream();
  } catch (error) {
    if (!isNetError(error)) throw error;
    client.close();
    return;
  }
  const up = kernel.spawn("port-forward up", copy(client, server), { instant: false });
  yield* copy(server, client);
  if (up.state !== "done") kernel.kill(up);
  client.close();
  server.close();
}

function* copy(from: Socket, to: Socket): Gen {
  for (;;) {
    const bytes = yield* from.input.read(65_536);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) break;
    yield* to.output.write(bytes);
  }
  to.output.closeWriter();
}
