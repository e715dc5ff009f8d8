import { approvalOf } from "../api/apiextensions/approval.ts";
import { customKinds, hasCondition } from "../api/apiextensions/custom-kind.ts";
import { CLEANUP } from "../api/apiextensions/customresourcedefinition.ts";
import type { Author } from "../api/managed-fields/index.ts";
import { formatTime } from "../api/time.ts";
import type { KubeObject } from "../api/types.ts";
import { type Gen, SECOND, sleep } from "../kernel/index.ts";
import type { Registry } from "./registry.ts";
import { guaranteedUpdate } from "./store.ts";
import type { CacheEvent } from "./watch.ts";

/** How often the finalizer looks whether all objects are gone, and for how long at most (finalizer/crd_finalizer.go). */
const POLL = 5 * SECOND;
const POLLS = 12;

const GROUP = "apiextensions.k8s.io";
const RESOURCE = "customresourcedefinitions";

interface Condition {
  type: string;
  status: string;
  reason: string;
  message: string;
}

/**
 * Keeps what is served in step with the CustomResourceDefinitions, and does what upstream's controllers inside the API
 * server do: names are accepted or refused, a definition is established, and one that is deleted takes its objects along
 * (apiextensions-apiserver pkg/controller/{status,establish,finalizer}).
 */
export class CustomResources {
  private readonly registry: Registry;

  constructor(registry: Registry) {
    this.registry = registry;
    registry.cacheOf(GROUP, "v1", RESOURCE)?.onEvent((event) => this.changed(event));
  }

  private changed({ type, object, old }: CacheEvent): void {
    const { name } = object.metadata;
    if (type === "DELETED") {
      this.registry.setCustomKinds(name, []);
      this.reviewGroup(object["spec"].group, name);
      return;
    }
    if (object["spec"] !== old?.["spec"] || object["status"] !== old?.["status"]) {
      this.registry.setCustomKinds(name, customKinds(object));
    }
    if (object.metadata.deletionTimestamp) {
      if (!old?.metadata.deletionTimestamp && object.metadata.finalizers?.includes(CLEANUP)) {
        this.spawn(name, this.cleanUp(name));
      }
    } else if (object["spec"].names !== old?.["spec"].names || old === undefined) this.spawn(name, this.accept(name));
  }

  private spawn(name: string, work: Gen): void {
    this.registry.kernel.spawn(`apiserver definition ${name}`, work);
  }

  /** A name that was freed may be what another definition of the group waits for. */
  private reviewGroup(group: string, but: string): void {
    for (const crd of this.definitions()) {
      const { name } = crd.metadata;
      if (crd["spec"].group === group && name !== but && !hasCondition(crd, "NamesAccepted"))
        this.spawn(name, this.accept(name));
    }
  }

  private definitions(): readonly KubeObject[] {
    return this.registry.cacheOf(GROUP, "v1", RESOURCE)?.everything() ?? [];
  }

  private *accept(name: string): Gen {
    yield* this.update(name, (crd) => {
      const { names, conditions } = judgeNames(crd, this.definitions());
      return { ...crd["status"], conditions: this.merged(crd, conditions), acceptedNames: names };
    });
    yield* this.update(name, (crd) => {
      if (!hasCondition(crd, "NamesAccepted") || hasCondition(crd, "Established")) return crd["status"];
      const established = {
        type: "Established",
        status: "True",
        reason: "InitialNamesAccepted",
        message: "the initial names have been accepted",
      };
      return { ...crd["status"], conditions: this.merged(crd, [established]) };
    });
    yield* this.update(name, (crd) => {
      const approval = approvalOf(crd);
      if (approval === undefined) return crd["status"];
      const condition = { type: "KubernetesAPIApprovalPolicyConformant", ...approval };
      return { ...crd["status"], conditions: this.merged(crd, [condition]) };
    });
  }

