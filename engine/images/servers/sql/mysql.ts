import { decode, type Gen } from "../../../kernel/index.ts";
import type { Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { type Connection, cell, connectTo, isLocal, typed } from "./client.ts";
import type { Outcome } from "./engine.ts";
import { statements } from "./lexer.ts";
import type { Reply } from "./server.ts";

interface Options {
  host: string;
  port: number;
  user: string;
  password: string | undefined;
  database: string | undefined;
  execute: string | undefined;
  table: boolean;
  names: boolean;
  insecure: boolean;
}

function optionsOf(argv: readonly string[], env: ReadonlyMap<string, string>): Options {
  const out: Options = {
    host: "localhost",
    port: 3306,
    user: "root",
    password: env.get("MYSQL_PWD"),
    database: undefined,
    execute: undefined,
    table: false,
    names: true,
    insecure: false,
  };
  const LONG: Readonly<Record<string, string>> = {
    host: "h",
    port: "P",
    user: "u",
    password: "p",
    database: "D",
    execute: "e",
    table: "t",
    "skip-column-names": "N",
    silent: "s",
    batch: "B",
  };
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    const long = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
    const flag = long ? LONG[long[1]!] : word.startsWith("-") ? word[1] : undefined;
    if (flag === undefined) {
      if (!word.startsWith("-")) out.database = word;
      continue;
    }
    const joined = long ? long[2] : word.slice(2) || undefined;
    const value = () => joined ?? argv[++i] ?? "";
    if (flag === "h") out.host = value();
    else if (flag === "P") out.port = Number(value());
    else if (flag === "u") out.user = value();
    else if (flag === "D") out.database = value();
    else if (flag === "e") out.execute = value();
    else if (flag === "p") {
      out.password = joined ?? "";
      out.insecure = joined !== undefined;
    } else if (flag === "t") out.table = true;
    else if (flag === "N" || word.startsWith("-s")) out.names = false;
  }
  return out;
}

/** Rows as mysql shows them: a table on a terminal, tabs otherwise. */
function shown({ columns, rows }: Outcome & { kind: "rows" }, table: boolean, names: boolean): string {
  if (rows.length === 0) return "";
  const lines = rows.map((row) => row.map((value) => cell(value, "NULL")));
  if (!table) return [...(names ? [columns] : []), ...lines].map((line) => `${line.join("\t")}\n`).join("");
  const widths = columns.map((name, i) => Math.max(names ? name.length : 0, ...lines.map((line) => line[i]!.length)));
  const rule = `+${widths.map((width) => "-".repeat(width + 2)).join("+")}+\n`;
  const row = (line: readonly string[], numbers: boolean, at: number) =>
    `| ${line.map((text, i) => (numbers && typeof rows[at]![i] === "number" ? text.padStart(widths[i]!) : text.padEnd(widths[i]!))).join(" | ")} |\n`;
  return (
    rule + (names ? row(columns, false, 0) + rule : "") + lines.map((line, at) => row(line, true, at)).join("") + rule
  );
}

function errorText(reply: Extract<Reply, { error: unknown }>, options: Options, address: string): string {
  const { kind, about } = reply.error;
  const database = options.database ?? "";
  switch (kind) {
    case "denied":
      return `ERROR 1045 (28000): Access denied for user '${about}'@'${isLocal(options.host) ? "localhost" : address}' (using password: ${options.password ? "YES" : "NO"})`;
    case "table":
      return `ERROR 1146 (42S02) at line 1: Table '${database}.${about}' doesn't exist`;
    case "database":
      return `ERROR 1049 (42000)${about === database ? "" : " at line 1"}: Unknown database '${about}'`;
    case "column":
      return `ERROR 1054 (42S22) at line 1: Unknown column '${about}' in 'field list'`;
    case "exists":
      return `ERROR 1050 (42S01) at line 1: Table '${about}' already exists`;
    case "database exists":
      return `ERROR 1007 (HY000) at line 1: Can't create database '${about}'; database exists`;
    case "unselected":
      return "ERROR 1046 (3D000) at line 1: No database selected";
    case "duplicate":
      return `ERROR 1062 (23000) at line 1: Duplicate entry '${about}' for key 'PRIMARY'`;
    case "count":
      return `ERROR 1136 (21S01) at line 1: Column count doesn't match value count at row ${about}`;
    default:
      return `ERROR 1064 (42000) at line 1: You have an error in your SQL syntax; check the manual that corresponds to your MySQL server version for the right syntax to use near '${about}' at line 1`;
  }
}

