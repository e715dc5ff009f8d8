/** crictl exec, attach and logs. */

import { parseDuration } from "../../api/go-time.ts";
import { parseMicros } from "../../api/time.ts";
import { decode, type Gen, MS, Pipe, SECOND, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { followLog, type LogOptions, readLog } from "../../machine/kubelet/logs.ts";
import type { Process } from "../../machine/process.ts";
import {
  type Container,
  type ContainerRuntime,
  CriError,
  type ExecSession,
  exitOf,
  isCriError,
} from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { RAW, type Tty } from "../../machine/tty.ts";
import { flag } from "./cli.ts";
import { byId, byPrefix, containerById, containers, logPath } from "./cri.ts";
import {
  AggregateFailure,
  type Crictl,
  type CrictlCommand,
  CrictlError,
  requireId,
  ShowHelp,
} from "./crictl-context.ts";
import { chosenContainers } from "./crictl-list.ts";

/** Carries bytes between a command in a container and this process until the command ends. */
export function* carry(p: Process, session: ExecSession, stdin: boolean): Gen {
  const { kernel } = p.machine;
  const own = stdin && session.tty ? p.fds.get(0)?.tty : undefined;
  const moved = new WaitQueue();
  const out = [session.stdout, ...(session.stderr ? [session.stderr] : [])];
  let writing = 0;
  const drain = function* (pipe: Pipe, fd: number): Gen {
    for (;;) {
      const bytes = yield* pipe.read(65_536);
      if (bytes === "interrupted" || bytes.length === 0) return;
      writing++;
      yield* sys.write(p, fd, bytes);
      writing--;
      moved.wakeAll();
    }
  };
  const tasks = out.map((pipe, i) => kernel.spawn("crictl output", drain(pipe, i + 1)));
  if (stdin) tasks.push(kernel.spawn("crictl stdin", feed(p, session)));
  const saved = own && { ...own.termios };
  if (own) Object.assign(own.termios, RAW);
  try {
    if (own) yield* untilEnd(p, session, own);
    else while (session.exitCode === undefined) yield* wait(session.ended);
    while (out.some((pipe) => pipe.size > 0) || writing > 0) yield* wait(moved, MS);
  } finally {
    if (own && saved) Object.assign(own.termios, saved);
    for (const task of tasks) if (task.state !== "done") kernel.kill(task);
    if (session.exitCode === undefined) session.tty?.hangUp();
    for (const pipe of out) pipe.closeReader();
  }
}

/** Waits for the command and hands on changes of the window's size. */
function* untilEnd(p: Process, session: ExecSession, own: Tty): Gen {
  session.tty!.resize(own.columns, own.rows);
  p.dispositions.set("WINCH", "catch");
  try {
    while (session.exitCode === undefined) {
      if ((yield* wait(session.ended)) !== "interrupted") continue;
      p.takeSignal();
      session.tty!.resize(own.columns, own.rows);
    }
  } finally {
    p.dispositions.delete("WINCH");
  }
}

function* feed(p: Process, session: ExecSession): Gen {
  try {
    for (;;) {
      const bytes = yield* sys.read(p, 0);
      if (bytes.length === 0) break;
      if (session.tty) session.tty.input(bytes);
      else if ((yield* session.stdin!.write(bytes)) !== "ok") return;
    }
  } catch (error) {
    if (!isErrno(error)) throw error;
  } finally {
    if (session.stdin && session.stdin.writers > 0) session.stdin.closeWriter();
  }
}

/** Begins a command in a container as the call of that name does. */
function* begin(
  c: Crictl,
  runtime: ContainerRuntime,
  id: string,
  command: readonly string[],
  call: { name: string; prefix: string; options: object },
): Gen<ExecSession> {
  const keys = { containerID: id, cmd: command };
  return yield* c.rpc(`${call.name} cmd`, "runtime", keys, call.prefix, function* () {
    const within = call.name === "ExecSync" ? "failed to exec in container: " : "";
    const words = (why: string) => `${within}failed to find container "${id}" in store: ${why}`;
    const container = byId(runtime.containers.values(), id, words);
    return yield* runtime.exec(container.id, command, call.options);
  });
}

/** ExecSync: what the command has written comes when it has ended well, each stream with a newline behind it. */
function* execSync(c: Crictl, runtime: ContainerRuntime, id: string, command: readonly string[]): Gen {
  const prefix = `execing command in container ${id} synchronously: `;
  const session = yield* begin(c, runtime, id, command, { name: "ExecSync", prefix, options: { collect: true } });
  const seconds = Number(c.value("timeout", "0"));
  const code = yield* exitOf(session, seconds > 0 ? seconds * SECOND : 1e15);
  const words = command.join(" ");
  if (code === undefined) {
    const err = `failed to exec in container: timeout ${seconds}s exceeded: context deadline exceeded`;
    const fail = function* (): Gen<never> {
      throw new CriError("DeadlineExceeded", err);
    };
    try {
      yield* c.rpc("ExecSync cmd", "runtime", { containerID: id, cmd: command }, "", fail);
    } catch (error) {
      if (!(error instanceof CrictlError)) throw error;
    }
    throw new CrictlError(`${prefix}command timed out: "${words}" timed out after ${seconds}s`);
  }
  const [out, err] = [collected(session.stdout), collected(session.stderr)];
  if (code !== 0) throw new CrictlError(`${prefix}command '${words}' exited with ${code}: ${decode(err)}`);
  for (const part of [out, err]) {
    yield* sys.write(c.p, 1, part);
    yield* c.print("\n");
  }
}

function collected(pipe: Pipe | undefined): Uint8Array {
  return pipe === undefined || pipe.size === 0 ? new Uint8Array() : pipe.take(pipe.size);
}

function* execIn(c: Crictl, runtime: ContainerRuntime, id: string, command: readonly string[]): Gen {
  if (c.on("sync")) return yield* execSync(c, runtime, id, command);
  const [tty, stdin] = [c.on("tty"), c.on("interactive")];
  const prefix = `execing command in container ${id}: `;
  if (tty && !stdin) throw new CrictlError(`${prefix}tty=true must be specified with interactive=true`);
  if (tty && c.p.fds.get(0)?.tty === undefined) throw new CrictlError(`${prefix}input is not a terminal`);
  const container = byPrefix(runtime.containers.values(), id);
  let session: ExecSession;
  if (container?.state !== "running") {
    session = yield* begin(c, runtime, id, command, { name: "Exec", prefix, options: { stdin, tty } });
  } else {
    try {
      session = yield* runtime.exec(container.id, command, { stdin, tty });
    } catch (error) {
      // Exec itself gives an address only: what fails then comes over the stream, as text.
      if (!isCriError(error)) throw error;
      throw new CrictlError(`${prefix}Internal error occurred: error executing command in container: ${error.message}`);
    }
  }
  yield* carry(c.p, session, stdin);
  if (session.exitCode !== 0) throw new CrictlError(`${prefix}command terminated with exit code ${session.exitCode}`);
}

/** Flags of the commands that stream. */
export const STREAMING = [
  flag.string("transport", "r", "Transport protocol to use, one of: spdy|websocket", "spdy"),
  flag.string("tls-ca", "", "Path to the streaming TLS CA certificate"),
  flag.string("tls-cert", "", "Path to the streaming TLS certificate"),
  flag.string("tls-key", "", "Path to the streaming TLS key"),
  flag.string(
    "tls-sni",
    "tls-server-name",
    "Server name used in the TLS client to check server certificates against",
    "localhost",
  ),
];

const CHOICE = ["name", "pod", "image", "state", "label", "latest", "last"];

export const exec: CrictlCommand = {
  name: "exec",
  usage: "Run a command in a running container",
  argsUsage: "[CONTAINER-ID] COMMAND [ARG...]",
  description:
    "The CONTAINER-ID is only required if none of the following filter flags are set:\n" +
    "--image, --label, --last, --latest, --name, --pod, --state",
  flags: [
    flag.bool("sync", "s", "Run the command synchronously"),
    flag.int("timeout", "", "Timeout in seconds"),
    flag.bool("tty", "t", "Allocate a pseudo-TTY"),
    flag.bool("interactive", "i", "Keep STDIN open"),
    ...STREAMING,
    flag.string("name", "", "Exec command for all containers matching this name filter regular expression pattern"),
    flag.string("pod", "p", "Exec command for all containers matching this pod ID filter"),
    flag.string("image", "", "Exec command for all containers matching this container image filter"),
    flag.string("state", "", "Exec command for all containers matching this container state filter"),
    flag.list("label", "", "Exec command for all containers matching this key=value label filter"),
    flag.bool("latest", "l", "Exec command for the most recently created container"),
    flag.int("last", "n", "Exec command for all last n containers, set to 0 for unlimited"),
    flag.bool("quiet", "q", "Do not print the container ID if multiple containers are selected"),
    flag.bool("ignore-errors", "e", "Ignore errors during command execution"),
    flag.bool("parallel", "x", "Run the command in parallel if multiple containers are selected"),
  ],
  *run(c) {
    if (c.args.length < 1) throw new ShowHelp();
    if (c.on("ignore-errors"))
      yield* c.log(
        "warning",
        "The `--ignore-errors` option has been set all errors returned by the command will be ignored.",
      );
    const runtime = yield* c.runtime();
    const byFilter = CHOICE.some((name) => c.isSet(name));
    if (!byFilter && c.args.length < 2) throw new ShowHelp();
    const ids = byFilter ? chosenContainers(c, runtime).map(({ id }) => id) : [c.args[0]!];
    const command = byFilter ? c.args : c.args.slice(1);
    if (ids.length === 0) {
      yield* c.log("error", "No containers found per filter flags");
      throw new ShowHelp();
    }
    const failed: string[] = [];
    for (const id of ids) {
      if (byFilter && !c.on("quiet") && !c.on("parallel")) yield* c.print(`${id}:\n`);
      try {
        yield* execIn(c, runtime, id, command);
      } catch (error) {
        if (!(error instanceof CrictlError)) throw error;
        failed.push(error.message);
      }
    }
    if (failed.length > 0 && !c.on("ignore-errors")) throw new AggregateFailure(failed.join("\n"));
  },
};

export const attach: CrictlCommand = {
  name: "attach",
  usage: "Attach to a running container",
  argsUsage: "CONTAINER-ID",
  flags: [flag.bool("tty", "t", "Allocate a pseudo-TTY"), flag.bool("stdin", "i", "Keep STDIN open"), ...STREAMING],
  *run(c) {
    const [id] = c.args;
    requireId(id);
    if (c.args.length > 1) throw new ShowHelp();
    const runtime = yield* c.runtime();
    const container = yield* c.rpc(
      "Attach container",
      "runtime",
      { containerID: id },
      "attaching running container failed: ",
      function* () {
        const words = (why: string) => `failed to find container in store: ${why}`;
        const found = byId(runtime.containers.values(), id, words);
        if (found.state !== "running")
          throw new CriError("Unknown", `container is in CONTAINER_${found.state.toUpperCase()} state`);
        return found;
      },
    );
    yield* follow(c, container);
  },
};

/** Copies what a container writes from now on, until it ends. */
function* follow(c: Crictl, container: Container): Gen {
  const pipe = new Pipe(1 << 20);
  pipe.readers = pipe.writers = 1;
  container.stdout.taps.add(pipe);
  container.stderr.taps.add(pipe);
  try {
    for (;;) {
      const bytes = yield* pipe.read(65_536);
      if (bytes === "interrupted" || bytes.length === 0) return;
      yield* sys.write(c.p, 1, bytes);
    }
  } finally {
    container.stdout.taps.delete(pipe);
    container.stderr.taps.delete(pipe);
  }
}

/** `--since`: a Go duration, RFC 3339 with parts left out, or seconds since 1970; in µs since 1970. */
function since(c: Crictl): number | undefined {
  const text = c.value("since");
  if (text === "") return undefined;
  const now = c.machine.kernel.epochMs * 1000 + c.machine.kernel.now;
  const duration = parseDuration(text);
  if (typeof duration === "number") return now - duration / 1000;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1_000_000;
  if (/^\d{4}-\d\d-\d\d/.test(text)) {
    const full =
      text.length === 10
        ? `${text}T00:00:00`
        : text.length === 13
          ? `${text}:00:00`
          : text.length === 16
            ? `${text}:00`
            : text;
    return parseMicros(/[Z+]|-\d\d:\d\d$/.test(full) ? full : `${full}Z`);
  }
  throw new CrictlError(`failed to parse value as time or duration: "${text}"`);
}

export const logs: CrictlCommand = {
  name: "logs",
  usage: "Fetch the logs of a container",
  argsUsage: "CONTAINER-ID",
  flags: [
    flag.bool("follow", "f", "Follow log output"),
    flag.bool("previous", "p", "Print the logs for the previous instance of the container in a pod if it exists"),
    flag.bool("reopen", "r", "Reopen the container logs for the provided container"),
    flag.int("tail", "", "Number of lines to show from the end of the logs. Defaults to all", "-1"),
    flag.int("limit-bytes", "", "Maximum bytes of logs to return. Defaults to no limit", "-1"),
    flag.string(
      "since",
      "",
      "Show logs since timestamp (e.g. 2013-01-02T13:23:37) or relative (e.g. 42m for 42 minutes)",
    ),
    flag.bool("timestamps", "t", "Show timestamps"),
  ],
  *run(c) {
    const [id] = c.args;
    requireId(id);
    if (c.args.length > 1) throw new ShowHelp();
    const runtime = yield* c.runtime();
    const limit = (name: string) => (Number(c.value(name, "-1")) < 0 ? undefined : Number(c.value(name)));
    const options: LogOptions = {
      follow: c.on("follow"),
      previous: false,
      timestamps: c.on("timestamps"),
      tailLines: limit("tail"),
      limitBytes: limit("limit-bytes"),
      since: since(c),
      stream: "All",
    };
    let container = yield* c.rpc("ContainerStatus", "runtime", { containerID: id }, "", function* () {
      return containerById(runtime, id);
    });
    if (c.on("reopen")) {
      yield* c.rpc("ReopenContainerLog", "runtime", { containerID: id }, "reopen container logs: ", function* () {
        if (container.state !== "running") throw new CriError("Unknown", "container is not running");
      });
      yield* c.log("info", "Container logs reopened");
    }
    if (c.on("previous")) container = previousOf(c, container);
    if (container.state === "created") {
      throw noLog(c, logPath(container));
    }
    yield* copyLog(c, container, options);
  },
};

/** There is no such log; the first part of its path that is lacking is named (filepath.EvalSymlinks). */
function noLog(c: Crictl, path: string): CrictlError {
  let lacking = "";
  for (const part of path.split("/").slice(1)) {
    lacking += `/${part}`;
    if (sys.find(c.p, lacking) === undefined) break;
  }
  return new CrictlError(
    `failed to try resolving symlinks in path "${path}": lstat ${lacking}: no such file or directory`,
  );
}

function previousOf(c: Crictl, container: Container): Container {
  const { name, attempt } = container.config.metadata;
  if (attempt === 0) throw new CrictlError(`previous terminated container ${name} not found`);
  const before = containers(c.machine).find(
    (one) =>
      one.sandbox.config.metadata.uid === container.sandbox.config.metadata.uid &&
      one.config.metadata.name === name &&
      one.config.metadata.attempt === attempt - 1,
  );
  if (before === undefined) {
    const path = `${container.sandbox.config.logDirectory}/${name}/${attempt - 1}.log`;
    throw noLog(c, path);
  }
  return before;
}

/** Lines of a container's log, standard error to its own descriptor. */
function* copyLog(c: Crictl, container: Container, options: LogOptions): Gen {
  if (!options.follow) {
    // The two streams keep their order only within runs of one of them.
    const errors = readLog(container, { ...options, stream: "Stderr" });
    if (errors.length === 0 || c.p.fds.get(1)?.node === c.p.fds.get(2)?.node) {
      return yield* sys.write(c.p, 1, readLog(container, options));
    }
    yield* sys.write(c.p, 1, readLog(container, { ...options, stream: "Stdout" }));
    return yield* sys.write(c.p, 2, errors);
  }
  const pipe = new Pipe();
  pipe.readers = pipe.writers = 1;
  const task = c.machine.kernel.spawn("crictl follow", followLog(container, options, pipe));
  try {
    for (;;) {
      const bytes = yield* pipe.read(65_536);
      if (bytes === "interrupted" || bytes.length === 0) return;
      yield* sys.write(c.p, 1, bytes);
    }
  } finally {
    pipe.closeReader();
    if (task.state !== "done") c.machine.kernel.kill(task);
  }
}
