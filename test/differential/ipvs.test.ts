import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { linesAndFiles } from "./corpus.ts";
import { runReal } from "./real-runner.ts";
import { runLine } from "./tools-runner.ts";

/**
 * Every line of ipvs/commands.txt runs with the real ipvsadm, on a table that ipvs/ip_vs.c keeps in the kernel's place,
 * and on a simulated machine; stdout, stderr and the exit status are the same.
 */
const root = join(import.meta.dirname, "ipvs");
const library = join(mkdtempSync(join(tmpdir(), "ip_vs-")), "ip_vs.so");
const made = spawnSync("cc", ["-shared", "-fPIC", "-o", library, join(root, "ip_vs.c"), "-ldl"], { encoding: "utf8" });
const able = made.status === 0 && spawnSync("ipvsadm", ["-v"], { env: preload("/nowhere") }).status === 0;
if (!able) console.error(`The real ipvsadm cannot be asked here. ${made.stderr}`);

function preload(table: string): Record<string, string> {
  return { PATH: "/usr/bin:/bin:/usr/sbin:/sbin", LD_PRELOAD: library, IP_VS_TABLE: table };
}

describe.runIf(able)("ipvsadm: the real one and ours", onTheHost, () => {
  const { files, lines } = linesAndFiles(readFileSync(join(root, "commands.txt"), "utf8"));
  it.each(lines)("%s", (line) => {
    const real = runReal(
      `ipvsadm() { LD_PRELOAD=${library} IP_VS_TABLE=$PWD/.table /usr/sbin/ipvsadm "$@"; }; ${line}`,
      files,
      {
        path: "/usr/bin:/bin:/usr/sbin",
      },
    );
    // It calls itself as it was called.
    expect(runLine(line, files, Date.now())).toEqual({
      ...real,
      stderr: real.stderr.replaceAll("/usr/sbin/ipvsadm", "ipvsadm"),
    });
  });
});
