/** Ex commands: what is typed behind a colon, and what a vimrc holds. */
import type { Gen } from "../../../../kernel/index.ts";
import { isErrno } from "../../../../machine/errno.ts";
import * as sys from "../../../../machine/sys.ts";
import { filter } from "../filter.ts";
import { bufferOf, forget, listing, show as showBuffer, toBuffer } from "./buffers.ts";
import { aboutFile, edit, leave, nextFile, write, writeAll } from "./ex-files.ts";
import { EDITS } from "./ex-lines.ts";
import { fullName } from "./ex-names.ts";
import { bangCommand, withNames } from "./ex-shell.ts";
import { evaluate, normalKeys, set, show } from "./ex-told.ts";
import { closeWindow, newTabPage, quitWindow, resizeCommand, splitWindow, tabCommand } from "./ex-windows.ts";
import { fileName, readLines, writeFile } from "./files.ts";
import { ViError } from "./pattern.ts";
import { prompt } from "./prompt.ts";
import { ordered, type Range, readRange } from "./range.ts";
import { draw } from "./screen.ts";
import type { Vi } from "./state.ts";
import { globally, substitute } from "./substitute.ts";
import { runOnTerminal, suspend } from "./suspend.ts";
import { map } from "./vimrc.ts";
import { only, open as openWindow } from "./windows.ts";

/** A command as it was read. */
export interface Line {
  range: Range;
  /** In order and within the text. */
  rows: { first: number; last: number };
  bang: boolean;
  argument: string;
}

/** Asks for a command line and does it. */
export function* commandPrompt(vi: Vi, initial: string): Gen<void> {
  vi.pending = "";
  vi.message = "";
  const typed = yield* prompt(vi, ":", initial);
  if (typed === undefined) return;
  vi.message = `:${typed}`;
  // Commands for what was selected find the cursor where that begins.
  const start = typed.startsWith("'<,'>") ? vi.text.marks.get("<") : undefined;
  if (start) vi.goTo(start);
  if (typed.trim() !== "" && typed !== "@:") vi.lastCommand = typed;
  yield* ex(vi, typed);
}

/** Does a command line; what is wrong with it is said, and ends it. */
export function* ex(vi: Vi, source: string): Gen<void> {
  try {
    for (const one of split(source)) {
      yield* single(vi, one);
      if (vi.status !== undefined) return;
    }
  } catch (error) {
    if (!(error instanceof ViError)) throw error;
    vi.say(error.message);
    vi.beep();
  }
}