/** mysql(1) and mariadb(1): statements from -e, standard input or a terminal. */
export const mysql: Program = function* (p): Gen<number> {
  const options = optionsOf(p.argv, p.env);
  if (p.argv.includes("--version") || p.argv.includes("-V")) {
    yield* sys.print(
      p,
      `mysql  Ver ${p.env.get("MYSQL_VERSION") ?? "8.4.4"} for Linux on x86_64 (MySQL Community Server - GPL)\n`,
    );
    return 0;
  }
  if (options.insecure && !p.argv[0]!.endsWith("mariadb")) {
    yield* sys.printError(p, "mysql: [Warning] Using a password on the command line interface can be insecure.\n");
  }
  const connection = yield* connectTo(p, options.host === "localhost" ? "127.0.0.1" : options.host, options.port);
  if ("why" in connection) {
    const { host, port } = options;
    yield* sys.printError(
      p,
      connection.why === "resolve"
        ? `ERROR 2005 (HY000): Unknown MySQL server host '${host}' (-2)\n`
        : host === "localhost"
          ? "ERROR 2002 (HY000): Can't connect to local MySQL server through socket '/var/run/mysqld/mysqld.sock' (2)\n"
          : `ERROR 2003 (HY000): Can't connect to MySQL server on '${host}:${port}' (${connection.why === "refused" ? 111 : 110})\n`,
    );
    return 1;
  }
  try {
    return yield* session(p, options, connection);
  } finally {
    connection.close();
  }
};

function* session(p: Parameters<Program>[0], options: Options, connection: Connection): Gen<number> {
  const own = p.ns.net.addresses().find((address) => !address.startsWith("127.")) ?? "localhost";
  const terminal = p.fds.get(1)?.tty !== undefined;
  const ask = function* (sql: string | undefined): Gen<Outcome | undefined> {
    const { user, password, database, host } = options;
    const reply = yield* connection.ask({ user, password, local: isLocal(host), database, sql });
    if (reply === undefined) {
      yield* sys.printError(p, "ERROR 2013 (HY000): Lost connection to MySQL server during query\n");
      return undefined;
    }
    if ("error" in reply) {
      yield* sys.printError(p, `${errorText(reply, options, own)}\n`);
      return undefined;
    }
    if (reply.outcome.kind === "use") options.database = reply.outcome.database;
    return reply.outcome;
  };
  if ((yield* ask(undefined)) === undefined) return 1;
  const interactive = options.execute === undefined && p.fds.get(0)?.tty !== undefined;
  if (!interactive) {
    const text = options.execute ?? decode(yield* sys.readAll(p, 0));
    for (const sql of statements(text)) {
      const outcome = yield* ask(sql.replace(/\\[Gg]$/, ""));
      if (outcome === undefined) return 1;
      if (outcome.kind === "rows")
        yield* sys.print(
          p,
          shown(outcome, options.table || (terminal && options.execute !== undefined), options.names),
        );
    }
    return 0;
  }
  yield* sys.print(
    p,
    "Welcome to the MySQL monitor.  Commands end with ; or \\g.\n\nType 'help;' or '\\h' for help. Type '\\c' to clear the current input statement.\n\n",
  );
  yield* typed(
    p,
    (going) => (going ? "    -> " : "mysql> "),
    (line) => /^(exit|quit|\\q|use \S+|help)$/i.test(line),
    function* (text) {
      if (/^(exit|quit|\\q);?$/i.test(text)) {
        yield* sys.print(p, "Bye\n");
        return false;
      }
      for (const sql of statements(text)) {
        const outcome = yield* ask(sql);
        if (outcome?.kind === "use") yield* sys.print(p, "Database changed\n");
        else if (outcome?.kind === "done")
          yield* sys.print(
            p,
            `Query OK, ${outcome.changed} row${outcome.changed === 1 ? "" : "s"} affected (0.01 sec)\n\n`,
          );
        else if (outcome?.kind === "rows") {
          const count = outcome.rows.length;
          yield* sys.print(
            p,
            count === 0
              ? "Empty set (0.00 sec)\n\n"
              : `${shown(outcome, true, true)}${count} row${count === 1 ? "" : "s"} in set (0.00 sec)\n\n`,
          );
        }
      }
      return true;
    },
  );
  return 0;
}
