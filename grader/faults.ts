import { celMistake, machinesOf } from "../engine/index.ts";
import type { LabFileContent } from "./lab.ts";

/** What the expression of a check may name. */
const VARIABLES = {
  object: ["object"],
  answer: ["object", "events", "audit", "journal", "uid", "createdAt", "node", "netfilter", "ebpf"],
} as const;

/** Names of a lab's machines, the learner's own first. */
export function machineNames({ topology, clusters }: Pick<LabFileContent, "topology" | "clusters">): string[] {
  const further = Object.entries(clusters).flatMap(([name, each]) => machinesOf({ ...each, name }));
  const names = [...machinesOf(topology), ...further].map(({ name }) => name);
  return ["workstation", ...names.filter((name) => name !== "workstation")];
}

/** What a lab's file says that cannot be meant, though each field is of its type. */
export function faultsOf(lab: LabFileContent): string[] {
  const out: string[] = [];
  const machines = machineNames(lab);
  const known = (machine: string, where: string) => {
    if (!machines.includes(machine)) out.push(`${where}: no machine "${machine}"; machines: ${machines.join(", ")}`);
  };
  for (const { machine, path } of lab.files) known(machine, `file ${path}`);
  const seen = new Set<string>();
  for (const task of lab.tasks) {
    const where = `task ${task.id}`;
    if (seen.has(task.id)) out.push(`${where}: the id is taken by an earlier task`);
    seen.add(task.id);
    if (task.machine !== undefined) known(task.machine, where);
    if (task.cluster !== "" && !(task.cluster in lab.clusters)) out.push(`${where}: no cluster "${task.cluster}"`);
    for (const [i, check] of task.checks.entries()) {
      const at = `${where}, check ${i + 1} (${check.kind})`;
      if (check.kind === "netfilter") known(check.machine, at);
      if ((check.kind !== "object" && check.kind !== "answer") || check.cel === undefined) continue;
      const mistake = celMistake(check.cel, { variables: VARIABLES[check.kind] });
      if (mistake !== undefined) out.push(`${at}: cel: ${mistake}`);
    }
    const answers = task.checks.some(({ kind }) => kind === "answer");
    if (task.question !== undefined && !answers) out.push(`${where}: its question has no answer check that judges it`);
  }
  return out;
}
