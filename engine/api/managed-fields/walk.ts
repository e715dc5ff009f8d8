import { deepEqual } from "../validation/value.ts";
import { type FieldPath, FieldSet } from "./field-set.ts";
import { elementOf, type ListShape, type MapShape, type Shape, shapeFor } from "./shape.ts";

type Mapping = Record<string, unknown>;

/** What differs between two objects (structured-merge-diff typed/compare.go). */
export interface Comparison {
  readonly added: FieldSet;
  readonly modified: FieldSet;
  readonly removed: FieldSet;
}

export function compare(before: unknown, after: unknown, shape: Shape): Comparison {
  const result: Comparison = { added: new FieldSet(), modified: new FieldSet(), removed: new FieldSet() };
  compareAt(before, after, shape, [], result);
  return result;
}

const isEmpty = (value: unknown) =>
  value === undefined ||
  value === null ||
  (Array.isArray(value) ? value.length === 0 : Object.keys(value as object).length === 0);

function compareAt(before: unknown, after: unknown, shape: Shape, path: FieldPath, result: Comparison): void {
  if (before === after) return;
  const given = shapeFor(after ?? before, shape);
  const old = shapeFor(before ?? after, shape);
  if (old.kind !== given.kind && before !== undefined && after !== undefined && before !== null && after !== null) {
    leaf(before, after, path, result);
    return;
  }
  if (given.kind === "map" && !given.atomic && !(isEmpty(before) && isEmpty(after))) {
    compareMaps(before as Mapping | null | undefined, after as Mapping | null | undefined, given, path, result);
  } else if (given.kind === "list" && given.keys !== undefined && !(isEmpty(before) && isEmpty(after))) {
    compareLists(before as unknown[] | null | undefined, after as unknown[] | null | undefined, given, path, result);
  } else {
    leaf(before, after, path, result);
    return;
  }
  if (before === undefined) result.added.insert(path);
  else if (after === undefined) result.removed.insert(path);
}

function leaf(before: unknown, after: unknown, path: FieldPath, result: Comparison): void {
  if (before === undefined) result.added.insert(path);
  else if (after === undefined) result.removed.insert(path);
  else if (!deepEqual(before, after)) result.modified.insert(path);
}

function compareMaps(
  before: Mapping | null | undefined,
  after: Mapping | null | undefined,
  shape: MapShape,
  path: FieldPath,
  result: Comparison,
): void {
  for (const key in before) {
    const next = after?.[key];
    if (before[key] !== next) compareAt(before[key], next, shape.field(key), [...path, `f:${key}`], result);
  }
  for (const key in after) {
    if (before?.[key] === undefined) compareAt(undefined, after[key], shape.field(key), [...path, `f:${key}`], result);
  }
}

function compareLists(
  before: unknown[] | null | undefined,
  after: unknown[] | null | undefined,
  shape: ListShape,
  path: FieldPath,
  result: Comparison,
): void {
  const old = byElement(before ?? [], shape);
  const now = byElement(after ?? [], shape);
  for (const element of new Set([...old.keys(), ...now.keys()])) {
    const [one, other] = [old.get(element) ?? [], now.get(element) ?? []];
    const at = [...path, element];
    if (one.length <= 1 && other.length <= 1) compareAt(one[0], other[0], shape.item, at, result);
    else if (one.length >= 2 && other.length >= 2) {
      if (!deepEqual(one, other)) result.modified.insert(at);
    } else if (one.length >= 2) {
      if (other.length > 0) compareAt(undefined, other[0], shape.item, at, result);
      result.removed.insert(at);
    } else {
      if (one.length > 0) compareAt(one[0], undefined, shape.item, at, result);
      result.added.insert(at);
    }
  }
}

function byElement(list: readonly unknown[], shape: ListShape): Map<string, unknown[]> {
  const out = new Map<string, unknown[]>();
  for (const item of list) {
    const element = elementOf(item, shape);
    if (element === undefined) continue;
    const same = out.get(element);
    if (same) same.push(item);
    else out.set(element, [item]);
  }
  return out;
}

/** Every field that an object sets (typed/tofieldset.go). */
export function fieldSetOf(value: unknown, shape: Shape): FieldSet {
  const set = new FieldSet();
  collect(value, shape, [], set);
  return set;
}

