/** What nano's keys do to the text. */

import { textRows } from "./screen.ts";
import { counted, type Nano } from "./state.ts";

const WORD = /[\p{L}\p{N}]/u;

/** Changes the text, unless it is only viewed. */
export function change(nano: Nano, kind: string, edit: () => void, joins = false): void {
  if (nano.flags.view) {
    nano.say("Key is invalid in view mode");
    return;
  }
  nano.text.change(kind, edit, joins);
  if (kind !== "cut" && kind !== "addition") nano.wanted = undefined;
}

/** A character as it was typed. */
export function type(nano: Nano, char: string): void {
  const { text, flags } = nano;
  change(
    nano,
    "addition",
    () => {
      const given = char === "\t" ? tabOf(text.path) : undefined;
      if (given !== undefined) text.insert(given);
      else if (char === "\t" && flags.tabsToSpaces) {
        const column = nano.columnOf(text.line, text.column);
        text.insert(" ".repeat(flags.tabSize - (column % flags.tabSize)));
      } else text.insert(char);
    },
    true,
  );
}

/** What a Tab gives in some kinds of files, as the syntaxes of nano's package have it (tabgives). */
function tabOf(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  return /\.ya?ml$/.test(path) ? "  " : /\.pyw?$/.test(path) ? "    " : undefined;
}

export function newLine(nano: Nano): void {
  const { text, flags } = nano;
  change(nano, "line break", () => {
    const lead = flags.autoIndent ? /^[ \t]*/.exec(text.line.slice(0, text.column))![0] : "";
    text.insert(`\n${lead}`);
  });
}

export function backspace(nano: Nano): void {
  const { text } = nano;
  if (nano.selection && dropSelection(nano)) return;
  if (text.column === 0 && text.row === 0) return;
  if (text.column > 0) {
    change(nano, "deletion", () => text.backspace(), true);
    return;
  }
  change(nano, "line join", () => text.backspace());
}

export function deleteKey(nano: Nano): void {
  const { text } = nano;
  if (nano.selection && dropSelection(nano)) return;
  if (text.column < text.line.length) {
    change(nano, "deletion", () => text.deleteChar(), true);
    return;
  }
  if (text.row + 1 < text.lines.length) change(nano, "line join", () => text.deleteChar());
}

/** Backspace and Delete on a marked text take it out; it is not kept for pasting. */
function dropSelection(nano: Nano): boolean {
  const area = nano.selection;
  if (area === undefined || (area.from.row === area.to.row && area.from.column === area.to.column)) return false;
  nano.mark = undefined;
  change(nano, "erasure", () => nano.text.cut(area.from, area.to));
  return true;
}

/** ^K: the marked text, or the line (from the cursor on, with M-K). */
export function cut(nano: Nano): void {
  const { text } = nano;
  nano.say("");
  const area = nano.selection;
  if (area) {
    change(nano, "cut", () => {
      nano.cutBuffer = text.cut(area.from, area.to);
    });
    nano.mark = undefined;
    return;
  }
  const last = text.row === text.lines.length - 1;
  const whole = !nano.flags.cutToEnd;
  if (last && (whole ? text.line === "" : text.column === text.line.length)) {
    nano.say("Nothing was cut");
    return;
  }
  change(
    nano,
    "cut",
    () => {
      let taken: string;
      if (whole) {
        taken = `${text.line}\n`;
        text.column = 0;
        if (last) text.line = "";
        else text.splice(text.row, 1);
      } else if (text.column === text.line.length) {
        taken = "\n";
        text.deleteChar();
      } else taken = text.cut({ row: text.row, column: text.column }, { row: text.row, column: text.line.length });
      nano.cutBuffer = nano.cutting ? nano.cutBuffer + taken : taken;
    },
    nano.cutting,
  );
  nano.cutting = true;
}

/** M-6: as ^K, but the text stays. */
export function copy(nano: Nano): void {
  const { text } = nano;
  const area = nano.selection;
  if (area) {
    nano.cutBuffer = text.between(area.from, area.to);
    nano.mark = undefined;
    nano.say("");
    return;
  }
  if (text.row === text.lines.length - 1 && text.line === "") {
    nano.say("Nothing was copied");
    return;
  }
  const taken = `${text.line}\n`;
  nano.cutBuffer = nano.cutting ? nano.cutBuffer + taken : taken;
  nano.cutting = true;
  if (text.row + 1 < text.lines.length) {
    text.row++;
    text.column = 0;
  }
}

