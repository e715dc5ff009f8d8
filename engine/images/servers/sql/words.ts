import { compares, type Value } from "./compare.ts";
import { SqlError, type Token, tokens } from "./lexer.ts";

export interface Table {
  columns: string[];
  types: string[];
  /** Column that numbers its rows by itself. */
  serial: string | undefined;
  /** Columns in which no value stands twice. */
  unique: string[];
  next: number;
  rows: Value[][];
}

export interface Setting {
  dialect: "mysql" | "postgres";
  database: string | undefined;
  user: string;
  version: string;
  /** `2026-03-02 09:00:00`. */
  now: string;
}

/** The words of one statement, and what is made of them: names, values, conditions. */
export class Words {
  protected readonly list: Token[];
  protected readonly sql: string;
  protected readonly setting: Setting;
  protected i = 0;

  constructor(sql: string, setting: Setting) {
    this.sql = sql;
    this.setting = setting;
    this.list = tokens(sql, setting.dialect === "mysql");
  }

  protected fail(): never {
    const token = this.list[this.i];
    throw new SqlError("syntax", token === undefined ? "" : this.sql.slice(token.at));
  }

  protected is(...words: readonly string[]): boolean {
    return words.every((word, k) => {
      const token = this.list[this.i + k];
      return token !== undefined && token.kind !== "text" && token.text.toUpperCase() === word;
    });
  }

  protected accept(...words: readonly string[]): boolean {
    if (!this.is(...words)) return false;
    this.i += words.length;
    return true;
  }

  protected expect(word: string): void {
    if (!this.accept(word)) this.fail();
  }

  protected name(): string {
    const token = this.list[this.i];
    if (token?.kind !== "word") this.fail();
    this.i++;
    return this.setting.dialect === "postgres" && !this.sql.startsWith('"', token.at)
      ? token.text.toLowerCase()
      : token.text;
  }

  protected end(): void {
    if (this.i < this.list.length) this.fail();
  }

  /** A value that stands by itself. */
  protected value(): Value {
    const negative = this.accept("-");
    const token = this.list[this.i];
    if (token === undefined) this.fail();
    if (token.kind === "text") {
      this.i++;
      return token.text;
    }
    if (token.kind === "number") {
      this.i++;
      return (negative ? -1 : 1) * Number(token.text);
    }
    if (this.accept("NULL")) return null;
    if (this.accept("TRUE")) return this.setting.dialect === "postgres" ? "t" : 1;
    if (this.accept("FALSE")) return this.setting.dialect === "postgres" ? "f" : 0;
    return this.call().value;
  }

  /** Functions and variables of the server. */
  protected call(): { name: string; value: Value } {
    const start = this.list[this.i]!.at;
    if (this.accept("@@")) {
      const name = this.name();
      if (this.accept(".")) this.name();
      const known: Readonly<Record<string, Value>> = {
        server_id: 1,
        version: this.setting.version,
        hostname: "localhost",
      };
      return { name: `@@${name}`, value: known[name.toLowerCase()] ?? "" };
    }
    const name = this.name().toLowerCase();
    const called = this.accept("(");
    if (called) this.expect(")");
    const label =
      this.setting.dialect === "mysql" ? this.sql.slice(start, this.list[this.i]?.at ?? this.sql.length).trim() : name;
    const values: Readonly<Record<string, Value>> = {
      version: this.setting.version,
      now: this.setting.now,
      current_timestamp: this.setting.now,
      user: `${this.setting.user}@localhost`,
      current_user: this.setting.dialect === "mysql" ? `${this.setting.user}@%` : this.setting.user,
      database: this.setting.database ?? null,
      current_database: this.setting.database ?? null,
    };
    if (!(name in values)) {
      if (called) this.fail();
      throw new SqlError("column", name);
    }
    return { name: label, value: values[name]! };
  }

  protected sum(first: Value): Value {
    let out = first;
    for (;;) {
      if (this.accept("+")) out = Number(out) + Number(this.value());
      else if (this.accept("-")) out = Number(out) - Number(this.value());
      else if (this.accept("*")) out = Number(out) * Number(this.value());
      else return out;
    }
  }

  protected column(table: Table, name: string): number {
    const at = table.columns.findIndex((each) => each.toLowerCase() === name.toLowerCase());
    if (at < 0) throw new SqlError("column", name);
    return at;
  }

  /** Conditions joined by AND; everything where there are none. */
  protected where(table: Table): (row: Value[]) => boolean {
    const tests: ((row: Value[]) => boolean)[] = [];
    if (this.accept("WHERE")) {
      do {
        const at = this.column(table, this.name());
        if (this.accept("IS")) {
          const not = this.accept("NOT");
          this.expect("NULL");
          tests.push((row) => (row[at] === null) !== not);
          continue;
        }
        const sign = this.list[this.i]?.text.toUpperCase() ?? "";
        if (!/^(=|<>|!=|<|>|<=|>=|LIKE)$/.test(sign)) this.fail();
        this.i++;
        const wanted = this.value();
        tests.push((row) => compares(sign, row[at]!, wanted));
      } while (this.accept("AND"));
    }
    return (row) => tests.every((test) => test(row));
  }
}
