/** What etcdctl 3.5 prints for -h and after wrong flags: options with their defaults, aligned by tabs. */
import type { Subcommand } from "./etcdctl.ts";

/** An option as it is shown, and what it does. */
type Option = readonly [shown: string, about: string];

const OPTIONS: Readonly<Record<string, readonly Option[]>> = {
  get: [
    ['--consistency="l"', "Linearizable(l) or Serializable(s)"],
    ["--count-only[=false]", "Get only the count"],
    ["--from-key[=false]", "Get keys that are greater than or equal to the given key using byte compare"],
    ["--keys-only[=false]", "Get only the keys"],
    ["--limit=0", "Maximum number of results"],
    ['--order=""', "Order of results; ASCEND or DESCEND (ASCEND by default)"],
    ["--prefix[=false]", "Get keys with matching prefix"],
    ["--print-value-only[=false]", 'Only write values when using the "simple" output format'],
    ["--rev=0", "Specify the kv revision"],
    ['--sort-by=""', "Sort target; CREATE, KEY, MODIFY, VALUE, or VERSION"],
  ],
  put: [
    ["--ignore-lease[=false]", "updates the key using its current lease"],
    ["--ignore-value[=false]", "updates the key using its current value"],
    ['--lease="0"', "lease ID (in hexadecimal) to attach to the key"],
    ["--prev-kv[=false]", "return the previous key-value pair before modification"],
  ],
  del: [
    ["--from-key[=false]", "delete keys that are greater than or equal to the given key using byte compare"],
    ["--prefix[=false]", "delete keys with matching prefix"],
    ["--prev-kv[=false]", "return deleted key-value pairs"],
    ["--range[=false]", "delete range of keys"],
  ],
  txn: [["-i, --interactive[=false]", "Input transaction in interactive mode"]],
  watch: [
    ["-i, --interactive[=false]", "Interactive mode"],
    ["--prefix[=false]", "Watch on a prefix if prefix is set"],
    ["--prev-kv[=false]", "get the previous key-value pair before the event happens"],
    ["--progress-notify[=false]", "get periodic watch progress notification from server"],
    ["--rev=0", "Revision to start watching"],
  ],
  "lease timetolive": [["--keys[=false]", "Get keys attached to this lease"]],
  "lease keep-alive": [
    ["--once[=false]", "Resets the keep-alive time to its original value and cobrautl.Exits immediately"],
  ],
  compaction: [["--physical[=false]", "'true' to wait for compaction to physically remove all old revisions"]],
  defrag: [
    ["--cluster[=false]", "use all endpoints from the cluster member list"],
    ['--data-dir=""', "Optional. If present, defragments a data directory not in use by etcd."],
  ],
  endpoint: [["--cluster[=false]", "use all endpoints from the cluster member list"]],
  "endpoint hashkv": [["--rev=0", "maximum revision to hash (default: all revisions)"]],
  "snapshot restore": [
    ["--bump-revision=0", "How much to increase the latest revision after restore"],
    ['--data-dir=""', "Path to the data directory"],
    [
      '--initial-advertise-peer-urls="http://localhost:2380"',
      "List of this member's peer URLs to advertise to the rest of the cluster",
    ],
    ['--initial-cluster="default=http://localhost:2380"', "Initial cluster configuration for restore bootstrap"],
    ['--initial-cluster-token="etcd-cluster"', "Initial cluster token for the etcd cluster during restore bootstrap"],
    [
      "--initial-memory-map-size=0",
      "Initial memory map size of the database in bytes. It uses the default value if not defined or defined to 0",
    ],
    [
      "--mark-compacted[=false]",
      "Mark the latest revision after restore as the point of scheduled compaction (required if --bump-revision > 0, disallowed otherwise)",
    ],
    ['--name="default"', "Human-readable name for this member"],
    ["--skip-hash-check[=false]", "Ignore snapshot integrity hash value (required if copied from data directory)"],
    ['--wal-dir=""', "Path to the WAL directory (use --data-dir if none given)"],
  ],
};

/** Those of every command. */
const GLOBAL: readonly Option[] = [
  ['--cacert=""', "verify certificates of TLS-enabled secure servers using this CA bundle"],
  ['--cert=""', "identify secure client using this TLS certificate file"],
  ["--command-timeout=5s", "timeout for short running command (excluding dial timeout)"],
  ["--debug[=false]", "enable client-side debug logging"],
  ["--dial-timeout=2s", "dial timeout for client connections"],
  ['-d, --discovery-srv=""', "domain name to query for SRV records describing cluster endpoints"],
  ['--discovery-srv-name=""', "service name to query when using DNS discovery"],
  ["--endpoints=[127.0.0.1:2379]", "gRPC endpoints"],
  ["--hex[=false]", "print byte strings as hex encoded strings"],
  ["--insecure-discovery[=true]", "accept insecure SRV records describing cluster endpoints"],
  [
    "--insecure-skip-tls-verify[=false]",
    "skip server certificate verification (CAUTION: this option should be enabled only for testing purposes)",
  ],
  ["--insecure-transport[=true]", "disable transport security for client connections"],
  ["--keepalive-time=2s", "keepalive time for client connections"],
  ["--keepalive-timeout=6s", "keepalive timeout for client connections"],
  ['--key=""', "identify secure client using this TLS key file"],
  ['--password=""', "password for authentication (if this option is used, --user option shouldn't include password)"],
  ['--user=""', "username[:password] for authentication (prompt if password is not supplied)"],
  ['-w, --write-out="simple"', "set the output format (fields, json, protobuf, simple, table)"],
];

