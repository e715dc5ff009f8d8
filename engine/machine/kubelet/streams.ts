import type { RemoteCommand } from "../../api/http.ts";
import { refusedCommand } from "../../api/remote-command.ts";
import { type Gen, Pipe, WaitQueue, wait } from "../../kernel/index.ts";
import { type Container, CriError, type ExecSession } from "../runtime/index.ts";
import type { Kubelet } from "./kubelet.ts";

const SUCCESS = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success" };

export interface StreamOptions {
  stdin: boolean;
  tty: boolean;
}

/** A command in a container behind the five channels. A command that cannot be run ends them at once with its error. */
export function* execChannels(
  kubelet: Kubelet,
  container: Container,
  command: readonly string[],
  options: StreamOptions,
): Gen<RemoteCommand> {
  try {
    const session = yield* kubelet.runtime.exec(container.id, command, options);
    const channels = sessionChannels(kubelet, session, options);
    kubelet.kernel.spawn(`exec ${container.config.metadata.name}`, finishExec(session, channels, command), {
      instant: false,
    });
    return channels;
  } catch (error) {
    if (!(error instanceof CriError)) throw error;
    return refusedCommand(`error executing command in container: ${error.message}`, options);
  }
}

function sessionChannels(kubelet: Kubelet, session: ExecSession, options: StreamOptions): RemoteCommand {
  const { stdout, stderr, tty } = session;
  let stdin = session.stdin;
  if (tty && options.stdin) {
    stdin = new Pipe();
    stdin.writers = stdin.readers = 1;
    kubelet.kernel.spawn(
      "exec keys",
      pumpKeys(stdin, (bytes) => tty.input(bytes)),
      { instant: false },
    );
  }
  let open = true;
  return {
    stdin,
    stdout,
    stderr,
    resize: (columns, rows) => tty?.resize(columns, rows),
    result: undefined,
    ended: new WaitQueue(),
    close() {
      if (!open) return;
      open = false;
      if (session.exitCode === undefined) {
        tty?.hangUp();
        if (stdin && stdin.writers > 0) stdin.closeWriter();
      }
      stdout.closeReader();
      stderr?.closeReader();
    },
  };
}

function* finishExec(session: ExecSession, channels: RemoteCommand, command: readonly string[]): Gen {
  while (session.exitCode === undefined) yield* wait(session.ended);
  const code = session.exitCode;
  channels.result = code === 0 ? SUCCESS : nonZero(code, command);
  channels.ended.wakeAll();
  // Readers that wait for more output learn that there is none.
  channels.stdout?.readable.wakeAll();
  channels.stderr?.readable.wakeAll();
}

function nonZero(code: number, command: readonly string[]): object {
  return {
    kind: "Status",
    apiVersion: "v1",
    metadata: {},
    status: "Failure",
    message: `command terminated with non-zero exit code: error executing command [${command.join(" ")}], exit code ${code}`,
    reason: "NonZeroExitCode",
    details: { causes: [{ reason: "ExitCode", message: String(code) }] },
  };
}

function* pumpKeys(from: Pipe, to: (bytes: Uint8Array) => void): Gen {
  for (;;) {
    const bytes = yield* from.read(4096);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) return;
    to(bytes);
  }
}

/** The container's own process behind the channels; they end with the container. */
export function attachChannels(kubelet: Kubelet, container: Container, options: StreamOptions): RemoteCommand {
  const tap = (sink: Container["stdout"]): Pipe => {
    const pipe = new Pipe(1 << 20);
    pipe.readers = pipe.writers = 1;
    sink.taps.add(pipe);
    return pipe;
  };
  const stdout = tap(container.stdout);
  const stderr = container.tty ? undefined : tap(container.stderr);
  let stdin: Pipe | undefined;
  let open = true;
  if (options.stdin && (container.tty || container.stdin)) {
    stdin = new Pipe();
    stdin.readers = stdin.writers = 1;
  }
  const channels: RemoteCommand = {
    stdin,
    stdout,
    stderr,
    resize: (columns, rows) => container.tty?.resize(columns, rows),
    result: undefined,
    ended: new WaitQueue(),
    close() {
      if (!open) return;
      open = false;
      container.stdout.taps.delete(stdout);
      if (stderr) container.stderr.taps.delete(stderr);
      stdout.closeReader();
      stderr?.closeReader();
      if (stdin && stdin.writers > 0) stdin.closeWriter();
    },
  };
  const end = () => {
    kubelet.runtime.listeners.delete(listener);
    channels.result = SUCCESS;
    channels.ended.wakeAll();
  };
  const listener = (): void => {
    if (container.state === "exited") end();
  };
  kubelet.runtime.listeners.add(listener);
  // A terminal's input that is over while the client is still there (`kubectl run -it … </dev/null`) makes containerd end
  // the attachment, so that what a command has yet to write is lost. A container of one input is told of the end instead:
  // a shell ends, and from others nothing is taken.
  const over = () => {
    if (!open || !container.tty) return;
    if (container.config.stdinOnce) container.tty.input(END_OF_TRANSMISSION);
    else end();
  };
  if (stdin) kubelet.kernel.spawn("attach stdin", pumpStdin(stdin, container, over), { instant: false });
  return channels;
}

const END_OF_TRANSMISSION = Uint8Array.of(4);

function* pumpStdin(from: Pipe, container: Container, over: () => void): Gen {
  for (;;) {
    const bytes = yield* from.read(4096);
    if (bytes === "interrupted") continue;
    if (bytes.length === 0) break;
    if (container.tty) container.tty.input(bytes);
    else if (container.stdin) yield* container.stdin.write(bytes);
  }
  over();
  if (container.config.stdinOnce && container.stdin && container.stdin.writers > 0) container.stdin.closeWriter();
}
