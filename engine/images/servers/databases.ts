import { formatTime } from "../../api/time.ts";
import { type Gen, MS, sleep } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Process, Program } from "../../machine/process.ts";
import type { Signal } from "../../machine/signal.ts";
import * as sys from "../../machine/sys.ts";
import { isNetError, type Socket } from "../../network/index.ts";
import { searchPath } from "../../tools/text/env.ts";
import { debianTree } from "../debian.ts";
import type { ImageDef } from "../image.ts";
import { DEFAULT_PATH, type Entry, rootfs, SKELETON } from "../rootfs.ts";
import { serving } from "./serving.ts";
import { mysql } from "./sql/mysql.ts";
import { psql } from "./sql/psql.ts";
import { converse, openStore, type SqlServer } from "./sql/server.ts";

/**
 * Databases as far as a cluster sees them: what they need from their environment, their port, their data directory, how
 * they start and end. None of them answers queries.
 */
interface Database {
  /** Name of the executable, and of the program. */
  readonly name: string;
  readonly port: number;
  readonly rssKib: number;
  /** Its data directory; undefined when it keeps nothing. */
  data?(p: Process): string;
  /** A file by which a data directory is known to be made already. */
  readonly marker: string;
  readonly startMs: number;
  readonly stop: readonly Signal[];
  /** Why it will not start, in its entrypoint's words. */
  missing?(p: Process): string | undefined;
  /** Lines of its log; `fresh`: the data directory has just been made. */
  ready(p: Process, fresh: boolean): string;
  /** It answers SQL, and keeps what it holds in a file of its data directory. */
  sql?(p: Process): SqlServer;
  ended(p: Process): string;
  /** What it says when its data directory cannot be written. */
  unwritable(reason: string): string;
  /** Its status then; 1 by default. */
  unwritableStatus?: number;
}

const day = (p: Process): string => formatTime(p.machine.kernel.wallMs).slice(0, 10);
const clock = (p: Process): string => formatTime(p.machine.kernel.wallMs).slice(11, 19);
const millis = (p: Process): string => String(Math.floor(p.machine.kernel.wallMs % 1000)).padStart(3, "0");

function has(p: Process, ...names: readonly string[]): boolean {
  return names.some((name) => p.env.get(name) || p.env.get(`${name}_FILE`));
}

const mysqlNote = (p: Process, kind: string, text: string): string =>
  `${day(p)} ${clock(p)}+00:00 [${kind}] [Entrypoint]: ${text}\n`;

const mysqld: Database = {
  name: "mysqld",
  port: 3306,
  rssKib: 360_000,
  data: (p) => p.env.get("MYSQL_DATA_DIR") ?? p.env.get("MARIADB_DATA_DIR") ?? "/var/lib/mysql",
  marker: "ibdata1",
  startMs: 2_500,
  stop: ["TERM"],
  missing: (p) =>
    has(p, "MYSQL_ROOT_PASSWORD", "MYSQL_ALLOW_EMPTY_PASSWORD", "MYSQL_RANDOM_ROOT_PASSWORD")
      ? undefined
      : `${mysqlNote(p, "ERROR", "Database is uninitialized and password option is not specified")}` +
        "    You need to specify one of the following as an environment variable:\n    - MYSQL_ROOT_PASSWORD\n    - MYSQL_ALLOW_EMPTY_PASSWORD\n    - MYSQL_RANDOM_ROOT_PASSWORD\n",
  sql: (p) => ({
    dialect: "mysql",
    file: `${mysqld.data!(p)}/ibdata1`,
    version: p.env.get("MYSQL_VERSION") ?? p.env.get("MARIADB_VERSION") ?? "",
  }),
  ready: (p, fresh) =>
    (fresh ? mysqlNote(p, "Note", "MySQL init process done. Ready for start up.") : "") +
    `${day(p)}T${clock(p)}.${millis(p)}000Z 0 [System] [MY-010931] [Server] /usr/sbin/mysqld: ready for connections. Version: '${p.env.get("MYSQL_VERSION")}'  socket: '/var/run/mysqld/mysqld.sock'  port: 3306  MySQL Community Server - GPL.\n`,
  unwritable: (reason) =>
    `mysqld: Can't create/write to file '/var/lib/mysql/is_writable' (${reason === "Permission denied" ? "Errcode: 13" : "Errcode: 30"} - ${reason})\n`,
  ended: (p) =>
    `${day(p)}T${clock(p)}.${millis(p)}000Z 0 [System] [MY-010910] [Server] /usr/sbin/mysqld: Shutdown complete (mysqld ${p.env.get("MYSQL_VERSION")})  MySQL Community Server - GPL.\n`,
};

