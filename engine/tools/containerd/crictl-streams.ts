/** crictl exec, attach and logs. */

import { parseDuration } from "../../api/go-time.ts";
import { parseMicros } from "../../api/time.ts";
import { type Gen, MS, Pipe, SECOND, WaitQueue, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import { followLog, type LogOptions, readLog } from "../../machine/kubelet/logs.ts";
import {
  type Container,
  type ContainerRuntime,
  CriError,
  type ExecSession,
  exitOf,
} from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { RAW, type Tty } from "../../machine/tty.ts";
import { flag } from "./cli.ts";
import { byPrefix, containers } from "./cri.ts";
import { CliExit, type Crictl, type CrictlCommand, CrictlError, noContainer, ShowHelp } from "./crictl-context.ts";
import { chosenContainers } from "./crictl-list.ts";

/** Carries bytes between a command in a container and this process until the command ends. */
function* carry(c: Crictl, session: ExecSession, stdin: boolean): Gen {
  const { kernel } = c.machine;
  const own = stdin && session.tty ? c.p.fds.get(0)?.tty : undefined;
  const moved = new WaitQueue();
  const out = [session.stdout, ...(session.stderr ? [session.stderr] : [])];
  let writing = 0;
  const drain = function* (pipe: Pipe, fd: number): Gen {
    for (;;) {
      const bytes = yield* pipe.read(65_536);
      if (bytes === "interrupted" || bytes.length === 0) return;
      writing++;
      yield* sys.write(c.p, fd, bytes);
      writing--;
      moved.wakeAll();
    }
  };
  const tasks = out.map((pipe, i) => kernel.spawn("crictl output", drain(pipe, i + 1)));
  if (stdin) tasks.push(kernel.spawn("crictl stdin", feed(c, session)));
  const saved = own && { ...own.termios };
  if (own) Object.assign(own.termios, RAW);
  try {
    if (own) yield* untilEnd(c, session, own);
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
function* untilEnd(c: Crictl, session: ExecSession, own: Tty): Gen {
  session.tty!.resize(own.columns, own.rows);
  c.p.dispositions.set("WINCH", "catch");
  try {
    while (session.exitCode === undefined) {
      if ((yield* wait(session.ended)) !== "interrupted") continue;
      c.p.takeSignal();
      session.tty!.resize(own.columns, own.rows);
    }
  } finally {
    c.p.dispositions.delete("WINCH");
  }
}

function* feed(c: Crictl, session: ExecSession): Gen {
  try {
    for (;;) {
      const bytes = yield* sys.read(c.p, 0);
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

function* execIn(c: Crictl, runtime: ContainerRuntime, id: string, command: readonly string[]): Gen {
  const [tty, stdin] = [c.on("tty"), c.on("interactive")];
  const start = (prefix: string, name: string, options: object) =>
    c.rpc(name, "runtime", { containerID: id, cmd: JSON.stringify(command) }, prefix, function* () {
      const container = byPrefix(runtime.containers.values(), id);
      if (container === undefined) throw noContainer(id);
      return yield* runtime.exec(container.id, command, options);
    });
  if (c.on("sync")) {
    const prefix = `execing command in container ${id} synchronously: `;
    const session = yield* start(prefix, "ExecSync", { collect: true });
    const timeout = Number(c.value("timeout", "0"));
    const code = yield* exitOf(session, timeout > 0 ? timeout * SECOND : 1e15);
    if (code === undefined) {
      throw new CrictlError(
        `${prefix}rpc error: code = DeadlineExceeded desc = failed to exec in container: timeout ${timeout}s exceeded: context deadline exceeded`,
      );
    }
    yield* carry(c, session, false);
    yield* c.print("\n\n");
    if (code !== 0) throw new CliExit("non-zero exit code", code);
    return;
  }
  const prefix = `execing command in container ${id}: `;
  let session: ExecSession;
  try {
    session = yield* start(prefix, "Exec", { stdin, tty });
  } catch (error) {
    if (!(error instanceof CrictlError)) throw error;
    // Only what Exec itself answers comes with its code; the stream's own failures come as text.
    const streamed = /failed to exec in container: .*$/s.exec(error.message);
    throw streamed
      ? new CrictlError(`${prefix}Internal error occurred: error executing command in container: ${streamed[0]}`)
      : error;
  }
  yield* carry(c, session, stdin);
  if (session.exitCode !== 0) throw new CrictlError(`${prefix}command terminated with exit code ${session.exitCode}`);
}

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
    flag.string("transport", "r", "Transport protocol to use, one of: spdy|websocket", "spdy"),
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
    const runtime = yield* c.runtime();
    const byFilter = CHOICE.some((name) => c.isSet(name));
    if (!byFilter && c.args.length < 2) throw new ShowHelp();
    const ids = byFilter ? chosenContainers(c, runtime).map(({ id }) => id) : [c.args[0]!];
    const command = byFilter ? c.args : c.args.slice(1);
    if (ids.length === 0) {
      yield* c.log("error", "No containers found per filter flags");
      throw new ShowHelp();
    }
    for (const id of ids) {
      if (byFilter && !c.on("quiet") && !c.on("parallel")) yield* c.print(`${id}:\n`);
      try {
        yield* execIn(c, runtime, id, command);
      } catch (error) {
        if (!c.on("ignore-errors") || !(error instanceof CrictlError || error instanceof CliExit)) throw error;
      }
    }
  },
};

export const attach: CrictlCommand = {
  name: "attach",
  usage: "Attach to a running container",
  argsUsage: "CONTAINER-ID",
  flags: [flag.bool("tty", "t", "Allocate a pseudo-TTY"), flag.bool("stdin", "i", "Keep STDIN open")],
  *run(c) {
    const [id] = c.args;
    if (id === undefined) throw new CrictlError("ID cannot be empty");
    const runtime = yield* c.runtime();
    const container = yield* c.rpc(
      "Attach",
      "runtime",
      { containerID: id },
      "attaching running container failed: ",
      function* () {
        const found = byPrefix(runtime.containers.values(), id);
        if (found === undefined) throw noContainer(id);
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
    if (id === undefined) throw new CrictlError("ID cannot be empty");
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
      const found = byPrefix(runtime.containers.values(), id);
      if (found === undefined) throw noContainer(id);
      return found;
    });
    if (c.on("previous")) container = previousOf(c, container);
    yield* copyLog(c, container, options);
  },
};

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
    throw new CrictlError(
      `failed to try resolving symlinks in path "${path}": lstat ${path}: no such file or directory`,
    );
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
