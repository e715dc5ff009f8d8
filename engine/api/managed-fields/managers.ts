import type { KindDef } from "../kind.ts";
import { formatTime } from "../time.ts";
import { type FieldPath, FieldSet, pathText } from "./field-set.ts";
import type { Shape } from "./shape.ts";
import { compare, fieldSetOf, mergeObjects, removeItems, withNamedFields } from "./walk.ts";

/** One entry of managedFields: who set which fields, how and when. */
export interface Owner {
  readonly manager: string;
  readonly operation: "Apply" | "Update";
  readonly apiVersion: string;
  readonly subresource: string;
  /** RFC 3339; undefined in entries that a client gave without one. */
  readonly time: string | undefined;
  readonly set: FieldSet;
}

/** Owners by identity: manager, operation, subresource and, for updates, version. */
export type Managed = ReadonlyMap<string, Owner>;

type Identity = Pick<Owner, "manager" | "operation" | "apiVersion" | "subresource">;

export function idOf({ manager, operation, apiVersion, subresource }: Identity): string {
  return `${manager}\n${operation}\n${subresource}\n${operation === "Apply" ? "" : apiVersion}`;
}

/** Most entries of updates that are kept apart (managedfields DefaultMaxUpdateManagers). */
const MAX_UPDATERS = 10;
const ANCIENT = "ancient-changes";

const meta = (name: string): FieldPath => ["f:metadata", `f:${name}`];

/** Nobody owns these (managedfields stripmeta.go). */
const STRIPPED = FieldSet.of(
  ["f:apiVersion"],
  ["f:kind"],
  ["f:metadata"],
  ...[
    "name",
    "namespace",
    "creationTimestamp",
    "selfLink",
    "uid",
    "clusterName",
    "generation",
    "managedFields",
    "resourceVersion",
  ].map(meta),
);

const STATUS = FieldSet.of(["f:status"]);
const SPEC = FieldSet.of(["f:spec"]);

/** Fields that a request through this subresource cannot set (the strategies' GetResetFields). */
export function ignored({ resets, subresources }: KindDef, subresource: string): FieldSet | undefined {
  const own = resets?.[subresource];
  if (own !== undefined) return FieldSet.of(...own);
  if (subresource === "status") return SPEC;
  return subresource === "" && subresources.some(({ name }) => name === "status") ? STATUS : undefined;
}

export interface Update {
  readonly manager: string;
  readonly apiVersion: string;
  readonly subresource: string;
  readonly timeMs: number;
  readonly ignore: FieldSet | undefined;
}

/** What a PUT, POST or PATCH makes of the ownership: who changed a field owns it, alone. */
export function updated(managed: Managed, live: unknown, object: unknown, shape: Shape, update: Update): Managed {
  const { changed, removed } = difference(live, object, shape, update.ignore);
  if (changed.empty && removed.empty) return managed;
  const owners = new Map<string, Owner>();
  for (const [id, owner] of managed) {
    const set = owner.set.difference(changed).difference(removed);
    if (!set.empty) owners.set(id, { ...owner, set });
  }
  const taken = changed.difference(STRIPPED);
  if (!taken.empty) {
    const identity: Identity = { ...update, operation: "Update" };
    const id = idOf(identity);
    const before = owners.get(id);
    owners.delete(id);
    owners.set(id, {
      manager: update.manager,
      operation: "Update",
      apiVersion: update.apiVersion,
      subresource: update.subresource,
      time: formatTime(update.timeMs),
      set: before ? before.set.union(taken) : taken,
    });
  }
  return capped(owners);
}

function difference(
  live: unknown,
  object: unknown,
  shape: Shape,
  ignore: FieldSet | undefined,
): { changed: FieldSet; removed: FieldSet } {
  const { added, modified, removed } = compare(live, object, shape);
  const changed = modified.union(added);
  if (ignore === undefined) return { changed, removed };
  return { changed: changed.recursiveDifference(ignore), removed: removed.recursiveDifference(ignore) };
}