  /** Writes a status; a definition that went away meanwhile needs none. */
  private *update(name: string, status: (crd: KubeObject) => unknown): Gen {
    const def = this.registry.kind(GROUP, "v1", RESOURCE);
    if (def === undefined || this.registry.cache(def).get("", name) === undefined) return;
    const author: Author = {
      def,
      manager: "kube-apiserver",
      subresource: "status",
      timeMs: this.registry.kernel.wallMs,
    };
    const change = function* (crd: KubeObject): Gen<KubeObject> {
      return { ...crd, status: status(crd) };
    };
    yield* guaranteedUpdate(this.registry, def, "", name, change, false, undefined, author);
  }

  private merged(crd: KubeObject, changed: readonly Condition[]): object[] {
    return mergeConditions(crd["status"]?.conditions ?? [], changed, formatTime(this.registry.kernel.wallMs));
  }

  private *cleanUp(name: string): Gen {
    const condition = (status: string, reason: string, message: string): Condition => ({
      type: "Terminating",
      status,
      reason,
      message,
    });
    const tell = (one: Condition) =>
      this.update(name, (crd) => ({ ...crd["status"], conditions: this.merged(crd, [one]) }));
    yield* tell(condition("True", "InstanceDeletionInProgress", "CustomResource deletion is in progress"));
    const crd = this.registry.cacheOf(GROUP, "v1", RESOURCE)?.get("", name);
    if (crd === undefined) return;
    if (hasCondition(crd, "Established")) {
      const left = yield* this.deleteObjects(crd);
      if (left > 0) {
        yield* tell(
          condition(
            "True",
            "InstanceDeletionCheck",
            "could not confirm zero CustomResources remaining: timed out waiting for the condition",
          ),
        );
        yield* sleep(POLL);
        this.spawn(name, this.cleanUp(name));
        return;
      }
    }
    const def = this.registry.kind(GROUP, "v1", RESOURCE);
    if (def === undefined) return;
    yield* guaranteedUpdate(this.registry, def, "", name, function* (current): Gen<KubeObject | "delete"> {
      const finalizers = (current.metadata.finalizers ?? []).filter((one) => one !== CLEANUP);
      if (finalizers.length === 0) return "delete";
      return { ...current, metadata: { ...current.metadata, finalizers } };
    });
  }

  /** Deletes all objects of a definition; returns how many finalizers still hold after a minute. */
  private *deleteObjects(crd: KubeObject): Gen<number> {
    const [def] = customKinds(crd);
    if (def === undefined) return 0;
    const cache = this.registry.cache(def);
    for (const object of [...cache.everything()]) {
      const { namespace = "", name } = object.metadata;
      const { wallMs } = this.registry.kernel;
      yield* guaranteedUpdate(this.registry, def, namespace, name, function* (current): Gen<KubeObject | "delete"> {
        if (!current.metadata.finalizers?.length) return "delete";
        if (current.metadata.deletionTimestamp) return current;
        return { ...current, metadata: marked(current.metadata, wallMs) };
      });
    }
    for (let poll = 0; poll < POLLS && cache.everything().length > 0; poll++) yield* sleep(POLL);
    return cache.everything().length;
  }
}

function marked(metadata: KubeObject["metadata"], nowMs: number): KubeObject["metadata"] {
  const { labels, annotations, ownerReferences, finalizers, ...head } = metadata;
  return {
    ...head,
    generation: (metadata.generation ?? 0) + 1,
    deletionTimestamp: formatTime(nowMs),
    deletionGracePeriodSeconds: 0,
    ...(labels && { labels }),
    ...(annotations && { annotations }),
    ...(ownerReferences && { ownerReferences }),
    ...(finalizers && { finalizers }),
  };
}

/** A definition as the first DELETE leaves it: held by the finalizer that takes its objects along (registry etcd.go). */
export function markDefinition(crd: KubeObject, nowMs: number): KubeObject {
  const { labels, annotations, ownerReferences, finalizers = [], ...head } = crd.metadata;
  const now = formatTime(nowMs);
  const terminating = {
    type: "Terminating",
    status: "True",
    reason: "InstanceDeletionPending",
    message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
  };
  return {
    ...crd,
    metadata: {
      ...head,
      deletionTimestamp: now,
      ...(labels && { labels }),
      ...(annotations && { annotations }),
      ...(ownerReferences && { ownerReferences }),
      finalizers: finalizers.includes(CLEANUP) ? finalizers : [...finalizers, CLEANUP],
    },
    status: { ...crd["status"], conditions: mergeConditions(crd["status"]?.conditions ?? [], [terminating], now) },
  };
}

