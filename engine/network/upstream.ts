import type { Gen } from "../kernel/index.ts";
import { answer, decodeDns, encodeDns } from "./dns.ts";
import type { Listener } from "./namespace.ts";

/** The rack's resolver, which the machines' /etc/resolv.conf names. There is no Internet behind it: no name exists. */
export function upstreamResolver(): Listener {
  return {
    protocol: "udp",
    address: "0.0.0.0",
    port: 53,
    program: "unbound",
    *datagram(payload): Gen<Uint8Array | undefined> {
      const asked = decodeDns(payload);
      return asked && encodeDns(answer(asked, "NXDOMAIN"));
    },
  };
}
