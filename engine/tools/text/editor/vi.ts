import type { Gen } from "../../../kernel/index.ts";
import type { Program } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { tool } from "../../tool.ts";
import { Terminal } from "../screen/terminal.ts";
import { charAt } from "./buffer.ts";
import { firstNonBlank, type Motion, type Place, wordBackward } from "./vi-motions.ts";
import { ViMoves } from "./vi-moves.ts";

/** vi(1), as Debian's vim.tiny and vim behave with the keys that people use. */
export const vi: Program = tool(
  {
    name: "vi",
    short: "+bc:deEfghHiL:lmMnNo::O::p::qRr:s:S:t:T:u:U:vVw:W:xXyzZ",
    standard: false,
    usage: "[arguments] [file ..]",
    about: "",
    version: "VIM - Vi IMproved 9.1",
    rewrite: (args) =>
      args.map((arg) => (/^\+/.test(arg) ? `-c${/^\+\d*$/.test(arg) ? arg.slice(1) || "$" : arg.slice(1)}` : arg)),
  },
  function* (t, o) {
    const tty = t.p.fds.get(1)?.tty;
    if (tty === undefined) {
      yield* sys.printError(t.p, "Vim: Warning: Output is not to a terminal\n");
      return 1;
    }
    const editor = new Vi(t, o.has("R") || t.name.endsWith("view"));
    if (o.operands[0] !== undefined) editor.open(o.operands[0]);
    const terminal = new Terminal(t.p, tty);
    try {
      for (const command of o.values("c")) editor.ex(command);
      return yield* editor.run(terminal);
    } finally {
      terminal.release();
    }
  },
);

/** vi's commands. */
class Vi extends ViMoves {
  *run(terminal: Terminal): Gen<number> {
    while (this.status === undefined) {
      const key = yield* this.key(terminal);
      if (key === undefined) return 1;
      if (key === "resize") continue;
      if (this.mode !== "normal") yield* this.typed(terminal, key);
      else {
        this.record = [key];
        this.message = "";
        yield* this.command(terminal, key);
      }
      this.clamp();
    }
    return this.status;
  }

  // ---- insert mode --------------------------------------------------------------------------------------------------

  private insertMode(mode: "insert" | "replace" = "insert"): void {
    this.mode = mode;
  }

  private *typed(_terminal: Terminal, key: string): Gen<void> {
    const { buffer } = this;
    const column = buffer.screenColumn;
    switch (key) {
      case "esc":
      case "ctrl-c":
        this.mode = "normal";
        buffer.left();
        this.lastChange = this.record;
        this.record = [];
        return;
      case "enter":
        return buffer.insert("\n");
      case "tab":
        return buffer.insert("\t");
      case "backspace":
        return buffer.backspace();
      case "delete":
        return buffer.deleteChar();
      case "up":
        return buffer.goTo(buffer.row - 1, column);
      case "down":
        return buffer.goTo(buffer.row + 1, column);
      case "left":
        buffer.left();
        return;
      case "right":
        buffer.right();
        return;
      case "home":
        buffer.column = 0;
        return;
      case "end":
        buffer.column = buffer.line.length;
        return;
      case "ctrl-u":
        buffer.cut({ row: buffer.row, column: 0 }, { row: buffer.row, column: buffer.column });
        return;
      case "ctrl-w":
        buffer.cut(wordBackward(buffer, buffer, false), { row: buffer.row, column: buffer.column });
        return;
      default:
        if ([...key].length !== 1) return;
        if (this.mode === "replace" && buffer.column < buffer.line.length) buffer.deleteChar();
        buffer.insert(key);
    }
  }

  // ---- normal mode --------------------------------------------------------------------------------------------------

