/** crictl 1.32 (kubernetes-sigs/cri-tools cmd/crictl): the client of a node's container runtime. */
import { formatTime } from "../../api/time.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { tabbed } from "../kubectl/printers/tabwriter.ts";
import { commandHelp, FlagError, type FlagSpec, flag, flagTable, type Given, isOn, parseFlags } from "./cli.ts";
import { pull, rm, rmi, rmp, start, stop, stopp } from "./crictl-change.ts";
import { completion } from "./crictl-completion.ts";
import { config, readConfig } from "./crictl-config.ts";
import {
  AggregateFailure,
  Crictl,
  type CrictlCommand,
  CrictlError,
  LogFatal,
  logrus,
  readOptional,
  type Settings,
  ShowHelp,
} from "./crictl-context.ts";
import { create, run, runp, update } from "./crictl-create.ts";
import { checkpoint, events, metricsp } from "./crictl-events.ts";
import { images, pods, ps, stats, statsp } from "./crictl-list.ts";
import { portForward } from "./crictl-port-forward.ts";
import {
  imagefsinfo,
  info,
  inspect,
  inspecti,
  inspectp,
  runtimeConfig,
  updateRuntimeConfig,
  version,
} from "./crictl-status.ts";
import { attach, exec, logs } from "./crictl-streams.ts";

export const CRICTL_VERSION = "v1.32.0";

const COMMANDS: readonly CrictlCommand[] = [
  attach,
  checkpoint,
  completion(() => ({ commands: COMMANDS, flags: GLOBAL.map(({ name }) => `--${name}`) })),
  config,
  create,
  events,
  exec,
  imagefsinfo,
  images,
  info,
  inspect,
  inspecti,
  inspectp,
  logs,
  metricsp,
  pods,
  portForward,
  ps,
  pull,
  rm,
  rmi,
  rmp,
  run,
  runp,
  runtimeConfig,
  start,
  stats,
  statsp,
  stop,
  stopp,
  update,
  updateRuntimeConfig,
  version,
];

const GLOBAL: readonly FlagSpec[] = [
  {
    ...flag.string(
      "config",
      "c",
      "Location of the client config file. If not specified and the default does not exist, the program's directory is searched as well",
      "/etc/crictl.yaml",
    ),
    env: "CRI_CONFIG_FILE",
  },
  flag.bool("debug", "D", "Enable debug mode"),
  flag.bool("enable-tracing", "", "Enable OpenTelemetry tracing."),
  {
    ...flag.string(
      "image-endpoint",
      "i",
      "Endpoint of CRI image manager service (default: uses 'runtime-endpoint' setting)",
    ),
    env: "IMAGE_SERVICE_ENDPOINT",
  },
  flag.string("profile-cpu", "", "Write a pprof CPU profile to the provided path."),
  flag.string("profile-mem", "", "Write a pprof memory profile to the provided path."),
  {
    ...flag.string(
      "runtime-endpoint",
      "r",
      "Endpoint of CRI container runtime service (default: uses in order the first successful one of [unix:///run/containerd/containerd.sock unix:///run/crio/crio.sock unix:///var/run/cri-dockerd.sock]). Default is now deprecated and the endpoint should be set instead.",
    ),
    env: "CONTAINER_RUNTIME_ENDPOINT",
  },
  flag.duration(
    "timeout",
    "t",
    "Timeout of connecting to the server in seconds (e.g. 2s, 20s.). 0 or less is set to default",
    "2s",
  ),
  flag.string(
    "tracing-endpoint",
    "",
    "Address to which the gRPC tracing collector will send spans to.",
    "127.0.0.1:4317",
  ),
  flag.int(
    "tracing-sampling-rate-per-million",
    "",
    "Number of samples to collect per million OpenTelemetry spans. Set to 1000000 or -1 to always sample.",
    "-1",
  ),
];

/** Stands behind the flags of the program itself. */
const VERSION = flag.bool("version", "v", "print the version");

function appHelp(): string {
  const rows = [...COMMANDS.map(({ name, aliases = [], usage }) => `   ${[name, ...aliases].join(", ")}\t${usage}\n`)];
  rows.push("   help, h\tShows a list of commands or help for one command\n");
  return (
    "NAME:\n   crictl - client for CRI\n\nUSAGE:\n   crictl [global options] command [command options]\n\n" +
    `VERSION:\n   ${CRICTL_VERSION}\n\nCOMMANDS:\n${tabbed(rows.join(""))}\nGLOBAL OPTIONS:\n${flagTable(GLOBAL, VERSION)}`
  );
}

