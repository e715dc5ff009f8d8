/** What flags and arguments may be (kubectl pkg/util/completion): types, names, containers, ports, contexts. */
import type { KubeList, KubeObject } from "../../api/types.ts";
import { type Gen, MS } from "../../kernel/index.ts";
import { isErrno } from "../../machine/errno.ts";
import * as sys from "../../machine/sys.ts";
import { type FlagDef, globalFlags } from "./commands.ts";
import { type Config, loadConfig } from "./config-files.ts";
import { Exit, isExpected } from "./errors.ts";
import { compareStrings } from "./go.ts";
import type { Invocation } from "./invocation.ts";
import { attachablePod, podOrOwner } from "./pods.ts";
import { build } from "./resources.ts";

/** Bits of a directive: no blank behind the word, no files beside the candidates, files that end so. */
export const DEFAULT = 0;
export const NO_SPACE = 2;
export const NO_FILES = 4;
export const FILE_EXTENSIONS = 8;

export interface Candidates {
  words: readonly (readonly [word: string, description?: string])[];
  directive: number;
}

const plain = (words: readonly string[], directive = NO_FILES): Candidates => ({
  words: words.map((word) => [word] as const),
  directive,
});

const starting = (words: readonly string[], prefix: string) => words.filter((word) => word.startsWith(prefix));

/** Finding candidates goes wrong silently. */
function* orElse<T>(asked: Gen<T>, otherwise: T): Gen<T> {
  try {
    return yield* asked;
  } catch (error) {
    if (!isExpected(error) && !(error instanceof Exit)) throw error;
    return otherwise;
  }
}

/** What `kubectl get WORDS` finds, in the namespace of the line or another. */
function* found(k: Invocation, args: readonly string[], namespace?: string): Gen<KubeObject[]> {
  const got = function* (): Gen<KubeObject[]> {
    if (namespace !== undefined) {
      const list = yield* k.object("GET", `/api/v1/namespaces/${namespace}/pods?limit=500`);
      return (list as unknown as KubeList).items;
    }
    const { infos } = yield* build(k, {
      args,
      chunkSize: 500,
      enforceNamespace: k.target().explicitNamespace,
      allowEmptySelector: true,
      latest: true,
      continueOnError: true,
      flatten: true,
    });
    return infos.map(({ object }) => object!);
  };
  return yield* orElse(got(), []);
}

function* names(k: Invocation, type: string, prefix: string): Gen<string[]> {
  return starting(
    (yield* found(k, [type])).map(({ metadata }) => metadata.name),
    prefix,
  );
}

/** The Pod that `POD | TYPE/NAME` means; a short while is waited for one. */
function* podOf(k: Invocation, word: string): Gen<KubeObject | undefined> {
  let name = word;
  if (word.includes("/")) {
    const behind = function* (): Gen<string> {
      const { object } = yield* podOrOwner(k, word);
      return (yield* attachablePod(k, object!, 100 * MS)).metadata.name;
    };
    name = yield* orElse(behind(), "");
  }
  return name === "" ? undefined : (yield* found(k, ["pod", name]))[0];
}

function* containers(k: Invocation, word: string, prefix: string): Gen<string[]> {
  const { initContainers = [], containers: list = [] } = (yield* podOf(k, word))?.spec ?? {};
  return starting(
    [...initContainers, ...list].map(({ name }: { name: string }) => name),
    prefix,
  );
}

/** `LOCAL:REMOTE` for the ports of a Pod's containers, or of a Service. */
function* ports(k: Invocation, word: string, prefix: string): Gen<string[]> {
  const [type = "", name] = word.split("/");
  let remote: number[];
  if (name !== undefined && ["service", "services", "svc"].includes(type)) {
    const service = (yield* found(k, ["service", name]))[0];
    remote = (service?.spec?.ports ?? []).map(({ port }: { port: number }) => port);
  } else {
    const pod = yield* podOf(k, word);
    remote = (pod?.spec?.containers ?? []).flatMap(({ ports: list = [] }: { ports?: { containerPort: number }[] }) =>
      list.map(({ containerPort }) => containerPort),
    );
  }
  const local = prefix.split(":")[0]!;
  return starting(
    remote.map((port) => `${prefix === "" ? port : local}:${port}`),
    prefix,
  );
}

