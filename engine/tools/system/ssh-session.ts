/** An open connection of ssh: bytes both ways, the terminal, ports, until the other side says how it ended. */
import { type Gen, type Task, WaitQueue, wait } from "../../kernel/index.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { RAW } from "../../machine/tty.ts";
import type { Socket } from "../../network/index.ts";
import { openForwards, type PortForward, relayStandard } from "./ssh-forward.ts";
import {
  type Accepted,
  type ExitReport,
  FrameReader,
  frame,
  json,
  type OpenRequest,
  type Refused,
} from "./ssh-protocol.ts";

/** Where to and as whom. */
export interface Destination {
  user: string;
  host: string;
  port: number;
  timeout: number | undefined;
}

/** -f: a child goes on once the other side has let us in. */
export function* inBackground(
  p: Process,
  socket: Socket,
  request: OpenRequest,
  to: Destination,
  options: Conversation,
): Gen<number> {
  const known = new WaitQueue();
  let accepted = false;
  const onAccepted = () => {
    accepted = true;
    known.wakeAll();
  };
  const child = sys.fork(p, function* (own) {
    try {
      return yield* converse(own, socket, request, to, { ...options, onAccepted });
    } finally {
      known.wakeAll();
    }
  });
  child.session = child.group = child.pid;
  child.comm = "ssh";
  while (!accepted && child.status === undefined) yield* wait(known);
  return accepted ? 0 : exitCode((yield* sys.waitFor(p, child))!.status);
}

export interface Forwards {
  local: PortForward[];
  remote: PortForward[];
}

export interface Conversation {
  quiet?: boolean;
  noInput?: boolean;
  /** A command carries the connection: nobody knows where from. */
  behindProxy?: boolean;
  forwards?: Forwards;
  /** Ends where a port cannot be forwarded. */
  strict?: boolean;
  onAccepted?: (channel: number) => void;
}

/** Opens the session and carries bytes both ways until it ends. */
export function* converse(
  p: Process,
  socket: Socket,
  request: OpenRequest,
  to: Destination,
  options: Conversation = {},
): Gen<number> {
  const reader = new FrameReader(socket);
  const local = p.fds.get(0)?.tty;
  const before = local?.termios;
  const raw = request.tty !== undefined && local !== undefined;
  let pump: Task | undefined;
  let open = () => {};
  let admitted = false;
  const say = function* (text: string): Gen {
    if (!options.quiet) yield* sys.printError(p, raw ? text.replace(/\n/g, "\r\n") : text);
  };
  try {
    socket.output.push(frame("open", request));
    if (raw) {
      local.termios = { ...RAW };
      p.dispositions.set("WINCH", "catch");
    }
    for (;;) {
      const got = yield* reader.next();
      if (got === "interrupted") {
        while (p.takeSignal() !== undefined);
        if (local) socket.output.push(frame("resize", { columns: local.columns, rows: local.rows }));
        continue;
      }
      if (got === undefined && !admitted && options.behindProxy) {
        yield* sys.printError(
          p,
          "kex_exchange_identification: Connection closed by remote host\nConnection closed by UNKNOWN port 65535\n",
        );
        return 255;
      }
      if (got === undefined) {
        yield* say(`Connection to ${to.host} closed by remote host.\n`);
        if (raw) yield* say(`Connection to ${to.host} closed.\n`);
        return 255;
      }
      if (got.type === "refused" && got.bytes.length > 0) {
        const { why } = json<Refused>(got.bytes);
        yield* say(`channel 0: open failed: connect failed: ${why}\nstdio forwarding failed\n`);
        return 255;
      }
      if (got.type === "refused") {
        yield* sys.printError(p, `${to.user}@${to.host}: Permission denied (publickey).\n`);
        return 255;
      }
      if (got.type === "accepted") {
        admitted = true;
        if (request.forward !== undefined) return yield* relayStandard(p, socket, reader);
        const { channel } = json<Accepted>(got.bytes);
        const { local: near, remote: far } = options.forwards ?? { local: [], remote: [] };
        if (near.length + far.length > 0) {
          const opened = yield* openForwards(p, channel, near, far);
          open = opened.close;
          if (!opened.whole && options.strict) return 255;
        }
        options.onAccepted?.(channel);
        if (request.idle || request.subsystem !== undefined) continue;
        if (!options.noInput) pump = p.machine.kernel.spawn(`ssh input ${p.pid}`, sendInput(p, socket, raw));
        else socket.output.push(frame("eof"));
      } else if (got.type === "data") yield* sys.write(p, 1, got.bytes);
      else if (got.type === "error") yield* sys.write(p, 2, got.bytes);
      else if (got.type === "exit") {
        const end = json<ExitReport>(got.bytes);
        if (raw) yield* say(`Connection to ${to.host} closed.\n`);
        return end.code ?? 255;
      }
    }
  } finally {
    open();
    if (pump) p.machine.kernel.kill(pump);
    if (raw && before) local.termios = before;
    socket.close();
  }
}

const NEWLINES = [10, 13];
const TILDE = 126;
const DOT = 46;

/** Standard input to the other side; on a terminal `~.` after a newline leaves. */
function* sendInput(p: Process, socket: Socket, raw: boolean): Gen {
  const file = p.fds.get(0);
  let last = 10;
  let held = false;
  for (;;) {
    const bytes = file?.readable ? yield* file.read(16_384) : new Uint8Array(0);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) {
      socket.output.push(frame("eof"));
      return;
    }
    if (!raw) {
      socket.output.push(frame("data", bytes.slice()));
      continue;
    }
    const out: number[] = [];
    for (const byte of bytes) {
      if (held && byte === DOT) {
        p.machine.signal(p, "HUP");
        return;
      }
      if (held) out.push(TILDE);
      held = !held && byte === TILDE && NEWLINES.includes(last);
      if (!held) out.push(byte);
      last = byte;
    }
    if (out.length > 0) socket.output.push(frame("data", Uint8Array.from(out)));
  }
}
