/**
 * From client-side to server-side apply: what `apply --server-side` does about an object that was applied by the
 * client before, so that fields which leave the file leave the object (kubectl pkg/cmd/apply, client-go util/csaupgrade).
 */
import { resourcePath } from "../../api/client.ts";
import { withManagedFields } from "../../api/managed-fields/index.ts";
import { isStatus } from "../../api/status.ts";
import type { KubeObject } from "../../api/types.ts";
import type { Gen } from "../../kernel/index.ts";
import { type ChangeQuery, changeQuery, LAST_APPLIED } from "./changes.ts";
import { isExpected } from "./errors.ts";
import type { Invocation } from "./invocation.ts";
import type { Info } from "./resources.ts";

/** metav1.ManagedFieldsEntry. */
interface Entry {
  manager: string;
  operation: string;
  subresource?: string;
  fieldsV1?: Fields;
}

interface Fields {
  [name: string]: Fields;
}

/** Who keeps the annotation of the last client-side apply from then on. */
const KEEPER = "kubectl-last-applied";
const MOST_TRIES = 5;
const LATER = "This is non-fatal and will be retried next time you apply.";

const entriesOf = (object: KubeObject) =>
  (withManagedFields(object).metadata.managedFields ?? []) as unknown as Entry[];

/** Entries of an operation that own the annotation of the last apply. */
function owners(entries: readonly Entry[], operation: string): Entry[] {
  return entries.filter(
    (entry) =>
      entry.operation === operation &&
      entry.fieldsV1?.["f:metadata"]?.["f:annotations"]?.[`f:${LAST_APPLIED}`] !== undefined,
  );
}

function union(a: Fields, b: Fields): Fields {
  const out: Fields = { ...a };
  for (const [name, fields] of Object.entries(b))
    out[name] = out[name] === undefined ? fields : union(out[name], fields);
  return out;
}

/** The entries with those of one client-side manager handed to the server-side one. */
function upgraded(entries: readonly Entry[], from: string, to: string): readonly Entry[] {
  const old = (entry: Entry) => entry.manager === from && entry.operation === "Update" && !entry.subresource;
  const taken = entries.filter(old);
  if (taken.length === 0) return entries;
  const fields = taken.reduce((all, entry) => union(all, entry.fieldsV1 ?? {}), {} as Fields);
  const own = entries.find((entry) => entry.manager === to && entry.operation === "Apply" && !entry.subresource);
  const next: Entry = own
    ? { ...own, fieldsV1: union(own.fieldsV1 ?? {}, fields) }
    : { ...taken[0]!, manager: to, operation: "Apply", fieldsV1: fields };
  const place = own ?? taken[0];
  return entries.filter((entry) => entry === place || !old(entry)).map((entry) => (entry === place ? next : entry));
}

/** Keeps the annotation, then hands the fields over; whether fields were handed over, and the object has to be applied again. */
export function* migrate(k: Invocation, info: Info, applied: KubeObject, query: ChangeQuery): Gen<boolean> {
  const path = resourcePath(info.mapping, info.namespace, info.name);
  let current = applied;
  const text = current.metadata.annotations?.[LAST_APPLIED];
  const manager = query.fieldManager ?? "kubectl";
  if (text !== undefined && manager === "kubectl" && owners(entriesOf(current), "Apply").length === 0) {
    const { apiVersion, kind } = current;
    const { name, namespace } = current.metadata;
    const metadata = { annotations: { [LAST_APPLIED]: text }, name, ...(namespace && { namespace }) };
    const keeping = changeQuery({ ...query, fieldManager: KEEPER });
    try {
      current = yield* k.patch(path + keeping, { apiVersion, kind, metadata }, "apply");
    } catch (error) {
      if (!isExpected(error)) throw error;
      k.warn(`failed to migrate ${LAST_APPLIED} for Server-Side Apply. ${LATER} Error: ${error.message}`);
      return false;
    }
  }
  for (let attempt = 0; ; attempt++) {
    const entries = entriesOf(current);
    const names = new Set(owners(entries, "Update").map((entry) => entry.manager));
    let next: readonly Entry[] = entries;
    for (const name of names) next = upgraded(next, name, manager);
    if (next === entries) return false;
    const { resourceVersion } = current.metadata;
    const patch = [
      { op: "replace", path: "/metadata/managedFields", value: next },
      { op: "replace", path: "/metadata/resourceVersion", value: resourceVersion },
    ];
    try {
      yield* k.patch(path + changeQuery(query), patch, "json");
      return true;
    } catch (error) {
      if (!isExpected(error)) throw error;
      if (!isStatus(error, "Conflict") || attempt >= MOST_TRIES) {
        k.warn(`server rejected managed fields migration to Server-Side Apply. ${LATER} Error: ${error.message}`);
        return false;
      }
      current = yield* k.object("GET", path);
    }
  }
}
