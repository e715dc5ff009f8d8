import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Kysely, type SqliteDatabase, SqliteDialect } from "kysely";
import Database from "libsql";
import type { StampedInput } from "../../engine/index.ts";

export interface PersonRow {
  /** Opaque, in the learner's cookie. */
  id: string;
  created: number;
  seen: number;
}

/** Where a session stands. Times in ms since 1970 unless they are virtual. */
export interface SessionRow {
  id: string;
  person: string;
  lab: string;
  seed: number;
  engine: string;
  epoch: number;
  created: number;
  seen: number;
  /** 1: another session of the lab took its place. */
  left: number;
  /** Last instant known to be durable: virtual µs and events run. */
  at: number;
  event_index: number;
  paused: number;
  speed: number;
  /** JSON: what the page remembers (hints opened, predictions). */
  marks: string;
  passed: number;
  tasks: number;
  score: number;
  max_score: number;
}

/** A problem that a learner reported: the instant at which it was seen, and what the verdicts were then. */
export interface ReportRow {
  id: string;
  session: string;
  /** ms since 1970. */
  created: number;
  /** Virtual µs and events run. */
  at: number;
  event_index: number;
  /** Digest of the session's state there. */
  digest: string;
  /** JSON: the tasks as the page showed them. */
  tasks: string;
  /** In the learner's words; may be empty. */
  text: string;
  browser: string;
}

interface InputRow {
  session: string;
  seq: number;
  input: string;
}

interface Tables {
  people: PersonRow;
  sessions: SessionRow;
  inputs: InputRow;
  reports: ReportRow;
}

/** Inputs read at a time. */
const PAGE = 1_000;

/** Statements that bring an empty file, or an older one, to the present schema; `user_version` counts those done. */
const MIGRATIONS = [
  `CREATE TABLE people (id TEXT PRIMARY KEY, created INTEGER NOT NULL, seen INTEGER NOT NULL) WITHOUT ROWID;
   CREATE TABLE sessions (
     id TEXT PRIMARY KEY, person TEXT NOT NULL, lab TEXT NOT NULL, seed INTEGER NOT NULL, engine TEXT NOT NULL,
     epoch INTEGER NOT NULL, created INTEGER NOT NULL, seen INTEGER NOT NULL, "left" INTEGER NOT NULL,
     at INTEGER NOT NULL, event_index INTEGER NOT NULL, paused INTEGER NOT NULL, speed REAL NOT NULL,
     marks TEXT NOT NULL, passed INTEGER NOT NULL, tasks INTEGER NOT NULL, score INTEGER NOT NULL,
     max_score INTEGER NOT NULL) WITHOUT ROWID;
   CREATE INDEX sessions_of_person ON sessions (person, lab, created);
   CREATE TABLE inputs (session TEXT NOT NULL, seq INTEGER NOT NULL, input TEXT NOT NULL, PRIMARY KEY (session, seq))
     WITHOUT ROWID;`,
  `CREATE TABLE reports (
     id TEXT PRIMARY KEY, session TEXT NOT NULL, created INTEGER NOT NULL, at INTEGER NOT NULL,
     event_index INTEGER NOT NULL, digest TEXT NOT NULL, tasks TEXT NOT NULL, text TEXT NOT NULL,
     browser TEXT NOT NULL) WITHOUT ROWID;`,
];

/** People, sessions and their input logs in one SQLite file of a data directory. */
export class Store {
  readonly db: Kysely<Tables>;
  private readonly file: Database.Database;
  private readonly insertInput: Database.Statement;

  /** Opens or creates `DIR/kubetude.db`. Throws when the directory cannot be written or a newer version wrote it. */
  constructor(dir: string) {
    mkdirSync(dir, { recursive: true });
    const file = new Database(join(dir, "kubetude.db"));
    file.exec("PRAGMA journal_mode = WAL");
    // In WAL mode NORMAL outlives a killed process; only a power cut can lose the last transactions.
    file.exec("PRAGMA synchronous = NORMAL");
    migrate(file, dir);
    this.file = file;
    this.db = new Kysely<Tables>({ dialect: new SqliteDialect({ database: file as unknown as SqliteDatabase }) });
    this.insertInput = file.prepare("INSERT INTO inputs (session, seq, input) VALUES (?, ?, ?)");
  }

