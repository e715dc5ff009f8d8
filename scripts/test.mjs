// npm test: set up what is missing, check types and house style, run every test, end with vitest's summary.
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { ensureBuilt, ensureInstalled, ensureJudges, root } from "./setup.mjs";

ensureInstalled();
ensureJudges();
ensureBuilt();
const bin = (name) => join(root, "node_modules", ".bin", name);
const steps = [
  [bin("tsc"), ["--noEmit"]],
  [bin("biome"), ["check", "--diagnostic-level=error", "."]],
  [bin("vitest"), ["run", ...process.argv.slice(2)]],
];
let failed = false;
for (const [command, args] of steps) {
  const result = spawnSync(command, args, { cwd: root, stdio: ["ignore", "inherit", "inherit"] });
  if (result.status !== 0) failed = true;
}
process.exit(failed ? 1 : 0);
