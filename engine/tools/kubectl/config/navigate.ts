/** `kubectl config set` and `unset`: the way a dotted name takes through the configuration (kubectl cmd/config/set.go). */
import { base64Mistake, encode, encodeBase64 } from "../../../kernel/index.ts";
import { KubectlError } from "../errors.ts";
import { quote } from "../go.ts";
import { type Loaded, SECTIONS, type Section, type Stanza } from "./loaded.ts";
import { type Fields, type Kind, STRUCTS, type StructName } from "./schema.ts";

/** Names of fields inside clientcmd, where they are not those of the file. */
const API_NAMES: Readonly<Record<string, string>> = {
  as: "act-as",
  "as-uid": "act-as-uid",
  "as-groups": "act-as-groups",
  "as-user-extra": "act-as-user-extra",
};

/** What `set` is to do; `unset` has no value. */
export interface Change {
  path: string;
  value?: string;
  /** The value is no base64. */
  raw?: boolean;
}

interface Leaf {
  /** Its name in the file. */
  name: string;
  kind: Kind;
}

function fieldsOf(struct: StructName): Map<string, Leaf> {
  return new Map(STRUCTS[struct].map(([name, kind]) => [API_NAMES[name] ?? name, { name, kind }]));
}

const TOP = ["kind", "apiVersion", "preferences", "clusters", "users", "contexts", "current-context", "extensions"];
const isSection = (name: string): name is Section => name in SECTIONS;

/** The configuration with the change made. Throws KubectlError. */
export function changed(config: Loaded, change: Change): Loaded {
  const { path, value } = change;
  const [head, ...rest] = path.split(".") as [string, ...string[]];
  if (!TOP.includes(head)) throw new KubectlError(`unable to parse ${path} after [] at api.Config`);
  if (isSection(head)) return changedSection(config, head, rest, change);
  if (head === "preferences") return { ...config, preferences: changedPreferences(config, rest, change) };
  if (head === "extensions") {
    if (value !== undefined) throw new KubectlError("can't set a map to a value: map[]");
    return { ...config, extensions: [] };
  }
  if (rest.length > 0) throw new KubectlError(`unable to parse one or more field values of ${path}`);
  // Kind and version are never written otherwise than they are.
  return head === "current-context" ? { ...config, currentContext: value ?? "" } : config;
}

function changedPreferences({ preferences }: Loaded, rest: readonly string[], change: Change): Fields {
  const { path, value } = change;
  const [name, ...more] = rest;
  if (name === undefined) {
    if (value === undefined) return {};
    const shown = `{${preferences["colors"] ?? false} map[]}`;
    throw new KubectlError(
      `unable to locate path config.navigationStep{stepValue:"", stepType:reflect.Type(nil)} under ${shown}`,
    );
  }
  if (name !== "colors" && name !== "extensions") {
    throw new KubectlError(`unable to parse ${path} after [{preferences api.Preferences}] at api.Preferences`);
  }
  if (more.length > 0) throw new KubectlError(`unable to parse one or more field values of ${path}`);
  return changedFields(preferences, { name, kind: name === "colors" ? "bool" : "[]NamedExtension" }, change);
}

function changedSection(config: Loaded, section: Section, parts: readonly string[], change: Change): Loaded {
  const { path, value } = change;
  const { stanza } = SECTIONS[section];
  const fields = fieldsOf(stanza);
  if (parts.length === 0) {
    if (value === undefined) return { ...config, [section]: new Map() };
    throw noMap(config[section]);
  }
  // A name may have dots: it ends where a field's name begins.
  const at = parts.findIndex((part, i) => i > 0 && fields.has(part));
  const name = parts.slice(0, at < 0 ? parts.length : at).join(".");
  const [field, ...more] = at < 0 ? [] : parts.slice(at);
  if (field !== undefined && more.length > 0) refuseMore(path, fields.get(field)!.kind);
  const map = new Map(config[section]);
  const known = map.get(name);
  if (field === undefined) {
    if (value !== undefined) throw noMap(config[section]);
    map.delete(name);
    return { ...config, [section]: map };
  }
  if (known === undefined && value === undefined) throw new KubectlError(`current map key \`${name}\` is invalid`);
  const stanzaNow: Stanza = known ?? { origin: "", fields: {} };
  map.set(name, { ...stanzaNow, fields: changedFields(stanzaNow.fields, fields.get(field)!, change) });
  return { ...config, [section]: map };
}

function refuseMore(path: string, kind: Kind): never {
  if (kind === "strings map") throw new KubectlError("string is not of type struct");
  throw new KubectlError(`unable to parse one or more field values of ${path}`);
}

/** Go shows the pointers in the map. */
function noMap(map: ReadonlyMap<string, Stanza>): KubectlError {
  const entries = [...map.keys()].sort().map((name, i) => `${name}:0xc000${(0x64e000 + i * 0x100).toString(16)}`);
  return new KubectlError(`can't set a map to a value: map[${entries.join(" ")}]`);
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

function changedFields(fields: Fields, { name, kind }: Leaf, { value, raw }: Change): Fields {
  const { [name]: _before, ...others } = fields;
  if (value === undefined) return others;
  switch (kind) {
    case "string":
      return { ...fields, [name]: value };
    case "bool":
      if (FALSE.includes(value)) return others;
      if (TRUE.includes(value)) return { ...fields, [name]: true };
      throw new KubectlError(`strconv.ParseBool: parsing ${quote(value)}: invalid syntax`);
    case "bytes": {
      if (raw) return { ...fields, [name]: encodeBase64(encode(value)) };
      const at = base64Mistake(value);
      if (at === undefined) return { ...fields, [name]: value.replace(/[\r\n]/g, "") };
      throw new KubectlError(`error decoding input value: illegal base64 data at input byte ${at}`);
    }
    case "strings":
      throw new KubectlError("unrecognized slice type. string");
    case "strings map":
    case "[]NamedExtension":
      throw new KubectlError("can't set a map to a value: map[]");
  }
  throw new KubectlError("unrecognized type: <nil>");
}
