import { ordered, type Value } from "./compare.ts";
import { SqlError } from "./lexer.ts";
import { type Setting, type Table, Words } from "./words.ts";

/** What a server holds: databases, and their tables. It is written to the data directory as it is. */
export interface Store {
  databases: Record<string, Record<string, Table>>;
}

/** What a statement gives: rows, or how many it changed. */
export type Outcome =
  | { kind: "rows"; columns: string[]; rows: Value[][] }
  | { kind: "done"; tag: string; changed: number }
  | { kind: "use"; database: string };

/** Rows that a table may have, so that nobody fills the memory of a session. */
const MOST_ROWS = 100_000;

/** Runs one statement. Throws SqlError. */
export function run(store: Store, sql: string, setting: Setting): Outcome {
  return new Statement(store, sql, setting).run();
}

class Statement extends Words {
  private readonly store: Store;

  constructor(store: Store, sql: string, setting: Setting) {
    super(sql, setting);
    this.store = store;
  }

  run(): Outcome {
    if (this.accept("SELECT")) return this.select();
    if (this.accept("TABLE")) return this.everything(this.tableNamed());
    if (this.accept("SHOW")) return this.show();
    if (this.accept("USE")) return { kind: "use", database: this.existing(this.name()) };
    if (this.accept("CREATE")) return this.create();
    if (this.accept("DROP")) return this.drop();
    if (this.accept("INSERT", "INTO")) return this.insert();
    if (this.accept("UPDATE")) return this.update();
    if (this.accept("DELETE", "FROM")) return this.remove();
    if (this.accept("TRUNCATE")) {
      this.accept("TABLE");
      const table = this.tableNamed();
      table.rows = [];
      return { kind: "done", tag: "TRUNCATE TABLE", changed: 0 };
    }
    if (this.accept("DESCRIBE") || this.accept("DESC")) return this.describe(this.tableNamed());
    const [first] = this.list;
    // Users, rights and settings are taken without an effect.
    if (
      first !== undefined &&
      /^(GRANT|REVOKE|FLUSH|ALTER|SET|BEGIN|START|COMMIT|ROLLBACK|ANALYZE|VACUUM|CHANGE|STOP|RESET)$/i.test(first.text)
    ) {
      return { kind: "done", tag: first.text.toUpperCase(), changed: 0 };
    }
    return this.fail();
  }

  private existing(database: string): string {
    if (this.store.databases[database] === undefined) throw new SqlError("database", database);
    return database;
  }

  private tables(database = this.setting.database): Record<string, Table> {
    if (database === undefined) throw new SqlError("unselected", "");
    return this.store.databases[this.existing(database)]!;
  }

  /** `table` or `database.table`. */
  private tableNamed(): Table {
    const first = this.name();
    const second = this.accept(".") ? this.name() : undefined;
    const foreign = second !== undefined && !(this.setting.dialect === "postgres" && first === "public");
    const found = this.tables(foreign ? first : undefined)[second ?? first];
    if (found === undefined) throw new SqlError("table", second ?? first);
    return found;
  }

  private everything({ columns, rows }: Table): Outcome {
    this.end();
    return { kind: "rows", columns, rows };
  }

  private show(): Outcome {
    const column = (name: string, values: readonly string[]): Outcome => ({
      kind: "rows",
      columns: [name],
      rows: [...values].sort().map((value) => [value]),
    });
    if (this.accept("DATABASES") || this.accept("SCHEMAS")) {
      return column("Database", Object.keys(this.store.databases));
    }
    if (this.accept("TABLES")) return column(`Tables_in_${this.setting.database}`, Object.keys(this.tables()));
    if (this.accept("COLUMNS", "FROM")) return this.describe(this.tableNamed());
    if (this.accept("VARIABLES") || this.accept("GLOBAL", "VARIABLES") || this.accept("STATUS")) {
      return { kind: "rows", columns: ["Variable_name", "Value"], rows: [["version", this.setting.version]] };
    }
    return this.fail();
  }

  private describe({ columns, types, unique }: Table): Outcome {
    return {
      kind: "rows",
      columns: ["Field", "Type", "Null", "Key", "Default", "Extra"],
      rows: columns.map((name, i) => [name, types[i]!, "YES", unique.includes(name) ? "PRI" : "", null, ""]),
    };
  }

