/** Images by the names that they have in one of containerd's namespaces. */
import type { Image } from "../../images/index.ts";
import type { ContainerRuntime, NamedImage } from "../../machine/runtime/index.ts";

const K8S = "k8s.io";
const MANAGED: ReadonlyMap<string, string> = new Map([["io.cri-containerd.image", "managed"]]);

/** The images of a namespace, by name: in k8s.io each of CRI's by its tags, its digest and its id. */
export function namedImages({ images, metadata }: ContainerRuntime, namespace: string): NamedImage[] {
  const out = new Map<string, NamedImage>();
  if (namespace === K8S) {
    for (const { image, tags, digests, pulledAt } of images.list()) {
      for (const name of [...tags, ...digests, image.id])
        out.set(name, { name, image, labels: new Map(MANAGED), createdAt: pulledAt });
    }
  }
  for (const one of metadata.tenants.get(namespace)?.images.values() ?? []) out.set(one.name, one);
  return [...out.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Gives an image a name in a namespace; of k8s.io CRI knows it too. */
export function nameImage(
  { machine, metadata, images: store }: ContainerRuntime,
  namespace: string,
  name: string,
  image: Image,
  labels: ReadonlyMap<string, string> = new Map(),
  commit?: NamedImage["commit"],
): NamedImage {
  const { images } = metadata.make(namespace);
  if (namespace === K8S && store.find(name) !== image) store.put(image, name);
  const createdAt = images.get(name)?.createdAt ?? machine.kernel.now;
  const made = { name, image, labels: new Map(labels), createdAt, ...(commit && { commit }) };
  images.set(name, made);
  return made;
}

/** Takes a name away. */
export function dropImage({ images, metadata }: ContainerRuntime, namespace: string, name: string): void {
  metadata.tenants.get(namespace)?.images.delete(name);
  if (namespace === K8S) images.untag(name);
}

/** Digest of an image's manifest. */
export const digestOf = ({ repoDigest }: Image): string => repoDigest.slice(repoDigest.indexOf("@") + 1);
