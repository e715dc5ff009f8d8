/** What ssh carries besides a session: ports of one machine that lead to where another one reaches (-L, -R), and bare bytes (-W). */
import type { Gen, Kernel, Task } from "../../kernel/index.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { type Connection, isNetError, NetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import type { FrameReader } from "./ssh-protocol.ts";

export interface Target {
  host: string;
  port: number;
}

export interface PortForward {
  bind: string;
  port: number;
  to: Target;
}

/** `[host]:port` or `host:port`; undefined where it is neither. */
export function targetOf(text: string): Target | undefined {
  const match = /^(?:\[(.+)\]|([^:]+)):(\d+)$/.exec(text);
  return match === null ? undefined : { host: (match[1] ?? match[2])!, port: Number(match[3]) };
}

/** `[bind_address:]port:host:hostport`; undefined where it is none. */
export function portForward(text: string, gateway: boolean): PortForward | undefined {
  const words =
    text
      .trim()
      .replace(/\s+/, ":")
      .match(/\[[^\]]*\]|[^:]+|(?<=^|:)(?=:)/g) ?? [];
  const plain = words.map((word) => word.replace(/^\[(.*)\]$/, "$1"));
  if (plain.length < 3 || plain.length > 4) return undefined;
  const [bind, port, host, hostPort] = plain.length === 4 ? plain : [undefined, ...plain];
  if (!/^\d+$/.test(port!) || !/^\d+$/.test(hostPort!) || host === "") return undefined;
  const any = bind === "*" || bind === "" || (bind === undefined && gateway);
  const address = any ? "0.0.0.0" : bind === undefined || bind === "localhost" ? "127.0.0.1" : bind;
  return { bind: address, port: Number(port), to: { host: host!, port: Number(hostPort) } };
}

/** Processes of sshd by the number that they told their clients, which reach through them. */
const channels = new WeakMap<Kernel, Map<number, Process>>();

/** Gives a connection's process a number; `close` takes it away again. */
export function openChannel(p: Process): { channel: number; close: () => void } {
  const { kernel } = p.machine;
  let open = channels.get(kernel);
  if (open === undefined) channels.set(kernel, (open = new Map()));
  let channel = 0;
  while (open.has(channel)) channel++;
  open.set(channel, p);
  return { channel, close: () => open.delete(channel) };
}

/** The process behind a connection that is open. */
export function throughChannel(kernel: Kernel, channel: number): Process | undefined {
  return channels.get(kernel)?.get(channel);
}

/** Connects from a process's machine to a host as that machine knows it. Throws `NetError`. */
export function* connectFrom(p: Process, { host, port }: Target): Gen<Connection> {
  const found = yield* resolveHost(p, host);
  if (!found.ok) throw new NetError("ENOTFOUND");
  return yield* p.machine.network.connect(p.ns.net, found.addresses[0]!, port);
}

/** Why a channel could not be opened, as sshd tells it. */
export function* openFailure(p: Process, { host }: Target, error: NetError): Gen<string> {
  if (error.code === "ENOTFOUND") {
    const found = yield* resolveHost(p, host);
    return found.ok ? "unknown" : lookupError(found.why);
  }
  const words: Partial<Record<NetError["code"], string>> = {
    ECONNREFUSED: "Connection refused",
    ETIMEDOUT: "Connection timed out",
    EHOSTUNREACH: "No route to host",
    ENETUNREACH: "Network is unreachable",
  };
  return words[error.code] ?? error.message;
}

/** Bytes one way until they end. */
export function* copyBytes(from: Socket, to: Socket): Gen<void> {
  for (;;) {
    const bytes = yield* from.input.read(65_536);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) break;
    if ((yield* to.output.write(bytes)) === "broken") break;
  }
  if (to.output.writers > 0) to.output.closeWriter();
}

/** The server's side of -W: bytes between the client and where it wants to. `rest`: what the client has said already. */
export function* relayTo(p: Process, client: Socket, server: Socket, rest: Uint8Array): Gen<void> {
  const { kernel } = p.machine;
  if (rest.length > 0) server.output.push(rest);
  const up: Task = kernel.spawn(`sshd direct-tcpip ${p.pid}`, copyBytes(client, server), { instant: false });
  try {
    yield* copyBytes(server, client);
  } finally {
    if (up.state !== "done") kernel.kill(up);
    server.close();
  }
}

