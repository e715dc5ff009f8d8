import { decode, type Gen } from "../kernel/index.ts";
import { rulesOf } from "./aliases.ts";
import { examine } from "./diagnose.ts";
import { runSource } from "./execute.ts";
import { readUntil } from "./read-line.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";

/** Runs commands from standard input, a complete command at a time, so that they may read what follows. */
export function* runInput(sh: Shell): Gen<void> {
  let text = "";
  let line = 1;
  let lines = 0;
  for (;;) {
    const file = sh.p.fds.get(0);
    if (file === undefined) return;
    const got = yield* readUntil(file, 10);
    const last = got.ended;
    if (!last || got.bytes.length > 0) {
      text += decode(got.bytes) + (last ? "" : "\n");
      lines++;
    }
    if (text !== "") {
      if (!last && isOpen(sh, text)) continue;
      const source = new Source(text, "", line);
      sh.texts = -1;
      yield* runSource(sh, source);
      line += lines - source.slipped;
      lines = 0;
      text = "";
    }
    if (last) return;
  }
}

/** True when a text must go on: a command, a heredoc or a line that ends in a backslash. */
export function isOpen(sh: Shell, text: string): boolean {
  if (/(?:^|[^\\])(?:\\\\)*\\\n$/.test(text)) return true;
  const { problem, openHeredoc } = examine(text, rulesOf(sh));
  return openHeredoc || (problem?.incomplete ?? false);
}
