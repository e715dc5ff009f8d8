import { decodeObject } from "../decode.ts";
import type { Draft, KindDef } from "../kind.ts";
import { kindByGvk } from "../kinds.ts";
import { typeOf } from "../schema/types.ts";
import { zeroStruct } from "../schema/zero.ts";
import type { KubeObject } from "../types.ts";
import { ignored, type Managed, toEntries, updated } from "./managers.ts";
import { shapeOfKind } from "./shape.ts";

/**
 * How an object came to be: who wrote it and what it was before. Field ownership is worked out from these only when
 * somebody reads it or applies, so that an ordinary write costs one small record. Objects carry it under a symbol,
 * which neither JSON nor comparisons see, and which goes along when they are spread.
 */
export interface Origin {
  readonly def: KindDef;
  readonly manager: string;
  readonly subresource: string;
  /** Wall clock of the simulation, ms since 1970. */
  readonly timeMs: number;
  readonly previous: KubeObject | undefined;
  /** Body of a create: what admission added to it is nobody's. */
  readonly input: unknown;
  /** Object of an update as its client asked for it, where the server then changes it by itself. */
  readonly claimed: unknown;
  /** Ownership before this write, where the client gave it; else it is the previous object's. */
  readonly base: Managed | undefined;
  /** Writes since ownership was last worked out. */
  readonly depth: number;
  /** Known once somebody asked. */
  managed: Managed | undefined;
}

const ORIGIN: unique symbol = Symbol("origin");

type Tracked = { [ORIGIN]?: Origin };

const NOBODY: Managed = new Map();
/** Longest chain of writes of one manager that is kept apart: beyond it those in the middle count as one. */
const LONGEST = 64;

/** Who makes a write. Apply sets `managed`; a client that sends managedFields sets `base`. */
export interface Author {
  readonly def: KindDef;
  readonly manager: string;
  readonly subresource: string;
  readonly timeMs: number;
  input?: unknown;
  claimed?: unknown;
  base?: Managed | undefined;
  managed?: Managed | undefined;
}

/** Notes on a new, unfrozen object who wrote it. */
export function setOrigin(object: KubeObject, author: Author, previous: KubeObject | undefined): void {
  const { def, manager, subresource, timeMs, input, claimed, base, managed } = author;
  const before = previous && (previous as Tracked)[ORIGIN];
  let kept = previous;
  let depth = 0;
  if (before !== undefined && before.managed === undefined) {
    depth = before.depth + 1;
    const same = before.manager === manager && before.subresource === subresource && before.previous !== undefined;
    if (depth > LONGEST && same && before.base === undefined) {
      kept = before.previous;
      depth = before.depth;
    }
  }
  const origin: Origin = { def, manager, subresource, timeMs, previous: kept, input, claimed, base, depth, managed };
  if (managed !== undefined) (origin as { previous: undefined }).previous = undefined;
  (object as Tracked)[ORIGIN] = origin;
}

/** Notes on a new, unfrozen object that what is new in it since `previous` is nobody's: a binding, a deletion's mark. */
export function keepOrigin(object: KubeObject, previous: KubeObject): void {
  const origin = (object as Tracked)[ORIGIN];
  if (origin === undefined || origin.managed !== undefined || origin.claimed !== undefined) return;
  if (origin.previous === undefined && origin.input !== undefined) return;
  (object as Tracked)[ORIGIN] = { ...origin, claimed: previous };
}

/** A new, unfrozen form of an object is owned as the object is. */
export function shareOrigin<T extends object>(form: T, object: KubeObject): T {
  const origin = (object as Tracked)[ORIGIN];
  if (origin !== undefined) (form as Tracked)[ORIGIN] = origin;
  return form;
}

/** Who owns which fields of a stored object. */
export function managedOf(object: KubeObject): Managed {
  const chain: KubeObject[] = [];
  let managed: Managed = NOBODY;
  for (let at: KubeObject | undefined = object; at !== undefined; ) {
    const origin: Origin | undefined = (at as Tracked)[ORIGIN];
    if (origin === undefined) break;
    if (origin.managed !== undefined) {
      managed = origin.managed;
      break;
    }
    chain.push(at);
    if (origin.base !== undefined) {
      managed = origin.base;
      break;
    }
    at = origin.previous;
  }
  for (let i = chain.length - 1; i >= 0; i--) {
    const at = chain[i]!;
    const origin = (at as Tracked)[ORIGIN]!;
    managed = step(origin.base ?? managed, at, origin);
    origin.managed = managed;
    // The way here need not be kept any longer.
    (origin as { previous: KubeObject | undefined }).previous = undefined;
    (origin as { input: unknown }).input = undefined;
    (origin as { claimed: unknown }).claimed = undefined;
  }
  return managed;
}

function step(managed: Managed, object: KubeObject, origin: Origin): Managed {
  const { def, previous, manager, subresource, timeMs } = origin;
  const stored = def.custom ? def : (kindByGvk(object.apiVersion, object.kind) ?? def);
  const { group, version } = def.resource;
  const update = {
    manager,
    subresource,
    timeMs,
    apiVersion: group === "" ? version : `${group}/${version}`,
    ignore: ignored(def, subresource),
  };
  const shape = shapeOfKind(stored);
  if (previous === undefined) return updated(managed, emptyOf(stored), created(object, origin, stored), shape, update);
  // What was never tracked is not tracked from an update on (skipnonapplied.go).
  if (managed.size === 0 && origin.base === undefined) return managed;
  return updated(managed, previous, origin.claimed ?? object, shape, update);
}

/** What an object is before it is created: Go writes some fields of a struct even then. */
export function emptyOf(def: KindDef): unknown {
  const type = def.custom ? undefined : typeOf(def.schema);
  return type ? zeroStruct(type) : {};
}

/** The object of a create as its client sent it, with defaults. */
function created(object: KubeObject, { def, input, claimed }: Origin, stored: KindDef): unknown {
  if (input === undefined || stored !== def) return claimed ?? object;
  const draft = def.custom ? def.custom.decode(input).object : decodeObject(input, def.resource).object;
  draft.metadata ??= {};
  def.defaults?.(draft);
  def.claims?.(draft, input as Draft);
  return draft;
}

const shown = new WeakMap<KubeObject, KubeObject>();

/** The object as the API shows it to those who read bytes: with `metadata.managedFields`, where they are tracked. */
export function withManagedFields(object: KubeObject): KubeObject {
  if ((object as Tracked)[ORIGIN] === undefined) return object;
  let full = shown.get(object);
  if (full === undefined) {
    const managed = managedOf(object);
    if (managed.size === 0) full = object;
    else full = { ...object, metadata: { ...object.metadata, managedFields: toEntries(managed) as never } };
    shown.set(object, full);
  }
  return full;
}
