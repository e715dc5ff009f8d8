import { call, encode, type Gen, wait } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import type { Signal } from "../../machine/signal.ts";
import { read } from "../../machine/sys.ts";
import type { Tty } from "../../machine/tty.ts";
import type { Candidates } from "../completion.ts";
import { editCommands } from "../edit-commands.ts";
import { runSource } from "../execute.ts";
import type { Shell } from "../shell.ts";
import { Source } from "../source.ts";
import { handleSignals } from "../traps.ts";
import { FUNCTIONS, keySequence } from "./bindings.ts";
import { COMMANDS, KILLS } from "./commands.ts";
import { type Key, KeyReader } from "./keys.ts";
import { KIND_KEYS } from "./kinds.ts";
import { Line } from "./line.ts";
import { expandLine, expandTilde, insertArgument, LastArgument, searchPrefix } from "./recall.ts";
import { Screen } from "./screen.ts";
import { incrementalSearch, plainSearch } from "./search.ts";
import { completeIntoBraces, completeWord } from "./tab.ts";
import { ViMode } from "./vi-mode.ts";

/** How long the rest of a key may take, in µs. */
const KEY_WAIT = 100_000;

export type EditResult = { kind: "line"; text: string } | { kind: "end" } | { kind: "interrupted" };

/** Tells COLUMNS and LINES. */
export function windowSize(sh: Shell, tty: Tty): void {
  sh.set("COLUMNS", String(tty.columns));
  sh.set("LINES", String(tty.rows));
}

/** Readline's Emacs mode on a raw terminal. */
export class Editor {
  readonly sh: Shell;
  readonly tty: Tty;
  readonly line = new Line();
  readonly screen = new Screen();
  readonly keys: KeyReader;
  /** Place in the history; the number of lines: the new line. */
  private place = 0;
  /** History lines as edited since the prompt. */
  private edited = new Map<number, string>();
  /** What `menu-complete` goes through, while the line is as it left it. */
  menu: { found: Candidates; values: string[]; at: number; line: string } | undefined;
  /** The line is an answer to `read -e`: its words are names of files. */
  answering = false;
  /** The last Tab changed the line. */
  completionChanged = false;
  /** The key before this one. */
  private finished = "";
  /** Digits of the argument being typed. */
  private argument: string | undefined;
  /** The prompt while the argument stands in its place. */
  private plainPrompt: string | undefined;
  /** The lines of the prompt above its last one. */
  private promptHead = "";
  /** Its last line, before which the mode may be told. */
  private promptTail = "";
  /** `C-o`: the line of the history that comes next. */
  private next: number | undefined;
  /** What was searched for last: `C-r C-r` looks for it again. */
  lastSearch = "";
  /** The same of `M-p` and `M-n`. */
  lastPlainSearch = "";
  private readonly lastArgument = new LastArgument();
  private interrupted = false;
  /** Nothing but the prompt is shown on a terminal that does not echo (`stty -echo`). */
  private echoing = true;
  private readonly vi = new ViMode(this);

  constructor(sh: Shell, tty: Tty) {
    this.sh = sh;
    this.tty = tty;
    this.keys = new KeyReader(
      () => this.bytes(),
      () => this.silence(),
      sh.bindings,
    );
  }

  /** Bytes typed; none when the terminal is gone or Ctrl-C came. */
  private *bytes(): Gen<Uint8Array> {
    for (;;) {
      // Also what came while the shell did not wait: keys and Ctrl-C may arrive together.
      yield* this.signals();
      if (this.interrupted) return new Uint8Array(0);
      try {
        return yield* read(this.sh.p, 0, 4096);
      } catch (error) {
        if (!isErrno(error)) throw error;
        if (error.code !== "EINTR") return new Uint8Array(0);
      }
    }
  }

  /** Waits for the rest of a key; true when nothing came (keyseq-timeout). */
  private *silence(): Gen<boolean> {
    if (!this.tty.ready) yield* wait(this.tty.arrival, KEY_WAIT);
    return !this.tty.ready && !this.sh.p.hasSignal;
  }

  private *signals(): Gen<void> {
    const trapped: Signal[] = [];
    while (this.sh.p.hasSignal) {
      const signal = this.sh.p.takeSignal()!;
      if (signal === "INT") this.interrupted = true;
      else if (signal === "WINCH") {
        windowSize(this.sh, this.tty);
        this.put(this.screen.resize(this.tty.columns, this.line.text, this.line.cursor));
      } else trapped.push(signal);
    }
    for (const signal of trapped) this.sh.p.queueSignal(signal);
    if (trapped.length > 0) yield* handleSignals(this.sh);
  }