const mariadbd: Database = {
  ...mysqld,
  name: "mariadbd",
  rssKib: 98_000,
  missing: (p) =>
    has(
      p,
      ...["MARIADB", "MYSQL"].flatMap((one) => [
        `${one}_ROOT_PASSWORD`,
        `${one}_ALLOW_EMPTY_PASSWORD`,
        `${one}_RANDOM_ROOT_PASSWORD`,
        `${one}_ALLOW_EMPTY_ROOT_PASSWORD`,
        `${one}_ROOT_PASSWORD_HASH`,
      ]),
    )
      ? undefined
      : `${mysqlNote(p, "ERROR", "Database is uninitialized and password option is not specified")}\tYou need to specify one of MARIADB_ROOT_PASSWORD, MARIADB_ROOT_PASSWORD_HASH, MARIADB_ALLOW_EMPTY_ROOT_PASSWORD and MARIADB_RANDOM_ROOT_PASSWORD\n`,
  ready: (p, fresh) =>
    (fresh ? mysqlNote(p, "Note", "MariaDB init process done. Ready for start up.") : "") +
    `${day(p)} ${clock(p)} 0 [Note] mariadbd: ready for connections.\nVersion: '${p.env.get("MARIADB_VERSION")}'  socket: '/run/mysqld/mysqld.sock'  port: 3306  mariadb.org binary distribution\n`,
  ended: (p) => `${day(p)} ${clock(p)} 0 [Note] mariadbd: Shutdown complete\n`,
};

const pgNote = (p: Process, text: string): string =>
  `${day(p)} ${clock(p)}.${millis(p)} UTC [${p.nsPid}] LOG:  ${text}\n`;

const postgres: Database = {
  name: "postgres",
  port: 5432,
  rssKib: 28_000,
  data: (p) => p.env.get("PGDATA") ?? "/var/lib/postgresql/data",
  marker: "PG_VERSION",
  startMs: 1_200,
  stop: ["TERM", "INT", "QUIT"],
  missing: (p) =>
    has(p, "POSTGRES_PASSWORD") || p.env.get("POSTGRES_HOST_AUTH_METHOD") === "trust"
      ? undefined
      : "Error: Database is uninitialized and superuser password is not specified.\n" +
        "       You must specify POSTGRES_PASSWORD to a non-empty value for the\n" +
        '       superuser. For example, "-e POSTGRES_PASSWORD=password" on "docker run".\n\n' +
        '       You may also use "POSTGRES_HOST_AUTH_METHOD=trust" to allow all\n' +
        "       connections without a password. This is *not* recommended.\n\n" +
        '       See PostgreSQL documentation about "trust":\n       https://www.postgresql.org/docs/current/auth-trust.html\n',
  sql: (p) => {
    const version = p.env.get("PG_VERSION") ?? "";
    const text = `PostgreSQL ${version} on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit`;
    return {
      dialect: "postgres",
      file: `${postgres.data!(p)}/base/16384`,
      version: text,
    };
  },
  ready: (p, fresh) =>
    (fresh
      ? "\nPostgreSQL init process complete; ready for start up.\n\n"
      : "\nPostgreSQL Database directory appears to contain a database; Skipping initialization\n\n") +
    pgNote(
      p,
      `starting PostgreSQL ${p.env.get("PG_VERSION")} on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit`,
    ) +
    pgNote(p, 'listening on IPv4 address "0.0.0.0", port 5432') +
    pgNote(p, "database system is ready to accept connections"),
  unwritable: (reason) => `initdb: error: could not create directory "/var/lib/postgresql/data": ${reason}\n`,
  ended: (p) => pgNote(p, "database system is shut down"),
};

