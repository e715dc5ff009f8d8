import type { Gen } from "../../kernel/index.ts";
import { type Candidates, complete, fileCandidates } from "../completion.ts";
import { byCodePoint } from "../glob.ts";
import type { Editor } from "./editor.ts";
import { type Completing, ofKind } from "./kinds.ts";
import { textWidth } from "./width.ts";

/**
 * The Tab key: completes the word before the cursor; pressed again, lists what there is. `how`: `M-?` only lists, `M-*`
 * inserts all. `kind`: what the key completes, whatever the command would.
 */
export function* completeWord(editor: Editor, again: boolean, { how, kind }: Completing = {}): Gen<void> {
  const { line } = editor;
  const { bindings } = editor.sh;
  // A Tab that has changed the line is no first Tab: the next one only rings.
  if (editor.completionChanged) again = how !== undefined;
  editor.completionChanged = false;
  const before = line.chars.slice(0, line.cursor).join("");
  const listing = how === "list" || (how === undefined && again);
  const type = how === "insert" ? "*" : how ? "%" : bindings.on("show-all-if-ambiguous") ? "!" : "\t";
  const after = line.chars.slice(line.cursor).join("");
  const command = editor.answering ? ": " : "";
  const found = kind
    ? ofKind(editor.sh, kind, before, how === undefined)
    : yield* complete(editor.sh, command + before, after, (listing ? "?" : type).charCodeAt(0));
  if (kind === undefined) found.start -= command.length;
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
    const prefix = menu.line === "" && bindings.on("menu-complete-display-prefix") ? commonPrefix(values) : "";
    if (prefix.length > typed.length) {
      replace(editor, found, prefix);
      editor.menu = { ...menu, line: line.text };
      return;
    }
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
    const bare = value.endsWith("/") && (after.startsWith("/") || bindings.variables.get("mark-directories") === "off");
    replace(editor, found, bare ? value.slice(0, -1) : value);
    if (after === "") line.insert(found.suffix?.(value) ?? " ");
    editor.completionChanged = true;
    return;
  }
  const common = commonPrefix(values);
  const atOnce = bindings.on("show-all-if-ambiguous");
  // What a program offers takes the place of what was typed even where it is shorter.
  const shorter = found.sorted !== undefined && found.label === undefined && common !== "" && common !== typed;
  if (
    shorter ||
    common.length > typed.length ||
    (common.length === typed.length && common !== typed && bindings.on("completion-ignore-case")) ||
    kind === "pattern"
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

/** `M-{`: the files that begin so, as one word in braces (bracecomp.c). */
export function* completeIntoBraces(editor: Editor): Gen<void> {
  const { line } = editor;
  const found = fileCandidates(editor.sh, line.chars.slice(0, line.cursor).join(""));
  const names = [...new Set(found.values.map((name) => name.replace(/\/$/, "")))].sort(byCodePoint);
  if (names.length === 0) editor.bell();
  else replace(editor, found, `${inBraces(names, "")} `);
}

/** Names that share a beginning stand in braces behind it; those that share none stand in braces of their own. */
function inBraces(names: readonly string[], shared: string): string {
  const parts: string[] = [];
  for (let from = 0; from < names.length; ) {
    let to = from + 1;
    while (to < names.length && commonPrefix([names[from]!, names[to]!]).length > shared.length) to++;
    const group = names.slice(from, to);
    const common = commonPrefix(group);
    parts.push(common.slice(shared.length) + (group.length > 1 ? inBraces(group, common) : ""));
    from = to;
  }
  return parts.length === 1 ? parts[0]! : `{${parts.join(",")}}`;
}

function replace(editor: Editor, found: Candidates, text: string): void {
  const { line } = editor;
  const start = [...line.chars.join("").slice(0, found.start)].length;
  line.replace(start, line.cursor, text);
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
  const { variables } = editor.sh.bindings;
  const asked = Number(variables.get("completion-query-items") ?? QUERY_ITEMS);
  if (asked > 0 && labels.length >= asked) {
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
  const given = Number(variables.get("completion-display-width") ?? -1);
  const columns = given >= 0 && given <= tty.columns ? given : tty.columns;
  const sideways = editor.sh.bindings.on("print-completions-horizontally");
  let across = Math.max(1, Math.floor(columns / width));
  if (across > 1 && across * width === columns) across--;
  const rows = Math.ceil(labels.length / across);
  let text = "";
  let shown = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < across; column++) {
      const at = (place: number) => labels[sideways ? row * across + place : place * rows + row];
      const label = at(column);
      if (label === undefined) break;
      const more = at(column + 1) !== undefined && column + 1 < across;
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
