import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

/** cobra's `__complete`: candidates one a line, then `:` and the directive. */
export function* complete(p: Process, _words: readonly string[]): Gen<number> {
  yield* sys.print(p, ":4\n");
  return 0;
}
