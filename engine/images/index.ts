import { alpine } from "./alpine.ts";
import { BASE_IMAGES } from "./bases.ts";
import { busybox, busyboxPlus, frozenBusybox } from "./busybox.ts";
import { CALICO_IMAGES } from "./calico.ts";
import { CILIUM_IMAGES } from "./cilium.ts";
import { curl } from "./curl.ts";
import { debian, ubuntu } from "./debian.ts";
import { NETWORK_TOOL_IMAGES } from "./dnsutils.ts";
import { flannel, flannelCniPlugin } from "./flannel.ts";
import { FABRIC_IMAGES } from "./gateway-fabric/index.ts";
import { type Image, type ImageDef, imageOf, manifestDigest } from "./image.ts";
import { INGRESS_IMAGES } from "./ingress-nginx/index.ts";
import { localPathImage } from "./local-path/index.ts";
import { METALLB_IMAGES } from "./metallb/index.ts";
import { mirrored } from "./mirrors.ts";
import { nginx } from "./nginx/index.ts";
import { NGINX_VARIANTS } from "./nginx/variants.ts";
import { pause } from "./pause.ts";
import { proportionalImage } from "./proportional-autoscaler/index.ts";
import { type ImageReference, parseReference } from "./reference.ts";
import { BITNAMI_IMAGES } from "./servers/bitnami.ts";
import { CATALOG_IMAGES } from "./servers/catalog/index.ts";
import { DATABASE_IMAGES } from "./servers/databases.ts";
import { DEMO_IMAGES } from "./servers/demo.ts";
import { GUESTBOOK_IMAGES } from "./servers/guestbook.ts";
import { hpaExample } from "./servers/hpa-example.ts";
import { httpdImage } from "./servers/httpd.ts";
import { LANGUAGE_IMAGES } from "./servers/languages.ts";
import { exampleRedis, redis } from "./servers/redis.ts";
import { SCRIPTED_IMAGES } from "./servers/scripted.ts";
import { STRESS_IMAGES } from "./servers/stress.ts";
import { zookeeper } from "./servers/zookeeper.ts";
import { SYSTEM_IMAGES } from "./system.ts";

export type { Image, ImageDef } from "./image.ts";
export { type ImageReference, ImageReferenceError, parseReference, pulledAs } from "./reference.ts";

/** Every image that can be pulled. A new one is a file here and a line in this list. */
export const IMAGES: readonly ImageDef[] = [
  nginx,
  busybox,
  frozenBusybox,
  busyboxPlus,
  alpine,
  curl,
  pause,
  flannel,
  flannelCniPlugin,
  debian,
  ubuntu,
  hpaExample,
  httpdImage,
  localPathImage,
  proportionalImage,
  redis,
  exampleRedis,
  zookeeper,
  ...BASE_IMAGES,
  ...BITNAMI_IMAGES,
  ...CALICO_IMAGES,
  ...CATALOG_IMAGES,
  ...CILIUM_IMAGES,
  ...DATABASE_IMAGES,
  ...DEMO_IMAGES,
  ...FABRIC_IMAGES,
  ...GUESTBOOK_IMAGES,
  ...INGRESS_IMAGES,
  ...LANGUAGE_IMAGES,
  ...METALLB_IMAGES,
  ...SCRIPTED_IMAGES,
  ...STRESS_IMAGES,
  ...NETWORK_TOOL_IMAGES,
  ...NGINX_VARIANTS,
  ...SYSTEM_IMAGES,
];

/** Definitions of a repository: some have one for each of its tags. */
const byName = new Map<string, ImageDef[]>();
for (const def of IMAGES) for (const name of def.names) byName.set(name, [...(byName.get(name) ?? []), def]);

export type Resolution =
  | { kind: "image"; image: Image }
  /** The repository exists, the tag or digest does not. */
  | { kind: "no tag"; reference: ImageReference }
  /** No such repository (or a private one: registries do not tell). */
  | { kind: "no repository"; reference: ImageReference };

/** What a registry has under a name such as `nginx` or `registry.k8s.io/pause:3.10`. Throws ImageReferenceError for a bad name. */
export function resolveImage(name: string): Resolution {
  const reference = parseReference(name);
  const all = byName.get(reference.name) ?? byName.get(mirrored(reference.name));
  if (all === undefined) return { kind: "no repository", reference };
  const def = all.find(({ tags }) => tags.test(reference.tag ?? "latest")) ?? all[0]!;
  if (reference.digest !== undefined) {
    const tag = KNOWN_TAGS.find((known) => reference.digest === `sha256:${manifestDigest(reference.name, known)}`);
    if (tag === undefined && reference.tag === undefined) {
      if (!isLikely(reference.digest)) return { kind: "no tag", reference };
      return { kind: "image", image: imageOf(def, reference) };
    }
    return { kind: "image", image: imageOf(def, { ...reference, tag: tag ?? reference.tag }) };
  }
  if (!def.tags.test(reference.tag ?? "latest")) return { kind: "no tag", reference };
  return { kind: "image", image: imageOf(def, reference) };
}

/**
 * Whether a digest could be one that was computed: those that texts give are of images of the real registries, which
 * nobody knows here, and those that were made up to fail repeat themselves.
 */
function isLikely(digest: string): boolean {
  return new Set(digest.slice("sha256:".length)).size >= 12 && !/(.)\1{5}|0123456789|(.{8,16})\2/.test(digest);
}

/** Tags by whose digest an image can be pulled. */
const KNOWN_TAGS = ["latest", "1.27", "1.36", "3.21", "3.10", "v1.32.3", "3.5.16-0", "v1.11.3"];
