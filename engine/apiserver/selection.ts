import type { KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import { badRequest } from "./errors.ts";
import type { RequestInfo } from "./requestinfo.ts";
import {
  type FieldRequirement,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
} from "./selectors.ts";

/** Which objects of a kind a list, watch or deletecollection is about. */
export class Selection {
  readonly namespace: string;
  readonly name: string;
  readonly labels: readonly Requirement[];
  readonly fields: readonly FieldRequirement[];
  /** No selector narrows it (a namespace may). */
  readonly everything: boolean;
  private readonly def: KindDef;

  constructor(
    def: KindDef,
    namespace: string,
    name = "",
    labels: readonly Requirement[] = [],
    fields: readonly FieldRequirement[] = [],
  ) {
    this.def = def;
    this.namespace = def.resource.namespaced ? namespace : "";
    this.name = name;
    this.labels = labels;
    this.fields = fields;
    this.everything = labels.length === 0 && fields.length === 0;
  }

  inScope(object: KubeObject): boolean {
    if (this.namespace !== "" && object.metadata.namespace !== this.namespace) return false;
    return this.name === "" || object.metadata.name === this.name;
  }

  /** Judges selectors only; `inScope` judges the rest. */
  matches(object: KubeObject): boolean {
    return matchesLabels(this.labels, object.metadata.labels) && matchesFields(this.fields, object, this.def.fields);
  }
}

/** Reads the selection from a request; throws BadRequest for selectors that cannot be parsed or name unknown fields. */
export function selectionOf(def: KindDef, info: RequestInfo): Selection {
  const labels = parseLabelSelector(info.query.get("labelSelector"));
  const fields = parseFieldSelector(info.query.get("fieldSelector"));
  for (const { field } of fields) {
    if (field === "metadata.name" || (field === "metadata.namespace" && def.resource.namespaced)) continue;
    // What the kind knows is what it reports for any object: ask it about an empty one.
    if (!knownFields(def).has(field)) {
      throw badRequest(unsupportedField(def, field));
    }
  }
  return new Selection(def, info.namespace, info.name, labels, fields);
}

/** Unable to find "v1, Resource=pods" that match label selector …: upstream prefixes what the conversion function says. */
function unsupportedField(def: KindDef, field: string): string {
  const { group, version, resource } = def.resource;
  const gv = group === "" ? version : `${group}/${version}`;
  const why =
    def.fields === undefined
      ? `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`
      : `field label not supported: ${field}`;
  return `Unable to find "${gv}, Resource=${resource}" that match label selector "", field selector "${field}=": ${why}`;
}

const fieldNames = new WeakMap<KindDef, ReadonlySet<string>>();

function knownFields(def: KindDef): ReadonlySet<string> {
  let names = fieldNames.get(def);
  if (names === undefined) {
    const empty = { apiVersion: "", kind: "", metadata: { name: "" }, spec: {}, status: {} } as unknown as KubeObject;
    names = new Set(Object.keys(def.fields?.(empty) ?? {}));
    fieldNames.set(def, names);
  }
  return names;
}
