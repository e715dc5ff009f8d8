import type { Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { readText, writeText } from "../machine/sys.ts";
import { pattern } from "./pattern.ts";
import type { Shell } from "./shell.ts";

/** Most lines of one history. */
const MAX_LINES = 10_000;

/** Command history of an interactive shell. */
export class History {
  lines: string[] = [];
  /** Number of the first line. */
  base = 1;

  /** Number of the next line. */
  number(): number {
    return this.base + this.lines.length;
  }

  /** Adds a command, as HISTCONTROL and HISTIGNORE say. */
  add(sh: Shell, text: string): void {
    if (text.trim() === "") return;
    const control = (sh.get("HISTCONTROL") ?? "").split(":");
    const both = control.includes("ignoreboth");
    if ((both || control.includes("ignorespace")) && text.startsWith(" ")) return;
    if ((both || control.includes("ignoredups")) && this.lines.at(-1) === text) return;
    for (const one of (sh.get("HISTIGNORE") ?? "").split(":")) {
      if (one !== "" && pattern(one.replaceAll("&", this.lines.at(-1) ?? "")).matches(text)) return;
    }
    if (control.includes("erasedups")) this.lines = this.lines.filter((line) => line !== text);
    this.lines.push(text);
    const size = Number(sh.get("HISTSIZE") ?? 500);
    const limit = Number.isNaN(size) || size < 0 ? MAX_LINES : Math.min(size, MAX_LINES);
    while (this.lines.length > limit) {
      this.lines.shift();
      this.base++;
    }
  }

  /** Reads HISTFILE. */
  load(sh: Shell): void {
    const file = sh.get("HISTFILE");
    if (!file) return;
    try {
      this.lines.push(
        ...readText(sh.p, file)
          .split("\n")
          .filter((line) => line !== "")
          .slice(-MAX_LINES),
      );
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }

  /** Writes HISTFILE at the shell's end. */
  *save(sh: Shell): Gen<void> {
    this.saveNow(sh);
  }

  /** The same without a step, for a shell whose terminal has gone (SIGHUP). */
  saveNow(sh: Shell): void {
    const file = sh.get("HISTFILE");
    if (!file || this.lines.length === 0) return;
    const size = Number(sh.get("HISTFILESIZE") ?? 500);
    const lines = size >= 0 ? this.lines.slice(-size) : this.lines;
    try {
      writeText(sh.p, file, lines.map((line) => `${line}\n`).join(""), 0o600);
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }
}

export type Expanded = { text: string; changed: boolean; printOnly: boolean } | { error: string };

/** History expansion: `!!`, `!n`, `!-n`, `!text`, `!?text?`, `!$`, `!^`, `!*`, `:n`, `^old^new`. */
export function expandHistory(history: History, line: string): Expanded {
  const quick = /^\^([^^]*)\^([^^]*)\^?([\s\S]*)$/.exec(line);
  if (quick) {
    const last = history.lines.at(-1);
    if (last === undefined || !last.includes(quick[1]!)) return { error: `:s${line.trim()}: substitution failed` };
    return { text: last.replace(quick[1]!, () => quick[2]!) + quick[3], changed: true, printOnly: false };
  }
  if (!line.includes("!")) return { text: line, changed: false, printOnly: false };
  let out = "";
  let changed = false;
  let printOnly = false;
  let single = false;
  let double = false;
  for (let i = 0; i < line.length; ) {
    const c = line[i]!;
    if (c === "\\" && !single) {
      out += c + (line[i + 1] ?? "");
      i += 2;
      continue;
    }
    if (c === "'" && !double) single = !single;
    else if (c === '"' && !single) double = !double;
    const next = line[i + 1];
    if (
      c !== "!" ||
      single ||
      next === undefined ||
      /[\s=]/.test(next) ||
      (next === "(" && !double) ||
      (double && next === '"')
    ) {
      out += c;
      i++;
      continue;
    }
    const event = readEvent(history, line, i);
    if ("error" in event) return event;
    const words = readWords(event.text, line, event.end);
    if ("error" in words) return words;
    out += words.text;
    printOnly ||= words.printOnly;
    i = words.end;
    changed = true;
  }
  return { text: out, changed, printOnly };
}

function readEvent(history: History, line: string, i: number): { text: string; end: number } | { error: string } {
  const { lines, base } = history;
  const rest = line.slice(i);
  const designator = /^!(?:!|(-?\d+)|\?([^?\n]*)\??|(?=[$^*:])|#|([^\s:$^*;&|<>()"'!]+))/.exec(rest);
  if (designator === null) return { text: "!", end: i + 1 };
  const end = i + designator[0].length;
  let text: string | undefined;
  if (designator[1] !== undefined) {
    const n = Number(designator[1]);
    text = n < 0 ? lines[lines.length + n] : lines[n - base];
  } else if (designator[2] !== undefined) text = lines.findLast((one) => one.includes(designator[2]!));
  else if (designator[3] !== undefined) text = lines.findLast((one) => one.startsWith(designator[3]!));
  else if (designator[0] === "!#") text = line.slice(0, i);
  else text = lines.at(-1);
  return text === undefined ? { error: `${designator[0]}: event not found` } : { text, end };
}

function readWords(
  text: string,
  line: string,
  i: number,
): { text: string; end: number; printOnly: boolean } | { error: string } {
  let out = text;
  let end = i;
  let printOnly = false;
  const words = text.trim().match(/(?:[^\s'"\\]|\\.|'[^']*'|"(?:[^"\\]|\\.)*")+/g) ?? [];
  const pick = /^:?([$^*])|^:(\d+)(?:-(\d+|\$)|(-|\*))?/.exec(line.slice(end));
  if (pick) {
    end += pick[0].length;
    if (pick[1] === "$") out = words.at(-1) ?? "";
    else if (pick[1] === "^") out = words[1] ?? "";
    else if (pick[1] === "*") out = words.slice(1).join(" ");
    else {
      const from = Number(pick[2]);
      const to =
        pick[3] === "$" || pick[4] === "*"
          ? words.length
          : pick[3] !== undefined
            ? Number(pick[3]) + 1
            : pick[4] === "-"
              ? words.length - 1
              : from + 1;
      if (words[from] === undefined) return { error: `${pick[0]}: bad word specifier` };
      out = words.slice(from, to).join(" ");
    }
  }
  for (;;) {
    const modifier = /^:(?:([hrtepq])|(g?)s\/([^/]*)\/([^/]*)\/?)/.exec(line.slice(end));
    if (modifier === null) return { text: out, end, printOnly };
    end += modifier[0].length;
    if (modifier[3] !== undefined)
      out = modifier[2] ? out.split(modifier[3]).join(modifier[4]) : out.replace(modifier[3], () => modifier[4]!);
    else if (modifier[1] === "h") out = out.replace(/\/[^/]*$/, "");
    else if (modifier[1] === "t") out = out.slice(out.lastIndexOf("/") + 1);
    else if (modifier[1] === "r") out = out.replace(/\.[^./]*$/, "");
    else if (modifier[1] === "e") out = /\.[^./]*$/.exec(out)?.[0] ?? "";
    else if (modifier[1] === "p") printOnly = true;
  }
}
