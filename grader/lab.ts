import { existsSync, readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseDocument, visit } from "yaml";
import { z } from "zod";
import type { SessionSpec } from "../engine/index.ts";
import { checkSchema } from "./checks/index.ts";
import { faultsOf } from "./faults.ts";

/** A text in both languages of the course. */
export const bilingual = z.strictObject({ ko: z.string().describe("Korean."), en: z.string().describe("English.") });

const fileSchema = z.strictObject({
  machine: z.string().describe("Where it is: `workstation`, `cp-1`, `worker-1`, …"),
  path: z.string().startsWith("/").describe("Its absolute path; directories are made."),
  content: z
    .union([z.string(), z.array(z.string()).min(2)])
    .describe("What it holds; of several the session's seed chooses one."),
  mode: z.number().int().optional().describe("Its permissions: 0644, 0755."),
  owner: z.enum(["root", "learner"]).optional().describe("Whose it is; root's when absent."),
});

/** What a learner is asked in a task; judged by the task's `answer` check. */
const questionSchema = z.strictObject({
  text: bilingual.describe("The question."),
  options: z.array(z.string()).optional().describe("Words to put in order, or to choose from; free text when absent."),
  kind: z
    .enum(["text", "order", "choice"])
    .default("text")
    .describe("How it is answered: typed, by putting the options in order, or by choosing one."),
  placeholder: z.string().optional().describe("Shown in the empty field."),
});

const taskSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9-]+$/)
    .describe('Its name in `{{task "ID"}}`, in reports and in `wrong/ID--WHY.sh`.'),
  title: bilingual.describe("What is to be done, in a few words."),
  points: z.number().int().min(1).describe("Points when it passes."),
  challenge: z.boolean().default(false).describe("It is shown as a challenge."),
  question: questionSchema.optional().describe("What is asked; judged by the task's `answer` check."),
  hints: z.array(bilingual).default([]).describe("Hints, opened one after the other."),
  also: bilingual.optional().describe("Another right way than the solution's, shown once the task has passed."),
  machine: z.string().optional().describe("Machine on which a terminal is offered."),
  cluster: z
    .string()
    .default("")
    .describe("The cluster whose objects, events and logs its checks read; the first one when absent."),
  checks: z.array(checkSchema).min(1).describe("The task passes when all of them do."),
});

export type Task = z.infer<typeof taskSchema>;

const topologySchema = z.strictObject({
  controlPlanes: z
    .number()
    .int()
    .min(1)
    .max(5)
    .default(3)
    .describe("Machines cp-1, cp-2, …, each with an etcd member."),
  workers: z.number().int().min(0).max(10).default(3).describe("Machines worker-1, worker-2, …"),
  loadBalancers: z
    .number()
    .int()
    .min(0)
    .max(2)
    .default(2)
    .describe("Machines with HAProxy in front of the API servers."),
  network: z
    .enum(["flannel", "cilium"])
    .default("flannel")
    .describe("`flannel`: with kube-proxy. `cilium`: Services by eBPF, without kube-proxy."),
  storage: z
    .enum(["none", "local-path"])
    .default("none")
    .describe("`local-path`: a default StorageClass and its provisioner, as exam environments have them."),
});

/** labs/<id>/lab.yaml. */
export const labSchema = z.strictObject({
  title: bilingual.describe("The lab's name."),
  summary: bilingual.describe("What it is about, for the list of labs."),
  epoch: z.iso
    .datetime()
    .default("2026-03-02T09:00:00Z")
    .describe("Wall clock at which every session of the lab begins."),
  topology: topologySchema.prefault({}).describe("Machines of the cluster."),
  clusters: z
    .record(z.string().regex(/^[a-z][a-z0-9]*$/), topologySchema)
    .default({})
    .describe(
      "Further clusters by name. Their machines' names begin with it (`cilium-cp-1`), and the learner's kubeconfig has a context of that name.",
    ),
  files: z.array(fileSchema).default([]).describe("Files that are on the machines before these boot."),
  tasks: z.array(taskSchema).default([]).describe("What is to be done; none makes a playground."),
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
