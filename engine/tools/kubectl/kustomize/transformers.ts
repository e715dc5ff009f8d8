/** The transformers that a kustomization's fields stand for: names, namespace, labels, annotations, images, replicas. */
import { KubectlError } from "../errors.ts";
import { compareStrings } from "../go.ts";
import { isMap, visitField } from "./fields.ts";
import type { Image } from "./kustomization.ts";
import { gvkText, idText, isClusterScoped, type Resource, sameId, selects, type Tree } from "./resource.ts";
import { type FieldSpec, IMAGES, NAMESPACE, REPLICAS } from "./specs.ts";

/** Kinds whose names are not the kustomization's to change. */
function keepsName({ gvk }: Resource): boolean {
  return (
    gvk.kind === "CustomResourceDefinition" ||
    gvk.kind === "Namespace" ||
    (gvk.kind === "APIService" && gvk.group === "apiregistration.k8s.io")
  );
}

/** Where names stand; configurations and plug-ins may name other fields. */
const NAME: FieldSpec = { path: "metadata/name" };

export function addPrefix(all: readonly Resource[], prefix: string, specs: readonly FieldSpec[] = [NAME]): void {
  if (prefix !== "")
    affix(
      all,
      specs,
      (resource) => resource.prefixes.push(prefix),
      (text) => prefix + text,
    );
}

export function addSuffix(all: readonly Resource[], suffix: string, specs: readonly FieldSpec[] = [NAME]): void {
  if (suffix !== "")
    affix(
      all,
      specs,
      (resource) => resource.suffixes.push(suffix),
      (text) => text + suffix,
    );
}

function affix(
  all: readonly Resource[],
  specs: readonly FieldSpec[],
  note: (resource: Resource) => void,
  change: (text: string) => string,
): void {
  for (const resource of all) {
    if (keepsName(resource)) continue;
    for (const spec of specs) {
      if (spec.path === NAME.path && selects(spec, resource.gvk)) {
        note(resource);
        resource.remember();
        resource.name = change(resource.name);
      } else if (spec.path !== NAME.path) {
        visitField(resource, spec, "scalar", (value, set) => {
          if (typeof value === "string") set(change(value));
        });
      }
    }
  }
}

export function setNamespace(
  all: readonly Resource[],
  namespace: string,
  more: readonly FieldSpec[] = [],
  unsetOnly = false,
): void {
  if (namespace === "") return;
  for (const resource of all) {
    if (unsetOnly && resource.namespace !== "") continue;
    resource.remember();
    const { object } = resource;
    if (!isClusterScoped(resource.gvk)) object.metadata = { ...object.metadata, namespace };
    if (object.kind === "RoleBinding" || object.kind === "ClusterRoleBinding") {
      for (const subject of (object.subjects ?? []) as Tree[])
        if (subject.name === "default") subject.namespace = namespace;
    }
    for (const spec of [...NAMESPACE, ...more]) {
      if (spec.path === "metadata/name" && object.apiVersion !== "v1") continue;
      visitField(resource, spec, "scalar", (_, set) => set(namespace));
    }
    const same = all.filter((other) => sameId(other.id, resource.id));
    if (same.length !== 1) {
      const texts = same.map((one) => JSON.stringify(one.object));
      throw new KubectlError(`namespace transformation produces ID conflict: [${texts.join(" ")}]`);
    }
  }
}

/** Labels or annotations put into every map that the specs name. */
export function setEntries(
  all: readonly Resource[],
  entries: Record<string, string>,
  specs: readonly FieldSpec[],
): void {
  for (const key of Object.keys(entries).sort(compareStrings)) {
    for (const resource of all) {
      for (const spec of specs) {
        visitField(resource, spec, "map", (value, set) => {
          if (isMap(value)) value[key] = entries[key];
          else if (value === null || value === undefined) set({ [key]: entries[key] });
          else throw new KubectlError("wrong Node Kind for metadata.labels expected: MappingNode was ScalarNode");
        });
      }
    }
  }
}

const REST = /^(:[a-zA-Z0-9_.{}-]*)?(@sha256:[a-zA-Z0-9_.{}-]*)?$/;

function splitImage(image: string): { name: string; tag: string; digest: string } {
  const slash = Math.max(image.indexOf("/"), 0);
  const at = image.indexOf("@", slash);
  const colon = image.indexOf(":", slash);
  const end = at < 0 ? image.length : at;
  const digest = at < 0 ? "" : image.slice(at + 1);
  if (colon < 0 || colon > end) return { name: image.slice(0, end), tag: "", digest };
  return { name: image.slice(0, colon), tag: image.slice(colon + 1, end), digest };
}

