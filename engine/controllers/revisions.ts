import { matchesSelector } from "../api/label-selector.ts";
import { CONTROLLER_REVISIONS } from "../api/resources.ts";
import { isStatus } from "../api/status.ts";
import type { KubeObject } from "../api/types.ts";
import { encode, type Gen } from "../kernel/index.ts";
import type { ControllerContext } from "./context.ts";
import { controllerOf } from "./informers.ts";
import { controllerRef } from "./pods.ts";
import { safeEncode } from "./template-hash.ts";

/** JSON as Go's encoding/json writes a map: keys sorted, `<`, `>` and `&` escaped. */
export function goJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (value !== null && typeof value === "object") {
    const object = value as Record<string, unknown>;
    const keys = Object.keys(object)
      .filter((key) => object[key] !== undefined)
      .sort();
    return `{${keys.map((key) => `${goJson(key)}:${goJson(object[key])}`).join(",")}}`;
  }
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** 32-bit FNV-1 (Go's fnv.New32). */
function fnv1(text: string): number {
  let hash = 0x811c9dc5;
  for (const byte of encode(text)) hash = Math.imul(hash, 0x01000193) ^ byte;
  return hash >>> 0;
}

/**
 * What a revision keeps of a workload: its template, replaced as a whole when rolled back to. Keys are in the order of
 * Go's maps: kubectl compares the bytes (controller/daemon/update.go getPatch).
 */
export function revisionData(template: object): object {
  return inKeyOrder({ spec: { template: { ...template, $patch: "replace" } } }) as object;
}

function inKeyOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inKeyOrder);
  if (value === null || typeof value !== "object") return value;
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object).filter((key) => object[key] !== undefined);
  return Object.fromEntries(keys.sort().map((key) => [key, inKeyOrder(object[key])]));
}

/** The hash in a revision's name (pkg/controller/history HashControllerRevision). */
export function revisionHash(data: object, collisionCount: number): string {
  return safeEncode(fnv1(goJson(data) + String(collisionCount)));
}

/** How a kind of workload marks its revisions. */
export interface RevisionMarks {
  /** Label of a revision that carries its hash. */
  label: string;
  hash(set: KubeObject, data: object, collisions: number): string;
}

/** pkg/controller/history NewControllerRevision. */
export const STATEFUL_SET_MARKS: RevisionMarks = {
  label: "controller.kubernetes.io/hash",
  hash: (_set, data, collisions) => revisionHash(data, collisions),
};

/**
 * The ControllerRevisions of StatefulSets or DaemonSets. They are listed once a set and then followed by what this
 * controller writes, so that sets without one cost nothing.
 */
export class Revisions {
  private readonly context: ControllerContext;
  private readonly marks: RevisionMarks;
  private readonly known = new Map<string, KubeObject[]>();

  constructor(context: ControllerContext, marks: RevisionMarks) {
    this.context = context;
    this.marks = marks;
  }

  forget(uid: string): void {
    this.known.delete(uid);
  }

  /** Oldest first. Those that match and that nobody controls become the set's: it was made again (history.AdoptControllerRevision). */
  *of(set: KubeObject): Gen<KubeObject[]> {
    const { client } = this.context;
    const { namespace, uid, deletionTimestamp } = set.metadata;
    const known = this.known.get(uid);
    if (known) return known;
    const { items } = yield* client.list(CONTROLLER_REVISIONS, { ...(namespace && { namespace }) });
    const mine: KubeObject[] = [];
    for (const revision of items) {
      const { metadata } = revision;
      const owner = controllerOf(revision);
      if (owner?.uid === uid) mine.push(revision);
      if (owner || deletionTimestamp || metadata.deletionTimestamp) continue;
      if (!matchesSelector(set.spec.selector, metadata.labels)) continue;
      const patch = { metadata: { uid: metadata.uid, ownerReferences: [controllerRef(set)] } };
      mine.push(yield* client.patch(CONTROLLER_REVISIONS, namespace, metadata.name, patch, "strategic"));
    }
    mine.sort((a, b) => a["revision"] - b["revision"]);
    this.known.set(uid, mine);
    return mine;
  }

  /** The revision of the set's present template: the one there is, made the newest again, or a new one. */
  *current(set: KubeObject): Gen<KubeObject> {
    const { client } = this.context;
    const all = yield* this.of(set);
    const data = revisionData(set.spec.template);
    const text = goJson(data);
    const newest = all.at(-1);
    const next = (newest?.["revision"] ?? 0) + 1;
    const equal = all.findLast((revision) => goJson(revision["data"]) === text);
    if (equal !== undefined && equal === newest) return equal;
    if (equal !== undefined) {
      const raised = yield* client.update(CONTROLLER_REVISIONS, { ...equal, revision: next });
      this.known.set(set.metadata.uid, [...all.filter((revision) => revision !== equal), raised]);
      return raised;
    }
    for (let collisions = set.status?.collisionCount ?? 0; ; collisions++) {
      const hash = this.marks.hash(set, data, collisions);
      const { name, namespace, annotations } = set.metadata;
      try {
        const made = yield* client.create(CONTROLLER_REVISIONS, {
          apiVersion: "apps/v1",
          kind: "ControllerRevision",
          metadata: {
            name: `${name}-${hash}`,
            namespace,
            labels: { ...set.spec.template.metadata?.labels, [this.marks.label]: hash },
            ...(annotations && { annotations }),
            ownerReferences: [controllerRef(set)],
          },
          data,
          revision: next,
        });
        this.known.set(set.metadata.uid, [...all, made]);
        return made;
      } catch (error) {
        if (!isStatus(error, "AlreadyExists")) throw error;
      }
    }
  }

  /** Revisions that nobody uses go beyond `limit`, oldest first; `used`: by name. */
  *truncate(set: KubeObject, used: ReadonlySet<string>, limit: number): Gen {
    const all = yield* this.of(set);
    const idle = all.filter((revision) => !used.has(revision.metadata.name));
    const gone = idle.slice(0, Math.max(0, idle.length - limit));
    if (gone.length === 0) return;
    this.known.set(
      set.metadata.uid,
      all.filter((revision) => !gone.includes(revision)),
    );
    for (const { metadata } of gone)
      try {
        yield* this.context.client.delete(CONTROLLER_REVISIONS, metadata.namespace, metadata.name);
      } catch (error) {
        if (!isStatus(error, "NotFound")) throw error;
      }
  }
}