/** The oldest updates are put together once there are too many (capmanagers.go). */
function capped(owners: Map<string, Owner>): Managed {
  const updaters = [...owners.values()].filter(({ operation }) => operation === "Update");
  if (updaters.length <= MAX_UPDATERS) return owners;
  updaters.sort((a, b) => compareText(a.time ?? "", b.time ?? "") || compareText(idOf(a), idOf(b)));
  let count = updaters.length;
  let first: Owner | undefined;
  for (const owner of updaters) {
    if (count <= MAX_UPDATERS) break;
    if (first === undefined) {
      first = owner;
      continue;
    }
    if (owner.apiVersion !== first.apiVersion) continue;
    const bucket: Owner = { ...first, manager: ANCIENT, subresource: "", time: owner.time };
    const merged = owners.get(idOf(bucket))?.set ?? first.set;
    owners.delete(idOf(first));
    owners.delete(idOf(owner));
    owners.set(idOf(bucket), { ...bucket, set: merged.union(owner.set) });
    count--;
  }
  return owners;
}

const compareText = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0);

/** A field of another manager that an apply would change. */
export interface Conflict {
  readonly owner: Owner;
  readonly path: FieldPath;
}

export interface Applied {
  /** The object with the configuration laid over it. */
  readonly object: unknown;
  readonly managed: Managed;
  readonly conflicts: readonly Conflict[];
}

/**
 * Server-side apply (structured-merge-diff merge/update.go Apply): what the configuration says is merged in, what its
 * manager applied before and leaves out now goes, unless somebody else owns it. With conflicts and without `force`
 * nothing else of the answer counts.
 */
export function applied(
  managed: Managed,
  live: unknown,
  config: unknown,
  shape: Shape,
  apply: Update,
  force: boolean,
): Applied {
  const identity: Identity = { ...apply, operation: "Apply" };
  const id = idOf(identity);
  const last = managed.get(id);
  let set = fieldSetOf(config, shape);
  if (apply.ignore) set = set.recursiveDifference(apply.ignore);
  const mine: Owner = {
    manager: apply.manager,
    operation: "Apply",
    apiVersion: apply.apiVersion,
    subresource: apply.subresource,
    time: last?.time,
    set: set.difference(STRIPPED),
  };
  const owners = new Map(managed);
  owners.set(id, { ...mine, set });
  const object = prune(mergeObjects(live, config, shape), owners, last?.set, shape);
  const { changed, removed } = difference(live, object, shape, apply.ignore);
  const conflicts: Conflict[] = [];
  const after = new Map<string, Owner>();
  for (const [other, owner] of owners) {
    if (other === id) continue;
    const clash = owner.set.intersection(changed);
    if (!force) clash.each((path) => conflicts.push({ owner, path }));
    const rest = owner.set.difference(clash).difference(removed);
    if (!rest.empty) after.set(other, rest.empty ? owner : { ...owner, set: rest });
  }
  const moved = !changed.empty || !removed.empty;
  after.set(id, { ...mine, time: moved ? formatTime(apply.timeMs) : last?.time });
  if (mine.set.empty) after.delete(id);
  return { object, managed: after, conflicts };
}

function prune(merged: unknown, owners: Managed, last: FieldSet | undefined, shape: Shape): unknown {
  if (last === undefined || last.empty) return merged;
  const named = (set: FieldSet) => withNamedFields(set, shape);
  const mergedSet = named(fieldSetOf(merged, shape));
  let pruned = removeItems(merged, named(last), shape);
  let claimed = new FieldSet();
  for (const { set } of owners.values()) claimed = claimed.union(set);
  const kept = named(fieldSetOf(pruned, shape)).union(named(claimed));
  pruned = removeItems(merged, mergedSet.difference(kept), shape);
  const prunedSet = named(fieldSetOf(pruned, shape));
  return removeItems(merged, mergedSet.difference(prunedSet).intersection(named(last)), shape);
}