  private create(): Outcome {
    if (this.accept("USER") || this.accept("ROLE") || this.accept("INDEX") || this.accept("EXTENSION")) {
      return { kind: "done", tag: "CREATE ROLE", changed: 0 };
    }
    const database = this.accept("DATABASE") || this.accept("SCHEMA");
    if (!database) this.expect("TABLE");
    const lenient = this.accept("IF", "NOT", "EXISTS");
    const name = this.name();
    if (database) {
      if (this.store.databases[name] !== undefined && !lenient) throw new SqlError("database exists", name);
      this.store.databases[name] ??= {};
      return { kind: "done", tag: "CREATE DATABASE", changed: 1 };
    }
    const inner = this.accept(".") ? this.name() : undefined;
    const tables = this.tables(inner === undefined || name === "public" ? undefined : name);
    const table = this.columns();
    if (tables[inner ?? name] !== undefined && !lenient) throw new SqlError("exists", inner ?? name);
    tables[inner ?? name] ??= table;
    return { kind: "done", tag: "CREATE TABLE", changed: 0 };
  }

  private columns(): Table {
    const table: Table = { columns: [], types: [], serial: undefined, unique: [], next: 1, rows: [] };
    this.expect("(");
    do {
      const words: string[] = [];
      const start = this.i;
      for (let depth = 0; this.i < this.list.length; this.i++) {
        const { text } = this.list[this.i]!;
        if (depth === 0 && (text === "," || text === ")")) break;
        depth += text === "(" ? 1 : text === ")" ? -1 : 0;
        words.push(text);
      }
      const [name = "", type = ""] = words;
      const rest = words.join(" ").toUpperCase();
      if (/^(PRIMARY|UNIQUE|KEY|CONSTRAINT|FOREIGN|INDEX)$/i.test(name)) {
        if (/^(PRIMARY KEY|UNIQUE)/.test(rest))
          table.unique.push(...words.slice(words.indexOf("(") + 1, words.indexOf(")")).filter((word) => word !== ","));
        continue;
      }
      if (type === "") {
        this.i = start;
        this.fail();
      }
      table.columns.push(name);
      table.types.push(
        /^\w+ ?\(/.test(words.slice(1).join(" "))
          ? words
              .slice(1, words.indexOf(")") + 1)
              .join("")
              .toLowerCase()
          : type.toLowerCase(),
      );
      if (/AUTO_INCREMENT|SERIAL|GENERATED/.test(rest)) table.serial = name;
      if (/PRIMARY KEY|UNIQUE/.test(rest)) table.unique.push(name);
    } while (this.accept(","));
    this.expect(")");
    return table;
  }

  private drop(): Outcome {
    const database = this.accept("DATABASE") || this.accept("SCHEMA");
    if (!database && (this.accept("USER") || this.accept("ROLE")))
      return { kind: "done", tag: "DROP ROLE", changed: 0 };
    if (!database) this.expect("TABLE");
    const lenient = this.accept("IF", "EXISTS");
    const name = this.name();
    const where = database ? this.store.databases : this.tables();
    if (where[name] === undefined && !lenient) throw new SqlError(database ? "database" : "table", name);
    delete where[name];
    return { kind: "done", tag: database ? "DROP DATABASE" : "DROP TABLE", changed: 0 };
  }

  private insert(): Outcome {
    const table = this.tableNamed();
    let names = table.columns;
    if (this.accept("(")) {
      names = [];
      do names.push(this.name());
      while (this.accept(","));
      this.expect(")");
      for (const name of names) this.column(table, name);
    }
    if (!this.accept("VALUES")) this.expect("VALUE");
    let changed = 0;
    do {
      this.expect("(");
      const values: Value[] = [];
      do values.push(this.accept("DEFAULT") ? null : this.value());
      while (this.accept(","));
      this.expect(")");
      if (values.length !== names.length) throw new SqlError("count", String(changed + 1));
      const row = table.columns.map((name): Value => values[names.indexOf(name)] ?? null);
      const serial = table.serial === undefined ? -1 : table.columns.indexOf(table.serial);
      if (serial >= 0) {
        row[serial] ??= table.next;
        table.next = Math.max(table.next, Number(row[serial]) + 1);
      }
      for (const name of table.unique) {
        const at = table.columns.indexOf(name);
        if (table.rows.some((other) => other[at] === row[at])) throw new SqlError("duplicate", `${row[at]}`);
      }
      if (table.rows.length < MOST_ROWS) table.rows.push(row);
      changed++;
    } while (this.accept(","));
    return { kind: "done", tag: `INSERT 0 ${changed}`, changed };
  }

  private select(): Outcome {
    const from = this.list.findIndex(
      (token, i) => i >= this.i && token.kind === "word" && token.text.toUpperCase() === "FROM",
    );
    const start = this.i;
    if (from < 0) return this.constants();
    this.i = from + 1;
    const table = this.tableNamed();
    const after = this.i;
    this.i = start;
    const picks: { name: string; pick: (rows: readonly Value[][]) => Value[] }[] = [];
    let counts = false;
    do {
      if (this.accept("*")) {
        for (const [at, name] of table.columns.entries())
          picks.push({ name, pick: (rows) => rows.map((row) => row[at]!) });
      } else if (this.is("COUNT", "(") || this.is("SUM", "(") || this.is("MAX", "(") || this.is("MIN", "(")) {
        counts = true;
        picks.push(this.aggregate(table));
      } else {
        const name = this.name();
        const at = this.column(table, this.accept(".") ? this.name() : name);
        const label = this.accept("AS") ? this.name() : table.columns[at]!;
        picks.push({ name: label, pick: (rows) => rows.map((row) => row[at]!) });
      }
    } while (this.accept(","));
    if (this.i !== from) this.fail();
    this.i = after;
    let rows = table.rows.filter(this.where(table));
    if (this.accept("ORDER", "BY")) {
      const at = this.column(table, this.name());
      const down = this.accept("DESC");
      this.accept("ASC");
      rows = [...rows].sort((a, b) => (down ? -1 : 1) * ordered(a[at]!, b[at]!));
    }
    if (this.accept("LIMIT")) rows = rows.slice(0, Number(this.value()));
    this.end();
    const columns = picks.map(({ pick }) => pick(rows));
    const height = counts ? 1 : rows.length;
    return {
      kind: "rows",
      columns: picks.map(({ name }) => name),
      rows: Array.from({ length: height }, (_, i) => columns.map((values) => values[i] ?? null)),
    };
  }

  private aggregate(table: Table): { name: string; pick: (rows: readonly Value[][]) => Value[] } {
    const word = this.name();
    this.expect("(");
    const all = this.accept("*") || this.accept("1");
    const at = all ? -1 : this.column(table, this.name());
    this.expect(")");
    const shown = this.setting.dialect === "mysql" ? `${word}(${all ? "*" : table.columns[at]})` : word.toLowerCase();
    const name = this.accept("AS") ? this.name() : shown;
    return {
      name,
      pick: (rows) => {
        if (all) return [rows.length];
        const values = rows.map((row) => row[at]!).filter((value) => value !== null);
        if (/count/i.test(word)) return [values.length];
        if (values.length === 0) return [null];
        const numbers = values.map(Number);
        return [
          /sum/i.test(word)
            ? numbers.reduce((a, b) => a + b, 0)
            : /max/i.test(word)
              ? Math.max(...numbers)
              : Math.min(...numbers),
        ];
      },
    };
  }

  /** A SELECT without a table: `SELECT 1 AS a, NOW()`. */
  private constants(): Outcome {
    const columns: string[] = [];
    const row: Value[] = [];
    do {
      const start = this.list[this.i]?.at ?? 0;
      const token = this.list[this.i];
      let label: string;
      if (token?.kind === "word" && !/^(NULL|TRUE|FALSE)$/i.test(token.text)) {
        const { name, value } = this.call();
        label = name;
        row.push(value);
      } else if (token?.text === "@@") {
        const { name, value } = this.call();
        label = name;
        row.push(value);
      } else {
        const first = this.value();
        row.push(this.sum(first));
        label =
          this.setting.dialect === "mysql"
            ? this.sql
                .slice(start, this.list[this.i]?.at ?? this.sql.length)
                .trim()
                .replace(/^'(.*)'$/, "$1")
            : "?column?";
      }
      columns.push(this.accept("AS") ? this.name() : label);
    } while (this.accept(","));
    this.end();
    return { kind: "rows", columns, rows: [row] };
  }

  private update(): Outcome {
    const table = this.tableNamed();
    this.expect("SET");
    const changes: [number, Value][] = [];
    do {
      const at = this.column(table, this.name());
      this.expect("=");
      changes.push([at, this.value()]);
    } while (this.accept(","));
    const wanted = this.where(table);
    this.end();
    let changed = 0;
    table.rows = table.rows.map((row) => {
      if (!wanted(row)) return row;
      changed++;
      const next = [...row];
      for (const [at, value] of changes) next[at] = value;
      return next;
    });
    return { kind: "done", tag: `UPDATE ${changed}`, changed };
  }

  private remove(): Outcome {
    const table = this.tableNamed();
    const wanted = this.where(table);
    this.end();
    const before = table.rows.length;
    table.rows = table.rows.filter((row) => !wanted(row));
    const changed = before - table.rows.length;
    return { kind: "done", tag: `DELETE ${changed}`, changed };
  }
}
