import type { Reply } from "./redis-store.ts";

/** Settings of redis.conf that courses look at or change, as a server without one has them. */
const DEFAULTS: Readonly<Record<string, string>> = {
  appendfsync: "everysec",
  appendonly: "no",
  bind: "* -::*",
  databases: "16",
  dbfilename: "dump.rdb",
  dir: "/data",
  logfile: "",
  loglevel: "notice",
  masterauth: "",
  maxclients: "10000",
  maxmemory: "0",
  "maxmemory-policy": "noeviction",
  "maxmemory-samples": "5",
  port: "6379",
  "protected-mode": "yes",
  "replica-read-only": "yes",
  replicaof: "",
  requirepass: "",
  save: "3600 1 300 100 60 10000",
  "tcp-backlog": "511",
  "tcp-keepalive": "300",
  timeout: "0",
};
/** Names of before 5.0. */
const OLD: Readonly<Record<string, string>> = { slaveof: "replicaof", "slave-read-only": "replica-read-only" };
const POLICIES = [
  ...["volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"],
  ...["allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction"],
];
const UNITS: Readonly<Record<string, number>> = {
  ...{ "": 1, b: 1, k: 1000, kb: 1024, m: 1e6, mb: 1024 ** 2, g: 1e9, gb: 1024 ** 3 },
};
/** What only the start of a server decides. */
const FIXED = new Set(["databases", "logfile", "tcp-backlog", "replicaof"]);

/** Settings of a server: of its configuration file, its options, and CONFIG SET. */
export class RedisConfig {
  private readonly values = new Map(Object.entries(DEFAULTS));

  get(name: string): string {
    return this.values.get(name) ?? "";
  }

  /** Takes a file's lines, `directive words…`; gives the first that says nothing that is known. */
  read(text: string): { line: number; text: string } | undefined {
    for (const [i, line] of text.split("\n").entries()) {
      const [given = "", ...words] = line.trim().split(/\s+/);
      if (given === "" || given.startsWith("#")) continue;
      const name = OLD[given.toLowerCase()] ?? given.toLowerCase();
      const value = words.join(" ").replace(/^"(.*)"$/, "$1");
      if (words.length === 0 || !this.take(name, value)) return { line: i + 1, text: line.trim() };
    }
    return undefined;
  }

  /** False for a value that does not fit. Settings that nothing here asks for are kept as they come. */
  private take(name: string, value: string): boolean {
    if (name === "maxmemory") {
      const [, number, unit = ""] = /^(\d+)([a-z]*)$/i.exec(value) ?? [];
      const scale = UNITS[unit.toLowerCase()];
      if (number === undefined || scale === undefined) return false;
      this.values.set(name, String(Number(number) * scale));
    } else if (name === "maxmemory-policy" && !POLICIES.includes(value)) return false;
    else this.values.set(name, value);
    return true;
  }

  /** CONFIG GET and SET (src/config.c). */
  run([verb = "", ...args]: readonly string[]): Reply {
    if (verb.toLowerCase() === "get") {
      const names = [...this.values.keys()].filter((name) => args.some((one) => matches(one.toLowerCase(), name)));
      return names.flatMap((name) => [name, this.get(name)]);
    }
    if (verb.toLowerCase() === "resetstat" || verb.toLowerCase() === "rewrite") return { status: "OK" };
    if (verb.toLowerCase() !== "set") return { error: `ERR unknown subcommand '${verb}'. Try CONFIG HELP.` };
    for (let i = 0; i + 1 < args.length; i += 2) {
      const name = OLD[args[i]!.toLowerCase()] ?? args[i]!.toLowerCase();
      if (!this.values.has(name))
        return { error: `ERR Unknown option or number of arguments for CONFIG SET - '${args[i]}'` };
      const failed = (why: string) => ({
        error: `ERR CONFIG SET failed (possibly related to argument '${args[i]}') - ${why}`,
      });
      if (FIXED.has(name)) return failed("can't set immutable config");
      if (this.take(name, args[i + 1]!)) continue;
      return failed(
        name === "maxmemory"
          ? "argument must be a memory value"
          : `argument(s) must be one of the following: ${POLICIES.join(", ")}`,
      );
    }
    return { status: "OK" };
  }
}

function matches(pattern: string, name: string): boolean {
  if (!pattern.includes("*")) return pattern === name;
  const [first = "", ...rest] = pattern.split("*");
  if (!name.startsWith(first)) return false;
  let at = first.length;
  for (const part of rest) {
    const found = part === "" ? at : name.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return rest.at(-1) === "" || at === name.length;
}
