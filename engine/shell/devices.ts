import { isErrno } from "../machine/errno.ts";
import type { OpenFile } from "../machine/open-file.ts";
import { openFile } from "../machine/sys.ts";
import type { Shell } from "./shell.ts";

/** /dev/null opened for reading, if the machine has it. */
export function findNull(sh: Shell): OpenFile | undefined {
  try {
    return openFile(sh.p, "/dev/null", { read: true });
  } catch (error) {
    if (isErrno(error)) return undefined;
    throw error;
  }
}
