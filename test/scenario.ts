import { Stage } from "./stage.ts";

/**
 * A script and what Kubernetes 1.32 shows then. It runs on a freshly booted session, standard error with standard output;
 * what it prints must have these lines in this order. A text stands for a line that has it, a RegExp for one that matches.
 */
export interface Scenario {
  name: string;
  script: string;
  expect: readonly (string | RegExp)[];
  never?: readonly RegExp[];
}

/** What is wrong with what a scenario's script showed; `prelude`: shell functions that scripts share. Empty when all is well. */
export function play({ script, expect: wanted, never = [] }: Scenario, prelude = ""): string[] {
  const { all, status, faults } = new Stage({ seed: 7 }).run(prelude + script, { seconds: 7200 });
  const lines = all.split("\n");
  const wrong = [...faults];
  if (status === undefined) wrong.push("the script did not end");
  let from = 0;
  for (const want of wanted) {
    const at = lines.findIndex(
      (line, i) => i >= from && (typeof want === "string" ? line.includes(want) : want.test(line)),
    );
    if (at < 0) wrong.push(`not shown, or not in this order: ${want}`);
    else from = at + 1;
  }
  for (const no of never) {
    for (const line of lines) if (no.test(line)) wrong.push(`shown: ${line}`);
  }
  return wrong.length === 0 ? [] : [...wrong, "--- output", ...lines];
}
