import { call, type Gen } from "../kernel/index.ts";
import type { Tty } from "../machine/tty.ts";
import { ShellError } from "./control.ts";
import { Editor } from "./editor/editor.ts";
import type { Shell } from "./shell.ts";
import { readInputrc } from "./startup.ts";

/**
 * Reads a line for `read -e`, as Readline edits it (`edit_line` of bash's read.def). `whole`: tells that a line is not
 * continued on another one.
 */
export function* readEdited(
  sh: Shell,
  tty: Tty,
  { prompt = "", initial = "" }: { prompt?: string | undefined; initial?: string | undefined },
  whole: (text: string) => boolean,
): Gen<{ text: string; ended: boolean }> {
  if (!sh.setup.interactive) readInputrc(sh);
  const editor = new Editor(sh, tty);
  editor.answering = true;
  let text = "";
  for (;;) {
    const result = yield* call(editor.readLine(prompt, initial));
    if (result.kind === "interrupted") throw new ShellError("", "discard", 130);
    if (result.kind === "end") return { text, ended: true };
    text += result.text;
    if (whole(text)) return { text, ended: false };
    text = text.slice(0, -1);
  }
}
