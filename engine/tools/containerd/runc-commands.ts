/** What runc does with containers that are there. */
import { type Gen, sleep, wait } from "../../kernel/index.ts";
import { groupUse } from "../../machine/cpu.ts";
import { livingIn, type Process, type WaitStatus } from "../../machine/process.ts";
import { BundleError, goJson } from "../../machine/runtime/bundle.ts";
import { runIn } from "../../machine/runtime/exec.ts";
import { CriError, type ExecSession, freeze, type Task } from "../../machine/runtime/index.ts";
import { formatNano } from "../../machine/runtime/log-file.ts";
import { credentialsOf } from "../../machine/runtime/user.ts";
import { signalNamed } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { outputOf } from "../output-of.ts";
import { searchPath } from "../text/env.ts";
import { EndsWith, flag } from "./cli.ts";
import { carry } from "./crictl-streams.ts";
import { table } from "./ctr-context.ts";
import { CREATE, RUN, SPEC, START, standardFiles } from "./runc-bundle.ts";
import { on, type Runc, type RuncCommand, RuncError, value } from "./runc-context.ts";

const FORMAT = flag.string("format", "f", "select one of: table or json", "table");

/** containerState of list.go. */
function stateOf(c: Runc, task: Task, owner: string) {
  const { id, process, status, bundle, rootfs } = task;
  const { ociVersion, annotations = {} } = task.spec();
  return {
    ociVersion,
    id,
    pid: status === "stopped" ? 0 : process.pid,
    status,
    bundle,
    rootfs,
    created: formatNano(c.p.machine.kernel.epochMs, task.createdAt),
    ...(Object.keys(annotations).length > 0 && { annotations }),
    owner,
  };
}

/** The processes of a container. */
const processesOf = (c: Runc, { process }: Task) => livingIn(c.p.machine, process.ns.cgroup);

const list: RuncCommand = {
  names: ["list"],
  usage: "lists containers started by runc with the given root",
  argsUsage: "",
  takes: [0, 0],
  flags: [FORMAT, flag.bool("quiet", "q", "display only container IDs")],
  *run(c) {
    const states = c.tasks().map((task) => stateOf(c, task, "root"));
    if (on(c, "quiet")) return yield* sys.print(c.p, states.map(({ id }) => `${id}\n`).join(""));
    const format = value(c, "format") ?? "table";
    if (format === "json") return yield* sys.print(c.p, `${states.length === 0 ? "null" : JSON.stringify(states)}\n`);
    if (format !== "table") throw new RuncError("invalid format option");
    const cells = states.map((s) => [s.id, String(s.pid), s.status, s.bundle, s.created, s.owner]);
    yield* sys.print(c.p, table("ID\tPID\tSTATUS\tBUNDLE\tCREATED\tOWNER", cells, 12, 3));
  },
};

const state: RuncCommand = {
  names: ["state"],
  usage: "output the state of a container",
  argsUsage: "<container-id>",
  description: "The state command outputs current state information for the\ninstance of a container.",
  takes: [1, 1],
  *run(c) {
    yield* sys.print(c.p, JSON.stringify(stateOf(c, c.task(c.given.args[0]!), ""), null, 2));
  },
};

const ps: RuncCommand = {
  names: ["ps"],
  usage: "ps displays the processes running inside a container",
  argsUsage: "<container-id> [ps options]",
  takes: [1, Number.POSITIVE_INFINITY],
  passes: true,
  flags: [FORMAT],
  *run(c) {
    const task = c.task(c.given.args[0]!);
    const pids = processesOf(c, task).map(({ pid }) => pid);
    const format = value(c, "format") ?? "table";
    if (format === "json") return yield* sys.print(c.p, `${JSON.stringify(pids)}\n`);
    if (format !== "table") throw new RuncError("invalid format option");
    const options = c.given.args.slice(1);
    const path = searchPath(c.p, "ps");
    if (path === undefined) throw new RuncError('exec: "ps": executable file not found in $PATH');
    const shown = yield* outputOf(c.p, path, ["ps", ...(options.length > 0 ? options : ["-ef"])]);
    if (shown.status !== 0) throw new RuncError(`exit status ${shown.status}: ${shown.text}`);
    const [head = "", ...lines] = shown.text.replace(/\n$/, "").split("\n");
    const at = head.split(/\s+/).indexOf("PID");
    if (at < 0) throw new RuncError("couldn't find PID field in ps output");
    const own = lines.filter((line) => pids.includes(Number(line.trim().split(/\s+/)[at])));
    yield* sys.print(c.p, `${[head, ...own].join("\n")}\n`);
  },
};

