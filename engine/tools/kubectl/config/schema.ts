/** The types of a kubeconfig (client-go clientcmd/api/v1): what a file may hold, in which order it is written. */
import { base64Mistake } from "../../../kernel/index.ts";
import { KubectlError } from "../errors.ts";
import { compareStrings, sortedKeys } from "../go.ts";

/** Fields of a struct by their names in the file; those without a value are not there. */
export type Fields = Readonly<Record<string, unknown>>;

export type StructName =
  | "Config"
  | "Preferences"
  | "NamedCluster"
  | "NamedAuthInfo"
  | "NamedContext"
  | "NamedExtension"
  | "Cluster"
  | "AuthInfo"
  | "Context"
  | "AuthProviderConfig"
  | "ExecConfig"
  | "ExecEnvVar";

/** A struct's name stands for the struct itself, `*` before it for a pointer, `[]` for a list. */
export type Kind = "string" | "bool" | "bytes" | "strings" | "string map" | "strings map" | "raw" | StructKind;
type StructKind = StructName | `*${StructName}` | `[]${StructName}`;

/** `always`: written without a value too. */
type Field = readonly [name: string, kind: Kind, always?: "always"];

export const STRUCTS: Readonly<Record<StructName, readonly Field[]>> = {
  Config: [
    ["kind", "string"],
    ["apiVersion", "string"],
    ["preferences", "Preferences", "always"],
    ["clusters", "[]NamedCluster", "always"],
    ["users", "[]NamedAuthInfo", "always"],
    ["contexts", "[]NamedContext", "always"],
    ["current-context", "string", "always"],
    ["extensions", "[]NamedExtension"],
  ],
  Preferences: [
    ["colors", "bool"],
    ["extensions", "[]NamedExtension"],
  ],
  NamedCluster: [
    ["name", "string", "always"],
    ["cluster", "Cluster", "always"],
  ],
  NamedAuthInfo: [
    ["name", "string", "always"],
    ["user", "AuthInfo", "always"],
  ],
  NamedContext: [
    ["name", "string", "always"],
    ["context", "Context", "always"],
  ],
  NamedExtension: [
    ["name", "string", "always"],
    ["extension", "raw", "always"],
  ],
  Cluster: [
    ["server", "string", "always"],
    ["tls-server-name", "string"],
    ["insecure-skip-tls-verify", "bool"],
    ["certificate-authority", "string"],
    ["certificate-authority-data", "bytes"],
    ["proxy-url", "string"],
    ["disable-compression", "bool"],
    ["extensions", "[]NamedExtension"],
  ],
  AuthInfo: [
    ["client-certificate", "string"],
    ["client-certificate-data", "bytes"],
    ["client-key", "string"],
    ["client-key-data", "bytes"],
    ["token", "string"],
    ["tokenFile", "string"],
    ["as", "string"],
    ["as-uid", "string"],
    ["as-groups", "strings"],
    ["as-user-extra", "strings map"],
    ["username", "string"],
    ["password", "string"],
    ["auth-provider", "*AuthProviderConfig"],
    ["exec", "*ExecConfig"],
    ["extensions", "[]NamedExtension"],
  ],
  Context: [
    ["cluster", "string", "always"],
    ["user", "string", "always"],
    ["namespace", "string"],
    ["extensions", "[]NamedExtension"],
  ],
  AuthProviderConfig: [
    ["name", "string", "always"],
    ["config", "string map", "always"],
  ],
  ExecConfig: [
    ["command", "string", "always"],
    ["args", "strings", "always"],
    ["env", "[]ExecEnvVar", "always"],
    ["apiVersion", "string"],
    ["installHint", "string"],
    ["provideClusterInfo", "bool", "always"],
    ["interactiveMode", "string"],
  ],
  ExecEnvVar: [
    ["name", "string", "always"],
    ["value", "string", "always"],
  ],
};

const isStruct = (kind: string): kind is StructName => kind in STRUCTS;

const GO_TYPES: Record<string, string> = {
  bytes: "[]uint8",
  strings: "[]string",
  "string map": "map[string]string",
  "strings map": "map[string][]string",
};

function goType(kind: Kind): string {
  if (kind.startsWith("[]")) return `[]v1.${kind.slice(2)}`;
  const name = kind.replace("*", "");
  return isStruct(name) ? `v1.${name}` : (GO_TYPES[kind] ?? kind);
}

function jsonKind(value: unknown): string {
  if (Array.isArray(value)) return "array";
  return typeof value === "boolean" ? "bool" : typeof value;
}

/** Where a value stands, for errors: the struct that has the field, and the way to it. */
interface Place {
  struct: string;
  path: readonly string[];
}

