import { HelmError } from "./error.ts";

/** Flags of a command: a name, or `name/s` with its short form; `!` after it: it takes no value. */
export type FlagList = string;

export const GLOBAL_FLAGS: FlagList =
  "namespace/n kubeconfig kube-context kube-apiserver kube-token kube-as-user kube-as-group kube-ca-file kube-tls-server-name kube-insecure-skip-tls-verify! burst-limit qps registry-config repository-cache repository-config content-cache debug! help/h!";

const CHART =
  "version repo username password keyring verify! devel! ca-file cert-file key-file insecure-skip-tls-verify! plain-http! pass-credentials!";
const VALUES = "values/f set set-string set-file set-json set-literal";
const INSTALL = `create-namespace! dry-run? wait! wait-for-jobs! timeout atomic! replace! description dependency-update! no-hooks! skip-crds! force! labels/l post-renderer post-renderer-args disable-openapi-validation! render-subchart-notes! hide-notes! hide-secret! take-ownership! enable-dns! skip-schema-validation! generate-name/g! name-template output/o ${CHART} ${VALUES}`;

/** Flags of each command beside the global ones. */
export const COMMAND_FLAGS: Readonly<Record<string, FlagList>> = {
  install: INSTALL,
  upgrade: `install/i! reuse-values! reset-values! reset-then-reuse-values! cleanup-on-fail! history-max recreate-pods! ${INSTALL}`,
  template: `show-only/s include-crds! api-versions/a kube-version validate! output-dir is-upgrade! release-name! skip-tests! ${INSTALL}`,
  uninstall: "keep-history! wait! timeout dry-run! no-hooks! ignore-not-found! cascade description",
  list: "all/a! all-namespaces/A! deployed! failed! pending! superseded! uninstalled! uninstalling! filter/f max/m offset output/o short/q! date/d! reverse/r! selector/l time-format no-headers!",
  status: "revision output/o show-desc! show-resources!",
  history: "max output/o",
  rollback: "wait! wait-for-jobs! timeout dry-run! force! cleanup-on-fail! no-hooks! recreate-pods! history-max",
  test: "logs! timeout filter hide-notes!",
  "get values": "all/a! revision output/o",
  "get manifest": "revision",
  "get notes": "revision",
  "get hooks": "revision",
  "get metadata": "revision output/o",
  "get all": "revision template",
  "show all": `jsonpath ${CHART}`,
  "show chart": `jsonpath ${CHART}`,
  "show values": `jsonpath ${CHART}`,
  "show readme": CHART,
  "show crds": CHART,
  "search repo": "versions/l! version regexp/r! devel! output/o max-col-width fail-on-no-result!",
  "search hub": "output/o max-col-width endpoint list-repo-url! fail-on-no-result!",
  "repo add":
    "force-update! no-update! username password password-stdin! ca-file cert-file key-file insecure-skip-tls-verify! pass-credentials! allow-deprecated-repos! timeout",
  "repo list": "output/o",
  "repo update": "fail-on-repo-update-fail! timeout",
  "repo remove": "",
  "repo index": "url merge json!",
  pull: `untar! untardir destination/d prov! ${CHART}`,
  package: "destination/d version app-version dependency-update/u! sign! key keyring passphrase-file",
  lint: `strict! quiet! with-subcharts! kube-version skip-schema-validation! ${VALUES}`,
  create: "starter/p",
  "dependency list": "max-col-width",
  "dependency update": "skip-refresh! verify! keyring",
  "dependency build": "skip-refresh! verify! keyring",
  env: "",
  version: "short! template client/c!",
  "plugin list": "",
};

const SHORT_COMMANDS: Readonly<Record<string, string>> = {
  ls: "list",
  del: "uninstall",
  delete: "uninstall",
  un: "uninstall",
  hist: "history",
  inspect: "show",
  fetch: "pull",
  dep: "dependency",
  dependencies: "dependency",
};

