import { decode, encode, type Gen } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import { searchPath } from "../../tools/text/env.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { httpDate } from "../nginx/http.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "../rootfs.ts";
import { RedisConfig } from "./redis-config.ts";
import { Replication } from "./redis-replication.ts";
import { RedisStore, type Reply, WRITES } from "./redis-store.ts";
import { readCommand, readReply, received, written } from "./redis-wire.ts";
import { say, serving } from "./serving.ts";

/** The last release of each line, for tags that name no more than it. */
const LATEST: Readonly<Record<string, string>> = {
  "4": "4.0.14",
  "5": "5.0.14",
  "6": "6.2.17",
  "6.0": "6.0.20",
  "6.2": "6.2.17",
  "7": "7.4.2",
  "7.0": "7.0.15",
  "7.2": "7.2.7",
  "7.4": "7.4.2",
};
const VERSION = "7.4.2";

function versionOf(tag: string): string {
  const release = /^\d+(\.\d+)*/.exec(tag)?.[0] ?? "";
  return LATEST[release] ?? (/^\d+\.\d+\.\d+$/.test(release) ? release : VERSION);
}

const installed = (p: Process): string => p.env.get("REDIS_VERSION") ?? VERSION;

/** `1:M 02 Mar 2026 09:00:00.123 * text`; `C` before it is known what the server will be. */
function note(p: Process, mark: string, text: string, role = "M"): string {
  const [, day, month, year, clock] = /^\w+, (\d+) (\w+) (\d+) (\S+)/.exec(httpDate(p.machine.kernel.wallMs))!;
  const ms = String(Math.floor(p.machine.kernel.wallMs % 1000)).padStart(3, "0");
  return `${p.nsPid}:${role} ${day} ${month} ${year} ${clock}.${ms} ${mark} ${text}\n`;
}

/** redis-server: the common commands over the Redis protocol. */
const redisServer: Program = function* (p) {
  const [command, ...rest] = p.argv.slice(1);
  if (
    p.argv[0]?.endsWith("docker-entrypoint.sh") &&
    command !== "redis-server" &&
    command !== undefined &&
    !/^-|\.conf$/.test(command)
  ) {
    return yield* sys.exec(p, searchPath(p, command) ?? command, [command, ...rest]);
  }
  if (p.argv.includes("--version") || p.argv.includes("-v")) {
    yield* sys.print(
      p,
      `Redis server v=${installed(p)} sha=00000000:0 malloc=jemalloc-5.3.0 bits=64 build=6cb0bd2fec7cd1b\n`,
    );
    return 0;
  }
  const config = new RedisConfig();
  const wrong = configure(p, config);
  if (wrong !== undefined) {
    yield* sys.printError(p, wrong);
    return 1;
  }
  const port = Number(config.get("port"));
  const version = installed(p);
  const minor = Number(/^\d+\.\d+/.exec(version)?.[0] ?? 7);
  const configured = p.argv.slice(1).some((word) => /^--|\.conf$/.test(word));
  const saves = config.get("save") !== "";
  p.comm = "redis-server";
  p.argv = [`redis-server *:${port}`];
  p.rssKib = 9_800;
  const started = p.machine.kernel.now;
  const store = new RedisStore(
    () => p.machine.kernel.now,
    (section) => info(section),
  );
  let replication: Replication;
  const role = () => (replication.isReplica ? "S" : "M");
  replication = new Replication(p, store, config, (of, text) => say(p, 1, note(p, of, text, role())));
  const info = (wanted: string): string =>
    [
      `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\ntcp_port:${port}\r\n` +
        `uptime_in_seconds:${Math.floor((p.machine.kernel.now - started) / 1e6)}\r\n`,
      `# Memory\r\nmaxmemory:${config.get("maxmemory")}\r\nmaxmemory_policy:${config.get("maxmemory-policy")}\r\n`,
      `# Replication\r\n${replication.about()}`,
      `# Keyspace\r\n${store.keys().length > 0 ? `db0:keys=${store.keys().length},expires=0,avg_ttl=0\r\n` : ""}`,
    ]
      .filter(
        (part) =>
          /^(|all|default|everything)$/i.test(wanted) || part.toLowerCase().startsWith(`# ${wanted.toLowerCase()}\r`),
      )
      .join("\r\n");
  // Before 7.2 what is but told was marked as a warning is.
  const mark = minor < 7.2 ? "#" : "*";
  yield* sys.print(p, note(p, mark, "oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo", "C"));
  yield* sys.print(
    p,
    note(p, mark, `Redis version=${version}, bits=64, commit=00000000, modified=0, pid=${p.nsPid}, just started`, "C"),
  );
  yield* sys.print(
    p,
    configured
      ? note(p, mark, "Configuration loaded", "C")
      : note(
          p,
          "#",
          "Warning: no config file specified, using the default config. In order to specify a config file use redis-server /path/to/redis.conf",
          "C",
        ),
  );
  if (minor >= 6.2) yield* sys.print(p, note(p, "*", "monotonic clock: POSIX clock_gettime"));
  try {
    const master = /^(\S+) (\d+)$/.exec(config.get("replicaof"));
    const letter = master === null ? "M" : "S";
    yield* sys.print(p, note(p, "*", `Running mode=standalone, port=${port}.`, letter));
    yield* sys.print(p, note(p, mark, "Server initialized", letter));
    yield* sys.print(p, note(p, "*", `Ready to accept connections${minor < 7.2 ? "" : " tcp"}`, letter));
    if (master !== null) replication.follow(master[1]!, Number(master[2]));
    const accept = (socket: Socket) => converse(socket, { store, config, replication });
    yield* serving(p, [{ port, accept }], ["TERM", "INT"]);
  } catch (error) {
    if (!isNetError(error)) throw error;
    yield* sys.print(
      p,
      note(p, "#", `Warning: Could not create server TCP listening socket *:${port}: bind: Address already in use`),
    );
    return 1;
  }
  const seconds = Math.floor(p.machine.kernel.wallMs / 1000);
  yield* sys.print(p, `${p.nsPid}:signal-handler (${seconds}) Received SIGTERM scheduling shutdown...\n`);
  const last = role();
  replication.stop();
  yield* sys.print(p, note(p, mark, "User requested shutdown...", last));
  if (saves) {
    yield* sys.print(p, note(p, "*", "Saving the final RDB snapshot before exiting.", last));
    yield* sys.print(p, note(p, "*", "DB saved on disk", last));
  }
  yield* sys.print(p, note(p, "#", "Redis is now ready to exit, bye bye...", last));
  return 0;
};