const exec: RuncCommand = {
  names: ["exec"],
  usage: "execute new process inside the container",
  argsUsage: "<container-id> <command> [command options]  || -p process.json <container-id>",
  takes: [1, Number.POSITIVE_INFINITY],
  passes: true,
  failure: { before: "exec failed: ", status: 255 },
  flags: [
    flag.string("cwd", "", "current working directory in the container"),
    flag.list("env", "e", "set environment variables"),
    flag.bool("tty", "t", "allocate a pseudo-TTY"),
    flag.string("user", "u", "UID (format: <uid>[:<gid>])"),
    flag.string("process", "p", "path to the process.json"),
    flag.bool("detach", "d", "detach from the container's process"),
    flag.string("pid-file", "", "specify the file to write the process id to"),
    flag.bool("no-new-privs", "", "set the no new privileges value for the process"),
    flag.list("cap", "c", "add a capability to the bounding set for the process"),
    flag.bool("ignore-paused", "", "allow exec in a paused container"),
  ],
  *run(c) {
    const { p } = c;
    const [id = "", ...words] = c.given.args;
    const task = c.task(id);
    const told = task.status;
    if (told === "stopped") throw new RuncError("cannot exec in a stopped container");
    if (told === "paused" && !on(c, "ignore-paused"))
      throw new RuncError("cannot exec in a paused container (use --ignore-paused to override)");
    const file = value(c, "process");
    const given = file === undefined ? undefined : processOf(p, file);
    const argv = given?.args ?? words;
    if (argv.length === 0) throw new RuncError("process args cannot be empty");
    const tty = given?.terminal ?? on(c, "tty");
    if (tty && p.tty === undefined) throw new RuncError("open /dev/tty: no such device or address");
    const env = (given?.env ?? c.given.values.get("env") ?? []).map((pair): [string, string] => {
      const equals = pair.indexOf("=");
      if (equals < 0)
        throw new RuncError("unable to start container process: invalid environment variable: missing '='");
      return [pair.slice(0, equals), pair.slice(equals + 1)];
    });
    if (task.container === undefined)
      throw new RuncError(`unable to start container process: exec: "${argv[0]}": executable file not found in $PATH`);
    const cwd = given?.cwd ?? value(c, "cwd");
    const user = value(c, "user");
    if (user !== undefined && !/^\d+(:\d+)?$/.test(user))
      throw new RuncError(`parsing ${user} as int for uid failed: strconv.Atoi: parsing "${user}": invalid syntax`);
    const { runAsUser, runAsGroup, ...config } = task.container.config;
    const cred = user === undefined ? undefined : credentialsOf(user, config, task.container.rootfs);
    const options = {
      tty,
      stdin: tty,
      fds: standardFiles(p),
      env,
      ...(cwd && { cwd }),
      ...(typeof cred === "object" && { cred }),
    };
    const detach = on(c, "detach");
    let session: ExecSession;
    let done: ((status: WaitStatus) => void) | undefined;
    try {
      session =
        detach && task.bare
          ? task.bare.exec(argv, options)
          : runIn(p.machine, task.container, argv, detach ? options : { ...options, parent: p }, (process, told) => {
              if (detach) c.runtime.whenEnded(process, told);
              else done = told;
            });
    } catch (error) {
      if (!(error instanceof CriError)) throw error;
      throw new RuncError(error.message.replace(/^.*?exec failed: (?=unable)/, "").replace(/: unknown$/, ""));
    }
    const pidFile = value(c, "pid-file");
    if (pidFile !== undefined) sys.writeText(p, pidFile, String(session.process.pid), 0o644);
    if (detach) return;
    const waiter = p.machine.kernel.spawn("runc exec", collect(p, session.process, done!));
    if (tty) yield* carry(p, session, true);
    else while (session.exitCode === undefined) yield* wait(session.ended);
    if (waiter.state !== "done") p.machine.kernel.kill(waiter);
    if (session.exitCode) throw new EndsWith(session.exitCode);
  },
};

