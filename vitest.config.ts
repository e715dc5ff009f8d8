import { defineConfig } from "vitest/config";
import { ensureKubectlTexts } from "./scripts/kubectl-texts.mjs";

/** Files of those rooms, as one group that runs under its own rules. */
const project = (name: string, rooms: string, isolate: boolean) => ({
  extends: true as const,
  test: { name, isolate, include: [`${rooms}/**/*.test.{ts,tsx}`] },
});

export default defineConfig({
  resolve: { alias: { "kubectl-texts": ensureKubectlTexts() } },
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores are what CI has; more workers only contend with the real binaries that differential tests start.
    maxWorkers: 2,
    projects: [
      // Pure code: its modules are read once a worker, not once a file, which is half of what these tests take.
      project("engine", "{engine,grader}", false),
      project("hosts", "{web,cli,bench,test,scripts}", true),
    ],
  },
});
