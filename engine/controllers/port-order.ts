import { md5 } from "@noble/hashes/legacy.js";
import { encode } from "../kernel/index.ts";
import { dumpStruct } from "./spew.ts";

/** Hexadecimal MD5 of a struct's dump (hashutil.DeepHashObject); its order is that of the bytes. */
function deepHash(message: string, value: object): string {
  let out = "";
  for (const byte of md5(encode(dumpStruct(message, value)))) out += byte.toString(16).padStart(2, "0");
  return out;
}

/**
 * Parts of Endpoints and EndpointSlices in the order upstream gives them, that of their hashes (pkg/api/v1/endpoints/util.go
 * portsByHash and subsetsByHash, k8s.io/endpointslice/util portsInOrder); `message`: as MESSAGES names it.
 */
export function byHash<T extends object>(message: string, list: readonly T[]): T[] {
  if (list.length < 2) return [...list];
  const hashed = list.map((value) => ({ value, hash: deepHash(message, value) }));
  return hashed.sort((a, b) => (a.hash < b.hash ? -1 : a.hash > b.hash ? 1 : 0)).map(({ value }) => value);
}
