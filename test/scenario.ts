import { SECOND, Session } from "../engine/index.ts";

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

function run(script: string): { lines: string[]; status: number | undefined; faults: string[] } {
  let out = "";
  let status: number | undefined;
  const decoder = new TextDecoder();
  const session = new Session(
    { lab: "playground", seed: 7, epochMs: Date.UTC(2026, 2, 2, 9) },
    {
      output: (_id, bytes) => {
        out += decoder.decode(bytes, { stream: true });
      },
      ended: (_id, code) => {
        status = code;
      },
    },
  );
  session.boot();
  session.apply({
    type: "script",
    id: "s",
    machine: "workstation",
    user: "learner",
    name: "s.sh",
    text: script,
  });
  session.kernel.runUntil(() => status !== undefined, session.kernel.now + 7200 * SECOND);
  const faults = session.kernel.faults.map(({ task, error }) => `${task}: ${(error as Error)?.stack ?? error}`);
  return { lines: out.split("\n"), status, faults };
}

/** What is wrong with what a scenario's script showed; `prelude`: shell functions that scripts share. Empty when all is well. */
export function play({ script, expect: wanted, never = [] }: Scenario, prelude = ""): string[] {
  const { lines, status, faults } = run(prelude + script);
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
