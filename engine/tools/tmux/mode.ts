/** What covers a pane for a while. */
import type { Gen } from "../../kernel/index.ts";
import type { Client } from "./client.ts";
import { Line } from "./line.ts";

export interface Mode {
  readonly name: "copy-mode" | "view-mode" | "tree-mode" | "buffer-mode" | "client-mode" | "clock-mode";
  /** Rows to show, and where the cursor stands. */
  view(columns: number, rows: number): { lines: Line[]; row: number; column: number; cursor: boolean };
  key(name: string, client: Client): Gen<void>;
  resized(): void;
}

export function lineOf(text: string, look = ""): Line {
  const line = new Line();
  let column = 0;
  for (const char of text) line.put(column++, char, look);
  return line;
}

/** Text of a command (`list-keys` and the like) as lines. */
export function textLines(text: string): Line[] {
  return text
    .replace(/\n$/, "")
    .split("\n")
    .map((one) => lineOf(one));
}

/** Looks of SGR: black on yellow for what is selected and for positions. */
export const SELECTED = "y30 z43";