  put(text: string): void {
    if (text !== "" && this.echoing) this.tty.display(encode(text));
  }

  redraw(): void {
    this.put(this.screen.draw(this.line.text, this.line.cursor));
  }

  bell(): void {
    this.put("\x07");
  }

  /** Reads one line, without its newline. `initial`: what stands there to begin with. */
  *readLine(prompt: string, initial = ""): Gen<EditResult> {
    const { tty, line, sh } = this;
    const old = tty.termios;
    tty.termios = { ...old, icanon: false, echo: false, icrnl: false };
    line.set("");
    line.endKill();
    this.vi.begin();
    this.keys.loneEscape = sh.options.has("vi") ? "vi" : undefined;
    this.edited.clear();
    this.place = sh.history?.lines.length ?? 0;
    this.interrupted = false;
    this.argument = undefined;
    const lines = prompt.split("\n");
    const paste = sh.setup.dialect === "bash" ? "\x1b[?2004h" : "";
    this.promptHead = lines
      .slice(0, -1)
      .map((one) => `${one.replace(/[\x01\x02]/g, "")}\n`)
      .join("");
    this.put(paste + this.promptHead);
    this.promptTail = lines.at(-1)!;
    this.put(this.screen.begin(this.modeSign() + this.promptTail, tty.columns));
    this.echoing = old.echo;
    if (initial !== "") {
      line.insert(initial);
      this.redraw();
    }
    if (this.next !== undefined) {
      const known = sh.history?.lines ?? [];
      if (this.next < known.length) {
        this.place = this.next;
        line.set(known[this.next]!);
        this.redraw();
      }
      this.next = undefined;
    }
    let ended = false;
    try {
      for (;;) {
        const key = yield* this.keys.next();
        if (key === undefined) {
          if (!this.interrupted) {
            ended = true;
            return { kind: "end" };
          }
          this.put(`^C${this.screen.leave()}`);
          return { kind: "interrupted" };
        }
        const result = yield* this.press(key);
        if (result) {
          ended = result.kind === "end";
          return result;
        }
        this.showMode();
        // Characters that came together are shown together.
        if (key.name !== "char" || !this.keys.buffered) this.redraw();
      }
    } finally {
      const silent = !this.echoing;
      this.echoing = true;
      this.put(paste === "" ? "" : `\x1b[?2004l\r${ended || silent ? "\n" : ""}`);
      tty.termios = old;
      tty.giveBack(this.keys.left());
    }
  }

  /** What `show-mode-in-prompt` puts before the prompt. */
  private modeSign(): string {
    const { bindings, options } = this.sh;
    if (!bindings.on("show-mode-in-prompt")) return "";
    const [variable, sign] = !options.has("vi")
      ? ["emacs-mode-string", "@"]
      : this.vi.commanding
        ? ["vi-cmd-mode-string", "(cmd)"]
        : ["vi-ins-mode-string", "(ins)"];
    return keySequence(bindings.variables.get(variable) ?? sign).replace(/^"(.*)"$/s, "$1");
  }

  /** Tells of another mode. */
  private showMode(): void {
    if (!this.sh.bindings.on("show-mode-in-prompt") || this.plainPrompt !== undefined) return;
    const prompt = this.modeSign() + this.promptTail;
    if (prompt !== this.screen.prompt) this.put(this.screen.relabel(prompt, this.line.text, this.line.cursor));
  }

  /** Takes the line as it is; other lines of the history stay as they were edited. */
  accept(): EditResult {
    const { history, bindings } = this.sh;
    this.edited.delete(this.place);
    if (history && !bindings.on("revert-all-at-newline"))
      for (const [place, text] of this.edited) history.change(place, text);
    this.line.cursor = this.line.chars.length;
    this.redraw();
    this.put(this.screen.leave());
    return { kind: "line", text: this.line.text };
  }