/** Commands parted by bars, but for those that take bars as their own. */
function split(source: string): string[] {
  const out: string[] = [];
  let rest = source;
  for (;;) {
    if (
      /^[\s:]*[%\d,.$'<>;+\-a-z]*?(g|global|v|vglobal|norm|normal|map|nmap|imap|nnoremap|inoremap|noremap|vmap|vnoremap|ab|iab|au|autocmd|!|r\s*!|w\s*!)!?(?![a-zA-Z])/.test(
        rest,
      ) &&
      !/^[\s:]*[%\d,.$'<>]*s[^a-z]/.test(rest)
    )
      return [...out, rest];
    let i = 0;
    while (i < rest.length && rest[i] !== "|") i += rest[i] === "\\" || rest[i] === "\x16" ? 2 : 1;
    out.push(rest.slice(0, i));
    if (i >= rest.length) return out;
    rest = rest.slice(i + 1);
  }
}

function* single(vi: Vi, source: string): Gen<void> {
  const [range, after] = readRange(vi, source);
  const text = after.replace(/^[ \t:]+/, "");
  if (text === "" || text.startsWith('"')) {
    if (range.given > 0 && source.trim() !== "'<,'>") {
      vi.jump();
      if (range.last < -1 || (range.last >= vi.text.lines.length && range.given > 1))
        throw new ViError("E16: Invalid range");
      const row = Math.max(0, Math.min(range.last, vi.text.lines.length - 1));
      vi.goTo({ row, column: Math.max(0, vi.text.lines[row]!.search(/\S|.$/)) });
    }
    return;
  }
  const symbol = /^(&&|[&<>=~!@#*]|s(?=[^a-zA-Z0-9\s"|\\])|[gv]!?(?=[^a-zA-Z0-9\s"|!]))/.exec(text);
  let name: string | undefined;
  let rest: string;
  if (symbol) {
    name = symbol[1]!.replace(/!$/, "") === "" ? symbol[1]! : symbol[1]!;
    rest = text.slice(name.length);
  } else {
    const word = /^(k(?=\s*[a-zA-Z]$)|dl?(?=\d|\s|$)|[a-zA-Z]+)/.exec(text)?.[0] ?? "";
    name = word === "" ? undefined : fullName(word === "dl" ? "d" : word);
    rest = text.slice(word.length);
  }
  if (name === undefined) throw new ViError(`E492: Not an editor command: ${source.trim()}`);
  let bang = false;
  if (/^(g|v)!$/.test(name)) {
    bang = true;
    name = name[0]!;
  } else if (/^[a-z]{1,}$/i.test(name) && rest.startsWith("!") && name !== "s") {
    bang = true;
    rest = rest.slice(1);
  }
  const argument = rest.trim();
  if (range.given === 2 && range.first > range.last) {
    if ((yield* question(vi, "Backwards range given, OK to swap (y/n)?")) !== "y")
      throw new ViError("E493: Backwards range given");
  }
  // A number before these is no line.
  const counts = /^(w?next|v?split|v?new|sview|b(uffer|next|previous|Next)|tab.*|resize|close)$/.test(name);
  const rows = counts ? { first: vi.text.row, last: vi.text.row } : ordered(vi, range);
  const line: Line = { range, rows, bang, argument };
  const whole = { first: 0, last: vi.text.lines.length - 1 };
  switch (name) {
    case "s":
    case "substitute":
      return yield* substitute(vi, rows, rest.replace(/^[ \t]+/, ""), undefined);
    case "&":
    case "&&":
    case "~":
      return yield* substitute(vi, rows, rest, name);
    case "g":
    case "global":
    case "v":
    case "vglobal":
      return yield* globally(
        vi,
        range.given > 0 ? rows : whole,
        rest.replace(/^[ \t]+/, ""),
        name.startsWith("v") || bang,
      );
    case "!":
      return yield* bangCommand(vi, line);
    case "normal":
      return yield* normalKeys(vi, range.given > 0 ? rows : undefined, rest.replace(/^[ \t]/, ""));
    case "silent":
      yield* ex(vi, argument);
      return;
    case "execute":
      yield* ex(vi, /^(["'])(.*)\1$/s.exec(argument)?.[2] ?? argument);
      return;
    case "read":
      if (argument.startsWith("!") || bang) {
        const { text: output } = yield* filter(vi.p, withNames(vi, argument.slice(bang ? 0 : 1)), "");
        vi.change();
        const lines = output === "" ? [] : output.replace(/\n$/, "").split("\n");
        insertLines(vi, range.given > 0 ? range.last : vi.text.row, lines);
        vi.text.row = (range.given > 0 ? range.last : vi.text.row - 1) + lines.length;
        return;
      }
      {
        const lines = readLines(vi, argument === "" ? (vi.text.path ?? "") : fileName(vi, argument));
        vi.change();
        return insertLines(vi, range.given > 0 ? range.last : vi.text.row, lines);
      }
    case "write":
      if (argument.startsWith("!")) {
        const part = range.given > 0 ? vi.text.lines.slice(rows.first, rows.last + 1) : vi.text.lines;
        draw(vi);
        const command = withNames(vi, argument.slice(1));
        const { text: output } = yield* filter(vi.p, command, part.map((one) => `${one}\n`).join(""));
        yield* vi.page([...output.replace(/\n$/, "").split("\n"), ""], `:${source}`);
        return;
      }
      return write(vi, line, range.given > 0);
    case "update":
      if (vi.text.modified) write(vi, line, false);
      return;
    case "wq":
    case "xit":
    case "exit":
      if (/^\d+$/.test(argument) && name !== "wq") line.argument = "";
      if (name === "wq" || vi.text.modified || line.argument !== "" || !vi.text.existed)
        write(vi, line, range.given > 0);
      return quitWindow(vi, bang);
    case "wqall":
    case "xall":
    case "wall":
      writeAll(vi, bang);
      if (name !== "wall") leave(vi, true);
      return;
    case "quit":
      if (!/^\d*$/.test(argument)) throw new ViError(`E488: Trailing characters: ${argument.replace(/^\d+/, "")}`);
      return quitWindow(vi, bang);
    case "close":
      return closeWindow(vi, bang);
    case "only":
      return only(vi);
    case "qall":
    case "quitall": {
      const changed = vi.buffers.find((one) => one.modified);
      if (changed && !bang)
        throw new ViError(
          `E37: No write since last change\nE162: No write since last change for buffer "${changed.path ?? "[No Name]"}"`,
        );
      return leave(vi, true);
    }
    case "cquit":
      vi.status = Number(argument || 1);
      return;
    case "edit":
    case "view":
      return edit(vi, argument, bang);
    case "enew":
      return showBuffer(vi, bufferOf(vi, undefined), { force: bang });
    case "split":
    case "vsplit":
    case "new":
    case "vnew":
    case "sview":
      return splitWindow(vi, name, line);
    case "tabedit":
    case "tabnew":
      return newTabPage(vi, line);
    case "tabnext":
    case "tabNext":
    case "tabprevious":
    case "tabfirst":
    case "tabrewind":
    case "tablast":
    case "tabclose":
    case "tabonly":
      return tabCommand(vi, name, line);
    case "resize":
      return resizeCommand(vi, argument, "height");
    case "vertical": {
      const inner = /^(\S+?)(?=[-+\d\s]|$)\s*(.*)$/.exec(argument);
      const what = fullName(inner?.[1] ?? "");
      if (what === "resize") return resizeCommand(vi, inner![2]!, "width");
      if (what === "split" || what === "new") return splitWindow(vi, `v${what}`, { ...line, argument: inner![2]! });
      return yield* ex(vi, argument);
    }
    case "next":
    case "wnext":
    case "previous":
    case "rewind":
    case "first":
    case "last":
      if (name === "wnext") {
        write(vi, { ...line, argument: "" }, false);
        const said = vi.message;
        if (vi.files.length <= 1) throw new ViError(`${said}\nE163: There is only one file to edit`);
      }
      return nextFile(
        vi,
        name === "rewind" || name === "first"
          ? 0
          : name === "last"
            ? vi.files.length - 1
            : vi.fileAt + (name === "previous" ? -1 : 1),
        bang,
      );
    case "bnext":
    case "bprevious":
    case "bNext":
    case "bfirst":
    case "brewind":
    case "blast":
    case "buffer":
      return toBuffer(vi, name, argument || (range.given > 0 ? String(range.last + 1) : ""), bang);
    case "sbuffer":
      openWindow(vi, "height");
      return toBuffer(vi, "buffer", argument, bang);
    case "bdelete":
      return forget(vi, argument, bang);
    case "buffers":
    case "files":
    case "ls":
      yield* vi.page(listing(vi), `:${source}`);
      return;
    case "saveas":
      writeFile(vi, { path: fileName(vi, argument), force: bang });
      vi.alternate = vi.text.path;
      vi.text.path = fileName(vi, argument);
      vi.text.modified = false;
      return;
    case "file":
      if (argument !== "") {
        vi.alternate = vi.text.path;
        vi.text.path = fileName(vi, argument);
        vi.text.existed = false;
        vi.text.notEdited = true;
      }
      return aboutFile(vi);
    case "set":
    case "setlocal":
    case "setglobal":
      return yield* set(vi, argument, source, name !== "setlocal");
    case "print":
    case "Print":
    case "number":
    case "#":
    case "list":
      return yield* show(vi, rows, name === "number" || name === "#", source);
    case "=":
      vi.say(String(range.given > 0 ? range.last + 1 : vi.text.lines.length));
      return;
    case "echo":
      vi.say(argument === "" ? "" : evaluate(argument));
      return;
    case "let": {
      const match = /^@([a-zA-Z0-9"])\s*=\s*(["'])(.*)\2$/s.exec(argument);
      if (match)
        vi.registers.set(match[1]!, {
          text: match[2] === '"' ? match[3]!.replace(/\\<esc>/gi, "\x1b").replace(/\\n/g, "\n") : match[3]!,
          kind: "characters",
        });
      return;
    }
    case "registers":
    case "display":
      yield* vi.page(["Type Name Content", ...vi.registers.listed(argument.replace(/\s/g, ""))], `:${source}`);
      return;
    case "marks": {
      const rowsOf = [...vi.text.marks].filter(([one]) => /^['a-zA-Z"[\]^.<>]$/.test(one));
      yield* vi.page(
        [
          "mark line  col file/text",
          ...rowsOf.map(
            ([one, place]) =>
              ` ${one} ${String(place.row + 1).padStart(6)} ${String(place.column).padStart(4)} ${vi.text.lines[place.row] ?? ""}`,
          ),
        ],
        `:${source}`,
      );
      return;
    }
    case "history":
      yield* vi.page(
        [
          "      #  cmd history",
          ...vi.history[":"]!.map(
            (one, i, all) => `${i === all.length - 1 ? ">" : " "}${String(i + 1).padStart(6)}  ${one}`,
          ),
        ],
        `:${source}`,
      );
      return;
    case "undo":
      if (argument !== "") return vi.say(vi.text.travelTo(Number(argument), vi.now));
      vi.say(vi.text.travel(true, vi.now));
      return;
    case "redo":
    case "earlier":
    case "later":
      vi.say(vi.text.travel(name === "earlier", vi.now));
      return;
    case "nohlsearch":
      vi.highlighting = false;
      return;
    case "mark":
    case "k":
      if (!/^[a-zA-Z'`]$/.test(argument))
        throw new ViError(argument === "" ? "E471: Argument required" : `E488: Trailing characters: ${argument}`);
      vi.text.marks.set(argument, { row: rows.last, column: 0 });
      return;
    case "stop":
    case "suspend":
      return yield* suspend(vi);
    case "shell":
      yield* runOnTerminal(vi, vi.p.env.get("SHELL") ?? "bash");
      vi.terminal.take();
      return;
    case "startinsert":
      vi.feed([bang ? "A" : "i"]);
      vi.message = "";
      return;
    case "help":
      vi.say(argument === "" ? "E433: No tags file" : `E149: Sorry, no help for ${argument}`);
      return;
    case "cd":
      try {
        sys.chdir(vi.p, argument === "" ? (vi.p.env.get("HOME") ?? "/") : fileName(vi, argument));
      } catch (error) {
        if (!isErrno(error)) throw error;
        throw new ViError(`E344: Can't find directory "${argument}" in cdpath\nE472: Command failed`);
      }
      return;
    case "messages":
      if (vi.told.length > 1) yield* vi.page(vi.told, `:${source}`);
      else vi.message = vi.told[0] ?? vi.message;
      return;
    case "args":
      return vi.say(vi.files.map((one, i) => (i === vi.fileAt ? `[${one}]` : one)).join(" "));
    case "undolist":
      return vi.say("Nothing to undo");
    case "pwd":
      vi.say(vi.p.cwd);
      return;
    case "version":
      vi.say("VIM - Vi IMproved 9.1 (2024 Jan 02)");
      return;
    case "@":
      if (argument === ":" || argument === "") return yield* ex(vi, vi.lastCommand);
      for (const one of (vi.registers.get(argument)?.text ?? "").split("\n")) if (one !== "") yield* ex(vi, one);
      return;
    case "map":
    case "nmap":
    case "noremap":
    case "nnoremap":
    case "imap":
    case "inoremap":
    case "vmap":
    case "vnoremap":
      return map(vi, name, argument);
    case "abbreviate":
    case "iabbrev": {
      const [from, ...to] = argument.split(/\s+/);
      if (from && to.length > 0) vi.abbreviations.set(from, to.join(" "));
      return;
    }
    case "colorscheme":
      vi.say("");
      return;
    default: {
      const edits = EDITS[name];
      if (edits) edits(vi, line, rest);
      // What is left changes colours and the like.
    }
  }
}

/** Asks something at the bottom; the key typed. */
function* question(vi: Vi, text: string): Gen<string> {
  if (vi.replaying) return (yield* vi.key()) ?? "esc";
  draw(vi, { asked: text });
  return (yield* vi.terminal.key()) ?? "esc";
}

/** Puts lines below a row; the cursor goes to the first. */
export function insertLines(vi: Vi, below: number, lines: readonly string[]): void {
  const { text } = vi;
  if (lines.length === 0) return;
  text.splice(below + 1, 0, ...lines);
  vi.goTo({ row: below + 1, column: Math.max(0, lines[0]!.search(/\S|.$/)) });
  if (lines.length > 2 && vi.message.startsWith(":")) vi.say(`${lines.length} more lines`);
}
