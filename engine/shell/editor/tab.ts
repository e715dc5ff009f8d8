import type { Gen } from "../../kernel/index.ts";
import { type Candidates, complete } from "../completion.ts";
import { byCodePoint } from "../glob.ts";
import type { Editor } from "./editor.ts";
import { textWidth } from "./width.ts";

/**
 * The Tab key: completes the word before the cursor; pressed again, lists what there is. `how`: `M-?` only lists, `M-*`
 * inserts all.
 */
export function* completeWord(
  editor: Editor,
  again: boolean,
  how?: "list" | "insert" | "next" | "previous",
): Gen<void> {
  const { line } = editor;
  // A Tab that has changed the line is no first Tab: the next one only rings.
  if (editor.completionChanged) again = how !== undefined;
  editor.completionChanged = false;
  const before = line.chars.slice(0, line.cursor).join("");
  const listing = how === "list" || (how === undefined && again);
  const type = how === "insert" ? "*" : how ? "%" : editor.sh.bindings.on("show-all-if-ambiguous") ? "!" : "\t";
  const after = line.chars.slice(line.cursor).join("");
  const command = editor.answering ? ": " : "";
  const found = yield* complete(editor.sh, command + before, after, (listing ? "?" : type).charCodeAt(0));
  found.start -= command.length;
  const values =
    found.sorted === false
      ? found.values.filter((value, i) => value !== found.values[i - 1])
      : [...new Set(found.values)].sort(byCodePoint);
  if (values.length === 0) {
    editor.bell();
    return;
  }
  const typed = before.slice(found.start);
  if (how === "next" || how === "previous") {
    // What was put last time stands there now.
    const menu =
      editor.menu !== undefined && editor.menu.line === line.text
        ? editor.menu
        : { found, values, at: how === "next" ? -1 : values.length, line: "" };
    menu.at = (menu.at + (how === "next" ? 1 : -1) + menu.values.length) % menu.values.length;
    const value = menu.values[menu.at]!;
    replace(editor, menu.found, value + (menu.found.suffix?.(value) ?? " "));
    editor.menu = { ...menu, line: line.text };
    return;
  }
  if (how === "insert") {
    replace(editor, found, `${values.join(" ")} `);
    return;
  }
  if (how === "list") {
    yield* list(editor, values, found.label);
    return;
  }
  if (values.length === 1) {
    const [value] = values as [string];
    replace(editor, found, value.endsWith("/") && after.startsWith("/") ? value.slice(0, -1) : value);
    if (after === "") line.insert(found.suffix?.(value) ?? " ");
    editor.completionChanged = true;
    return;
  }
  const common = commonPrefix(values);
  const atOnce = editor.sh.bindings.on("show-all-if-ambiguous");
  // What a program offers takes the place of what was typed even where it is shorter.
  const shorter = found.sorted !== undefined && found.label === undefined && common !== "" && common !== typed;
  if (
    shorter ||
    common.length > typed.length ||
    (common.length === typed.length && common !== typed && editor.sh.bindings.on("completion-ignore-case"))
  ) {
    if (atOnce) yield* list(editor, values, found.label);
    replace(editor, found, common);
    editor.completionChanged = true;
    return;
  }
  if (!again && !atOnce) {
    editor.bell();
    return;
  }
  yield* list(editor, values, found.label);
}

function replace(editor: Editor, found: Candidates, text: string): void {
  const { line } = editor;
  const start = [...line.chars.join("").slice(0, found.start)].length;
  line.delete(start, line.cursor);
  line.insert(text);
}

function commonPrefix(values: readonly string[]): string {
  let prefix = [...values[0]!];
  for (const value of values) {
    const chars = [...value];
    let i = 0;
    while (i < prefix.length && prefix[i] === chars[i]) i++;
    prefix = prefix.slice(0, i);
  }
  return prefix.join("");
}

/** Lists candidates in columns below the line, and the line again. */
function* list(editor: Editor, values: readonly string[], label: Candidates["label"]): Gen<void> {
  const labels = label ? values.map(label) : values;
  const { screen, line, tty } = editor;
  editor.put(screen.leave());
  if (labels.length >= QUERY_ITEMS) {
    editor.put(`Display all ${labels.length} possibilities? (y or n)`);
    for (;;) {
      const key = yield* editor.keys.next();
      if (key === undefined || key.text === "n" || key.text === "N" || key.name === "backspace" || key.name === "C-g") {
        editor.put(`\n${screen.again(line.text, line.cursor, false)}`);
        return;
      }
      if (key.text === "y" || key.text === "Y" || key.text === " " || key.name === "tab") break;
    }
    editor.put("\n");
  }
  // The slash of a directory comes on top of what was measured.
  const measured = label ? labels.map((text) => text.replace(/(.)\/$/, "$1")) : labels;
  const width = Math.max(...measured.map(textWidth)) + 2;
  let across = Math.max(1, Math.floor(tty.columns / width));
  if (across > 1 && across * width === tty.columns) across--;
  const rows = Math.ceil(labels.length / across);
  let text = "";
  let shown = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < across; column++) {
      const label = labels[column * rows + row];
      if (label === undefined) break;
      const more = labels[(column + 1) * rows + row] !== undefined && column + 1 < across;
      text += label + (more ? " ".repeat(Math.max(0, width - textWidth(label))) : "");
    }
    text += "\n";
    if (++shown < tty.rows - 1 || row === rows - 1) continue;
    editor.put(`${text}--More--`);
    text = "";
    const more = yield* pageKey(editor);
    editor.put("\r\x1b[K");
    if (more === undefined) break;
    shown = more === "line" ? shown - 1 : 0;
  }
  editor.put(text + screen.again(line.text, line.cursor, false));
}

/** readline's completion-query-items: so many are asked about before they are listed. */
const QUERY_ITEMS = 100;

/** What a key asks for when the screen is full: another page or line, or no more. */
function* pageKey(editor: Editor): Gen<"page" | "line" | undefined> {
  for (;;) {
    const key = yield* editor.keys.next();
    if (key === undefined || key.name === "backspace" || key.name === "C-g" || /^[nNqQ]$/.test(key.text ?? ""))
      return undefined;
    if (/^[yY ]$/.test(key.text ?? "") || key.name === "tab") return "page";
    if (key.name === "enter" || key.name === "C-j") return "line";
    editor.bell();
  }
}
