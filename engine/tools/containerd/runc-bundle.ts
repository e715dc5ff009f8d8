/** What runc makes of bundles: `spec`, `create`, `start` and `run`. */
import type { Gen } from "../../kernel/index.ts";
import type { OpenFile } from "../../machine/open-file.ts";
import { exitCode, type Process } from "../../machine/process.ts";
import { type Bundled, BundleError, createBundled, readSpec, requireRoot } from "../../machine/runtime/bundle.ts";
import { isCriError } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { EndsWith, flag } from "./cli.ts";
import { on, type Runc, type RuncCommand, RuncError, value } from "./runc-context.ts";

const BUNDLE = flag.string(
  "bundle",
  "b",
  "path to the root of the bundle directory, defaults to the current directory",
);
const PID_FILE = flag.string("pid-file", "", "specify the file to write the process id to");

/** What a command of a container inherits of runc. */
export const standardFiles = (p: Process): Map<number, OpenFile> => new Map([...p.fds].filter(([fd]) => fd < 3));

/** The bundle's directory as an absolute path. Throws RuncError. */
function directory(c: Runc): string {
  const given = value(c, "bundle");
  if (given === undefined || given === "") return c.p.cwd;
  const found = sys.find(c.p, given);
  if (found === undefined) throw new RuncError(`chdir ${given}: no such file or directory`);
  if (found.kind !== "dir") throw new RuncError(`chdir ${given}: not a directory`);
  return given.startsWith("/") ? given.replace(/(?<=.)\/+$/, "") : `${c.p.cwd.replace(/\/$/, "")}/${given}`;
}

/** Makes the container that the words name. Throws RuncError. */
function make(c: Runc, parent: Process): Bundled {
  const { p } = c;
  const [id = ""] = c.given.args;
  const bundle = directory(c);
  try {
    const spec = readSpec(p, bundle);
    if (!/^[\w+.-]+$/.test(id) || id === "." || id === "..") throw new RuncError("invalid container ID format");
    if (c.tasks().some((one) => one.id === id)) throw new RuncError("container with given ID already exists");
    requireRoot(p, bundle, spec);
    if (spec.process.terminal && p.tty === undefined) throw new RuncError("open /dev/tty: no such device or address");
    const fds = standardFiles(p);
    const made = createBundled(p, { id, bundle, spec, parent, fds });
    const { runc } = c.runtime.metadata;
    const known = runc.get(c.root) ?? new Map<string, Bundled>();
    runc.set(c.root, known.set(id, made));
    const pidFile = value(c, "pid-file");
    if (pidFile !== undefined) sys.writeText(p, pidFile, String(made.process.pid), 0o644);
    return made;
  } catch (error) {
    if (error instanceof BundleError || isCriError(error)) throw new RuncError(error.message);
    throw error;
  }
}

const init = (c: Runc): Process => c.p.machine.pids.init ?? c.p;

export const CREATE: RuncCommand = {
  names: ["create"],
  usage: "create a container",
  argsUsage: "<container-id>",
  description: "The create command creates an instance of a container for a bundle.",
  takes: [1, 1],
  failure: { before: "runc create failed: ", status: 1 },
  flags: [BUNDLE, PID_FILE],
  *run(c) {
    make(c, init(c));
    yield* sys.print(c.p, "");
  },
};

export const START: RuncCommand = {
  names: ["start"],
  usage: "executes the user defined process in a created container",
  argsUsage: "<container-id>",
  description: "The start command executes the user defined process in a created container.",
  takes: [1, 1],
  *run(c) {
    const task = c.task(c.given.args[0]!);
    if (task.status === "stopped") throw new RuncError("cannot start a container that has stopped");
    const made = c.runtime.metadata.runc.get(c.root)?.get(task.id);
    if (made === undefined || task.status !== "created")
      throw new RuncError("cannot start an already running container");
    made.start();
    yield* sys.print(c.p, "");
  },
};

