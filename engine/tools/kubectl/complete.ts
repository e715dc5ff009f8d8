/** cobra's `__complete`: what may stand where the cursor is, one candidate a line, then `:` and a directive. */
import { resourcePath } from "../../api/client.ts";
import type { KubeList, KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import type { Process } from "../../machine/process.ts";
import { type Command, type FlagDef, findFlag, findShorthand, globalFlags, localFlags, shortText } from "./commands.ts";
import { loadConfig } from "./config-files.ts";
import { isExpected } from "./errors.ts";
import { type Flags, findCommand, parseFlags, UsageError } from "./flags.ts";
import { compareStrings } from "./go.ts";
import { Invocation } from "./invocation.ts";

const DEFAULT = 0;
const NO_SPACE = 2;
const NO_FILES = 4;
const FILE_EXTENSIONS = 8;

interface Candidates {
  words: readonly (readonly [word: string, description?: string])[];
  directive: number;
}

const files: Candidates = { words: [], directive: DEFAULT };
const nothing: Candidates = { words: [], directive: NO_FILES };
const plain = (words: readonly string[], directive = NO_FILES): Candidates => ({
  words: words.map((word) => [word] as const),
  directive,
});

/** The program behind `kubectl __complete WORDS… LAST`. */
export function* complete(p: Process, words: readonly string[]): Gen<number> {
  const bare = words[0] === "__completeNoDesc";
  const line = words.slice(1);
  const last = line.at(-1) ?? "";
  const { command: found, rest } = findCommand(line.slice(0, -1));
  let flags: Flags;
  const pending = pendingFlag(found.path, rest);
  try {
    flags = parseFlags(found.path, pending ? rest.slice(0, -1) : rest);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    flags = parseFlags(found.path, []);
  }
  const k = new Invocation(p, flags);
  let result: Candidates;
  if (found.path === "" && flags.args.length > 0) {
    k.err(
      `[Debug] Cleared global flags for plugin completion\n[Debug] [Error] unable to find a command for arguments: [${line.slice(0, -1).join(" ")}]\n`,
    );
    result = files;
  } else {
    try {
      result = yield* candidates(k, found, rest, pending, last);
    } catch (error) {
      if (!isExpected(error)) throw error;
      result = nothing;
    }
  }
  for (const [word, description] of result.words) {
    const line1 = description?.split("\n")[0];
    k.out(bare || !line1 ? `${word}\n` : `${word}\t${line1}\n`);
  }
  k.out(`:${result.directive}\n`);
  k.err(`Completion ended with directive: ${directiveNames(result.directive)}\n`);
  yield* k.flush();
  return 0;
}

function directiveNames(directive: number): string {
  const names: string[] = [];
  if (directive & NO_SPACE) names.push("ShellCompDirectiveNoSpace");
  if (directive & NO_FILES) names.push("ShellCompDirectiveNoFileComp");
  if (directive & FILE_EXTENSIONS) names.push("ShellCompDirectiveFilterFileExt");
  return names.length > 0 ? names.join(", ") : "ShellCompDirectiveDefault";
}

/** The flag at the end of the line that still waits for its value. */
function pendingFlag(path: string, words: readonly string[]): FlagDef | undefined {
  const word = words.at(-1) ?? "";
  if (words.includes("--") || !word.startsWith("-") || word.includes("=") || word === "-") return undefined;
  const flag = word.startsWith("--") ? findFlag(path, word.slice(2)) : findShorthand(path, word.at(-1)!);
  return flag?.bare === undefined ? flag : undefined;
}

function* candidates(
  k: Invocation,
  found: Command,
  rest: readonly string[],
  pending: FlagDef | undefined,
  last: string,
): Gen<Candidates> {
  if (pending) return yield* flagValues(k, pending, last, "");
  const dashed = rest.includes("--");
  if (last.startsWith("-") && !dashed) {
    const equals = last.indexOf("=");
    if (equals < 0) return flagNames(k, found.path, last);
    const flag = findFlag(found.path, last.slice(2, equals));
    return flag ? yield* flagValues(k, flag, last.slice(equals + 1), "") : nothing;
  }
  const subcommands = k.args.length === 0 ? subcommandNames(found, last) : [];
  if (subcommands.length > 0) return { words: subcommands, directive: NO_FILES };
  return yield* argumentsOf(k, found, last);
}

function subcommandNames(found: Command, prefix: string): [string, string][] {
  const names = [...found.subcommands, ...(found.path === "" ? ["help"] : [])];
  return names
    .filter((name) => name.startsWith(prefix))
    .sort(compareStrings)
    .map((name) => [
      name,
      name === "help" ? "Help about any command" : shortText(found.path === "" ? name : `${found.path} ${name}`),
    ]);
}

function flagNames(k: Invocation, path: string, prefix: string): Candidates {
  const byName = (a: FlagDef, b: FlagDef) => compareStrings(a.name, b.name);
  const own = localFlags(path).filter((flag) => flag.usage !== "");
  const help: FlagDef = {
    name: "help",
    shorthand: "h",
    value: "false",
    usage: `help for ${path.split(" ").at(-1) || "kubectl"}`,
    type: "bool",
    bare: "true",
  };
  const words: [string, string][] = [];
  for (const flag of [...[...globalFlags()].sort(byName), ...[...own, help].sort(byName)]) {
    if (k.flags.changed(flag.name) && flag.type !== "slice" && flag.type !== "array") continue;
    if (`--${flag.name}`.startsWith(prefix)) words.push([`--${flag.name}`, flag.usage]);
    if (flag.shorthand && `-${flag.shorthand}`.startsWith(prefix)) words.push([`-${flag.shorthand}`, flag.usage]);
  }
  return { words, directive: NO_FILES };
}

const FORMATS =
  "json yaml name go-template go-template-file template templatefile jsonpath jsonpath-as-json jsonpath-file".split(
    " ",
  );

function* flagValues(k: Invocation, flag: FlagDef, last: string, prefix: string): Gen<Candidates> {
  const starting = (words: readonly string[]) =>
    plain(words.filter((word) => word.startsWith(last)).map((word) => prefix + word));
  const config = () => loadConfig(k.p, k.flags.string("kubeconfig"));
  switch (flag.name) {
    case "namespace":
      return starting(yield* names(k, "namespaces", ""));
    case "context":
      return starting(config().contexts.map(({ name }) => name));
    case "cluster":
      return starting(config().clusters.map(({ name }) => name));
    case "user":
      return starting(config().users.map(({ name }) => name));
    case "output":
      return k.path === "get" ? starting([...FORMATS, "custom-columns", "custom-columns-file", "wide"]) : files;
    case "filename":
      return plain(["json", "yaml", "yml"], FILE_EXTENSIONS);
    case "container":
      return k.args.length > 0 ? starting(yield* containers(k, k.args[0]!)) : nothing;
    default:
      return files;
  }
}

/** Names of the objects of a type in the namespace of the line. */
function* names(k: Invocation, type: string, prefix: string): Gen<string[]> {
  const mapping = (yield* k.resources()).find(type);
  if (mapping === undefined) return [];
  const namespace = mapping.namespaced ? k.namespace : "";
  const list = (yield* k.object("GET", `${resourcePath(mapping, namespace)}?limit=500`)) as unknown as KubeList;
  return list.items.map((item) => item.metadata.name).filter((name) => name.startsWith(prefix));
}

function* containers(k: Invocation, word: string): Gen<string[]> {
  const name = word.slice(word.indexOf("/") + 1);
  const pod: KubeObject = yield* k.object("GET", `/api/v1/namespaces/${k.namespace}/pods/${name}`);
  const { initContainers = [], containers: list } = pod.spec;
  return [...initContainers, ...list].map((container: { name: string }) => container.name);
}

const WORKLOADS = ["deployment", "daemonset", "statefulset"];

/** Which commands complete types and names, and of which types; empty: all that can be got. */
const TYPES_AND_NAMES: Record<string, { types: readonly string[]; repeat: boolean }> = {
  annotate: { types: [], repeat: true },
  delete: { types: [], repeat: true },
  describe: { types: [], repeat: true },
  edit: { types: [], repeat: true },
  get: { types: [], repeat: true },
  label: { types: [], repeat: true },
  patch: { types: [], repeat: true },
  expose: { types: ["pod", "service", "replicationcontroller", "deployment", "replicaset"], repeat: true },
  scale: { types: ["deployment", "replicaset", "replicationcontroller", "statefulset"], repeat: true },
  taint: { types: ["node"], repeat: true },
  "rollout history": { types: WORKLOADS, repeat: true },
  "rollout pause": { types: ["deployment"], repeat: true },
  "rollout restart": { types: WORKLOADS, repeat: true },
  "rollout resume": { types: ["deployment"], repeat: true },
  "rollout status": { types: WORKLOADS, repeat: false },
  "rollout undo": { types: WORKLOADS, repeat: true },
  "set image": {
    types: ["pod", "replicationcontroller", "deployment", "daemonset", "statefulset", "cronjob", "replicaset"],
    repeat: false,
  },
};

/** Commands whose first argument is a name of this type. */
const NAMES: Record<string, string> = {
  cordon: "nodes",
  drain: "nodes",
  uncordon: "nodes",
  "create token": "serviceaccounts",
  "top node": "nodes",
  "top pod": "pods",
};

const WITH_PODS = "daemonsets deployments pods jobs replicasets replicationcontrollers services statefulsets".split(
  " ",
);

function* argumentsOf(k: Invocation, found: Command, last: string): Gen<Candidates> {
  const { args } = k;
  const { path } = found;
  const single = NAMES[path];
  if (single) return args.length === 0 ? plain(yield* names(k, single, last)) : nothing;
  if (path === "exec" || path === "attach" || path === "logs" || path === "port-forward") {
    if (args.length === 0) return yield* podWords(k, last);
    return path === "logs" && args.length === 1
      ? plain((yield* containers(k, args[0]!)).filter((name) => name.startsWith(last)))
      : nothing;
  }
  if (path.startsWith("config ")) return configWords(k, path, last);
  const rule = TYPES_AND_NAMES[path];
  if (rule) return yield* typesAndNames(k, rule, last);
  return found.subcommands.length > 0 ? nothing : files;
}

function* podWords(k: Invocation, last: string): Gen<Candidates> {
  const slash = last.indexOf("/");
  if (slash >= 0) {
    const type = last.slice(0, slash);
    return plain((yield* names(k, type, last.slice(slash + 1))).map((name) => `${type}/${name}`));
  }
  let pods: string[] = [];
  try {
    pods = yield* names(k, "pods", last);
  } catch (error) {
    if (!isExpected(error)) throw error;
  }
  const types = WITH_PODS.filter((type) => type.startsWith(last)).map((type) => `${type}/`);
  return plain([...pods, ...types], pods.length === 0 ? NO_SPACE | NO_FILES : NO_FILES);
}

function configWords(k: Invocation, path: string, last: string): Candidates {
  if (k.args.length > 0) return nothing;
  const config = loadConfig(k.p, k.flags.string("kubeconfig"));
  const lists: Record<string, readonly { name: string }[]> = {
    "config delete-cluster": config.clusters,
    "config delete-context": config.contexts,
    "config delete-user": config.users,
    "config rename-context": config.contexts,
    "config set-context": config.contexts,
    "config use-context": config.contexts,
  };
  const list = lists[path];
  return list ? plain(list.map(({ name }) => name).filter((name) => name.startsWith(last))) : files;
}

/** Resource types that can be got, as `api-resources -o name` lists them. */
function* typeNames(k: Invocation, word: string): Gen<string[]> {
  const comma = word.lastIndexOf(",") + 1;
  const seen = new Map<string, string>();
  for (const m of (yield* k.resources()).mappings) {
    if (!m.verbs.includes("get")) continue;
    const name = m.group === "" ? m.resource : `${m.resource}.${m.group}`;
    if (!seen.has(name)) seen.set(name, `${m.group}\0${m.resource}`);
  }
  const order = (name: string) => seen.get(name)!;
  return [...seen.keys()]
    .sort((a, b) => compareStrings(order(a), order(b)))
    .filter((name) => name.startsWith(word.slice(comma)))
    .map((name) => word.slice(0, comma) + name);
}

function* typesAndNames(
  k: Invocation,
  rule: { types: readonly string[]; repeat: boolean },
  last: string,
): Gen<Candidates> {
  const { args } = k;
  const types = function* (): Gen<string[]> {
    return rule.types.length > 0 ? rule.types.filter((type) => type.startsWith(last)) : yield* typeNames(k, last);
  };
  if (args.length > 0 && !args[0]!.includes("/")) {
    if (!rule.repeat && args.length > 1) return nothing;
    const taken = new Set(args.slice(1));
    return plain((yield* names(k, args[0]!, last)).filter((name) => !taken.has(name)));
  }
  const slash = last.indexOf("/");
  if (slash < 0) {
    if (args.length === 0) return plain(yield* types());
    return rule.repeat
      ? plain(
          (yield* types()).map((type) => `${type}/`),
          NO_SPACE | NO_FILES,
        )
      : nothing;
  }
  if (!rule.repeat && args.length > 0) return nothing;
  const type = last.slice(0, slash);
  const taken = new Set(args);
  return plain(
    (yield* names(k, type, last.slice(slash + 1))).map((name) => `${type}/${name}`).filter((word) => !taken.has(word)),
  );
}
