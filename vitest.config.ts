import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { ensureKubectlTexts } from "./scripts/kubectl-texts.mjs";

/** Files of those rooms, as one group that runs under its own rules. */
const project = (name: string, rooms: string, isolate: boolean) => ({
  extends: true as const,
  test: { name, isolate, include: [`${rooms}/**/*.test.{ts,tsx}`] },
});

/** Small files that take longest: begun last, they would keep one core busy while the other has nothing left. */
const LONGEST = ["differential/kubectl", "differential/terminal", "cli", "differential/tools", "browser/pages"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      return at < 0 ? LONGEST.length : at;
    };
    return (await super.sort(files)).sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { alias: { "kubectl-texts": ensureKubectlTexts() } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores are what CI has; more workers only contend with the real binaries that differential tests start.
    maxWorkers: 2,
    sequence: { sequencer: LongestFirst },
    projects: [
      // Pure code: its modules are read once a worker, not once a file, which is half of what these tests take.
      project("engine", "{engine,grader}", false),
      project("hosts", "{web,cli,bench,test,scripts}", true),
    ],
  },
});
