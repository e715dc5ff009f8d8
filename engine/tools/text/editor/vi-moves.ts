/** Where vi's motions and text objects lead. */
import type { Gen } from "../../../kernel/index.ts";
import type { Terminal } from "../screen/terminal.ts";
import {
  findChar,
  firstNonBlank,
  type Motion,
  matching,
  type Place,
  wordBackward,
  wordEnd,
  wordForward,
} from "./vi-motions.ts";
import { ViScreen } from "./vi-screen.ts";

export class ViMoves extends ViScreen {
  protected *motion(
    terminal: Terminal,
    key: string,
    count: number | undefined,
    pending = false,
  ): Gen<Motion | undefined> {
    const { buffer } = this;
    const n = count ?? 1;
    const at: Place = { row: buffer.row, column: buffer.column };
    const repeat = (step: (from: Place) => Place): Place => {
      let place = at;
      for (let i = 0; i < n; i++) place = step(place);
      return place;
    };
    const toRow = (row: number): Motion => {
      const target = Math.max(0, Math.min(row, buffer.lines.length - 1));
      return { row: target, column: firstNonBlank(buffer.lines[target]!), kind: "lines" };
    };
    const vertical = (by: number): Motion | undefined => {
      const row = buffer.row + by;
      if (row < 0 || row >= buffer.lines.length) return undefined;
      const column = buffer.screenColumn;
      buffer.goTo(row, column);
      const place = { row: buffer.row, column: buffer.column };
      buffer.row = at.row;
      buffer.column = at.column;
      return { ...place, kind: "lines" };
    };
    switch (key) {
      case "h":
      case "left":
      case "backspace":
        return buffer.column === 0 ? undefined : { row: at.row, column: Math.max(0, at.column - n), kind: "exclusive" };
      case "l":
      case "right":
      case " ":
        return { row: at.row, column: Math.min(buffer.line.length, at.column + n), kind: "exclusive" };
      case "j":
      case "down":
      case "ctrl-n":
      case "ctrl-j":
        return vertical(n);
      case "k":
      case "up":
      case "ctrl-p":
        return vertical(-n);
      case "enter":
      case "+":
        return buffer.row + n < buffer.lines.length ? toRow(buffer.row + n) : undefined;
      case "-":
        return buffer.row - n >= 0 ? toRow(buffer.row - n) : undefined;
      case "0":
      case "home":
        return { row: at.row, column: 0, kind: "exclusive" };
      case "^":
        return { row: at.row, column: firstNonBlank(buffer.line), kind: "exclusive" };
      case "$":
      case "end": {
        const row = Math.min(buffer.lines.length - 1, at.row + n - 1);
        return { row, column: Math.max(0, buffer.lines[row]!.length - 1), kind: "inclusive" };
      }
      case "w":
      case "W":
        return { ...repeat((from) => wordForward(buffer, from, key === "W")), kind: "exclusive" };
      case "b":
      case "B":
        return { ...repeat((from) => wordBackward(buffer, from, key === "B")), kind: "exclusive" };
      case "e":
      case "E":
        return { ...repeat((from) => wordEnd(buffer, from, key === "E")), kind: "inclusive" };
      case "G":
        return toRow(count === undefined ? buffer.lines.length - 1 : count - 1);
      case "g": {
        const next = yield* this.key(terminal);
        return next === "g" ? toRow(n - 1) : undefined;
      }
      case "H":
        return toRow(this.top + n - 1);
      case "M":
        return toRow(this.top + Math.floor(Math.min(terminal.rows - 1, buffer.lines.length - this.top) / 2));
      case "L":
        return toRow(this.top + terminal.rows - 1 - n);
      case "{":
      case "}": {
        const step = key === "}" ? 1 : -1;
        let row = at.row;
        for (let i = 0; i < n; i++) {
          while (buffer.lines[row] === "" && buffer.lines[row + step] !== undefined) row += step;
          while (buffer.lines[row] !== undefined && buffer.lines[row] !== "") row += step;
        }
        row = Math.max(0, Math.min(row, buffer.lines.length - 1));
        return {
          row,
          column: key === "}" && buffer.lines[row] !== "" ? buffer.lines[row]!.length : 0,
          kind: "exclusive",
        };
      }
      case "%": {
        const place = matching(buffer);
        return place && { ...place, kind: "inclusive" };
      }
      case "f":
      case "F":
      case "t":
      case "T": {
        const char = yield* this.key(terminal);
        if (char === undefined) return undefined;
        this.lastFind = [key, char];
        const place = findChar(buffer, key, char === "tab" ? "\t" : char, n);
        return place && { ...place, kind: key === "f" || key === "t" ? "inclusive" : "exclusive" };
      }
      case ";":
      case ",": {
        if (this.lastFind === undefined) return undefined;
        const [kind, char] = this.lastFind;
        const turned = key === ";" ? kind : kind === kind.toLowerCase() ? kind.toUpperCase() : kind.toLowerCase();
        const place = findChar(buffer, turned, char, n);
        return place && { ...place, kind: "ft".includes(turned) ? "inclusive" : "exclusive" };
      }
      case "/":
      case "?":
        yield* this.commandLine(terminal, key, "");
        return pending || this.found !== undefined ? this.found : at && { ...at, kind: "exclusive" };
      case "n":
      case "N":
        return this.search((key === "n") !== this.searchBack);
      case "*":
      case "#": {
        const word = /^\w+/.exec(buffer.line.slice(buffer.line.slice(0, at.column).search(/\w*$/)))?.[0];
        if (word === undefined) return undefined;
        this.lastPattern = `\\<${word}\\>`;
        this.searchBack = key === "#";
        return this.search(key === "*");
      }
      case "ctrl-f":
      case "pagedown":
        this.top = Math.min(buffer.lines.length - 1, this.top + n * (terminal.rows - 3));
        return toRow(this.top);
      case "ctrl-b":
      case "pageup":
        this.top = Math.max(0, this.top - n * (terminal.rows - 3));
        return toRow(Math.min(at.row, this.top + terminal.rows - 2));
      case "ctrl-d":
        return toRow(at.row + Math.floor((terminal.rows - 1) / 2));
      case "ctrl-u":
        return toRow(at.row - Math.floor((terminal.rows - 1) / 2));
      default:
        return undefined;
    }
  }

