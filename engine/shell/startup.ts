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
