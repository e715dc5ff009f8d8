/** What each key of nano does. */
import type { Gen } from "../../../../kernel/index.ts";
import { complete } from "./complete.ts";
import { execute, insertFile, leave, switchTo, write } from "./files.ts";
import {
  backspace,
  bracket,
  change,
  comment,
  copy,
  count,
  cut,
  deleteKey,
  indent,
  justify,
  newLine,
  page,
  paste,
  scroll,
  type,
  vertical,
  word,
} from "./keys.ts";
import { again, gotoLine, replace, whereIs } from "./search.ts";
import type { Nano } from "./state.ts";
import { help, toggle } from "./toggles.ts";

/** Does what a key stands for. */
export function* obey(nano: Nano, key: string): Gen<void> {
  const { text, flags } = nano;
  switch (key) {
    case "ctrl-x":
      return yield* leave(nano);
    case "ctrl-o":
    case "ctrl-s":
      if (flags.view) nano.say("Key is invalid in view mode");
      else yield* write(nano, key === "ctrl-s");
      return;
    case "ctrl-r":
    case "insert":
      if (flags.view) nano.say("Key is invalid in view mode");
      else yield* insertFile(nano);
      return;
    case "ctrl-f":
    case "ctrl-w":
      return yield* whereIs(nano, false);
    case "ctrl-b":
    case "ctrl-q":
      return yield* whereIs(nano, true);
    case "ctrl-\\":
    case "ctrl-|":
    case "M-r":
      return yield* replace(nano);
    case "M-w":
    case "M-f":
      return again(nano, false);
    case "M-q":
    case "M-b":
      return again(nano, true);
    case "ctrl-_":
    case "ctrl-/":
    case "M-g":
      return yield* gotoLine(nano);
    case "ctrl-t":
      if (flags.view) nano.say("Key is invalid in view mode");
      else yield* execute(nano);
      return;
    case "ctrl-j":
      return justify(nano);
    case "ctrl-c":
      return nano.say(nano.location());
    case "ctrl-z":
      return nano.say("To suspend, type ^T^Z");
    case "ctrl-l":
      return nano.terminal.forget();
    case "up":
    case "ctrl-p":
      return vertical(nano, -1);
    case "down":
    case "ctrl-n":
      return vertical(nano, 1);
    case "pageup":
    case "ctrl-y":
      return page(nano, -1);
    case "pagedown":
    case "ctrl-v":
      return page(nano, 1);
    case "left":
      if (!text.left() && text.row > 0) {
        text.row--;
        text.column = text.line.length;
      }
      return;
    case "right":
      if (!text.right() && text.row + 1 < text.lines.length) {
        text.row++;
        text.column = 0;
      }
      return;
    case "home":
    case "ctrl-a":
      text.column = 0;
      return;
    case "end":
    case "ctrl-e":
      text.column = text.line.length;
      return;
    case "ctrl-right":
    case "ctrl-@":
      return word(nano, 1);
    case "ctrl-left":
    case "M- ":
      return word(nano, -1);
    case "M-\\":
    case "M-|":
    case "ctrl-home":
      text.row = text.column = 0;
      return;
    case "M-/":
    case "M-?":
    case "ctrl-end":
      text.row = text.lines.length - 1;
      text.column = text.line.length;
      return;
    case "ctrl-k":
      return cut(nano);
    case "M-t":
      nano.flags.cutToEnd = true;
      text.change("cut", () => {
        const end = text.lines.length - 1;
        nano.cutBuffer = text.cut(
          { row: text.row, column: text.column },
          { row: end, column: text.lines[end]!.length },
        );
      });
      nano.flags.cutToEnd = false;
      return nano.say("");
    case "M-6":
    case "M-^":
      return copy(nano);
    case "ctrl-u":
      return paste(nano);
    case "M-u":
    case "M-e":
      return undo(nano, key === "M-u");
    case "M-a":
    case "M-6 ":
    case "ctrl-^":
      if (nano.mark) {
        nano.mark = undefined;
        return nano.say("Mark Unset");
      }
      nano.mark = { row: text.row, column: text.column };
      return nano.say("Mark Set");
    case "M-}":
      return indent(nano, 1);
    case "M-{":
      return indent(nano, -1);
    case "M-3":
      return comment(nano);
    case "M-]":
      return bracket(nano);
    case "M-d":
      return count(nano);
    case "M-<":
    case "M-,":
      return switchTo(nano, -1);
    case "M->":
    case "M-.":
      return switchTo(nano, 1);
    case "M-:":
      if (nano.recording) {
        nano.macro = nano.recording.slice(0, -1);
        nano.recording = undefined;
        return nano.say("Stopped recording");
      }
      nano.recording = [];
      return nano.say("Recording a macro...");
    case "M-;":
      if (nano.macro.length === 0) return nano.say("Macro is empty");
      nano.replay.push(...nano.macro);
      return;
    case "backspace":
    case "ctrl-h":
      return backspace(nano);
    case "delete":
    case "ctrl-d":
      return deleteKey(nano);
    case "enter":
    case "ctrl-m":
      return newLine(nano);
    case "tab":
      if (nano.mark && nano.mark.row !== text.row) return indent(nano, 1);
      return type(nano, "\t");
    case "ctrl-g":
    case "f1":
      return yield* help(nano);
    case "M-v": {
      nano.say("");
      const next = yield* nano.terminal.key();
      if (next !== undefined)
        type(
          nano,
          next === "tab"
            ? "\t"
            : next === "esc"
              ? "\x1b"
              : next.startsWith("ctrl-")
                ? String.fromCharCode(next.charCodeAt(5) & 31)
                : next,
        );
      return;
    }
    case "paste-begin":
      return yield* pasted(nano);
    case "ctrl-]":
      return complete(nano);
    case "M-+":
    case "M-=":
      return scroll(nano, 1);
    case "M--":
    case "M-_":
      return scroll(nano, -1);
    case "M-#":
      return toggle(nano, "M-n");
    case "M-$":
      return toggle(nano, "M-s");
    case "M-y":
      return toggle(nano, "M-y");
    case "M-p":
    case "M-n":
    case "M-x":
    case "M-c":
    case "M-i":
    case "M-k":
    case "M-l":
    case "M-s":
    case "M-m":
    case "M-h":
    case "M-o":
    case "M-z":
      return toggle(nano, key);
    default:
      if ([...key].length === 1) type(nano, key);
      else if (/^(M-|ctrl-)/.test(key)) nano.say(unbound(key));
  }
}

function unbound(key: string): string {
  return key.startsWith("M-")
    ? `Unbound key: M-${key.slice(2).toUpperCase()}`
    : `Unbound key: ^${key.slice(5).toUpperCase()}`;
}

function undo(nano: Nano, back: boolean): void {
  if (nano.flags.view) {
    nano.say("Key is invalid in view mode");
    return;
  }
  const kind = nano.text.travel(back);
  nano.mark = undefined;
  nano.centre = true;
  if (kind === undefined) nano.say(back ? "Nothing to undo" : "Nothing to redo");
  else nano.say(`${back ? "Undid" : "Redid"} ${kind}`);
}

/** A paste: one change, without indentation of its own. */
function* pasted(nano: Nano): Gen<void> {
  let all = "";
  for (;;) {
    const key = yield* nano.terminal.key();
    if (key === undefined || key === "paste-end") break;
    all += key === "enter" ? "\n" : key === "tab" ? "\t" : [...key].length === 1 ? key : "";
  }
  change(nano, "insertion", () => nano.text.insert(all));
}