function newImage(value: string, wanted: Image): string {
  const from = wanted.name ?? "";
  if (!value.startsWith(from) || !REST.test(value.slice(from.length))) return value;
  let { name, tag, digest } = splitImage(value);
  if (wanted.newName) name = wanted.newName;
  if (wanted.newTag && wanted.digest) [tag, digest] = [wanted.newTag, wanted.digest];
  else if (wanted.newTag) [tag, digest] = [wanted.newTag, ""];
  else if (wanted.digest) [tag, digest] = ["", wanted.digest];
  else if (wanted.tagSuffix) [tag, digest] = [tag + wanted.tagSuffix, ""];
  return name + (tag ? `:${tag}` : "") + (digest ? `@${digest}` : "");
}

/** Images of containers wherever they stand, and of the fields that the specs name. */
export function setImages(
  all: readonly Resource[],
  images: readonly Image[],
  specs: readonly FieldSpec[] = IMAGES,
): void {
  for (const image of images) {
    for (const resource of all) {
      if (resource.gvk.kind === "CustomResourceDefinition") continue;
      inContainers(resource.object, image);
      for (const spec of specs) {
        visitField(resource, spec, undefined, (value, set) => {
          if (typeof value === "string") set(newImage(value, image));
        });
      }
    }
  }
}

function inContainers(value: Tree, image: Image): void {
  if (Array.isArray(value)) for (const item of value) inContainers(item, image);
  else if (isMap(value)) {
    for (const [key, item] of Object.entries(value)) {
      if ((key === "containers" || key === "initContainers") && Array.isArray(item)) {
        for (const one of item)
          if (isMap(one) && typeof one["image"] === "string") one["image"] = newImage(one["image"], image);
      } else inContainers(item, image);
    }
  }
}

export function setReplicas(
  all: readonly Resource[],
  replicas: readonly { name?: string; count?: number }[],
  specs: readonly FieldSpec[] = REPLICAS,
): void {
  for (const { name = "", count = 0 } of replicas) {
    let found = false;
    for (const spec of specs) {
      for (const resource of all) {
        const ids = [...resource.previousIds, resource.id];
        if (!ids.some((id) => id.name === name && selects(spec, id))) continue;
        found = true;
        visitField(resource, spec, "scalar", (_, set) => set(count));
      }
    }
    if (found) continue;
    const kinds = specs.map((spec) => gvkText(spec));
    throw new KubectlError(
      `resource with name ${name} does not match a config with the following GVK [${kinds.join(" ")}]`,
    );
  }
}

/** `may not add resource with an already registered id` for the second of a name. */
export function append(all: Resource[], resource: Resource): void {
  if (all.some((other) => sameId(other.id, resource.id))) {
    throw new KubectlError(`may not add resource with an already registered id: ${idText(resource.id)}`);
  }
  all.push(resource);
}

/** A generated resource: new, or merged into the one of its name. */
export function absorb(all: Resource[], made: Resource): void {
  const matches = all.filter((other) => [...other.previousIds, other.id].some((id) => sameId(id, made.id)));
  const shown = () => {
    const { id } = made;
    const scoped = isClusterScoped(id);
    return `resid.ResId{Gvk:resid.Gvk{Group:"${id.group}", Version:"${id.version}", Kind:"${id.kind}", isClusterScoped:${scoped}}, Name:"${id.name}", Namespace:"${id.namespace}"}`;
  };
  if (matches.length > 1)
    throw new KubectlError(`found multiple objects ${matches.length} that could accept merge of ${idText(made.id)}`);
  const [old] = matches;
  if (old === undefined) {
    if (made.behavior !== "create") {
      throw new KubectlError(`id ${shown()} does not exist; cannot merge or replace`);
    }
    append(all, made);
    return;
  }
  if (made.behavior === "create") {
    throw new KubectlError(`id ${shown()} exists; behavior must be merge or replace`);
  }
  const { object } = made;
  const before = old.object;
  const merge = (a: object | undefined, b: object | undefined) => (a || b ? { ...a, ...b } : undefined);
  const put = (target: Tree, key: string, value: unknown) => {
    if (value !== undefined) target[key] = value;
  };
  put(object.metadata, "labels", merge(before.metadata.labels, object.metadata.labels));
  put(object.metadata, "annotations", merge(before.metadata.annotations, object.metadata.annotations));
  object.metadata.name = before.metadata.name;
  if (before.metadata.namespace) object.metadata.namespace = before.metadata.namespace;
  if (made.behavior === "merge") {
    put(object, "data", merge(before.data, object.data));
    put(object, "binaryData", merge(before.binaryData, object.binaryData));
  }
  made.inherit(old);
  all[all.indexOf(old)] = made;
}
