import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { encode } from "./bytes.ts";
import type { Kernel } from "./kernel.ts";

/** SHA-256 of a text or of bytes, as lower-case hexadecimal digits. */
export function sha256Hex(content: string | Uint8Array): string {
  return bytesToHex(sha256(typeof content === "string" ? encode(content) : content));
}

/** A digest of clock, queue, random streams and all registered state: equal runs have equal digests. */
export function digest(kernel: Kernel): string {
  const hash = sha256.create();
  for (const part of kernel.digestParts()) {
    hash.update(encode(part));
    hash.update(encode("\n"));
  }
  return bytesToHex(hash.digest());
}