export function paste(nano: Nano): void {
  nano.say("");
  if (nano.cutBuffer === "") {
    nano.say("Cutbuffer is empty");
    return;
  }
  const { text } = nano;
  change(nano, "paste", () => text.insert(nano.cutBuffer));
}

/** M-} and M-{: moves lines by a tab. */
export function indent(nano: Nano, by: 1 | -1): void {
  const { text, flags } = nano;
  const area = nano.selection;
  const first = area?.from.row ?? text.row;
  const last = area ? (area.to.column === 0 && area.to.row > first ? area.to.row - 1 : area.to.row) : text.row;
  if (by < 0 && text.lines.slice(first, last + 1).every((line) => !/^[ \t]/.test(line))) return;
  const shift = tabOf(text.path) ?? (flags.tabsToSpaces ? " ".repeat(flags.tabSize) : "\t");
  change(nano, by > 0 ? "indent" : "unindent", () => {
    for (let row = first; row <= last; row++) {
      const line = text.lines[row]!;
      let next = line;
      if (by > 0) next = line === "" ? line : shift + line;
      else {
        let gone = 0;
        while (gone < flags.tabSize && line[gone] === " ") gone++;
        next = line.slice(gone === 0 && line[0] === "\t" ? 1 : gone);
      }
      text.lines[row] = next;
      const moved = next.length - line.length;
      if (row === text.row) text.column = Math.max(0, text.column + (by > 0 && text.column === 0 ? 0 : moved));
      if (nano.mark?.row === row) nano.mark.column = Math.max(0, nano.mark.column + moved);
    }
  });
}

/** M-3: comments lines out, or in again. */
export function comment(nano: Nano): void {
  const { text } = nano;
  const area = nano.selection;
  const first = area?.from.row ?? text.row;
  const last = area ? (area.to.column === 0 && area.to.row > first ? area.to.row - 1 : area.to.row) : text.row;
  if (first === text.lines.length - 1) {
    nano.say("Cannot comment past end of file");
    return;
  }
  const off = text.lines.slice(first, last + 1).every((line) => line === "" || line.startsWith("#"));
  change(nano, off ? "uncomment" : "comment", () => {
    for (let row = first; row <= last; row++) {
      const line = text.lines[row]!;
      if (line === "" && (off || first !== last)) continue;
      text.lines[row] = off ? line.slice(1) : `#${line}`;
      if (row === text.row && text.column > 0) text.column = Math.max(0, text.column + (off ? -1 : 1));
    }
  });
}

/** The bracket that belongs to the one at the cursor (M-]). */
export function bracket(nano: Nano): void {
  const { text } = nano;
  const all = "([{<)]}>";
  const here = text.line[text.column] ?? "";
  const at = all.indexOf(here);
  if (here === "" || at < 0) {
    nano.say("Not a bracket");
    return;
  }
  const other = all[(at + 4) % 8]!;
  const step = at < 4 ? 1 : -1;
  let depth = 0;
  for (let { row } = text; row >= 0 && row < text.lines.length; row += step) {
    const line = text.lines[row]!;
    for (
      let k = row === text.row ? text.column : step > 0 ? 0 : line.length - 1;
      k >= 0 && k < line.length;
      k += step
    ) {
      if (line[k] === here) depth++;
      else if (line[k] === other && --depth === 0) {
        text.row = row;
        text.column = k;
        return;
      }
    }
  }
  nano.say("No matching bracket");
}

/** Ctrl-Right, Ctrl-Left. */
export function word(nano: Nano, by: 1 | -1): void {
  const { text } = nano;
  if (by > 0) {
    let started = WORD.test(text.line[text.column] ?? "");
    for (;;) {
      if (text.column >= text.line.length) {
        if (text.row + 1 >= text.lines.length) return;
        text.row++;
        text.column = 0;
        started = false;
        if (WORD.test(text.line[0] ?? "")) return;
        continue;
      }
      text.right();
      const on = WORD.test(text.line[text.column] ?? "");
      if (!on) started = false;
      else if (!started) return;
    }
  }
  for (;;) {
    if (text.column === 0) {
      if (text.row === 0) return;
      text.row--;
      text.column = text.line.length;
      if (text.column === 0) continue;
    }
    text.left();
    if (WORD.test(text.line[text.column]!) && !WORD.test(text.line[text.column - 1] ?? "")) return;
  }
}

