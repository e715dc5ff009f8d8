import type { Gen } from "../../kernel/index.ts";
import type { Editor } from "./editor.ts";
import type { Key } from "./keys.ts";

/** Ctrl-R: looks back through the history as the text grows. Gives the key that ended it, to be obeyed. */
export function* reverseSearch(editor: Editor): Gen<Key | undefined> {
  const lines = editor.sh.history?.lines ?? [];
  const { screen, line } = editor;
  const { prompt } = screen;
  const original = line.text;
  let wanted = "";
  let place = lines.length;
  let found = original;
  let failed = false;
  const show = () => {
    editor.put(`\r\x1b[J${screen.begin(`(${failed ? "failed " : ""}reverse-i-search)\`${wanted}': `, screen.columns)}`);
    const at = wanted === "" ? 0 : [...found.slice(0, Math.max(0, found.lastIndexOf(wanted)))].length;
    editor.put(screen.draw(found, at));
  };
  const look = (from: number) => {
    for (let i = Math.min(from, lines.length - 1); i >= 0; i--) {
      if (!lines[i]!.includes(wanted)) continue;
      place = i;
      found = lines[i]!;
      failed = false;
      return;
    }
    failed = true;
  };
  const finish = (text: string) => {
    editor.take(text, place < lines.length ? place : undefined);
    editor.put(`\r\x1b[J${screen.begin(prompt, screen.columns)}`);
  };
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
      place = lines.length;
      failed = false;
      if (wanted !== "") look(place);
      else found = original;
    } else if (key.name === "C-r") {
      if (wanted !== "") look(place - 1);
    } else if (key.name === "C-g") {
      finish(original);
      editor.bell();
      return undefined;
    } else {
      finish(found);
      return key.name === "escape" ? undefined : key;
    }
    show();
  }
}
