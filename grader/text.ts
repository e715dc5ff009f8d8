import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { CheckSpec } from "./checks/index.ts";
import type { Lab } from "./lab.ts";

/** Names that a learner must be told: objects the checks look for. */
export function namesOf(lab: Lab): string[] {
  const names = new Set<string>();
  for (const task of lab.tasks) for (const check of task.checks) for (const name of checkNames(check)) names.add(name);
  return [...names].sort();
}

function checkNames(check: CheckSpec): string[] {
  const names: (string | undefined)[] = [];
  if (check.kind === "answer") names.push(check.subject.name);
  if (check.kind === "object" || check.kind === "event-order" || check.kind === "audit") names.push(check.name);
  if (check.kind === "visit")
    names.push(check.from.name, check.to.namespace === "kube-system" ? undefined : check.to.name);
  const namespace = check.kind === "walk" ? check.from.namespace : "namespace" in check ? check.namespace : undefined;
  if (namespace !== "default" && namespace !== "kube-system") names.push(namespace);
  return names.filter((name) => name !== undefined);
}

/** Markers of a text that both languages must have alike: headings' levels, tasks, command blocks. */
function skeleton(text: string): string[] {
  const out: string[] = [];
  let fence = false;
  for (const line of text.split("\n")) {
    if (line.startsWith("```")) {
      fence = !fence;
      if (fence) out.push(line.trim());
    } else if (fence) out.push(`  ${line}`);
    else {
      const heading = /^(#+) /.exec(line)?.[1];
      if (heading) out.push(heading);
      for (const tag of line.matchAll(/\{\{[#/]?\w[^}]*\}\}/g)) out.push(tag[0]);
    }
  }
  return out;
}

/** Texts that are missing, or that say different things in the two languages. */
export function textProblems(lab: Lab): string[] {
  const texts: Record<string, string> = {};
  for (const language of ["ko", "en"]) {
    const file = join(lab.dir, `text.${language}.md`);
    if (!existsSync(file)) {
      if (lab.tasks.length > 0) return [`${lab.id}: text.${language}.md is missing`];
      return [];
    }
    texts[language] = readFileSync(file, "utf8");
  }
  const out: string[] = [];
  const [ko, en] = [skeleton(texts["ko"]!), skeleton(texts["en"]!)];
  const at = ko.findIndex((line, i) => line !== en[i]);
  if (at >= 0 || ko.length !== en.length) {
    const where = at >= 0 ? at : ko.length;
    out.push(
      `${lab.id}: the texts differ in their parts: ko has "${ko[where] ?? "nothing"}" where en has "${en[where] ?? "nothing"}"`,
    );
  }
  for (const task of lab.tasks) {
    for (const language of ["ko", "en"]) {
      if (!texts[language]!.includes(`{{task "${task.id}"}}`))
        out.push(`${lab.id}: text.${language}.md has no {{task "${task.id}"}}`);
    }
  }
  const known = new Set(lab.tasks.map(({ id }) => id));
  for (const language of ["ko", "en"]) {
    for (const [, id] of texts[language]!.matchAll(/\{\{task "([^"]*)"\}\}/g))
      if (!known.has(id!))
        out.push(`${lab.id}: text.${language}.md has {{task "${id}"}}, which is no task of lab.yaml`);
  }
  return out;
}
