import { fromV2, toV2 } from "../api/autoscaling/horizontalpodautoscaler-v1.ts";
import { fromCoreEvent, toCoreEvent } from "../api/events/event.ts";
import type { Draft, KindDef } from "../api/kind.ts";
import type { KubeObject } from "../api/types.ts";
import { convertedForm } from "./conversion.ts";

/** Kinds whose forms are made by arithmetic; those that a webhook makes are asked for before (conversion.ts). */
interface View {
  toStored(draft: KubeObject): KubeObject;
  fromStored(object: KubeObject): KubeObject;
}

/** Kinds that are another form of what is stored. */
const VIEWS: Readonly<Record<string, Readonly<Record<string, View>>>> = {
  events: { "events.k8s.io/v1": { toStored: toCoreEvent, fromStored: fromCoreEvent } },
  horizontalpodautoscalers: { "autoscaling/v1": { toStored: toV2, fromStored: fromV2 } },
};

function viewOf({ resource: { group, version, resource }, custom }: KindDef): View | undefined {
  if (custom === undefined) return VIEWS[resource]?.[`${group}/${version}`];
  return custom.fromStored && (custom as View);
}

/** Whether a kind is but another form of another. */
export function isView(def: KindDef): boolean {
  return viewOf(def) !== undefined;
}

/** The form in which a decoded object is stored. */
export function toStored(def: KindDef, draft: Draft): Draft {
  if (def.custom) return def.custom.toStored(draft);
  return (viewOf(def)?.toStored(draft as KubeObject) as Draft | undefined) ?? draft;
}

const views = new WeakMap<KindDef, WeakMap<KubeObject, KubeObject>>();

/** A stored object in the form that the client asked for. */
export function fromStored(def: KindDef, object: KubeObject): KubeObject {
  const form = viewOf(def);
  if (form === undefined) return object;
  const converted = def.custom?.conversion && convertedForm(def, object);
  if (converted) return converted;
  let known = views.get(def);
  if (known === undefined) views.set(def, (known = new WeakMap()));
  let view = known.get(object);
  if (view === undefined) {
    view = Object.freeze(form.fromStored(object));
    known.set(object, view);
  }
  return view;
}