const SUBCOMMANDS: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  repo: { ls: "list", rm: "remove", up: "update" },
  dependency: { ls: "list", up: "update" },
  show: { value: "values" },
  get: {},
  search: {},
  plugin: { ls: "list" },
};

export interface CommandLine {
  /** `get values`; empty for helm alone. */
  command: string;
  args: string[];
  flags: Map<string, string[]>;
}

interface Flag {
  name: string;
  valued: "yes" | "no" | "maybe";
}

function flagsOf(list: FlagList): Map<string, Flag> {
  const out = new Map<string, Flag>();
  for (const word of list.split(" ").filter(Boolean)) {
    const mark = /[!?]$/.exec(word)?.[0];
    const [name, short] = (mark ? word.slice(0, -1) : word).split("/") as [string, string?];
    const flag: Flag = { name, valued: mark === "!" ? "no" : mark === "?" ? "maybe" : "yes" };
    out.set(`--${name}`, flag);
    if (short) out.set(`-${short}`, flag);
  }
  return out;
}

/** Finds the command and reads its flags (cobra and pflag). Throws HelmError. */
export function parseCommandLine(words: readonly string[]): CommandLine {
  const global = flagsOf(GLOBAL_FLAGS);
  const path: string[] = [];
  const rest: string[] = [];
  // The command is the first words that are no flags; what stands before it are global flags.
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word.startsWith("-") && word !== "-") {
      rest.push(word);
      const flag = global.get(word.split("=")[0]!);
      if (path.length < 2 && flag?.valued === "yes" && !word.includes("=")) rest.push(words[++i] ?? "");
      continue;
    }
    const [first] = path;
    if (first === undefined) path.push(SHORT_COMMANDS[word] ?? word);
    else if (path.length === 1 && first in SUBCOMMANDS) path.push(SUBCOMMANDS[first]![word] ?? word);
    else {
      rest.push(...words.slice(i));
      break;
    }
    if (path.length === 1 && !(path[0]! in SUBCOMMANDS)) {
      rest.push(...words.slice(i + 1));
      break;
    }
  }
  const command = path.join(" ");
  const known = new Map([...global, ...flagsOf(COMMAND_FLAGS[command] ?? "")]);
  return { command, ...readFlags(known, rest) };
}

function readFlags(known: ReadonlyMap<string, Flag>, words: readonly string[]): Pick<CommandLine, "args" | "flags"> {
  const args: string[] = [];
  const flags = new Map<string, string[]>();
  const add = (flag: Flag, value: string) => flags.set(flag.name, [...(flags.get(flag.name) ?? []), value]);
  for (let i = 0; i < words.length; i++) {
    const word = words[i]!;
    if (word === "--") {
      args.push(...words.slice(i + 1));
      break;
    }
    if (!word.startsWith("-") || word === "-") {
      args.push(word);
      continue;
    }
    if (word.startsWith("--")) {
      const [name, ...value] = word.split("=") as [string, ...string[]];
      const flag = known.get(name);
      if (flag === undefined) throw new HelmError(`unknown flag: ${name}`);
      if (value.length > 0) add(flag, value.join("="));
      else if (flag.valued !== "yes") add(flag, flag.valued === "no" ? "true" : "client");
      else {
        const next = words[++i];
        if (next === undefined) throw new HelmError(`flag needs an argument: ${name}`);
        add(flag, next);
      }
      continue;
    }
    for (let j = 1; j < word.length; j++) {
      const flag = known.get(`-${word[j]}`);
      if (flag === undefined) throw new HelmError(`unknown shorthand flag: '${word[j]}' in ${word}`);
      if (flag.valued === "no") {
        add(flag, "true");
        continue;
      }
      const left = word.slice(j + 1).replace(/^=/, "");
      const value = left !== "" ? left : words[++i];
      if (value === undefined) throw new HelmError(`flag needs an argument: '${word[j]}' in ${word}`);
      add(flag, value);
      break;
    }
  }
  return { args, flags };
}