const FORMATS =
  "json yaml name go-template go-template-file template templatefile jsonpath jsonpath-as-json jsonpath-file custom-columns custom-columns-file wide".split(
    " ",
  );

/** Candidates for the value of a flag; files where kubectl knows none. */
export function* valuesOf(k: Invocation, flag: FlagDef, prefix: string): Gen<Candidates> {
  const { path } = k;
  const isGlobal = globalFlags().includes(flag);
  const config = () => loadConfig(k.p, k.flags.string("kubeconfig"));
  switch (flag.name) {
    case "namespace":
      return plain(yield* names(k, "namespaces", prefix));
    case "context":
      if (isGlobal) return plain(namesIn(config(), "contexts", prefix));
      break;
    case "cluster":
      if (isGlobal) return plain(namesIn(config(), "clusters", prefix));
      break;
    case "user":
      if (isGlobal) return plain(namesIn(config(), "users", prefix));
      break;
    case "output":
      if (path === "get") return plain(starting(FORMATS, prefix));
      break;
    case "subresource":
      return plain(["status", "scale", "resize"]);
    case "container":
      if (path === "exec") return plain(k.args.length > 0 ? yield* containers(k, k.args[0]!, prefix) : []);
      break;
    case "clusterrole":
      if (path === "create clusterrolebinding") return plain(yield* names(k, "clusterrole", prefix));
  }
  return plain([], DEFAULT);
}

function namesIn(config: Config, list: "contexts" | "clusters" | "users", prefix: string): string[] {
  return starting(
    config[list].map(({ name }) => name),
    prefix,
  );
}

const ROLLED_OUT = ["deployment", "daemonset", "statefulset"];
const SCALED = ["deployment", "replicaset", "replicationcontroller", "statefulset"];

/** Commands that take types and names: of which types (all that can be got), and whether of several objects. */
const TYPES_AND_NAMES: Record<string, { types?: readonly string[]; once?: boolean }> = {
  annotate: {},
  "apply edit-last-applied": {},
  "apply view-last-applied": {},
  delete: {},
  describe: {},
  edit: {},
  get: {},
  label: {},
  patch: {},
  autoscale: { types: SCALED },
  expose: { types: ["pod", "service", "replicationcontroller", "deployment", "replicaset"] },
  scale: { types: SCALED },
  taint: { types: ["node"] },
  "rollout history": { types: ROLLED_OUT },
  "rollout pause": { types: ["deployment"] },
  "rollout restart": { types: ROLLED_OUT },
  "rollout resume": { types: ["deployment"] },
  "rollout status": { types: ROLLED_OUT, once: true },
  "rollout undo": { types: ROLLED_OUT },
  "set image": {
    types: ["daemonsets", "deployments", "pods", "cronjobs", "replicasets", "replicationcontrollers", "statefulsets"],
    once: true,
  },
};

/** Commands whose first argument is a name of this type. */
const NAMES: Record<string, string> = {
  cordon: "node",
  drain: "node",
  uncordon: "node",
  "create token": "serviceaccount",
  "top node": "node",
  "top pod": "pod",
};

/** Commands whose first argument is a name in the kubeconfig. */
const IN_CONFIG: Record<string, "contexts" | "clusters" | "users"> = {
  "config delete-cluster": "clusters",
  "config delete-context": "contexts",
  "config delete-user": "users",
  "config rename-context": "contexts",
  "config set-context": "contexts",
  "config use-context": "contexts",
};

const SHELLS = ["bash", "fish", "powershell", "zsh"];

const WITH_PODS = "daemonsets deployments pods jobs replicasets replicationcontrollers services statefulsets".split(
  " ",
);

/** Candidates for an argument of a command; undefined where kubectl has nothing to say. */
export function* argumentsOf(k: Invocation, path: string, word: string): Gen<Candidates | undefined> {
  const { args } = k;
  const first = args.length === 0;
  const type = NAMES[path];
  if (type !== undefined) return plain(first ? yield* names(k, type, word) : []);
  const list = IN_CONFIG[path];
  // The flag --kubeconfig of these commands is another one than that which completion looks at.
  if (list !== undefined) return plain(first ? namesIn(loadConfig(k.p, ""), list, word) : []);
  switch (path) {
    case "attach":
    case "exec":
      return first ? yield* podWords(k, word) : plain([]);
    case "logs":
      if (first) return yield* podWords(k, word);
      return plain(args.length === 1 ? yield* containers(k, args[0]!, word) : []);
    case "port-forward":
      if (first) return yield* podWords(k, word);
      return plain(args.length === 1 ? yield* ports(k, args[0]!, word) : []);
    case "cp":
      return plain(first ? yield* copied(k, word) : [], NO_SPACE);
    case "completion":
      return first ? plain(starting(SHELLS, word)) : undefined;
  }
  const rule = TYPES_AND_NAMES[path];
  return rule && (yield* typesAndNames(k, rule.types, rule.once ?? false, word));
}

