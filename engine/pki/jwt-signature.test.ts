import { createPublicKey, verify } from "node:crypto";
import { expect, it } from "vitest";
import { signEs256 } from "./jwt-signature.ts";
import { keyPair, publicKeyPem } from "./x509.ts";

it("signs so that OpenSSL verifies, and the same each time", () => {
  const key = keyPair(new Uint8Array(32).fill(9));
  const publicKey = createPublicKey(publicKeyPem(key.public));
  for (let i = 0; i < 40; i++) {
    const message = new TextEncoder().encode(`header.payload ${i}`);
    const signature = signEs256(message, key.secret);
    expect(verify("sha256", message, { key: publicKey, dsaEncoding: "ieee-p1363" }, signature)).toBe(true);
    expect(signEs256(message, key.secret)).toEqual(signature);
  }
});