function mergeConditions(before: readonly Condition[], changed: readonly Condition[], now: string): object[] {
  const out: object[] = before.map((old) => {
    const one = changed.find(({ type }) => type === old.type);
    if (one === undefined) return old;
    const since = one.status === old.status ? (old as { lastTransitionTime?: string }).lastTransitionTime : now;
    return {
      lastTransitionTime: since ?? now,
      message: one.message,
      reason: one.reason,
      status: one.status,
      type: one.type,
    };
  });
  for (const one of changed) {
    if (before.some(({ type }) => type === one.type)) continue;
    const { type, status, reason, message } = one;
    out.push({ lastTransitionTime: now, message, reason, status, type });
  }
  return out;
}

interface Names {
  plural?: string;
  singular?: string;
  kind?: string;
  listKind?: string;
  shortNames?: readonly string[];
  categories?: readonly string[];
}

/** Which names a definition gets: those that no other of its group has (status/naming_controller.go). */
function judgeNames(crd: KubeObject, all: readonly KubeObject[]): { names: Names; conditions: Condition[] } {
  const resources = new Set<string>();
  const kinds = new Set<string>();
  for (const other of all) {
    if (other["spec"].group !== crd["spec"].group || other.metadata.name === crd.metadata.name) continue;
    const taken: Names = other["status"]?.acceptedNames ?? {};
    for (const name of [taken.plural, taken.singular, ...(taken.shortNames ?? [])]) if (name) resources.add(name);
    for (const name of [taken.kind, taken.listKind]) if (name) kinds.add(name);
  }
  const asked: Names = crd["spec"].names;
  const had: Names = crd["status"]?.acceptedNames ?? {};
  const names: Names = { ...had };
  let refused: { reason: string; message: string } | undefined;
  const claim = (name: "plural" | "singular" | "kind" | "listKind", used: ReadonlySet<string>, reason: string) => {
    const value = asked[name] ?? "";
    if (value !== had[name] && used.has(value))
      refused = { reason, message: `${JSON.stringify(value)} is already in use` };
    else names[name] = value;
  };
  claim("plural", resources, "PluralConflict");
  claim("singular", resources, "SingularConflict");
  const clashes = (asked.shortNames ?? []).filter((name) => !had.shortNames?.includes(name) && resources.has(name));
  if (clashes.length > 0) {
    const each = clashes.map((name) => `${JSON.stringify(name)} is already in use`);
    refused = { reason: "ShortNamesConflict", message: each.length === 1 ? each[0]! : `[${each.join(", ")}]` };
  } else if (asked.shortNames) names.shortNames = asked.shortNames;
  else delete names.shortNames;
  claim("kind", kinds, "KindConflict");
  claim("listKind", kinds, "ListKindConflict");
  if (asked.categories) names.categories = asked.categories;
  else delete names.categories;
  const conditions: Condition[] = [
    refused
      ? { type: "NamesAccepted", status: "False", ...refused }
      : { type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found" },
  ];
  if (!hasCondition(crd, "Established")) {
    conditions.push(
      refused
        ? { type: "Established", status: "False", reason: "NotAccepted", message: "not all names are accepted" }
        : {
            type: "Established",
            status: "False",
            reason: "Installing",
            message: "the initial names have been accepted",
          },
    );
  }
  return { names: inOrder(names), conditions };
}

/** In the order of upstream's type. */
function inOrder({ plural, singular, shortNames, kind, listKind, categories }: Names): Names {
  return {
    ...(categories && { categories }),
    kind: kind ?? "",
    ...(listKind && { listKind }),
    plural: plural ?? "",
    ...(shortNames && { shortNames }),
    ...(singular && { singular }),
  };
}
