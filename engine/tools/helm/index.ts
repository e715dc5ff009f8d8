import { HELM_RELEASE, helmBuild } from "../../api/build-info.ts";
import { cpu, type Gen } from "../../kernel/index.ts";
import { COST } from "../../machine/costs.ts";
import type { Program } from "../../machine/process.ts";
import { releaseIn } from "../../machine/release.ts";
import * as sys from "../../machine/sys.ts";
import { Exit, isExpected } from "../kubectl/errors.ts";
import { suggestions } from "../suggest.ts";
import {
  create,
  dependencyList,
  dependencyUpdate,
  lint,
  packageCommand,
  pull,
  repoIndex,
  template,
} from "./commands/author.ts";
import { show } from "./commands/charts.ts";
import { install } from "./commands/install.ts";
import { get, history, list, rollback, status, test, uninstall } from "./commands/records.ts";
import { repoAdd, repoList, repoRemove, repoUpdate, searchHub, searchRepo } from "./commands/repositories.ts";
import { upgrade } from "./commands/upgrade.ts";
import { Helm } from "./context.ts";
import { HelmError } from "./error.ts";
import { parseCommandLine } from "./flags.ts";
import { helpOf, TOP_HELP } from "./help.ts";

function* version(h: Helm): Gen<number> {
  const { version, commit, goVersion } = helmBuild(releaseIn(h.p, h.p.exe) ?? HELM_RELEASE);
  if (h.is("short")) yield* h.out(`${version}+g${commit.slice(0, 7)}\n`);
  else if (h.flag("template") !== undefined)
    yield* h.out(h.flag("template")!.replace(/\{\{\s*\.Version\s*\}\}/g, version));
  else
    yield* h.out(
      `version.BuildInfo{Version:"${version}", GitCommit:"${commit}", GitTreeState:"clean", GoVersion:"${goVersion}"}\n`,
    );
  return 0;
}

function* env(h: Helm): Gen<number> {
  const home = h.p.env.get("HOME") ?? "/root";
  const cache = h.p.env.get("HELM_CACHE_HOME") ?? `${home}/.cache/helm`;
  const config = h.p.env.get("HELM_CONFIG_HOME") ?? `${home}/.config/helm`;
  const data = h.p.env.get("HELM_DATA_HOME") ?? `${home}/.local/share/helm`;
  const all: Record<string, string> = {
    HELM_BIN: "helm",
    HELM_BURST_LIMIT: "100",
    HELM_CACHE_HOME: cache,
    HELM_CONFIG_HOME: config,
    HELM_DATA_HOME: data,
    HELM_DEBUG: String(h.is("debug")),
    HELM_KUBEAPISERVER: "",
    HELM_KUBEASGROUPS: "",
    HELM_KUBEASUSER: "",
    HELM_KUBECAFILE: "",
    HELM_KUBECONTEXT: h.flag("kube-context") ?? "",
    HELM_KUBEINSECURE_SKIP_TLS_VERIFY: "false",
    HELM_KUBETLS_SERVER_NAME: "",
    HELM_KUBETOKEN: "",
    HELM_MAX_HISTORY: "10",
    HELM_NAMESPACE: h.namespace,
    HELM_PLUGINS: `${data}/plugins`,
    HELM_QPS: "0.00",
    HELM_REGISTRY_CONFIG: `${config}/registry/config.json`,
    HELM_REPOSITORY_CACHE: `${cache}/repository`,
    HELM_REPOSITORY_CONFIG: `${config}/repositories.yaml`,
  };
  const [name] = h.args;
  yield* h.out(
    name === undefined
      ? Object.entries(all)
          .map(([key, value]) => `${key}="${value}"\n`)
          .join("")
      : `${all[name] ?? ""}\n`,
  );
  return 0;
}

function* plugins(h: Helm): Gen<number> {
  yield* h.out("NAME\tVERSION\tDESCRIPTION\n");
  return 0;
}

const COMMANDS: Readonly<Record<string, (h: Helm) => Gen<number>>> = {
  install,
  upgrade,
  template,
  uninstall,
  list,
  status,
  history,
  rollback,
  test,
  create,
  lint,
  pull,
  env,
  version,
  package: packageCommand,
  "get all": get,
  "get values": get,
  "get manifest": get,
  "get notes": get,
  "get hooks": get,
  "get metadata": get,
  "show all": show,
  "show chart": show,
  "show values": show,
  "show readme": show,
  "show crds": show,
  "repo add": repoAdd,
  "repo list": repoList,
  "repo update": repoUpdate,
  "repo remove": repoRemove,
  "repo index": repoIndex,
  "search repo": searchRepo,
  "search hub": searchHub,
  "dependency list": dependencyList,
  "dependency update": dependencyUpdate,
  "dependency build": dependencyUpdate,
  "plugin list": plugins,
};

function* main(h: Helm): Gen<number> {
  const { command } = h.line;
  const run = COMMANDS[command];
  if (run !== undefined) {
    if (h.is("help")) yield* h.out(helpOf(command));
    else return yield* run(h);
    return 0;
  }
  if (command === "" || command === "help") {
    yield* h.out(TOP_HELP);
    return 0;
  }
  if (command === "completion") return 0;
  const [group = "", word] = command.split(" ");
  if (Object.keys(COMMANDS).some((known) => known.startsWith(`${group} `))) {
    if (word === undefined) {
      yield* h.out(helpOf(group));
      return 0;
    }
    throw new HelmError(
      `unknown command ${JSON.stringify(word)} for "helm ${group}"\nRun 'helm ${group} --help' for usage.`,
    );
  }
  const names = [...new Set(Object.keys(COMMANDS).map((name) => name.split(" ")[0]!)), "completion", "help"].sort();
  const close = suggestions(group, names);
  throw new HelmError(`unknown command ${JSON.stringify(group)} for "helm"${close}\nRun 'helm --help' for usage.`);
}

/** helm 3.17: charts, releases and repositories. What a chart prints is asked of the real text/template and sprig. */
export const helm: Program = function* (p): Gen<number> {
  yield* cpu(COST.kubectl);
  try {
    const h = new Helm(p, parseCommandLine(p.argv.slice(1)));
    const status = yield* main(h);
    return status;
  } catch (error) {
    if (!(error instanceof HelmError) && !(error instanceof Exit) && !isExpected(error)) throw error;
    yield* sys.printError(p, `Error: ${unreachable(error.message)}\n`);
    return 1;
  }
};

/** kubectl's words for a cluster that does not answer, in helm's. */
function unreachable(message: string): string {
  const text = message.replace(/^error: /, "").replace(/\n$/, "");
  return /refused - did you specify|connection refused|Unable to connect/.test(text)
    ? `Kubernetes cluster unreachable: ${text}`
    : text;
}
