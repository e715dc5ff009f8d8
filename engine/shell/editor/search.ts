import type { Gen } from "../../kernel/index.ts";
import type { Editor } from "./editor.ts";
import type { Key } from "./keys.ts";

/** Position in a text that counts characters, for one that counts UTF-16 units. */
const characters = (text: string, units: number): number => [...text.slice(0, units)].length;

/**
 * Ctrl-R and Ctrl-S: looks through the history as the text grows, back or forward, from the cursor on. Gives the key that
 * ended it, to be obeyed. What backspace, `C-w` and `C-y` do to the text, and which places count, is as in readline's isearch.c.
 */
export function* incrementalSearch(editor: Editor, forward: boolean): Gen<Key | undefined> {
  const { screen, line } = editor;
  const { prompt } = screen;
  const original = line.text;
  const start = editor.at;
  const savedCursor = line.cursor;
  const known = editor.sh.history?.lines ?? [];
  const lines = [...known, start === known.length ? original : editor.newest];
  let wanted = "";
  let failed = false;
  let place = start;
  let foundPlace = start;
  let foundLine: string | undefined;
  /** The line that is looked at, and where in it. */
  let text = original;
  let index = line.chars.slice(0, savedCursor).join("").length;
  /** What is shown: the line that was found last. */
  let shown = original;
  let shownAt = savedCursor;

  const show = () => {
    const label = `(${failed ? "failed " : ""}${forward ? "" : "reverse-"}i-search)\`${wanted}': `;
    editor.put(screen.relabel(label, shown, shownAt));
  };
  const step = () => (forward ? 1 : -1);
  const look = () => {
    failed = wanted === "";
    while (!failed) {
      const at = forward ? text.indexOf(wanted, index) : index < 0 ? -1 : text.lastIndexOf(wanted, index);
      if (at >= 0) {
        index = at;
        foundLine = shown = text;
        foundPlace = place;
        shownAt = characters(text, at);
        return;
      }
      index = Math.max(0, forward ? text.length : 0);
      do {
        place += step();
        failed = place < 0 || place >= lines.length;
        if (!failed) text = lines[place]!;
      } while (!failed && (text === foundLine || wanted.length > text.length));
      if (!failed) index = forward ? 0 : text.length - wanted.length;
    }
    editor.bell();
    place = foundPlace;
  };
  const leave = () => {
    if (wanted !== "") editor.lastSearch = wanted;
    editor.keys.loneEscape = editor.sh.options.has("vi") ? "vi" : undefined;
    editor.put(screen.relabel(prompt, line.text, line.cursor));
  };
  /** The word, or all, that follows what was found, as more to look for. */
  const more = (whole: boolean) => {
    const rest = shown.slice([...shown].slice(0, shownAt).join("").length + wanted.length);
    const added = whole ? rest : (/^[^\p{L}\p{N}]*[\p{L}\p{N}]+/u.exec(rest)?.[0] ?? rest);
    if (added === "") editor.bell();
    wanted += added;
  };
  editor.keys.loneEscape = "search";
  show();
  for (;;) {
    const key = yield* editor.keys.next();
    if (key === undefined || key.name === "C-g") {
      leave();
      if (key) editor.bell();
      return undefined;
    }
    if (key.name === "char" || key.name === "paste") wanted += key.text;
    else if (key.name === "backspace") {
      if (wanted === "") editor.bell();
      wanted = [...wanted].slice(0, -1).join("");
    } else if (key.name === "C-r" || key.name === "C-s") {
      if ((key.name === "C-s") !== forward) forward = !forward;
      else if (wanted === "") wanted = editor.lastSearch;
      else index += step();
    } else if (key.name === "C-w" || key.name === "C-y") more(key.name === "C-y");
    else {
      if (foundPlace !== start) editor.go(foundPlace);
      line.cursor = characters(line.text, index);
      leave();
      // Escape and C-j say no more than that the search is over.
      return key.name === "escape" || (key.name === "enter" && key.text === "\n") ? undefined : key;
    }
    look();
    show();
  }
}

/** `M-p` and `M-n`: asks for a text behind the prompt and a colon, and goes to the line before (or after) that holds it. */
export function* plainSearch(editor: Editor, forward: boolean): Gen<void> {
  const { screen, line, keys } = editor;
  const { prompt } = screen;
  const savedText = line.text;
  const savedCursor = line.cursor;
  let wanted = "";
  const show = () => editor.put(screen.relabel(`${prompt}:`, wanted, [...wanted].length));
  const back = (cursor: number) => {
    line.cursor = cursor;
    editor.put(screen.relabel(prompt, line.text, line.cursor));
  };
  show();
  for (;;) {
    const key = yield* keys.next();
    if (key === undefined || key.name === "C-g" || (key.name === "backspace" && wanted === "")) {
      if (key) editor.bell();
      back(savedCursor);
      return;
    }
    if (key.name === "enter") break;
    if (key.name === "backspace") wanted = [...wanted].slice(0, -1).join("");
    else if (key.name === "C-w") wanted = wanted.replace(/\S*\s*$/, "");
    else if (key.name === "C-u") wanted = "";
    else if (key.text !== "") wanted += key.text;
    show();
  }
  wanted ||= editor.lastPlainSearch;
  editor.lastPlainSearch = wanted;
  const lines = editor.sh.history?.lines ?? [];
  let place = editor.at;
  do place += forward ? 1 : -1;
  while (place >= 0 && place < lines.length && !lines[place]!.includes(wanted));
  if (wanted === "" || place < 0 || place >= lines.length) {
    if (line.text !== savedText) line.set(savedText);
    editor.bell();
    back(0);
    return;
  }
  editor.go(place);
  const at = forward ? line.text.indexOf(wanted) : line.text.lastIndexOf(wanted);
  back(characters(line.text, Math.max(0, at)));
}
