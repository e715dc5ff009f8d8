import type { Process } from "../../../../machine/process.ts";
import * as sys from "../../../../machine/sys.ts";
import { Buffer } from "../buffer.ts";

interface State {
  lines: string[];
  row: number;
  column: number;
  modified: boolean;
}

interface Step {
  kind: string;
  before: State;
  after: State;
}

/** The text that nano edits: below the last line there is an empty one to type on; each change has a name for Undo. */
export class NanoText extends Buffer {
  private made: Step[] = [];
  private takenBack: Step[] = [];

  /** Loads a file, or begins a new one; the number of its lines. Throws EACCES, EISDIR. */
  read(p: Process, path: string): number {
    this.load(p, path);
    const size = this.existed ? sys.readBytes(p, path).length : 0;
    if (size === 0) return 0;
    const count = this.lines.length;
    this.bottom();
    return count;
  }

  /** Sees to the empty line at the bottom. */
  bottom(): void {
    if (this.lines.at(-1) !== "") this.lines.push("");
  }

  /** Lines without the empty one at the bottom. */
  get count(): number {
    return this.lines.length - (this.lines.at(-1) === "" ? 1 : 0);
  }

  get characters(): number {
    return this.lines.reduce((sum, line) => sum + [...line].length + 1, 0) - 1;
  }

  private get state(): State {
    return { lines: [...this.lines], row: this.row, column: this.column, modified: this.modified };
  }

  /** Makes a change. Those of one kind that follow each other at one place are undone together (`joins`). */
  change(kind: string, edit: () => void, joins = false): void {
    const before = this.state;
    edit();
    this.bottom();
    this.modified = true;
    this.takenBack = [];
    const last = this.made.at(-1);
    if (joins && last?.kind === kind && last.after.row === before.row && last.after.column === before.column) {
      last.after = this.state;
      return;
    }
    this.made.push({ kind, before, after: this.state });
    if (this.made.length > 200) this.made.shift();
  }

  /** Undo or Redo; the name of the change. */
  travel(back: boolean): string | undefined {
    const step = (back ? this.made : this.takenBack).pop();
    if (step === undefined) return undefined;
    (back ? this.takenBack : this.made).push(step);
    const state = back ? step.before : step.after;
    this.lines = [...state.lines];
    this.row = state.row;
    this.column = state.column;
    this.modified = back ? state.modified : true;
    return step.kind;
  }

  /** The file was saved: what is undone from here on differs from it. */
  saved(): void {
    this.modified = false;
    for (const step of [...this.made, ...this.takenBack]) step.before.modified = step.after.modified = true;
  }
}
