import { formatTime } from "../../../api/time.ts";
import { concat, decode, encode, type Gen, wait } from "../../../kernel/index.ts";
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import type { Socket } from "../../../network/index.ts";
import { type Outcome, run, type Store } from "./engine.ts";
import { SqlError, statements } from "./lexer.ts";

/** What a client asks: a line of JSON, which is answered by one. The wire protocols themselves are not spoken. */
export interface Request {
  user: string;
  password: string | undefined;
  /** The address that the client came to is this machine's own. */
  local: boolean;
  database: string | undefined;
  /** Nothing: whether the client may come in at all. */
  sql: string | undefined;
}

export type Reply =
  | { outcome: Outcome }
  | { error: { kind: SqlError["kind"] | "denied" | "role" | "password"; about: string } };

interface Saved extends Store {
  /** Passwords of users; none: without. */
  users: Record<string, string>;
}

export interface SqlServer {
  dialect: "mysql" | "postgres";
  /** File that keeps everything, in the data directory. */
  file: string;
  version: string;
}

/** Databases that a fresh server begins with. */
function fresh(p: Process, { dialect }: SqlServer): Saved {
  const env = (...names: readonly string[]): string | undefined => {
    for (const name of names) {
      const file = p.env.get(`${name}_FILE`);
      const value =
        p.env.get(name) ?? (file !== undefined && sys.find(p, file) ? sys.readText(p, file).trim() : undefined);
      if (value) return value;
    }
    return undefined;
  };
  if (dialect === "postgres") {
    const user = env("POSTGRES_USER") ?? "postgres";
    const database = env("POSTGRES_DB") ?? user;
    return { databases: { postgres: {}, [database]: {} }, users: { [user]: env("POSTGRES_PASSWORD") ?? "" } };
  }
  const database = env("MYSQL_DATABASE", "MARIADB_DATABASE");
  const user = env("MYSQL_USER", "MARIADB_USER");
  return {
    databases: {
      information_schema: {},
      mysql: {},
      performance_schema: {},
      sys: {},
      ...(database && { [database]: {} }),
    },
    users: {
      root: env("MYSQL_ROOT_PASSWORD", "MARIADB_ROOT_PASSWORD") ?? "",
      ...(user && { [user]: env("MYSQL_PASSWORD", "MARIADB_PASSWORD") ?? "" }),
    },
  };
}

/** What a server holds, from its data directory or new. Scripts of /docker-entrypoint-initdb.d are run into a new one. */
export function openStore(p: Process, server: SqlServer): Saved {
  if (sys.find(p, server.file) !== undefined) {
    try {
      return JSON.parse(sys.readText(p, server.file)) as Saved;
    } catch {
      // A directory that was made before it kept anything.
    }
  }
  const store = fresh(p, server);
  const directory = "/docker-entrypoint-initdb.d";
  const first =
    server.dialect === "postgres"
      ? (p.env.get("POSTGRES_DB") ?? p.env.get("POSTGRES_USER") ?? "postgres")
      : (p.env.get("MYSQL_DATABASE") ?? p.env.get("MARIADB_DATABASE"));
  const names = sys.find(p, directory)
    ? [...sys.readDir(p, directory).keys()].filter((name) => name.endsWith(".sql")).sort()
    : [];
  for (const name of names) {
    let database = first;
    for (const sql of statements(sys.readText(p, `${directory}/${name}`))) {
      try {
        const outcome = run(store, sql, settingOf(p, server, "root", database));
        if (outcome.kind === "use") ({ database } = outcome);
      } catch (error) {
        if (!(error instanceof SqlError)) throw error;
      }
    }
  }
  save(p, server, store);
  return store;
}

function save(p: Process, { file }: SqlServer, store: Saved): void {
  try {
    const directory = file.slice(0, file.lastIndexOf("/"));
    if (sys.find(p, directory) === undefined) sys.mkdir(p, directory, 0o700);
    sys.writeText(p, file, JSON.stringify(store), 0o600);
  } catch (error) {
    // A full or read-only volume keeps what it had.
    if (!isErrno(error)) throw error;
  }
}

function settingOf(p: Process, { dialect, version }: SqlServer, user: string, database: string | undefined) {
  const now = formatTime(p.machine.kernel.wallMs).replace("T", " ").replace("Z", "");
  return { dialect, database, user, version, now: dialect === "postgres" ? `${now}.000000+00` : now };
}

function answer(p: Process, server: SqlServer, store: Saved, request: Request): Reply {
  const { user, password, local, database, sql } = request;
  const known = store.users[user];
  if (server.dialect === "postgres") {
    if (!local && known !== undefined && known !== "" && password !== known) {
      return { error: { kind: "password", about: password === undefined ? "" : user } };
    }
    if (known === undefined) return { error: { kind: "role", about: user } };
  } else if (known === undefined || known !== (password ?? "")) return { error: { kind: "denied", about: user } };
  if (database !== undefined && store.databases[database] === undefined)
    return { error: { kind: "database", about: database } };
  if (sql === undefined) return { outcome: { kind: "done", tag: "", changed: 0 } };
  try {
    const outcome = run(store, sql, settingOf(p, server, user, database));
    if (outcome.kind === "done") save(p, server, store);
    return { outcome };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { error: { kind: error.kind, about: error.about } };
  }
}

/** µs of CPU that a statement takes. */
const STATEMENT_CPU = 250;

/** Answers a client until it goes. */
export function* converse(p: Process, server: SqlServer, store: Saved, socket: Socket): Gen {
  try {
    for (;;) {
      const line = yield* readLine(socket);
      if (line === undefined) return;
      p.task.used += STATEMENT_CPU;
      socket.output.push(encode(`${JSON.stringify(answer(p, server, store, JSON.parse(line) as Request))}\n`));
    }
  } finally {
    socket.close();
  }
}

/** A line from a socket; undefined at its end. */
export function* readLine(socket: Socket): Gen<string | undefined> {
  let bytes: Uint8Array = new Uint8Array(0);
  for (;;) {
    const end = bytes.indexOf(10);
    if (end >= 0) return decode(bytes.subarray(0, end));
    const { input } = socket;
    while (input.size === 0) {
      if (input.writers === 0) return undefined;
      yield* wait(input.readable);
    }
    bytes = concat([bytes, input.take(65_536)]);
  }
}
