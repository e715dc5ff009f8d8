/** Lists to choose from. */
import type { Gen } from "../../kernel/index.ts";
import type { Client } from "./client.ts";
import type { Line } from "./line.ts";
import { lineOf, type Mode, SELECTED } from "./mode.ts";
import type { Pane } from "./model.ts";

export interface Choice {
  text: string;
  choose: (client: Client) => void;
  remove?: (client: Client) => void;
}

/** A list to choose from: sessions, windows, clients, paste buffers. */
export class ListMode implements Mode {
  readonly name: "tree-mode" | "buffer-mode" | "client-mode";
  private readonly pane: Pane;
  private readonly choices: () => Choice[];
  private at: number;

  constructor(pane: Pane, name: ListMode["name"], choices: () => Choice[], at: number) {
    this.pane = pane;
    this.name = name;
    this.choices = choices;
    this.at = Math.max(0, at);
  }

  resized(): void {}

  view(columns: number, rows: number): { lines: Line[]; row: number; column: number; cursor: boolean } {
    const choices = this.choices();
    const top = Math.max(0, this.at - rows + 1);
    const lines = choices.slice(top, top + rows).map((choice, i) => {
      const number = top + i < 10 ? `(${top + i})` : top + i < 36 ? `(M-${String.fromCharCode(87 + top + i)})` : "";
      const text = `${number.padEnd(choices.length > 10 ? 5 : 3)} ${choice.text}`.slice(0, columns);
      return top + i === this.at ? lineOf(text.padEnd(columns), SELECTED) : lineOf(text);
    });
    return { lines, row: this.at - top, column: 0, cursor: false };
  }

  *key(name: string, client: Client): Gen<void> {
    const choices = this.choices();
    const leave = () => {
      this.pane.mode = undefined;
    };
    if (name === "q" || name === "Escape" || name === "C-g" || name === "C-c") leave();
    else if (name === "Up" || name === "k" || name === "C-p") this.at = (this.at + choices.length - 1) % choices.length;
    else if (name === "Down" || name === "j" || name === "C-n") this.at = (this.at + 1) % choices.length;
    else if (name === "Home" || name === "g") this.at = 0;
    else if (name === "End" || name === "G") this.at = choices.length - 1;
    else if (name === "x" || name === "d") {
      choices[this.at]?.remove?.(client);
      const left = this.choices().length;
      if (left === 0) leave();
      else this.at = Math.min(this.at, left - 1);
    } else {
      const digit = /^\d$/.test(name) ? Number(name) : undefined;
      const chosen = name === "Enter" ? choices[this.at] : digit === undefined ? undefined : choices[digit];
      if (chosen) {
        leave();
        chosen.choose(client);
      }
    }
    client.server.changed();
  }
}
