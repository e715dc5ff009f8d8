import { isErrno } from "../errno.ts";
import { deviceNode } from "../inode.ts";
import { JournalStream } from "../journal.ts";
import { DeviceFile, type OpenFile } from "../open-file.ts";
import { ROOT } from "../path.ts";
import type { Process, Program } from "../process.ts";
import * as sys from "../sys.ts";
import { credentialsOf, userByName } from "../users.ts";
import type { Systemd } from "./manager.ts";
import { nodeAt, textAt, type Unit } from "./unit.ts";
import { type ExecLine, parseEnvironmentFile, splitWords } from "./unit-file.ts";

/** Environment of its processes; undefined when an EnvironmentFile is missing. */
export function serviceEnvironment(manager: Systemd, unit: Unit): Map<string, string> | undefined {
  const { machine } = manager;
  const env = new Map<string, string>([
    ["LANG", "C.UTF-8"],
    ["PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  ]);
  const user = unit.service("User");
  const account = user === undefined ? undefined : userByName(machine.ns.mnt, user);
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
      manager.log(unit, `${unit.name}: Failed to run 'start' task: No such file or directory`, 4);
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
  const account = user === undefined ? undefined : userByName(machine.ns.mnt, user);
  const unknownUser = user !== undefined && account === undefined;
  const cwd = (unit.service("WorkingDirectory") ?? "/").replace(/^-/, "").replace(/^~/, account?.home ?? "/root");
  const about = {
    unit: unit.name,
    identifier: unit.service("SyslogIdentifier") ?? name,
    cgroup: unit.cgroup,
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
    main: execProgram(manager, unit, line, cwd, unknownUser),
    argv: line.argv,
    env: new Map(env),
    cwd: "/",
    cred: account ? credentialsOf(machine.ns.mnt, account) : ROOT,
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
function execProgram(manager: Systemd, unit: Unit, line: ExecLine, cwd: string, unknownUser: boolean): Program {
  return function* (p) {
    const name = `(${line.path.slice(line.path.lastIndexOf("/") + 1)})`.slice(0, 10).replace(/\)?$/, ")");
    const say = (message: string) => {
      manager.machine.journal.append({
        identifier: name,
        pid: p.pid,
        message,
        priority: 3,
        transport: "journal",
        fields: { UNIT: unit.name },
        cgroup: unit.cgroup,
        unit: unit.name,
      });
    };
    if (unknownUser) {
      say(`${unit.name}: Failed to determine user credentials: No such process`);
      say(`${unit.name}: Failed at step USER spawning ${line.path}: No such process`);
      return 217;
    }
    try {
      sys.chdir(p, cwd);
    } catch (error) {
      if (!isErrno(error)) throw error;
      say(`${unit.name}: Changing to the requested working directory failed: ${error.message}`);
      say(`${unit.name}: Failed at step CHDIR spawning ${line.path}: ${error.message}`);
      return 200;
    }
    try {
      return yield* sys.exec(p, line.path, line.argv);
    } catch (error) {
      if (!isErrno(error)) throw error;
      if (error.code === "ENOENT") say(`${unit.name}: Failed to locate executable ${line.path}: ${error.message}`);
      else say(`${unit.name}: Failed to execute ${line.path}: ${error.message}`);
      say(`${unit.name}: Failed at step EXEC spawning ${line.path}: ${error.message}`);
      return 203;
    }
  };
}

/** The first condition of [Unit] that does not hold, as systemd prints it. */
export function failedCondition(manager: Systemd, unit: Unit): string | undefined {
  const tests: Record<string, (path: string) => boolean> = {
    ConditionPathExists: (path) => nodeAt(manager.machine, path) !== undefined,
    ConditionPathIsDirectory: (path) => nodeAt(manager.machine, path)?.kind === "dir",
    ConditionFileNotEmpty: (path) => (textAt(manager.machine, path) ?? "") !== "",
    ConditionFileIsExecutable: (path) => ((nodeAt(manager.machine, path)?.mode ?? 0) & 0o111) !== 0,
  };
  for (const [key, test] of Object.entries(tests)) {
    for (const value of unit.file.all("Unit", key)) {
      const negated = value.startsWith("!");
      if (test(negated ? value.slice(1) : value) === negated) return `${key}=${value}`;
    }
  }
  return undefined;
}
