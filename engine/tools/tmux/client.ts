/** A terminal that is attached to a session: its keys, its prompt, what it shows. */
import { decode, encode, type Gen, type KernelEvent, MS, wait } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { RAW, type Termios, type Tty } from "../../machine/tty.ts";
import { type Context, commandPrefix, runText } from "./command.ts";
import { CopyMode } from "./copy-mode.ts";
import { picture } from "./draw.ts";
import { type Key, keyName, readKeys } from "./keys.ts";
import type { Pane, Session } from "./model.ts";
import { TmuxError } from "./parse.ts";
import type { Server } from "./server.ts";

export interface Prompt {
  label: string;
  text: string;
  /** In characters. */
  cursor: number;
  /** One key is the answer. */
  single: boolean;
  commit: (text: string) => Gen<void> | void;
}

export class Client {
  readonly server: Server;
  readonly process: Process;
  readonly tty: Tty;
  session: Session | undefined;
  lastSession: Session | undefined;
  readonly created: number;
  /** µs of virtual time: whose size windows take. */
  usedAt: number;
  readOnly = false;
  /** The prefix was typed: the next key is a binding. */
  prefixed = false;
  prompt: Prompt | undefined;
  message: string | undefined;
  /** Panes show their numbers. */
  numbers = false;
  private messageEnd: KernelEvent | undefined;
  private table: string | undefined;
  private repeatUntil = 0;
  private pasting = false;
  private pending = "";
  private carry: Uint8Array = new Uint8Array(0);
  private before: Termios | undefined;
  private shown: string[] = [];
  private readonly promptHistory: string[] = [];
  private promptAt = 0;
  private ending: string | undefined;

  constructor(server: Server, process: Process, tty: Tty) {
    this.server = server;
    this.process = process;
    this.tty = tty;
    this.created = server.seconds;
    this.usedAt = process.machine.kernel.now;
  }

  get columns(): number {
    return Math.max(2, this.tty.columns);
  }

  get rows(): number {
    return Math.max(2, this.tty.rows);
  }

  /** Rows for panes. */
  get paneRows(): number {
    return Math.max(1, this.rows - (this.session?.options.get("status") === "off" ? 0 : 1));
  }

  get pane(): Pane {
    return this.session!.current.window.active;
  }

  // ---- attaching ----------------------------------------------------------------------------------------------------

  /** Shows a session until it is detached or ends; what to say then, and the status. */
  *attach(session: Session): Gen<{ text: string; status: number }> {
    const { tty, server, process } = this;
    this.before = { ...tty.termios };
    tty.termios = { ...RAW };
    process.dispositions.set("WINCH", "catch");
    process.dispositions.set("TERM", "catch");
    server.clients.add(this);
    tty.display(encode("\x1b[?1049h\x1b[?1h\x1b=\x1b[?2004h\x1b[H\x1b[2J"));
    this.switchTo(session);
    if (server.problems.length > 0) this.pane.mode = new CopyMode(this.pane, server.problems.join("\n"));
    server.problems = [];
    try {
      while (this.ending === undefined) {
        if (tty.hungUp) return { text: "", status: 1 };
        if (!tty.ready) {
          // A sequence that has begun is waited for a little, then it was the Escape key.
          const patience = this.pending === "" ? undefined : Number(server.options.get("escape-time")) * MS;
          const why = yield* wait(tty.arrival, patience);
          if (why === "interrupted") this.signals();
          if (why === "timeout" && !tty.ready) yield* this.take("", true);
          continue;
        }
        const bytes = yield* tty.read(4096);
        if (bytes === "interrupted") this.signals();
        else if (bytes.length === 0) return { text: "", status: 1 };
        else yield* this.take(this.decoded(bytes), false);
      }
      const text = this.ending;
      return { text, status: text === "lost server" ? 1 : 0 };
    } finally {
      server.clients.delete(this);
      server.machine.kernel.cancel(this.messageEnd);
      if (this.before) tty.termios = this.before;
      tty.display(encode("\x1b[?2004l\x1b[?1l\x1b>\x1b[?25h\x1b[?1049l"));
      if (this.session && server.sessions.has(this.session.name)) this.session.fit();
    }
  }

  private signals(): void {
    for (let signal = this.process.takeSignal(); signal !== undefined; signal = this.process.takeSignal()) {
      if (signal === "TERM") this.end("terminated");
      else {
        this.shown = [];
        this.session?.fit();
      }
    }
  }

  /** Ends the attachment; `why` is said on the terminal. */
  end(why: string): void {
    if (this.ending !== undefined) return;
    this.ending = why;
    this.tty.arrival.wakeAll();
  }

  detach(): void {
    this.end(`detached (from session ${this.session?.name})`);
  }

