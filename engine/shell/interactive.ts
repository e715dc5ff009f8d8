import type { Gen } from "../kernel/index.ts";
import { runInput } from "./input.ts";
import type { Shell } from "./shell.ts";

/** The shell at a terminal. */
export function* interactive(sh: Shell, _how: { norc: boolean; rcfile: string | undefined }): Gen<number> {
  yield* runInput(sh);
  return sh.status;
}
