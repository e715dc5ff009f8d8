import { defineConfig } from "vitest/config";
import { ensureKubectlTexts } from "./scripts/kubectl-texts.mjs";

export default defineConfig({
  resolve: { alias: { "kubectl-texts": ensureKubectlTexts() } },
  test: {
    include: ["{engine,grader,web,cli,bench,test,scripts}/**/*.test.{ts,tsx}"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    // Two cores are what CI has; more workers only contend with the real binaries that differential tests start.
    maxWorkers: 2,
  },
});
