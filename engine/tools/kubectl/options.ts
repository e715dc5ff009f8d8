import type { Gen } from "../../kernel/index.ts";
import { optionsText } from "./commands.ts";
import type { Invocation } from "./invocation.ts";

/** kubectl options. */
export function* options(k: Invocation): Gen<number> {
  k.out(optionsText(k.home));
  return 0;
}
