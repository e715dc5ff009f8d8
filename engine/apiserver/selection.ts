import type { KindDef } from "../api/kind.ts";
import {
  type FieldRequirement,
  matchesFields,
  matchesLabels,
  parseFieldSelector,
  parseLabelSelector,
  type Requirement,
} from "../api/selector.ts";
import type { KubeObject } from "../api/types.ts";
import { badRequest } from "./errors.ts";
import type { RequestInfo } from "./requestinfo.ts";
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
    if (!matchesLabels(this.labels, object.metadata.labels)) return false;
    if (this.fields.length === 0) return true;
    const [only] = this.fields;
    if (this.fields.length === 1 && only!.field === "metadata.name") {
      return (object.metadata.name === only!.value) === (only!.operator === "=");
    }
    return matchesFields(this.fields, fieldsOf(this.def, object));
  }
}

interface Answer {
  def: KindDef;
  object: KubeObject;
  fields: Readonly<Record<string, string>>;
}

/** Every watch asks in turn about the same object and what it was before: the last two answers are kept. */
let last: Answer | undefined;
let lastButOne: Answer | undefined;

function fieldsOf(def: KindDef, object: KubeObject): Readonly<Record<string, string>> {
  if (last !== undefined && object === last.object && def === last.def) return last.fields;
  if (lastButOne !== undefined && object === lastButOne.object && def === lastButOne.def) return lastButOne.fields;
  const { name, namespace = "" } = object.metadata;
  const fields: Record<string, string> = def.fields?.(object) ?? {};
  fields["metadata.name"] = name;
  fields["metadata.namespace"] = namespace;
  lastButOne = last;
  last = { def, object, fields };
  return fields;
}

/** Reads the selection from a request; throws BadRequest for selectors that cannot be parsed or name unknown fields. */
export function selectionOf(def: KindDef, info: RequestInfo): Selection {
  const labels = labelsOf(info.query.get("labelSelector") ?? "");
  const text = info.query.get("fieldSelector") ?? "";
  const fields = text === "" ? NO_FIELDS : parseFieldSelector(text);
  if ("error" in fields) throw badRequest(fields.error);
  // Requests for certificates have no namespace, and a conversion of their own that says so.
  const own = def.resource.group === "certificates.k8s.io";
  for (const { field } of fields) {
    if (field === "metadata.name" || (field === "metadata.namespace" && !own)) continue;
    if (!knownFields(def).has(field)) throw badRequest(unsupported(def, field));
  }
  return new Selection(def, info.namespace, info.name, labels, fields);
}

const NO_FIELDS: readonly FieldRequirement[] = [];
const NO_LABELS: readonly Requirement[] = [];
const parsed = new Map<string, readonly Requirement[]>();

/** Selectors repeat, so the last few hundred are remembered. */
function labelsOf(text: string): readonly Requirement[] {
  if (text === "") return NO_LABELS;
  let labels = parsed.get(text);
  if (labels === undefined) {
    const result = parseLabelSelector(text);
    if ("error" in result) throw badRequest(result.error);
    labels = result;
    if (parsed.size > 500) parsed.clear();
    parsed.set(text, labels);
  }
  return labels;
}

/** The conversion function's words (pkg/apis/core/v1/conversion.go; apimachinery pkg/runtime/conversion.go). */
function unsupported(def: KindDef, field: string): string {
  if (def.fields && def.resource.group === "batch")
    return `field label "${field}" not supported for ${def.resource.kind}`;
  return def.fields || def.custom
    ? `field label not supported: ${field}`
    : `"${field}" is not a known field selector: only "metadata.name", "metadata.namespace"`;
}

const fieldNames = new WeakMap<KindDef, ReadonlySet<string>>();

/** What a kind knows is what it reports for any object: ask it about an empty one. */
function knownFields(def: KindDef): ReadonlySet<string> {
  let names = fieldNames.get(def);
  if (names === undefined) {
    const empty = { apiVersion: "", kind: "", metadata: { name: "" }, spec: {}, status: {} } as unknown as KubeObject;
    names = new Set(Object.keys(def.fields?.(empty) ?? {}));
    fieldNames.set(def, names);
  }
  return names;
}