  /** Obeys a key. Digits after Escape are its argument. */
  private *press(typed: Key): Gen<EditResult | undefined> {
    const { line } = this;
    let key = typed;
    if (key.name === "bound") {
      const bound = this.sh.bindings.keys.get(key.text);
      if (bound === undefined) {
        this.bell();
        return;
      }
      if (bound.kind === "macro") {
        this.keys.type(encode(bound.text));
        return;
      }
      if (bound.kind === "command") return yield* this.runBound(bound.text);
      key = { name: FUNCTIONS[bound.name] || "unknown", text: "" };
    }
    if (this.sh.options.has("vi")) {
      const result = yield* this.vi.press(key);
      if (result === undefined || typeof result === "object") {
        if (result === undefined || "kind" in result) return result;
        key = { name: result.name, text: "" };
      }
    }
    if (key.name !== "char") this.redraw();
    const digit =
      /^M-([0-9-])$/.exec(key.name)?.[1] ?? (this.argument !== undefined && /^[0-9]$/.test(key.text) ? key.text : "");
    if (digit !== "") {
      // A minus sign that a Meta digit follows has become an argument of its own: -1.
      if (this.argument === "-" && key.name !== "char") this.argument = "-1";
      this.argument = (this.argument ?? "") + digit;
      this.plainPrompt ??= this.screen.prompt;
      const shown = this.argument === "-" ? "-1" : this.argument;
      this.put(this.screen.relabel(`(arg: ${shown}) `, line.text, line.cursor));
      return;
    }
    if (this.plainPrompt !== undefined) {
      this.put(this.screen.relabel(this.plainPrompt, line.text, line.cursor));
      this.plainPrompt = undefined;
    }
    const given = this.argument !== undefined;
    const n =
      this.argument === "-" ? -1 : this.argument === undefined ? 1 : Number(this.argument.replace(/(?!^)-/g, ""));
    this.argument = undefined;
    if (key.name === "C-x") {
      const next = yield* this.keys.next();
      if (next === undefined) return;
      key = { name: `C-x ${next.name === "char" ? next.text : next.name}`, text: "" };
    }
    if (!KILLS.has(key.name)) line.endKill();
    if (key.name !== "C-y" && key.name !== "M-y") line.endYank();
    const command = COMMANDS[key.name];
    if (command && !(key.name === "C-d" && line.chars.length === 0)) {
      command(this, n, given);
      this.finished = key.name;
      return;
    }
    const result = yield* this.obey(key, n, given);
    this.finished = key.name;
    return result;
  }

  /** The keys that do more than change the line. */
  private *obey(key: Key, n: number, given: boolean): Gen<EditResult | undefined> {
    const { line } = this;
    const size = this.sh.history?.lines.length ?? 0;
    switch (key.name) {
      case "char":
        line.insert(key.text.repeat(Math.min(Math.max(n, 0), 1000)));
        return;
      case "paste":
        line.insert(key.text);
        return;
      case "enter":
        return this.accept();
      case "C-o":
        this.next = this.place + 1;
        return this.accept();
      case "M-#":
        line.cursor = 0;
        line.insert(this.sh.bindings.variables.get("comment-begin") ?? "#");
        return this.accept();
      case "C-d":
        if (line.chars.length === 0) return { kind: "end" };
        COMMANDS.delete!(this, n, given);
        return;
      case "tab":
        yield* completeWord(this, this.finished === "tab");
        return;
      case "M-?":
      case "M-=":
        yield* completeWord(this, true, { how: "list" });
        return;
      case "M-*":
        yield* completeWord(this, true, { how: "insert" });
        return;
      case "C-r":
      case "C-s": {
        const after = yield* incrementalSearch(this, key.name === "C-s");
        return after ? yield* this.press(after) : undefined;
      }
      case "C-l":
        this.put(`\x1b[H\x1b[2J${this.promptHead}`);
        this.put(this.screen.again(line.text, line.cursor, false));
        return;
      case "C-v":
      case "C-q": {
        const next = yield* this.keys.raw();
        if (next !== undefined) line.insert(next);
        return;
      }
      case "C-x C-v":
        this.put(`${this.screen.leave()}GNU bash, version 5.2.37(1)-release (x86_64-pc-linux-gnu)\n`);
        this.put(this.screen.again(line.text, line.cursor, false));
        return;
      case "C-x C-e":
        return yield* this.editAndExecute();
      case "kill-whole-line":
        line.cursor = line.chars.length;
        COMMANDS["C-u"]!(this, 1, false);
        return;
      case "history-search-backward":
      case "page-up":
        searchPrefix(this, -1);
        return;
      case "history-search-forward":
      case "page-down":
        searchPrefix(this, 1);
        return;
      case "M-p":
      case "M-n":
        yield* plainSearch(this, key.name === "M-n");
        return;
      case "menu-complete":
      case "menu-complete-backward":
        yield* completeWord(this, true, { how: key.name === "menu-complete" ? "next" : "previous" });
        return;
      case "M-{":
        yield* completeIntoBraces(this);
        return;
      case "C-]":
      case "M-C-]":
        yield* this.search(key.name === "M-C-]" ? -n : n);
        return;
      case "up":
      case "C-p":
        this.go(this.place - n);
        return;
      case "down":
      case "C-n":
        this.go(this.place + n);
        return;
      case "M-<":
        this.go(0);
        return;
      case "M->":
        this.go(size);
        return;
      case "M-.":
      case "M-_":
        this.lastArgument.press(this, n, given, this.finished === "M-." || this.finished === "M-_");
        return;
      case "M-C-y":
        insertArgument(this, this.place - 1, given ? n : 1);
        return;
      case "M-&":
        expandTilde(this);
        return;
      case "M-r":
        line.revert();
        return;
      case "M-^":
        expandLine(this);
        return;
      case "C-x (":
        this.keys.record();
        return;
      case "C-x )":
        this.keys.recorded();
        return;
      case "C-x e":
        for (let i = 0; i < Math.min(n, 100); i++) this.keys.replay();
        return;
      default: {
        const kind = KIND_KEYS[key.name];
        if (kind) yield* completeWord(this, this.finished === key.name, kind);
        else this.bell();
      }
    }
  }