export const RUN: RuncCommand = {
  names: ["run"],
  usage: "create and run a container",
  argsUsage: "<container-id>",
  description: "The run command creates an instance of a container for a bundle.",
  takes: [1, 1],
  failure: { before: "runc run failed: ", status: 1 },
  flags: [
    BUNDLE,
    flag.bool("detach", "d", "detach from the container's process"),
    flag.bool("keep", "", "do not delete the container after it exits"),
    PID_FILE,
  ],
  *run(c): Gen<void> {
    const { p } = c;
    const detach = on(c, "detach");
    const made = make(c, detach ? init(c) : p);
    const tty = p.fds.get(0)?.tty;
    const before = tty?.foreground;
    if (!detach && tty && made.spec.process.terminal) tty.foreground = made.process.pid;
    made.start();
    if (detach) return;
    let status = 0;
    for (;;) {
      const signal = p.takeSignal();
      if (signal !== undefined) p.machine.signal(made.process, signal);
      const ended = yield* sys.waitFor(p, made.process);
      if (ended === undefined) continue;
      status = exitCode(ended.status);
      break;
    }
    if (tty && before !== undefined) tty.foreground = before;
    if (!on(c, "keep")) c.runtime.metadata.runc.get(c.root)?.delete(made.id);
    if (status !== 0) throw new EndsWith(status);
  },
};

const DENIED = ["CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"];
const QUIET = ["nosuid", "noexec", "nodev"];

/** The specification that `runc spec` begins with (libcontainer/specconv/example.go). */
function example(rootless: boolean, { uid, gid }: { uid: number; gid: number }): object {
  const mount = (destination: string, type: string, source: string, options?: string[]) => ({
    destination,
    type,
    source,
    ...(options && { options }),
  });
  const space = (type: string) => ({ type });
  return {
    ociVersion: "1.2.0",
    process: {
      terminal: true,
      user: { uid: 0, gid: 0 },
      args: ["sh"],
      env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"],
      cwd: "/",
      capabilities: { bounding: DENIED, effective: DENIED, permitted: DENIED },
      rlimits: [{ type: "RLIMIT_NOFILE", hard: 1024, soft: 1024 }],
      noNewPrivileges: true,
    },
    root: { path: "rootfs", readonly: true },
    hostname: "runc",
    mounts: [
      mount("/proc", "proc", "proc"),
      mount("/dev", "tmpfs", "tmpfs", ["nosuid", "strictatime", "mode=755", "size=65536k"]),
      mount("/dev/pts", "devpts", "devpts", [
        ...["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"],
        ...(rootless ? [] : ["gid=5"]),
      ]),
      mount("/dev/shm", "tmpfs", "shm", [...QUIET, "mode=1777", "size=65536k"]),
      mount("/dev/mqueue", "mqueue", "mqueue", QUIET),
      rootless
        ? mount("/sys", "none", "/sys", ["rbind", ...QUIET, "ro"])
        : mount("/sys", "sysfs", "sysfs", [...QUIET, "ro"]),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", [...QUIET, "relatime", "ro"]),
    ],
    linux: {
      ...(rootless && {
        uidMappings: [{ containerID: 0, hostID: uid, size: 1 }],
        gidMappings: [{ containerID: 0, hostID: gid, size: 1 }],
      }),
      ...(rootless ? {} : { resources: { devices: [{ allow: false, access: "rwm" }] } }),
      namespaces: [
        space("pid"),
        ...(rootless ? [] : [space("network")]),
        ...[space("ipc"), space("uts"), space("mount"), space("cgroup")],
        ...(rootless ? [space("user")] : []),
      ],
      maskedPaths: [
        ...["/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list"],
        ...["/proc/timer_stats", "/proc/sched_debug", "/sys/firmware", "/proc/scsi"],
      ],
      readonlyPaths: ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"],
    },
  };
}

export const SPEC: RuncCommand = {
  names: ["spec"],
  usage: "create a new specification file",
  argsUsage: "",
  description: 'The spec command creates the new specification file named "config.json" for\nthe bundle.',
  takes: [0, 0],
  flags: [
    flag.string("bundle", "b", "path to the root of the bundle directory"),
    flag.bool("rootless", "", "generate a configuration for a rootless container"),
  ],
  *run(c) {
    const { p } = c;
    const file = `${directory(c)}/config.json`;
    if (sys.find(p, file) !== undefined) throw new RuncError("File config.json exists. Remove it first");
    sys.writeText(p, file, JSON.stringify(example(on(c, "rootless"), p.cred), null, "\t"), 0o666);
    yield* sys.print(p, "");
  },
};
