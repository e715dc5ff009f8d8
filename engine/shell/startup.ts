import type { Gen } from "../kernel/index.ts";
import { isErrno } from "../machine/errno.ts";
import { readText } from "../machine/sys.ts";
import { sourceText } from "./builtins/control.ts";
import type { Shell } from "./shell.ts";

/** Sources a start-up file if it is there. */
export function* sourceIfThere(sh: Shell, path: string): Gen<void> {
  let text: string;
  try {
    text = readText(sh.p, path);
  } catch (error) {
    if (isErrno(error)) return;
    throw error;
  }
  yield* sourceText(sh, text, path, []);
  sh.status = 0;
}

/** Reads what inputrc says of keys: the user's own, or else that of the machine. */
export function readInputrc(sh: Shell): void {
  const own = sh.get("INPUTRC") ?? `${sh.get("HOME") ?? ""}/.inputrc`;
  if (!sh.bindings.file(sh.p, own)) sh.bindings.file(sh.p, "/etc/inputrc");
}