const mongod: Database = {
  name: "mongod",
  port: 27_017,
  rssKib: 170_000,
  data: (p) => p.env.get("MONGODB_DATA_DIR") ?? "/data/db",
  marker: "WiredTiger",
  startMs: 1_500,
  stop: ["TERM", "INT"],
  ready: (p) =>
    `{"t":{"$date":"${day(p)}T${clock(p)}.${millis(p)}+00:00"},"s":"I",  "c":"NETWORK",  "id":23016,   "ctx":"listener","msg":"Waiting for connections","attr":{"port":27017,"ssl":"off"}}\n`,
  unwritable: (reason) =>
    `{"s":"E",  "c":"CONTROL",  "id":20557,   "ctx":"initandlisten","msg":"DBException in initAndListen, terminating","attr":{"error":"IllegalOperation: Attempted to create a lock file on a read-only directory: /data/db (${reason})"}}\n`,
  unwritableStatus: 100,
  ended: (p) =>
    `{"t":{"$date":"${day(p)}T${clock(p)}.${millis(p)}+00:00"},"s":"I",  "c":"CONTROL",  "id":23138,   "ctx":"SignalHandler","msg":"Shutting down","attr":{"exitCode":0}}\n`,
};

const memcached: Database = {
  name: "memcached",
  port: 11_211,
  rssKib: 3_900,
  marker: "",
  startMs: 20,
  stop: ["TERM", "INT"],
  ready: () => "",
  ended: () => "Signal handled: Terminated.\n",
  unwritable: () => "",
};

function program(database: Database): Program {
  return function* (p) {
    const { name, port, rssKib, marker, stop } = database;
    const data = database.data?.(p) ?? "";
    // The entrypoint runs other commands as they are.
    const [command, ...rest] = p.argv.slice(1);
    if (command !== undefined && !command.startsWith("-") && command !== name) {
      return yield* become(p, command, rest);
    }
    const fresh = data !== "" && sys.find(p, `${data}/${marker}`) === undefined;
    const why = fresh || data === "" ? database.missing?.(p) : undefined;
    if (why !== undefined) {
      yield* sys.printError(p, why);
      return 1;
    }
    p.comm = name;
    p.argv = [name, ...(command?.startsWith("-") ? [command] : []), ...rest];
    p.rssKib = rssKib;
    yield* sleep(database.startMs * MS * (fresh ? 2 : 1));
    if (fresh) {
      try {
        makeDirectory(p, data);
        sys.writeText(p, `${data}/${marker}`, `${name}\n`);
      } catch (error) {
        if (!isErrno(error)) throw error;
        yield* sys.printError(p, database.unwritable(error.message));
        return database.unwritableStatus ?? 1;
      }
    }
    return yield* serve(p, database, port, stop, fresh);
  };
}

/** What the entrypoint runs in its place: the last line of its script. */
function* become(p: Process, command: string, rest: readonly string[]): Gen<number> {
  try {
    return yield* sys.exec(p, searchPath(p, command) ?? command, [command, ...rest]);
  } catch (error) {
    if (!isErrno(error)) throw error;
    const missing = error.code === "ENOENT";
    yield* sys.printError(p, `${p.exe}: exec: ${command}: ${missing ? "not found" : error.message}\n`);
    return missing ? 127 : 126;
  }
}

