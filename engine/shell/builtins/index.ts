import type { Gen } from "../../kernel/index.ts";
import type { Prepared } from "../assignment.ts";
import type { Shell } from "../shell.ts";
import { commandBuiltins } from "./command.ts";
import { completionBuiltins } from "./completion.ts";
import { controlBuiltins } from "./control.ts";
import { declareBuiltins } from "./declare.ts";
import { dirBuiltins } from "./dirs.ts";
import { helpBuiltins } from "./help.ts";
import { historyBuiltins } from "./history.ts";
import { inputBuiltins } from "./input.ts";
import { jobBuiltins } from "./jobs.ts";
import { optionBuiltins } from "./options.ts";
import { outputBuiltins } from "./output.ts";
import { processBuiltins } from "./process.ts";
import { testBuiltins } from "./test.ts";
import { trapBuiltins } from "./trap.ts";

/** How a builtin was called. */
export interface Call {
  name: string;
  /** Arguments that were written as assignments, by their place among the words (name included). */
  declared: Map<number, Prepared> | undefined;
  /** Through `command`: what is special about a special builtin is not for it. */
  byCommand?: boolean;
}

/** A command of the shell itself; its value is the status. */
export type Builtin = (sh: Shell, args: readonly string[], call: Call) => Gen<number>;

export const builtins: ReadonlyMap<string, Builtin> = new Map(
  Object.entries({
    ...commandBuiltins,
    ...completionBuiltins,
    ...controlBuiltins,
    ...declareBuiltins,
    ...dirBuiltins,
    ...helpBuiltins,
    ...historyBuiltins,
    ...inputBuiltins,
    ...jobBuiltins,
    ...optionBuiltins,
    ...outputBuiltins,
    ...processBuiltins,
    ...testBuiltins,
    ...trapBuiltins,
  }),
);

export { SPECIAL } from "./special.ts";
