/** etcdctl 3.5.16. */
import { parseDuration } from "../../api/go-time.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { alarmCommands } from "./alarm-commands.ts";
import { authCommands } from "./auth-commands.ts";
import { checkCommands } from "./check.ts";
import { Client, EtcdctlError, ended } from "./client.ts";
import type { Run, Subcommand } from "./command.ts";
import { type Asked, OptionMistake, readLine, UnknownCommand } from "./command-line.ts";
import { completionCommands } from "./completion.ts";
import { concurrencyCommands } from "./concurrency.ts";
import { endpointCommands } from "./endpoint-commands.ts";
import { etcdutl } from "./etcdutl.ts";
import { helpOf } from "./help.ts";
import { keyCommands } from "./key-commands.ts";
import { leaseCommands } from "./lease.ts";
import { memberCommands } from "./member-commands.ts";
import { makeMirror } from "./mirror.ts";
import { GLOBAL } from "./options.ts";
import { snapshotCommands } from "./snapshot-commands.ts";
import { txn } from "./txn.ts";
import { watch } from "./watch.ts";

const bad = (text: string) => new EtcdctlError(text, 128);

const compaction: Subcommand = {
  usage: "compaction [options] <revision> [flags]",
  about: "Compacts the event history in etcd",
  *run(r) {
    if (r.args.length !== 1) throw bad("compaction command needs 1 argument");
    if (!/^[+-]?\d+$/.test(r.args[0]!))
      throw new EtcdctlError(`strconv.ParseInt: parsing ${quoteString(r.args[0]!)}: invalid syntax`);
    yield* r.client.request((store) => store.compact(Number(r.args[0])));
    yield* sys.print(r.p, `compacted revision ${r.args[0]}\n`);
  },
};

const version: Subcommand = {
  usage: "version [flags]",
  about: "Prints the version of etcdctl",
  *run(r) {
    yield* sys.print(r.p, "etcdctl version: 3.5.16\nAPI version: 3.5\n");
  },
};

const COMMANDS: Readonly<Record<string, Subcommand>> = {
  ...alarmCommands,
  ...authCommands,
  ...checkCommands,
  compaction,
  compact: compaction,
  ...completionCommands,
  ...concurrencyCommands,
  ...endpointCommands,
  ...keyCommands,
  ...leaseCommands,
  "make-mirror": makeMirror,
  ...memberCommands,
  ...snapshotCommands,
  txn,
  version,
  watch,
};
const NAMES: ReadonlySet<string> = new Set([...Object.keys(COMMANDS), "help"]);

/** Ends etcdctl when an option stands in the environment as well (pkg/flags verifyEnv). */
const SHADOWED =
  "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))";
const NO_OPTIONS = { endpoints: [], cacert: "", cert: "", key: "", insecure: false, timeout: 0, format: "simple" };

/** `--help`, `help`, groups of commands: what they print; undefined where a command is to run. */
function* helped(p: Process, { name, args, flags }: Asked): Gen<boolean> {
  if (name === "help" && flags.get("help") !== "true") {
    try {
      yield* sys.print(p, helpOf(readLine("etcdctl", NAMES, args).name, COMMANDS));
    } catch (error) {
      if (!(error instanceof UnknownCommand)) throw error;
      yield* sys.printError(p, `Unknown help topic [${args.map((word) => `\`${word}\``).join(" ")}]\n`);
      // It does not know of its own `--help` yet.
      yield* sys.print(p, helpOf("", COMMANDS, false));
    }
    return true;
  }
  if (flags.get("help") !== "true" && name in COMMANDS) return false;
  yield* sys.print(p, helpOf(name, COMMANDS));
  return true;
}

/** Whether an option of all commands stands in the environment too, which ends etcdctl. */
function* isShadowed(p: Process, flags: Asked["flags"]): Gen<boolean> {
  for (const name of flags.keys()) {
    const variable = `ETCDCTL_${name.replaceAll("-", "_").toUpperCase()}`;
    if (!GLOBAL.some(([shown]) => shown.includes(`--${name}=`) || shown.includes(`--${name}[`)) || !p.env.get(variable))
      continue;
    yield* new Client(p, NO_OPTIONS).log("fatal", "flags/flag.go:85", SHADOWED, { "environment-variable": variable });
    return true;
  }
  return false;
}

function runOf(p: Process, { args, flags, dash }: Asked): Run {
  const value = (name: string) =>
    flags.get(name) ?? (p.env.get(`ETCDCTL_${name.replaceAll("-", "_").toUpperCase()}`) || undefined);
  const timeout = parseDuration(value("command-timeout") ?? "5s");
  const format = value("write-out") ?? "simple";
  const client = new Client(p, {
    endpoints: (value("endpoints") ?? "127.0.0.1:2379").split(","),
    cacert: value("cacert") ?? "",
    cert: value("cert") ?? "",
    key: value("key") ?? "",
    insecure: value("insecure-skip-tls-verify") === "true",
    timeout: typeof timeout === "number" ? timeout / 1000 : 5_000_000,
    format,
  });
  return { p, client, args, dash, flag: (name) => flags.get(name), on: (name) => flags.get(name) === "true", format };
}

/** etcdctl. */
const etcdctl: Program = function* (p): Gen<number> {
  try {
    const asked = readLine("etcdctl", NAMES, p.argv.slice(1));
    if (yield* helped(p, asked)) return 0;
    if (yield* isShadowed(p, asked.flags)) return 1;
    if (/^snapshot (restore|status)$/.test(asked.name)) {
      yield* sys.printError(p, `Deprecated: Use \`etcdutl ${asked.name}\` instead.\n\n`);
    }
    yield* COMMANDS[asked.name]!.run(runOf(p, asked));
    return 0;
  } catch (error) {
    return yield* failed(p, error);
  }
};

/** Says why it ends, and with what status. */
function* failed(p: Process, error: unknown): Gen<number> {
  if (error instanceof UnknownCommand) {
    const text = `Error: ${error.message}\n`;
    yield* sys.printError(p, `${text}Run 'etcdctl --help' for usage.\n${text}`);
    return 1;
  }
  if (error instanceof OptionMistake) {
    yield* sys.printError(p, `Error: ${error.message}\n`);
    yield* sys.print(p, helpOf(error.command, COMMANDS));
    yield* sys.printError(p, `\nError: ${error.message}\n`);
    return 1;
  }
  return yield* ended(p, error);
}

export const etcdPrograms: Record<string, Program> = { etcdctl, etcdutl };