const find = (name: string) => COMMANDS.find((one) => one.name === name || one.aliases?.includes(name) === true);
const helpOf = (command: CrictlCommand, grouped = false) =>
  commandHelp({ ...command, path: `crictl ${command.name}` }, grouped);

/** Where the package puts the program. */
const PROGRAM_DIR = "/usr/bin";

/** Flags over environment over the file. Throws CrictlError for a file that was named and cannot be read. */
function* settings(p: Process, given: Given): Gen<Settings> {
  const option = (name: string, variable: string) => given.values.get(name)?.[0] ?? (p.env.get(variable) || undefined);
  const named = option("config", "CRI_CONFIG_FILE");
  const configFile = named ?? "/etc/crictl.yaml";
  let text = readOptional(p, configFile);
  if (text === undefined) {
    const beside = `${PROGRAM_DIR}/crictl.yaml`;
    yield* logrus(p, "warning", `Config ${JSON.stringify(configFile)} does not exist, trying next: "${beside}"`);
    text = readOptional(p, beside);
    if (text === undefined && named !== undefined)
      throw new CrictlError(`load config file: stat ${beside}: no such file or directory`);
  }
  let file: Map<string, string>;
  try {
    file = readConfig(text ?? "");
  } catch (error) {
    throw error instanceof CrictlError ? new CrictlError(`load config file: ${error.message}`) : error;
  }
  const endpoint = (name: string, variable: string) => option(name, variable) ?? (file.get(name) || undefined);
  const runtime = endpoint("runtime-endpoint", "CONTAINER_RUNTIME_ENDPOINT");
  const image = endpoint("image-endpoint", "IMAGE_SERVICE_ENDPOINT");
  return {
    runtimeEndpoint: runtime ?? "",
    runtimeSet: runtime !== undefined,
    imageEndpoint: image ?? "",
    imageSet: image !== undefined,
    configFile,
    debug: isOn(given, "debug") || file.get("debug") === "true",
    timeout: option("timeout", "") ?? (Number(file.get("timeout") ?? 0) > 0 ? `${file.get("timeout")}s` : "2s"),
    pullOnCreate: file.get("pull-image-on-create") === "true",
    noPullOnRun: file.get("disable-pull-on-run") === "true",
  };
}

function* usageError(p: Process, message: string, help: string): Gen<number> {
  yield* sys.print(p, `Incorrect Usage: ${message}\n\n${help}`);
  yield* logrus(p, "fatal", message);
  return 1;
}

export const crictl: Program = function* (p): Gen<number> {
  let command: CrictlCommand | undefined;
  try {
    const global = parseFlags([...GLOBAL, VERSION], p.argv.slice(1), false);
    if (isOn(global, "version")) {
      yield* sys.print(p, `crictl version ${CRICTL_VERSION}\n`);
      return 0;
    }
    const [name, ...words] = global.args;
    if (name === undefined || isOn(global, "help") || name === "help" || name === "h") {
      const about = name === undefined || isOn(global, "help") ? undefined : words[0];
      return yield* help(p, about);
    }
    command = find(name);
    if (command === undefined) return yield* help(p, name);
    const given = parseFlags(command.flags, words);
    if (isOn(given, "help")) return yield* help(p, command.name);
    yield* command.run(new Crictl(p, yield* settings(p, global), given));
    return 0;
  } catch (error) {
    if (error instanceof FlagError)
      return yield* usageError(p, error.message, command ? helpOf(command, true) : appHelp());
    if (error instanceof ShowHelp) {
      yield* sys.print(p, helpOf(command!, true));
      return 0;
    }
    if (!(error instanceof CrictlError) && !isErrno(error)) throw error;
    if (error instanceof AggregateFailure || error instanceof LogFatal) {
      const stamp = formatTime(p.machine.kernel.wallMs).replace(/(\d+)-(\d+)-(\d+)T([\d:]+)Z/, "$1/$2/$3 $4 ");
      yield* sys.printError(p, `${error instanceof LogFatal ? stamp : ""}${error.message}\n`);
      return 1;
    }
    yield* logrus(p, "fatal", error.message);
    return 1;
  }
};

function* help(p: Process, topic: string | undefined): Gen<number> {
  if (topic === undefined) {
    yield* sys.print(p, appHelp());
    return 0;
  }
  const command = find(topic);
  if (command !== undefined) {
    yield* sys.print(p, helpOf(command));
    return 0;
  }
  yield* sys.printError(p, `No help topic for '${topic}'\n`);
  return 3;
}