interface Server {
  readonly store: RedisStore;
  readonly config: RedisConfig;
  readonly replication: Replication;
}

/** Reads the configuration file, then the options, which are lines of one; gives what the server says of a wrong one. */
function configure(p: Process, config: RedisConfig): string | undefined {
  const words = p.argv.slice(1).filter((word) => word !== "redis-server");
  const options: string[] = [];
  for (const word of words) {
    if (word.startsWith("--")) options.push(`${word.slice(2)} `);
    else if (options.length > 0) options[options.length - 1] += `${word === "" ? '""' : word} `;
    else if (word.endsWith(".conf")) {
      const file = sys.find(p, word) === undefined ? undefined : sys.readText(p, word);
      if (file === undefined) return `Fatal error, can't open config file '${word}': No such file or directory\n`;
      const mistake = config.read(file);
      if (mistake !== undefined) return badLine(p, mistake);
    }
  }
  const mistake = config.read(options.join("\n"));
  return mistake && badLine(p, mistake);
}

const badLine = (p: Process, { line, text }: { line: number; text: string }): string =>
  `\n*** FATAL CONFIG FILE ERROR (Redis ${installed(p)}) ***\nReading the configuration file, at line ${line}\n>>> '${text}'\nBad directive or wrong number of arguments\n`;

function* converse(socket: Socket, { store, config, replication }: Server): Gen {
  const held = { bytes: new Uint8Array(0) };
  let known = false;
  const answer = (words: readonly string[], name: string): Reply => {
    const password = config.get("requirepass");
    if (name === "auth" && password !== "") {
      known = words.at(-1) === password;
      return known ? { status: "OK" } : { error: "WRONGPASS invalid username-password pair or user is disabled." };
    }
    if (password !== "" && !known) return { error: "NOAUTH Authentication required." };
    if (name === "config") return config.run(words.slice(1));
    return replication.answer([name, ...words.slice(1)], socket) ?? store.run(words);
  };
  try {
    for (;;) {
      const words = yield* received(socket, held, readCommand);
      if (words === undefined) return;
      if (words.length === 0) continue;
      const name = words[0]!.toLowerCase();
      if (name === "quit") return;
      const reply = answer(words, name);
      if (WRITES.has(name) && !(typeof reply === "object" && reply !== null && "error" in reply))
        replication.changed(words);
      // Who asked for everything is sent it as a message of its own.
      if (name !== "psync" && name !== "sync") socket.output.push(encode(written(reply)));
    }
  } finally {
    replication.left(socket);
    socket.close();
  }
}

/** As redis-cli shows a reply: marked on a terminal, bare otherwise. */
function shown(reply: Reply, terminal: boolean, indent = ""): string {
  if (reply === null) return terminal ? "(nil)\n" : "\n";
  if (typeof reply === "number") return terminal ? `(integer) ${reply}\n` : `${reply}\n`;
  if (typeof reply === "string")
    return terminal && !reply.includes("\r\n") ? `${JSON.stringify(reply)}\n` : `${reply}\n`;
  if (Array.isArray(reply)) {
    if (reply.length === 0) return terminal ? "(empty array)\n" : "\n";
    if (!terminal) return reply.map((item) => shown(item, false)).join("");
    const width = String(reply.length).length;
    return reply
      .map(
        (item, i) =>
          `${i === 0 ? "" : indent}${String(i + 1).padStart(width)}) ${shown(item, true, `${indent}${" ".repeat(width + 2)}`)}`,
      )
      .join("");
  }
  if ("error" in reply) return terminal ? `(error) ${reply.error}\n` : `${reply.error}\n`;
  return `${reply.status}\n`;
}