/** Pods, and types of what has Pods. */
function* podWords(k: Invocation, word: string): Gen<Candidates> {
  const slash = word.indexOf("/");
  if (slash >= 0) {
    const type = word.slice(0, slash);
    return plain((yield* names(k, type, word.slice(slash + 1))).map((name) => `${type}/${name}`));
  }
  const pods = yield* names(k, "pod", word);
  const types = starting(WITH_PODS, word).map((type) => `${type}/`);
  return plain([...pods, ...types], pods.length === 0 ? NO_SPACE | NO_FILES : NO_FILES);
}

/** Where `cp` may copy from: `NAMESPACE/POD:`, `POD:`, and files once something was typed. */
function* copied(k: Invocation, word: string): Gen<string[]> {
  if (/^[/.~]/.test(word) || word.includes(":")) return [];
  const slash = word.indexOf("/");
  if (slash > 0) {
    const pods = yield* found(k, ["pod"], word.slice(0, slash));
    return starting(
      pods.map(({ metadata }) => `${metadata.namespace}/${metadata.name}:`),
      word,
    );
  }
  const namespaces = (yield* names(k, "namespace", word)).map((name) => `${name}/`);
  const all = [...namespaces, ...(yield* names(k, "pod", word)).map((name) => `${name}:`)];
  if (word === "") return [...all, "./", "/"];
  return all.length > 0 ? [...all, ...filesHere(k, word)] : [];
}

function filesHere(k: Invocation, prefix: string): string[] {
  try {
    return [...sys.readDir(k.p, ".")]
      .filter(([name]) => name.startsWith(prefix))
      .sort(([a], [b]) => compareStrings(a, b))
      .map(([name, node]) => (node.kind === "dir" ? `${name}/` : name));
  } catch (error) {
    if (!isErrno(error)) throw error;
    return [];
  }
}

/** Resource types that can be got, as `api-resources -o name` lists them; the last of a list that commas part. */
function* typeNames(k: Invocation, word: string): Gen<string[]> {
  const listed = function* (): Gen<string[]> {
    const seen = new Map<string, string>();
    for (const m of (yield* k.resources()).mappings) {
      if (!m.verbs.includes("get")) continue;
      const name = m.group === "" ? m.resource : `${m.resource}.${m.group}`;
      if (!seen.has(name)) seen.set(name, `${m.group}\0${m.resource}`);
    }
    return [...seen].sort(([, a], [, b]) => compareStrings(a, b)).map(([name]) => name);
  };
  const comma = word.lastIndexOf(",") + 1;
  return starting(yield* orElse(listed(), []), word.slice(comma)).map((name) => word.slice(0, comma) + name);
}

function* typesAndNames(
  k: Invocation,
  types: readonly string[] | undefined,
  once: boolean,
  word: string,
): Gen<Candidates> {
  const { args } = k;
  const more = args.length === 0 || !once;
  if (args.length > 0 && !args[0]!.includes("/")) {
    if (args.length > 1 && once) return plain([]);
    const taken = new Set(args.slice(1));
    return plain((yield* names(k, args[0]!, word)).filter((name) => !taken.has(name)));
  }
  const slash = word.indexOf("/");
  if (slash < 0) {
    if (!more) return plain([]);
    const offered = types ? starting(types, word) : yield* typeNames(k, word);
    if (args.length === 0) return plain(offered);
    return plain(
      offered.map((type) => `${type}/`),
      NO_SPACE | NO_FILES,
    );
  }
  if (!more) return plain([]);
  const type = word.slice(0, slash);
  const taken = new Set(args);
  const all = (yield* names(k, type, word.slice(slash + 1))).map((name) => `${type}/${name}`);
  return plain(all.filter((one) => !taken.has(one)));
}
