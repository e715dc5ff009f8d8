/** Running and attaching: a process of a container with this process's stdin, stdout and terminal. */
import { toError } from "../../api/client.ts";
import type { HttpResponse, RemoteCommand } from "../../api/http.ts";
import type { Status } from "../../api/status.ts";
import { decode, type Gen, MS, type Pipe, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { RAW, type Tty } from "../../machine/tty.ts";
import { Exit, KubectlError } from "./errors.ts";
import type { Invocation } from "./invocation.ts";

export interface StreamOptions {
  stdin: boolean;
  tty: boolean;
  quiet: boolean;
}

/** Where the streams go when not to this process's own descriptors. */
export interface StreamEnds {
  /** Everything the command reads. */
  input?: Uint8Array;
  /** Takes what the command writes, by descriptor. */
  output?(fd: number, chunk: Uint8Array): void;
}

/** Whether a terminal can be used; says so when one was asked for and is not there. */
export function setupTty(k: Invocation, options: StreamOptions): Tty | undefined {
  if (!options.stdin || !options.tty) return undefined;
  const tty = k.p.fds.get(0)?.tty;
  if (tty === undefined && !options.quiet) {
    k.err("Unable to use a TTY - input is not a terminal or the right kind of file\n");
  }
  return tty;
}

/**
 * Opens the streams of an exec or attach and carries bytes until the command ends. Returns normally on success; throws
 * Exit with the command's own status, or KubectlError.
 */
export function* stream(k: Invocation, path: string, stdin: boolean, tty: Tty | undefined, ends: StreamEnds = {}): Gen {
  const response = yield* k.request("GET", path, undefined, {
    connection: "Upgrade",
    upgrade: "websocket",
    "sec-websocket-protocol": "v5.channel.k8s.io",
  });
  if (response.body.type !== "channels") throw upgradeError(response);
  const { channels } = response.body;
  const kernel = k.p.machine.kernel;
  const pumped = new WaitQueue();
  let open = 0;
  const writing = { count: 0 };
  /** Whoever read what comes may have gone: kubectl has the signal for that already. */
  const untilBroken = function* (body: Gen): Gen {
    try {
      yield* body;
    } catch (error) {
      if (!isErrno(error, "EPIPE")) throw error;
    }
  };
  const pump = (name: string, body: Gen) => {
    open++;
    return kernel.spawn(`kubectl ${name}`, untilBroken(body), {
      onExit: () => {
        open--;
        pumped.wakeAll();
      },
    });
  };
  const saved = tty && { ...tty.termios };
  if (tty) Object.assign(tty.termios, RAW);
  if (tty) channels.resize(tty.columns, tty.rows);
  const input =
    stdin && channels.stdin ? kernel.spawn("kubectl stdin", feed(k, channels.stdin, ends.input)) : undefined;
  const outputs = [
    channels.stdout && pump("stdout", drain(k, channels.stdout, 1, writing, ends)),
    channels.stderr && pump("stderr", drain(k, channels.stderr, 2, writing, ends)),
  ];
  const caught = tty && k.p.dispositions.get("WINCH");
  if (tty) k.p.dispositions.set("WINCH", "catch");
  try {
    while (channels.result === undefined) {
      const why = yield* wait(channels.ended);
      if (why === "interrupted") {
        k.p.takeSignal();
        if (tty) channels.resize(tty.columns, tty.rows);
      }
    }
    // What the command wrote before it ended still has to come through; a stream left open is not waited for.
    const { stdout, stderr } = channels;
    const left = () => (stdout?.size ?? 0) + (stderr?.size ?? 0) + writing.count;
    while (open > 0 && left() > 0) yield* wait(pumped, MS);
  } finally {
    if (tty && saved) Object.assign(tty.termios, saved);
    if (tty) {
      if (caught) k.p.dispositions.set("WINCH", caught);
      else k.p.dispositions.delete("WINCH");
    }
    if (input && input.state !== "done") kernel.kill(input);
    for (const task of outputs) if (task && task.state !== "done") kernel.kill(task);
    channels.close();
  }
  finish(channels);
}

function* feed(k: Invocation, pipe: Pipe, input: Uint8Array | undefined): Gen {
  try {
    if (input) {
      yield* pipe.write(input);
      return;
    }
    for (;;) {
      const chunk = yield* sys.read(k.p, 0);
      if (chunk.length === 0) return;
      if ((yield* pipe.write(chunk)) !== "ok") return;
    }
  } catch (error) {
    // Closed, or no terminal behind it any more: there is no more input.
    if (!isErrno(error)) throw error;
  } finally {
    pipe.closeWriter();
  }
}

function* drain(k: Invocation, pipe: Pipe, fd: number, writing: { count: number }, ends: StreamEnds): Gen {
  for (;;) {
    const chunk = yield* pipe.read(65_536);
    if (chunk === "interrupted" || chunk.length === 0) return;
    writing.count++;
    if (ends.output) ends.output(fd, chunk);
    else if (k.p.fds.has(fd)) yield* sys.write(k.p, fd, chunk);
    writing.count--;
  }
}

/** Why no streams were opened: the server's Status, or the kubelet's own words. */
function upgradeError(response: HttpResponse): Error {
  const { body } = response;
  if (body.type === "bytes") return new KubectlError(`unable to upgrade connection: ${decode(body.bytes).trim()}`);
  return toError(response);
}

/** What the status at the end means (client-go tools/remotecommand/v4.go). */
function finish(channels: RemoteCommand): void {
  const status = channels.result as Status;
  if (status.status === "Success") return;
  if (status.reason === "NonZeroExitCode") {
    const code = status.details?.causes?.find((cause) => cause.reason === "ExitCode")?.message;
    throw new Exit(Number(code ?? 1), `command terminated with exit code ${code}`);
  }
  throw new KubectlError(status.message ?? "");
}
