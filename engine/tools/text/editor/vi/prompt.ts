/** The line typed at the bottom, behind : / ? or !. */
import type { Gen } from "../../../../kernel/index.ts";
import { readDir } from "../../../../machine/sys.ts";
import { textWidth } from "../../screen/terminal.ts";
import { ViError } from "./pattern.ts";
import { draw } from "./screen.ts";
import { find } from "./search.ts";
import type { Vi } from "./state.ts";

/** Asks for a line; undefined when it was given up. `kind` stands before it and names its history. */
export function* prompt(vi: Vi, kind: string, initial: string): Gen<string | undefined> {
  const past = vi.history[kind === ":" ? ":" : "/"]!;
  let chars = [...initial];
  let at = chars.length;
  let back = past.length;
  let typed = "";
  let candidates: { values: string[]; at: number; start: string } | undefined;
  const home = { ...vi.place, top: vi.top, wanted: vi.wanted };
  try {
    for (;;) {
      const text = chars.join("");
      if (kind !== ":" && vi.options.on("incsearch") && !vi.replaying) preview(vi, kind, text, home);
      const key = yield* keyAt(vi, kind + text, textWidth(kind) + textWidth(chars.slice(0, at).join("")));
      if (key !== "tab") candidates = undefined;
      switch (key) {
        case undefined:
        case "esc":
        case "ctrl-c":
          if (text !== "") past.push(text);
          return undefined;
        case "enter":
          if (text !== "") {
            vi.history[kind === ":" ? ":" : "/"] = [...past.filter((one) => one !== text), text];
          }
          return text;
        case "backspace":
          if (chars.length === 0) return undefined;
          if (at > 0) chars.splice(--at, 1);
          break;
        case "delete":
          chars.splice(at < chars.length ? at : --at, 1);
          at = Math.max(0, at);
          break;
        case "ctrl-u":
          chars.splice(0, at);
          at = 0;
          break;
        case "ctrl-w": {
          let from = at;
          while (from > 0 && /\s/.test(chars[from - 1]!)) from--;
          const word = /\w/.test(chars[from - 1] ?? "");
          while (from > 0 && !/\s/.test(chars[from - 1]!) && /\w/.test(chars[from - 1]!) === word) from--;
          chars.splice(from, at - from);
          at = from;
          break;
        }
        case "left":
          at = Math.max(0, at - 1);
          break;
        case "right":
          at = Math.min(chars.length, at + 1);
          break;
        case "home":
        case "ctrl-b":
          at = 0;
          break;
        case "end":
        case "ctrl-e":
          at = chars.length;
          break;
        case "up":
        case "down":
        case "ctrl-p":
        case "ctrl-n": {
          if (back === past.length) typed = text;
          const step = key === "up" || key === "ctrl-p" ? -1 : 1;
          let next = back + step;
          // Only lines that begin as what was typed.
          while (key === "up" || key === "down" ? past[next] !== undefined && !past[next]!.startsWith(typed) : false)
            next += step;
          if (next < 0 || next > past.length) break;
          back = next;
          chars = [...(past[next] ?? typed)];
          at = chars.length;
          break;
        }
        case "ctrl-r": {
          const name =
            (yield* keyAt(
              vi,
              `${kind}${chars.slice(0, at).join("")}"${chars.slice(at).join("")}`,
              textWidth(kind + chars.slice(0, at).join("")),
            )) ?? "esc";
          const { line, column } = vi.text;
          const word =
            name === "ctrl-w"
              ? /^\w+/.exec(line.slice(line.slice(0, column).search(/\w*$/)))?.[0]
              : vi.registers.get(name)?.text;
          const added = [...(word ?? "").replaceAll("\n", "\r")];
          chars.splice(at, 0, ...added);
          at += added.length;
          break;
        }
        case "ctrl-v": {
          const next = (yield* vi.key()) ?? "esc";
          chars.splice(at++, 0, next === "tab" ? "\t" : next === "esc" ? "\x1b" : next === "enter" ? "\r" : next);
          break;
        }
        case "paste-begin":
        case "paste-end":
          break;
        case "tab": {
          if (kind !== ":") {
            chars.splice(at++, 0, "\t");
            break;
          }
          if (candidates === undefined) candidates = { values: complete(vi, text), at: -1, start: text };
          if (candidates.values.length === 0) break;
          candidates.at = (candidates.at + 1) % candidates.values.length;
          chars = [...candidates.values[candidates.at]!];
          at = chars.length;
          break;
        }
        default:
          if ([...key].length !== 1) break;
          chars.splice(at++, 0, key);
      }
    }
  } finally {
    vi.goTo(home);
    vi.top = home.top;
    vi.wanted = home.wanted;
  }
}

function* keyAt(vi: Vi, text: string, at: number): Gen<string | undefined> {
  if (vi.replaying) return yield* vi.key();
  draw(vi, { typed: { text, at } });
  let key = yield* vi.terminal.key();
  while (key === "resize") {
    draw(vi, { typed: { text, at } });
    key = yield* vi.terminal.key();
  }
  if (key !== undefined) {
    vi.recorded.push(key);
    vi.recording?.keys.push(key);
  }
  return key;
}

/** 'incsearch': shows where the pattern typed so far would lead. */
function preview(vi: Vi, kind: string, text: string, home: { row: number; column: number; top: number }): void {
  vi.goTo(home);
  vi.top = home.top;
  if (text === "") return;
  try {
    const hit = find(vi, text, home, kind === "?");
    if (hit) vi.goTo(hit);
  } catch (error) {
    if (!(error instanceof ViError)) throw error;
  }
}

const COMMANDS = [
  "delete",
  "edit",
  "help",
  "join",
  "move",
  "next",
  "normal",
  "quit",
  "read",
  "set",
  "substitute",
  "write",
  "wq",
  "wqall",
];

/** Tab behind a colon: commands, or the file names that a word begins. */
function complete(vi: Vi, text: string): string[] {
  if (!text.includes(" ")) return COMMANDS.filter((name) => name.startsWith(text) && text !== "");
  const word = text.slice(text.lastIndexOf(" ") + 1);
  const cut = word.lastIndexOf("/") + 1;
  const dir = word.slice(0, cut);
  try {
    return [...readDir(vi.p, dir || ".")]
      .filter(
        ([name]) => name.startsWith(word.slice(cut)) && (!name.startsWith(".") || word.slice(cut).startsWith(".")),
      )
      .map(
        ([name, node]) => `${text.slice(0, text.length - word.length)}${dir}${name}${node.kind === "dir" ? "/" : ""}`,
      )
      .sort((a, b) => (a < b ? -1 : 1));
  } catch {
    return [];
  }
}
