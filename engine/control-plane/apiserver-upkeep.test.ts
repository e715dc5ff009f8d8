import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { identityOf } from "./apiserver-upkeep.ts";

test.each(["cp-1", "a", "kind-control-plane"])("the identity of %s is half a hash in 26 letters", (hostname) => {
  const identity = identityOf(hostname);
  expect(identity).toMatch(/^apiserver-[a-z2-7]{26}$/);
  const bytes = Buffer.concat(
    [hostname, "kube-apiserver"].map((text) => {
      const length = Buffer.alloc(2);
      length.writeUInt16BE(text.length);
      return Buffer.concat([length, Buffer.from(text)]);
    }),
  );
  const hash = createHash("sha256").update(bytes).digest().subarray(0, 16);
  const bits = [...hash]
    .map((byte) => byte.toString(2).padStart(8, "0"))
    .join("")
    .padEnd(130, "0");
  const letters = (bits.match(/.{5}/g) ?? []).map(
    (five) => "abcdefghijklmnopqrstuvwxyz234567"[Number.parseInt(five, 2)],
  );
  expect(identity).toBe(`apiserver-${letters.join("")}`);
});
