/** etcdctl and etcdutl 3.5.16. */

import { parseDuration } from "../../api/go-time.ts";
import { snapshotBytes } from "../../etcd/index.ts";
import type { Gen } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { suggestions } from "../suggest.ts";
import { Client, EtcdctlError } from "./client.ts";
import { endpointCommands } from "./endpoint-commands.ts";
import { commandHelp, groupHelp, isGroup, programHelp, utilHelp } from "./help.ts";
import { keyCommands } from "./key-commands.ts";
import { leaseCommands } from "./lease.ts";
import { memberCommands } from "./member-commands.ts";
import { dbSize, snapshotRestore, snapshotStatus } from "./snapshot.ts";
import { txn } from "./txn.ts";

export type FlagKind = "bool" | "value";

const GLOBAL: Record<string, FlagKind> = {
  cacert: "value",
  cert: "value",
  key: "value",
  "command-timeout": "value",
  "dial-timeout": "value",
  "keepalive-time": "value",
  "keepalive-timeout": "value",
  debug: "bool",
  endpoints: "value",
  help: "bool",
  hex: "bool",
  "insecure-skip-tls-verify": "bool",
  "insecure-transport": "bool",
  "insecure-discovery": "bool",
  user: "value",
  password: "value",
  "write-out": "value",
  "discovery-srv": "value",
};
const SHORT: Record<string, string> = { w: "write-out", h: "help", d: "discovery-srv", i: "interactive" };

export interface Run {
  p: Process;
  client: Client;
  args: readonly string[];
  flag(name: string): string | undefined;
  on(name: string): boolean;
  format: string;
}

export interface Subcommand {
  usage: string;
  about: string;
  flags: Record<string, FlagKind>;
  run(r: Run): Gen;
}

const bad = (text: string) => new EtcdctlError(text, 128);

const snapshotSave: Subcommand = {
  usage: "snapshot save <filename> [flags]",
  about: "Stores an etcd node backend snapshot to a given file",
  flags: {},
  *run(r) {
    if (r.args.length !== 1) throw bad("snapshot save expects one argument");
    const path = r.args[0]!;
    const { client } = r;
    const { endpoints } = client.options;
    if (endpoints.length !== 1) {
      throw bad(
        `snapshot must be requested to one selected node, not multiple ${JSON.stringify(endpoints).replaceAll(",", " ")}`,
      );
    }
    const part = `${path}.part`;
    const caller = (line: number) => `snapshot/v3_snapshot.go:${line}`;
    try {
      sys.writeText(r.p, part, "", 0o600);
    } catch (error) {
      if (!isErrno(error)) throw error;
      throw new EtcdctlError(`could not open ${part} (open ${part}: ${error.message.toLowerCase()})`, 5);
    }
    yield* client.log("info", caller(65), "created temporary db file", { path: part });
    yield* client.first();
    yield* client.log("info", "v3@v3.5.16/maintenance.go:212", "opened snapshot stream; downloading", {}, "client");
    yield* client.log("info", caller(73), "fetching snapshot", { endpoint: endpoints[0] });
    const bytes = snapshotBytes(client.store);
    sys.writeText(r.p, part, bytes, 0o600);
    yield* client.log("info", "v3@v3.5.16/maintenance.go:220", "completed snapshot read; closing", {}, "client");
    const size = dbSize(client.store, bytes).text;
    yield* client.log("info", caller(88), "fetched snapshot", { endpoint: endpoints[0], size, took: "now" });
    sys.rename(r.p, part, path);
    yield* client.log("info", caller(97), "saved", { path });
    yield* sys.print(r.p, `Snapshot saved at ${path}\n`);
  },
};

const status: Subcommand = {
  usage: "snapshot status <filename> [flags]",
  about: "[deprecated] Gets backend snapshot status of a given file",
  flags: {},
  run: snapshotStatus,
};

const restoreCommand: Subcommand = {
  usage: "snapshot restore <filename> [options] [flags]",
  about: "Restores an etcd member snapshot to an etcd directory",
  flags: {
    "data-dir": "value",
    "initial-advertise-peer-urls": "value",
    "initial-cluster": "value",
    "initial-cluster-token": "value",
    name: "value",
    "skip-hash-check": "bool",
    "wal-dir": "value",
    "bump-revision": "value",
    "mark-compacted": "bool",
  },
  run: snapshotRestore,
};