/** process.json. Throws RuncError. */
function processOf(p: Process, file: string): Partial<ProcessSpec> {
  if (sys.find(p, file) === undefined) throw new RuncError(`open ${file}: no such file or directory`);
  try {
    return goJson(sys.readText(p, file)) as Partial<ProcessSpec>;
  } catch (error) {
    throw error instanceof BundleError ? new RuncError(error.message) : error;
  }
}

function* collect(p: Process, child: Process, done: (status: WaitStatus) => void): Gen<void> {
  let ended: sys.Waited | undefined;
  while (ended === undefined) ended = yield* sys.waitFor(p, child);
  done(ended.status);
}

interface ProcessSpec {
  args: string[];
  env: string[];
  cwd: string;
  terminal: boolean;
}

const kill: RuncCommand = {
  names: ["kill"],
  usage: "kill sends the specified signal (default: SIGTERM) to the container's init process",
  argsUsage: "<container-id> [signal]",
  takes: [1, 2],
  flags: [flag.bool("all", "a", "(obsoleted, do not use)")],
  *run(c) {
    const task = c.task(c.given.args[0]!);
    const named = c.given.args[1] ?? "SIGTERM";
    // 0 asks whether it is there.
    const signal = named === "0" ? undefined : signalNamed(named);
    if (signal === undefined && named !== "0") throw new RuncError(`unknown signal ${JSON.stringify(named)}`);
    if (task.status === "stopped") throw new RuncError("container not running");
    if (signal !== undefined)
      for (const one of on(c, "all") ? processesOf(c, task) : [task.process]) c.p.machine.signal(one, signal);
    yield* sys.print(c.p, "");
  },
};

/** Pauses or resumes. */
const freezer = (name: "pause" | "resume", usage: string, what: string): RuncCommand => ({
  names: [name],
  usage,
  argsUsage: "<container-id>",
  description: `The ${name} command ${what} all processes in the instance of the container.\n\nUse runc list to identify instances of containers and their current status.`,
  takes: [1, 1],
  *run(c) {
    const task = c.task(c.given.args[0]!);
    const pausing = name === "pause";
    const now = task.status;
    if (pausing && now !== "running" && now !== "created") throw new RuncError("container not running");
    if (!pausing && now !== "paused") throw new RuncError("container not paused");
    freeze(c.p.machine, task.id, task.process, pausing);
    yield* sys.print(c.p, "");
  },
});

const remove: RuncCommand = {
  names: ["delete"],
  usage: "delete any resources held by the container often used with detached container",
  argsUsage: "<container-id>",
  takes: [1, 1],
  flags: [flag.bool("force", "f", "Forcibly deletes the container if it is still running (uses SIGKILL)")],
  *run(c) {
    const [id = ""] = c.given.args;
    const task = c.tasks().find((one) => one.id === id);
    if (task === undefined) {
      if (on(c, "force")) return;
      throw new RuncError("container does not exist");
    }
    const now = task.status;
    if (now !== "stopped" && now !== "created" && !on(c, "force"))
      throw new RuncError(`cannot delete container ${id} that is not stopped: ${now}`);
    if (now !== "stopped") for (const one of processesOf(c, task)) c.p.machine.signal(one, "KILL");
    c.runtime.metadata.paused.delete(id);
    c.runtime.metadata.runc.get(c.root)?.delete(id);
    yield* sys.print(c.p, "");
  },
};

