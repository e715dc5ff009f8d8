import { encode } from "../kernel/index.ts";
import { dumpStruct } from "./spew.ts";

/** JSON with sorted keys: equal values give equal texts. */
export function canonical(value: unknown): string {
  if (value === null || typeof value !== "object") return JSON.stringify(value) ?? "null";
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  const object = value as Record<string, unknown>;
  const keys = Object.keys(object).filter((key) => object[key] !== undefined && object[key] !== null);
  return `{${keys
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonical(object[key])}`)
    .join(",")}}`;
}

const texts = new WeakMap<object, string>();

/** The canonical text of a Pod template without its pod-template-hash. */
export function templateText(template: object): string {
  let text = texts.get(template);
  if (text === undefined) {
    const { metadata, ...rest } = template as { metadata?: { labels?: Record<string, string> } };
    const { "pod-template-hash": _hash, ...labels } = metadata?.labels ?? {};
    text = canonical({ ...rest, metadata: { ...metadata, labels, creationTimestamp: undefined } });
    texts.set(template, text);
  }
  return text;
}

const ALPHABET = "bcdfghjklmnpqrstvwxz2456789";

/** By the template's JSON: a session's system Pods are those of the one before. */
const hashes = new Map<string, string>();
const MOST_HASHES = 500;

/**
 * pod-template-hash: 32-bit FNV-1a of the dump of the Go struct, in the alphabet of generated names (pkg/controller
 * ComputeHash): `nginx-5869d7778c` is what 1.32 names the first ReplicaSet of a plain nginx, here as there.
 */
export function computeHash(template: object, collisionCount?: number): string {
  // A template as it is stored stays as it is.
  if (!Object.isFrozen(template)) return hashOf(template, collisionCount);
  let known = ofStored.get(template);
  if (known === undefined) ofStored.set(template, (known = new Map()));
  let hash = known.get(collisionCount);
  if (hash === undefined) known.set(collisionCount, (hash = hashOf(template, collisionCount)));
  return hash;
}

const ofStored = new WeakMap<object, Map<number | undefined, string>>();

function hashOf(template: object, collisionCount: number | undefined): string {
  const key = `${collisionCount} ${JSON.stringify(template)}`;
  const known = hashes.get(key);
  if (known !== undefined) return known;
  const bytes = encode(dumpStruct("core.v1.PodTemplateSpec", template));
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  // Eight bytes, of which the count fills the first four, little end first.
  if (collisionCount !== undefined) {
    for (let i = 0; i < 8; i++) hash = Math.imul(hash ^ (i < 4 ? (collisionCount >>> (8 * i)) & 255 : 0), 0x01000193);
  }
  const text = safeEncode(hash >>> 0);
  if (hashes.size >= MOST_HASHES) hashes.clear();
  hashes.set(key, text);
  return text;
}

/** A number's digits in the alphabet of generated names (apimachinery rand.SafeEncodeString). */
export function safeEncode(value: number): string {
  return [...String(value)].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}
