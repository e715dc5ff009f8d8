import type { Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { find, readText, writeText } from "../machine/sys.ts";
import { strftime } from "../text/time.ts";
import { pattern } from "./pattern.ts";
import type { Shell } from "./shell.ts";
import { shellCalendar } from "./zone.ts";

/** Most lines of one history. */
const MAX_LINES = 10_000;

/** Command history of an interactive shell. */
export class History {
  readonly lines: string[] = [];
  /** Seconds since 1970 at which each line was typed. */
  readonly times: number[] = [];
  /** Lines that were edited where they stand, which `history` marks. */
  private readonly changed: boolean[] = [];
  /** Number of the first line. */
  base = 1;
  /** How many of the last lines are not in HISTFILE yet. */
  private fresh = 0;
  /** How many lines of HISTFILE are known here. */
  private inFile = 0;

  /** The same for a subshell, whose changes stay there. */
  copy(): History {
    const other = new History();
    other.lines.push(...this.lines);
    other.times.push(...this.times);
    other.changed.push(...this.changed);
    other.base = this.base;
    other.fresh = this.fresh;
    other.inFile = this.inFile;
    return other;
  }

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
    if (control.includes("erasedups"))
      for (let i = this.lines.length - 1; i >= 0; i--) if (this.lines[i] === text) this.remove(i);
    this.push(text, seconds(sh));
    this.fresh++;
    const size = Number(sh.get("HISTSIZE") ?? 500);
    const limit = Number.isNaN(size) || size < 0 ? MAX_LINES : Math.min(size, MAX_LINES);
    while (this.lines.length > limit) {
      this.remove(0);
      this.base++;
    }
  }

  push(text: string, time: number): void {
    this.lines.push(text);
    this.times.push(time);
    this.changed.push(false);
  }

  /** Puts another text in a line's place. */
  change(at: number, text: string): void {
    if (this.lines[at] === undefined || this.lines[at] === text) return;
    this.lines[at] = text;
    this.changed[at] = true;
  }

  remove(at: number, count = 1): void {
    this.lines.splice(at, count);
    this.times.splice(at, count);
    this.changed.splice(at, count);
    this.fresh = Math.min(this.fresh, this.lines.length);
  }

  /** Lines of `history`: number, time by HISTTIMEFORMAT, text. */
  listed(sh: Shell, from: number): string {
    const format = sh.get("HISTTIMEFORMAT");
    let out = "";
    for (let i = from; i < this.lines.length; i++) {
      const time = format ? strftime(format, shellCalendar(sh, this.times[i]!), "libc") : "";
      out += `${String(this.base + i).padStart(5)}${this.changed[i] ? "*" : " "} ${time}${this.lines[i]}\n`;
    }
    return out;
  }

  /** Reads HISTFILE at the shell's start. */
  load(sh: Shell): void {
    const file = sh.get("HISTFILE");
    if (!file) return;
    try {
      this.read(sh, file);
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
    if (this.lines.length > MAX_LINES) this.remove(0, this.lines.length - MAX_LINES);
  }

  /** Adds the lines of a file; `#1234567890` is the time of the line below it. Throws what reading throws. */
  read(sh: Shell, file: string, onlyNew = false): void {
    let time: number | undefined;
    const kept = readText(sh.p, file)
      .split("\n")
      .filter((line) => line !== "");
    const from = onlyNew ? this.inFile : 0;
    this.inFile = kept.length;
    for (const line of kept.slice(from)) {
      const stamp = /^#(\d+)$/.exec(line)?.[1];
      if (stamp !== undefined) time = Number(stamp);
      else {
        this.push(line, time ?? seconds(sh));
        // Bash counts what `history -n` finds as its own.
        if (onlyNew && !sh.shopts.has("histappend")) this.fresh++;
        time = undefined;
      }
    }
  }

  /** Writes HISTFILE at the shell's end. */
  *save(sh: Shell): Gen<void> {
    this.saveNow(sh);
  }

  /** The same without a step, for a shell whose terminal has gone (SIGHUP). Other shells' lines in the file stay. */
  saveNow(sh: Shell): void {
    const file = sh.get("HISTFILE");
    if (!file || this.lines.length === 0) return;
    try {
      this.append(sh, file);
      const size = Number(sh.get("HISTFILESIZE") ?? 500);
      const all = readText(sh.p, file).split("\n").slice(0, -1);
      const lines = all.filter((line) => !/^#\d+$/.test(line)).length;
      if (size < 0 || lines <= size) return;
      let drop = lines - size;
      let at = 0;
      while (drop > 0 || /^#\d+$/.test(all[at - 1] ?? "")) if (!/^#\d+$/.test(all[at++]!)) drop--;
      this.put(sh, file, all.slice(at));
    } catch (error) {
      if (!isErrno(error)) throw error;
    }
  }

  /** Adds the lines of this session to a file (`history -a`). Throws what writing throws. */
  append(sh: Shell, file: string): void {
    const old = find(sh.p, file)?.kind === "file" ? readText(sh.p, file) : "";
    const from = this.lines.length - this.fresh;
    this.fresh = 0;
    const added = this.entries(sh, from);
    this.inFile += added.length;
    if (added.length > 0 || old === "")
      this.put(sh, file, [...(old === "" ? [] : old.replace(/\n$/, "").split("\n")), ...added]);
  }

  /** Writes all lines to a file (`history -w`). Throws what writing throws. */
  write(sh: Shell, file: string): void {
    const all = this.entries(sh, 0);
    this.inFile = all.length;
    this.put(sh, file, all);
  }

  /** As they stand in a file: with their times when HISTTIMEFORMAT is set. */
  private entries(sh: Shell, from: number): string[] {
    const stamped = sh.get("HISTTIMEFORMAT") !== undefined;
    return this.lines.slice(from).flatMap((line, i) => (stamped ? [`#${this.times[from + i]}`, line] : [line]));
  }

  private put(sh: Shell, file: string, lines: readonly string[]): void {
    writeText(sh.p, file, lines.map((line) => `${line}\n`).join(""), 0o600);
  }
}

function seconds(sh: Shell): number {
  return Math.floor(sh.p.machine.kernel.wallMs / 1000);
}
