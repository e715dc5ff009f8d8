import type { Gen } from "../../kernel/index.ts";
import type { Editor } from "./editor.ts";
import type { Key } from "./keys.ts";

/**
 * Ctrl-R and Ctrl-S: looks through the history as the text grows, back or forward. Gives the key that ended it, to be
 * obeyed.
 */
export function* incrementalSearch(editor: Editor, forward: boolean): Gen<Key | undefined> {
  const lines = editor.sh.history?.lines ?? [];
  const { screen, line } = editor;
  const { prompt } = screen;
  const original = line.text;
  let wanted = "";
  let place = lines.length;
  let found = original;
  let failed = false;
  /** Where the match begins, in characters. */
  let at = 0;
  const show = () => {
    const label = `(${failed ? "failed " : ""}${forward ? "" : "reverse-"}i-search)\`${wanted}': `;
    if (wanted === "") at = 0;
    else if (!failed) at = [...found.slice(0, Math.max(0, found.lastIndexOf(wanted)))].length;
    editor.put(screen.relabel(label, found, at));
  };
  const look = (from: number) => {
    const step = forward ? 1 : -1;
    for (let i = Math.min(from, lines.length - 1); i >= 0 && i < lines.length; i += step) {
      if (!lines[i]!.includes(wanted)) continue;
      place = i;
      found = lines[i]!;
      failed = false;
      return;
    }
    failed = true;
  };
  const finish = (text: string, cursor?: number) => {
    if (wanted !== "") editor.lastSearch = wanted;
    editor.keys.loneEscape = editor.sh.options.has("vi") ? "vi" : undefined;
    editor.take(text, place < lines.length ? place : undefined, cursor);
    editor.put(screen.relabel(prompt, line.text, line.cursor));
  };
  editor.keys.loneEscape = "search";
  show();
  for (;;) {
    const key = yield* editor.keys.next();
    if (key === undefined) {
      finish(original);
      return undefined;
    }
    if (key.name === "char") {
      wanted += key.text;
      look(place);
    } else if (key.name === "backspace") {
      wanted = [...wanted].slice(0, -1).join("");
      failed = false;
      if (wanted !== "") look(place);
    } else if (key.name === "C-r" || key.name === "C-s") {
      forward = key.name === "C-s";
      if (wanted === "") wanted = editor.lastSearch;
      if (wanted !== "") look(forward ? place + 1 : place - 1);
    } else if (key.name === "C-g") {
      finish(original);
      editor.bell();
      return undefined;
    } else {
      finish(found, wanted === "" ? undefined : at);
      return key.name === "escape" ? undefined : key;
    }
    show();
  }
}
