/** ctr containers, tasks and run. */

import type { Gen } from "../../kernel/index.ts";
import { livingIn } from "../../machine/process.ts";
import { type Bare, createBare, type ExecSession, freeze, isCriError } from "../../machine/runtime/index.ts";
import { formatNano } from "../../machine/runtime/log-file.ts";
import { signalNamed } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { toJson } from "../kubectl/go.ts";
import { EndsWith, flag } from "./cli.ts";
import { containerInfo } from "./cri-info.ts";
import { logrus } from "./crictl-context.ts";
import { carry } from "./crictl-streams.ts";
import {
  type Command,
  type Ctr,
  CtrError,
  label,
  labelText,
  logError,
  on,
  printList,
  table,
  type Unit,
  unitOf,
  units,
  value,
} from "./ctr-context.ts";
import { imageOf } from "./ctr-images.ts";

/** The container that a command is for. Throws CtrError. */
function required(c: Ctr, words = "container id must be provided"): Unit {
  const [id] = c.given.args;
  if (id === undefined) throw new CtrError(words);
  return unitOf(c, id);
}

const QUIET = (what: string) => flag.bool("quiet", "q", `Print only the ${what}`);

export const containers: Command = {
  names: ["containers", "c", "container"],
  usage: "Manage containers",
  commands: [
    {
      names: ["create"],
      usage: "Create container",
      argsUsage: "[flags] Image|RootFS CONTAINER [COMMAND] [ARG...]",
      passes: true,
      flags: runFlags(false),
      *run(c) {
        const [image, id] = c.given.args;
        if (image === undefined) throw new CtrError("image ref must be provided: invalid argument");
        if (id === undefined) throw new CtrError("container id must be provided: invalid argument");
        make(c);
        yield* sys.print(c.p, "");
      },
    },
    {
      names: ["delete", "del", "remove", "rm"],
      usage: "Delete one or more existing containers",
      argsUsage: "[flags] CONTAINER [CONTAINER, ...]",
      flags: [flag.bool("keep-snapshot", "", "Do not clean up snapshot with container")],
      *run(c) {
        if (c.given.args.length === 0)
          throw new CtrError("must specify at least one container to delete: invalid argument");
        let failed: CtrError | undefined;
        for (const id of c.given.args) {
          try {
            const unit = unitOf(c, id);
            if (unit.status === "RUNNING" || unit.status === "PAUSED")
              throw new CtrError(
                `cannot delete a non stopped container: {${unit.status.toLowerCase()} 0 0001-01-01 00:00:00 +0000 UTC}`,
              );
            if (unit.bare === undefined && unit.container) yield* c.runtime.removeContainer(id);
            remove(c, unit);
          } catch (error) {
            if (!(error instanceof CtrError)) throw error;
            yield* logError(c.p, `failed to delete container "${id}"`, error.message);
            failed ??= error;
          }
        }
        if (failed) throw failed;
      },
    },
    {
      names: ["info"],
      usage: "Get info about a container",
      argsUsage: "CONTAINER",
      flags: [flag.bool("spec", "", "Only display the spec")],
      *run(c) {
        const unit = required(c, "container id must be provided: invalid argument");
        const { epochMs } = c.p.machine.kernel;
        const at = formatNano(epochMs, unit.container?.createdAt ?? unit.process?.startedAt ?? 0);
        const spec = unit.container && (containerInfo(unit.container).runtimeSpec as object);
        const shown = on(c, "spec")
          ? spec
          : {
              ID: unit.id,
              Labels: Object.fromEntries(unit.labels),
              Image: unit.image,
              Runtime: { Name: "io.containerd.runc.v2", Options: { type_url: "containerd.runc.v1.Options" } },
              SnapshotKey: unit.id,
              Snapshotter: "overlayfs",
              CreatedAt: at,
              UpdatedAt: at,
              Extensions: {},
              SandboxID: unit.bare === undefined ? (unit.container?.sandbox.id ?? unit.id) : "",
              ...(spec && { Spec: spec }),
            };
        yield* sys.print(c.p, `${JSON.stringify(JSON.parse(toJson(shown)), null, 4)}\n`);
      },
    },
    {
      names: ["list", "ls"],
      usage: "List containers",
      argsUsage: "[flags] [<filter>, ...]",
      flags: [QUIET("container id")],
      *run(c) {
        const list = units(c.p.machine, c.namespace).filter(({ id }) =>
          c.given.args.every((filter) => !filter.startsWith("id==") || filter === `id==${id}`),
        );
        if (on(c, "quiet"))
          return yield* printList(
            c,
            list.map(({ id }) => id),
          );
        const rows = list.map(({ id, image }) => [id, image, "io.containerd.runc.v2", ""]);
        yield* sys.print(c.p, table("CONTAINER\tIMAGE\tRUNTIME\t", rows, 4, 4));
      },
    },
    {
      names: ["label"],
      usage: "Set and clear labels for a container",
      argsUsage: "[flags] CONTAINER [<key>=<value>, ...]",
      description: "set and clear labels for a container",
      *run(c) {
        const { labels } = required(c, "container id must be provided: invalid argument");
        label(labels, c.given.args.slice(1));
        yield* sys.print(c.p, `${labelText(labels)}\n`);
      },
    },
  ],
};