/** Reads a struct out of decoded YAML; what it does not know is left out. Throws the words of encoding/json. */
export function readStruct(name: StructName, raw: Fields, place: Place = { struct: name, path: [] }): Fields {
  const out: Record<string, unknown> = {};
  const kinds = new Map(STRUCTS[name].map((field) => [field[0], field[1]]));
  for (const key of sortedKeys(raw)) {
    const kind = kinds.get(key);
    if (kind === undefined) continue;
    const value = readValue(kind, raw[key], { struct: name, path: [...place.path, key] });
    if (!isZero(kind, value)) out[key] = value;
  }
  return out;
}

function readValue(kind: Kind, raw: unknown, place: Place): unknown {
  if (kind === "raw") return sorted(raw);
  if (raw === null || raw === undefined) return undefined;
  const wrong = (type: Kind | string, value: unknown): never => {
    const field = [place.struct, ...place.path].join(".");
    throw new KubectlError(`json: cannot unmarshal ${jsonKind(value)} into Go struct field ${field} of type ${type}`);
  };
  const isObject = typeof raw === "object" && !Array.isArray(raw);
  if (kind === "string") return typeof raw === "string" ? raw : wrong("string", raw);
  if (kind === "bool") return typeof raw === "boolean" ? raw : wrong("bool", raw);
  if (kind === "bytes") return typeof raw === "string" ? readBytes(raw) : wrong("[]uint8", raw);
  if (kind === "strings" || kind.startsWith("[]")) {
    if (!Array.isArray(raw)) return wrong(goType(kind), raw);
    const inner = (kind === "strings" ? "string" : kind.slice(2)) as Kind;
    return raw.map((item) => readValue(inner, item, place) ?? (inner === "string" ? "" : {}));
  }
  if (!isObject) return wrong(goType(kind), raw);
  if (kind === "string map" || kind === "strings map") {
    const inner = kind === "string map" ? "string" : "strings";
    const entries = Object.entries(raw as object);
    return Object.fromEntries(
      entries.map(([key, value]) => [key, readValue(inner, value, place) ?? (inner === "string" ? "" : [])]),
    );
  }
  return readStruct(kind.replace("*", "") as StructName, raw as Fields, place);
}

/** Bytes of JSON made from YAML have their keys in order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(sortedKeys(value).map((key) => [key, sorted((value as Fields)[key])]));
}

function readBytes(text: string): string {
  const at = base64Mistake(text);
  if (at !== undefined) throw new KubectlError(`illegal base64 data at input byte ${at}`);
  return text.replace(/[\r\n]/g, "");
}

function isZero(kind: Kind, value: unknown): boolean {
  if (value === undefined || value === "" || value === false) return true;
  return isStruct(kind) && Object.keys(value as object).length === 0;
}

const EMPTY: Partial<Record<Kind, unknown>> = { string: "", bool: false };

/** The struct as it is written: its fields in order, empty ones only where they always stand. */
export function writeStruct(name: StructName, value: Fields): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const [key, kind, always] of STRUCTS[name]) {
    const item = value[key];
    const empty = item === undefined || (Array.isArray(item) && item.length === 0) || isEmptyMap(kind, item);
    if (empty && always === undefined) continue;
    out[key] = writeValue(kind, item);
  }
  return out;
}

function isEmptyMap(kind: Kind, value: unknown): boolean {
  return kind.endsWith("map") && Object.keys((value ?? {}) as object).length === 0;
}

function writeValue(kind: Kind, value: unknown): unknown {
  if (value === undefined) return isStruct(kind) ? writeStruct(kind, {}) : (EMPTY[kind] ?? null);
  if (kind.startsWith("[]")) {
    const name = kind.slice(2) as StructName;
    const list = (value as Fields[]).map((item) => writeStruct(name, item));
    return name === "ExecEnvVar" ? list : list.sort((a, b) => compareStrings(String(a["name"]), String(b["name"])));
  }
  const name = kind.replace("*", "");
  return isStruct(name) ? writeStruct(name, value as Fields) : value;
}

/** `%v` of a struct, as the message about a name that stands twice shows it. */
export function structText(name: StructName, value: Fields): string {
  const parts = STRUCTS[name].map(([key, kind]) => {
    const item = value[key];
    if (isStruct(kind)) return structText(kind, (item ?? {}) as Fields);
    if (kind.startsWith("*")) return item === undefined ? "<nil>" : "0xc000192000";
    if (kind === "bool") return String(item ?? false);
    if (kind === "bytes") return `[${[...atob(String(item ?? ""))].map((char) => char.charCodeAt(0)).join(" ")}]`;
    if (kind === "string") return String(item ?? "");
    return kind.endsWith("map") ? "map[]" : "[]";
  });
  return `{${parts.join(" ")}}`;
}
