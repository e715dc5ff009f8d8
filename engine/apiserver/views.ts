import { fromCoreEvent, toCoreEvent } from "../api/events/event.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";

/** Kinds that are another form of what is stored: only Events have two. */
function isView(def: KindDef): boolean {
  return def.resource.group === "events.k8s.io";
}

/** The form in which a decoded object is stored. */
export function toStored(def: KindDef, draft: Draft): Draft {
  return isView(def) ? toCoreEvent(draft) : draft;
}

const views = new WeakMap<KubeObject, KubeObject>();

/** A stored object in the form that the client asked for. */
export function fromStored(def: KindDef, object: KubeObject): KubeObject {
  if (!isView(def)) return object;
  let view = views.get(object);
  if (view === undefined) {
    view = Object.freeze(fromCoreEvent(object));
    views.set(object, view);
  }
  return view;
}
