import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { linesAndFiles } from "./corpus.ts";
import { runReal } from "./real-runner.ts";
import { runLine } from "./tools-runner.ts";

/**
 * Every line of tools/*.txt runs under the real bash with the real tools and on a simulated machine; stdout, stderr and
 * the exit status are the same. `@file NAME` … `@end` gives the lines below it a file.
 */
/** Machines have curl 7, images have curl 8: the one that is here judges its own. */
const newCurl = spawnSync("curl", ["--version"], { encoding: "utf8" }).stdout?.startsWith("curl 8") ?? false;

const root = join(import.meta.dirname, "tools");

describe.each(readdirSync(root).filter((name) => name.endsWith(".txt")))("%s", onTheHost, (name) => {
  const { files, lines } = linesAndFiles(readFileSync(join(root, name), "utf8"));
  it.each(lines)("%s", (line) => {
    const real = runReal(line, files);
    expect(runLine(line, files, Date.now(), newCurl && name.startsWith("curl"))).toEqual(real);
  });
});
