import { encode } from "../kernel/index.ts";
import { sealedBytes } from "./sealed.ts";

/**
 * The bytes of a stored value: UTF-8 of a text; JSON of an object, without the resource version, which the API server
 * leaves to etcd (apiserver pkg/storage/api_object_versioner.go PrepareObjectForStorage), encrypted where the server does.
 */
export function valueBytes(kv: { readonly value: unknown; readonly key?: string }): Uint8Array {
  const { value, key = "" } = kv;
  if (value instanceof Uint8Array) return value;
  if (typeof value === "string") return encode(value);
  if (value === undefined) return new Uint8Array(0);
  const { metadata } = (value ?? {}) as { metadata?: { resourceVersion?: string } };
  const written =
    metadata?.resourceVersion === undefined
      ? value
      : { ...(value as object), metadata: { ...metadata, resourceVersion: undefined } };
  const bytes = encode(JSON.stringify(written));
  return typeof value === "object" && value !== null ? sealedBytes(value, bytes, key) : bytes;
}

/** Order of bytes: negative, 0 or positive. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** The end of the range of all keys that begin with `prefix` (clientv3.GetPrefixRangeEnd). */
export function prefixEnd(prefix: string): string {
  for (let i = prefix.length - 1; i >= 0; i--) {
    const code = prefix.charCodeAt(i);
    if (code < 0xff) return prefix.slice(0, i) + String.fromCharCode(code + 1);
  }
  return "\0";
}
