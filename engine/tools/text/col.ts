/** col(1) and colrm(1): columns and backspaces of what nroff wrote. */

import { decode } from "../../kernel/index.ts";
import { readWhole } from "../io.ts";
import { Fatal, tool } from "../tool.ts";
import { linesOf } from "./input.ts";

/** col(1): a line's characters at their columns, the last one written there (-b) or each with backspaces between. */
export const col = tool(
  {
    name: "col",
    usage: "[options]",
    about: "Filter out reverse line feeds from standard input.",
    version: "col from util-linux 2.38.1",
    short: "bfhpxl:",
    long: "no-backspaces=b fine=f pass=p tabs=h spaces=x lines:=l",
  },
  function* (t, o) {
    for (const line of linesOf(decode(yield* readWhole(t.p, 0)))) {
      const cells: string[][] = [];
      let column = 0;
      for (const char of line) {
        if (char === "\b") column = Math.max(0, column - 1);
        else if (char === "\r") column = 0;
        else if (char === "\t") column += 8 - (column % 8);
        else if (char === " ") column++;
        else if (char >= " " && char !== "\x7f") {
          const there = (cells[column] ??= []);
          if (o.has("b")) cells[column] = [char];
          else if (!there.includes(char)) there.push(char);
          column++;
        }
      }
      let text = "";
      let at = 0;
      for (let i = 0; i < cells.length; i++) {
        const here = cells[i];
        if (here === undefined) continue;
        if (!o.has("x"))
          for (let stop = at + 8 - (at % 8); stop <= i && i - at > 1; stop = at + 8 - (at % 8)) {
            text += "\t";
            at = stop;
          }
        text += " ".repeat(i - at) + here.join("\b");
        at = i + 1;
      }
      t.out.add(`${text}\n`);
    }
    return 0;
  },
);

/** colrm(1): lines without the columns from the first to the last. */
export const colrm = tool(
  {
    name: "colrm",
    usage: "[startcol [endcol]]",
    about: "Filter out the specified columns.",
    version: "colrm from util-linux 2.38.1",
    short: "",
  },
  function* (t, o) {
    const column = (i: number, name: string) => {
      const text = o.operands[i];
      if (text !== undefined && !/^\d+$/.test(text)) throw new Fatal(`${name} argument: '${text}'`);
      return text === undefined ? undefined : Number(text);
    };
    const first = column(0, "first");
    const last = column(1, "second") ?? Number.POSITIVE_INFINITY;
    const text = decode(yield* readWhole(t.p, 0));
    const lines = linesOf(text);
    lines.forEach((line, i) => {
      let at = 0;
      let out = "";
      for (const char of line) {
        at = char === "\t" ? (Math.floor(at / 8) + 1) * 8 : char === "\b" ? Math.max(0, at - 1) : at + 1;
        if (first === undefined || first === 0 || at < first || at > last) out += char;
      }
      t.out.add(out + (i < lines.length - 1 || text.endsWith("\n") ? "\n" : ""));
    });
    return 0;
  },
);