  switchTo(session: Session): void {
    if (this.session !== session) this.lastSession = this.session;
    this.session = session;
    session.attachedAt = session.activity = this.server.seconds;
    this.usedAt = this.server.machine.kernel.now;
    this.shown = [];
    session.fit();
  }

  /** Bytes as text; a character may be cut at their end. */
  private decoded(bytes: Uint8Array): string {
    const all = new Uint8Array(this.carry.length + bytes.length);
    all.set(this.carry);
    all.set(bytes, this.carry.length);
    let cut = all.length;
    for (let back = 1; back <= 3 && back <= all.length; back++) {
      const byte = all[all.length - back]!;
      if ((byte & 0xc0) === 0x80) continue;
      const need = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
      if (need > back) cut = all.length - back;
      break;
    }
    this.carry = all.slice(cut);
    return decode(all.subarray(0, cut));
  }

  // ---- showing ------------------------------------------------------------------------------------------------------

  draw(): void {
    if (this.session === undefined || this.ending !== undefined || this.tty.hungUp) return;
    const { rows, cursor } = picture(this);
    let out = "\x1b[?25l";
    rows.forEach((row, i) => {
      if (this.shown[i] === row) return;
      this.shown[i] = row;
      // Erased first: behind a row that is full the cursor still stands on its last character.
      out += `\x1b[${i + 1};1H\x1b[m\x1b[K${row}`;
    });
    out += `\x1b[${cursor.row + 1};${cursor.column + 1}H${cursor.shown ? "\x1b[?25h" : ""}`;
    this.tty.display(encode(out));
  }

  redraw(): void {
    this.shown = [];
    this.tty.display(encode("\x1b[H\x1b[2J"));
    this.server.changed();
  }

  bell(): void {
    this.tty.display(encode("\x07"));
  }

  /** Shows a message on the status line for a while. */
  tell(text: string, ms = Number(this.session?.options.get("display-time") ?? 750)): void {
    const { kernel } = this.server.machine;
    this.message = text;
    kernel.cancel(this.messageEnd);
    if (ms > 0)
      this.messageEnd = kernel.after(ms * MS, "tmux message", () => {
        this.message = undefined;
        this.server.changed();
      });
    this.server.changed();
  }

  showNumbers(): void {
    this.numbers = true;
    this.server.changed();
    this.server.machine.kernel.after(
      Number(this.session!.options.get("display-panes-time")) * MS,
      "tmux display-panes",
      () => {
        this.numbers = false;
        this.server.changed();
      },
    );
  }

  ask(label: string, text: string, commit: Prompt["commit"], single = false): void {
    this.prompt = { label, text, cursor: [...text].length, single, commit };
    this.promptAt = this.promptHistory.length;
    this.server.changed();
  }

  // ---- keys ---------------------------------------------------------------------------------------------------------

  private *take(text: string, forced: boolean): Gen<void> {
    const { keys, rest } = readKeys(this.pending + text, forced);
    this.pending = rest;
    for (const key of keys) {
      if (this.ending !== undefined) return;
      yield* this.key(key);
    }
  }

  private *key(key: Key): Gen<void> {
    const session = this.session!;
    session.activity = this.server.seconds;
    if (this.usedAt !== this.server.machine.kernel.now) {
      const others = session.clients.length > 1;
      this.usedAt = this.server.machine.kernel.now;
      if (others) session.fit();
    }
    if (key.name === "paste-begin" || key.name === "paste-end") {
      this.pasting = key.name === "paste-begin";
      if (this.pane.screen.bracketedPaste) this.pane.tty.input(encode(key.bytes));
      return;
    }
    if (this.pasting) {
      this.pass(key);
      return;
    }
    if (this.message !== undefined) {
      this.server.machine.kernel.cancel(this.messageEnd);
      this.message = undefined;
      this.server.changed();
    }
    if (this.prompt !== undefined) {
      yield* this.promptKey(this.prompt, key);
      return;
    }
    if (this.numbers) {
      this.numbers = false;
      this.server.changed();
      const chosen = /^\d$/.test(key.name)
        ? session.current.window.panes.find((pane) => pane.index === Number(key.name))
        : undefined;
      if (chosen) session.current.window.select(chosen);
      return;
    }
    const { kernel } = this.server.machine;
    const table = this.table ?? (kernel.now < this.repeatUntil ? "prefix" : undefined);
    this.table = undefined;
    this.prefixed = false;
    if (table !== undefined) {
      const binding = this.server.bindings.find(table, key.name);
      const repeating = table === "prefix" && kernel.now < this.repeatUntil;
      if (binding && (!repeating || binding.repeat)) {
        this.repeatUntil = binding.repeat ? kernel.now + Number(session.options.get("repeat-time")) * MS : 0;
        yield* this.run(binding.command);
        return;
      }
      this.repeatUntil = 0;
      if (!repeating) {
        this.server.changed();
        return;
      }
    }
    if (this.isPrefix(key.name)) {
      this.table = "prefix";
      this.prefixed = true;
      this.server.changed();
      return;
    }
    const { mode } = this.pane;
    if (mode) {
      yield* mode.key(key.name, this);
      return;
    }
    const root = this.server.bindings.find(session.options.get("key-table"), key.name);
    if (root) yield* this.run(root.command);
    else this.pass(key);
  }

