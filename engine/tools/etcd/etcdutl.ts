/** etcdutl 3.5.16: what is done to files of etcd while no member uses them. */
import type { Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { quoteString } from "../../text/go-quote.ts";
import { boolProblem, invalidArgument, type PFlag, readFlags, UsageError } from "../pflag.ts";
import { suggestions } from "../suggest.ts";
import { Client, EtcdctlError, ended } from "./client.ts";
import type { Run } from "./command.ts";
import { snapshotRestore, snapshotStatus } from "./snapshot.ts";

/** An option: its name, the type that pflag shows, the default, what it does. */
type Option = readonly [name: string, type: string, initial: string, about: string];

interface Command {
  readonly usage: string;
  readonly about: string;
  readonly options: readonly Option[];
  readonly required?: string;
  run?(r: Run): Gen;
}

const WRITE_OUT: Option = [
  "write-out",
  "string",
  '"simple"',
  "set the output format (fields, json, protobuf, simple, table)",
];

const COMMANDS: Readonly<Record<string, Command>> = {
  backup: {
    usage: "backup [flags]",
    about: "[legacy] offline backup of etcd directory",
    options: [
      ["backup-dir", "string", "", "Path to the backup dir"],
      ["backup-wal-dir", "string", "", "Path to the backup wal dir"],
      ["data-dir", "string", "", "Path to the etcd data dir"],
      ["wal-dir", "string", "", "Path to the etcd wal dir"],
      ["with-v3", "", "true", "Backup v3 backend data"],
    ],
  },
  completion: {
    usage: "completion [command]",
    about: "Generate the autocompletion script for the specified shell",
    options: [],
  },
  ...Object.fromEntries(
    ["bash", "fish", "powershell", "zsh"].map((shell) => [
      `completion ${shell}`,
      { usage: `completion ${shell} [flags]`, about: `Generate the autocompletion script for ${shell}`, options: [] },
    ]),
  ),
  defrag: {
    usage: "defrag [flags]",
    about: "Defragments the storage of the etcd",
    options: [["data-dir", "string", "", "Required. Defragments a data directory not in use by etcd."]],
    required: "data-dir",
    *run(r): Gen {
      const dir = r.flag("data-dir")!;
      if (sys.find(r.p, `${dir}/member/snap/db`) === undefined) {
        const path = `${dir}/member/snap/db`;
        yield* r.client.log("panic", "backend/backend.go:201", "failed to open database", {
          path,
          error: `open ${path}: no such file or directory`,
        });
        throw new EtcdctlError("", 2);
      }
    },
  },
  snapshot: { usage: "snapshot [command]", about: "Manages etcd node snapshots", options: [] },
  "snapshot restore": {
    usage: "snapshot restore <filename> --data-dir {output dir} [options] [flags]",
    about: "Restores an etcd member snapshot to an etcd directory",
    options: [
      ["bump-revision", "uint", "", "How much to increase the latest revision after restore"],
      ["data-dir", "string", "", "Path to the output data directory"],
      [
        "initial-advertise-peer-urls",
        "string",
        '"http://localhost:2380"',
        "List of this member's peer URLs to advertise to the rest of the cluster",
      ],
      [
        "initial-cluster",
        "string",
        '"default=http://localhost:2380"',
        "Initial cluster configuration for restore bootstrap",
      ],
      [
        "initial-cluster-token",
        "string",
        '"etcd-cluster"',
        "Initial cluster token for the etcd cluster during restore bootstrap",
      ],
      [
        "initial-memory-map-size",
        "uint",
        "10737418240",
        "Initial memory map size of the database in bytes. It uses the default value if not defined or defined to 0",
      ],
      [
        "mark-compacted",
        "",
        "",
        "Mark the latest revision after restore as the point of scheduled compaction (required if --bump-revision > 0, disallowed otherwise)",
      ],
      ["name", "string", '"default"', "Human-readable name for this member"],
      ["skip-hash-check", "", "", "Ignore snapshot integrity hash value (required if copied from data directory)"],
      ["wal-dir", "string", "", "Path to the WAL directory (use --data-dir if none given)"],
    ],
    run: snapshotRestore,
  },
  "snapshot status": {
    usage: "snapshot status <filename> [flags]",
    about: "Gets backend snapshot status of a given file",
    options: [],
    run: snapshotStatus,
  },
  version: {
    usage: "version [flags]",
    about: "Prints the version of etcdutl",
    options: [],
    *run(r): Gen {
      yield* sys.print(r.p, "etcdutl version: 3.5.16\nAPI version: 3.5\n");
    },
  },
};

function optionLines(options: readonly Option[]): string {
  const shown = options.map(([name, type]) => {
    const short = name === "help" ? "-h, " : name === "write-out" ? "-w, " : "    ";
    return `  ${short}--${name}${type === "" ? "" : ` ${type}`}`;
  });
  const width = Math.max(...shown.map((text) => text.length));
  return options
    .map(([, , initial, about], i) => {
      const rest = initial === "" ? about : `${about} (default ${initial})`;
      return `${shown[i]!.padEnd(width)}   ${rest}\n`;
    })
    .join("");
}

/** Usage of a command as cobra shows it; "" for the program. */
function usageOf(name: string): string {
  const command = COMMANDS[name];
  const last = name.split(" ").at(-1) || "etcdutl";
  const below = Object.entries(COMMANDS)
    .filter(([one]) => (name === "" ? !one.includes(" ") : one.startsWith(`${name} `)))
    .map(([one, { about }]): [string, string] => [one.split(" ").at(-1)!, about]);
  if (name === "") below.push(["help", "Help about any command"]);
  below.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const width = Math.max(11, ...below.map(([one]) => one.length + 1));
  const list = below.map(([one, about]) => `  ${one.padEnd(width)} ${about}\n`).join("");
  const own: Option[] = [...(command?.options ?? []), ["help", "", "", `help for ${last}`]];
  if (name === "") own.push(WRITE_OUT);
  own.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  const path = name === "" ? "etcdutl" : `etcdutl ${name}`;
  return (
    `Usage:\n  etcdutl ${command?.usage ?? "[command]"}\n\n` +
    (list === "" ? "" : `Available Commands:\n${list}\n`) +
    `Flags:\n${optionLines(own)}` +
    (name === "" ? "" : `\nGlobal Flags:\n${optionLines([WRITE_OUT])}`) +
    (list === "" ? "" : `\nUse "${path} [command] --help" for more information about a command.\n`)
  );
}

interface Flag extends PFlag {
  readonly type: string;
}

/** Reads the options of a command. Throws UsageError. */
function optionsOf(name: string, words: readonly string[]): { args: string[]; flags: Map<string, string> } {
  const known = [...(COMMANDS[name]?.options ?? []), ["help", "", "", ""] as const, WRITE_OUT].map(
    ([one, type]): Flag => ({
      name: one,
      type,
      shorthand: one === "help" ? "h" : one === "write-out" ? "w" : "",
      bare: type === "" ? "true" : undefined,
    }),
  );
  const flags = new Map<string, string>();
  const { args } = readFlags(words, {
    long: (text) => known.find((flag) => flag.name === text),
    short: (letter) => known.find((flag) => flag.shorthand === letter),
    interspersed: true,
    set: (flag, value) => {
      const problem =
        flag.type === ""
          ? boolProblem(value)
          : flag.type === "uint" && !/^\d+$/.test(value)
            ? `strconv.ParseUint: parsing ${quoteString(value)}: invalid syntax`
            : undefined;
      if (problem !== undefined) throw invalidArgument(flag, value, problem);
      flags.set(flag.name, value);
    },
  });
  return { args, flags };
}

/** Finds the command that the first words name; the rest is its own. */
function commandOf(words: readonly string[]): { name: string; rest: readonly string[] } {
  const [first = "", second = ""] = words;
  if (`${first} ${second}` in COMMANDS) return { name: `${first} ${second}`, rest: words.slice(2) };
  return first in COMMANDS ? { name: first, rest: words.slice(1) } : { name: "", rest: words };
}

function* run(p: Process): Gen<number> {
  const words = p.argv.slice(1);
  const { name, rest } = commandOf(words[0] === "help" ? words.slice(1) : words);
  const first = rest.find((word) => !word.startsWith("-"));
  if (words[0] === "snapshot" && words[1] === "save") {
    yield* sys.printError(p, 'Command "save" is deprecated, Use `etcdctl snapshot save` to download snapshot\n');
    throw new EtcdctlError("In order to download snapshot use: `etcdctl snapshot save ...`", 128);
  }
  if (name === "" && first !== undefined && words[0] !== "help") {
    const close = suggestions(first, [...Object.keys(COMMANDS).filter((one) => !one.includes(" ")), "help"].sort());
    const text = `Error: unknown command ${quoteString(first)} for "etcdutl"${close}\n`;
    yield* sys.printError(p, `${text}Run 'etcdutl --help' for usage.\n${text}`);
    return 1;
  }
  const command = COMMANDS[name];
  const { args, flags } = optionsOf(name, words[0] === "help" ? [] : rest);
  if (flags.has("help") || words[0] === "help" || command?.run === undefined) {
    yield* sys.print(p, usageOf(name));
    return 0;
  }
  if (command.required !== undefined && !flags.has(command.required)) {
    throw new UsageError(`required flag(s) "${command.required}" not set`);
  }
  const client = new Client(p, {
    endpoints: [],
    cacert: "",
    cert: "",
    key: "",
    insecure: false,
    timeout: 0,
    format: "simple",
  });
  yield* command.run({
    p,
    client,
    args,
    dash: -1,
    flag: (one) => flags.get(one),
    on: (one) => flags.get(one) === "true",
    format: flags.get("write-out") ?? "simple",
  });
  return 0;
}

/** etcdutl. */
export const etcdutl: Program = function* (p): Gen<number> {
  try {
    return yield* run(p);
  } catch (error) {
    if (error instanceof UsageError) {
      const { name } = commandOf(p.argv.slice(1));
      yield* sys.printError(p, `Error: ${error.message}\n${usageOf(name)}\nError: ${error.message}\n`);
      return 1;
    }
    return yield* ended(p, error);
  }
};
