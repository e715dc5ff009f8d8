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
  const found = yield* complete(editor.sh, before);
  const values = [...new Set(found.values)].sort(byCodePoint);
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
    yield* list(
      editor,
      values.map((value) => found.label?.(value) ?? value),
    );
    return;
  }
  if (values.length === 1) {
    replace(editor, found, values[0]! + (found.suffix?.(values[0]!) ?? " "));
    editor.completionChanged = true;
    return;
  }
  const common = commonPrefix(values);
  const atOnce = editor.sh.bindings.on("show-all-if-ambiguous");
  if (
    common.length > typed.length ||
    (common.length === typed.length && common !== typed && editor.sh.bindings.on("completion-ignore-case"))
  ) {
    if (atOnce)
      yield* list(
        editor,
        values.map((value) => found.label?.(value) ?? value),
      );
    replace(editor, found, common);
    editor.completionChanged = true;
    return;
  }
  if (!again && !atOnce) {
    editor.bell();
    return;
  }
  yield* list(
    editor,
    values.map((value) => found.label?.(value) ?? value),
  );
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
function* list(editor: Editor, labels: readonly string[]): Gen<void> {
  const { screen, line, tty } = editor;
  editor.put(screen.leave());
  if (labels.length > 100) {
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
  const width = Math.max(...labels.map(textWidth)) + 2;
  let across = Math.max(1, Math.floor(tty.columns / width));
  if (across > 1 && across * width === tty.columns) across--;
  const rows = Math.ceil(labels.length / across);
  let text = "";
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < across; column++) {
      const label = labels[column * rows + row];
      if (label === undefined) break;
      const more = labels[(column + 1) * rows + row] !== undefined && column + 1 < across;
      text += label + (more ? " ".repeat(width - textWidth(label)) : "");
    }
    text += "\n";
  }
  editor.put(text + screen.again(line.text, line.cursor, false));
}