  /** `C-]`: to the next place of the character that is typed. */
  private *search(n: number): Gen<void> {
    const key = yield* this.keys.next();
    const { line } = this;
    let at = line.cursor;
    for (let left = Math.abs(n); left > 0 && key; left--) {
      const found =
        n > 0 ? line.chars.indexOf(key.text, at + 1) : at > 0 ? line.chars.lastIndexOf(key.text, at - 1) : -1;
      if (found < 0) {
        this.bell();
        return;
      }
      at = found;
    }
    line.cursor = at;
  }

  /** Completes the word at the cursor, for vi mode. */
  *complete(how?: "list" | "insert"): Gen<void> {
    yield* completeWord(this, true, how && { how });
  }

  /** `C-x C-e`: the line in an editor; what is saved there runs. */
  *editAndExecute(): Gen<EditResult> {
    const { sh, line } = this;
    const text = line.text;
    this.accept();
    line.set("");
    if (text !== "") sh.history?.add(sh, text);
    yield* this.aside(function* () {
      yield* editCommands(sh, "${VISUAL:-${EDITOR:-editor}}", `${text}\n`);
    });
    return { kind: "line", text: "" };
  }

  /** Gives the terminal to others while `work` lasts. */
  private *aside(work: () => Gen<void>): Gen<void> {
    const { tty } = this;
    const raw = tty.termios;
    tty.termios = { ...raw, icanon: true, echo: true, icrnl: true };
    try {
      yield* call(work());
    } finally {
      tty.termios = raw;
    }
  }

  /** `bind -x`: a command that sees the line as READLINE_LINE and may change it. */
  private *runBound(command: string): Gen<undefined> {
    const { sh, line, screen } = this;
    this.put("\r\x1b[K");
    sh.set("READLINE_LINE", line.text);
    sh.set("READLINE_POINT", String(line.cursor));
    const { status } = sh;
    yield* this.aside(() => runSource(sh, new Source(command, "", 1)));
    sh.status = status;
    const text = sh.get("READLINE_LINE") ?? "";
    const point = Number(sh.get("READLINE_POINT") ?? 0);
    sh.vars.remove("READLINE_LINE");
    sh.vars.remove("READLINE_POINT");
    if (text !== line.text) line.replace(0, line.chars.length, text);
    line.cursor = Math.max(0, Math.min(point, line.chars.length));
    this.put(screen.again(line.text, line.cursor, false));
    return undefined;
  }

  /** Where in the history the line stands. */
  get at(): number {
    return this.place;
  }

  /** Goes to a line of the history. */
  go(place: number): void {
    const lines = this.sh.history?.lines ?? [];
    if (place < 0 || place > lines.length) {
      this.bell();
      return;
    }
    this.edited.set(this.place, this.line.text);
    this.place = place;
    const { cursor } = this.line;
    const kept = cursor < this.line.chars.length && this.sh.bindings.on("history-preserve-point");
    this.line.set(this.edited.get(place) ?? lines[place] ?? "");
    if (kept) this.line.cursor = Math.min(cursor, this.line.chars.length);
  }

  /** The line that is being typed below the history, as it was left. */
  get newest(): string {
    return this.edited.get(this.sh.history?.lines.length ?? 0) ?? "";
  }
}