function* serve(p: Process, database: Database, port: number, stop: readonly Signal[], fresh: boolean): Gen<number> {
  try {
    const ready = database.ready(p, fresh);
    if (ready !== "") yield* sys.printError(p, ready);
    const server = database.sql?.(p);
    const store = server && openStore(p, server);
    const accept = server && store ? (socket: Socket) => converse(p, server, store, socket) : function* () {};
    yield* serving(p, [{ port, accept }], stop);
  } catch (error) {
    if (!isNetError(error)) throw error;
    yield* sys.printError(p, `${database.name}: could not bind port ${port}: ${error.message}\n`);
    return 1;
  }
  yield* sys.printError(p, database.ended(p));
  return 0;
}

function makeDirectory(p: Process, path: string): void {
  if (sys.find(p, path) !== undefined) return;
  const parent = path.slice(0, path.lastIndexOf("/"));
  if (parent !== "") makeDirectory(p, parent);
  sys.mkdir(p, path, 0o755);
}

/** mysqladmin ping and pg_isready: what probes ask of a database, answered by whether its port is open. */
function asks(port: number, well: string, ill: (host: string) => string, status: number): Program {
  return function* (p) {
    const at = p.argv.findIndex((arg) => arg === "-h" || arg === "--host");
    const host = at > 0 ? p.argv[at + 1]! : "127.0.0.1";
    const address = host === "localhost" ? "127.0.0.1" : host;
    try {
      yield* p.ns.net.network.connect(p.ns.net, address, port, { timeout: 2_000_000 });
    } catch (error) {
      if (!isNetError(error)) throw error;
      yield* sys.printError(p, ill(host));
      return status;
    }
    yield* sys.print(p, well);
    return 0;
  };
}

const DATABASES = [mysqld, mariadbd, postgres, mongod, memcached] as const;

export const databasePrograms: Readonly<Record<string, Program>> = {
  ...Object.fromEntries(DATABASES.map((database) => [database.name, program(database)])),
  mysql,
  psql,
  mysqladmin: asks(
    3306,
    "mysqld is alive\n",
    (host) =>
      `mysqladmin: connect to server at '${host}' failed\nerror: 'Can't connect to MySQL server on '${host}:3306' (111)'\nCheck that mysqld is running on ${host} and that the port is 3306.\n`,
    1,
  ),
  pg_isready: asks(
    5432,
    "/var/run/postgresql:5432 - accepting connections\n",
    () => "/var/run/postgresql:5432 - no response\n",
    2,
  ),
};

export interface Packed {
  names: readonly string[];
  tags: RegExp;
  sizeBytes: number;
  program: string;
  tools?: readonly string[];
  /** Further names of tools. */
  links?: Readonly<Record<string, string>>;
  user?: { name: string; uid: number };
  runAs?: string;
  env: (tag: string) => Record<string, string>;
  port: string;
  data?: string;
  /** A script that comes before docker-entrypoint.sh and ends in it. */
  before?: string;
}

const BEFORE = "/opt/bitnami/scripts/entrypoint.sh";

/** The first number of a tag, or what `latest` stands for. */
export const version = (tag: string, latest: string): string => /^\d+(\.\d+)*/.exec(tag)?.[0] ?? latest;

/** The image of a database: its program under the names that its distribution gives it. */
export function databaseImage({
  names,
  tags,
  sizeBytes,
  program: main,
  tools = [],
  links = {},
  user,
  runAs,
  env,
  port,
  data,
  before,
}: Packed): ImageDef {
  const files: Record<string, Entry> = {
    "usr/local/bin/docker-entrypoint.sh": { program: main },
    [`usr/bin/${main}`]: { program: main },
    ...Object.fromEntries(tools.map((tool) => [`usr/bin/${tool}`, { program: tool }])),
    ...Object.fromEntries(Object.entries(links).map(([name, tool]) => [`usr/bin/${name}`, { program: tool }])),
    ...(before && { [`${BEFORE.slice(1)}`]: { text: before, mode: 0o755 } }),
    ...(data && { [data.slice(1)]: { dir: 0o777, ...(user && { uid: user.uid, gid: user.uid }) } }),
  };
  return {
    names,
    tags,
    sizeBytes,
    rootfs: () => rootfs(SKELETON, debianTree(user), files),
    entrypoint: [before ? BEFORE : "docker-entrypoint.sh"],
    cmd: [main],
    env: (tag) => ({ PATH: DEFAULT_PATH, ...env(tag) }),
    exposedPorts: [port],
    ...(data && { volumes: [data] }),
    ...(runAs && { user: runAs }),
  };
}