/** M-D: lines, words and characters. */
export function count(nano: Nano): void {
  const area = nano.selection;
  const part = area ? nano.text.between(area.from, area.to) : nano.text.lines.join("\n");
  const words = (part.match(/[\p{L}\p{N}]+/gu) ?? []).length;
  const lines = area ? part.split("\n").length - (part.endsWith("\n") ? 1 : 0) : nano.text.count;
  nano.say(
    `${area ? "In Selection:  " : ""}${counted(lines, "line", "lines")},  ${counted(words, "word", "words")},  ${counted([...part].length, "character", "characters")}`,
  );
}

/** ^J: joins a paragraph and breaks it at the width. */
export function justify(nano: Nano): void {
  const { text, terminal } = nano;
  const blank = (row: number) => (text.lines[row] ?? "").trim() === "";
  let first = text.row;
  while (first < text.lines.length && blank(first)) first++;
  if (first >= text.lines.length) {
    nano.say("Nothing changed");
    return;
  }
  const lead = /^[ \t]*/.exec(text.lines[first]!)![0];
  const same = (row: number) => !blank(row) && /^[ \t]*/.exec(text.lines[row]!)![0] === lead;
  if (first === text.row) while (first > 0 && same(first - 1)) first--;
  let last = first;
  while (last + 1 < text.lines.length && same(last + 1)) last++;
  const words = text.lines
    .slice(first, last + 1)
    .join(" ")
    .trim()
    .split(/[ \t]+/);
  const lines: string[] = [];
  let line = lead;
  for (const one of words) {
    if (line !== lead && nano.widthOf(`${line} ${one}`) > terminal.columns - 8) {
      lines.push(line);
      line = lead + one;
    } else line += line === lead ? one : ` ${one}`;
  }
  lines.push(line);
  change(nano, "justification", () => {
    text.splice(first, last - first + 1, ...lines);
    text.row = first + lines.length;
    text.column = 0;
    text.bottom();
    text.row = Math.min(text.row, text.lines.length - 1);
  });
  nano.say("Justified paragraph");
}

/** Up, Down and whole pages. */
export function vertical(nano: Nano, by: number): void {
  const { text } = nano;
  const wanted = nano.wanted ?? nano.columnOf(text.line, text.column);
  const row = text.row + by;
  if (row < 0) text.column = by === -1 ? 0 : text.column;
  if (row >= text.lines.length && by === 1) text.column = text.line.length;
  if ((row < 0 || row >= text.lines.length) && Math.abs(by) === 1) return;
  text.row = Math.max(0, Math.min(text.lines.length - 1, row));
  text.column = nano.indexAt(text.line, wanted);
  nano.wanted = wanted;
}

export function page(nano: Nano, by: 1 | -1): void {
  const { text } = nano;
  const height = textRows(nano);
  const move = Math.max(1, height - 2);
  if (by < 0 && nano.top === 0) {
    text.row = 0;
    text.column = 0;
    return;
  }
  if (by > 0 && text.row + move >= text.lines.length - 1 && nano.top + height >= text.lines.length) {
    text.row = text.lines.length - 1;
    text.column = text.line.length;
    return;
  }
  const wanted = nano.wanted ?? nano.columnOf(text.line, text.column);
  nano.top = Math.max(0, Math.min(text.lines.length - 1, nano.top + by * move));
  text.row = Math.max(0, Math.min(text.lines.length - 1, text.row + by * move));
  text.column = nano.indexAt(text.line, wanted);
  nano.wanted = wanted;
}

/** M-+ and M--: the text moves below the cursor, which stays within the window. */
export function scroll(nano: Nano, by: 1 | -1): void {
  const { text } = nano;
  const height = textRows(nano);
  const top = nano.top + by;
  if (top < 0 || top > text.lines.length - 1) return;
  nano.top = top;
  if (text.row < top) vertical(nano, 1);
  else if (text.row >= top + height) vertical(nano, -1);
}
