/** What the commands of nerdctl share: who they speak to, containers by name, tables and templates. */
import { formatTime } from "../../../api/time.ts";
import { decode, type Gen } from "../../../kernel/index.ts";
import type { Machine } from "../../../machine/machine.ts";
import type { Process } from "../../../machine/process.ts";
import { type ContainerRuntime, runtimeOf } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { GoTemplate, GoTemplateError } from "../../kubectl/printers/go-template.ts";
import { TabWriter } from "../../kubectl/printers/tabwriter.ts";
import { type Level, logrus } from "../crictl-context.ts";
import { type Unit, units } from "../ctr-context.ts";
import type { NerdFlags } from "./commands.ts";
import { DOCKER_FUNCTIONS } from "./template.ts";

export const SOCKET = "/run/containerd/containerd.sock";
/** Of nerdctl's own state: named by the hash of containerd's address (pkg/clientutil DataStore). */
export const DATA_STORE = "/var/lib/nerdctl/1935db59";

/** The message has a mark of upstream's own in it. */
export const INTERACTIVE_DETACHED = `currently flag -i and -d cannot be specified together (${["FIX", "ME"].join("")})`;

/** Ends nerdctl with a line at level fatal. */
export class NerdError extends Error {}

/** One run of nerdctl. */
export class Nerd {
  readonly p: Process;
  readonly machine: Machine;
  readonly runtime: ContainerRuntime;
  readonly namespace: string;
  readonly flags: NerdFlags;
  readonly args: readonly string[];

  constructor(p: Process, namespace: string, flags: NerdFlags, args: readonly string[]) {
    this.p = p;
    this.machine = p.machine;
    this.runtime = runtimeOf(p.machine);
    this.namespace = namespace;
    this.flags = flags;
    this.args = args;
  }

  on(name: string): boolean {
    return this.flags.on(name);
  }

  value(name: string, otherwise = ""): string {
    return this.flags.value(name, otherwise);
  }

  list(name: string): readonly string[] {
    return this.flags.list(name);
  }

  *print(text: string): Gen {
    yield* sys.print(this.p, text);
  }

  *log(level: Level, message: string, error?: string, more = ""): Gen {
    if (error === undefined) yield* logrus(this.p, level, message);
    else {
      const at = formatTime(this.machine.kernel.wallMs);
      const text = `time="${at}" level=${level} msg=${JSON.stringify(message)} error=${JSON.stringify(error)}${more}\n`;
      yield* sys.printError(this.p, text);
    }
  }

  /** Containers of the namespace, by id. */
  containers(): Unit[] {
    return units(this.machine, this.namespace);
  }

  /** Those that a word means: by name, or by the beginning of an id (pkg/idutil/containerwalker). Throws NerdError. */
  found(word: string): Unit[] {
    if (word.startsWith("k8s://")) {
      const hint = `specifying "k8s://..." form is not supported (Hint: specify ID instead)`;
      throw new NerdError(`${hint}: ${JSON.stringify(word)}`);
    }
    return this.containers().filter(({ id, labels }) => labels.get(NAME) === word || id.startsWith(word));
  }

  /** The one container that a word means; `otherwise` says that there is none. Throws NerdError. */
  one(word: string, otherwise = `no such container ${word}`): Unit {
    const [unit, second] = this.found(word);
    if (second !== undefined) throw new NerdError(`multiple IDs found with provided prefix: ${word}`);
    if (unit === undefined) throw new NerdError(otherwise);
    return unit;
  }

  /** Does something with each container that is named, and fails with all that went wrong (WalkAll). */
  *each(work: (unit: Unit, word: string) => Gen<void>, lenient = false): Gen {
    const errors: string[] = [];
    for (const word of this.args) {
      try {
        yield* work(this.one(word, `no such container: ${word}`), word);
      } catch (error) {
        if (!(error instanceof NerdError)) throw error;
        errors.push(error.message);
      }
    }
    yield* this.fail(errors, lenient);
  }

  /** Fails with these errors, if there are any; only tells of them when `lenient`. */
  *fail(errors: readonly string[], lenient = false): Gen {
    if (errors.length === 0) return;
    const text = `${errors.length} errors:\n${errors.join("\n")}`;
    if (!lenient) throw new NerdError(text);
    yield* this.log("error", text);
  }

  /** Asks before something is removed; nothing that was answered means no. */
  *agreed(warning: string): Gen<boolean> {
    if (this.on("force")) return true;
    yield* this.print(`${warning}\nAre you sure you want to continue? [y/N] `);
    const bytes = yield* sys.read(this.p, 0);
    return /^y\s*$/i.test(decode(bytes));
  }
}

/** Labels of a container that nerdctl made (pkg/labels). */
export const NAME = "nerdctl/name";
export const PORTS = "nerdctl/ports";
export const NETWORKS = "nerdctl/networks";
export const MOUNTS = "nerdctl/mounts";
export const HOSTNAME = "nerdctl/hostname";
export const STATE_DIR = "nerdctl/state-dir";
export const ANONYMOUS = "nerdctl/anonymous-volumes";

/** A port of a container as the label has it. */
export interface PortLabel {
  HostPort: number;
  ContainerPort: number;
  Protocol: string;
  HostIP: string;
}

export const portsOf = ({ labels }: Unit): PortLabel[] => JSON.parse(labels.get(PORTS) ?? "[]") as PortLabel[];
export const networksOf = ({ labels }: Unit): string[] => JSON.parse(labels.get(NETWORKS) ?? "[]") as string[];

/** What `ps` calls a container: its name, or where in the cluster it belongs. */
export function nameOf({ labels }: Unit): string {
  const name = labels.get(NAME);
  if (name !== undefined) return name;
  const [space, pod] = [labels.get("io.kubernetes.pod.namespace"), labels.get("io.kubernetes.pod.name")];
  if (space === undefined || pod === undefined) return "";
  const container = labels.get("io.kubernetes.container.name");
  return `k8s://${space}/${pod}${container === undefined ? "" : `/${container}`}`;
}

/** Rows as text/tabwriter lines them up. */
export function columns(rows: readonly (readonly string[])[], minWidth = 4, padding = 4): string {
  const writer = new TabWriter(minWidth, padding);
  writer.write(rows.map((row) => `${row.join("\t")}\n`).join(""));
  return writer.flush();
}

/** A template of `--format`; `json` stands for `{{json .}}`. Throws NerdError. */
export function formatOf(text: string): GoTemplate {
  try {
    return new GoTemplate(text === "json" ? "{{json .}}" : text, false, "", DOCKER_FUNCTIONS);
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error;
    throw new NerdError(error.message);
  }
}

/** A struct's value through a template: what is no field of it is an error of `type`. Throws NerdError. */
export function fill(template: GoTemplate, value: object, type: string): string {
  try {
    return template.execute(value);
  } catch (error) {
    if (!(error instanceof GoTemplateError)) throw error;
    const field = /map has no entry for key "([^"]*)"/.exec(error.message)?.[1];
    const message = error.message.replace(
      /map has no entry for key "[^"]*"/,
      `can't evaluate field ${field} in type ${type}`,
    );
    throw new NerdError(message);
  }
}
