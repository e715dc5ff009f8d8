/** Names of images: what is there, and what a registry gives (pkg/imgutil, pkg/idutil/imagewalker). */

import { formatTime } from "../../../api/time.ts";
import { type Image, ImageReferenceError, parseReference, pulledAs } from "../../../images/index.ts";
import { type Gen, sha256Hex } from "../../../kernel/index.ts";
import { isCriError, type NamedImage } from "../../../machine/runtime/index.ts";
import * as sys from "../../../machine/sys.ts";
import { K8S } from "../ctr-context.ts";
import { digestOf, namedImages, nameImage } from "../named-images.ts";
import { binarySize } from "../units.ts";
import { columns, type Nerd, NerdError } from "./context.ts";

/** The full name that a word stands for. Throws NerdError. */
export function readReference(text: string): string {
  try {
    return pulledAs(parseReference(text));
  } catch (error) {
    if (!(error instanceof ImageReferenceError)) throw error;
    throw new NerdError(error.message);
  }
}

/** Images that a word means: by name, or by the beginning of a digest. */
export function imagesFound(c: Nerd, word: string): NamedImage[] {
  let full: string | undefined;
  try {
    full = pulledAs(parseReference(word));
  } catch (error) {
    if (!(error instanceof ImageReferenceError)) throw error;
  }
  return namedImages(c.runtime, c.namespace).filter(
    ({ name, image }) =>
      name === full ||
      name === word ||
      digestOf(image).startsWith(`sha256:${word}`) ||
      digestOf(image).startsWith(word),
  );
}

/** Those that a command shows once each. */
export const imageNamed = (c: Nerd, full: string): NamedImage | undefined =>
  namedImages(c.runtime, c.namespace).find(({ name }) => name === full);

/** docker.io, or the short name that it may be left out of (reference.FamiliarName). */
export const familiar = (name: string): string => name.replace(/^docker\.io\/(library\/)?/, "");

/** Digest of an image's only layer, unpacked: the model has the bytes of none. */
export const layerOf = ({ id }: Image): string => `sha256:${sha256Hex(`layer ${id}`)}`;
/** Digest of the manifest for this platform, which an index points to. */
const manifestOf = ({ id }: Image): string => `sha256:${sha256Hex(`platform manifest ${id}`)}`;

/** Digests of an image's layers, the lowest first. */
export function layersOf({ image, commit }: NamedImage): string[] {
  return commit === undefined ? [layerOf(image)] : [...layersOf(commit.below), commit.layer];
}

const registryHost = (name: string): string => {
  const domain = name.slice(0, name.indexOf("/"));
  return domain === "docker.io" ? "registry-1.docker.io" : domain;
};

/** The image of a reference: from the store, or from its registry as `mode` says. Throws NerdError. */
export function* ensureImage(
  c: Nerd,
  reference: string,
  mode: string,
  progress: "stdout" | "stderr" | "none",
): Gen<NamedImage> {
  if (!["always", "missing", "never"].includes(mode))
    throw new NerdError(`unexpected pull mode: ${JSON.stringify(mode)}`);
  const full = readReference(reference);
  const there = mode === "always" ? undefined : (imageNamed(c, full) ?? imagesFound(c, reference)[0]);
  if (there !== undefined) return there;
  if (mode === "never") throw new NerdError(`image not available: ${JSON.stringify(reference)}`);
  return yield* pullImage(c, full, progress);
}

function* pullImage(c: Nerd, full: string, to: "stdout" | "stderr" | "none"): Gen<NamedImage> {
  const { kernel } = c.machine;
  const before = kernel.now;
  const had = imageNamed(c, full) !== undefined;
  let image: Image;
  try {
    image = c.namespace === K8S ? yield* c.runtime.pullImage(full) : yield* c.runtime.images.fetch(full);
  } catch (error) {
    if (!isCriError(error)) throw error;
    yield* refused(c, full, error.message.replace(/^failed to pull and unpack image "[^"]*": /, ""));
    throw error;
  }
  const text = progress(full, image, (kernel.now - before) / 1e6, had ? 0 : image.sizeBytes);
  if (to === "stdout") yield* c.print(text);
  else if (to === "stderr") yield* sys.printError(c.p, text);
  if (c.namespace === K8S) return imageNamed(c, full)!;
  return nameImage(c.runtime, c.namespace, full, image);
}

/** What nobody has, in the words of containerd's resolver. Throws NerdError. */
function* refused(c: Nerd, full: string, message: string): Gen<never> {
  const host = registryHost(full);
  const why = message
    .replace(/^failed to resolve reference "[^"]*": /, "")
    .replaceAll("https://docker.io/", "https://registry-1.docker.io/");
  const missing = why === `${full}: not found`;
  const time = formatTime(c.machine.kernel.wallMs);
  const line = missing
    ? `msg="trying next host - response was http.StatusNotFound" host=${/:/.test(host) ? `"${host}"` : host}`
    : `msg="trying next host" error=${JSON.stringify(why)} host=${host}`;
  yield* sys.printError(c.p, `time="${time}" level=info ${line}\n`);
  throw new NerdError(`failed to resolve reference "${full}": ${why}`);
}

/** What has become of a pull, as it stands on the screen at the end (pkg/imgutil/jobs). */
function progress(full: string, image: Image, seconds: number, bytes: number): string {
  const bar = `|\x1b[32m${"+".repeat(38)}\x1b[0m| `;
  const parts = [
    [`${full}:`, "resolved"],
    [`index-${digestOf(image)}:`, "done"],
    [`manifest-${manifestOf(image)}:`, "done"],
    [`config-${image.id}:`, "done"],
    [`layer-${layerOf(image)}:`, "done"],
  ];
  const total = binarySize(bytes).slice(0, 6).padStart(7);
  const rate = binarySize(seconds === 0 ? 0 : bytes / seconds);
  return columns(
    [
      ...parts.map(([name = "", state = ""]) => [name, `${state.padEnd(15)}${bar}`]),
      [`elapsed: ${seconds.toFixed(1).padEnd(4)}s`, `total: ${total} (${rate}/s)`],
    ],
    1,
    1,
  );
}

export function* pull(c: Nerd): Gen {
  yield* ensureImage(c, c.args[0]!, "always", c.on("quiet") ? "none" : "stdout");
}
