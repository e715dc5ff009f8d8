import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { z } from "zod";
import { machinesOf, type SessionSpec } from "../engine/index.ts";
import { checkSchema } from "./checks/index.ts";

/** A text in both languages of the course. */
export const bilingual = z.strictObject({ ko: z.string(), en: z.string() });

const fileSchema = z.strictObject({
  machine: z.string(),
  path: z.string().startsWith("/"),
  /** What it holds; several of which the session's seed chooses one. */
  content: z.union([z.string(), z.array(z.string()).min(2)]),
  mode: z.number().int().optional(),
  owner: z.enum(["root", "learner"]).optional(),
});

/** What a learner is asked in a task; judged by the task's `answer` check. */
const questionSchema = z.strictObject({
  text: bilingual,
  /** Words to put in order, or to choose from; free text when absent. */
  options: z.array(z.string()).optional(),
  kind: z.enum(["text", "order", "choice"]).default("text"),
  placeholder: z.string().optional(),
});

const taskSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9-]+$/),
  title: bilingual,
  points: z.number().int().min(1),
  challenge: z.boolean().default(false),
  /** Heading of the lesson's step it belongs to. */
  question: questionSchema.optional(),
  hints: z.array(bilingual).default([]),
  /** Another right way than the solution's, shown once the task has passed. */
  also: bilingual.optional(),
  /** Machine on which a terminal is offered. */
  machine: z.string().optional(),
  /** The cluster whose objects, events and logs its checks read; the first one when absent. */
  cluster: z.string().default(""),
  checks: z.array(checkSchema).min(1),
});

export type Task = z.infer<typeof taskSchema>;

const topologySchema = z.strictObject({
  controlPlanes: z.number().int().min(1).max(5).default(3),
  workers: z.number().int().min(0).max(10).default(3),
  loadBalancers: z.number().int().min(0).max(2).default(2),
  network: z.enum(["flannel", "cilium"]).default("flannel"),
  /** `local-path`: a default StorageClass and its provisioner, as exam environments have them. */
  storage: z.enum(["none", "local-path"]).default("none"),
});

/** labs/<id>/lab.yaml. */
export const labSchema = z.strictObject({
  title: bilingual,
  summary: bilingual,
  /** Wall clock at which every session of the lab begins. */
  epoch: z.iso.datetime().default("2026-03-02T09:00:00Z"),
  topology: topologySchema.prefault({}),
  /**
   * Further clusters by name. Their machines' names begin with it (`cilium-cp-1`), and the learner's kubeconfig has a
   * context of that name.
   */
  clusters: z.record(z.string().regex(/^[a-z][a-z0-9]*$/), topologySchema).default({}),
  files: z.array(fileSchema).default([]),
  tasks: z.array(taskSchema).default([]),
});

export type LabFileContent = z.infer<typeof labSchema>;
export type Lab = LabFileContent & { id: string; dir: string };

/** The project's root, from the sources as well as from dist/. */
export function projectRoot(): string {
  let dir = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(dir, "package.json"))) dir = dirname(dir);
  return dir;
}

/** Ids of all labs, in the course's order. */
export function labIds(): string[] {
  const labs = join(projectRoot(), "labs");
  return readdirSync(labs)
    .filter((id) => existsSync(join(labs, id, "lab.yaml")))
    .sort();
}

/** Reads a lab. Throws an Error that names the lab, or what is wrong with its file. */
export function loadLab(id: string): Lab {
  const dir = join(projectRoot(), "labs", id);
  const file = join(dir, "lab.yaml");
  if (!/^[a-z0-9-]+$/.test(id) || !existsSync(file)) throw new Error(`no lab "${id}"; labs: ${labIds().join(", ")}`);
  const result = labSchema.safeParse(parse(readFileSync(file, "utf8")));
  if (!result.success) throw new Error(`${file}:\n${z.prettifyError(result.error)}`);
  for (const { id: task, cluster } of result.data.tasks) {
    if (cluster !== "" && !(cluster in result.data.clusters))
      throw new Error(`${file}: task ${task}: no cluster ${cluster}`);
  }
  return { ...result.data, id, dir };
}

/** Names of a lab's machines, the learner's own first. */
export function machineNames({ topology, clusters }: Lab): string[] {
  const further = Object.entries(clusters).flatMap(([name, each]) => machinesOf({ ...each, name }));
  const names = [...machinesOf(topology), ...further].map(({ name }) => name);
  return ["workstation", ...names.filter((name) => name !== "workstation")];
}

/** What a session of the lab starts from. `epochMs` overrides the lab's own instant. */
export function sessionSpec(lab: Lab, seed: number, engine: string, epochMs = Date.parse(lab.epoch)): SessionSpec {
  const files = lab.files.map(({ content, ...file }) => ({
    ...file,
    content: typeof content === "string" ? content : content[seed % content.length]!,
  }));
  return { lab: lab.id, seed, epochMs, topology: lab.topology, clusters: lab.clusters, files, engine };
}
