import { holdsGivenEmpty } from "../api/given-empty.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import type { Author } from "../api/managed-fields/index.ts";
import { conflict } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { deepEqual } from "../api/validation/value.ts";
import type { Gen } from "../kernel/index.ts";
import { mutate, validate } from "./admission/admission.ts";
import { authorOf, takeGiven } from "./author.ts";
import { confirmNoEscalation } from "./authorization/escalation.ts";
import type { ResourceContext } from "./context.ts";
import { convertForStorage, convertShown } from "./conversion.ts";
import { conflictBecause, invalid, plainError } from "./errors.ts";
import { deepClone } from "./frozen.ts";
import { inOrder, keepMeta } from "./objectmeta.ts";
import { type Allocation, allocateService, isService, releaseService } from "./services.ts";
import { Ended, guaranteedUpdate, type Updated } from "./store.ts";
import { nowTime } from "./time.ts";
import { validateUpdate } from "./validation.ts";
import { fromStored } from "./views.ts";
import { warningsOf } from "./warnings.ts";

export interface UpdateOptions {
  dryRun: boolean;
  /** "" for the object itself, `status`, or another subresource that changes the object. */
  subresource: string;
  /** Prepares the draft instead of the kind's own functions: for subresources with rules of their own. */
  prepare?(draft: Draft, old: KubeObject): void;
  /** Manager of the fields that change; the request's by default. */
  author?: Author;
}

/**
 * Changes a stored object: `produce` makes the draft from the current object, once per attempt. A draft whose
 * resourceVersion is set must be of the current version (apiserver pkg/registry/generic/registry/store.go Update).
 */
export function* updateObject(
  context: ResourceContext,
  name: string,
  produce: (current: KubeObject) => Gen<Draft>,
  options: UpdateOptions,
): Gen<Updated> {
  const { def, registry, info } = context;
  const converts = def.custom?.conversion !== undefined;
  const { dryRun, author = authorOf(context, options.subresource) } = options;
  const update: Update = { context, name, produce, converts, author, options };
  function* change(stored: KubeObject): Gen<KubeObject | Ended> {
    yield* revert(update);
    return yield* changed(update, stored);
  }
  let done: Updated;
  try {
    done = yield* guaranteedUpdate(registry, def, info.namespace, name, change, dryRun, context.writer, author);
  } catch (error) {
    yield* revert(update);
    throw error;
  }
  if (update.allocation) yield* update.allocation.commit();
  if (done.deleted && isService(def) && !dryRun) yield* releaseService(context, done.object);
  if (converts) yield* convertShown(context, def, [done.object]);
  return done;
}

/** What one update needs at each attempt. */
interface Update {
  context: ResourceContext;
  name: string;
  produce: (current: KubeObject) => Gen<Draft>;
  /** A webhook converts between the versions of this kind. */
  converts: boolean;
  author: Author;
  options: UpdateOptions;
  /** What a Service was given at this attempt. */
  allocation?: Allocation | undefined;
}

function* revert(update: Update): Gen {
  const { allocation } = update;
  update.allocation = undefined;
  if (allocation) yield* allocation.revert();
}

/** What the object is to be, from what it is; the very same where nothing changes. */
function* changed(update: Update, stored: KubeObject): Gen<KubeObject | Ended> {
  const { context, name, produce, converts, author, options } = update;
  const { def, registry, server, info } = context;
  const { group, resource, kind } = def.resource;
  const { subresource, dryRun } = options;
  // Of a kind whose versions a webhook converts, all is judged in the version of the request.
  if (converts) yield* convertShown(context, def, [stored]);
  const current = converts ? fromStored(def, stored) : stored;
  const draft = yield* produce(stored);
  if (draft === stored || draft === current) return stored;
  const { metadata } = draft;
  if (metadata.managedFields !== undefined) takeGiven(author, metadata, current);
  // A patch that changes it is told so by validation.
  if (metadata.uid && metadata.uid !== current.metadata.uid && info.verb !== "patch") {
    throw uidPrecondition(context, name, metadata.uid, current.metadata.uid);
  }
  // "0" asks for no version, as none at all does.
  const wanted = metadata.resourceVersion === "0" ? "" : metadata.resourceVersion;
  if (wanted && !/^\d+$/.test(wanted)) {
    throw plainError(`strconv.ParseUint: parsing ${JSON.stringify(wanted)}: invalid syntax`);
  }
  if (wanted && wanted !== current.metadata.resourceVersion) {
    throw conflict(group, resource, name);
  }
  if (!wanted && !server.unconditionalUpdate(def)) {
    throw invalid(group, resource, name, [
      {
        reason: "FieldValueInvalid",
        message: "Invalid value: 0x0: must be specified for an update",
        field: "metadata.resourceVersion",
      },
    ]);
  }
  const settled = draft.spec !== undefined && draft.spec === storedSpec(context, current);
  if (!settled) {
    // What another attempt kept of the object as it was then is no draft.
    if (def.specApart && Object.isFrozen(draft.spec)) draft.spec = deepClone(draft.spec);
    def.defaults?.(draft);
  }
  if (metadata !== current.metadata) keepMeta(draft, current);
  const attributes = {
    context,
    def,
    operation: "UPDATE" as const,
    namespace: info.namespace,
    name,
    subresource,
    object: draft,
    old: current,
    dryRun,
  };
  const changing = mutate(server.plugins, attributes);
  if (changing) yield* changing;
  // What the strategy changes from here on is nobody's.
  const changes = subresource === "" ? def.claims : subresource === "status" ? def.statusChanged : undefined;
  if (changes !== undefined) author.claimed = deepClone(draft);
  prepare(def, draft, current, options);
  if (subresource === "status") def.statusChanged?.(draft, current, nowTime(registry.kernel));
  if (isService(def) && subresource === "") {
    update.allocation = yield* allocateService(context, draft, current, dryRun);
  }
  // Of a custom resource without `/status` the status is a field like any other.
  const plainStatus = def.custom && !def.subresources.some(({ name }) => name === "status");
  const respecified = specChanged(draft, current) || (plainStatus && !deepEqual(draft["status"], current["status"]));
  const labelled = () => !deepEqual(draft.metadata.labels ?? {}, current.metadata.labels ?? {});
  const emptied = () => def.emptyIsChange && holdsGivenEmpty(draft);
  const raised =
    def.hasGeneration === "labels"
      ? respecified || labelled()
      : def.hasGeneration === true && (respecified || emptied());
  if (raised) {
    draft.metadata.generation = (current.metadata.generation ?? 0) + 1;
  }
  const own = def.updates?.[subresource];
  const warn = (said: string) => void context.warnings.push(said);
  const causes = own ? own.validate(draft, current, warn) : validateUpdate(def, draft, current, warn);
  if (causes.length > 0) throw invalid(group, def.custom ? draft.kind : kind, name, causes);
  const judging = validate(server.plugins, attributes);
  if (judging) yield* judging;
  confirmNoEscalation(context, draft, current);
  if (subresource === "" && (def.custom || !def.hasGeneration || specChanged(draft, current))) {
    context.warnings.push(...warningsOf(def, draft, current));
  }
  const object = inOrder(draft);
  if (finished(object, current)) return new Ended(object);
  return converts ? yield* convertForStorage(context, def, object) : object;
}

