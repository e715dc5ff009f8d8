/** kubectl config view. */
import { encodeBase64, type Gen } from "../../../kernel/index.ts";
import { normalize } from "../../../machine/path.ts";
import { toYaml } from "../../../text/yaml.ts";
import { KubectlError, usageError } from "../errors.ts";
import { structJson } from "../go.ts";
import type { Invocation } from "../invocation.ts";
import { nameText, objectPrinter } from "../output.ts";
import { ConfigAccess, directoryOf } from "./access.ts";
import { asValue, type Loaded, type Stanza } from "./loaded.ts";
import type { Fields } from "./schema.ts";

const DATA = ["client-certificate-data", "client-key-data", "certificate-authority-data"];
const SECRETS = ["token", "password"];

export function* view(k: Invocation): Gen<number> {
  const { flags } = k;
  if (k.args.length > 0) throw usageError(k.path, `unexpected arguments: [${k.args.join(" ")}]`);
  const template = flags.string("template") !== "" && !flags.changed("output");
  const output = template ? "" : flags.string("output");
  const printer = output === "yaml" || output === "json" ? undefined : objectPrinter(k, { typed: true });
  if (!flags.bool("merge") && flags.string("kubeconfig") === "") {
    throw new KubectlError("if merge==false a precise file must be specified");
  }
  let config = new ConfigAccess(k).load();
  if (flags.bool("minify")) config = minified(config, flags.string("context"));
  if (flags.bool("flatten")) config = eachStanza(config, (stanza) => flattened(k, stanza));
  else if (!flags.bool("raw")) config = eachStanza(config, ({ fields }) => redacted(fields));
  const shown = asValue(config);
  if (output === "yaml") k.out(toYaml(shown));
  else if (output === "json") k.out(`${structJson(shown, "    ")}\n`);
  else k.out(printer ? printer.print(shown as never) : nameText(shown as never, ""));
  return 0;
}

function eachStanza(config: Loaded, turn: (stanza: Stanza) => Fields): Loaded {
  const turned = (map: Loaded["users"]) =>
    new Map([...map].map(([name, stanza]) => [name, { ...stanza, fields: turn(stanza) }]));
  return { ...config, users: turned(config.users), clusters: turned(config.clusters) };
}

function redacted(fields: Fields): Fields {
  const out: Record<string, unknown> = { ...fields };
  for (const name of DATA) if (out[name]) out[name] = "DATA+OMITTED";
  for (const name of SECRETS) if (out[name]) out[name] = "REDACTED";
  return out;
}

/** Only the current context, its cluster and its user. */
function minified(config: Loaded, wanted: string): Loaded {
  const name = wanted || config.currentContext;
  if (name === "") throw new KubectlError("current-context must exist in order to minify");
  const context = config.contexts.get(name);
  if (context === undefined) throw new KubectlError(`cannot locate context ${name}`);
  const only = (map: ReadonlyMap<string, Stanza>, key: unknown, what: string) => {
    if (key === undefined) return new Map<string, Stanza>();
    const found = map.get(String(key));
    if (found === undefined) throw new KubectlError(`cannot locate ${what} ${key}`);
    return new Map([[String(key), found]]);
  };
  const clusters = only(config.clusters, context.fields["cluster"], "cluster");
  const users = only(config.users, context.fields["user"], "user");
  return { ...config, currentContext: name, contexts: new Map([[name, context]]), clusters, users };
}

/** Puts the files that are named into the configuration itself. */
function flattened(k: Invocation, { fields, origin }: Stanza): Fields {
  const out: Record<string, unknown> = { ...fields };
  for (const name of ["client-certificate", "client-key", "certificate-authority"]) {
    const path = out[name];
    if (path === undefined) continue;
    if (out[`${name}-data`]) throw new KubectlError("cannot have values for both path and contents");
    const base = directoryOf(k.p.cwd, origin);
    const bytes = k.readFile(String(path).startsWith("/") ? String(path) : normalize(base, String(path)));
    out[`${name}-data`] = encodeBase64(bytes);
    delete out[name];
  }
  return out;
}
