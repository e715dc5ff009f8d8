import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, it } from "vitest";
import { onTheHost } from "../host.ts";
import { linesAndFiles } from "./corpus.ts";
import { runReal } from "./real-runner.ts";
import { type Outcome, runLine } from "./tools-runner.ts";

/**
 * yq of mikefarah, v4.45.1, is in none of the registries that tests install from (Debian's yq is another program). What
 * it answered to each line of yq/*.txt is recorded in a file beside it; YQ_ANSWERS_FROM=/path/to/yq records them anew.
 */
const FOLDER = join(import.meta.dirname, "yq");
const PROGRAM = process.env.YQ_ANSWERS_FROM;

interface Answer extends Outcome {
  line: string;
}

describe.each(readdirSync(FOLDER).filter((name) => name.endsWith(".txt")))("%s", onTheHost, (name) => {
  const { files, lines } = linesAndFiles(readFileSync(join(FOLDER, name), "utf8"));
  const recorded = join(FOLDER, name.replace(/txt$/, "jsonl"));
  const answers = new Map<string, Answer>();
  if (existsSync(recorded))
    for (const text of readFileSync(recorded, "utf8").split("\n").filter(Boolean)) {
      const answer = JSON.parse(text) as Answer;
      answers.set(answer.line, answer);
    }
  if (PROGRAM !== undefined) {
    for (const line of lines)
      answers.set(line, { line, ...runReal(line, files, { path: `${dirname(PROGRAM)}:/usr/bin:/bin` }) });
    writeFileSync(recorded, lines.map((line) => `${JSON.stringify(answers.get(line))}\n`).join(""));
  }
  it.each(lines)("%s", (line) => {
    const { line: _line, ...real } = answers.get(line)!;
    expect(runLine(line, files, Date.now())).toEqual(real);
  });
});
