import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { HOUR, Session } from "../engine/index.ts";

/**
 * Exercises in the form that public courses use: a setup, a solution and a verification, each a script as it would be
 * written for real machines. The verification fails before the solution and passes after it.
 */
const folder = new URL("exercises/", import.meta.url).pathname;

/** Where a script runs: `workstation` unless a line says `# host: NAME`. */
function host(text: string): string {
  return /^# host: (\S+)$/m.exec(text)?.[1] ?? "workstation";
}

function runner(session: Session, output: { text: string; status: number | undefined }) {
  return (name: string, text: string): number => {
    output.text = "";
    output.status = undefined;
    session.apply({ type: "script", id: name, machine: host(text), user: "learner", name, text });
    session.kernel.runUntil(() => output.status !== undefined, session.kernel.now + HOUR);
    return output.status ?? 124;
  };
}

describe("exercises", () => {
  it.each(readdirSync(folder).sort())("%s", (name) => {
    const output: { text: string; status: number | undefined } = { text: "", status: undefined };
    const session = new Session(
      { lab: "playground", seed: 1, epochMs: Date.UTC(2026, 2, 2, 9) },
      {
        output: (_id, bytes) => {
          output.text += Buffer.from(bytes).toString();
        },
        ended: (_id, status) => {
          output.status = status;
        },
      },
    );
    session.boot();
    const run = runner(session, output);
    const script = (part: string) => readFileSync(join(folder, name, `${part}.sh`), "utf8");
    expect(run("setup.sh", script("setup")), output.text).toBe(0);
    expect(run("verify.sh", script("verify")), output.text).not.toBe(0);
    expect(run("solution.sh", script("solution")), output.text).toBe(0);
    expect(run("verify.sh", script("verify")), output.text).toBe(0);
  });
});
