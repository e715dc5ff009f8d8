import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Stage } from "./stage.ts";

/**
 * Exercises in the form that public courses use: a setup, a solution and a verification, each a script as it would be
 * written for real machines. The verification fails before the solution and passes after it.
 */
const folder = new URL("exercises/", import.meta.url).pathname;

/** Where a script runs: `workstation` unless a line says `# host: NAME`. */
function host(text: string): string {
  return /^# host: (\S+)$/m.exec(text)?.[1] ?? "workstation";
}

describe("exercises", () => {
  it.each(readdirSync(folder).sort())("%s", (name) => {
    const stage = new Stage({ seed: 1 });
    const script = (part: string) => readFileSync(join(folder, name, `${part}.sh`), "utf8");
    const run = (part: string) => {
      const text = script(part);
      return stage.run(text, { machine: host(text), name: `${part}.sh` });
    };
    const passes = (part: string) => {
      const { all, status } = run(part);
      expect(status, all).toBe(0);
    };
    passes("setup");
    const { all, status } = run("verify");
    expect(status, all).not.toBe(0);
    passes("solution");
    passes("verify");
  });
});
