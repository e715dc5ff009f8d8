/** kubectl config. */
import { encodeBase64, type Gen } from "../../../kernel/index.ts";
import { helpText } from "../commands.ts";
import { configPaths, loadConfig } from "../config-files.ts";
import { Exit, KubectlError } from "../errors.ts";
import { compareStrings, quote, structJson } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { objectPrinter } from "../output.ts";
import { newTabWriter } from "../printers/tabwriter.ts";
import { toYaml } from "../printers/yaml.ts";
import type { Runner } from "../runners.ts";
import { asValue, change, type Editable, editable, fileFor } from "./file.ts";

function load(k: Invocation): Editable {
  return editable(loadConfig(k.p, k.flags.string("kubeconfig")));
}

/** Help on stdout, then the complaint. */
function unexpected(k: Invocation): KubectlError {
  k.out(helpText(k.path));
  return new KubectlError(`Unexpected args: [${k.args.join(" ")}]`);
}

const SENSITIVE = ["client-certificate-data", "client-key-data", "certificate-authority-data"];
const SECRETS = ["token", "password"];

function hide<T extends object>(entry: T, raw: boolean): T {
  if (raw) return entry;
  const out = { ...entry } as Record<string, unknown>;
  for (const field of SENSITIVE) if (out[field]) out[field] = "DATA+OMITTED";
  for (const field of SECRETS) if (out[field]) out[field] = "REDACTED";
  return out as T;
}

function* view(k: Invocation): Gen<number> {
  const { flags } = k;
  if (k.args.length > 0) throw new KubectlError(`unexpected arguments: [${k.args.join(" ")}]`);
  const config = load(k);
  if (flags.bool("minify")) minify(config, flags.string("context"));
  if (flags.bool("flatten")) flatten(k, config);
  const raw = flags.bool("raw") || flags.bool("flatten");
  const shown = asValue({
    ...config,
    clusters: new Map([...config.clusters].map(([name, cluster]) => [name, hide(cluster, raw)])),
    users: new Map([...config.users].map(([name, user]) => [name, hide(user, raw)])),
  });
  const output = flags.string("output");
  if (output === "yaml") k.out(toYaml(shown));
  else if (output === "json") k.out(`${structJson(shown, "    ")}\n`);
  else k.out(objectPrinter(k, { typed: true })!.print(shown as never));
  return 0;
}

function minify(config: Editable, wanted: string): void {
  const name = wanted || config.currentContext;
  if (name === "") throw new KubectlError("current-context must exist in order to minify");
  const context = config.contexts.get(name);
  if (context === undefined) throw new KubectlError(`cannot locate context ${name}`);
  config.currentContext = name;
  config.contexts = new Map([[name, context]]);
  const cluster = config.clusters.get(context.cluster ?? "");
  const user = config.users.get(context.user ?? "");
  config.clusters = new Map(cluster ? [[context.cluster!, cluster]] : []);
  config.users = new Map(user ? [[context.user!, user]] : []);
}

/** Puts the files that are named into the configuration itself. */
function flatten(k: Invocation, config: Editable): void {
  const inline = (entry: Record<string, unknown>): Record<string, unknown> => {
    const out = { ...entry };
    for (const field of ["certificate-authority", "client-certificate", "client-key"]) {
      const path = out[field];
      if (typeof path !== "string" || path === "") continue;
      out[`${field}-data`] = encodeBase64(k.readFile(path));
      delete out[field];
    }
    return out;
  };
  config.clusters = new Map([...config.clusters].map(([name, c]) => [name, inline({ ...c })]));
  config.users = new Map([...config.users].map(([name, u]) => [name, inline({ ...u })]));
}

function* currentContext(k: Invocation): Gen<number> {
  const { currentContext: name } = load(k);
  if (name === "") throw new KubectlError("current-context is not set");
  k.out(`${name}\n`);
  return 0;
}

