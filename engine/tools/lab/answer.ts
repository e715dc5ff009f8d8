import { clusterContext } from "../../control-plane/context.ts";
import type { Program } from "../../machine/process.ts";
import * as sys from "../../machine/sys.ts";

const USAGE = "Usage: answer TASK VALUE...\nGives your answer to the question of a task of this lab.\n";

/** `answer TASK VALUE…`: the terminal's way to answer a task's question; the lab page's form is the other. */
export const answer: Program = function* answer(p) {
  const [task, ...value] = p.argv.slice(1);
  if (task === "--help") {
    yield* sys.print(p, USAGE);
    return 0;
  }
  if (task === undefined || value.length === 0) {
    yield* sys.printError(p, `answer: missing operand\n${USAGE}`);
    return 2;
  }
  clusterContext(p.machine.network).answer(task, value.join(" "));
  yield* sys.print(p, `answer to "${task}" noted\n`);
  return 0;
};
