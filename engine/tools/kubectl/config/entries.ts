/** kubectl config set-cluster, set-credentials, set-context. */
import { encodeBase64, type Gen } from "../../../kernel/index.ts";
import { normalize } from "../../../machine/path.ts";
import * as sys from "../../../machine/sys.ts";
import { helpText } from "../commands.ts";
import { KubectlError } from "../errors.ts";
import { compareStrings, quote } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { ConfigAccess } from "./access.ts";
import type { Section } from "./loaded.ts";
import type { Fields } from "./schema.ts";

type Editable = Record<string, unknown>;

/** Help on stdout, then the complaint. */
export function unexpected(k: Invocation, words = "Unexpected args"): KubectlError {
  k.out(helpText(k.path));
  return new KubectlError(`${words}: [${k.args.join(" ")}]`);
}

/** Changes one thing, which there may not be yet; whether there was. */
function change(k: Invocation, section: Section, name: string, edit: (fields: Editable) => void): boolean {
  const access = new ConfigAccess(k);
  const config = access.load();
  const known = config[section].get(name);
  const fields: Editable = { ...known?.fields };
  edit(fields);
  for (const key of Object.keys(fields)) {
    if (fields[key] === "" || fields[key] === false || fields[key] === undefined) delete fields[key];
  }
  const map = new Map(config[section]).set(name, { origin: known?.origin ?? "", fields });
  access.modify({ ...config, [section]: map }, { relativize: true });
  return known !== undefined;
}

function requireFile(k: Invocation, flag: string, path: string): void {
  if (sys.find(k.p, path) !== undefined) return;
  throw new KubectlError(`could not stat ${flag} file ${path}: stat ${path}: no such file or directory`);
}

/** Bytes of a file for the `-data` field; none when it cannot be read. */
function embedded(k: Invocation, path: string): string | undefined {
  try {
    return encodeBase64(k.readFile(path));
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error;
    return undefined;
  }
}

export function* setContext(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length > 1) throw unexpected(k);
  const current = flags.bool("current");
  if ((args[0] ?? "") === "" && !current)
    throw new KubectlError("you must specify a non-empty context name or --current");
  if ((args[0] ?? "") !== "" && current) throw new KubectlError("you cannot specify both a context name and --current");
  const name = current ? new ConfigAccess(k).load().currentContext : args[0]!;
  if (name === "") throw new KubectlError("no current context is set");
  const existed = change(k, "contexts", name, (context) => {
    for (const field of ["cluster", "user", "namespace"])
      if (flags.changed(field)) context[field] = flags.string(field);
  });
  k.out(`Context ${quote(name)} ${existed ? "modified" : "created"}.\n`);
  return 0;
}

export function* setCluster(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length !== 1) throw unexpected(k);
  const [name] = args as [string];
  if (name === "") throw new KubectlError("you must specify a non-empty cluster name");
  const authority = flags.string("certificate-authority");
  if (flags.bool("insecure-skip-tls-verify") && authority !== "") {
    throw new KubectlError("you cannot specify a certificate authority and insecure mode at the same time");
  }
  if (flags.bool("embed-certs")) {
    if (authority === "") throw new KubectlError("you must specify a --certificate-authority to embed");
    requireFile(k, "certificate-authority", authority);
  }
  change(k, "clusters", name, (cluster) => {
    if (flags.changed("server")) {
      cluster["server"] = flags.string("server");
      cluster["tls-server-name"] = "";
    }
    if (flags.changed("tls-server-name")) cluster["tls-server-name"] = flags.string("tls-server-name");
    if (flags.changed("insecure-skip-tls-verify")) {
      cluster["insecure-skip-tls-verify"] = flags.bool("insecure-skip-tls-verify");
      if (cluster["insecure-skip-tls-verify"]) {
        cluster["certificate-authority"] = "";
        cluster["certificate-authority-data"] = "";
      }
    }
    if (flags.changed("certificate-authority")) {
      setFile(k, cluster, "certificate-authority");
      cluster["insecure-skip-tls-verify"] = false;
    }
    if (flags.changed("proxy-url")) cluster["proxy-url"] = flags.string("proxy-url");
  });
  k.out(`Cluster ${quote(name)} set.\n`);
  return 0;
}

/** A file's path, or with `--embed-certs` what is in it. */
function setFile(k: Invocation, fields: Editable, name: string): void {
  const path = k.flags.string(name);
  if (k.flags.bool("embed-certs")) {
    fields[`${name}-data`] = path === "" ? undefined : embedded(k, path);
    fields[name] = "";
    return;
  }
  fields[name] = path.startsWith("/") ? normalize("/", path) : normalize(k.p.cwd, path);
  fields[`${name}-data`] = "";
}

const MODES = ["IfAvailable", "Always", "Never"];

