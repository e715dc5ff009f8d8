import { customKinds } from "../api/apiextensions/custom-kind.ts";
import { type Change, Informer } from "../api/informer.ts";
import { CUSTOM_RESOURCE_DEFINITIONS } from "../api/resources.ts";
import type { KubeObject, Resource } from "../api/types.ts";
import type { ControllerContext } from "./context.ts";

/** One version of every custom kind that is served, as the definitions say; `namespaced`: of those that live in namespaces. */
export function customResources({ informers }: ControllerContext, namespaced = false): Resource[] {
  const out: Resource[] = [];
  for (const crd of informers.list(CUSTOM_RESOURCE_DEFINITIONS)) {
    const [def] = customKinds(crd);
    if (def && (!namespaced || def.resource.namespaced)) out.push(def.resource);
  }
  return out;
}

/** Watches every custom kind while its definition is there. */
export class CustomInformers {
  private readonly context: ControllerContext;
  private readonly handler: (resource: Resource, change: Change<KubeObject>) => void;
  /** By the definition's name. */
  private readonly watched = new Map<
    string,
    { resource: Resource; versions: readonly Resource[]; informer: Informer }
  >();

  constructor(context: ControllerContext, handler: (resource: Resource, change: Change<KubeObject>) => void) {
    this.context = context;
    this.handler = handler;
    context.informers.handle(CUSTOM_RESOURCE_DEFINITIONS, ({ type, object }) => {
      if (type === "deleted") this.forget(object.metadata.name);
      else this.know(object);
    });
  }

  /** The custom resource of an owner reference. */
  find(apiVersion: string, kind: string): Resource | undefined {
    for (const { versions } of this.watched.values()) {
      const found = versions.find((one) => one.kind === kind && `${one.group}/${one.version}` === apiVersion);
      if (found) return found;
    }
    return undefined;
  }

  has(resource: Resource): boolean {
    return this.find(`${resource.group}/${resource.version}`, resource.kind) !== undefined;
  }

  private know(crd: KubeObject): void {
    const versions = customKinds(crd).map(({ resource }) => resource);
    const [resource] = versions;
    const before = this.watched.get(crd.metadata.name);
    if (before && resource && before.resource.version === resource.version) {
      this.watched.set(crd.metadata.name, { ...before, versions });
      return;
    }
    this.forget(crd.metadata.name);
    if (resource === undefined || this.context.stopped()) return;
    const informer = new Informer(this.context.kernel, this.context.client, resource);
    informer.onChange((change) => {
      if (this.context.stopped()) informer.stop();
      else this.handler(resource, change);
    });
    informer.start();
    this.watched.set(crd.metadata.name, { resource, versions, informer });
  }

  private forget(name: string): void {
    this.watched.get(name)?.informer.stop();
    this.watched.delete(name);
  }
}
