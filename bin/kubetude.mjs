#!/usr/bin/env node
// The `kubetude` command: in a checkout it builds what is missing first.
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
if (existsSync(join(root, "scripts", "setup.mjs"))) {
  const { ensureBuilt } = await import("../scripts/setup.mjs");
  const print = console.log;
  // What building prints belongs to standard error: standard output is the command's own.
  console.log = console.error;
  ensureBuilt();
  console.log = print;
}
await import(join(root, "dist", "cli.mjs"));
