import { type Image, ImageReferenceError, parseReference, pulledAs, resolveImage } from "../../images/index.ts";
import { type Gen, sleep } from "../../kernel/index.ts";
import type { Machine } from "../machine.ts";
import { draw, pullTime } from "./durations.ts";
import { CriError } from "./error.ts";

/** An image as CRI lists it. */
export interface StoredImage {
  image: Image;
  tags: string[];
  digests: string[];
  pulledAt: number;
}

/** The images of one node. Survives restarts of containerd, like its content store. */
export class ImageStore {
  private readonly machine: Machine;
  /** By id (`sha256:…`). */
  private readonly byId = new Map<string, StoredImage>();
  private readonly byReference = new Map<string, string>();
  /** Raised at every change, so that node status need not compare lists. */
  version = 0;

  constructor(machine: Machine) {
    this.machine = machine;
  }

  list(): StoredImage[] {
    return [...this.byId.values()];
  }

  /** An image by any of its names: what the user wrote, a digest reference or an id. */
  find(name: string): Image | undefined {
    const direct = this.byId.get(name) ?? this.byId.get(`sha256:${name}`);
    if (direct) return direct.image;
    try {
      const id = this.byReference.get(pulledAs(parseReference(name)));
      return id === undefined ? undefined : this.byId.get(id)?.image;
    } catch (error) {
      if (error instanceof ImageReferenceError) return undefined;
      throw error;
    }
  }

  /** Puts an image there without pulling: what a node's disk had from the beginning. Throws for an unknown one. */
  preload(names: readonly string[]): void {
    for (const name of names) {
      const found = resolveImage(name);
      if (found.kind !== "image") throw new Error(`no image ${name}`);
      this.add(found.image);
    }
  }

  /** Puts an image there that no registry has, or gives one of those there another name. */
  put(image: Image, name: string): void {
    this.add(image);
    const stored = this.byId.get(image.id)!;
    if (!stored.tags.includes(name)) stored.tags.push(name);
    this.byReference.set(name, image.id);
    this.version++;
  }

  /** Takes one name away, and the image with its last; its id stays a name as long as there is another. */
  untag(name: string): void {
    const stored = this.byId.get(this.byReference.get(name) ?? name);
    if (stored === undefined) return;
    this.byReference.delete(name);
    stored.tags = stored.tags.filter((one) => one !== name);
    stored.digests = stored.digests.filter((one) => one !== name);
    this.version++;
    if (stored.tags.length + stored.digests.length === 0) this.remove(stored.image.id);
  }

  remove(name: string): Image | undefined {
    const image = this.find(name);
    if (image === undefined) return undefined;
    const stored = this.byId.get(image.id)!;
    for (const key of [...stored.tags, ...stored.digests]) this.byReference.delete(key);
    this.byId.delete(image.id);
    this.machine.disk.images -= image.sizeBytes;
    this.version++;
    return image;
  }

  /** Downloads and unpacks. Throws CriError in the registry's and containerd's words. */
  *pull(name: string): Gen<Image> {
    const image = yield* this.fetch(name);
    this.add(image);
    return image;
  }

  /** The same for a namespace that is not CRI's: nothing is put into the store. */
  *fetch(name: string): Gen<Image> {
    const random = this.machine.kernel.random(`pull ${this.machine.hostname}`);
    let found: ReturnType<typeof resolveImage>;
    try {
      found = resolveImage(name);
    } catch (error) {
      if (!(error instanceof ImageReferenceError)) throw error;
      throw new CriError("InvalidArgument", `failed to parse image reference "${name}": ${error.message}`);
    }
    if (found.kind === "image") {
      yield* sleep(draw(random, "resolve"));
      if (!this.byId.has(found.image.id)) yield* sleep(pullTime(random, found.image.sizeBytes));
      return found.image;
    }
    yield* sleep(draw(random, "refuse"));
    const { name: repository } = found.reference;
    const full = pulledAs(found.reference);
    const prefix = `failed to pull and unpack image "${full}": failed to resolve reference "${full}": `;
    if (found.kind === "no tag") throw new CriError("NotFound", `${prefix}${full}: not found`);
    const domain = repository.slice(0, repository.indexOf("/"));
    if (domain === "docker.io") {
      throw new CriError(
        "Unknown",
        `${prefix}pull access denied, repository does not exist or may require authorization: ` +
          "server message: insufficient_scope: authorization failed",
      );
    }
    if (KNOWN_REGISTRIES.has(domain)) throw new CriError("NotFound", `${prefix}${full}: not found`);
    const host = domain.split(":")[0]!;
    const path = repository.slice(repository.indexOf("/") + 1);
    throw new CriError(
      "Unknown",
      `${prefix}failed to do request: Head "https://${domain}/v2/${path}/manifests/${found.reference.tag ?? found.reference.digest}": ` +
        `dial tcp: lookup ${host}: no such host`,
    );
  }

  private add(image: Image): void {
    this.version++;
    const stored = this.byId.get(image.id);
    if (stored === undefined) {
      this.machine.disk.images += image.sizeBytes;
      this.byId.set(image.id, {
        image,
        tags: image.reference.includes("@") ? [] : [image.reference],
        digests: [image.repoDigest],
        pulledAt: this.machine.kernel.now,
      });
    }
    this.byReference.set(image.reference, image.id);
    this.byReference.set(image.repoDigest, image.id);
  }
}

const KNOWN_REGISTRIES = new Set([
  "registry.k8s.io",
  "quay.io",
  "ghcr.io",
  "gcr.io",
  "mcr.microsoft.com",
  "public.ecr.aws",
]);
