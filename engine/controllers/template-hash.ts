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

/**
 * pod-template-hash: 32-bit FNV-1a in the alphabet of generated names (pkg/controller ComputeHash, apimachinery
 * rand.SafeEncodeString). Upstream hashes a dump of the Go struct; here it is the canonical JSON, so the form is the
 * same and the value is our own.
 */
export function computeHash(template: object, collisionCount?: number): string {
  let hash = 0x811c9dc5;
  const text = templateText(template) + (collisionCount ? String(collisionCount) : "");
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  return safeEncode(hash >>> 0);
}

/** A number's digits in the alphabet of generated names (apimachinery rand.SafeEncodeString). */
export function safeEncode(value: number): string {
  return [...String(value)].map((digit) => ALPHABET[digit.charCodeAt(0) % ALPHABET.length]).join("");
}
