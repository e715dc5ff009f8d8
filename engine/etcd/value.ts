import { withManagedFields } from "../api/managed-fields/index.ts";
import { decodeProtobuf } from "../api/protobuf/decode.ts";
import { encodeProtobuf } from "../api/protobuf/encode.ts";
import type { KubeObject } from "../api/types.ts";
import { decode, encode } from "../kernel/index.ts";
import { sealedBytes } from "./sealed.ts";

/** What the API server leaves to etcd is not in the value (apiserver pkg/storage/api_object_versioner.go PrepareObjectForStorage). */
function withoutVersion(value: object): object {
  const { metadata } = value as { metadata?: { resourceVersion?: string } };
  return metadata?.resourceVersion === undefined
    ? value
    : { ...value, metadata: { ...metadata, resourceVersion: undefined } };
}

/**
 * The bytes of a stored value, as etcd's clients read them: UTF-8 of a text; of an object what the API server's storage
 * codec writes, protobuf or, where a kind has no message, JSON; encrypted where the server does.
 */
export function valueBytes(kv: { readonly value: unknown; readonly key?: string }): Uint8Array {
  const { value, key = "" } = kv;
  if (value instanceof Uint8Array) return value;
  if (typeof value !== "object" || value === null) return encode(plainText(kv));
  const owned = isObject(value) ? withManagedFields(value) : value;
  const written = withoutVersion(owned) as Record<string, unknown>;
  const bytes = encodeProtobuf(written) ?? encode(`${JSON.stringify(written)}\n`);
  return sealedBytes(value, bytes, key);
}

/** An object of the API, among other values that programs keep. */
const isObject = (value: object): value is KubeObject => "metadata" in value && "kind" in value;

/** A stored value as text that is the same as long as the value is; of an object JSON. */
export function plainText({ value }: { readonly value: unknown }): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return decode(value);
  return JSON.stringify(typeof value === "object" && value !== null ? withoutVersion(value) : value);
}

/** The object in bytes that an API server wrote; undefined where they are none. */
export function objectIn(bytes: Uint8Array): unknown {
  if (bytes[0] === 0x6b) return decodeProtobuf(bytes);
  return JSON.parse(decode(bytes));
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