const simple = (usage: string, about: string, text: (r: Run) => string): Subcommand => ({
  usage: `${usage} [flags]`,
  about,
  flags: { cluster: "bool" },
  *run(r) {
    yield* r.client.first();
    yield* sys.print(r.p, text(r));
  },
});

const compaction: Subcommand = {
  usage: "compaction [options] <revision> [flags]",
  about: "Compacts the event history in etcd",
  flags: { physical: "bool" },
  *run(r) {
    if (r.args.length !== 1) throw bad("compaction command needs 1 argument");
    if (!/^[+-]?\d+$/.test(r.args[0]!))
      throw new EtcdctlError(`strconv.ParseInt: parsing ${JSON.stringify(r.args[0])}: invalid syntax`);
    yield* r.client.request((store) => store.compact(Number(r.args[0])));
    yield* sys.print(r.p, `compacted revision ${r.args[0]}\n`);
  },
};

const version: Subcommand = {
  usage: "version [flags]",
  about: "Prints the version of etcdctl",
  flags: {},
  *run(r) {
    const name = r.p.argv[0]?.replace(/^.*\//, "") ?? "etcdctl";
    yield* sys.print(r.p, `${name} version: 3.5.16\nAPI version: 3.5\n`);
  },
};

const COMMANDS: Readonly<Record<string, Subcommand>> = {
  "alarm disarm": simple("alarm disarm", "Disarms all alarms", () => ""),
  "alarm list": simple("alarm list", "Lists all alarms", () => ""),
  "auth status": simple("auth status", "Returns authentication status", () => {
    return "Authentication Status: false\nAuthRevision: 1\n";
  }),
  compaction,
  compact: compaction,
  ...keyCommands,
  ...leaseCommands,
  ...endpointCommands,
  ...memberCommands,
  "snapshot restore": restoreCommand,
  "snapshot save": snapshotSave,
  "snapshot status": status,
  "role list": simple("role list", "Lists all roles", () => ""),
  txn,
  "user list": simple("user list", "Lists all users", () => ""),
  version,
};

const UTIL = ["snapshot restore", "snapshot status", "version"];

/** A command that there is not, and those that may have been meant (cobra SuggestionsFor). */
function unknownCommand(program: string, word: string): EtcdctlError {
  const names = [...new Set(Object.keys(COMMANDS).map((name) => name.split(" ")[0]!)), ...OTHERS].sort();
  const others = names.filter((name) => name !== word);
  return new EtcdctlError(`unknown command ${quoteString(word)} for "${program}"${suggestions(word, others)}`);
}

/** Commands that etcdctl has and this cluster has no use for. */
const OTHERS = ["auth", "check", "completion", "elect", "lock", "make-mirror", "role", "user"];

interface Parsed {
  name: string;
  command: Subcommand;
  args: string[];
  flags: Map<string, string>;
}

/** Finds the subcommand (one or two words) and reads flags, wherever they stand. Throws EtcdctlError. */
function parse(program: string, words: readonly string[]): Parsed | { help: string } {
  const flags = new Map<string, string>();
  const plain: string[] = [];
  const unknown: string[] = [];
  const kinds = { ...GLOBAL };
  for (const one of Object.values(COMMANDS)) Object.assign(kinds, one.flags);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      plain.push(...words.slice(i + 1));
      break;
    }
    const match = /^(?:--([a-z-]+)|-([a-z]))(?:=(.*))?$/s.exec(word);
    if (match === null) {
      plain.push(word);
      continue;
    }
    const name = match[1] ?? SHORT[match[2]!] ?? match[2]!;
    const kind = kinds[name];
    if (kind === undefined) {
      unknown.push(
        match[1] === undefined ? `unknown shorthand flag: '${match[2]}' in ${word}` : `unknown flag: --${name}`,
      );
      continue;
    }
    const value = match[3] ?? (kind === "bool" ? "true" : words[++i]);
    if (value === undefined) throw new EtcdctlError(`flag needs an argument: --${name}`);
    flags.set(name, value);
  }
  const two = plain.slice(0, 2).join(" ");
  const name = two in COMMANDS ? two : (plain[0] ?? "");
  const command = program === "etcdutl" && !UTIL.includes(name) ? undefined : COMMANDS[name];
  if (command === undefined) {
    if (unknown.length > 0 && name === "")
      throw new EtcdctlError(unknown[0]!, 1, program === "etcdctl" ? programHelp(COMMANDS) : "");
    if (name === "" || name === "help") return { help: "" };
    if (isGroup(name)) return { help: name };
    throw unknownCommand(program, name);
  }
  const foreign = [...flags.keys()].filter((flag) => !(flag in GLOBAL) && !(flag in command.flags));
  if (foreign.length > 0) unknown.push(`unknown flag: --${foreign[0]}`);
  if (unknown.length > 0 && program === "etcdctl")
    throw new EtcdctlError(unknown[0]!, 1, commandHelp(program, name, command));
  if (unknown.length > 0) throw new EtcdctlError(unknown[0]!);
  return { name, command, args: plain.slice(name.split(" ").length), flags };
}

