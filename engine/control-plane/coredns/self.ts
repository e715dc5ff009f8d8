/** Plugins that tell of the server, or of who asks it: chaos, whoami. */
import { answer, type DnsRecord } from "../../network/dns.ts";
import { normal } from "./corefile.ts";
import type { Setup } from "./plugin.ts";

const VERSION = "CoreDNS-1.11.3";
/** GitHub names of the maintainers, as the release has them (plugin/chaos/zowners.go). */
const OWNERS =
  "bradbeam chrisohaver darshanime dilyevsky ekleiner greenpau ihac inigohu isolus jameshartig johnbelamaric miekg mqasimsarfraz nchrisdk nitisht pmoroney rajansandeep rdrozhdzh rtreffer snebel29 stp-ip superq varyumin ykhr53 yongtang zouyee".split(
    " ",
  );

/** plugin/chaos: `version.bind` and its like in class CHAOS. */
export const chaos: Setup = ({ args: [version = VERSION, ...given] }, { p }) => {
  const authors = given.length > 0 ? [...new Set(given)].sort() : OWNERS;
  const told = (name: string): readonly string[] | undefined => {
    if (name === "authors.bind") return authors;
    if (name === "version.bind" || name === "version.server") return [version];
    return name === "hostname.bind" || name === "id.server" ? [p.ns.uts.hostname] : undefined;
  };
  return {
    *serve(query, next) {
      const { name, type, class: ofClass } = query.question;
      const texts = ofClass === "CH" && type === "TXT" ? told(normal(name)) : undefined;
      if (texts === undefined) return yield* next(query);
      const records = texts.map((data): DnsRecord => ({ name, type, class: "CH", ttl: 0, data: data.slice(0, 255) }));
      return answer(query.asked, "NOERROR", records, { recursion: false });
    },
  };
};

/** plugin/whoami: who asked, and from which port. */
export const whoami: Setup = () => ({
  *serve({ asked, question, client, protocol }) {
    const { name } = question;
    const additionals: DnsRecord[] = [
      { name, type: "A", ttl: 0, data: client.address },
      { name: `_${protocol}.${name}`, type: "SRV", ttl: 0, data: `0 0 ${client.port} .` },
    ];
    return { ...answer(asked, "NOERROR", [], { authoritative: true, recursion: false }), additionals };
  },
});
