import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument, visit } from "yaml";
import { z } from "zod";
import type { SessionSpec } from "../engine/index.ts";
import { checkSchema } from "./checks/index.ts";
import { faultsOf } from "./faults.ts";

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
export type Lab = LabFileContent & {
  id: string;
  dir: string;
  /** setup.sh: what happens on the cluster before the learner comes. */
  setup?: string;
};

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
  if (!/^[a-z0-9-]+$/.test(id) || !existsSync(join(dir, "lab.yaml")))
    throw new Error(`no lab "${id}"; labs: ${labIds().join(", ")}`);
  return readLab(dir);
}

/** The lab of an id, or one that somebody writes elsewhere: `./my-lab`, any path with a slash. */
export function labAt(where: string): Lab {
  if (!where.includes("/") && where !== ".") return loadLab(where);
  const dir = resolve(where);
  if (!existsSync(join(dir, "lab.yaml"))) throw new Error(`${where}: no lab.yaml there`);
  return readLab(dir);
}

/** Reads the lab of a directory. Throws an Error that says what is wrong with its file. */
function readLab(dir: string): Lab {
  const file = join(dir, "lab.yaml");
  const result = labSchema.safeParse(readYaml(file));
  if (!result.success) throw new Error(`${file}:\n${z.prettifyError(result.error)}`);
  const faults = faultsOf(result.data);
  if (faults.length > 0) throw new Error(`${file}:\n${faults.join("\n")}`);
  const setup = join(dir, "setup.sh");
  return {
    ...result.data,
    id: basename(dir),
    dir,
    ...(existsSync(setup) ? { setup: readFileSync(setup, "utf8") } : {}),
  };
}

/** Numbers that begin with 0 are octal, as manifests of Kubernetes have their modes (YAML 1.1); YAML 1.2 drops the 0. */
function readYaml(file: string): unknown {
  const document = parseDocument(readFileSync(file, "utf8"));
  const [error] = document.errors;
  if (error) throw new Error(`${file}: ${error.message}`);
  visit(document, {
    Scalar(_, node) {
      if (typeof node.value === "number" && /^0[0-7]+$/.test(node.source ?? ""))
        node.value = Number(`0o${node.source}`);
    },
  });
  return document.toJS();
}

/** What a session of the lab starts from. `epochMs` overrides the lab's own instant. */
export function sessionSpec(lab: Lab, seed: number, engine: string, epochMs = Date.parse(lab.epoch)): SessionSpec {
  const files = lab.files.map(({ content, ...file }) => ({
    ...file,
    content: typeof content === "string" ? content : content[seed % content.length]!,
  }));
  return {
    lab: lab.id,
    seed,
    epochMs,
    topology: lab.topology,
    clusters: lab.clusters,
    files,
    setup: lab.setup,
    engine,
  };
}
