import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Stage } from "../stage.ts";
import { type Answer, answersOf, scriptOf } from "./recorded.ts";

/**
 * What crictl 1.32, ctr, and nerdctl 1.7 answered to these lines with containerd 1.7, one after another on one machine. To
 * record answers anew, set CONTAINERD_ANSWERS_TO to a folder, as root on a machine where they are at work, with the images
 * of PULLED in k8s.io, for nerdctl in the namespace default too, and no Pods, containers, networks and volumes.
 */
const FOLDER = join(import.meta.dirname, "containerd");
const SETUP = readFileSync(join(FOLDER, "setup.sh"), "utf8");
const PULLED = ["docker.io/library/busybox:1.36", "docker.io/library/nginx:1.27"];

/** Ids, times, versions and process numbers differ from run to run. */
function normal(text: string): string {
  return (
    text
      .replace(/\b[0-9a-f]{64}\b/g, "ID")
      // Where the lines are run.
      .replace(/\/tmp\/(containerd-\w{6}|d)\//g, "/WORK/")
      .replace(/\b[0-9a-f]{13}\b/g, "SHORT-ID")
      .replace(/\b(\d+ (second|minute|hour|day)s?|About an? (minute|hour)|Less than a second) ago/g, "AGO")
      .replace(/\d{4}[-/]\d\d[-/]\d\d[T ][\d:.]+(Z|\+00:00| \+0000 UTC)?/g, "TIME")
      .replace(/^E\d{4} [\d:.]+ +\d+ /gm, "KLOG ")
      .replace(/\b\d{19}\b/g, "NANOSECONDS")
      .replace(/\bv?1\.(7\.2\d|32\.0)(~ds\d)?\b/g, "VERSION")
      .replace(/\/usr\/(local\/)?bin\b/g, "/usr/bin")
      // Of runc since 1.2.
      .replace(/container process: error during container init: /g, "container process: ")
      .replace(/\b[0-9a-f]{12}\b/g, "SHORT-ID")
      .replace(/\b\d+(\.\d+)? ([KMG]i)?B\b/g, "SIZE")
      .replace(/\/proc\/\d+\/|\/tmp\/(containerd-mount|nerdctl-cp-)\d+/g, (path) => path.replace(/\d+/, "N"))
      .replace(/\b10\.(4|9)\.0\.\d+\b/g, "ADDRESS")
      // What Debian's packages call themselves is no semantic version.
      .replace(/^.*(failed to parse the containerd version|firewall\\" (is newer|\(>=)).*\n?/gm, "")
      // How wide a column is depends on the ages and sizes in it.
      .replace(/^(CONTAINER|POD ID|REPOSITORY|NAME|SNAPSHOT|.*(AGO|SIZE)) .*$/gm, (line) => line.replace(/ +/g, " "))
      .replace(/[ \t]+$/gm, "")
  );
}

describe("clients of containerd", () => {
  it.each(["crictl", "ctr", "nerdctl", "runc"])("%s answers as the real one with a real containerd", (program) => {
    const file = `${program}.jsonl`;
    const lines = readFileSync(join(FOLDER, file), "utf8").trim().split("\n");
    const answers = lines
      .map((line) => JSON.parse(line) as Answer)
      .map((one) => ({ ...one, shows: normal(one.shows ?? "") }));
    const recorded = process.env.CONTAINERD_ANSWERS_TO;
    if (recorded !== undefined) {
      const cwd = mkdtempSync(join(tmpdir(), "containerd-"));
      const real = answersOf(execFileSync("bash", ["-c", scriptOf(SETUP, answers)], { cwd, encoding: "utf8" }), normal);
      writeFileSync(join(recorded, file), real.map((answer) => `${JSON.stringify(answer)}\n`).join(""));
      return;
    }
    const stage = new Stage({ seed: 4 });
    const pulls = PULLED.map(
      (image) => `sudo crictl pull ${image}${program === "nerdctl" ? `; sudo nerdctl pull -q ${image}` : ""}`,
    ).join("; ");
    stage.run(`ssh worker-1 'sudo systemctl stop kubelet; sudo crictl rmp -fa; sudo crictl rmi -a; ${pulls}'`);
    const name = "/tmp/lines.sh";
    const shown = stage.run(
      `ssh worker-1 'cat > ${name}; mkdir -p /tmp/d' <<'LINES'\n${scriptOf(SETUP, answers)}LINES\nssh worker-1 'cd /tmp/d && sudo bash ${name}'`,
    );
    expect(shown.faults).toEqual([]);
    expect(answersOf(shown.all, normal)).toEqual(answers);
  });
});
