import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { HOUR, Session } from "../engine/index.ts";
import { machineNames } from "../grader/faults.ts";
import { Grader } from "../grader/grade.ts";
import { type Lab, labAt, labIds, sessionSpec } from "../grader/lab.ts";
import { namesOf, textProblems } from "../grader/text.ts";
import { renderLesson } from "../web/server/lesson.ts";
import { parseSolution } from "../web/server/solution.ts";
import { engineHash } from "./engine-hash.ts";
import { gradeScript } from "./grade.ts";

/** A solution must hold for any seed; these are tried. */
const SEEDS = [1, 2, 7];

/** What is wrong with a lab; empty when nothing is. */
export function checkLab(lab: Lab, tell: (line: string) => void = () => {}): string[] {
  const problems = [...textProblems(lab)];
  if (lab.tasks.length === 0) return problems;
  const step = (name: string, find: () => string[]) => {
    const found = attempt(lab, name, find);
    tell(`  ${found.length === 0 ? "✓" : "✕"} ${name}`);
    problems.push(...found);
  };
  step("the texts name everything that checks rely on", () => missingNames(lab));
  step("the texts can be shown", () => unshown(lab));
  step("an idle session passes no task", () => idle(lab));
  const solved = join(lab.dir, "solution.sh");
  if (existsSync(solved)) {
    const text = readFileSync(solved, "utf8");
    problems.push(...strayMarks(lab, text));
    for (const seed of seedsOf(lab)) {
      step(`solution.sh passes every task (seed ${seed})`, () => solution(lab, seed, text));
    }
  } else problems.push(`${lab.id}: solution.sh is missing`);
  for (const file of scripts(lab, "right")) step(`right/${file} passes what it claims`, () => right(lab, file));
  const attempts = wrongAttempts(lab);
  for (const { file, task } of attempts) step(`wrong/${file} fails ${task}`, () => wrong(lab, file, task));
  return problems;
}

/** That a step cannot be run at all is one problem among the others: a setup that fails for one seed, an expression that does not suit an object. */
function attempt(lab: Lab, name: string, find: () => string[]): string[] {
  try {
    return find();
  } catch (error) {
    return [`${lab.id}: ${name}: ${(error as Error).message}`];
  }
}

/** The usual ones, and more until every choice that a lab leaves to the seed has come up. */
function seedsOf(lab: Lab): number[] {
  const seeds = [...SEEDS];
  for (const { content } of lab.files) {
    for (let i = 0; i < (typeof content === "string" ? 0 : content.length); i++) {
      if (!seeds.some((seed) => seed % content.length === i)) seeds.push(content.length + i);
    }
  }
  return seeds;
}

function missingNames(lab: Lab): string[] {
  const out: string[] = [];
  for (const language of ["ko", "en"] as const) {
    const file = join(lab.dir, `text.${language}.md`);
    if (!existsSync(file)) continue;
    const text = readFileSync(file, "utf8");
    for (const name of namesOf(lab)) {
      if (!text.includes(name))
        out.push(`${lab.id}: text.${language}.md does not mention "${name}", on which a check relies`);
    }
  }
  return out;
}

/** Texts that the page could not show, and buttons in them that lead nowhere. */
function unshown(lab: Lab): string[] {
  const out: string[] = [];
  const machines = machineNames(lab);
  for (const language of ["ko", "en"] as const) {
    const where = `${lab.id}: text.${language}.md`;
    try {
      const { html } = renderLesson(lab, language);
      for (const [, name] of html.matchAll(/ data-machine="([^"]*)"/g)) {
        if (!machines.includes(name!))
          out.push(`${where} runs a command on "${name}"; machines: ${machines.join(", ")}`);
      }
    } catch (error) {
      out.push(`${where}: ${(error as Error).message}`);
    }
  }
  return out;
}

/** Marks of solution.sh that name no task. */
function strayMarks(lab: Lab, text: string): string[] {
  const known = new Set(lab.tasks.map(({ id }) => id));
  const stray = parseSolution(text)
    .steps.flatMap(({ tasks }) => tasks)
    .filter((id) => !known.has(id));
  return stray.map((id) => `${lab.id}: solution.sh: "# task: ${id}" names no task of the lab`);
}

function idle(lab: Lab): string[] {
  const session = new Session(sessionSpec(lab, 1, engineHash()));
  session.boot();
  session.kernel.run(session.kernel.now + HOUR);
  const passed = new Grader(lab, session).tasks().filter((task) => task.passed);
  return [...passed.map((task) => `${lab.id}: an idle session passes ${task.id}`), ...misnamed(lab, session)];
}

