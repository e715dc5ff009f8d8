import type { Gen } from "../kernel/index.ts";
import { isPublished, PUBLISHED_ADDRESS } from "../published/index.ts";
import { siteAddresses, siteName } from "../published/sites.ts";
import { answer, type DnsMessage, decodeDns, encodeDns } from "./dns.ts";
import { dnsConversation } from "./dns-stream.ts";
import type { Listener } from "./namespace.ts";

/** Seconds that an answer may be kept. */
const TTL = 60;

/** What the resolver says of itself in class CHAOS (unbound's answer_chaos); it knows nothing else there. */
const SELF: Readonly<Record<string, string>> = {
  "version.bind": "unbound 1.17.1",
  "version.server": "unbound 1.17.1",
  "hostname.bind": "gateway",
  "id.server": "gateway",
};

function ofItself(asked: DnsMessage, name: string): DnsMessage {
  const { type, class: ofClass } = asked.questions[0]!;
  const told = ofClass === "CH" && (type === "TXT" || type === "ANY") ? SELF[name.toLowerCase()] : undefined;
  if (told === undefined) return answer(asked, "SERVFAIL");
  return answer(asked, "NOERROR", [{ name, type: "TXT", class: "CH", ttl: 0, data: told }]);
}

/** What is known of a question: names exist that stand for the outside world, and no others. */
function* reply(payload: Uint8Array): Gen<Uint8Array | undefined> {
  const asked = decodeDns(payload);
  if (asked === undefined) return undefined;
  const { name = "", type = "A", class: ofClass = "IN" } = asked.questions[0] ?? {};
  if (ofClass !== "IN") return encodeDns(ofItself(asked, name));
  const back = siteName(name);
  const addresses = isPublished(name) ? [PUBLISHED_ADDRESS] : siteAddresses(name);
  if (addresses.length === 0 && back === undefined) return encodeDns(answer(asked, "NXDOMAIN"));
  const found = type === "A" ? addresses : type === "PTR" && back !== undefined ? [back] : [];
  const records = found.map((data) => ({ name, type, ttl: TTL, data }));
  return encodeDns(answer(asked, "NOERROR", records));
}

/**
 * The rack's resolver, which the machines' /etc/resolv.conf names, and the public ones. There is no Internet behind it: no
 * name exists but those of the hosts whose files labs fetch, and of a few sites.
 */
export function upstreamResolvers(): Listener[] {
  const common = { address: "0.0.0.0", port: 53, program: "unbound" };
  return [
    { ...common, protocol: "udp", datagram: reply },
    { ...common, protocol: "tcp", accept: (socket) => dnsConversation(socket, reply) },
  ];
}
