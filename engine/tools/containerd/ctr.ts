/** ctr of containerd 1.7: the debugging client of containerd itself. */
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import { RUNTIME_VERSION, runtimeOf } from "../../machine/runtime/index.ts";
import * as sys from "../../machine/sys.ts";
import { EndsWith, type FlagSpec, flag, type Given, isOn, legacyFlags } from "./cli.ts";
import { containers, run, tasks } from "./ctr-containers.ts";
import { type Command, type Ctr, CtrError, socketError } from "./ctr-context.ts";
import { images } from "./ctr-images.ts";
import { namespaces } from "./ctr-namespaces.ts";
import { content, info, leases, plugins, snapshots } from "./ctr-store.ts";
import { HELP, HELP_COMMAND, helpOf, Misused, readLegacy, rows } from "./legacy-cli.ts";

export const REVISION = "05044ec0a9a75232cad458027ca83437aae3f4da";
const SOCKET = "/run/containerd/containerd.sock";

const versionText = (who: string) => `${who}:\n  Version:  v${RUNTIME_VERSION}\n  Revision: ${REVISION}\n`;

/** Asks the server only after it has told of itself. */
const version: Command = {
  names: ["version"],
  usage: "Print the client and server versions",
  *run(c) {
    yield* sys.print(c.p, `${versionText("Server")}  UUID: ${c.p.machine.machineId}\n`);
  },
};

const COMMANDS: readonly Command[] = [
  plugins,
  version,
  containers,
  content,
  images,
  leases,
  namespaces,
  run,
  snapshots,
  tasks,
  info,
];

const GLOBAL: readonly FlagSpec[] = [
  flag.bool("debug", "", "Enable debug output in logs"),
  {
    ...flag.string("address", "a", "Address for containerd's GRPC server", SOCKET),
    env: "CONTAINERD_ADDRESS",
  },
  flag.duration("timeout", "", "Total timeout for ctr commands"),
  flag.duration("connect-timeout", "", "Timeout for connecting to containerd"),
  {
    ...flag.string("namespace", "n", "Namespace to use with commands", "default"),
    env: "CONTAINERD_NAMESPACE",
  },
];
const VERSION = flag.bool("version", "v", "print the version");

const BANNER = [
  "",
  "        __",
  "  _____/ /______",
  " / ___/ __/ ___/",
  "/ /__/ /_/ /",
  "\\___/\\__/_/",
  "",
  "containerd CLI",
  "",
].join("\n");

const ABOUT = `
ctr is an unsupported debug and administrative client for interacting
with the containerd daemon. Because it is unsupported, the commands,
options, and operations are not guaranteed to be backward compatible or
stable from release to release of the containerd project.`;

function appHelp(): string {
  return (
    `NAME:\n   ctr - ${BANNER}\n\nUSAGE:\n   ctr [global options] command [command options] [arguments...]\n\n` +
    `VERSION:\n   v${RUNTIME_VERSION}\n\nDESCRIPTION:\n   ${ABOUT}\n\nCOMMANDS:\n${rows([...COMMANDS, HELP_COMMAND])}\n` +
    `GLOBAL OPTIONS:\n${legacyFlags([...GLOBAL, HELP, VERSION])}   \n`
  );
}

/** Follows the words down to a command, and runs it or shows the help that they ask for. */
function* follow(p: Process, global: Given): Gen<number> {
  let words = global.args;
  let path = "ctr";
  let commands: readonly Command[] = COMMANDS;
  for (;;) {
    const [name = "", ...rest] = words;
    const command = commands.find(({ names }) => names.includes(name));
    if (command === undefined) {
      yield* sys.printError(p, `No help topic for '${name}'\n`);
      return 3;
    }
    path += ` ${command.names[0]}`;
    const help = helpOf(path, command);
    const given = readLegacy(
      command.flags ?? [],
      rest,
      help,
      command.commands === undefined && command.passes !== true,
    );
    if (isOn(given, "help") || (command.commands !== undefined && given.args.length === 0)) {
      yield* sys.print(p, help);
      return 0;
    }
    if (command.commands === undefined) {
      const lacking = command.flags?.find(({ required, name }) => required && !given.values.has(name));
      if (lacking) throw new Misused(`Required flag "${lacking.name}" not set`, help, "");
      return yield* runCommand(p, global, command, given);
    }
    commands = command.commands;
    words = given.args;
  }
}

function* runCommand(p: Process, global: Given, command: Command, given: Given): Gen<number> {
  if (command === version) yield* sys.print(p, `${versionText("Client")}  Go version: go1.23.7\n\n`);
  const path = global.values.get("address")?.[0] ?? (p.env.get("CONTAINERD_ADDRESS") || SOCKET);
  const closed = socketError(p, path);
  if (closed !== undefined) throw new CtrError(closed);
  const namespace = global.values.get("namespace")?.[0] ?? (p.env.get("CONTAINERD_NAMESPACE") || "default");
  const c: Ctr = { p, runtime: runtimeOf(p.machine), namespace, given };
  yield* command.run!(c);
  return 0;
}

export const ctr: Program = function* (p): Gen<number> {
  try {
    const global = readLegacy([...GLOBAL, VERSION], p.argv.slice(1), appHelp(), false);
    if (isOn(global, "version")) {
      yield* sys.print(p, `ctr github.com/containerd/containerd v${RUNTIME_VERSION}\n`);
      return 0;
    }
    const [first, second] = global.args;
    if (first === undefined || isOn(global, "help") || ((first === "help" || first === "h") && second === undefined)) {
      yield* sys.print(p, appHelp());
      return 0;
    }
    return yield* follow(p, global);
  } catch (error) {
    if (error instanceof EndsWith) return error.status;
    if (error instanceof Misused) yield* sys.print(p, `${error.told}${error.help}`);
    else if (!(error instanceof CtrError) && !isErrno(error)) throw error;
    yield* sys.printError(p, `ctr: ${error.message}\n`);
    return 1;
  }
};