function collect(value: unknown, wide: Shape, path: FieldPath, set: FieldSet): void {
  const shape = shapeFor(value, wide);
  if (shape.kind === "scalar" || (shape.kind === "map" && shape.atomic) || (shape.kind === "list" && !shape.keys)) {
    set.insert(path);
    return;
  }
  if (value === null || value === undefined) return;
  if (shape.kind === "list") {
    for (const [element, items] of byElement(value as unknown[], shape)) {
      const at = [...path, element];
      if (items.length === 1) collect(items[0], shape.item, at, set);
      set.insert(at);
    }
    return;
  }
  for (const [key, part] of Object.entries(value as Mapping)) {
    if (part === undefined) continue;
    const at = [...path, `f:${key}`];
    collect(part, shape.field(key), at, set);
    const hollow =
      part === null || (typeof part === "object" && !Array.isArray(part) && Object.keys(part).length === 0);
    if (hollow || !shape.named(key)) set.insert(at);
  }
}

/** Paths whose last step is a struct's field are members where anything below them is (fieldpath EnsureNamedFieldsAreMembers). */
export function withNamedFields(set: FieldSet, wide: Shape): FieldSet {
  const out = new FieldSet();
  for (const member of set.members) out.members.add(member);
  for (const [element, child] of set.children) {
    let below: Shape = wide;
    if (element[0] === "f") {
      const name = element.slice(2);
      if (wide.kind === "map") {
        if (wide.named(name)) out.members.add(element);
        below = wide.field(name);
      }
    } else if (wide.kind === "list") below = wide.item;
    out.children.set(element, withNamedFields(child, below));
  }
  return out;
}

/** The object without the items of a set (typed/remove.go). Undefined: nothing is left. */
export function removeItems(value: unknown, set: FieldSet, wide: Shape): unknown {
  const shape = shapeFor(value, wide);
  if (shape.kind === "scalar" || value === null || value === undefined) return value;
  if (shape.kind === "list") {
    const list = value as unknown[];
    if (list.length === 0 || shape.keys === undefined) return undefined;
    const out: unknown[] = [];
    for (const item of list) {
      const element = elementOf(item, shape) ?? "";
      if (set.members.has(element)) continue;
      const below = set.children.get(element);
      out.push(below && !below.empty ? removeItems(item, below, shape.item) : item);
    }
    return out.length > 0 ? out : undefined;
  }
  if (shape.atomic || Object.keys(value as Mapping).length === 0) return undefined;
  const out: Mapping = {};
  for (const [key, part] of Object.entries(value as Mapping)) {
    const element = `f:${key}`;
    if (set.members.has(element)) continue;
    const below = set.children.get(element);
    const kept = below && !below.empty ? removeItems(part, below, shape.field(key)) : part;
    out[key] = kept === undefined ? null : kept;
  }
  return Object.keys(out).length > 0 ? out : undefined;
}

/** A configuration laid over an object (typed/merge.go): what the configuration says wins, granular parts are merged. */
export function mergeObjects(live: unknown, config: unknown, wide: Shape): unknown {
  if (config === undefined) return live;
  if (live === undefined) return config;
  const shape = shapeFor(config ?? live, wide);
  if (shape.kind === "map" && !shape.atomic && !(isEmpty(live) && isEmpty(config))) {
    if (live !== null && (typeof live !== "object" || Array.isArray(live))) return config;
    const out: Mapping = {};
    const [a, b] = [(live ?? {}) as Mapping, (config ?? {}) as Mapping];
    for (const key of Object.keys(a)) out[key] = mergeObjects(a[key], b[key], shape.field(key));
    for (const key of Object.keys(b)) if (a[key] === undefined) out[key] = b[key];
    return out;
  }
  if (shape.kind === "list" && shape.keys !== undefined && !(isEmpty(live) && isEmpty(config))) {
    if (live !== null && !Array.isArray(live)) return config;
    return mergeLists((live ?? []) as unknown[], (config ?? []) as unknown[], shape);
  }
  return config;
}

/** Items of both in an order that keeps the configuration's; what only the object has stays where it stood. */
function mergeLists(live: readonly unknown[], config: readonly unknown[], shape: ListShape): unknown[] {
  const left = live.map((item) => elementOf(item, shape) ?? "");
  const right = config.map((item) => elementOf(item, shape) ?? "");
  const [inLeft, inRight] = [new Set(left), new Set(right)];
  const before = new Map(left.map((element, i) => [element, live[i]]));
  const shared = right.filter((element) => inLeft.has(element));
  const merged = new Set<string>();
  const out: unknown[] = [];
  const take = (r: number) => {
    merged.add(right[r]!);
    out.push(mergeObjects(before.get(right[r]!), config[r], shape.item));
  };
  let next = shared.shift();
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    if (l < left.length && r < right.length) {
      if (left[l] === right[r]) {
        take(r);
        l++;
        r++;
        next = shared.shift();
        continue;
      }
      if (inRight.has(left[l]!) && next !== undefined && next !== left[l]) {
        l++;
        continue;
      }
    }
    if (l < left.length) {
      if (!inRight.has(left[l]!)) {
        out.push(live[l]);
        l++;
        continue;
      }
      if (merged.has(left[l]!)) l++;
    }
    if (r < right.length) {
      const element = right[r]!;
      take(r);
      r++;
      if (next === element) next = shared.shift();
    }
  }
  return out;
}