/** Makes the container that the words name. Throws CtrError. */
function make(c: Ctr): Bare {
  const [ref, id, ...args] = c.given.args as [string, string, ...string[]];
  const image = imageOf(c, ref);
  if (units(c.p.machine, c.namespace).some((one) => one.id === id))
    throw new CtrError(`snapshot "${id}": already exists`);
  const env = (c.given.values.get("env") ?? []).map((pair): [string, string] => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
  try {
    const bare = createBare(c.p.machine, {
      namespace: c.namespace,
      id,
      image,
      args,
      env,
      cwd: value(c, "cwd") ?? "",
      hostname: value(c, "hostname"),
      hostNetwork: on(c, "net-host"),
      tty: on(c, "tty"),
      mounts: mounts(c),
    });
    label(bare.labels, c.given.values.get("label") ?? []);
    c.runtime.metadata.make(c.namespace).containers.set(id, bare);
    return bare;
  } catch (error) {
    throw isCriError(error) ? new CtrError(error.message) : error;
  }
}

/** `--mount type=bind,src=/tmp,dst=/host,options=rbind:ro`; a list's commas have been taken for its own. */
function mounts(c: Ctr): { containerPath: string; hostPath: string; readOnly: boolean }[] {
  const text = (c.given.values.get("mount") ?? []).join(",");
  return text
    .split(/,?(?=type=)/)
    .filter((one) => one !== "")
    .map((one) => {
      const fields = new Map(one.split(",").map((pair) => pair.split("=") as [string, string]));
      return {
        containerPath: fields.get("dst") ?? fields.get("destination") ?? "",
        hostPath: fields.get("src") ?? fields.get("source") ?? "",
        readOnly: fields.get("options")?.split(":").includes("ro") ?? false,
      };
    });
}

function remove(c: Ctr, { id, bare }: Unit): void {
  if (bare === undefined) return;
  c.runtime.metadata.tenants.get(c.namespace)?.containers.delete(id);
  c.p.machine.disk.release(bare.container.rootfs);
}

/** Hands on what a command of a container writes, until it has ended; its status is ctr's. */
function* attached(c: Ctr, session: ExecSession): Gen<number> {
  yield* carry(c.p, session, session.tty !== undefined);
  return session.exitCode ?? 0;
}

/** A task that nobody reads. */
function letGo(session: ExecSession): void {
  for (const pipe of [session.stdout, session.stderr]) pipe?.closeReader();
}

function begin(bare: Bare): ExecSession {
  try {
    return bare.start();
  } catch (error) {
    throw isCriError(error) ? new CtrError(error.message) : error;
  }
}

function runFlags(running: boolean) {
  return [
    ...(running
      ? [
          flag.bool("rm", "", "Remove the container after running, cannot be used with --detach"),
          flag.bool("null-io", "", "Send all IO to /dev/null"),
          flag.bool("detach", "d", "Detach from the task after it has started execution, cannot be used with --rm"),
          flag.bool("cni", "", "Enable cni networking for the container"),
        ]
      : []),
    flag.string("platform", "", "Run image for specific platform"),
    flag.string("snapshotter", "", "Snapshotter name. Empty value stands for the default value."),
    flag.string("cwd", "", "Specify the working directory of the process"),
    flag.list("env", "", "Specify additional container environment variables (e.g. FOO=bar)"),
    flag.list("label", "", "Specify additional labels (e.g. foo=bar)"),
    flag.list("annotation", "", "Specify additional OCI annotations (e.g. foo=bar)"),
    flag.list("mount", "", "Specify additional container mount (e.g. type=bind,src=/tmp,dst=/host,options=rbind:ro)"),
    flag.bool("net-host", "", "Enable host networking for the container"),
    flag.bool("privileged", "", "Run privileged container"),
    flag.bool("read-only", "", "Set the containers filesystem as readonly"),
    flag.string("runtime", "", "Runtime name or absolute path to runtime binary", "io.containerd.runc.v2"),
    flag.bool("tty", "t", "Allocate a TTY for the container"),
    flag.string("hostname", "", "Set the container's host name"),
    flag.string("user", "u", "Username or user id, group optional (format: <name|uid>[:<group|gid>])"),
    flag.int("memory-limit", "", "Memory limit (in bytes) for the container"),
  ];
}

export const run: Command = {
  names: ["run"],
  usage: "Run a container",
  argsUsage: "[flags] Image|RootFS ID [COMMAND] [ARG...]",
  passes: true,
  flags: runFlags(true),
  *run(c) {
    const [image, id] = c.given.args;
    if (image === undefined) throw new CtrError("image ref must be provided");
    if (id === undefined) throw new CtrError("container id must be provided");
    const [rm, detach] = [on(c, "rm"), on(c, "detach")];
    if (rm && detach) throw new CtrError("flags --detach and --rm cannot be specified together");
    const bare = make(c);
    let session: ExecSession;
    try {
      session = begin(bare);
    } catch (error) {
      if (!detach) remove(c, unitOf(c, id));
      throw error;
    }
    if (detach) return letGo(session);
    const status = yield* attached(c, session);
    bare.task = false;
    if (rm) remove(c, unitOf(c, id));
    if (status !== 0) throw new EndsWith(status);
  },
};

/** Its process that runs. Throws CtrError. */
function running({ id, process, status }: Unit): NonNullable<Unit["process"]> {
  if (process === undefined) throw new CtrError(`no running task found: task ${id} not found: not found`);
  if (status === "STOPPED") throw new CtrError("process already finished: not found");
  return process;
}

/** The processes of a container. Throws CtrError. */
const processes = (c: Ctr, unit: Unit) => livingIn(c.p.machine, running(unit).ns.cgroup);

/** Pauses or resumes. */
const freezer = (names: string, usage: string, frozen: boolean): Command => ({
  names: [names],
  usage,
  argsUsage: "CONTAINER",
  *run(c) {
    const unit = required(c);
    freeze(c.p.machine, unit.id, running(unit), frozen);
    yield* sys.print(c.p, "");
  },
});

export const tasks: Command = {
  names: ["tasks", "t", "task"],
  usage: "Manage tasks",
  commands: [
    {
      names: ["delete", "del", "remove", "rm"],
      usage: "Delete one or more tasks",
      argsUsage: "CONTAINER [CONTAINER, ...]",
      flags: [flag.bool("force", "f", "Force delete task process"), flag.string("exec-id", "", "Process ID to kill")],
      *run(c) {
        let failed: CtrError | undefined;
        for (const id of c.given.args) {
          try {
            const unit = unitOf(c, id);
            if (unit.process === undefined) running(unit);
            const alive = unit.status === "RUNNING" || unit.status === "PAUSED";
            if (alive && !on(c, "force")) {
              const why = `task must be stopped before deletion: ${unit.status.toLowerCase()}: failed precondition`;
              yield* logError(c.p, `unable to delete ${id}`, why);
              throw new CtrError(why);
            }
            if (alive) c.p.machine.signal(unit.process!, "KILL");
            const code = alive ? 137 : (unit.container?.exitCode ?? 0);
            if (code !== 0) yield* logrus(c.p, "warning", `task ${id} exit with non-zero exit code ${code}`);
            if (unit.bare) unit.bare.task = false;
          } catch (error) {
            if (!(error instanceof CtrError)) throw error;
            if (!error.message.startsWith("task must"))
              yield* logError(c.p, `failed to load task from ${id}`, error.message);
            failed ??= error;
          }
        }
        if (failed) throw failed;
      },
    },
    {
      names: ["exec"],
      usage: "Execute additional processes in an existing container",
      argsUsage: "[flags] CONTAINER CMD [ARG...]",
      passes: true,
      flags: [
        flag.string("cwd", "", "Working directory of the new process"),
        flag.bool("tty", "t", "Allocate a TTY for the container"),
        flag.bool("detach", "d", "Detach from the task after it has started execution"),
        { ...flag.string("exec-id", "", "Exec specific id for the process"), required: true },
        flag.string("fifo-dir", "", "Directory used for storing IO FIFOs"),
        flag.string("log-uri", "", "Log uri for custom shim logging"),
        flag.string("user", "", "User id or name"),
      ],
      *run(c) {
        const unit = required(c);
        running(unit);
        const argv = c.given.args.slice(1);
        const options = { tty: on(c, "tty"), stdin: on(c, "tty") };
        let session: ExecSession;
        try {
          session = unit.bare
            ? unit.bare.exec(argv, options)
            : yield* c.runtime.exec(unit.container?.id ?? unit.id, argv, options);
        } catch (error) {
          if (!isCriError(error)) throw error;
          throw new CtrError(error.message.replace(/^.*?(?=OCI runtime exec failed)/, ""));
        }
        if (on(c, "detach")) return letGo(session);
        const status = yield* attached(c, session);
        if (status !== 0) throw new EndsWith(status);
      },
    },
    {
      names: ["list", "ls"],
      usage: "List tasks",
      argsUsage: "[flags]",
      flags: [QUIET("task id")],
      *run(c) {
        const list = units(c.p.machine, c.namespace).filter(({ process }) => process !== undefined);
        if (on(c, "quiet"))
          return yield* printList(
            c,
            list.map(({ id }) => id),
          );
        const rows = list.map(({ id, process, status }) => [id, String(process!.pid), status]);
        yield* sys.print(c.p, table("TASK\tPID\tSTATUS\t", rows, 4, 4));
      },
    },
    {
      names: ["kill"],
      usage: "Signal a container (default: SIGTERM)",
      argsUsage: "[flags] CONTAINER",
      flags: [
        flag.string("signal", "s", "Signal to send to the container"),
        flag.string("exec-id", "", "Process ID to kill"),
        flag.bool("all", "a", "Send signal to all processes inside the container"),
      ],
      *run(c) {
        const unit = required(c);
        const process = running(unit);
        const named = value(c, "signal") ?? unit.labels.get("io.containerd.image.config.stop-signal") ?? "TERM";
        const signal = signalNamed(named);
        if (signal === undefined) throw new CtrError(`unknown signal ${JSON.stringify(named)}`);
        for (const one of on(c, "all") ? processes(c, unit) : [process]) c.p.machine.signal(one, signal);
        c.runtime.metadata.paused.delete(unit.id);
        yield* sys.print(c.p, "");
      },
    },
    {
      names: ["metrics", "metric"],
      usage: "Get a single data point of metrics for a task with the built-in Linux runtime",
      argsUsage: "CONTAINER",
      *run(c) {
        const unit = required(c);
        running(unit);
        const used = processes(c, unit).reduce((sum, { rssKib }) => sum + rssKib * 1024, 0);
        const time = formatNano(c.p.machine.kernel.epochMs, c.p.machine.kernel.now)
          .replace("T", " ")
          .replace("Z", " +0000 UTC");
        yield* sys.print(
          c.p,
          `ID         TIMESTAMP                                  \n${unit.id}         ${time}    \n\nMETRIC                   VALUE            \nmemory.usage             ${used}    \n`,
        );
      },
    },
    freezer("pause", "Pause an existing container", true),
    {
      names: ["ps"],
      usage: "List processes for container",
      argsUsage: "CONTAINER",
      *run(c) {
        const rows = processes(c, required(c)).map(({ pid }) => [String(pid), "-"]);
        yield* sys.print(c.p, table("PID\tINFO", rows, 4, 4));
      },
    },
    freezer("resume", "Resume a paused container", false),
    {
      names: ["start"],
      usage: "Start a container that has been created",
      argsUsage: "CONTAINER",
      flags: [
        flag.bool("null-io", "", "Send all IO to /dev/null"),
        flag.bool("detach", "d", "Detach from the task after it has started execution"),
      ],
      *run(c) {
        const unit = required(c);
        if (unit.bare === undefined || unit.process !== undefined)
          throw new CtrError(`task ${unit.id}: already exists`);
        const session = begin(unit.bare);
        if (on(c, "detach")) return letGo(session);
        const status = yield* attached(c, session);
        unit.bare.task = false;
        if (status !== 0) throw new EndsWith(status);
      },
    },
  ],
};