  /** Appends to a session's input log; durable when it returns. `from` is the number of inputs already in it. */
  appendInputs(session: string, from: number, inputs: readonly StampedInput[]): void {
    this.file.exec("BEGIN");
    try {
      inputs.forEach((input, i) => {
        this.insertInput.run(session, from + i, JSON.stringify(input));
      });
      this.file.exec("COMMIT");
    } catch (error) {
      this.file.exec("ROLLBACK");
      throw error;
    }
  }

  /** Puts other inputs in the place of all that a session has. */
  replaceInputs(session: string, inputs: readonly StampedInput[]): void {
    this.file.prepare("DELETE FROM inputs WHERE session = ?").run(session);
    this.appendInputs(session, 0, inputs);
  }

  /** A session's input log and its length in bytes. A long one is read in pages, between which others are served. */
  async inputsOf(session: string): Promise<{ inputs: StampedInput[]; bytes: number }> {
    const inputs: StampedInput[] = [];
    let bytes = 0;
    for (;;) {
      const rows = await this.db
        .selectFrom("inputs")
        .select("input")
        .where("session", "=", session)
        .where("seq", ">=", inputs.length)
        .orderBy("seq")
        .limit(PAGE)
        .execute();
      for (const { input } of rows) {
        inputs.push(JSON.parse(input) as StampedInput);
        bytes += input.length;
      }
      if (rows.length < PAGE) return { inputs, bytes };
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  async addReport(row: ReportRow): Promise<void> {
    await this.db.insertInto("reports").values(row).execute();
  }

  report(id: string): Promise<ReportRow | undefined> {
    return this.db.selectFrom("reports").selectAll().where("id", "=", id).executeTakeFirst();
  }

  session(id: string): Promise<SessionRow | undefined> {
    return this.db.selectFrom("sessions").selectAll().where("id", "=", id).executeTakeFirst();
  }

  /** A person's present sessions, one a lab. */
  sessionsOf(person: string): Promise<SessionRow[]> {
    return this.db
      .selectFrom("sessions")
      .selectAll()
      .where("person", "=", person)
      .where("left", "=", 0)
      .orderBy("seen", "desc")
      .execute();
  }

  async addSession(row: SessionRow): Promise<void> {
    await this.db
      .updateTable("sessions")
      .set({ left: 1 })
      .where("person", "=", row.person)
      .where("lab", "=", row.lab)
      .execute();
    await this.db.insertInto("sessions").values(row).execute();
  }

  async updateSession(id: string, change: Partial<SessionRow>): Promise<void> {
    await this.db.updateTable("sessions").set(change).where("id", "=", id).execute();
  }

  async person(id: string): Promise<PersonRow | undefined> {
    return this.db.selectFrom("people").selectAll().where("id", "=", id).executeTakeFirst();
  }

  async addPerson(row: PersonRow): Promise<void> {
    await this.db.insertInto("people").values(row).execute();
  }

  /** Engines on which a session that can still be opened was begun. */
  async engines(): Promise<string[]> {
    const rows = await this.db.selectFrom("sessions").select("engine").distinct().execute();
    return rows.map(({ engine }) => engine);
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }
}

function migrate(file: Database.Database, dir: string): void {
  const { user_version: version } = file.prepare("PRAGMA user_version").get() as { user_version: number };
  if (version > MIGRATIONS.length) {
    throw new Error(`${dir}: written by a newer version (schema ${version}); use that version, or another --data`);
  }
  MIGRATIONS.slice(version).forEach((sql, i) => {
    file.exec(`BEGIN; ${sql} PRAGMA user_version = ${version + i + 1}; COMMIT;`);
  });
}
