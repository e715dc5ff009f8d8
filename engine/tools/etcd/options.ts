/** What etcdctl 3.5 says of its commands and their options: with `-h`, and after mistakes. */

/** An option as it is shown with its default, and what it does. */
export type Option = readonly [shown: string, about: string];

/** Commands that only have others below them. */
export const GROUPS: Readonly<Record<string, { about: string; usage: string }>> = {
  alarm: { about: "Alarm related commands", usage: "alarm <subcommand> [flags]" },
  auth: { about: "Enable or disable authentication", usage: "auth <enable or disable> [flags]" },
  check: { about: "commands for checking properties of the etcd cluster", usage: "check <subcommand> [flags]" },
  completion: { about: "Generate the autocompletion script for the specified shell", usage: "completion [flags]" },
  endpoint: { about: "Endpoint related commands", usage: "endpoint <subcommand> [flags]" },
  lease: { about: "Lease related commands", usage: "lease <subcommand> [flags]" },
  member: { about: "Membership related commands", usage: "member <subcommand> [flags]" },
  role: { about: "Role related commands", usage: "role <subcommand> [flags]" },
  snapshot: { about: "Manages etcd node snapshots", usage: "snapshot <subcommand> [flags]" },
  user: { about: "User related commands", usage: "user <subcommand> [flags]" },
};

/** Options of each command; those of a group are of all below it. */
export const OPTIONS: Readonly<Record<string, readonly Option[]>> = {
  "check perf": [
    ["--auto-compact[=false]", "Compact storage with last revision after test is finished."],
    ["--auto-defrag[=false]", "Defragment storage after test is finished."],
    [
      '--load="s"',
      "The performance check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge)",
    ],
    ['--prefix="/etcdctl-check-perf/"', "The prefix for writing the performance check's keys."],
  ],
  "check datascale": [
    ["--auto-compact[=false]", "Compact storage with last revision after test is finished."],
    ["--auto-defrag[=false]", "Defragment storage after test is finished."],
    [
      '--load="s"',
      "The datascale check's workload model. Accepted workloads: s(small), m(medium), l(large), xl(xLarge)",
    ],
    ['--prefix="/etcdctl-check-datascale/"', "The prefix for writing the datascale check's keys."],
  ],
  compaction: [["--physical[=false]", "'true' to wait for compaction to physically remove all old revisions"]],
  "completion bash": [["--no-descriptions[=false]", "disable completion descriptions"]],
  defrag: [
    ["--cluster[=false]", "use all endpoints from the cluster member list"],
    ['--data-dir=""', "Optional. If present, defragments a data directory not in use by etcd."],
  ],
  del: [
    ["--from-key[=false]", "delete keys that are greater than or equal to the given key using byte compare"],
    ["--prefix[=false]", "delete keys with matching prefix"],
    ["--prev-kv[=false]", "return deleted key-value pairs"],
    ["--range[=false]", "delete range of keys"],
  ],
  elect: [["-l, --listen[=false]", "observation mode"]],
  endpoint: [["--cluster[=false]", "use all endpoints from the cluster member list"]],
  "endpoint hashkv": [["--rev=0", "maximum revision to hash (default: all revisions)"]],
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
  "lease keep-alive": [
    ["--once[=false]", "Resets the keep-alive time to its original value and cobrautl.Exits immediately"],
  ],
  "lease timetolive": [["--keys[=false]", "Get keys attached to this lease"]],
  lock: [["--ttl=10", "timeout for session"]],
  "make-mirror": [
    ['--dest-cacert=""', "Verify certificates of TLS enabled secure servers using this CA bundle"],
    ['--dest-cert=""', "Identify secure client using this TLS certificate file for the destination cluster"],
    ["--dest-insecure-transport[=true]", "Disable transport security for client connections"],
    ['--dest-key=""', "Identify secure client using this TLS key file"],
    [
      '--dest-password=""',
      "Destination password for authentication (if this option is used, --user option shouldn't include password)",
    ],
    ['--dest-prefix=""', "destination prefix to mirror a prefix to a different prefix in the destination cluster"],
    ['--dest-user=""', "Destination username[:password] for authentication (prompt if password is not supplied)"],
    ["--no-dest-prefix[=false]", "mirror key-values to the root of the destination cluster"],
    ['--prefix=""', "Key-value prefix to mirror"],
  ],
  "member add": [
    ["--learner[=false]", "indicates if the new member is raft learner"],
    ['--peer-urls=""', "comma separated peer URLs for the new member."],
  ],
  "member update": [['--peer-urls=""', "comma separated peer URLs for the updated member."]],
  put: [
    ["--ignore-lease[=false]", "updates the key using its current lease"],
    ["--ignore-value[=false]", "updates the key using its current value"],
    ['--lease="0"', "lease ID (in hexadecimal) to attach to the key"],
    ["--prev-kv[=false]", "return the previous key-value pair before modification"],
  ],
  "role grant-permission": [
    [
      "--from-key[=false]",
      "grant a permission of keys that are greater than or equal to the given key using byte compare",
    ],
    ["--prefix[=false]", "grant a prefix permission"],
  ],
  "role revoke-permission": [
    [
      "--from-key[=false]",
      "revoke a permission of keys that are greater than or equal to the given key using byte compare",
    ],
    ["--prefix[=false]", "revoke a prefix permission"],
  ],
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
  txn: [["-i, --interactive[=false]", "Input transaction in interactive mode"]],
  "user add": [
    ["--interactive[=true]", "Read password from stdin instead of interactive terminal"],
    ['--new-user-password=""', "Supply password from the command line flag"],
    ["--no-password[=false]", "Create a user without password (CN based auth only)"],
  ],
  "user get": [["--detail[=false]", "Show permissions of roles granted to the user"]],
  "user passwd": [["--interactive[=true]", "If true, read password from stdin instead of interactive terminal"]],
  watch: [
    ["-i, --interactive[=false]", "Interactive mode"],
    ["--prefix[=false]", "Watch on a prefix if prefix is set"],
    ["--prev-kv[=false]", "get the previous key-value pair before the event happens"],
    ["--progress-notify[=false]", "get periodic watch progress notification from server"],
    ["--rev=0", "Revision to start watching"],
  ],
  "completion fish": [["--no-descriptions[=false]", "disable completion descriptions"]],
  "completion powershell": [["--no-descriptions[=false]", "disable completion descriptions"]],
  "completion zsh": [["--no-descriptions[=false]", "disable completion descriptions"]],
};

