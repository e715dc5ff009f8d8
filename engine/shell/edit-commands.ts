import { call, type Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { find, readText, unlink, writeText } from "../machine/sys.ts";
import { runSource } from "./execute.ts";
import { findCommand } from "./external.ts";
import type { Shell } from "./shell.ts";
import { Source } from "./source.ts";

/** Commands in an editor; what is saved there is shown and runs (`fc`, `C-x C-e`). Gives the status. */
export function* editCommands(sh: Shell, editor: string, text: string): Gen<number> {
  const path = temporary(sh);
  try {
    writeText(sh.p, path, text, 0o600);
    const words =
      editor.includes(":-editor}") && findCommand(sh, "editor")[0] === undefined
        ? editor.replace(":-editor}", ":-nano}")
        : editor;
    yield* call(runSource(sh, new Source(`${words} ${path}`, "", 1)));
    if (sh.status !== 0) return sh.status;
    const edited = readText(sh.p, path);
    for (const line of edited.replace(/\n$/, "").split("\n")) sh.history?.add(sh, line);
    yield* sh.writeTo(1, edited);
    yield* call(runSource(sh, new Source(edited, "", 1)));
  } catch (error) {
    if (!isErrno(error)) throw error;
    yield* sh.complain(`${path}: ${error.message}`);
    return 1;
  } finally {
    if (find(sh.p, path)) unlink(sh.p, path);
  }
  return sh.status;
}

/** A name for a file of commands that nothing has yet. */
function temporary(sh: Shell): string {
  const letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
  for (let n = sh.p.pid * 7919 + sh.commandNumber; ; n++) {
    let name = "";
    for (let i = 0, left = n * 2_654_435 + 1; i < 6; i++) {
      name += letters[left % letters.length];
      left = Math.floor(left / 7) + 31 * i;
    }
    if (find(sh.p, `/tmp/bash-fc.${name}`) === undefined) return `/tmp/bash-fc.${name}`;
  }
}
