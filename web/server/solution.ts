import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Lab } from "../../grader/lab.ts";

interface Steps {
  tasks: string[];
  text: string;
}

/** A solution in parts: what stands before the first mark, and the steps of each mark (docs/formats.md). */
export interface Solution {
  head: string;
  steps: Steps[];
}

const MARK = /^# task: (\S.*?)\s*$/;

export function parseSolution(text: string): Solution {
  const solution: Solution = { head: "", steps: [] };
  for (const line of text.split("\n")) {
    const tasks = MARK.exec(line)?.[1]?.split(/ +/);
    const current = solution.steps.at(-1);
    if (tasks) solution.steps.push({ tasks, text: "" });
    else if (current) current.text += `${line}\n`;
    else solution.head += `${line}\n`;
  }
  for (const steps of solution.steps) steps.text = `${steps.text.trim()}\n`;
  return solution;
}

function solutionOf(lab: Lab): Solution {
  const file = join(lab.dir, "solution.sh");
  return parseSolution(existsSync(file) ? readFileSync(file, "utf8") : "");
}

/** The steps that solve a task; undefined when the lab's solution does not say which. */
export function stepsOf(lab: Lab, task: string): string | undefined {
  return solutionOf(lab).steps.find(({ tasks }) => tasks.includes(task))?.text;
}

/** A script of all steps before those of a task, and the tasks it solves; undefined when there is nothing before it. */
export function scriptBefore(lab: Lab, task: string): { text: string; tasks: string[] } | undefined {
  const { head, steps } = solutionOf(lab);
  const at = steps.findIndex(({ tasks }) => tasks.includes(task));
  if (at <= 0) return undefined;
  const before = steps.slice(0, at);
  return { text: [head, ...before.map(({ text }) => text)].join("\n"), tasks: before.flatMap(({ tasks }) => tasks) };
}