  protected textObject(kind: string, object: string): [Place, Place] | undefined {
    const { buffer } = this;
    const { row, line } = buffer;
    if (object === "w" || object === "W") {
      const same = object === "W" ? /\S/ : /\w/;
      const like = (at: number) =>
        line[at] === undefined ? undefined : /\s/.test(line[at]!) ? "blank" : same.test(line[at]!) ? "word" : "mark";
      let from = buffer.column;
      let to = buffer.column;
      const of = like(from);
      if (of === undefined) return undefined;
      while (from > 0 && like(from - 1) === of) from--;
      while (to < line.length && like(to) === of) to++;
      if (kind === "a") while (to < line.length && like(to) === "blank") to++;
      return [
        { row, column: from },
        { row, column: to },
      ];
    }
    const pair = {
      '"': '""',
      "'": "''",
      "`": "``",
      "(": "()",
      ")": "()",
      b: "()",
      "[": "[]",
      "]": "[]",
      "{": "{}",
      "}": "{}",
      B: "{}",
      "<": "<>",
      ">": "<>",
    }[object];
    if (pair === undefined) return undefined;
    let from = line.lastIndexOf(pair[0]!, buffer.column);
    let to = line.indexOf(pair[1]!, Math.max(from + 1, buffer.column));
    if (pair[0] === pair[1] && (from < 0 || to < 0)) {
      from = line.indexOf(pair[0]!, buffer.column);
      to = line.indexOf(pair[1]!, from + 1);
    }
    if (from < 0 || to < 0) return undefined;
    return kind === "i"
      ? [
          { row, column: from + 1 },
          { row, column: to },
        ]
      : [
          { row, column: from },
          { row, column: to + 1 },
        ];
  }

  /** d, c, y, > or < from the cursor to a place. */
}