export const DATABASE_IMAGES: readonly ImageDef[] = [
  databaseImage({
    names: ["docker.io/library/mysql"],
    tags: /^(latest|lts|[5-9](\.\d+){0,2})(-(alpine|bookworm|bullseye|jammy|noble|debian|oracle|slim)(3\.\d+)?)*$/,
    sizeBytes: 240_000_000,
    program: "mysqld",
    tools: ["mysql", "mysqladmin"],
    user: { name: "mysql", uid: 999 },
    env: (tag) => ({ MYSQL_MAJOR: version(tag, "9.2").slice(0, 3), MYSQL_VERSION: version(tag, "9.2.0") }),
    port: "3306/tcp",
    data: "/var/lib/mysql",
  }),
  databaseImage({
    names: ["docker.io/library/mariadb"],
    tags: /^(latest|lts|1[01](\.\d+){0,2})(-(alpine|bookworm|bullseye|jammy|noble|debian|oracle|slim)(3\.\d+)?)*$/,
    sizeBytes: 122_000_000,
    program: "mariadbd",
    tools: ["mysql", "mysqladmin"],
    links: { mariadb: "mysql", "mariadb-admin": "mysqladmin" },
    user: { name: "mysql", uid: 999 },
    env: (tag) => ({ MARIADB_VERSION: `1:${version(tag, "11.7.2")}+maria~ubu2404` }),
    port: "3306/tcp",
    data: "/var/lib/mysql",
  }),
  databaseImage({
    names: ["docker.io/library/postgres"],
    tags: /^(latest|lts|(9|1[0-7])(\.\d+){0,2})(-(alpine|bookworm|bullseye|jammy|noble|debian|oracle|slim)(3\.\d+)?)*$/,
    sizeBytes: 161_000_000,
    program: "postgres",
    tools: ["pg_isready", "psql"],
    user: { name: "postgres", uid: 999 },
    env: (tag) => ({
      PG_MAJOR: version(tag, "17").split(".")[0]!,
      PG_VERSION: version(tag, "17.4"),
      PGDATA: "/var/lib/postgresql/data",
    }),
    port: "5432/tcp",
    data: "/var/lib/postgresql/data",
  }),
  databaseImage({
    names: ["docker.io/library/mongo"],
    tags: /^(latest|lts|[3-8](\.\d+){0,2})(-(alpine|bookworm|bullseye|jammy|noble|debian|oracle|slim)(3\.\d+)?)*$/,
    sizeBytes: 300_000_000,
    program: "mongod",
    user: { name: "mongodb", uid: 999 },
    env: (tag) => ({ MONGO_MAJOR: version(tag, "8.0"), MONGO_VERSION: version(tag, "8.0.5") }),
    port: "27017/tcp",
    data: "/data/db",
  }),
  databaseImage({
    names: ["docker.io/library/memcached"],
    tags: /^(latest|lts|1(\.\d+){0,2})(-(alpine|bookworm|bullseye|jammy|noble|debian|oracle|slim)(3\.\d+)?)*$/,
    sizeBytes: 30_500_000,
    program: "memcached",
    user: { name: "memcache", uid: 11_211 },
    runAs: "memcache",
    env: (tag) => ({ MEMCACHED_VERSION: version(tag, "1.6.37") }),
    port: "11211/tcp",
  }),
];