/** Longer words about some commands. */
export const DESCRIPTIONS: Readonly<Record<string, string>> = {
  "check datascale":
    "If no endpoint is provided, localhost will be used. If multiple endpoints are provided, first endpoint will be used.",
  completion:
    "Generate the autocompletion script for etcdctl for the specified shell.\nSee each sub-command's help for details on how to use the generated script.",
  "endpoint status":
    "When --write-out is set to simple, this command prints out comma-separated status lists for each endpoint.\nThe items in the lists are endpoint, ID, version, db size, is leader, is learner, raft term, raft index, raft applied index, errors.",
  "member list":
    "When --write-out is set to simple, this command prints out comma-separated member lists for each endpoint.\nThe items in the lists are ID, Status, Name, Peer Addrs, Client Addrs, Is Learner.",
  "member promote": "Promotes a non-voting learner member to a voting one in the cluster.",
  put: "Puts the given key into the store.\n\nWhen <value> begins with '-', <value> is interpreted as a flag.\nInsert '--' for workaround:\n\n$ put <key> -- <value>\n$ put -- <key> <value>\n\nIf <value> isn't given as a command line argument and '--ignore-value' is not specified,\nthis command tries to read the value from standard input.\n\nIf <lease> isn't given as a command line argument and '--ignore-lease' is not specified,\nthis command tries to read the value from standard input.\n\nFor example,\n$ cat file | put <key>\nwill store the content of the file to <key>.",
  "snapshot status":
    "When --write-out is set to simple, this command prints out comma-separated status lists for each endpoint.\nThe items in the lists are hash, revision, total keys, total size.\n\nMoved to 'etcdctl snapshot status ...'",
  "snapshot restore": "Moved to `etcdctl snapshot restore ...`",
  help: "Help provides help for any command in the application.\nSimply type etcdctl help [path to command] for full details.",
  "completion bash":
    "Generate the autocompletion script for the bash shell.\n\nThis script depends on the 'bash-completion' package.\nIf it is not installed already, you can install it via your OS's package manager.\n\nTo load completions in your current shell session:\n\n\tsource <(etcdctl completion bash)\n\nTo load completions for every new session, execute once:\n\n#### Linux:\n\n\tetcdctl completion bash > /etc/bash_completion.d/etcdctl\n\n#### macOS:\n\n\tetcdctl completion bash > $(brew --prefix)/etc/bash_completion.d/etcdctl\n\nYou will need to start a new shell for this setup to take effect.",
  "completion fish":
    "Generate the autocompletion script for the fish shell.\n\nTo load completions in your current shell session:\n\n\tetcdctl completion fish | source\n\nTo load completions for every new session, execute once:\n\n\tetcdctl completion fish > ~/.config/fish/completions/etcdctl.fish\n\nYou will need to start a new shell for this setup to take effect.",
  "completion powershell":
    "Generate the autocompletion script for powershell.\n\nTo load completions in your current shell session:\n\n\tetcdctl completion powershell | Out-String | Invoke-Expression\n\nTo load completions for every new session, add the output of the above command\nto your powershell profile.",
  "completion zsh":
    'Generate the autocompletion script for the zsh shell.\n\nIf shell completion is not already enabled in your environment you will need\nto enable it.  You can execute the following once:\n\n\techo "autoload -U compinit; compinit" >> ~/.zshrc\n\nTo load completions in your current shell session:\n\n\tsource <(etcdctl completion zsh)\n\nTo load completions for every new session, execute once:\n\n#### Linux:\n\n\tetcdctl completion zsh > "${fpath[1]}/_etcdctl"\n\n#### macOS:\n\n\tetcdctl completion zsh > $(brew --prefix)/share/zsh/site-functions/_etcdctl\n\nYou will need to start a new shell for this setup to take effect.',
};

/** Those of every command. */
export const GLOBAL: readonly Option[] = [
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
