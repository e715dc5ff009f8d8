/** runc of containerd.io's package: the containers of a state directory (`--root`), which containerd's shim makes. */

import { formatTime } from "../../api/time.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import { bundledTasks, isCriError, RUNC_ROOT, runtimeOf, type Task, tasksOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { EndsWith, type FlagSpec, flag, isOn, legacyFlags } from "./cli.ts";
import { logrus } from "./crictl-context.ts";
import { HELP, HELP_COMMAND, helpOf, Misused, readLegacy, rows } from "./legacy-cli.ts";
import { COMMANDS } from "./runc-commands.ts";
import { type Runc, type RuncCommand, RuncError } from "./runc-context.ts";

const VERSION_TEXT = "1.2.5\ncommit: v1.2.5-0-g59923ef\nspec: 1.2.0\ngo: go1.23.7\nlibseccomp: 2.5.3\n";
const VERSION = flag.bool("version", "v", "print the version");

const GLOBAL: readonly FlagSpec[] = [
  flag.bool("debug", "", "enable debug logging"),
  flag.string("log", "", "set the log file to write runc logs to (default is '/dev/stderr')"),
  flag.string("log-format", "", "set the log format ('text' (default), or 'json')", "text"),
  flag.string(
    "root",
    "",
    "root directory for storage of container state (this should be located in tmpfs)",
    "/run/runc",
  ),
  flag.bool(
    "systemd-cgroup",
    "",
    'enable systemd cgroup support, expects cgroupsPath to be of form "slice:prefix:name" for e.g. "system.slice:runc:434234"',
  ),
  flag.string("rootless", "", "ignore cgroup permission errors ('true', 'false', or 'auto')", "auto"),
];

function appHelp(): string {
  return (
    "NAME:\n   runc - Open Container Initiative runtime\n\nUSAGE:\n" +
    `   runc [global options] command [command options] [arguments...]\n\nVERSION:\n   ${VERSION_TEXT}\nCOMMANDS:\n` +
    `${rows([...COMMANDS, HELP_COMMAND])}\nGLOBAL OPTIONS:\n${legacyFlags([...GLOBAL, HELP, VERSION])}`
  );
}

/** How many words a command takes (checkArgs of utils.go). */
function wrongCount({ names: [name = ""], takes }: RuncCommand, count: number): string | undefined {
  const [least, most] = takes;
  if (least === most && count !== least) return `runc: "${name}" requires exactly ${least} argument(s)`;
  if (count < least) return `runc: "${name}" requires a minimum of ${least} argument(s)`;
  return undefined;
}

/** The tasks whose records are below a directory. Throws RuncError. */
function tasksBelow(p: Process, root: string): Task[] {
  const path = root.replace(/\/+$/, "");
  if (!path.startsWith(`${RUNC_ROOT}/`)) return bundledTasks(p.machine, root);
  if (p.cred.uid !== 0) throw new RuncError(`open ${path}: permission denied`);
  return tasksOf(p.machine, path.slice(RUNC_ROOT.length + 1));
}

function* run(p: Process): Gen<number> {
  const global = readLegacy([...GLOBAL, VERSION], p.argv.slice(1), appHelp(), false);
  const option = (name: string) => global.values.get(name)?.[0];
  if (isOn(global, "version")) {
    yield* sys.print(p, `runc version ${VERSION_TEXT}`);
    return 0;
  }
  const [first, ...rest] = global.args;
  if (first === undefined || isOn(global, "help")) {
    yield* sys.print(p, appHelp());
    return 0;
  }
  const isHelp = HELP_COMMAND.names.includes(first);
  const name = isHelp ? rest[0] : first;
  if (name === undefined) {
    yield* sys.print(p, appHelp());
    return 0;
  }
  const command = COMMANDS.find(({ names }) => names.includes(name));
  if (command === undefined) throw new RuncError(`No help topic for '${name}'\n`, 3);
  const help = helpOf(`runc ${name}`, command);
  if (isHelp) {
    yield* sys.print(p, help);
    return 0;
  }
  const given = readLegacy(command.flags ?? [], rest, help, command.passes !== true);
  if (isOn(given, "help")) {
    yield* sys.print(p, help);
    return 0;
  }
  const wrong = wrongCount(command, given.args.length);
  if (wrong !== undefined) throw new Misused(wrong, help, "Incorrect Usage.\n\n");
  const root = option("root") ?? "/run/runc";
  const c: Runc = {
    p,
    runtime: runtimeOf(p.machine),
    root,
    given,
    tasks: () => tasksBelow(p, root),
    task(id) {
      const found = tasksBelow(p, root).find((one) => one.id === id);
      if (found === undefined) throw new RuncError("container does not exist");
      return found;
    },
  };
  try {
    yield* command.run(c);
  } catch (error) {
    const wrapped = isCriError(error) ? new RuncError(error.message.replace(/: unknown$/, "")) : error;
    if (!(wrapped instanceof RuncError) || command.failure === undefined) throw wrapped;
    throw new RuncError(`${command.failure.before}${wrapped.message}`, command.failure.status);
  }
  return 0;
}

/** Tells of an error in the log and, where that is no terminal's, on standard error. */
function* tell(p: Process, message: string): Gen<void> {
  const value = (name: string) => {
    const at = p.argv.findIndex((word) => word === `--${name}` || word === `-${name}`);
    return at < 0 ? undefined : p.argv[at + 1];
  };
  const time = formatTime(p.machine.kernel.wallMs);
  const file = value("log");
  if (value("log-format") !== "json" && file === undefined) return yield* logrus(p, "error", message);
  const line =
    value("log-format") === "json"
      ? `${JSON.stringify({ level: "error", msg: message, time })}\n`
      : `time="${time}" level=error msg=${JSON.stringify(message)}\n`;
  if (file === undefined) return yield* sys.printError(p, line);
  sys.writeText(p, file, `${sys.find(p, file) ? sys.readText(p, file) : ""}${line}`);
  yield* sys.printError(p, `${message}\n`);
}

/** runc(8). */
export const runc: Program = function* (p): Gen<number> {
  try {
    return yield* run(p);
  } catch (error) {
    if (error instanceof EndsWith) return error.status;
    if (error instanceof Misused) {
      yield* sys.print(p, `${error.told}${error.help}`);
      yield* tell(p, error.message);
      return 1;
    }
    if (isErrno(error)) {
      yield* tell(p, error.message);
      return 1;
    }
    if (!(error instanceof RuncError)) throw error;
    yield* tell(p, error.message);
    return error.status;
  }
};
