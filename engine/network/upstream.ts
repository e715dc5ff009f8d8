import type { Gen } from "../kernel/index.ts";
import { isPublished, PUBLISHED_ADDRESS } from "../published/index.ts";
import { answer, decodeDns, encodeDns } from "./dns.ts";
import type { Listener } from "./namespace.ts";

/** Seconds that an answer may be kept. */
const TTL = 60;

/**
 * The rack's resolver, which the machines' /etc/resolv.conf names. There is no Internet behind it: no name exists but
 * those of the hosts whose files labs fetch.
 */
export function upstreamResolver(): Listener {
  return {
    protocol: "udp",
    address: "0.0.0.0",
    port: 53,
    program: "unbound",
    *datagram(payload): Gen<Uint8Array | undefined> {
      const asked = decodeDns(payload);
      if (asked === undefined) return undefined;
      const { name = "", type } = asked.questions[0] ?? {};
      if (!isPublished(name)) return encodeDns(answer(asked, "NXDOMAIN"));
      const found = type === "A" ? [{ name, type, ttl: TTL, data: PUBLISHED_ADDRESS }] : [];
      return encodeDns(answer(asked, "NOERROR", found));
    },
  };
}