/** Resources by a name that kubectl takes and a check does not: no object is ever found under it. */
function misnamed(lab: Lab, session: Session): string[] {
  const out = new Set<string>();
  for (const task of lab.tasks) {
    const { kinds } = session.clusters.get(task.cluster)!.registry;
    for (const check of task.checks) {
      const name = check.kind === "answer" ? check.subject.resource : "resource" in check ? check.resource : undefined;
      const meant = kinds.find(
        ({ resource, singular, shortNames }) =>
          name !== resource.resource && [resource.kind, singular, ...shortNames].includes(name ?? ""),
      );
      if (meant !== undefined)
        out.add(`${lab.id}: task ${task.id}: resource "${name}" is "${meant.resource.resource}"`);
    }
  }
  return [...out];
}

function solution(lab: Lab, seed: number, text: string): string[] {
  const report = gradeScript(lab, seed, { name: "solution.sh", text });
  return report.tasks
    .filter(({ passed }) => !passed)
    .map(({ id, checks }) => {
      const why = checks
        .filter(({ passed }) => !passed)
        .map(({ kind, message, evidence }) => `${kind}: ${message.en} [${evidence}]`);
      return `${lab.id}: solution.sh fails ${id} with seed ${seed}: ${why.join("; ")}\n${report.output.split("\n").slice(-15).join("\n")}`;
    });
}

/** right/<what>.sh: another way to do it, for the tasks that `# passes: …` names, or for all of them. */
function right(lab: Lab, file: string): string[] {
  const text = readFileSync(join(lab.dir, "right", file), "utf8");
  const claimed = /^# passes: (.+)$/m.exec(text)?.[1]?.trim().split(/\s+/);
  const report = gradeScript(lab, SEEDS[0]!, { name: file, text });
  const passed = report.tasks.filter((task) => task.passed).map(({ id }) => id);
  const wanted = claimed ?? report.tasks.map(({ id }) => id);
  if (wanted.join(" ") === passed.join(" ")) return [];
  const why = report.tasks
    .filter((task) => wanted.includes(task.id) && !task.passed)
    .flatMap(({ id, checks }) => checks.filter((check) => !check.passed).map(({ evidence }) => `${id} [${evidence}]`));
  return [
    `${lab.id}: right/${file} passes "${passed.join(" ")}", not "${wanted.join(" ")}": ${why.join("; ")}\n${report.output}`,
  ];
}

/** Names of the scripts in a folder of the lab. */
function scripts(lab: Lab, folder: string): string[] {
  const dir = join(lab.dir, folder);
  return existsSync(dir)
    ? readdirSync(dir)
        .filter((file) => file.endsWith(".sh"))
        .sort()
    : [];
}

/** wrong/<task-id>--<why>.sh. */
export function wrongAttempts(lab: Lab): { file: string; task: string }[] {
  return scripts(lab, "wrong").map((file) => ({ file, task: file.split("--")[0]! }));
}

function wrong(lab: Lab, file: string, task: string): string[] {
  if (!lab.tasks.some(({ id }) => id === task)) return [`${lab.id}: wrong/${file} names no task of the lab`];
  const text = readFileSync(join(lab.dir, "wrong", file), "utf8");
  const reason = /^# fails: (.+)$/m.exec(text)?.[1];
  const others = /^# others: (.+)$/m.exec(text)?.[1]?.trim();
  const seed = /^# seed: (\d+)\s*$/m.exec(text)?.[1];
  const report = gradeScript(lab, seed === undefined ? SEEDS[0]! : Number(seed), { name: file, text });
  const judged = report.tasks.find(({ id }) => id === task)!;
  if (judged.passed) return [`${lab.id}: wrong/${file} passes ${task}`];
  const out: string[] = [];
  const kinds = judged.checks.filter(({ passed }) => !passed).map(({ kind }) => kind);
  if (reason !== undefined && reason.trim() !== kinds.join(" ")) {
    out.push(
      `${lab.id}: wrong/${file} fails ${task} for another reason: ${kinds.join(" ")}, not ${reason.trim()}\n${report.output}`,
    );
  }
  // What else the attempt does right must count: a grader that fails everything would pass this test too.
  if (others !== undefined) {
    const passed = report.tasks
      .filter((each) => each.passed)
      .map(({ id }) => id)
      .join(" ");
    if (passed !== (others === "none" ? "" : others))
      out.push(`${lab.id}: wrong/${file} passes "${passed}", not "${others}"\n${report.output}`);
  }
  return out;
}

/** `kubetude lab check`: 0, 1 when a lab has problems, 2 when one cannot be read. The others are checked all the same. */
export function labCheck(ids: readonly string[]): number {
  let status = 0;
  for (const id of ids.length > 0 ? ids : labIds()) {
    console.log(id);
    let lab: Lab;
    try {
      lab = labAt(id);
    } catch (error) {
      console.error((error as Error).message);
      status = 2;
      continue;
    }
    const problems = checkLab(lab, (line) => console.log(line));
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) status = Math.max(status, 1);
  }
  return status;
}
