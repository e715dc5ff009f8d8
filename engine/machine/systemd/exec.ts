import { isErrno } from "../errno.ts";
import { deviceNode, entriesOf } from "../inode.ts";
import { JournalStream } from "../journal.ts";
import type { Machine } from "../machine.ts";
import { DeviceFile, type OpenFile } from "../open-file.ts";
import { ROOT } from "../path.ts";
import type { Process, Program } from "../process.ts";
import * as sys from "../sys.ts";
import { credentialsOf, groupByGid, groupByName, userByName, userByUid } from "../users.ts";
import type { Systemd } from "./manager.ts";
import { nodeAt, textAt, type Unit } from "./unit.ts";
import { type ExecLine, isYes, parseEnvironmentFile, splitWords } from "./unit-file.ts";

/** The account that User= names, by its name or number; undefined where there is none such. */
function accountOf(machine: Machine, user: string | undefined) {
  if (user === undefined) return undefined;
  return /^\d+$/.test(user) ? userByUid(machine.ns.mnt, Number(user)) : userByName(machine.ns.mnt, user);
}

/** Environment of its processes; undefined when an EnvironmentFile is missing. */
export function serviceEnvironment(manager: Systemd, unit: Unit): Map<string, string> | undefined {
  const { machine } = manager;
  const env = new Map<string, string>();
  const user = unit.service("User");
  for (const [name, value] of manager.environment) env.set(name, value);
  const account = accountOf(machine, user);
  if (account)
    for (const [key, value] of Object.entries({
      HOME: account.home,
      LOGNAME: account.name,
      USER: account.name,
      SHELL: account.shell,
    }))
      env.set(key, value);
  env.set("INVOCATION_ID", unit.invocation);
  if (unit.main !== undefined) env.set("MAINPID", String(unit.main.pid));
  if (unit.serviceType() === "notify") env.set("NOTIFY_SOCKET", "/run/systemd/notify");
  for (const value of unit.file.all("Service", "Environment")) {
    for (const word of splitWords(value)) {
      const at = word.indexOf("=");
      if (at > 0) env.set(word.slice(0, at), word.slice(at + 1));
    }
  }
  for (const value of unit.file.all("Service", "EnvironmentFile")) {
    const optional = value.startsWith("-");
    const path = optional ? value.slice(1) : value;
    const text = textAt(machine, path);
    if (text !== undefined) for (const [name, set] of parseEnvironmentFile(text)) env.set(name, set);
    else if (!optional) {
      manager.log(unit, `${unit.name}: Failed to load environment files: No such file or directory`, 4);
      return undefined;
    }
  }
  return env;
}

/** Forks and executes one command of a unit: as its user, in its control group, its output to the journal. */
export function spawnService(manager: Systemd, unit: Unit, line: ExecLine, env: Map<string, string>): Process {
  const { machine } = manager;
  const name = line.path.slice(line.path.lastIndexOf("/") + 1);
  const user = unit.service("User");
  const account = accountOf(machine, user);
  const wanted = unit.service("Group");
  const group =
    wanted === undefined
      ? undefined
      : /^\d+$/.test(wanted)
        ? groupByGid(machine.ns.mnt, Number(wanted))
        : groupByName(machine.ns.mnt, wanted);
  const nobody =
    user !== undefined && account === undefined
      ? "USER"
      : wanted !== undefined && group === undefined
        ? "GROUP"
        : undefined;
  const cred = account ? credentialsOf(machine.ns.mnt, account) : ROOT;
  const cwd = (unit.service("WorkingDirectory") ?? "/").replace(/^-/, "").replace(/^~/, account?.home ?? "/root");
  const about = {
    unit: unit.name,
    identifier: unit.service("SyslogIdentifier") ?? name,
    cgroup: unit.cgroup,
    invocation: unit.invocation,
    comm: name.slice(0, 15),
    exe: line.path,
    cmdline: line.argv.join(" "),
    uid: account?.uid ?? 0,
  };
  const stream = new JournalStream(machine.journal, about);
  const nothing: OpenFile = new DeviceFile(deviceNode("null"), "/dev/null", "null", machine.kernel.random("urandom"));
  const output = (key: string): OpenFile => (unit.service(key) === "null" ? nothing : stream);
  const process = machine.spawn({
    parent: machine.pids.init,
    main: execProgram(manager, unit, line, cwd, nobody),
    argv: line.argv,
    env: new Map(env),
    cwd: "/",
    cred: group === undefined ? cred : { ...cred, gid: group.gid },
    ns: { ...machine.ns, cgroup: unit.cgroup },
    fds: new Map([
      [0, nothing],
      [1, output("StandardOutput")],
      [2, output("StandardError") === nothing ? nothing : output("StandardOutput")],
    ]),
    umask: Number.parseInt(unit.service("UMask") ?? "022", 8),
  });
  process.session = process.group = process.pid;
  process.comm = name.slice(0, 15);
  stream.about.pid = process.pid;
  return process;
}