const GROUPS: Readonly<Record<string, string>> = {
  alarm: "Alarm related commands",
  endpoint: "Endpoint related commands",
  lease: "Lease related commands",
  member: "Membership related commands",
  snapshot: "Manages etcd node snapshots",
};

export function isGroup(name: string): boolean {
  return name in GROUPS;
}

/** Cells in columns of eight, as Go's text/tabwriter makes them of tabs. */
function aligned(rows: readonly (readonly [string, string])[], indent: string): string {
  const width = Math.ceil((Math.max(...rows.map(([cell]) => cell.length)) + 1) / 8) * 8;
  return rows
    .map(([cell, text]) => `${indent}${cell}${"\t".repeat(Math.ceil((width - cell.length) / 8))}${text}\n`)
    .join("");
}

function options(name: string, last: string): string {
  const all: Option[] = [...(OPTIONS[name] ?? []), ["-h, --help[=false]", `help for ${last}`]];
  const key = ([shown]: Option) => shown.replace(/^(-\w, )?--/, "").replace(/[=[].*/s, "");
  all.sort((a, b) => (key(a) < key(b) ? -1 : 1));
  return `OPTIONS:\n${optionLines(all)}`;
}

function optionLines(all: readonly Option[]): string {
  return aligned(
    all.map(([shown, about]) => [`${shown.startsWith("--") ? "      " : "  "}${shown}`, about] as const),
    "",
  );
}

const global = () => `GLOBAL OPTIONS:\n${optionLines(GLOBAL)}\n`;

/** Help of a command. */
export function commandHelp(program: string, name: string, command: Subcommand): string {
  const last = name.split(" ").at(-1)!;
  return `NAME:\n\t${name} - ${command.about}\n\nUSAGE:\n\t${program} ${command.usage}\n\n${options(name, last)}\n${global()}`;
}

/** Help of `lease`, `member` and so on. */
export function groupHelp(name: string, commands: Readonly<Record<string, Subcommand>>): string {
  const rows = Object.entries(commands)
    .filter(([one]) => one.startsWith(`${name} `))
    .map(([one, { about }]) => [one.slice(name.length + 1), about] as const);
  return (
    `NAME:\n\t${name} - ${GROUPS[name]}\n\nUSAGE:\n\tetcdctl ${name} <subcommand> [flags]\n\nAPI VERSION:\n\t3.5\n\n\n` +
    `COMMANDS:\n${aligned(rows, "\t")}\n${options(name, name)}\n${global()}`
  );
}

/** Help of the program itself. */
export function programHelp(commands: Readonly<Record<string, Subcommand>>): string {
  const rows: (readonly [string, string])[] = Object.entries(commands)
    .filter(([name]) => name !== "compact")
    .map(([name, { about }]) => [name, about] as const);
  rows.push(["help", "Help about any command"]);
  rows.sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return (
    "NAME:\n\tetcdctl - A simple command line client for etcd3.\n\nUSAGE:\n\tetcdctl [flags]\n\n" +
    `VERSION:\n\t3.5.16\n\nAPI VERSION:\n\t3.5\n\n\nCOMMANDS:\n${aligned(rows, "\t")}\nOPTIONS:\n` +
    `${optionLines([...GLOBAL.slice(0, 8), ["-h, --help[=false]", "help for etcdctl"] as const, ...GLOBAL.slice(8)])}\n`
  );
}

/** Help of etcdutl and of its snapshot. */
export function utilHelp(name: string): string {
  const out =
    '-w, --write-out string   set the output format (fields, json, protobuf, simple, table) (default "simple")\n\n';
  if (name === "snapshot")
    return (
      "Usage:\n  etcdutl snapshot [command]\n\nAvailable Commands:\n" +
      "  restore     Restores an etcd member snapshot to an etcd directory\n" +
      "  status      Gets backend snapshot status of a given file\n\n" +
      `Flags:\n  -h, --help   help for snapshot\n\nGlobal Flags:\n  ${out}` +
      'Use "etcdutl snapshot [command] --help" for more information about a command.\n'
    );
  return (
    "Usage:\n  etcdutl [command]\n\nAvailable Commands:\n" +
    "  backup      [legacy] offline backup of etcd directory\n" +
    "  completion  Generate the autocompletion script for the specified shell\n" +
    "  defrag      Defragments the storage of the etcd\n" +
    "  help        Help about any command\n" +
    "  snapshot    Manages etcd node snapshots\n" +
    "  version     Prints the version of etcdutl\n\n" +
    `Flags:\n  -h, --help               help for etcdutl\n  ${out}` +
    'Use "etcdutl [command] --help" for more information about a command.\n'
  );
}