/** Why a configuration cannot be applied: an unknown field, a wrong type, an item that stands twice; undefined: it can (typed/validate.go). */
export function typeFaults(value: unknown, wide: Shape, path = ""): string[] {
  if (value === null || value === undefined) return [];
  if (wide.kind === "scalar" && wide.type !== undefined) {
    const kind = typeof value === "number" ? "numeric (int or float)" : typeof value;
    if (kind !== wide.type) return [`${path}: expected ${wide.type}, got ${scalarText(value, wide.type)}`];
  }
  if (wide.kind === "list" && !Array.isArray(value)) return [`${path}: expected list, got ${goKind(value)}`];
  if (wide.kind === "map" && wide.declared("\0") === false && (typeof value !== "object" || Array.isArray(value))) {
    return [`${path}: expected map, got ${goKind(value)}`];
  }
  const shape = shapeFor(value, wide);
  if (typeof value !== "object" || shape.kind === "scalar") return [];
  if (shape.kind === "list") return listFaults(value as unknown[], shape, path);
  const faults: string[] = [];
  for (const [key, part] of Object.entries(value as Mapping)) {
    if (!shape.declared(key)) {
      // The first that nobody knows ends the walk through its map (visitMapItems).
      faults.push(`${path}.${key}: field not declared in schema`);
      break;
    }
    faults.push(...typeFaults(part, shape.field(key), `${path}.${key}`));
  }
  return faults;
}

function listFaults(items: readonly unknown[], shape: Shape & { kind: "list" }, path: string): string[] {
  const { keys } = shape;
  if (keys === undefined) return items.flatMap((item, i) => typeFaults(item, shape.item, `${path}[${i}]`));
  const faults: string[] = [];
  const seen = new Set<string>();
  for (const [i, item] of items.entries()) {
    const element = elementOf(item, shape);
    if (element === undefined) {
      const missing = keys.find(
        (key) => (item as Mapping | null)?.[key] === undefined && shape.defaults?.[key] === undefined,
      );
      faults.push(
        `${path}: element ${i}: associative list with keys has an element that omits key field ${JSON.stringify(missing ?? "")} (and doesn't have default value)`,
      );
      continue;
    }
    if (seen.has(element)) faults.push(`${path}: duplicate entries for key [${elementText(element)}]`);
    seen.add(element);
    faults.push(...typeFaults(item, shape.item, `${path}[${elementText(element)}]`));
  }
  return faults;
}

function elementText(element: string): string {
  if (element[0] === "v") return `=${element.slice(2)}`;
  const keys = Object.entries(JSON.parse(element.slice(2)) as Mapping);
  return keys.map(([name, value]) => `${name}=${JSON.stringify(value)}`).join(",");
}

/** `%v` of JSON. */
function goMap(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goMap).join(" ")}]`;
  if (typeof value !== "object" || value === null) return value === null ? "<nil>" : String(value);
  const parts = Object.keys(value).sort();
  return `map[${parts.map((key) => `${key}:${goMap((value as Mapping)[key])}`).join(" ")}]`;
}

/** A value as `%v` prints the pointer to it. */
function goKind(value: unknown): string {
  return `&{${goMap(value)}}`;
}

/** `%#v` of JSON. */
function goLiteral(value: unknown): string {
  if (Array.isArray(value)) return `[]interface {}{${value.map(goLiteral).join(", ")}}`;
  if (typeof value !== "object" || value === null) return value === null ? "interface {}(nil)" : JSON.stringify(value);
  const parts = Object.keys(value).sort();
  const text = parts.map((key) => `${JSON.stringify(key)}:${goLiteral((value as Mapping)[key])}`);
  return `map[string]interface {}{${text.join(", ")}}`;
}

/** Of numbers upstream names the type, of strings the value as Go writes it. */
function scalarText(value: unknown, wanted: string): string {
  if (wanted === "string") return `&value.valueUnstructured{Value:${goLiteral(value)}}`;
  if (wanted === "boolean") return goKind(value);
  if (Array.isArray(value)) return "[]interface {}";
  if (typeof value === "object") return "map[string]interface {}";
  return typeof value === "boolean" ? "bool" : typeof value;
}