/** What the forked child of PID 1 does: changes directory, becomes the program, or says why not. */
function execProgram(
  manager: Systemd,
  unit: Unit,
  line: ExecLine,
  cwd: string,
  nobody: "USER" | "GROUP" | undefined,
): Program {
  return function* (p) {
    const name = `(${line.path.slice(line.path.lastIndexOf("/") + 1)})`.slice(0, 10).replace(/\)?$/, ")");
    const say = (message: string, errno = 2) => {
      manager.machine.journal.append({
        identifier: name,
        pid: p.pid,
        message,
        priority: 3,
        transport: "journal",
        fields: {
          MESSAGE_ID: "641257651c1b4ec9a8624d7a40a9e1e7",
          EXECUTABLE: line.path,
          ERRNO: String(errno),
          UNIT: unit.name,
          INVOCATION_ID: unit.invocation,
        },
        cgroup: unit.cgroup,
        unit: unit.name,
      });
    };
    const failed = (step: string, why: string, status: number): number => {
      say(`${unit.name}: Failed at step ${step} spawning ${line.path}: ${why}`);
      return status;
    };
    if (nobody !== undefined) {
      say(`${unit.name}: Failed to determine ${nobody.toLowerCase()} credentials: No such process`, 3);
      return failed(nobody, "No such process", nobody === "USER" ? 217 : 216);
    }
    try {
      sys.chdir(p, cwd);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (!(unit.service("WorkingDirectory") ?? "").startsWith("-")) {
        say(`${unit.name}: Changing to the requested working directory failed: ${error.message}`);
        return failed("CHDIR", error.message, 200);
      }
    }
    try {
      const path = programOf(manager.machine, line.path);
      if (unit.serviceType() === "exec" && sys.find(p, path) !== undefined) {
        unit.ready = true;
        unit.changed.wakeAll();
      }
      return yield* sys.exec(p, path, line.argv);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === "ENOENT" || error.code === "EACCES")
        say(`${unit.name}: Failed to locate executable ${line.path}: ${error.message}`);
      else say(`${unit.name}: Failed to execute ${line.path}: ${error.message}`);
      return failed("EXEC", error.message, 203);
    }
  };
}

/** Where a program named without a path is looked for. */
function programOf(machine: Machine, name: string): string {
  if (name.includes("/")) return name;
  const dirs = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin"];
  return dirs.map((dir) => `${dir}/${name}`).find((path) => nodeAt(machine, path) !== undefined) ?? `/usr/bin/${name}`;
}

const VIRTUAL = ["yes", "true", "1", "vm", "kvm"];

/** What Condition… and Assert… can ask of a machine here; others hold. */
const CHECKS: Readonly<Record<string, (machine: Machine, value: string) => boolean>> = {
  PathExists: (machine, path) => nodeAt(machine, path) !== undefined,
  PathIsDirectory: (machine, path) => nodeAt(machine, path)?.kind === "dir",
  PathIsSymbolicLink: (machine, path) => nodeAt(machine, path, false)?.kind === "symlink",
  PathIsReadWrite: (machine, path) => nodeAt(machine, path) !== undefined,
  FileNotEmpty: (machine, path) => (textAt(machine, path) ?? "") !== "",
  FileIsExecutable: (machine, path) => {
    const node = nodeAt(machine, path);
    return node?.kind === "file" && (node.mode & 0o111) !== 0;
  },
  DirectoryNotEmpty: (machine, path) => {
    const node = nodeAt(machine, path);
    return node?.kind === "dir" && entriesOf(node).size > 0;
  },
  Host: (machine, name) => name === machine.ns.uts.hostname || name.replaceAll("-", "") === machine.machineId,
  Virtualization: (_machine, value) => VIRTUAL.includes(value),
  Architecture: (_machine, value) => value === "x86-64" || value === "native",
  User: (_machine, value) => ["root", "0", "@system"].includes(value),
  ACPower: (_machine, value) => isYes(value),
  FirstBoot: (_machine, value) => !isYes(value),
};

/**
 * The first condition (or assert) of [Unit] that does not hold, as systemd prints it; of those with `|` one must hold
 * (condition_test_list() of src/shared/condition.c).
 */
export function failedCheck(machine: Machine, unit: Unit, kind: "Condition" | "Assert"): string | undefined {
  let triggers: string | undefined;
  let triggered = false;
  for (const [what, test] of Object.entries(CHECKS)) {
    for (const value of unit.file.all("Unit", kind + what)) {
      const [, trigger, not, word] = /^(\|?)(!?)(.*)$/s.exec(value)!;
      const holds = test(machine, word!.trim()) !== (not === "!");
      const shown = `${kind}${what}=${value}`;
      if (trigger === "") {
        if (!holds) return shown;
      } else if (holds) triggered = true;
      else triggers ??= shown;
    }
  }
  return triggered ? undefined : triggers;
}
