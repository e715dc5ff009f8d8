import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";
import { ensureKubectlTexts } from "./scripts/kubectl-texts.mjs";

/** Files that match, as one group that runs under its own rules. */
const project = (name: string, isolate: boolean, include: string, exclude: string[] = []) => ({
  extends: true as const,
  test: { name, isolate, include: [`${include}/**/*.test.{ts,tsx}`], exclude },
});

/** Small files that take longest: begun last, they would keep one core busy while the other has nothing left. */
const LONGEST = ["differential/kubectl", "differential/terminal", "cli", "differential/tools", "browser/pages"];

/** A worker goes on with the modules it has read as long as the next file is of the same project. */
const PROJECTS = ["tests", "hosts", "engine"];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId, project }: TestSpecification) => {
      const at = LONGEST.findIndex((name) => moduleId.endsWith(`test/${name}.test.ts`));
      return 10 * PROJECTS.indexOf(project.name) + (at < 0 ? LONGEST.length : at);
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
      // Modules are read once a worker, not once a file, which is half of what pure code's tests take.
      project("engine", false, "{engine,grader}"),
      project("tests", false, "test", ["test/browser/**"]),
      // What starts servers and browsers, and sets how long its own file may take.
      project("hosts", true, "{web,cli,bench,scripts,test/browser}"),
    ],
  },
});
