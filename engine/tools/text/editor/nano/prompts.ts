/** Questions in the status bar: a text, or one key of several. */
import type { Gen } from "../../../../kernel/index.ts";
import { readDir } from "../../../../machine/sys.ts";
import { textWidth } from "../../screen/terminal.ts";
import { draw, type Menu } from "./screen.ts";
import type { Nano } from "./state.ts";

const FROM_ALT = /^M-(.)$/;

/** The next key; Escape and a character as `M-x`. */
export function* nextKey(nano: Nano): Gen<string | undefined> {
  const again = nano.replay.shift();
  if (again !== undefined) return again;
  let key = yield* nano.terminal.key();
  if (key === "esc") {
    const next = yield* nano.terminal.key();
    if (next === undefined) return undefined;
    key = next === "esc" ? "esc" : [...next].length === 1 ? `M-${next.toLowerCase()}` : `M-${next}`;
  }
  if (key !== undefined) nano.recording?.push(key);
  return key;
}

export type Answer = { text: string; key: "enter" | string } | undefined;

/**
 * Asks for a line; undefined when cancelled. Keys named in `also` end it too and are told. `label` is asked anew after
 * each key, since toggles change it.
 */
export function* ask(
  nano: Nano,
  how: {
    label: () => string;
    initial?: string;
    menu: Menu;
    history?: string[];
    also?: readonly string[];
    /** Keys that switch something; one that gives false empties the line if nothing was typed. */
    toggles?: Record<string, () => unknown>;
    files?: boolean;
  },
): Gen<Answer> {
  let chars = [...(how.initial ?? "")];
  let at = chars.length;
  const past = how.history ?? [];
  let back = past.length;
  let typed = "";
  for (;;) {
    const label = `${how.label()}: `;
    const shown = chars.join("");
    draw(nano, { text: label + shown, at: textWidth(label) + textWidth(chars.slice(0, at).join("")), menu: how.menu });
    const key = yield* nextKey(nano);
    if (key === undefined || key === "ctrl-c") return undefined;
    if (key === "enter") return { text: shown, key };
    const alt = FROM_ALT.exec(key)?.[0];
    if (alt && how.toggles?.[alt]) {
      if (how.toggles[alt]() === false && shown === how.initial) {
        chars = [];
        at = 0;
      }
      continue;
    }
    if (how.also?.includes(key)) return { text: shown, key };
    switch (key) {
      case "backspace":
      case "ctrl-h":
        if (at > 0) chars.splice(--at, 1);
        break;
      case "delete":
      case "ctrl-d":
        chars.splice(at, 1);
        break;
      case "left":
      case "ctrl-b":
        at = Math.max(0, at - 1);
        break;
      case "right":
      case "ctrl-f":
        at = Math.min(chars.length, at + 1);
        break;
      case "home":
      case "ctrl-a":
        at = 0;
        break;
      case "end":
      case "ctrl-e":
        at = chars.length;
        break;
      case "ctrl-k":
      case "ctrl-u":
        if (key === "ctrl-k") {
          nano.cutBuffer = shown;
          chars = [];
          at = 0;
        } else {
          const added = [...(nano.cutBuffer.split("\n")[0] ?? "")];
          chars.splice(at, 0, ...added);
          at += added.length;
        }
        break;
      case "up":
      case "ctrl-p":
      case "down":
      case "ctrl-n": {
        if (back === past.length) typed = shown;
        back = Math.max(0, Math.min(past.length, back + (key === "up" || key === "ctrl-p" ? -1 : 1)));
        chars = [...(past[back] ?? typed)];
        at = chars.length;
        break;
      }
      case "tab":
        if (how.files) {
          chars = [...completed(nano, shown)];
          at = chars.length;
        }
        break;
      default:
        if ([...key].length !== 1) break;
        chars.splice(at++, 0, key);
    }
  }
}

/** A file's name as far as it is certain. */
function completed(nano: Nano, text: string): string {
  const cut = text.lastIndexOf("/") + 1;
  const dir = text.slice(0, cut);
  const matches: string[] = [];
  try {
    for (const [name, node] of readDir(nano.t.p, dir || "."))
      if (name.startsWith(text.slice(cut))) matches.push(name + (node.kind === "dir" ? "/" : ""));
  } catch {
    return text;
  }
  if (matches.length === 0) return text;
  let common = matches[0]!;
  for (const one of matches) while (!one.startsWith(common)) common = common.slice(0, -1);
  return dir + common;
}

/** Asks for one of some keys; undefined when cancelled. */
export function* choose(nano: Nano, question: string, all = false): Gen<"yes" | "no" | "all" | undefined> {
  const menu: Menu = all
    ? [
        [" Y", "Yes"],
        [" N", "No"],
        [" A", "All"],
        ["^C", "Cancel"],
      ]
    : [
        [" Y", "Yes"],
        [" N", "No"],
        ["", ""],
        ["^C", "Cancel"],
      ];
  for (;;) {
    draw(nano, { text: question, at: textWidth(question) + (all ? 0 : 1), menu, answers: true });
    const key = yield* nextKey(nano);
    if (key === undefined) return "no";
    if (/^[yY]$/.test(key)) return "yes";
    if (/^[nN]$/.test(key)) return "no";
    if (all && /^[aA]$/.test(key)) return "all";
    if (key === "ctrl-c") return undefined;
  }
}