/** Stands for the largest number of 64 bits, which JSON.stringify would round. */
const NO_LIMIT = "no limit";

const events: RuncCommand = {
  names: ["events"],
  usage: "display container events such as OOM notifications, cpu, memory, and IO usage statistics",
  argsUsage: "<container-id>",
  description: "The events command displays information about the container.",
  takes: [1, 1],
  flags: [
    flag.duration("interval", "", "set the stats collection interval", "5s"),
    flag.bool("stats", "", "display the container's stats then exit"),
  ],
  *run(c) {
    const { machine } = c.p;
    const task = c.task(c.given.args[0]!);
    if (task.status === "stopped") throw new RuncError(`container with id ${task.id} is not running`);
    const seconds = /^(\d+)s$/.exec(value(c, "interval") ?? "5s")?.[1];
    for (;;) {
      const { us, kib } = groupUse(machine.processes.values(), task.process.ns.cgroup, machine.cpu);
      const limit = machine.memory.limitOf(task.process.ns.cgroup);
      const usage = {
        limit: limit === undefined ? NO_LIMIT : limit * 1024,
        usage: kib * 1024,
        failcnt: 0,
      };
      const data = {
        cpu: { usage: { total: us * 1000, kernel: 0, user: us * 1000 }, throttling: {} },
        memory: {
          usage,
          swap: { limit: 0, failcnt: 0 },
          kernel: { failcnt: 0 },
          kernelTCP: { failcnt: 0 },
          raw: { anon: kib * 1024 },
        },
        pids: { current: processesOf(c, task).length },
        blkio: {},
        hugetlb: {},
        intel_rdt: {},
        network_interfaces: null,
      };
      const line = JSON.stringify({ type: "stats", id: task.id, data }).replace(
        JSON.stringify(NO_LIMIT),
        "18446744073709551615",
      );
      yield* sys.print(c.p, `${line}\n`);
      if (on(c, "stats")) return;
      yield* sleep(Number(seconds ?? 5) * 1_000_000);
      if (task.process.status !== undefined) return;
    }
  },
};

const update: RuncCommand = {
  names: ["update"],
  usage: "update container resource constraints",
  argsUsage: "<container-id>",
  takes: [1, 1],
  flags: [
    flag.int("cpu-period", "", "CPU CFS period to be used for hardcapping (in usecs). 0 to use system default"),
    flag.int("cpu-quota", "", "CPU CFS hardcap limit (in usecs). Allowed cpu time in a given period"),
    flag.int("cpu-share", "", "CPU shares (relative weight vs. other containers)"),
    flag.string("memory", "", "Memory limit (in bytes)"),
  ],
  *run(c) {
    const { machine } = c.p;
    const { process } = c.task(c.given.args[0]!);
    const memory = value(c, "memory");
    if (memory !== undefined && !/^-?\d+$/.test(memory))
      throw new RuncError(`invalid value for memory: invalid size: '${memory}'`);
    if (memory !== undefined) machine.memory.limit(process.ns.cgroup, Number(memory) / 1024);
    const [quota, period, shares] = ["cpu-quota", "cpu-period", "cpu-share"].map((name) => value(c, name));
    if (quota !== undefined || shares !== undefined)
      machine.cpu.limit(
        process.ns.cgroup,
        quota === undefined ? undefined : (Number(quota) * 1000) / Number(period ?? 100_000),
        shares === undefined ? undefined : Number(shares),
      );
    yield* sys.print(c.p, "");
  },
};

export const COMMANDS: readonly RuncCommand[] = [
  CREATE,
  remove,
  events,
  exec,
  kill,
  list,
  freezer("pause", "pause suspends all processes inside the container", "suspends"),
  ps,
  freezer("resume", "resumes all processes that have been previously paused", "resumes"),
  RUN,
  SPEC,
  START,
  state,
  update,
];
