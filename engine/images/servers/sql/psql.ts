import { decode, type Gen } from "../../../kernel/index.ts";
import type { Process, Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { type Connection, cell, connectTo, isLocal, typed } from "./client.ts";
import type { Outcome } from "./engine.ts";
import { statements } from "./lexer.ts";
import type { Reply } from "./server.ts";

interface Options {
  host: string | undefined;
  port: number;
  user: string;
  database: string;
  commands: string[];
  file: string | undefined;
  tuples: boolean;
  unaligned: boolean;
  quiet: boolean;
}

function optionsOf(p: Process): Options {
  const { argv, env } = p;
  const given: Record<string, string> = {};
  const commands: string[] = [];
  const bare: string[] = [];
  const flags = new Set<string>();
  const LONG: Readonly<Record<string, string>> = {
    host: "h",
    port: "p",
    username: "U",
    dbname: "d",
    command: "c",
    file: "f",
    "tuples-only": "t",
    "no-align": "A",
    quiet: "q",
    "no-psqlrc": "X",
    "no-password": "w",
  };
  for (let i = 1; i < argv.length; i++) {
    const word = argv[i]!;
    const long = /^--([a-z-]+)(?:=(.*))?$/s.exec(word);
    if (!long && !/^-./.test(word)) {
      bare.push(word);
      continue;
    }
    const letters = long ? (LONG[long[1]!] ?? "") : word.slice(1);
    for (let j = 0; j < letters.length; j++) {
      const flag = letters[j]!;
      if (!"hpUdcfvPFR".includes(flag)) {
        flags.add(flag);
        continue;
      }
      const value = long ? (long[2] ?? argv[++i] ?? "") : letters.slice(j + 1) || argv[++i] || "";
      if (flag === "c") commands.push(value);
      else given[flag] = value;
      break;
    }
  }
  const [database, user] = bare;
  const url = /^postgres(?:ql)?:\/\/(?:([^:@/]+)(?::([^@]*))?@)?([^:/]+)?(?::(\d+))?(?:\/([^?]*))?/.exec(
    given["d"] ?? database ?? "",
  );
  if (url?.[2] !== undefined) env.set("PGPASSWORD", url[2]);
  const name = given["U"] ?? user ?? url?.[1] ?? env.get("PGUSER") ?? (p.cred.uid === 0 ? "root" : "postgres");
  return {
    host: given["h"] ?? url?.[3] ?? env.get("PGHOST"),
    port: Number(given["p"] ?? url?.[4] ?? env.get("PGPORT") ?? 5432),
    user: name,
    database: (url ? url[5] : (given["d"] ?? database)) ?? env.get("PGDATABASE") ?? name,
    commands,
    file: given["f"],
    tuples: flags.has("t"),
    unaligned: flags.has("A"),
    quiet: flags.has("q"),
  };
}

function shown(
  { columns, rows }: Outcome & { kind: "rows" },
  { tuples, unaligned }: Pick<Options, "tuples" | "unaligned">,
): string {
  const lines = rows.map((row) => row.map((value) => cell(value, "")));
  const count = `(${rows.length} row${rows.length === 1 ? "" : "s"})\n`;
  if (unaligned)
    return (
      [...(tuples ? [] : [columns]), ...lines].map((line) => `${line.join("|")}\n`).join("") + (tuples ? "" : count)
    );
  const widths = columns.map((name, i) => Math.max(tuples ? 0 : name.length, ...lines.map((line) => line[i]!.length)));
  const number = (i: number) => rows.length > 0 && rows.every((row) => row[i] === null || typeof row[i] === "number");
  const centered = (name: string, width: number) =>
    " ".repeat(Math.floor((width - name.length) / 2)) + name + " ".repeat(Math.ceil((width - name.length) / 2));
  const last = columns.length - 1;
  const body = lines
    .map(
      (line) =>
        ` ${line.map((text, i) => (number(i) ? text.padStart(widths[i]!) : i === last ? text : text.padEnd(widths[i]!))).join(" | ")}\n`,
    )
    .join("");
  if (tuples) return `${body}\n`;
  const head = ` ${columns.map((name, i) => centered(name, widths[i]!)).join(" | ")} \n`;
  return `${head}${widths.map((width) => "-".repeat(width + 2)).join("+")}\n${body}${count}\n`;
}

function errorText({ error: { kind, about } }: Extract<Reply, { error: unknown }>): string {
  switch (kind) {
    case "table":
      return `relation "${about}" does not exist`;
    case "database":
      return `database "${about}" does not exist`;
    case "column":
      return `column "${about}" does not exist`;
    case "exists":
      return `relation "${about}" already exists`;
    case "database exists":
      return `database "${about}" already exists`;
    case "duplicate":
      return "duplicate key value violates unique constraint";
    case "count":
      return "INSERT has more expressions than target columns";
    default:
      return about === ""
        ? "syntax error at end of input"
        : `syntax error at or near "${/^\S+?(?=[\s;,()]|$)/.exec(about)?.[0] ?? about}"`;
  }
}

/** psql(1): commands from -c, a file, standard input or a terminal. */
export const psql: Program = function* (p): Gen<number> {
  if (p.argv.includes("--version") || p.argv.includes("-V")) {
    yield* sys.print(p, `psql (PostgreSQL) ${p.env.get("PG_VERSION") ?? "17.4"}\n`);
    return 0;
  }
  const options = optionsOf(p);
  const { host, port } = options;
  const connection = yield* connectTo(p, host === undefined || host.startsWith("/") ? "127.0.0.1" : host, port);
  if ("why" in connection) {
    const to = (address: string) =>
      host === undefined
        ? `connection to server on socket "/var/run/postgresql/.s.PGSQL.${port}" failed`
        : `connection to server at "${host}" (${address}), port ${port} failed`;
    yield* sys.printError(
      p,
      connection.why === "resolve"
        ? `psql: error: could not translate host name "${host}" to address: Name or service not known\n`
        : `psql: error: ${to(connection.address)}: ${connection.why === "timeout" ? "Connection timed out" : host === undefined ? "No such file or directory" : "Connection refused"}\n\tIs the server running ${host === undefined ? "locally and accepting connections on that socket?" : "on that host and accepting TCP/IP connections?"}\n`,
    );
    return 2;
  }
  try {
    return yield* session(p, options, connection);
  } finally {
    connection.close();
  }
};

function* session(p: Process, options: Options, connection: Connection): Gen<number> {
  const ask = (sql: string | undefined): Gen<Reply | undefined> =>
    connection.ask({
      user: options.user,
      password: p.env.get("PGPASSWORD"),
      local: options.host === undefined || isLocal(options.host),
      database: options.database,
      sql,
    });
  const first = yield* ask(undefined);
  if (first === undefined || "error" in first) {
    const error = first === undefined ? { kind: "syntax", about: "" } : first.error;
    const why =
      error.kind === "role"
        ? `FATAL:  role "${error.about}" does not exist`
        : error.kind === "password"
          ? error.about === ""
            ? "fe_sendauth: no password supplied"
            : `FATAL:  password authentication failed for user "${error.about}"`
          : `FATAL:  database "${options.database}" does not exist`;
    const where =
      options.host === undefined
        ? `on socket "/var/run/postgresql/.s.PGSQL.${options.port}"`
        : `at "${options.host}", port ${options.port}`;
    yield* sys.printError(p, `psql: error: connection to server ${where} failed: ${why}\n`);
    return 2;
  }
  const take = function* (text: string): Gen<boolean> {
    if (text.startsWith("\\")) return yield* meta(p, options, ask, text.replace(/;$/, ""));
    let well = true;
    for (const sql of statements(text)) {
      const reply = yield* ask(sql);
      if (reply === undefined || "error" in reply) {
        yield* sys.printError(
          p,
          `ERROR:  ${reply === undefined ? "terminating connection due to administrator command" : errorText(reply)}\n`,
        );
        well = false;
      } else if (reply.outcome.kind === "rows") yield* sys.print(p, shown(reply.outcome, options));
      else if (reply.outcome.kind === "done" && !options.quiet) yield* sys.print(p, `${reply.outcome.tag}\n`);
    }
    return well;
  };
  if (options.commands.length > 0) {
    let well = true;
    for (const command of options.commands) well = yield* take(command.trim());
    return well ? 0 : 1;
  }
  if (options.file !== undefined || p.fds.get(0)?.tty === undefined) {
    const text =
      options.file !== undefined && options.file !== "-"
        ? sys.readText(p, options.file)
        : decode(yield* sys.readAll(p, 0));
    for (const part of text.split(/^(?=\\)|(?<=^\\.*\n)/m)) {
      if (/^\\q/.test(part)) return 0;
      if (part.trim() !== "") yield* take(part.trim());
    }
    return 0;
  }
  yield* sys.print(p, `psql (${p.env.get("PG_VERSION") ?? "17.4"})\nType "help" for help.\n\n`);
  yield* typed(
    p,
    (going) => `${options.database}${going ? "-" : "="}# `,
    (line) => line.startsWith("\\") || /^(exit|quit|help)$/.test(line),
    function* (text) {
      if (/^(\\q|exit|quit);?$/.test(text)) return false;
      yield* take(text);
      return true;
    },
  );
  return 0;
}

/** Backslash commands that look around. */
function* meta(p: Process, options: Options, ask: (sql: string) => Gen<Reply | undefined>, text: string): Gen<boolean> {
  const [command = "", argument] = text.split(/\s+/);
  const names = function* (sql: string): Gen<string[]> {
    const reply = yield* ask(sql);
    return reply !== undefined && "outcome" in reply && reply.outcome.kind === "rows"
      ? reply.outcome.rows.map(([name]) => String(name))
      : [];
  };
  const titled = function* (title: string, columns: string[], rows: string[][]): Gen {
    const table = shown({ kind: "rows", columns, rows }, options);
    const width = table.split("\n")[0]!.length;
    yield* sys.print(
      p,
      options.tuples || options.unaligned
        ? table
        : `${" ".repeat(Math.max(0, Math.floor((width - title.length) / 2)))}${title}\n${table}`,
    );
  };
  switch (command.replace(/\+$/, "")) {
    case "\\l":
    case "\\list": {
      const databases = [...(yield* names("SHOW DATABASES")), "template0", "template1"].sort();
      yield* titled(
        "List of databases",
        ["Name", "Owner", "Encoding", "Locale Provider", "Collate", "Ctype"],
        databases.map((name) => [name, options.user, "UTF8", "libc", "en_US.utf8", "en_US.utf8"]),
      );
      return true;
    }
    case "\\dt":
    case "\\d": {
      const tables = yield* names("SHOW TABLES");
      if (argument !== undefined && command === "\\d") {
        const reply = yield* ask(`DESCRIBE ${argument}`);
        if (reply === undefined || "error" in reply) {
          yield* sys.printError(p, `Did not find any relation named "${argument}".\n`);
          return false;
        }
        if (reply.outcome.kind === "rows")
          yield* titled(
            `Table "public.${argument}"`,
            ["Column", "Type"],
            reply.outcome.rows.map(([name, type]) => [String(name), String(type)]),
          );
        return true;
      }
      if (tables.length === 0) {
        yield* sys.printError(p, "Did not find any relations.\n");
        return true;
      }
      yield* titled(
        "List of relations",
        ["Schema", "Name", "Type", "Owner"],
        tables.map((name) => ["public", name, "table", options.user]),
      );
      return true;
    }
    case "\\du":
      yield* titled(
        "List of roles",
        ["Role name", "Attributes"],
        [[options.user, "Superuser, Create role, Create DB, Replication, Bypass RLS"]],
      );
      return true;
    case "\\c":
    case "\\connect":
      if (argument !== undefined) options.database = argument;
      yield* sys.print(p, `You are now connected to database "${options.database}" as user "${options.user}".\n`);
      return true;
    case "\\conninfo":
      yield* sys.print(
        p,
        `You are connected to database "${options.database}" as user "${options.user}" via socket in "/var/run/postgresql" at port "${options.port}".\n`,
      );
      return true;
    case "\\q":
      return true;
    default:
      yield* sys.printError(p, `invalid command ${command}\nTry \\? for help.\n`);
      return false;
  }
}