/** Ends etcdctl when an option stands in the environment as well (pkg/flags verifyEnv). */
const SHADOWED =
  "conflicting environment variable is shadowed by corresponding command-line flag (either unset environment variable or disable flag))";
const NO_OPTIONS = { endpoints: [], cacert: "", cert: "", key: "", insecure: false, timeout: 0 };

function main(program: "etcdctl" | "etcdutl"): Program {
  return function* (p): Gen<number> {
    try {
      const parsed = parse(program, p.argv.slice(1));
      if ("help" in parsed) {
        const name = parsed.help;
        if (program === "etcdutl") yield* sys.print(p, utilHelp(name));
        else yield* sys.print(p, name === "" ? programHelp(COMMANDS) : groupHelp(name, COMMANDS));
        return 0;
      }
      if (parsed.flags.get("help") === "true") {
        yield* sys.print(p, commandHelp(program, parsed.name, parsed.command));
        return 0;
      }
      const { command, args, flags } = parsed;
      for (const name of flags.keys()) {
        const variable = `ETCDCTL_${name.replaceAll("-", "_").toUpperCase()}`;
        if (!(name in GLOBAL) || !p.env.get(variable)) continue;
        yield* new Client(p, NO_OPTIONS).log("fatal", "flags/flag.go:85", SHADOWED, {
          "environment-variable": variable,
        });
        return 1;
      }
      const value = (name: string) =>
        flags.get(name) ?? (p.env.get(`ETCDCTL_${name.replaceAll("-", "_").toUpperCase()}`) || undefined);
      const timeout = parseDuration(value("command-timeout") ?? "5s");
      const client = new Client(p, {
        endpoints: (value("endpoints") ?? "127.0.0.1:2379").split(","),
        cacert: value("cacert") ?? "",
        cert: value("cert") ?? "",
        key: value("key") ?? "",
        insecure: value("insecure-skip-tls-verify") === "true",
        timeout: typeof timeout === "number" ? timeout / 1000 : 5_000_000,
      });
      const format = value("write-out") ?? "simple";
      if (!["simple", "json", "table", "fields", "protobuf"].includes(format))
        throw new EtcdctlError("unsupported output format", 4);
      if (program === "etcdctl" && /^snapshot (restore|status)$/.test(parsed.name)) {
        yield* sys.printError(p, `Deprecated: Use \`etcdutl ${parsed.name}\` instead.\n\n`);
      }
      yield* command.run({
        p,
        client,
        args,
        flag: (name) => flags.get(name),
        on: (name) => flags.get(name) === "true",
        format,
      });
      return 0;
    } catch (error) {
      if (isErrno(error)) {
        yield* sys.printError(p, `Error: ${error.message.toLowerCase()}\n`);
        return 1;
      }
      if (!(error instanceof EtcdctlError)) throw error;
      if (error.message !== "") yield* sys.printError(p, `Error: ${error.message}\n${error.help}`);
      if (error.message.startsWith("unknown command")) {
        yield* sys.printError(p, `Run '${program} --help' for usage.\nError: ${error.message}\n`);
      }
      return error.status;
    }
  };
}

export const etcdPrograms: Record<string, Program> = { etcdctl: main("etcdctl"), etcdutl: main("etcdutl") };