function* getContexts(k: Invocation): Gen<number> {
  const config = load(k);
  const output = k.flags.string("output");
  if (output !== "" && output !== "name") {
    throw new KubectlError(`output must be one of '' or 'name': ${output}`);
  }
  const writer = newTabWriter();
  const names = k.args.length > 0 ? k.args : [...config.contexts.keys()].sort(compareStrings);
  if (!k.flags.bool("no-headers") && output === "") writer.write("CURRENT\tNAME\tCLUSTER\tAUTHINFO\tNAMESPACE\n");
  const errors: string[] = [];
  for (const name of names) {
    const context = config.contexts.get(name);
    if (context === undefined) errors.push(`context ${name} not found`);
    else if (output === "name") writer.write(`${name}\n`);
    else {
      const mark = name === config.currentContext ? "*" : "";
      writer.write(`${mark}\t${name}\t${context.cluster ?? ""}\t${context.user ?? ""}\t${context.namespace ?? ""}\n`);
    }
  }
  k.out(writer.flush());
  if (errors.length === 1) throw new KubectlError(errors[0]);
  if (errors.length > 1) throw new Exit(1, `${errors.join("\n")}\n`);
  return 0;
}

function names(kind: "clusters" | "users"): Runner {
  return function* list(k) {
    k.out(
      `NAME\n${[...load(k)[kind].keys()]
        .sort(compareStrings)
        .map((name) => `${name}\n`)
        .join("")}`,
    );
    return 0;
  };
}

function* useContext(k: Invocation): Gen<number> {
  if (k.args.length !== 1) throw unexpected(k);
  const [name] = k.args as [string];
  if (!load(k).contexts.has(name)) throw new KubectlError(`no context exists with the name: ${quote(name)}`);
  change(
    k,
    fileFor(k, (config) => config.currentContext !== ""),
    (config) => {
      config.currentContext = name;
    },
  );
  k.out(`Switched to context ${quote(name)}.\n`);
  return 0;
}

function* setContext(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 1) throw unexpected(k);
  const current = flags.bool("current");
  if (current && args.length === 1) throw new KubectlError("you cannot specify both a context name and --current");
  if (!current && (args[0] ?? "") === "")
    throw new KubectlError("you must specify a non-empty context name or --current");
  const config = load(k);
  const name = current ? config.currentContext : args[0]!;
  if (name === "") throw new KubectlError("no current context is set");
  const exists = config.contexts.has(name);
  change(
    k,
    fileFor(k, (each) => each.contexts.has(name)),
    (file) => {
      const context = { ...file.contexts.get(name) };
      for (const field of ["cluster", "user", "namespace"] as const) {
        if (flags.changed(field)) context[field] = flags.string(field);
      }
      file.contexts.set(name, context);
    },
  );
  k.out(`Context ${quote(name)} ${exists ? "modified" : "created"}.\n`);
  return 0;
}

function* setCluster(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length !== 1) throw unexpected(k);
  const [name] = args as [string];
  const ca = flags.string("certificate-authority");
  if (flags.bool("embed-certs") && ca === "") {
    throw new KubectlError("you must specify a --certificate-authority to embed");
  }
  change(
    k,
    fileFor(k, (config) => config.clusters.has(name)),
    (file) => {
      const cluster = { ...file.clusters.get(name) };
      if (flags.changed("server")) cluster.server = flags.string("server").replace(/\/+$/, "");
      if (flags.changed("tls-server-name")) cluster["tls-server-name"] = flags.string("tls-server-name");
      if (flags.changed("insecure-skip-tls-verify")) {
        cluster["insecure-skip-tls-verify"] = flags.bool("insecure-skip-tls-verify");
      }
      if (flags.changed("proxy-url")) cluster["proxy-url"] = flags.string("proxy-url");
      if (ca !== "" && flags.bool("embed-certs")) {
        cluster["certificate-authority-data"] = encodeBase64(k.readFile(ca));
        delete cluster["certificate-authority"];
      } else if (ca !== "") cluster["certificate-authority"] = ca.startsWith("/") ? ca : `${k.p.cwd}/${ca}`;
      file.clusters.set(name, cluster);
    },
  );
  k.out(`Cluster ${quote(name)} set.\n`);
  return 0;
}