  private *command(terminal: Terminal, first: string): Gen<void> {
    let key = first;
    let digits = "";
    while (/^[1-9]$/.test(key) || (digits !== "" && key === "0")) {
      digits += key;
      key = (yield* this.key(terminal)) ?? "esc";
    }
    const count = digits === "" ? undefined : Math.min(Number(digits), 100_000);
    const n = count ?? 1;
    const { buffer } = this;
    const changes = () => {
      buffer.mark();
      if (this.readOnly) this.message = "W10: Warning: Changing a readonly file";
    };
    const done = () => {
      this.lastChange = this.record;
    };
    if (this.visual !== undefined && (yield* this.visualCommand(terminal, key))) return;
    switch (key) {
      case "i":
      case "insert":
        changes();
        return this.insertMode();
      case "a":
        changes();
        buffer.right();
        return this.insertMode();
      case "I":
        changes();
        buffer.column = buffer.line.search(/[^ \t]|$/);
        return this.insertMode();
      case "A":
        changes();
        buffer.column = buffer.line.length;
        return this.insertMode();
      case "o":
      case "O":
        changes();
        buffer.row += key === "o" ? 1 : 0;
        buffer.lines.splice(buffer.row, 0, "");
        buffer.column = 0;
        return this.insertMode();
      case "R":
        changes();
        return this.insertMode("replace");
      case "x":
      case "delete":
      case "s": {
        changes();
        let end = buffer.column;
        for (let i = 0; i < n && end < buffer.line.length; i++) end += charAt(buffer.line, end);
        this.register = {
          text: buffer.cut({ row: buffer.row, column: buffer.column }, { row: buffer.row, column: end }),
          lines: false,
        };
        return key === "s" ? this.insertMode() : done();
      }
      case "X":
        changes();
        for (let i = 0; i < n && buffer.column > 0; i++) buffer.backspace();
        return done();
      case "D":
      case "C":
        changes();
        this.register = {
          text: buffer.cut({ row: buffer.row, column: buffer.column }, { row: buffer.row, column: buffer.line.length }),
          lines: false,
        };
        return key === "C" ? this.insertMode() : done();
      case "S":
        return yield* this.operate(terminal, "c", n, { row: buffer.row + n - 1, column: 0, kind: "lines" });
      case "Y":
        return yield* this.operate(terminal, "y", n, { row: buffer.row + n - 1, column: 0, kind: "lines" });
      case "J":
        changes();
        for (let i = 0; i < Math.max(1, n - 1) && buffer.row + 1 < buffer.lines.length; i++) {
          const next = buffer.lines[buffer.row + 1]!.trimStart();
          buffer.column = buffer.line.length;
          const glue = buffer.line === "" || / $/.test(buffer.line) || next === "" || next.startsWith(")") ? "" : " ";
          buffer.lines.splice(buffer.row, 2, buffer.line + glue + next);
        }
        return done();
      case "r": {
        const char = yield* this.key(terminal);
        if (char === undefined || (char !== "enter" && [...char].length !== 1) || buffer.line === "") return;
        changes();
        for (let i = 0; i < n && buffer.column < buffer.line.length; i++) {
          buffer.deleteChar();
          buffer.insert(char === "enter" ? "\n" : char);
        }
        if (char !== "enter") buffer.left();
        return done();
      }
      case "~":
        changes();
        for (let i = 0; i < n && buffer.column < buffer.line.length; i++) {
          const char = buffer.line[buffer.column]!;
          buffer.deleteChar();
          buffer.insert(char === char.toUpperCase() ? char.toLowerCase() : char.toUpperCase());
        }
        return done();
      case "p":
      case "P":
        changes();
        this.put(key === "p", n);
        return done();
      case "u":
        if (buffer.undo()) buffer.modified = true;
        else this.message = "Already at oldest change";
        return;
      case ".":
        this.replay = [...this.lastChange];
        this.record = [];
        return;
      case "d":
      case "c":
      case "y":
      case ">":
      case "<":
        return yield* this.operator(terminal, key, n);
      case "v":
      case "V":
        this.visual = { kind: key, row: buffer.row, column: buffer.column };
        return;
      case ":":
        return yield* this.commandLine(terminal, ":", count === undefined ? "" : `.,.+${n - 1}`);
      case "Z": {
        const next = yield* this.key(terminal);
        if (next === "Z") this.ex("x");
        else if (next === "Q") this.status = 0;
        return;
      }
      case "ctrl-l":
        return terminal.forget();
      case "ctrl-g":
        return this.ex("f");
      case "ctrl-c":
        this.message = "Type  :qa  and press <Enter> to exit Vim";
        return;
      case "esc":
        this.visual = undefined;
        return;
      default: {
        const motion = yield* this.motion(terminal, key, count);
        if (motion === undefined) return terminal.bell();
        buffer.row = motion.row;
        buffer.column = motion.column;
      }
    }
  }

