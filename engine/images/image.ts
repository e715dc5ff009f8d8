import { sha256Hex } from "../kernel/index.ts";
import type { DirNode } from "../machine/inode.ts";
import type { Signal } from "../machine/signal.ts";
import type { ImageReference } from "./reference.ts";

/** A container image: what a registry would give and what runs from it. One file an image, listed in index.ts. */
export interface ImageDef {
  /** Repositories it is pulled from, normalised: `docker.io/library/nginx`. */
  readonly names: readonly string[];
  /** Tags that exist; the registry answers `not found` for others. */
  readonly tags: RegExp;
  /** Bytes to download (compressed layers), before the variation from tag to tag. */
  readonly sizeBytes: number;
  /** Exact sizes of tags whose real one is known. */
  readonly sizes?: Readonly<Record<string, number>>;
  /** The file tree, built when a container first needs it and shared by all: never write to it. */
  readonly rootfs: (tag: string) => DirNode;
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  readonly env: (tag: string) => Readonly<Record<string, string>>;
  readonly workingDir?: string;
  /** Name or uid, with `:group` if any; root when empty. */
  readonly user?: string;
  readonly exposedPorts?: readonly string[];
  /** Directories of its Dockerfile's VOLUME: containers get one of their own there, writable whatever the root is. */
  readonly volumes?: readonly string[];
  readonly stopSignal?: Signal;
}

/** An image at a tag, as a node's store has it. */
export interface Image {
  readonly def: ImageDef;
  readonly tag: string;
  /** `docker.io/library/nginx:latest`. */
  readonly reference: string;
  /** `docker.io/library/nginx@sha256:…`. */
  readonly repoDigest: string;
  /** Digest of its configuration: the image ID of crictl. */
  readonly id: string;
  readonly sizeBytes: number;
}

const made = new WeakMap<ImageDef, Map<string, Image>>();

/** What two pulls of one tag give, always the same: digests and size follow from the name. */
export function imageOf(def: ImageDef, reference: ImageReference): Image {
  let known = made.get(def);
  if (known === undefined) made.set(def, (known = new Map()));
  const key = `${reference.full} ${reference.tag}`;
  let image = known.get(key);
  if (image === undefined) {
    if (known.size >= 100) known.clear();
    known.set(key, (image = makeImage(def, reference)));
  }
  return image;
}

function makeImage(def: ImageDef, reference: ImageReference): Image {
  const tag = reference.tag ?? "latest";
  const key = `${reference.name}:${tag}`;
  const digest = manifestDigest(reference.name, tag);
  const size = def.sizes?.[tag] ?? def.sizeBytes + (Number.parseInt(digest.slice(-4), 16) % 4096);
  return {
    def,
    tag,
    reference: reference.tag === undefined ? reference.full : key,
    repoDigest: `${reference.name}@${reference.digest ?? `sha256:${digest}`}`,
    id: `sha256:${sha256Hex(`config ${key}`)}`,
    sizeBytes: size,
  };
}

/** Hexadecimal digits of the manifest's digest. */
export function manifestDigest(name: string, tag: string): string {
  return sha256Hex(`manifest ${name}:${tag}`);
}