function* setCredentials(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length !== 1) throw unexpected(k);
  const [name] = args as [string];
  change(
    k,
    fileFor(k, (config) => config.users.has(name)),
    (file) => {
      const user = { ...file.users.get(name) };
      const embed = flags.bool("embed-certs");
      for (const field of ["client-certificate", "client-key"] as const) {
        const path = flags.string(field);
        if (path === "") continue;
        if (embed) {
          user[`${field}-data`] = encodeBase64(k.readFile(path));
          delete user[field];
        } else user[field] = path.startsWith("/") ? path : `${k.p.cwd}/${path}`;
      }
      for (const field of ["token", "username", "password"] as const) {
        if (flags.changed(field)) user[field] = flags.string(field);
      }
      file.users.set(name, user);
    },
  );
  k.out(`User ${quote(name)} set.\n`);
  return 0;
}

function deleting(kind: "clusters" | "contexts" | "users", word: string): Runner {
  return function* remove(k) {
    if (k.args.length !== 1) throw unexpected(k);
    const [name] = k.args as [string];
    const path = fileFor(k, (config) => config[kind].has(name));
    const config = load(k);
    if (!config[kind].has(name)) throw new KubectlError(`cannot delete ${word} ${name}, not in ${path}`);
    if (kind === "contexts" && config.currentContext === name) {
      k.err('warning: this removed your active context, use "kubectl config use-context" to select a different one\n');
    }
    change(k, path, (file) => file[kind].delete(name));
    k.out(`deleted ${word} ${name} from ${path}\n`);
    return 0;
  };
}

function* renameContext(k: Invocation): Gen<number> {
  if (k.args.length !== 2) throw unexpected(k);
  const [from, to] = k.args as [string, string];
  const path = fileFor(k, (config) => config.contexts.has(from));
  const config = load(k);
  if (!config.contexts.has(from))
    throw new KubectlError(`cannot rename the context ${quote(from)}, it's not in ${path}`);
  if (config.contexts.has(to)) {
    throw new KubectlError(
      `cannot rename the context ${quote(from)}, the context ${quote(to)} already exists in ${path}`,
    );
  }
  change(k, path, (file) => {
    file.contexts.set(to, file.contexts.get(from)!);
    file.contexts.delete(from);
    if (file.currentContext === from) file.currentContext = to;
  });
  k.out(`Context ${quote(from)} renamed to ${quote(to)}.\n`);
  return 0;
}

/** `contexts.NAME.namespace`, names with dots included. */
function property(
  config: Editable,
  path: string,
): { map: Map<string, object>; name: string; field: string } | undefined {
  const [kind, ...rest] = path.split(".");
  const map = { clusters: config.clusters, contexts: config.contexts, users: config.users }[kind ?? ""] as
    | Map<string, object>
    | undefined;
  if (map === undefined || rest.length < 1) return undefined;
  if (rest.length === 1) return { map, name: rest[0]!, field: "" };
  return { map, name: rest.slice(0, -1).join("."), field: rest.at(-1)! };
}

function* set(k: Invocation): Gen<number> {
  if (k.args.length !== 2) throw unexpected(k);
  const [path, value] = k.args as [string, string];
  change(k, configPaths(k.p, k.flags.string("kubeconfig"))[0]!, (file) => {
    if (path === "current-context") {
      file.currentContext = value;
      return;
    }
    const found = property(file, path);
    if (found === undefined || found.field === "")
      throw new KubectlError(`unable to find ${path.split(".")[0]} in config`);
    found.map.set(found.name, { ...found.map.get(found.name), [found.field]: value });
  });
  k.out(`Property ${quote(path)} set.\n`);
  return 0;
}

function* unset(k: Invocation): Gen<number> {
  if (k.args.length !== 1) throw unexpected(k);
  const [path] = k.args as [string];
  change(k, configPaths(k.p, k.flags.string("kubeconfig"))[0]!, (file) => {
    if (path === "current-context") {
      file.currentContext = "";
      return;
    }
    const found = property(file, path);
    const entry = found?.map.get(found.name);
    if (found === undefined) throw new KubectlError(`current map key \`${path.split(".")[0]}\` is invalid`);
    if (found.field === "") found.map.delete(found.name);
    else if (entry) {
      const { [found.field as keyof typeof entry]: _, ...rest } = entry;
      found.map.set(found.name, rest);
    }
  });
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