  /** A motion key: where it leads; undefined when there is no such place or key. */
  private *operator(terminal: Terminal, operator: string, before: number): Gen<void> {
    const { buffer } = this;
    let key = (yield* this.key(terminal)) ?? "esc";
    let digits = "";
    while (/^[1-9]$/.test(key) || (digits !== "" && key === "0")) {
      digits += key;
      key = (yield* this.key(terminal)) ?? "esc";
    }
    const n = before * Number(digits || 1);
    const given = before > 1 || digits !== "";
    if (key === operator) {
      if (buffer.row + n > buffer.lines.length && n > 1) return terminal.bell();
      return yield* this.operate(terminal, operator, n, { row: buffer.row + n - 1, column: 0, kind: "lines" });
    }
    if (key === "i" || key === "a") {
      const object = (yield* this.key(terminal)) ?? "esc";
      const range = this.textObject(key, object);
      if (range === undefined) return terminal.bell();
      buffer.row = range[0].row;
      buffer.column = range[0].column;
      return yield* this.operate(terminal, operator, 1, { ...range[1], kind: "exclusive" });
    }
    // cw changes to the end of the word, blanks after it stay.
    const word = operator === "c" && (key === "w" || key === "W") && /\S/.test(buffer.line[buffer.column] ?? " ");
    let motion = yield* this.motion(terminal, word ? (key === "w" ? "e" : "E") : key, given ? n : undefined, true);
    if (motion === undefined) return terminal.bell();
    // dw on the last word of a line stops at its end.
    if ((key === "w" || key === "W") && !word && motion.row > buffer.row)
      motion = { row: motion.row - 1, column: buffer.lines[motion.row - 1]!.length, kind: "exclusive" };
    yield* this.operate(terminal, operator, n, motion);
  }

  /** iw, aw, i" and brackets. */
  private *operate(_terminal: Terminal, operator: string, _count: number, motion: Motion): Gen<void> {
    const { buffer } = this;
    const here: Place = { row: buffer.row, column: buffer.column };
    const forward = motion.row > here.row || (motion.row === here.row && motion.column >= here.column);
    const [from, to] = forward ? [here, motion] : [motion, here];
    if (operator !== "y") buffer.mark();
    if (operator === ">" || operator === "<" || motion.kind === "lines") {
      const last = Math.min(to.row, buffer.lines.length - 1);
      if (operator === ">" || operator === "<") {
        for (let row = from.row; row <= last; row++)
          buffer.lines[row] =
            operator === ">"
              ? buffer.lines[row] === ""
                ? ""
                : `\t${buffer.lines[row]}`
              : buffer.lines[row]!.replace(/^(\t| {1,8})/, "");
        buffer.row = from.row;
        buffer.column = firstNonBlank(buffer.line);
        this.lastChange = this.record;
        return;
      }
      const count = last - from.row + 1;
      this.register = { text: buffer.lines.slice(from.row, last + 1).join("\n"), lines: true };
      if (operator === "y") {
        buffer.row = from.row;
        if (count > 2) this.message = `${count} lines yanked`;
        return;
      }
      buffer.lines.splice(from.row, count, ...(operator === "c" ? [""] : []));
      if (buffer.lines.length === 0) buffer.lines.push("");
      buffer.row = Math.min(from.row, buffer.lines.length - 1);
      buffer.column = operator === "c" ? 0 : firstNonBlank(buffer.line);
      if (count > 2) this.message = `${count} fewer lines`;
    } else {
      const end =
        motion.kind === "inclusive"
          ? { row: to.row, column: to.column + charAt(buffer.lines[to.row]!, to.column) }
          : to;
      this.register = { text: buffer.between(from, end), lines: false };
      if (operator === "y") {
        buffer.row = from.row;
        buffer.column = from.column;
        return;
      }
      buffer.cut(from, end);
    }
    if (operator === "c") this.insertMode();
    else this.lastChange = this.record;
  }

  private *visualCommand(terminal: Terminal, key: string): Gen<boolean> {
    const { buffer } = this;
    const start = this.visual!;
    if (key === "esc" || key === start.kind) {
      this.visual = undefined;
      return true;
    }
    if (key === ":") {
      const [low, high] = [Math.min(start.row, buffer.row), Math.max(start.row, buffer.row)];
      this.visual = undefined;
      yield* this.commandLine(terminal, ":", `${low + 1},${high + 1}`);
      return true;
    }
    const operator = { d: "d", x: "d", y: "y", c: "c", s: "c", ">": ">", "<": "<" }[key];
    if (operator === undefined) return false;
    this.visual = undefined;
    const end: Place = { row: buffer.row, column: buffer.column };
    const back = end.row < start.row || (end.row === start.row && end.column < start.column);
    const [from, to] = back ? [end, start] : [start, end];
    buffer.row = from.row;
    buffer.column = from.column;
    yield* this.operate(terminal, operator, 1, {
      row: to.row,
      column: to.column,
      kind: start.kind === "V" ? "lines" : "inclusive",
    });
    return true;
  }

  private put(after: boolean, count: number): void {
    const { buffer, register } = this;
    if (register.lines) {
      const lines = register.text.split("\n");
      const at = buffer.row + (after ? 1 : 0);
      for (let i = 0; i < count; i++) buffer.lines.splice(at, 0, ...lines);
      buffer.row = at;
      buffer.column = firstNonBlank(buffer.line);
      return;
    }
    if (after && buffer.line !== "") buffer.column += charAt(buffer.line, buffer.column);
    buffer.insert(register.text.repeat(count));
    buffer.left();
  }
}