/** redis-cli: one command from its arguments, or lines of standard input. */
const redisCli: Program = function* (p) {
  const words = p.argv.slice(1);
  let host = "127.0.0.1";
  let port = 6379;
  let password = p.env.get("REDISCLI_AUTH");
  let [warned, quiet] = [false, false];
  while (words[0]?.startsWith("-")) {
    const flag = words.shift()!;
    if (flag === "-h") host = words.shift() ?? host;
    else if (flag === "-p") port = Number(words.shift());
    else if (flag === "-n") words.shift();
    else if (flag === "-a" || flag === "--pass") {
      password = words.shift();
      warned = true;
    } else if (flag === "--no-auth-warning") quiet = true;
    else if (flag === "--version" || flag === "-v") {
      yield* sys.print(p, `redis-cli ${installed(p)}\n`);
      return 0;
    }
  }
  const found = yield* resolveHost(p, host);
  if (!found.ok) {
    yield* sys.printError(p, `Could not connect to Redis at ${host}:${port}: ${lookupError(found.why)}\n`);
    return 1;
  }
  let socket: Socket;
  try {
    socket = (yield* p.ns.net.network.connect(p.ns.net, found.addresses[0]!, port)).stream();
  } catch (error) {
    if (!isNetError(error)) throw error;
    yield* sys.printError(p, `Could not connect to Redis at ${host}:${port}: ${error.message}\n`);
    return 1;
  }
  const held = { bytes: new Uint8Array(0) };
  const terminal = p.fds.get(1)?.tty !== undefined;
  const ask = function* (command: readonly string[]): Gen<number> {
    socket.output.push(encode(written([...command])));
    const reply = yield* received(socket, held, readReply);
    if (reply === undefined) {
      yield* sys.printError(p, "Error: Server closed the connection\n");
      return 1;
    }
    yield* sys.print(p, shown(reply, terminal));
    return reply !== null && typeof reply === "object" && "error" in reply ? 1 : 0;
  };
  try {
    if (warned && !quiet) {
      yield* sys.printError(
        p,
        "Warning: Using a password with '-a' or '-u' option on the command line interface may not be safe.\n",
      );
    }
    if (password !== undefined) {
      socket.output.push(encode(written(["auth", password])));
      const reply = yield* received(socket, held, readReply);
      if (typeof reply === "object" && reply !== null && "error" in reply) {
        yield* sys.printError(p, `AUTH failed: ${reply.error}\n`);
      }
    }
    if (words.length > 0) return yield* ask(words);
    const lines = decode(yield* sys.readAll(p, 0)).split("\n");
    for (const line of lines) {
      const command = line.trim().split(/\s+/).filter(Boolean);
      if (command.length > 0) yield* ask(command);
    }
    return 0;
  } finally {
    socket.close();
  }
};

export const redisPrograms: Readonly<Record<string, Program>> = { "redis-server": redisServer, "redis-cli": redisCli };

/** Files of the image. */
export const REDIS_TREE: Readonly<Record<string, Entry>> = {
  ...debianTree({ name: "redis", uid: 999 }),
  "usr/local/bin/docker-entrypoint.sh": { program: "redis-server" },
  "usr/local/bin/redis-server": { program: "redis-server" },
  "usr/local/bin/redis-cli": { program: "redis-cli" },
  data: { dir: 0o755, uid: 999, gid: 999 },
};

export const redis: ImageDef = {
  names: ["docker.io/library/redis", "docker.io/valkey/valkey"],
  tags: /^(latest|alpine|bookworm|bullseye|[2-8](\.\d+){0,2})(-(alpine|bookworm|bullseye)(3\.\d+)?)?$/,
  sizeBytes: 45_700_000,
  rootfs: () => rootfs(SKELETON, REDIS_TREE),
  entrypoint: ["docker-entrypoint.sh"],
  cmd: ["redis-server"],
  env: (tag) => ({ PATH: DEFAULT_PATH, REDIS_VERSION: versionOf(tag) }),
  workingDir: "/data",
  volumes: ["/data"],
  exposedPorts: ["6379/tcp"],
};

/** redis of the guestbook and of older examples, under tags of its own. */
export const exampleRedis: ImageDef = {
  ...redis,
  names: [
    "registry.k8s.io/redis",
    "docker.io/kubernetes/redis",
    "docker.io/redislabs/redis",
    "docker.io/redis/redis-stack-server",
  ],
  tags: /^(latest|e2e|v?\d[\w.-]*)$/,
};