/** The store's own words, which name the key (apiserver pkg/storage/errors.go). */
export function uidPrecondition(
  { def, info, registry }: ResourceContext,
  name: string,
  uid: string,
  found = "",
): Error {
  const key = registry.cache(def).key(info.namespace, name);
  const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`;
  const storage = `StorageError: invalid object, Code: 4, Key: ${key}, ResourceVersion: 0, AdditionalErrorMsg: ${why}`;
  return conflictBecause(def.resource.group, def.resource.resource, name, storage);
}

/**
 * The spec that an update through `/status` leaves alone. Where the draft still has this reference, it need not be read,
 * defaulted and judged again; undefined for what may change the spec.
 */
function storedSpec({ def, info }: ResourceContext, current: KubeObject | undefined): unknown {
  return def.specApart && info.subresource === "status" ? current?.["spec"] : undefined;
}

/**
 * Parts of the stored object that a body may bring back by reference, and that nothing on the way writes to: the spec as
 * above, and the metadata of a status or a heartbeat.
 */
export function storedParts(context: ResourceContext, current: KubeObject | undefined): readonly unknown[] {
  if (current === undefined) return [];
  const { def, info } = context;
  if (info.subresource !== "status" && def.etcdPrefix !== "leases") return [];
  const spec = storedSpec(context, current);
  return spec === undefined ? [current.metadata] : [current.metadata, spec];
}

function prepare(def: KindDef, draft: Draft, current: KubeObject, options: UpdateOptions): void {
  const own = def.updates?.[options.subresource];
  if (options.prepare) options.prepare(draft, current);
  else if (own) own.prepare(draft, current);
  else if (options.subresource === "status") {
    if (def.prepareForStatusUpdate) def.prepareForStatusUpdate(draft, current);
    else keepAllBut(draft, current, "status");
  } else if (options.subresource === "approval") keepAllBut(draft, current, "status");
  else def.prepareForUpdate?.(draft, current);
}

/** An update through a subresource changes that field alone; metadata but labels and annotations stay too. */
export function keepAllBut(draft: Draft, current: KubeObject, field: string): void {
  for (const key of Object.keys(draft)) if (key !== field && key !== "metadata" && !(key in current)) delete draft[key];
  for (const key of Object.keys(current)) if (key !== field && key !== "metadata") draft[key] = current[key];
}

/** Anything but metadata and status (most strategies' PrepareForUpdate). */
function specChanged(draft: Draft, current: KubeObject): boolean {
  for (const key in draft) {
    if (key === "metadata" || key === "status" || draft[key] === current[key]) continue;
    if (!deepEqual(draft[key], current[key])) return true;
  }
  for (const key in current) {
    if (key !== "metadata" && key !== "status" && current[key] !== undefined && draft[key] === undefined) return true;
  }
  return false;
}

/** The change took the last finalizer of an object that waits for nothing else (store.go deleteWithoutFinalizers). */
function finished(draft: KubeObject, current: KubeObject): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds, finalizers } = draft.metadata;
  if (!deletionTimestamp || (finalizers?.length ?? 0) > 0) return false;
  if (!current.metadata.finalizers?.length) return false;
  return (deletionGracePeriodSeconds ?? 0) === 0;
}
