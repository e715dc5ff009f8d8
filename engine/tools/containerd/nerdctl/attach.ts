/** nerdctl run, exec and attach: commands whose terminal or pipes are nerdctl's own. */

import { type Gen, Pipe } from "../../../kernel/index.ts";
import type { Container, ExecOptions, ExecSession } from "../../../machine/runtime/index.ts";
import { isCriError } from "../../../machine/runtime/index.ts";
import { credentialsOf } from "../../../machine/runtime/user.ts";
import * as sys from "../../../machine/sys.ts";
import { EndsWith } from "../cli.ts";
import { carry } from "../crictl-streams.ts";
import { INTERACTIVE_DETACHED, type Nerd, NerdError } from "./context.ts";
import { createContainer, environmentOf } from "./create.ts";
import { begin, letGo, removeUnit } from "./life.ts";

/** Hands on what a command writes until it has ended; gives its status. */
export function* attached(c: Nerd, session: ExecSession, stdin: boolean): Gen<number> {
  try {
    yield* carry(c.p, session, stdin && (session.tty !== undefined || session.stdin !== undefined));
  } finally {
    // nerdctl hands on the signals that it gets.
    if (session.exitCode === undefined && session.tty === undefined) c.machine.signal(session.process, "INT");
  }
  return session.exitCode ?? 0;
}

/** What console.Current does without a terminal: a panic of Go's. */
function* requireConsole(c: Nerd): Gen {
  if (c.p.fds.get(0)?.tty !== undefined) return;
  yield* sys.printError(c.p, "panic: provided file is not a console\n\ngoroutine 1 [running]:\n");
  throw new EndsWith(2);
}

export function* run(c: Nerd): Gen {
  const [detach, rm, tty] = [c.on("detach"), c.on("rm"), c.on("tty")];
  if (detach && rm) throw new NerdError("flags -d and --rm cannot be specified together");
  if (detach && c.list("attach").length > 0) throw new NerdError("flags -d and -a cannot be specified together");
  const bare = yield* createContainer(c, true);
  if (tty && !detach) yield* requireConsole(c);
  const { id } = bare.container;
  const take = function* (): Gen {
    const unit = c.containers().find((one) => one.id === id);
    if (unit) yield* removeUnit(c, unit);
  };
  let session: ExecSession;
  try {
    session = begin(bare);
  } catch (error) {
    if (rm) yield* take();
    throw error;
  }
  if (detach) {
    letGo(session);
    return yield* c.print(`${id}\n`);
  }
  const status = yield* attached(c, session, c.on("interactive"));
  if (rm) yield* take();
  if (status !== 0) throw new EndsWith(status);
}

function execOptions(c: Nerd, container: Container | undefined): ExecOptions {
  const out: ExecOptions = { tty: c.on("tty"), stdin: c.on("interactive"), env: environmentOf(c) };
  if (c.flags.has("workdir")) out.cwd = c.value("workdir");
  if (c.flags.has("user") && container) {
    const { runAsUser: _user, runAsGroup: _group, ...config } = container.config;
    const cred = credentialsOf(c.value("user"), config, container.rootfs);
    if (typeof cred === "string") throw new NerdError(`mount callback failed on /tmp/containerd-mount1: ${cred}`);
    out.cred = cred;
  }
  return out;
}

export function* exec(c: Nerd): Gen {
  const [word = "", ...argv] = c.args;
  if (c.on("interactive") && c.on("detach")) throw new NerdError(INTERACTIVE_DETACHED);
  const unit = c.one(word);
  if (c.on("tty") && !c.on("detach")) yield* requireConsole(c);
  const options = execOptions(c, unit.container);
  if (unit.process === undefined) throw new NerdError(`no running task found: task ${unit.id} not found: not found`);
  if (unit.status !== "RUNNING") throw new NerdError(`cannot exec in a ${unit.status.toLowerCase()} state: unknown`);
  let session: ExecSession;
  try {
    session = unit.bare ? unit.bare.exec(argv, options) : yield* c.runtime.exec(unit.id, argv, options);
  } catch (error) {
    if (!isCriError(error)) throw error;
    throw new NerdError(error.message.replace(/^.*?(?=OCI runtime exec failed)/, ""));
  }
  if (c.on("detach")) return letGo(session);
  const status = yield* attached(c, session, c.on("interactive"));
  if (status !== 0) throw new NerdError(`exec failed with exit code ${status}`);
}

/** What a running container's command writes from now on, as if it had been started here. */
function sessionOf(container: Container): ExecSession {
  const tap = (sink: Container["stdout"]): Pipe => {
    const pipe = new Pipe(1 << 24);
    pipe.readers = pipe.writers = 1;
    sink.taps.add(pipe);
    return pipe;
  };
  return {
    process: container.process!,
    stdin: container.tty ? undefined : container.stdin,
    stdout: tap(container.stdout),
    stderr: container.tty ? undefined : tap(container.stderr),
    tty: container.tty,
    get exitCode() {
      return container.state === "running" ? undefined : container.exitCode;
    },
    set exitCode(_) {},
    ended: container.log.file.changed,
  };
}

export function* attach(c: Nerd): Gen {
  const [word = ""] = c.args;
  const { container, status, id } = c.one(word, `no container is found given the string: ${word}`);
  if (container === undefined || status !== "RUNNING") throw new NerdError(`container is not running: ${id}`);
  if (container.tty) yield* requireConsole(c);
  const session = sessionOf(container);
  const code = yield* attached(c, session, true);
  if (code !== 0) throw new EndsWith(code);
}
