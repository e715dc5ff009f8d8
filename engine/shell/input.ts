import { decode, type Gen } from "../kernel/index.ts";
import { expandAliases } from "./aliases.ts";
import { endsInHeredoc } from "./diagnose.ts";
import { runSource } from "./execute.ts";
import { readUntil } from "./read-line.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";
import { runnable } from "./syntax.ts";

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
      const source = new Source(text, "", line);
      if (!last && isOpen(sh, text)) continue;
      yield* runSource(sh, source);
      line += lines;
      lines = 0;
      text = "";
    }
    if (last) return;
  }
}

/** True when a text must go on: as it is, or once its aliases are expanded. */
export function isOpen(sh: Shell, text: string): boolean {
  if (unfinished(text) || runnable(new Source(text, "", 1)).error?.incomplete) return true;
  const expanded = expandAliases(sh, text);
  return expanded !== text && (runnable(new Source(expanded, "", 1)).error?.incomplete ?? false);
}

/** A line that ends in a backslash goes on, and so does a heredoc without its delimiter. */
function unfinished(text: string): boolean {
  return endsInHeredoc(text) || /(?:^|[^\\])(?:\\\\)*\\\n$/.test(text);
}
