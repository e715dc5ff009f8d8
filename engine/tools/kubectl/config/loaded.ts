/** Kubeconfigs as clientcmd works on them: maps of stanzas, each of which knows its file (client-go clientcmd/loader.go). */
import { isErrno } from "../../../machine/errno.ts";
import type { Process } from "../../../machine/process.ts";
import * as sys from "../../../machine/sys.ts";
import { aggregateText, KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { goErrno } from "../go-errno.ts";
import { readDocument } from "../yaml-documents.ts";
import { type Fields, readStruct, type StructName, structText, writeStruct } from "./schema.ts";

export interface Stanza {
  /** The file it is from, as it was named; empty for a new one. */
  origin: string;
  fields: Fields;
}

export type Section = "clusters" | "contexts" | "users";

export interface Loaded {
  clusters: ReadonlyMap<string, Stanza>;
  users: ReadonlyMap<string, Stanza>;
  contexts: ReadonlyMap<string, Stanza>;
  currentContext: string;
  preferences: Fields;
  extensions: readonly Fields[];
}

/** What a section's list is of, and the field its items have their stanza in. */
export const SECTIONS: Readonly<
  Record<Section, { named: StructName; stanza: StructName; field: string; api: string }>
> = {
  clusters: { named: "NamedCluster", stanza: "Cluster", field: "cluster", api: "Cluster" },
  users: { named: "NamedAuthInfo", stanza: "AuthInfo", field: "user", api: "AuthInfo" },
  contexts: { named: "NamedContext", stanza: "Context", field: "context", api: "Context" },
};

export const NOTHING: Loaded = {
  clusters: new Map(),
  users: new Map(),
  contexts: new Map(),
  currentContext: "",
  preferences: {},
  extensions: [],
};

/** Files in the order of loading: `--kubeconfig`, else $KUBECONFIG, else ~/.kube/config. */
export function configPaths(p: Process, flag: string): string[] {
  if (flag !== "") return [flag];
  const variable = p.env.get("KUBECONFIG");
  if (variable) return [...new Set(variable.split(":").filter((path) => path !== ""))];
  return [`${p.env.get("HOME") ?? ""}/.kube/config`];
}

const parsed = new Map<string, Fields>();

/** One file; undefined when it is not there. Throws KubectlError without the name of the file. */
export function loadFile(p: Process, path: string): Loaded | undefined {
  let text: string;
  try {
    text = sys.readText(p, path);
  } catch (error) {
    if (!isErrno(error)) throw error;
    if (error.code === "ENOENT") return undefined;
    const call = error.code === "EISDIR" ? "read" : "open";
    throw new KubectlError(`${call} ${path}: ${goErrno(error.code, error.message)}`);
  }
  let fields = parsed.get(text);
  if (fields === undefined) {
    fields = parse(text);
    if (parsed.size >= 256) parsed.clear();
    parsed.set(text, fields);
  }
  return fromFields(fields, path);
}

const META = 'struct { APIVersion string "json:\\"apiVersion,omitempty\\""; Kind string "json:\\"kind,omitempty\\"" }';

function parse(text: string): Fields {
  const raw = readDocument(text) ?? {};
  if (typeof raw !== "object" || Array.isArray(raw)) {
    const kind = Array.isArray(raw) ? "array" : typeof raw === "boolean" ? "bool" : typeof raw;
    throw new KubectlError(
      `couldn't get version/kind; json parse error: json: cannot unmarshal ${kind} into Go value of type ${META}`,
    );
  }
  const { kind = "Config", apiVersion = "v1" } = raw as Record<string, unknown>;
  if (kind !== "Config" || apiVersion !== "v1") {
    const scheme = quote("k8s.io/client-go/tools/clientcmd/api/latest/latest.go:50");
    throw new KubectlError(
      `no kind ${quote(String(kind))} is registered for version ${quote(String(apiVersion))} in scheme ${scheme}`,
    );
  }
  return readStruct("Config", raw as Fields);
}

function fromFields(fields: Fields, origin: string): Loaded {
  const section = (name: Section) => {
    const { named, field, api } = SECTIONS[name];
    const out = new Map<string, Stanza>();
    const list = (fields[name] ?? []) as Fields[];
    for (const item of list) {
      const key = String(item["name"] ?? "");
      if (out.has(key)) {
        const shown = list.map((each) => structText(named, each)).join(" ");
        throw new KubectlError(
          `error converting *[]${named} into *map[string]*api.${api}: duplicate name "${key}" in list: [${shown}]`,
        );
      }
      out.set(key, { origin, fields: withDefaults((item[field] ?? {}) as Fields) });
    }
    return out;
  };
  return {
    clusters: section("clusters"),
    users: section("users"),
    contexts: section("contexts"),
    currentContext: String(fields["current-context"] ?? ""),
    preferences: (fields["preferences"] ?? {}) as Fields,
    extensions: (fields["extensions"] ?? []) as Fields[],
  };
}

const OLD_EXEC = ["client.authentication.k8s.io/v1beta1", "client.authentication.k8s.io/v1alpha1"];

/** Plugins of the old versions may ask when there is a terminal. */
function withDefaults(fields: Fields): Fields {
  const exec = fields["exec"] as Fields | undefined;
  if (exec === undefined || exec["interactiveMode"] !== undefined) return fields;
  if (!OLD_EXEC.includes(String(exec["apiVersion"] ?? ""))) return fields;
  return { ...fields, exec: { ...exec, interactiveMode: "IfAvailable" } };
}

/** What is in the files together: of things of one name, and of single values, those of the first file count. */
export function loadAll(p: Process, paths: readonly string[]): { config: Loaded; files: string[] } {
  const loaded: Loaded[] = [];
  const files: string[] = [];
  const errors: Error[] = [];
  for (const path of paths) {
    try {
      const one = loadFile(p, path);
      if (one === undefined) continue;
      loaded.push(one);
      files.push(path);
    } catch (error) {
      if (!(error instanceof KubectlError)) throw error;
      errors.push(new KubectlError(`error loading config file "${path}": ${error.message}`));
    }
  }
  if (errors.length > 0) throw new KubectlError(aggregateText(errors));
  return { config: loaded.length === 1 ? loaded[0]! : merged(loaded), files };
}

function merged(all: readonly Loaded[]): Loaded {
  const section = (name: Section) => {
    const out = new Map<string, Stanza>();
    for (const one of all) for (const [key, stanza] of one[name]) if (!out.has(key)) out.set(key, stanza);
    return out;
  };
  const extensions = (lists: (readonly Fields[])[]) => {
    const out = new Map<unknown, Fields>();
    for (const list of lists) for (const item of list) if (!out.has(item["name"])) out.set(item["name"], item);
    return [...out.values()];
  };
  const colors = all.some(({ preferences }) => preferences["colors"] === true);
  const preferred = extensions(all.map(({ preferences }) => (preferences["extensions"] ?? []) as Fields[]));
  return {
    clusters: section("clusters"),
    users: section("users"),
    contexts: section("contexts"),
    currentContext: all.map((one) => one.currentContext).find((name) => name !== "") ?? "",
    preferences: { ...(colors && { colors }), ...(preferred.length > 0 && { extensions: preferred }) },
    extensions: extensions(all.map((one) => one.extensions)),
  };
}

/** The configuration as it is written: lists by name, `null` for none. */
export function asValue(config: Loaded): Record<string, unknown> {
  const section = (name: Section) => {
    if (config[name].size === 0) return undefined;
    return [...config[name]].map(([key, { fields }]) => ({ name: key, [SECTIONS[name].field]: fields }));
  };
  return writeStruct("Config", {
    kind: "Config",
    apiVersion: "v1",
    preferences: config.preferences,
    clusters: section("clusters"),
    users: section("users"),
    contexts: section("contexts"),
    "current-context": config.currentContext,
    extensions: config.extensions,
  });
}

/** Fields of stanzas that hold paths. */
export const PATHS = ["certificate-authority", "client-certificate", "client-key", "tokenFile"] as const;

/** The stanza with every path in it, that of a plugin too, turned by `turn`; empty ones stay. */
export function withPaths(fields: Fields, turn: (path: string) => string): Fields {
  const out: Record<string, unknown> = { ...fields };
  for (const name of PATHS) if (out[name] !== undefined) out[name] = turn(String(out[name]));
  const exec = fields["exec"] as Fields | undefined;
  const command = String(exec?.["command"] ?? "");
  if (command.includes("/")) out["exec"] = { ...exec, command: turn(command) };
  return out;
}