  private isPrefix(name: string): boolean {
    const { options } = this.session!;
    return [options.get("prefix"), options.get("prefix2")].some((one) => one !== "None" && keyName(one) === name);
  }

  /** Hands a key to the program in the pane, or to all panes with synchronize-panes. */
  private pass(key: Key): void {
    if (this.readOnly) return;
    const { window } = this.session!.current;
    const panes = window.options.get("synchronize-panes") === "on" ? window.panes : [window.active];
    for (const pane of panes) {
      if (pane.inputOff || pane.dead) continue;
      const { bytes } = key;
      const cursor = /^\x1b[[O]([A-D])$/.exec(bytes);
      pane.tty.input(encode(cursor ? `\x1b${pane.screen.applicationKeys ? "O" : "["}${cursor[1]}` : bytes));
    }
  }

  /** Runs commands as a key or a prompt asks for them; errors and texts are shown here. */
  *run(text: string): Gen<void> {
    let out = "";
    const context: Context = {
      server: this.server,
      client: this,
      process: this.process,
      pane: this.session?.current.window.active,
      session: this.session,
      print: (line) => {
        out += `${line}\n`;
      },
    };
    try {
      yield* runText(context, text);
    } catch (error) {
      if (!(error instanceof TmuxError)) throw error;
      this.tell(`${error.message[0]?.toUpperCase() ?? ""}${error.message.slice(1)}`);
    }
    if (out !== "" && this.session) this.pane.mode = new CopyMode(this.pane, out);
    this.server.changed();
  }

  private *promptKey(prompt: Prompt, key: Key): Gen<void> {
    const chars = [...prompt.text];
    const set = (text: readonly string[], cursor: number) => {
      prompt.text = text.join("");
      prompt.cursor = Math.max(0, Math.min(text.length, cursor));
    };
    const { cursor } = prompt;
    const { name } = key;
    this.server.changed();
    if (prompt.single) {
      this.prompt = undefined;
      const done = prompt.commit(name);
      if (done) yield* done;
      return;
    }
    if (name === "Escape" || name === "C-c" || name === "C-g") this.prompt = undefined;
    else if (name === "Enter") {
      this.prompt = undefined;
      if (prompt.text !== "" && this.promptHistory.at(-1) !== prompt.text) this.promptHistory.push(prompt.text);
      const done = prompt.commit(prompt.text);
      if (done) yield* done;
    } else if (name === "BSpace" || name === "C-h") {
      if (cursor > 0) set([...chars.slice(0, cursor - 1), ...chars.slice(cursor)], cursor - 1);
    } else if (name === "DC" || name === "C-d") set([...chars.slice(0, cursor), ...chars.slice(cursor + 1)], cursor);
    else if (name === "Left" || name === "C-b") set(chars, cursor - 1);
    else if (name === "Right" || name === "C-f") set(chars, cursor + 1);
    else if (name === "Home" || name === "C-a") set(chars, 0);
    else if (name === "End" || name === "C-e") set(chars, chars.length);
    else if (name === "C-u") set([], 0);
    else if (name === "C-k") set(chars.slice(0, cursor), cursor);
    else if (name === "C-w") {
      let at = cursor;
      while (at > 0 && chars[at - 1] === " ") at--;
      while (at > 0 && chars[at - 1] !== " ") at--;
      set([...chars.slice(0, at), ...chars.slice(cursor)], at);
    } else if (name === "Tab" && prompt.label === ":" && !prompt.text.slice(0, cursor).includes(" ")) {
      const word = commandPrefix(chars.slice(0, cursor).join(""));
      if (word !== undefined) set([...word, ...chars.slice(cursor)], word.length);
    } else if (name === "Up" || name === "Down") {
      this.promptAt = Math.max(0, Math.min(this.promptHistory.length, this.promptAt + (name === "Up" ? -1 : 1)));
      const old = [...(this.promptHistory[this.promptAt] ?? "")];
      set(old, old.length);
    } else if ([...key.bytes].length === 1 && key.bytes >= " ")
      set([...chars.slice(0, cursor), key.bytes, ...chars.slice(cursor)], cursor + 1);
  }
}
