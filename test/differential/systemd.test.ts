import { execSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { Stage } from "../stage.ts";
import { type Answer, answersOf, scriptOf } from "./recorded.ts";

/**
 * What Debian 12's programs answered to these lines with systemd 252 as process 1. To record answers anew, set
 * SYSTEMD_ANSWERS_TO to a folder and SYSTEMD_HOST to what reaches a fresh machine's root, such as `ssh root@vm`; each
 * file wants a machine of its own.
 */
const FOLDER = join(import.meta.dirname, "systemd");
const SETUP = readFileSync(join(FOLDER, "setup.sh"), "utf8");

/** Files and the machines whose answers they are compared with, all of one session. */
const FILES = [
  ["service", "worker-1"],
  ["broken", "worker-2"],
  ["show", "worker-3"],
  ["journal", "cp-1"],
  ["tools", "cp-2"],
  ["extra", "cp-3"],
  ["cron", "lb-1"],
] as const;

/** Ids, times, sizes and process numbers differ from run to run. */
function normal(text: string, run: string): string {
  const plain = text
    .replace(/\b[0-9a-f]{32}\b/g, "ID")
    .replace(/\b(Mon|Tue|Wed|Thu|Fri|Sat|Sun) \d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? UTC/g, "TIME")
    .replace(/^(Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) [ \d]\d \d\d:\d\d:\d\d(?= )/gm, "TIME")
    .replace(/; ([\d.]+(us|ms|s|min|h|days?|weeks?|months?|years?) ?)+(ago|left)/g, "; AGO")
    .replace(/^TIME .* (left|ago) +/gm, "TIME LEFT ")
    .replace(/^( *Duration: |Service runtime: |CPU time consumed: | *CPU: | *Memory: )[\d.]+\w*/gm, "$1N")
    .replace(/^( *Tasks: \d+ \(limit: )\d+/gm, "$1N")
    .replace(/^(TasksMax|LimitNPROC|LimitNPROCSoft|LimitSIGPENDING|LimitSIGPENDINGSoft)=\d+/gm, "$1=N")
    .replace(/available: [\d.]+M/g, "available: N")
    .replace(/([\w()-])\[\d+\]: /g, "$1[PID]: ")
    .replace(/^( *(?:Main PID|Process): )\d+/gm, "$1PID")
    .replace(/^( *[│ ]*[├└]─ ?)\d+ /gm, "$1PID ")
    .replace(/(Killing process|to main process|Unit process|to process) \d+/g, "$1 PID")
    .replace(/pid=\d+/g, "pid=N")
    .replace(/\brun-[ru][0-9a-f]+\./g, "run-N.")
    .replace(/job identifier is \d+/g, "job identifier is N")
    .replace(/252\.\d+-1~deb12u\d/g, "VERSION")
    .replace(/\b(worker|cp|lb)-[\dN]\b/g, "HOST")
    .replace(/[ \t]+$/gm, "");
  if (!/says|journalctl|status/.test(run)) return plain;
  // Whether a service speaks before its manager does is chance.
  const lines = plain.split("\n");
  const own = (line: string) => !/^(TIME HOST )?systemd\[/.test(line) && /^(TIME HOST )?[\w()]+\[/.test(line);
  return [...lines.filter((line) => !own(line)), ...lines.filter(own)].join("\n");
}

const stage = new Stage({ seed: 4 });

describe("programs of systemd", () => {
  it.each(FILES)("%s: answers as the real one", (name, machine) => {
    const file = `${name}.jsonl`;
    const lines = readFileSync(join(FOLDER, file), "utf8").trim().split("\n");
    const answers = lines.map((line) => JSON.parse(line) as Answer);
    const script = scriptOf(SETUP, answers);
    const { SYSTEMD_ANSWERS_TO: recorded, SYSTEMD_HOST: host } = process.env;
    if (recorded !== undefined) {
      const input = { input: script, encoding: "utf8" } as const;
      const output = execSync(`${host} 'cat > /root/lines.sh && bash /root/lines.sh'`, input);
      const real = answersOf(output, normal);
      writeFileSync(join(recorded, file), real.map((answer) => `${JSON.stringify(answer)}\n`).join(""));
      return;
    }
    const shown = stage.run(
      `ssh ${machine} 'cat > /tmp/lines.sh' <<'LINES_END'\n${script}LINES_END\nssh ${machine} 'sudo bash /tmp/lines.sh'`,
    );
    expect(shown.faults).toEqual([]);
    expect(answersOf(shown.all, normal)).toEqual(answers);
  });
});
