import { concat, decode, encode, type Gen, wait } from "../../kernel/index.ts";
import type { Process, Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { lookupError, resolveHost } from "../../network/resolver.ts";
import { searchPath } from "../../tools/text/env.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { httpDate } from "../nginx/http.ts";
import { DEFAULT_PATH, rootfs, SKELETON } from "../rootfs.ts";
import { RedisStore, type Reply } from "./redis-store.ts";
import { serving } from "./serving.ts";

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
  const option = (name: string): string | undefined => {
    const at = p.argv.indexOf(`--${name}`);
    return at > 0 ? p.argv[at + 1] : undefined;
  };
  const port = Number(option("port") ?? 6379);
  const version = installed(p);
  const minor = Number(/^\d+\.\d+/.exec(version)?.[0] ?? 7);
  const configured = p.argv.slice(1).some((word) => /^--|\.conf$/.test(word));
  const saves = option("save") !== "";
  p.comm = "redis-server";
  p.argv = [`redis-server *:${port}`];
  p.rssKib = 9_800;
  const started = p.machine.kernel.now;
  const store = new RedisStore(
    () => p.machine.kernel.now,
    () =>
      `# Server\r\nredis_version:${version}\r\nredis_mode:standalone\r\ntcp_port:${port}\r\n` +
      `uptime_in_seconds:${Math.floor((p.machine.kernel.now - started) / 1e6)}\r\n# Replication\r\nrole:master\r\nconnected_slaves:0\r\n`,
  );
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
    yield* sys.print(p, note(p, "*", `Running mode=standalone, port=${port}.`));
    yield* sys.print(p, note(p, mark, "Server initialized"));
    yield* sys.print(p, note(p, "*", `Ready to accept connections${minor < 7.2 ? "" : " tcp"}`));
    yield* serving(p, [{ port, accept: (socket) => converse(socket, store) }], ["TERM", "INT"]);
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
  yield* sys.print(p, note(p, mark, "User requested shutdown..."));
  if (saves) {
    yield* sys.print(p, note(p, "*", "Saving the final RDB snapshot before exiting."));
    yield* sys.print(p, note(p, "*", "DB saved on disk"));
  }
  yield* sys.print(p, note(p, "#", "Redis is now ready to exit, bye bye..."));
  return 0;
};

/** Reads from a socket until `parse` makes something of what has come; undefined at its end. */
function* received<T>(
  socket: Socket,
  held: { bytes: Uint8Array },
  parse: (text: string) => { value: T; rest: string } | undefined,
): Gen<T | undefined> {
  for (;;) {
    const found = parse(decode(held.bytes));
    if (found !== undefined) {
      held.bytes = encode(found.rest);
      return found.value;
    }
    const { input } = socket;
    while (input.size === 0) {
      if (input.writers === 0) return undefined;
      yield* wait(input.readable);
    }
    const chunk = input.take(65_536);
    held.bytes = concat([held.bytes, chunk]);
  }
}

function* converse(socket: Socket, store: RedisStore): Gen {
  const held = { bytes: new Uint8Array(0) };
  try {
    for (;;) {
      const words = yield* received(socket, held, readCommand);
      if (words === undefined) return;
      if (words.length === 0) continue;
      if (words[0]!.toLowerCase() === "quit") return;
      socket.output.push(encode(written(store.run(words))));
    }
  } finally {
    socket.close();
  }
}

/** A command: an array of texts, or words on a line (inline commands). */
function readCommand(text: string): { value: string[]; rest: string } | undefined {
  const line = text.indexOf("\n");
  if (line < 0) return undefined;
  if (text[0] !== "*")
    return { value: text.slice(0, line).trim().split(/\s+/).filter(Boolean), rest: text.slice(line + 1) };
  const reply = readReply(text);
  if (reply === undefined) return undefined;
  const items = Array.isArray(reply.value) ? reply.value : [];
  return { value: items.map((item) => String(item)), rest: reply.rest };
}

function readReply(text: string): { value: Reply; rest: string } | undefined {
  const end = text.indexOf("\r\n");
  if (end < 0) return undefined;
  const head = text.slice(1, end);
  let rest = text.slice(end + 2);
  switch (text[0]) {
    case "+":
      return { value: { status: head }, rest };
    case "-":
      return { value: { error: head }, rest };
    case ":":
      return { value: Number(head), rest };
    case "$": {
      const length = Number(head);
      if (length < 0) return { value: null, rest };
      if (rest.length < length + 2) return undefined;
      return { value: rest.slice(0, length), rest: rest.slice(length + 2) };
    }
    default: {
      const items: Reply[] = [];
      for (let i = 0; i < Number(head); i++) {
        const item = readReply(rest);
        if (item === undefined) return undefined;
        items.push(item.value);
        ({ rest } = item);
      }
      return { value: items, rest };
    }
  }
}

function written(reply: Reply): string {
  if (reply === null) return "$-1\r\n";
  if (typeof reply === "number") return `:${reply}\r\n`;
  if (typeof reply === "string") return `$${reply.length}\r\n${reply}\r\n`;
  if (Array.isArray(reply)) return `*${reply.length}\r\n${reply.map(written).join("")}`;
  return "error" in reply ? `-${reply.error}\r\n` : `+${reply.status}\r\n`;
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
  while (words[0]?.startsWith("-")) {
    const flag = words.shift()!;
    if (flag === "-h") host = words.shift() ?? host;
    else if (flag === "-p") port = Number(words.shift());
    else if (flag === "-n" || flag === "-a") words.shift();
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

export const redis: ImageDef = {
  names: ["docker.io/library/redis", "docker.io/valkey/valkey"],
  tags: /^(latest|alpine|bookworm|bullseye|[2-8](\.\d+){0,2})(-(alpine|bookworm|bullseye)(3\.\d+)?)?$/,
  sizeBytes: 45_700_000,
  rootfs: () =>
    rootfs(SKELETON, debianTree({ name: "redis", uid: 999 }), {
      "usr/local/bin/docker-entrypoint.sh": { program: "redis-server" },
      "usr/local/bin/redis-server": { program: "redis-server" },
      "usr/local/bin/redis-cli": { program: "redis-cli" },
      data: { dir: 0o755, uid: 999, gid: 999 },
    }),
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