export function* setCredentials(k: Invocation): Gen<number> {
  const { flags, args } = k;
  if (args.length !== 1) throw unexpected(k, "unexpected args");
  const [name] = args as [string];
  let provider: Pairs;
  let environment: Pairs;
  try {
    provider = pairs(flags.array("auth-provider-arg"), "auth-provider-arg");
    environment = pairs(flags.array("exec-env"), "exec-env");
  } catch (error) {
    if (error instanceof KubectlError) k.out(helpText(k.path));
    throw error;
  }
  validate(k, name);
  change(k, "users", name, (user) => {
    for (const file of ["client-certificate", "client-key"]) if (flags.changed(file)) setFile(k, user, file);
    setProvider(k, user, provider);
    setExec(k, user, environment);
    setIdentity(k, user);
  });
  k.out(`User ${quote(name)} set.\n`);
  return 0;
}

function validate(k: Invocation, name: string): void {
  const { flags } = k;
  if (name === "") throw new KubectlError("you must specify a non-empty user name");
  const basic = flags.string("username") !== "" || flags.string("password") !== "";
  if (flags.string("token") !== "" && basic) {
    throw new KubectlError(
      "you cannot specify more than one authentication method at the same time: --token, --username/--password",
    );
  }
  if (flags.bool("embed-certs")) {
    const files = ["client-certificate", "client-key"].filter((file) => flags.string(file) !== "");
    if (files.length === 0) {
      throw new KubectlError("you must specify a --client-certificate or --client-key to embed");
    }
    for (const file of files) requireFile(k, file, flags.string(file));
  }
  if (flags.changed("exec-interactive-mode") && !MODES.includes(flags.string("exec-interactive-mode"))) {
    throw new KubectlError("invalid interactive mode type, can be only IfAvailable, Never, Always");
  }
}

/** A token takes the place of name and password, and the other way round. */
function setIdentity({ flags }: Invocation, user: Editable): void {
  for (const field of ["token", "username", "password"]) if (flags.changed(field)) user[field] = flags.string(field);
  const token = flags.string("token") !== "";
  const basic = flags.string("username") !== "" || flags.string("password") !== "";
  if (token && !basic) {
    user["username"] = "";
    user["password"] = "";
  } else if (basic) user["token"] = "";
}

function setProvider({ flags }: Invocation, user: Editable, { set, remove }: Pairs): void {
  const before = user["auth-provider"] as Fields | undefined;
  const name = flags.string("auth-provider");
  const known = before !== undefined && (!flags.changed("auth-provider") || (before["name"] ?? "") === name);
  if (!known && !flags.changed("auth-provider")) return;
  const now: Fields = known ? before : { name };
  const config = { ...(now["config"] as Record<string, string> | undefined) };
  for (const key of remove) delete config[key];
  for (const [key, value] of set) config[key] = value;
  const sorted = Object.keys(config).sort(compareStrings);
  user["auth-provider"] = { ...now, config: Object.fromEntries(sorted.map((key) => [key, config[key]])) };
}

function setExec({ flags }: Invocation, user: Editable, { set, remove }: Pairs): void {
  let exec = user["exec"] as Editable | undefined;
  if (flags.changed("exec-command")) {
    exec = { ...exec, command: flags.string("exec-command") };
    delete exec["args"];
  }
  if (exec === undefined) return;
  exec = { ...exec };
  if (flags.changed("exec-api-version")) exec["apiVersion"] = flags.string("exec-api-version") || undefined;
  if (flags.list("exec-arg").length > 0) exec["args"] = flags.list("exec-arg");
  if (flags.changed("exec-interactive-mode")) exec["interactiveMode"] = flags.string("exec-interactive-mode");
  if (flags.changed("exec-provide-cluster-info")) exec["provideClusterInfo"] = flags.bool("exec-provide-cluster-info");
  let env = exec["env"] as Fields[] | undefined;
  if (flags.changed("exec-env")) env = (env ?? []).filter((each) => !remove.includes(String(each["name"])));
  for (const [name, value] of set) {
    const found = env?.some((each) => each["name"] === name);
    if (found) env = env!.map((each) => (each["name"] === name ? { name, value } : each));
    else env = [...(env ?? []), { name, value }];
  }
  exec["env"] = env;
  user["exec"] = exec;
}

interface Pairs {
  set: Map<string, string>;
  remove: string[];
}

/** `key=value` sets, `key-` removes (cmd/util ParsePairs). */
function pairs(words: readonly string[], what: string): Pairs {
  const out: Pairs = { set: new Map(), remove: [] };
  const invalid: string[] = [];
  for (const word of words) {
    const equals = word.indexOf("=");
    if (equals > 0) out.set.set(word.slice(0, equals), word.slice(equals + 1));
    else if (word.endsWith("-") && word.length > 1) out.remove.push(word.slice(0, -1));
    else invalid.push(word);
  }
  if (invalid.length > 0) throw new KubectlError(`invalid ${what} format: ${invalid.join(", ")}`);
  return out;
}