/** `"kubectl-edit" using apps/v1`, as conflicts name a manager. */
function nameOf({ manager, subresource, operation, apiVersion }: Owner): string {
  let name = JSON.stringify(manager);
  if (subresource !== "") name += ` with subresource ${JSON.stringify(subresource)}`;
  return operation === "Update" ? `${name} using ${apiVersion}` : name;
}

/** Causes and message of a refused apply (managedfields conflict.go). */
export function describeConflicts(conflicts: readonly Conflict[]): {
  message: string;
  causes: { reason: string; message: string; field: string }[];
} {
  const causes = conflicts.map(({ owner, path }) => ({
    reason: "FieldManagerConflict",
    message: `conflict with ${nameOf(owner)}`,
    field: pathText(path),
  }));
  if (conflicts.length === 1) {
    const [only] = conflicts;
    return {
      causes,
      message: `Apply failed with 1 conflict: conflict with ${nameOf(only!.owner)}: ${pathText(only!.path)}`,
    };
  }
  const byManager = new Map<string, string[]>();
  for (const { owner, path } of conflicts) {
    const id = identityText(owner);
    const lines = byManager.get(id) ?? [`conflicts with ${nameOf(owner)}:`];
    lines.push(`- ${pathText(path)}`);
    byManager.set(id, lines);
  }
  const lines = [...byManager.keys()].sort().flatMap((id) => byManager.get(id)!);
  return { causes, message: `Apply failed with ${conflicts.length} conflicts: ${lines.join("\n")}` };
}

/** The identity as upstream encodes it: conflicts are sorted by it. */
function identityText({ manager, operation, apiVersion, subresource }: Owner): string {
  return JSON.stringify({
    manager,
    operation,
    ...(operation === "Update" && { apiVersion }),
    ...(subresource !== "" && { subresource }),
  });
}

/** As `metadata.managedFields` has them. */
export function toEntries(managed: Managed): object[] {
  const owners = [...managed.values()].sort(
    (a, b) =>
      compareText(a.operation, b.operation) ||
      compareText(a.time ?? "", b.time ?? "") ||
      compareText(a.manager, b.manager) ||
      compareText(a.apiVersion, b.apiVersion) ||
      compareText(a.subresource, b.subresource),
  );
  return owners.map(({ manager, operation, apiVersion, time, set, subresource }) => ({
    manager,
    operation,
    apiVersion,
    ...(time !== undefined && { time }),
    fieldsType: "FieldsV1",
    fieldsV1: set.toJson(),
    ...(subresource !== "" && { subresource }),
  }));
}

/** Whether two say the same, times aside. */
export function sameOwners(a: Managed, b: Managed): boolean {
  if (a.size !== b.size) return false;
  for (const [id, owner] of a) {
    const other = b.get(id);
    if (other === undefined || other.apiVersion !== owner.apiVersion) return false;
    if (other.set !== owner.set && JSON.stringify(other.set.toJson()) !== JSON.stringify(owner.set.toJson()))
      return false;
  }
  return true;
}

interface Entry {
  manager?: string;
  operation?: string;
  apiVersion?: string;
  time?: string | null;
  fieldsType?: string;
  fieldsV1?: unknown;
  subresource?: string;
}

/** Reads `metadata.managedFields` of a client; undefined when they make no sense. */
export function fromEntries(entries: readonly unknown[]): Managed | undefined {
  const owners = new Map<string, Owner>();
  for (const entry of entries as readonly Entry[]) {
    const { manager = "", operation, apiVersion = "", time, fieldsType, fieldsV1, subresource = "" } = entry ?? {};
    if ((operation !== "Apply" && operation !== "Update") || apiVersion === "" || fieldsType !== "FieldsV1")
      return undefined;
    const set = FieldSet.fromJson(fieldsV1);
    const owner: Owner = { manager, operation, apiVersion, subresource, time: time ?? undefined, set };
    owners.set(idOf(owner), owner);
  }
  return owners;
}
