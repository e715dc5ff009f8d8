/** kubectl config. */
import type { Gen } from "../../../kernel/index.ts";
import { helpText } from "../commands.ts";
import { Exit, KubectlError, usageError } from "../errors.ts";
import { compareStrings, quote } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { newTabWriter } from "../printers/tabwriter.ts";
import type { Runner } from "../runners.ts";
import { ConfigAccess } from "./access.ts";
import { setCluster, setContext, setCredentials, unexpected } from "./entries.ts";
import { changed } from "./navigate.ts";
import { view } from "./view.ts";

function* currentContext(k: Invocation): Gen<number> {
  const { currentContext: name } = new ConfigAccess(k).load();
  if (name === "") throw new KubectlError("current-context is not set");
  k.out(`${name}\n`);
  return 0;
}

function* getContexts(k: Invocation): Gen<number> {
  const output = k.flags.string("output");
  if (output !== "" && output !== "name") {
    throw new KubectlError(
      `--output ${output} is not available in kubectl config get-contexts; resetting to default output format`,
    );
  }
  const config = new ConfigAccess(k).load();
  const writer = newTabWriter();
  const asked = k.args.length > 0 ? k.args : [...config.contexts.keys()];
  const missing = asked.filter((name) => !config.contexts.has(name)).map((name) => `context ${name} not found`);
  if (!k.flags.bool("no-headers") && output === "") writer.write("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
  for (const name of asked.filter((each) => config.contexts.has(each)).sort(compareStrings)) {
    const { fields } = config.contexts.get(name)!;
    const cells = ["cluster", "user", "namespace"].map((field) => fields[field] ?? "");
    const mark = name === config.currentContext ? "*" : " ";
    writer.write(output === "name" ? `${name}\n` : `${[mark, name, ...cells].join("\t")}\n`);
  }
  k.out(writer.flush());
  if (missing.length === 1) throw new KubectlError(missing[0]);
  if (missing.length > 1) throw new Exit(1, `${missing.join("\n")}\n`);
  return 0;
}

function names(section: "clusters" | "users"): Runner {
  return function* list(k) {
    const found = [...new ConfigAccess(k).load()[section].keys()].sort(compareStrings);
    k.out(["NAME", ...found].map((name) => `${name}\n`).join(""));
    return 0;
  };
}

function* useContext(k: Invocation): Gen<number> {
  if (k.args.length !== 1) throw unexpected(k);
  const [name] = k.args as [string];
  const access = new ConfigAccess(k);
  const config = access.load();
  if (name === "") throw new KubectlError("empty context names are not allowed");
  if (!config.contexts.has(name)) throw new KubectlError(`no context exists with the name: ${quote(name)}`);
  access.modify({ ...config, currentContext: name }, { relativize: true });
  k.out(`Switched to context ${quote(name)}.\n`);
  return 0;
}

function deleting(section: "clusters" | "contexts" | "users", word: string): Runner {
  return function* remove(k) {
    const access = new ConfigAccess(k);
    const config = access.load();
    if (k.args.length !== 1) {
      if (section === "users") throw usageError(k.path, "user to delete is required");
      k.out(helpText(k.path));
      return 0;
    }
    const [name] = k.args as [string];
    const file = access.defaultFile;
    if (!config[section].has(name)) throw new KubectlError(`cannot delete ${word} ${name}, not in ${file}`);
    if (section === "contexts" && config.currentContext === name) {
      k.err('warning: this removed your active context, use "kubectl config use-context" to select a different one\n');
    }
    const map = new Map(config[section]);
    map.delete(name);
    access.modify({ ...config, [section]: map }, { relativize: true });
    k.out(`deleted ${word} ${name} from ${file}\n`);
    return 0;
  };
}

function* renameContext(k: Invocation): Gen<number> {
  if (k.args.length !== 2) throw unexpected(k);
  const [from, to] = k.args as [string, string];
  if (to === "") throw new KubectlError("You must specify a new non-empty context name");
  const access = new ConfigAccess(k);
  const config = access.load();
  const file = access.defaultFile;
  const context = config.contexts.get(from);
  if (context === undefined) throw new KubectlError(`cannot rename the context ${quote(from)}, it's not in ${file}`);
  if (config.contexts.has(to)) {
    throw new KubectlError(
      `cannot rename the context ${quote(from)}, the context ${quote(to)} already exists in ${file}`,
    );
  }
  const contexts = new Map(config.contexts).set(to, context);
  contexts.delete(from);
  const current = config.currentContext === from ? to : config.currentContext;
  access.modify({ ...config, contexts, currentContext: current }, { relativize: true });
  k.out(`Context ${quote(from)} renamed to ${quote(to)}.\n`);
  return 0;
}

function* set(k: Invocation): Gen<number> {
  if (k.args.length !== 2) throw unexpected(k);
  const [path, value] = k.args as [string, string];
  if (value === "") throw new KubectlError("you cannot use set to unset a property");
  if (path === "") throw new KubectlError("you must specify a property");
  const access = new ConfigAccess(k);
  const next = changed(access.load(), { path, value, raw: k.flags.bool("set-raw-bytes") });
  access.modify(next, { relativize: false });
  k.out(`Property ${quote(path)} set.\n`);
  return 0;
}

function* unset(k: Invocation): Gen<number> {
  if (k.args.length !== 1) throw unexpected(k);
  const [path] = k.args as [string];
  if (path === "") throw new KubectlError("you must specify a property");
  const access = new ConfigAccess(k);
  access.modify(changed(access.load(), { path }), { relativize: false, preferences: path === "preferences" });
  k.out(`Property ${quote(path)} unset.\n`);
  return 0;
}

/** Subcommands of `kubectl config`. */
export const configCommands: Readonly<Record<string, Runner>> = {
  "config current-context": currentContext,
  "config delete-cluster": deleting("clusters", "cluster"),
  "config delete-context": deleting("contexts", "context"),
  "config delete-user": deleting("users", "user"),
  "config get-clusters": names("clusters"),
  "config get-contexts": getContexts,
  "config get-users": names("users"),
  "config rename-context": renameContext,
  "config set": set,
  "config set-cluster": setCluster,
  "config set-context": setContext,
  "config set-credentials": setCredentials,
  "config unset": unset,
  "config use-context": useContext,
  "config view": view,
};