/** The client's side of -W: standard input to the other side, what comes from there to standard output. */
export function* relayStandard(p: Process, socket: Socket, reader: FrameReader): Gen<number> {
  const { kernel } = p.machine;
  const input = function* (): Gen {
    const file = p.fds.get(0);
    while (file?.readable) {
      const bytes = yield* file.read(65_536);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0 || (yield* socket.output.write(bytes.slice())) === "broken") break;
    }
    socket.output.closeWriter();
  };
  const pump = kernel.spawn(`ssh input ${p.pid}`, input());
  try {
    const rest = reader.takeRest();
    if (rest.length > 0) yield* sys.write(p, 1, rest);
    for (;;) {
      const bytes = yield* socket.input.read(65_536);
      if (bytes === "interrupted") continue;
      if (bytes.length === 0) return 0;
      yield* sys.write(p, 1, bytes);
    }
  } finally {
    kernel.kill(pump);
  }
}

/** Listens on `near`'s machine for connections that `far`'s opens; `failed` is told why it could not. Throws `NetError`. */
function listenFor(
  near: Process,
  far: Process,
  one: PortForward,
  program: string,
  failed: (why: string) => Gen,
): () => void {
  let onward: Connection | undefined;
  return near.ns.net.listen({
    protocol: "tcp",
    address: one.bind,
    port: one.port,
    program,
    pid: near.pid,
    *proxy() {
      onward = undefined;
      try {
        return (onward = yield* connectFrom(far, one.to));
      } catch (error) {
        if (!isNetError(error)) throw error;
        yield* failed(yield* openFailure(far, one.to, error));
        return undefined;
      }
    },
    // The client is let in before it is known that nobody is behind it.
    *accept(socket) {
      if (onward !== undefined) yield* relayTo(near, socket, onward.stream(), new Uint8Array(0));
      socket.close();
    },
  });
}

/** Opens the ports that -L and -R ask for once the other side has let us in; gives what closes them, and whether all are open. */
export function* openForwards(
  p: Process,
  channel: number,
  local: readonly PortForward[],
  remote: readonly PortForward[],
): Gen<{ close: () => void; whole: boolean }> {
  const far = throughChannel(p.machine.kernel, channel);
  const closers: (() => void)[] = [];
  let whole = far !== undefined;
  let number = 2;
  const failed = (why: string) => sys.printError(p, `channel ${number++}: open failed: connect failed: ${why}\n`);
  for (const [list, isLocal] of [
    [local, true],
    [remote, false],
  ] as const)
    for (const one of list) {
      if (far === undefined) break;
      const denied = isLocal && one.port < 1024 && p.cred.uid !== 0;
      try {
        if (denied) throw new NetError("EADDRNOTAVAIL");
        closers.push(isLocal ? listenFor(p, far, one, "ssh", failed) : listenFor(far, p, one, "sshd", function* () {}));
      } catch (error) {
        if (!isNetError(error)) throw error;
        whole = false;
        const why = denied
          ? "Permission denied"
          : error.code === "EADDRINUSE"
            ? "Address already in use"
            : "Cannot assign requested address";
        yield* sys.printError(
          p,
          isLocal
            ? `bind [${one.bind}]:${one.port}: ${why}\nchannel_setup_fwd_listener_tcpip: cannot listen to port: ${one.port}\nCould not request local forwarding.\n`
            : `Warning: remote port forwarding failed for listen port ${one.port}\n`,
        );
      }
    }
  return { whole, close: () => closers.forEach((close) => void close()) };
}

/** A connection that a command carries (ProxyCommand): its standard input and output are the other side. */
export function* commandSocket(p: Process, command: string): Gen<Socket> {
  const [childIn, toChild] = sys.pipe();
  const [fromChild, childOut] = sys.pipe();
  const fds = new Map<number, OpenFile>([
    [0, childIn],
    [1, childOut],
  ]);
  const errors = p.fds.get(2);
  if (errors !== undefined) fds.set(2, errors);
  const child = yield* sys.spawn(p, "/bin/sh", { argv: ["sh", "-c", `exec ${command}`], fds });
  const own = { localAddress: "UNKNOWN", localPort: 65_535, remoteAddress: "UNKNOWN", remotePort: 65_535 };
  return {
    ...own,
    input: fromChild.pipe,
    output: toChild.pipe,
    close() {
      if (toChild.pipe.writers > 0) toChild.pipe.closeWriter();
      if (fromChild.pipe.readers > 0) fromChild.pipe.closeReader();
      if (child.status === undefined) p.machine.signal(child, "HUP");
    },
  };
}
